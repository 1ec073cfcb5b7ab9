use serde::Serialize;

use crate::{AuthorizationDetails, ClientId, ResourceUri, Scope, Sha256Digest};

/// What is asked, in the one canonical form that is hashed once and carried through consent, token and audit
/// (RFC 8785). A change of any member is a different request.
#[derive(Serialize)]
pub struct Asked<'a> {
    /// Who asks.
    pub client: &'a ClientId,
    /// On whose behalf the client acts towards us, outermost first; empty for itself.
    pub actors: &'a [ClientId],
    /// For which tools.
    pub resource: &'a [ResourceUri],
    /// By scope.
    pub scope: &'a Scope,
    /// In detail.
    pub details: &'a AuthorizationDetails,
    /// What the agent says about it.
    pub message: Option<&'a str>,
}

impl Asked<'_> {
    /// The SHA-256 of the canonical form.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&crate::canonical(self))
    }
}

impl crate::AuthorizationRequest {
    /// What this request asks.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            client: &self.client_id,
            actors: &[],
            resource: &self.resources,
            scope: &self.scope,
            details: &self.details,
            message: self.purpose.as_deref(),
        }
    }

    /// Under which digest a consent to this request is remembered: all but the agent's words, which may differ
    /// each time.
    pub fn remembered_as(&self) -> Sha256Digest {
        Asked { message: None, ..self.asked() }.digest()
    }
}
