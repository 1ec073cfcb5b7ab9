//! Signing in, by password or passkey, and out, and changing the password. A wrong password, an unknown name and a person who may not
//! sign in get the same answer for the same work.

mod by_passkey;
mod change_password;
mod sign_in;
mod sign_out;

use http::audit::Event;
use http::request::{Allowed, arrival, require_method};
use http::{Method, Request, Response, require_same_origin};
use reception::receive;

/// What the endpoint needs.
pub type Services = reception::Services;

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "sign-in",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a person at one of these pages.
pub async fn handle(services: &Services, request: Request) -> Response {
    receive(services, &request, Event::SignIn, async |guest| {
        let path = arrival(guest.request).path.as_str();
        require_method(guest.request, if path == "/sign-out" { Allowed::Post } else { Allowed::GetOrPost })?;
        let is_post = *guest.request.method() == Method::POST;
        if is_post {
            require_same_origin(guest.request, &guest.site)?;
        }
        match (path, is_post) {
            ("/sign-in", true) => sign_in::submit(guest).await,
            ("/sign-in/password", true) => change_password::submit(guest).await,
            ("/sign-in/password", false) => change_password::show(guest).await,
            ("/sign-out", true) => sign_out::submit(guest).await,
            _ => sign_in::show(guest),
        }
    })
    .await
}
