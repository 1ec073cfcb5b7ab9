use environment::Fault;
use oauth::Refusal;

/// Why a request did not get what it asked for. The two are never mixed: a refusal is the caller's, a fault
/// is ours.
#[derive(Debug)]
pub enum Problem {
    /// The caller is told why.
    Refused(Refusal),
    /// The caller is told nothing of the inside.
    Fault(Fault),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
