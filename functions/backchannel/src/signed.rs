use std::borrow::Cow;

use admission::Visit;
use clients::{SignedRequest, signed_request};
use http::Problem;
use oauth::configuration::{Authentication, Client};
use oauth::{Parameters, Refusal};

use crate::Services;

/// What may stand beside a signed request: what authenticates the client (OpenID CIBA Core 1.0, section 7.1.1).
const BESIDE: [&str; 5] =
    ["request", "client_id", "client_secret", "client_assertion", "client_assertion_type"];

/// The parameters of a request: those of the form, or those of the JWT that the client signs. It is spent by one conditional write.
///
/// # Errors
/// [`Refusal::SignedRequestExpected`], [`Refusal::RequestObjectNotSupported`] of a client that is not registered to sign,
/// [`Refusal::ParametersBesideRequest`], [`Refusal::RequestObjectInvalid`]; a fault of the table.
pub(crate) async fn asked<'p>(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    parameters: &'p Parameters,
) -> Result<Cow<'p, Parameters>, Problem> {
    let algorithm = client.backchannel.as_ref().and_then(|own| own.request_signing_alg.as_deref());
    let (algorithm, token) = match (algorithm, parameters.optional("request")?) {
        (None, None) => return Ok(Cow::Borrowed(parameters)),
        (None, Some(_)) => return Err(Refusal::RequestObjectNotSupported.into()),
        (Some(_), None) => return Err(Refusal::SignedRequestExpected.into()),
        (Some(algorithm), Some(token)) => (algorithm, token),
    };
    if parameters.iter().any(|(name, _)| !BESIDE.contains(&name)) {
        return Err(Refusal::ParametersBesideRequest.into());
    }
    let Authentication::PrivateKeyJwt { jwks } = &client.authentication else {
        return Err(Refusal::RequestObjectNotSupported.into());
    };
    let keys = (algorithm, jwks);
    let SignedRequest { parameters, once } =
        signed_request(token, &client.id, keys, &admission::is_signed, visit.site.issuer(), visit.now)?;
    if !services.store.spend_assertion(&once.digest, once.expires_at, visit.now).await? {
        return Err(Refusal::RequestObjectInvalid { why: "it was sent before" }.into());
    }
    Ok(Cow::Owned(parameters))
}
