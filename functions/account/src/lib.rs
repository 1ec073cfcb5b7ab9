//! `/account` and what lies below it: what a person looks after by themselves. Every form is sealed for the session that it was
//! shown to, and comes from our own page.

mod agents;
mod devices;
mod enrolment;
mod front;
mod invitations;
mod just_now;
mod links;
mod passkeys;
mod user_code;

use std::time::Duration;

use deliver::People;
use environment::Fault;
use http::audit::Event;
use http::request::{Allowed, arrival, require_method};
use http::{Method, Request, Response, require_same_origin};
use reception::receive;

/// Over how long is counted how often one person does something, or has it done.
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// What the endpoint needs.
pub struct Services {
    pages: reception::Services,
    people: People,
}

impl Services {
    /// Puts the parts together.
    pub const fn new(pages: reception::Services, people: People) -> Self {
        Self { pages, people }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let people = People::enrolling_from_environment(&aws::from_environment()?)?;
        Ok(Self::new(reception::Services::of_deployment().await?, people))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "account",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers a person at one of these pages, or an app of theirs.
pub async fn handle(services: &Services, request: Request) -> Response {
    if enrolment::is_meant(&request) {
        return enrolment::answer(services, &request).await;
    }
    receive(&services.pages, &request, Event::Account, async |guest| {
        require_method(guest.request, allowed_at(&arrival(guest.request).path))?;
        let is_post = *guest.request.method() == Method::POST;
        if is_post {
            require_same_origin(guest.request, &guest.site)?;
        }
        match (arrival(guest.request).path.as_str(), is_post) {
            ("/account/agents", false) => agents::show(guest).await,
            ("/account/agents/access", false) => agents::show_access(guest).await,
            ("/account/agents/approvals", false) => agents::show_signed(guest).await,
            ("/account/agents/approvals/file", false) => agents::give_out_evidence(guest).await,
            ("/account/agents/end", true) => agents::submit_end(guest).await,
            ("/account/agents/end", false) => agents::show_end(guest).await,
            ("/account/devices", true) => devices::submit(services, guest).await,
            ("/account/devices", false) => devices::show(services, guest).await,
            ("/account/devices/confirm", true) => devices::submit_link(services, guest).await,
            ("/account/devices/confirm", false) => devices::show_link(services, guest).await,
            ("/account/invitations", true) => invitations::submit(guest).await,
            ("/account/invitations", false) => invitations::show(guest).await,
            ("/account/passkeys", true) => passkeys::submit(services, guest).await,
            ("/account/passkeys", false) => passkeys::show(guest).await,
            ("/account/passkeys/enrol", true) => passkeys::submit_link(services, guest).await,
            ("/account/passkeys/enrol", false) => passkeys::show_link(guest).await,
            ("/account/user-code", true) => user_code::submit(services, guest).await,
            ("/account/user-code", false) => user_code::show(guest).await,
            (_, true) => front::submit(guest).await,
            (_, false) => front::show(guest).await,
        }
    })
    .await
}

/// What can be done at a page: some are only looked at.
fn allowed_at(path: &str) -> Allowed {
    match path {
        "/account/agents"
        | "/account/agents/access"
        | "/account/agents/approvals"
        | "/account/agents/approvals/file" => Allowed::Get,
        _ => Allowed::GetOrPost,
    }
}

#[cfg(test)]
mod tests;
