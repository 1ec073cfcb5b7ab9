use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::url::Url;
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};

use crate::Trouble;
use crate::story::Story;
use crate::transport::Transport;

/// What the server says about itself, with the members that the agent needs and OpenID Discovery does not have.
pub(crate) type Provider = ProviderMetadata<
    Members,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Members of other specifications.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Members {
    /// Where to push requests (RFC 9126, section 5).
    pub(crate) pushed_authorization_request_endpoint: Option<Url>,
    /// Where to ask people who are elsewhere (OpenID CIBA Core 1.0, section 4).
    #[serde(default)]
    pub(crate) backchannel_authentication_endpoint: Option<Url>,
    /// Whether authorization responses carry `iss` (RFC 9207, section 3).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    /// The types of `authorization_details` (RFC 9396, section 10).
    #[serde(default)]
    pub(crate) authorization_details_types_supported: Vec<String>,
}

impl AdditionalProviderMetadata for Members {}

/// OpenID Discovery: reads the metadata, checks that it is the issuer's own, and reads its keys.
///
/// # Errors
/// When nobody answers, or the document is not usable.
pub(crate) async fn discover(
    story: &mut Story,
    issuer: &str,
    transport: &Transport,
) -> Result<Provider, Trouble> {
    story.step("Discovery (OpenID Connect Discovery 1.0, section 4)");
    let url = IssuerUrl::new(issuer.to_owned())
        .map_err(|error| Trouble::Issuer { issuer: issuer.to_owned(), why: error.to_string() })?;
    let provider = Provider::discover_async(url, transport).await.map_err(|error| match error {
        DiscoveryError::Request(no_answer) => {
            Trouble::NoServer { issuer: issuer.to_owned(), why: no_answer.to_string() }
        }
        other => Trouble::Document { document: "metadata", why: other.to_string() },
    })?;
    story.fact("issuer", issuer);
    story.fact("authorization endpoint", provider.authorization_endpoint().url());
    story.fact(
        "types of details",
        provider.additional_metadata().authorization_details_types_supported.join(", "),
    );
    Ok(provider)
}
