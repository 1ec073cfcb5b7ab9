use std::collections::BTreeSet;
use std::path::Path;

use oauth::Timestamp;
use oauth::configuration::Profile;
use policy::{Answer, Decision, Item};
use serde::Deserialize;
use store::Snapshot;

use crate::reading::{read, text};
use crate::{Complaint, PolicyRequest};

/// The file of `countersign policy test`: who, what, and what is expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCases {
    /// The cases, in the order in which they are told.
    pub cases: Vec<PolicyCase>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCase {
    /// What it shows, as a sentence.
    pub name: String,
    /// The request.
    pub request: PolicyRequest,
    /// What becomes of it.
    pub expected: Expected,
    /// Which policies decide it, where that matters: those that refuse, else those that permit.
    #[serde(default)]
    pub by: Option<BTreeSet<String>>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// All of it is allowed.
    Allowed,
    /// Something of it is refused, and nothing is refused but until a person approves it.
    OnceApproved,
    /// Something of it is refused.
    Denied,
}

impl Expected {
    const fn of(answer: &Answer, once_approved: &Answer) -> Self {
        match (answer.refused.is_empty(), once_approved.refused.is_empty()) {
            (true, _) => Self::Allowed,
            (false, true) => Self::OnceApproved,
            (false, false) => Self::Denied,
        }
    }
}

/// Reads a file of cases.
///
/// # Errors
/// All that is wrong with it.
pub fn read_policy_cases(path: &Path) -> Result<PolicyCases, Vec<Complaint>> {
    let source = text(path).map_err(|complaint| vec![complaint])?;
    read(path, source).map(|file| file.value)
}

impl PolicyCase {
    /// Decides the case, and says what is otherwise than expected; nothing when it is as expected.
    ///
    /// # Errors
    /// What is wrong with the case itself, such as a client that does not exist.
    pub fn run(
        &self,
        snapshot: &Snapshot,
        people: &[Profile],
        now: Timestamp,
    ) -> Result<Option<String>, String> {
        let answer = self.request.decide(snapshot, people, now)?;
        let came = Expected::of(&answer, &answer.clone().once_approved());
        let decided = || told(&answer).join("; ");
        if came != self.expected {
            return Ok(Some(format!("{:?} was expected: {}", self.expected, decided())));
        }
        let by: BTreeSet<String> = answer.by().into_iter().map(str::to_owned).collect();
        let is_other = self.by.as_ref().is_some_and(|expected| *expected != by);
        Ok(is_other.then(|| format!("other policies were expected: {}", decided())))
    }
}

/// What the policies say to each part of a request, a line each.
pub fn told(answer: &Answer) -> Vec<String> {
    let permitted = answer.permitted.iter().map(|one| format!("allowed: {}{}", part(&one.item), by(&one.by)));
    let refused = answer.refused.iter().map(|refused| {
        let part = part(&refused.item);
        match &refused.decision {
            Decision::Failed { by: failed, why } => format!("failed: {part}{}: {why}", by(failed)),
            Decision::OnceApproved { by: until } => format!("once approved: {part}{}", by(until)),
            Decision::Denied { by: forbidding } if forbidding.is_empty() => {
                format!("denied: {part}: no policy permits it")
            }
            decision => format!("denied: {part}{}", by(decision.by())),
        }
    });
    permitted.chain(refused).collect()
}

fn part(item: &Item) -> String {
    match item {
        Item::Scope(scope) => format!("scope {scope}"),
        Item::Detail(position) => format!("details[{position}]"),
        Item::Whole => "the action as such".to_owned(),
    }
}

fn by(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!(" by {}", ids.join(", ")) }
}
