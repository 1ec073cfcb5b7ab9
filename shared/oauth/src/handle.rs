use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{GrantId, HandleRejection, Refusal, Secret};

/// Something given out that stands for an authorization: `id.secret`. The id finds the item with one read,
/// the secret is compared by its SHA-256. It serves as authorization code and, behind
/// `urn:ietf:params:oauth:request_uri:`, as `request_uri`.
#[derive(Clone)]
pub struct Handle {
    /// Which authorization.
    pub id: GrantId,
    /// What proves that the bearer was given it.
    pub secret: Secret<[u8; 32]>,
}

const SECRET_LENGTH: usize = 43;

impl Handle {
    /// Puts a fresh secret beside an id.
    pub const fn new(id: GrantId, secret: [u8; 32]) -> Self {
        Self { id, secret: Secret::new(secret) }
    }

    /// Reads what a client sent. `None` for anything that we cannot have given out.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        if secret.len() != SECRET_LENGTH {
            return None;
        }
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self::new(GrantId::parse(id)?, secret))
    }

    /// The text that is given out, once.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.id, URL_SAFE_NO_PAD.encode(self.secret.expose()))
    }
}

/// What every `request_uri` of ours begins with (RFC 9126, section 2.2).
const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

impl Handle {
    /// The handle as a `request_uri`.
    pub fn to_request_uri(&self) -> String {
        format!("{REQUEST_URI_PREFIX}{}", self.reveal())
    }

    /// Reads a `request_uri`. We fetch none from elsewhere.
    ///
    /// # Errors
    /// [`Refusal::ForeignRequestUri`] for another server's, [`Refusal::RequestUriInvalid`] for one that we cannot
    /// have given out.
    pub fn from_request_uri(text: &str) -> Result<Self, Refusal> {
        let rest = text.strip_prefix(REQUEST_URI_PREFIX).ok_or(Refusal::ForeignRequestUri)?;
        Self::parse(rest).ok_or(Refusal::RequestUriInvalid { why: HandleRejection::Unknown })
    }
}
