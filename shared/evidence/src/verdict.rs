use crate::{Checkpoint, Evidence, Token};

/// What a file that was checked proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What holds together.
    pub evidence: Evidence,
    /// The checkpoint that holds it; none where the approval is younger than the last one.
    pub checkpoint: Option<Checkpoint>,
    /// Whether a key from outside the file has signed that checkpoint. Otherwise the file is consistent with itself, and whoever could
    /// write to the server's table could have made all of it.
    pub is_anchored: bool,
    /// What there is to say of the token.
    pub token: Option<Token>,
}
