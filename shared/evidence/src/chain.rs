use oauth::{ApprovalId, PersonId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// What a hash is of: two that are of different things are never the same.
pub(crate) fn tagged(tag: &str, parts: &[&[u8]]) -> Sha256Digest {
    let name = format!("countersign-evidence/1 {tag}\0");
    Sha256Digest::of(&[&[name.as_bytes()], parts].concat().concat())
}

/// What one approval leaves in the chain of its person. It holds digests alone: whoever sees the chain does not see what was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who approved.
    pub person: PersonId,
    /// The how many-th of their approvals it is; the first is 1.
    pub number: u64,
    /// Which approval.
    pub approval: ApprovalId,
    /// When.
    pub approved_at: Timestamp,
    /// The digest of what was displayed, which the passkey signed.
    pub displayed: Sha256Digest,
    /// The digest of the rest: the passkey's answer, its enrolment, and what was granted.
    pub rest: Sha256Digest,
}

impl Entry {
    /// Its own digest.
    pub fn digest(&self) -> Sha256Digest {
        tagged("entry", &[&oauth::canonical(self)])
    }
}

/// The end of a person's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Whose.
    pub person: PersonId,
    /// How many approvals it has.
    pub number: u64,
    /// The hash over all of them.
    pub hash: Sha256Digest,
}

impl Head {
    /// The chain of a person who has not approved anything.
    pub fn start(person: PersonId) -> Self {
        let hash = tagged("start", &[person.as_str().as_bytes()]);
        Self { person, number: 0, hash }
    }

    /// The chain with one approval more.
    #[must_use]
    pub fn after(&self, entry: &Entry) -> Self {
        self.after_digest(&entry.digest())
    }

    /// The same of an entry of which only the digest is known.
    #[must_use]
    pub(crate) fn after_digest(&self, entry: &Sha256Digest) -> Self {
        let hash = tagged("link", &[self.hash.as_bytes(), entry.as_bytes()]);
        Self { person: self.person.clone(), number: self.number + 1, hash }
    }
}
