use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth::{Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::jws::Jws;
use crate::{Anchor, Tree, Why};

/// The `typ` of its JWS: a token is no checkpoint, whoever signed it (RFC 8725, section 3.11).
const TYP: &str = "countersign-checkpoint+jws";

/// What the server says of all chains at a moment: whatever stood in them then cannot be changed, removed or reordered any more
/// without showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The server.
    pub issuer: String,
    /// The how many-th it is; the first is 1.
    pub number: u64,
    /// The digest of the one before.
    pub previous: Option<Sha256Digest>,
    /// The root of the tree over all heads.
    pub root: Sha256Digest,
    /// How many heads there are.
    pub size: u64,
    /// When.
    pub at: Timestamp,
}

/// A checkpoint with the server's signature: a JWS in its compact form (RFC 7515), signed with ES256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignedCheckpoint {
    text: String,
    says: Checkpoint,
}

impl Checkpoint {
    /// The next one of a server, over this tree.
    pub fn next(issuer: &str, before: Option<&SignedCheckpoint>, tree: &Tree, at: Timestamp) -> Self {
        Self {
            issuer: issuer.to_owned(),
            number: before.map_or(0, |before| before.says.number) + 1,
            previous: before.map(SignedCheckpoint::digest),
            root: tree.root(),
            size: tree.size(),
            at,
        }
    }

    /// Whether it is over this tree.
    pub fn is_over(&self, tree: &Tree) -> bool {
        (self.root, self.size) == (tree.root(), tree.size())
    }

    /// What the key of this name has to sign with ES256 (RFC 7515, section 5.1).
    pub fn signing_input(&self, key_id: &str) -> String {
        let header = json!({ "alg": "ES256", "kid": key_id, "typ": TYP });
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        format!("{}.{}", part(oauth::canonical(&header)), part(oauth::canonical(self)))
    }
}

impl SignedCheckpoint {
    /// What was signed, with its signature (RFC 7518, section 3.4); `None` where that is not of a checkpoint.
    pub fn of(signing_input: &str, signature: &[u8]) -> Option<Self> {
        Self::read(&format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Reads one. Who signed it is not asked here.
    pub fn read(text: &str) -> Option<Self> {
        let jws = Jws::read(text)?;
        let is_one = jws.header.alg == "ES256" && jws.header.typ.as_deref() == Some(TYP);
        let says: Checkpoint = jws.claims().filter(|_| is_one)?;
        let is_canonical = oauth::canonical(&says) == jws.payload();
        is_canonical.then(|| Self { text: text.to_owned(), says })
    }

    /// What it says.
    pub const fn says(&self) -> &Checkpoint {
        &self.says
    }

    /// The JWS.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its digest, which the next one holds.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.text.as_bytes())
    }

    /// Whether one of these keys has signed it.
    ///
    /// # Errors
    /// [`Why::CheckpointSignature`].
    pub fn is_signed_under(&self, anchor: &Anchor) -> Result<(), Why> {
        let is_signed = Jws::read(&self.text).is_some_and(|jws| jws.is_signed_under(anchor));
        is_signed.then_some(()).ok_or(Why::CheckpointSignature)
    }
}

impl From<SignedCheckpoint> for String {
    fn from(checkpoint: SignedCheckpoint) -> Self {
        checkpoint.text
    }
}

impl TryFrom<String> for SignedCheckpoint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("not a checkpoint")
    }
}
