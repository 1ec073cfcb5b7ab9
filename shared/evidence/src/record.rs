use oauth::Sha256Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::chain::tagged;
use crate::{Assertion, Displayed, Enrolled, Entry, Granted, Head, Why};

/// What is kept of an approval that a passkey signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    displayed: Displayed,
    assertion: Assertion,
    enrolment: Enrolled,
    granted: Granted,
    entry: Entry,
    /// The hash of the person's chain before it.
    previous: Sha256Digest,
    /// The same after it.
    head: Sha256Digest,
}

impl Evidence {
    /// The evidence of an approval, at the end of the person's chain. It is all checked before it is kept: what does not prove itself
    /// now proves nothing later.
    ///
    /// # Errors
    /// See [`Why`]. [`Why::Person`] also where the chain is another's.
    pub fn new(
        displayed: Displayed,
        assertion: Assertion,
        enrolment: Enrolled,
        granted: &Granted,
        chain: &Head,
    ) -> Result<Self, Why> {
        let granted = granted.as_read();
        if chain.person != displayed.shown().person.sub {
            return Err(Why::Person);
        }
        let entry = entry(chain.number + 1, &displayed, &assertion, &enrolment, &granted);
        let (previous, head) = (chain.hash, chain.after(&entry).hash);
        let evidence = Self { displayed, assertion, enrolment, granted, entry, previous, head };
        evidence.holds_together().map(|()| evidence)
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// [`Why::Format`], and what does not hold together.
    pub fn read(text: &str) -> Result<Self, Why> {
        let evidence: Self = serde_json::from_str(text).map_err(|_| Why::Format)?;
        if oauth::canonical(&evidence) != text.as_bytes() {
            return Err(Why::Format);
        }
        evidence.holds_together().map(|()| evidence)
    }

    /// The text that is kept: canonical JSON.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&oauth::canonical(self)).into_owned()
    }

    /// What was displayed.
    pub const fn displayed(&self) -> &Displayed {
        &self.displayed
    }

    /// How the passkey was tied to the person.
    pub const fn enrolment(&self) -> &Enrolled {
        &self.enrolment
    }

    /// What was granted.
    pub const fn granted(&self) -> &Granted {
        &self.granted
    }

    /// What it leaves in the chain.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The person's chain before it.
    pub fn chain_before(&self) -> Head {
        let number = self.entry.number.saturating_sub(1);
        Head { person: self.entry.person.clone(), number, hash: self.previous }
    }

    /// The person's chain with it.
    pub fn chain(&self) -> Head {
        Head { person: self.entry.person.clone(), number: self.entry.number, hash: self.head }
    }

    /// Whether all of it is of the one approval, signed by the passkey that was enrolled for its person.
    pub(crate) fn holds_together(&self) -> Result<(), Why> {
        let shown = self.displayed.shown();
        if self.enrolment.person != shown.person.sub {
            return Err(Why::Person);
        }
        if self.enrolment.enrolled_at > shown.shown_at {
            return Err(Why::EnrolledLater);
        }
        self.assertion.signs(&self.displayed, &self.enrolment)?;
        self.granted.is_within(shown)?;
        let number = self.entry.number;
        let of_it = entry(number, &self.displayed, &self.assertion, &self.enrolment, &self.granted);
        if number == 0 || self.entry != of_it {
            return Err(Why::Entry);
        }
        let is_linked = self.chain_before().after(&self.entry) == self.chain();
        is_linked.then_some(()).ok_or(Why::Chain)
    }
}

/// What an approval leaves in the chain, as the how many-th of its person. A signature that nobody can guess is in the digest of the
/// rest, so that it gives nothing away.
fn entry(
    number: u64,
    displayed: &Displayed,
    assertion: &Assertion,
    enrolment: &Enrolled,
    granted: &Granted,
) -> Entry {
    let shown = displayed.shown();
    let rest = json!({ "assertion": assertion, "enrolment": enrolment, "granted": granted });
    Entry {
        person: shown.person.sub.clone(),
        number,
        approval: shown.approval.clone(),
        approved_at: granted.approved_at,
        displayed: displayed.digest(),
        rest: tagged("rest", &[&oauth::canonical(&rest)]),
    }
}
