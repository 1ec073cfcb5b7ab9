use std::collections::BTreeMap;

use oauth::PersonId;
use serde::Serialize;

use crate::{AllHeads, Anchor, Checkpoint, Head, SignedCheckpoint};

/// What is kept of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfCheckpoint {
    /// The checkpoint, as a JWS in its compact form.
    pub signed: String,
    /// Whether `heads` are all of them, or those that are other than at the checkpoint before.
    pub are_all: bool,
    /// The heads.
    pub heads: Vec<Head>,
}

/// What a checkpoint holds of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which checkpoint: the first that holds it.
    pub checkpoint: u64,
    /// The head of the chain then.
    pub head: Head,
}

/// What is wrong with the checkpoints themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CheckpointBreak {
    /// Some that must have been there are not.
    #[error("checkpoint {first} to {last} is not there: removed")]
    CheckpointsMissing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// What is kept of one cannot be read.
    #[error("checkpoint {number} cannot be read: it was changed")]
    CheckpointUnreadable {
        /// Which.
        number: u64,
    },
    /// It is not signed by a key that is trusted.
    #[error(
        "checkpoint {number} is not signed by a key that is trusted: it was changed, or made by somebody else"
    )]
    CheckpointUnsigned {
        /// Which.
        number: u64,
    },
    /// It does not name the one before it.
    #[error("checkpoint {number} does not follow from the one before it: one of the two was replaced")]
    CheckpointUnlinked {
        /// Which.
        number: u64,
    },
    /// The heads that are kept with it are not those that it holds.
    #[error(
        "the heads that are kept with checkpoint {number} are not those that it holds: they were changed"
    )]
    OtherHeads {
        /// Which.
        number: u64,
    },
}

/// A walk along all checkpoints of a server, from the first: what each chain must still be, and where the checkpoints are broken.
/// What is not signed, or not by a trusted key, says nothing of any chain.
pub struct Checkpoints<'a> {
    anchor: &'a Anchor,
    number: u64,
    last: Option<SignedCheckpoint>,
    /// The heads up to there; none after a break, until a checkpoint comes with all of them.
    heads: Option<AllHeads>,
    held: BTreeMap<PersonId, Vec<Held>>,
    /// What is wrong.
    pub breaks: Vec<CheckpointBreak>,
}

impl<'a> Checkpoints<'a> {
    /// At the beginning. `anchor`: who may have signed them.
    pub fn new(anchor: &'a Anchor) -> Self {
        let heads = Some(AllHeads::default());
        Self { anchor, number: 0, last: None, heads, held: BTreeMap::new(), breaks: Vec::new() }
    }

    /// The next one: its number and what is kept of it, if that can be read.
    pub fn comes_to(&mut self, number: u64, kept: Option<OfCheckpoint>) {
        if number > self.number + 1 {
            self.breaks
                .push(CheckpointBreak::CheckpointsMissing { first: self.number + 1, last: number - 1 });
            (self.last, self.heads) = (None, None);
        }
        let is_first = number == 1 && self.number == 0;
        self.number = number;
        let before = self.last.take();
        let read = kept.and_then(|kept| Some((SignedCheckpoint::read(&kept.signed)?, kept)));
        let Some((signed, kept)) = read.filter(|(signed, _)| signed.says().number == number) else {
            self.breaks.push(CheckpointBreak::CheckpointUnreadable { number });
            self.heads = None;
            return;
        };
        if signed.is_signed_under(self.anchor).is_err() {
            self.breaks.push(CheckpointBreak::CheckpointUnsigned { number });
            self.heads = None;
            return;
        }
        let is_known = is_first || before.is_some();
        if is_known && signed.says().previous != before.as_ref().map(SignedCheckpoint::digest) {
            self.breaks.push(CheckpointBreak::CheckpointUnlinked { number });
            self.heads = None;
        }
        self.takes_on(signed.says(), kept);
        self.last = Some(signed);
    }

    fn takes_on(&mut self, says: &Checkpoint, kept: OfCheckpoint) {
        let before = self.heads.take();
        let Some(mut heads) = before.or_else(|| kept.are_all.then(AllHeads::default)) else { return };
        heads.take_on(kept.heads.iter().cloned(), kept.are_all);
        if !says.is_over(&heads.tree()) {
            self.breaks.push(CheckpointBreak::OtherHeads { number: says.number });
            return;
        }
        self.heads = Some(heads);
        for head in kept.heads {
            let of_person = self.held.entry(head.person.clone()).or_default();
            if of_person.last().is_none_or(|held| held.head != head) {
                of_person.push(Held { checkpoint: says.number, head });
            }
        }
    }

    /// What they hold of a person's chain, the oldest first.
    pub fn of(&self, person: &PersonId) -> &[Held] {
        self.held.get(person).map_or(&[], Vec::as_slice)
    }

    /// Of whose chains they hold anything.
    pub fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.held.keys()
    }

    /// The last one that can be read and is signed.
    pub fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref().map(SignedCheckpoint::says)
    }

    /// How many there are, with those that are not there.
    pub const fn count(&self) -> u64 {
        self.number
    }
}
