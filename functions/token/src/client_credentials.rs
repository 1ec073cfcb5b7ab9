use admission::Visit;
use clients::AuthenticatedClient;
use http::Problem;
use oauth::configuration::GrantType;
use oauth::{Narrower, Parameters, TokenResponse};

use crate::Services;
use crate::content::Content;
use crate::issued::{Behalf, access_token};

/// Issues a token to a client that works alone (OAuth 2.1, section 4.2): one signature, and no table access
/// when warm. There is no refresh token (section 4.2.3).
pub(crate) async fn issue(
    services: &Services,
    visit: &Visit<'_>,
    authenticated: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<TokenResponse, Problem> {
    let client = authenticated.client();
    crate::require_grant(client, GrantType::ClientCredentials)?;
    authenticated.confidential()?;
    let asked = Narrower::parse(parameters)?;
    let registered = services.registered(visit, client);
    let content = Content::standing(&asked, &registered)?;
    let token = access_token(services, visit, client, &content, &Behalf::Client).await?;
    Ok(token.respond(visit, content, None, None))
}
