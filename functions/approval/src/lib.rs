//! GET, POST /approval (OpenID CIBA Core 1.0, section 8): a person reads on their own device what an agent elsewhere asks them,
//! and decides: for each scope and each detail, by one write.

mod answered;
mod decision;
mod found;
mod shown;
mod signature;

use http::audit::Event;
use http::request::{Allowed, require_method};
use http::{Method, Request, Response, require_same_origin};
use reception::receive;

/// What the endpoint needs.
pub type Services = reception::Services;

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "approval",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a person who looks at what waits for them, or who has decided.
pub async fn handle(services: &Services, request: Request) -> Response {
    receive(services, &request, Event::Approval, async |guest| {
        require_method(guest.request, Allowed::GetOrPost)?;
        if *guest.request.method() != Method::POST {
            return shown::show(guest).await;
        }
        require_same_origin(guest.request, &guest.site)?;
        decision::submit(guest).await
    })
    .await
}
