use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A JWS in its compact form (RFC 7515, section 7.1), taken apart.
pub(crate) struct Jws<'a> {
    pub(crate) header: Header,
    payload: Vec<u8>,
    signing_input: &'a [u8],
    signature: Vec<u8>,
}

/// What of a header is looked at.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) typ: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

impl<'a> Jws<'a> {
    /// `None` for anything else, and where something critical is not understood (section 4.1.11).
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (signing_input, signature) = text.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = oauth::strictly(&decode(header)?).ok()?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let is_understood = header.crit.is_none();
        is_understood.then_some(Self { header, payload, signing_input: signing_input.as_bytes(), signature })
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        oauth::strictly(&self.payload).ok()
    }

    /// Whether one of these keys has signed it.
    pub(crate) fn is_signed_under(&self, anchor: &crate::Anchor) -> bool {
        let alg = self.header.alg.as_str();
        anchor.keys().iter().any(|key| key.has_signed(alg, self.signing_input, &self.signature))
    }
}
