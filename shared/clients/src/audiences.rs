use oauth::configuration::Server;

use crate::claims::Audience;

/// Whom an assertion may be meant for: this server by its issuer, its token endpoint, or the endpoint that
/// was called (RFC 7523, section 3; RFC 9126, section 2).
#[derive(Clone, Debug)]
pub struct AcceptedAudiences {
    issuer: String,
    endpoints: Vec<String>,
}

impl AcceptedAudiences {
    /// The names of a server at one of its endpoints, such as `/par`.
    pub fn at(server: &Server, endpoint: &str) -> Self {
        Self {
            issuer: server.issuer.clone(),
            endpoints: vec![server.endpoint("/token"), server.endpoint(endpoint)],
        }
    }

    /// Whether an assertion is meant for this server and for nobody else. An assertion that others may take
    /// too could have been sent to them first, and passed on to us by one of them; so every member of an array
    /// must be ours.
    ///
    /// An assertion that says what it is by its `typ` follows the update of RFC 7523
    /// (draft-ietf-oauth-rfc7523bis): there the issuer alone is right, because a hostile server can claim our
    /// endpoints as its own, and not our issuer.
    pub(crate) fn accept(&self, audience: &Audience, is_explicitly_typed: bool) -> bool {
        match audience {
            Audience::One(one) if is_explicitly_typed => *one == self.issuer,
            Audience::Several(_) if is_explicitly_typed => false,
            Audience::One(one) => self.is_ours(one),
            Audience::Several(several) => !several.is_empty() && several.iter().all(|one| self.is_ours(one)),
        }
    }

    /// Simple string comparison (RFC 3986, section 6.2.1).
    fn is_ours(&self, audience: &str) -> bool {
        audience == self.issuer || self.endpoints.iter().any(|endpoint| endpoint == audience)
    }
}
