use oauth::Sha256Digest;
use serde::{Deserialize, Serialize};

use crate::{Anchor, Evidence, Head, Path, SignedCheckpoint, Token, Tree, Verdict, Why};

/// The longest file, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// What a file says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "countersign-evidence/1")]
    One,
}

/// The evidence of one approval, for whoever wants to check it somewhere else: one file of canonical JSON (RFC 8785).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceFile {
    format: Format,
    #[serde(flatten)]
    evidence: Evidence,
    /// None for an approval that is younger than the last checkpoint, or from when the issuer had another name.
    inclusion: Option<Inclusion>,
}

/// Where an approval stands in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// The checkpoint.
    checkpoint: SignedCheckpoint,
    /// The digests of the entries that the person's chain had after it then, in their order.
    links: Vec<Sha256Digest>,
    /// The way from the head of the chain, as it was then, to the root.
    path: Path,
}

impl Inclusion {
    /// Where an approval stands in a checkpoint: `links` are the digests of the entries that follow it, as many as the checkpoint knows.
    ///
    /// # Errors
    /// [`Why::Inclusion`], [`Why::OtherCheckpoint`].
    pub fn of(
        evidence: &Evidence,
        links: Vec<Sha256Digest>,
        tree: &Tree,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, Why> {
        let (_, path) = tree.path(&evidence.entry().person).ok_or(Why::Inclusion)?;
        let inclusion = Self { checkpoint, links, path };
        inclusion.holds(evidence).map(|()| inclusion)
    }

    /// Whether the checkpoint holds the approval, whoever signed it.
    fn holds(&self, evidence: &Evidence) -> Result<(), Why> {
        let says = self.checkpoint.says();
        if says.issuer != evidence.displayed().shown().issuer || says.at < evidence.entry().approved_at {
            return Err(Why::OtherCheckpoint);
        }
        let head: Head = self.links.iter().fold(evidence.chain(), |head, entry| head.after_digest(entry));
        let root = self.path.root(&head, says.size).ok_or(Why::Inclusion)?;
        (root == says.root).then_some(()).ok_or(Why::Inclusion)
    }
}

impl EvidenceFile {
    /// The file of an approval.
    pub const fn new(evidence: Evidence, inclusion: Option<Inclusion>) -> Self {
        Self { format: Format::One, evidence, inclusion }
    }

    /// Reads one. Nothing but the very bytes that [`EvidenceFile::to_bytes`] makes is taken.
    ///
    /// # Errors
    /// [`Why::Format`].
    pub fn read(bytes: &[u8]) -> Result<Self, Why> {
        if bytes.len() > LONGEST {
            return Err(Why::Format);
        }
        let file: Self = serde_json::from_slice(bytes).map_err(|_| Why::Format)?;
        // A member that is not known or comes twice, a space, another way to write something: it all shows here.
        if file.to_bytes() == bytes { Ok(file) } else { Err(Why::Format) }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        oauth::canonical(self)
    }

    /// The evidence in it.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// Checks a file: that the passkey which was enrolled for the person has signed just what was displayed, that no more was granted, and
/// that a checkpoint under a key from outside the file holds it; and where a token is given, that it is of this approval and lies within
/// it.
///
/// # Errors
/// See [`Why`].
pub fn verify(bytes: &[u8], anchor: Option<&Anchor>, token: Option<&str>) -> Result<Verdict, Why> {
    let EvidenceFile { evidence, inclusion, .. } = EvidenceFile::read(bytes)?;
    evidence.holds_together()?;
    if let Some(inclusion) = &inclusion {
        inclusion.holds(&evidence)?;
        anchor.map(|anchor| inclusion.checkpoint.is_signed_under(anchor)).transpose()?;
    }
    let token = token.map(|token| Token::within(token, &evidence, anchor)).transpose()?;
    Ok(Verdict {
        is_anchored: anchor.is_some() && inclusion.is_some(),
        checkpoint: inclusion.map(|inclusion| inclusion.checkpoint.says().clone()),
        token,
        evidence,
    })
}
