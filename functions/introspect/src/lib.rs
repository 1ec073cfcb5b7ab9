//! POST /introspect (RFC 7662): whether a token is good, and what it says. A tool sees the tokens that are meant
//! for it, a client its own; about any other token the answer is the same as about junk.

mod access_token;
mod refresh_token;

use admission::Visit;
use details::DetailTypes;
use environment::{Clock, Fault};
use http::audit::{Event, Outcome};
use http::{Problem, Request, Response, StatusCode, answer, form};
use keys::{Deployment, Keys};
use oauth::Introspection;
use oauth::configuration::Client;
use serde_json::json;
use store::{Derived, Store};

/// What the endpoint needs.
pub struct Services {
    store: Store,
    keys: Keys,
    clock: Clock,
    types: Derived<DetailTypes>,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: Keys, clock: Clock) -> Self {
        Self { store, keys, clock, types: Derived::default() }
    }

    async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open().await?;
        Ok(Self::new(store, keys, clock))
    }

    /// The types in force.
    fn types(&self, visit: &Visit<'_>) -> DetailTypes {
        let configuration = &visit.configuration;
        self.types.of(configuration.version, || DetailTypes::new(configuration.detail_types.clone()))
    }
}

/// Runs the function under the Lambda runtime.
pub fn serve() {
    http::serve(
        "introspect",
        async || Services::of_deployment().await,
        async |services: &Services, request| handle(services, request).await,
    );
}

/// Answers an introspection request.
pub async fn handle(services: &Services, request: Request) -> Response {
    admission::answer(&services.store, &services.clock, &request, async |visit| {
        let parameters = form(&request)?;
        let authenticated = visit.authenticate(&parameters, "/introspect", Event::Introspection).await?;
        // RFC 7662, section 4: who does not authenticate could try tokens at will.
        let asker = authenticated.confidential()?;
        let token = parameters.required("token")?;
        parameters.optional("token_type_hint")?;
        let found = look(services, visit, asker, token).await?;
        Ok(match found {
            Some(found) => answer::json(StatusCode::OK, &found),
            None => answer::json(StatusCode::OK, &json!({ "active": false })),
        })
    })
    .await
}

/// Looks at a token. What it is shows by its shape, whatever the hint says (RFC 7662, section 2.1).
async fn look(
    services: &Services,
    visit: &Visit<'_>,
    asker: &Client,
    token: &str,
) -> Result<Option<Introspection>, Problem> {
    let found = match token.matches('.').count() {
        2 => access_token::look(services, visit, asker, token).await?,
        _ => refresh_token::look(services, visit, asker, token).await?,
    };
    if let Some(found) = &found {
        visit.record(Event::Introspection, Outcome::Granted).client(&asker.id).token(&found.claims).record();
    }
    Ok(found)
}
