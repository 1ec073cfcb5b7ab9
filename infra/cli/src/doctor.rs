//! The examination of a deployment: from outside as any client sees it, and of its table, its keys and how people are told by
//! the operator's own rights. Nothing is changed.

mod apps;
mod clock;
mod documents;
mod inside;
mod key_ring;
mod news;
mod outside;
mod pages;
mod published;
mod texts;
mod visitor;

use std::fmt;

use serde::Serialize;

pub use inside::{Deployment, examine_inside};
pub use outside::examine_outside;

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Ok {
        /// What was seen.
        seen: String,
    },
    /// Something is wrong.
    Wrong {
        /// What.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// It could not be looked at, which is not to say that it is wrong: a right is missing, or what comes before is wrong.
    NotChecked {
        /// Why not.
        why: String,
    },
}

impl Finding {
    /// Whether something is wrong.
    pub const fn is_wrong(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong { .. })
    }

    const fn new(check: &'static str, verdict: Verdict) -> Self {
        Self { check, verdict }
    }
}

impl Verdict {
    fn ok(seen: impl fmt::Display) -> Self {
        Self::Ok { seen: seen.to_string() }
    }

    fn wrong(what: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self::Wrong { what: what.to_string(), remedy: remedy.to_string() }
    }

    fn not_checked(why: impl fmt::Display) -> Self {
        Self::NotChecked { why: why.to_string() }
    }
}

impl fmt::Display for Finding {
    /// As a line for people. What a stranger's server answered may be in it: nothing of that steers the terminal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = self.check;
        match &self.verdict {
            Verdict::Ok { seen } => write!(formatter, "ok           {check:<22} {}", plain(seen)),
            Verdict::NotChecked { why } => write!(formatter, "not checked  {check:<22} {}", plain(why)),
            Verdict::Wrong { what, remedy } => {
                write!(formatter, "WRONG        {check:<22} {}\n{:36}-> {}", plain(what), "", plain(remedy))
            }
        }
    }
}

/// Text on one line, without what would move the cursor or colour the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
