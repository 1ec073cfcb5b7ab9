//! The agent that works alone at night: client credentials (OAuth 2.1, section 4.2), no person.

use openidconnect::core::CoreClient;
use openidconnect::{OAuth2TokenResponse, Scope};

use crate::Trouble;
use crate::claims::{self, Acting};
use crate::discovery::Provider;
use crate::errand::{self, SCOPE, TOOL, details};
use crate::local_server::LocalServer;
use crate::person::told;
use crate::story::Story;
use crate::transport::Transport;

/// The whole walk.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn run(
    story: &mut Story,
    server: &LocalServer,
    provider: Provider,
    transport: &Transport,
) -> Result<(), Trouble> {
    let agent = CoreClient::from_provider_metadata(
        provider,
        server.client_id.clone(),
        Some(server.client_secret.clone()),
    );
    let refused = |why: String| Trouble::Refused { endpoint: "The token endpoint", why };

    story.step("The agent asks in its own name (OAuth 2.1, section 4.2)");
    story.fact("scope", SCOPE);
    story.fact("resource", TOOL);
    story.fact("authorization_details", details());
    let tokens = agent
        .exchange_client_credentials()
        .map_err(|error| refused(error.to_string()))?
        .add_scope(Scope::new(SCOPE.to_owned()))
        .add_extra_param("resource", TOOL)
        .add_extra_param("authorization_details", details().to_string())
        .request_async(transport)
        .await
        .map_err(|error| refused(told(&error)))?;
    story.tell(format_args!(
        "\nWhat the access token says:\n\n{}",
        claims::shown(tokens.access_token().secret(), Acting::Alone)?
    ));
    errand::use_token(story, &server.issuer, transport, tokens.access_token()).await
}
