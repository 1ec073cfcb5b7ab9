use std::collections::BTreeMap;

use oauth::{ApprovalId, PersonId, Sha256Digest};
use serde::Serialize;

use crate::{Evidence, Head, Held, Why};

/// Where a person's chain of approvals is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Break {
    /// Approvals that must have been there are not.
    #[error("{} {} there: removed", numbers(*first, *last), if first == last { "is not" } else { "are not" })]
    Missing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// What is kept of an approval is not what was kept: it does not hold together any more.
    #[error("approval {number} was changed: {why}")]
    Changed {
        /// The how many-th approval it is.
        number: u64,
        /// What does not hold.
        why: Why,
    },
    /// At an approval's place stands another of the person's.
    #[error("at the place of approval {place} stands {approval}, which was approval {number}: moved")]
    Moved {
        /// Where it stands.
        place: u64,
        /// Where it belongs.
        number: u64,
        /// Which it is.
        approval: ApprovalId,
    },
    /// At an approval's place stands somebody else's.
    #[error("at the place of approval {place} stands {approval} of {person}: moved")]
    OfAnother {
        /// Where it stands.
        place: u64,
        /// Whose it is.
        person: PersonId,
        /// Which it is.
        approval: ApprovalId,
    },
    /// An approval holds together and does not follow from the one before it.
    #[error(
        "approval {number} ({approval}) does not follow from what stands before it: one of the two was put in the place of another"
    )]
    Unlinked {
        /// The how many-th approval it is.
        number: u64,
        /// Which it is.
        approval: ApprovalId,
    },
    /// There are approvals, and no head.
    #[error("the head of the chain is not there: removed")]
    NoHead,
    /// There are approvals after the one that the head names.
    #[error("the head names approval {head}, and there are {last}: it was changed, or approvals were added")]
    HeadBehind {
        /// The number that the head has.
        head: u64,
        /// The number of the last approval.
        last: u64,
    },
    /// The hash of the head is not that of the approvals.
    #[error("the head is not the hash of the approvals before it: it was changed, or the last approval was")]
    OtherHead,
    /// A checkpoint holds more approvals than there are.
    #[error(
        "checkpoint {checkpoint} holds {number} approvals, and there are {last}: the last ones were removed"
    )]
    Cut {
        /// Which checkpoint.
        checkpoint: u64,
        /// How many it holds.
        number: u64,
        /// The number of the last approval that is there.
        last: u64,
    },
    /// The approvals up to one are not those that a checkpoint holds, though each follows from the one before it.
    #[error(
        "the approvals up to number {number} are not those that checkpoint {checkpoint} holds: the chain was made anew"
    )]
    MadeAnew {
        /// Which checkpoint: the first that shows it.
        checkpoint: u64,
        /// The number of the last approval that it holds.
        number: u64,
    },
}

/// Where a person's chain is broken: each of its entries (its place, and the text that is kept there) is read and checked, in the order of
/// the places; each must follow from the one before it, and the head (the JSON that is kept of it) from the last. After a break the next
/// entry's own word is taken for what stood before it, so that one break is not told of all that follows.
///
/// `known` is what checkpoints hold of the chain, the oldest first ([`crate::Checkpoints`]). What none holds yet, who can write all of it
/// can make anew, or take away with the head.
pub fn breaks<'a>(
    person: &PersonId,
    entries: impl IntoIterator<Item = (u64, &'a str)>,
    head: Option<&str>,
    known: &[Held],
) -> Vec<Break> {
    let chain = Some(Head::start(person.clone()));
    let mut walk = Walk { person, place: 0, chain, hashes: BTreeMap::new(), found: Vec::new() };
    for (place, text) in entries {
        walk.comes_to(place, text);
    }
    walk.ends_in(head, known)
}

/// A chain as far as it was walked.
struct Walk<'p> {
    person: &'p PersonId,
    /// The last place.
    place: u64,
    /// The chain up to there; none after a break.
    chain: Option<Head>,
    /// The hash of the chain with each approval, by the approval's own word.
    hashes: BTreeMap<u64, Sha256Digest>,
    found: Vec<Break>,
}

impl Walk<'_> {
    fn comes_to(&mut self, place: u64, text: &str) {
        if place > self.place + 1 {
            self.found.push(Break::Missing { first: self.place + 1, last: place - 1 });
            self.chain = None;
        }
        // Whoever writes an entry where none can be does not hide the others.
        self.place = self.place.max(place);
        let before = self.chain.take();
        match self.at_its_place(place, text) {
            Ok(evidence) => {
                if before.is_some_and(|before| before != evidence.chain_before()) {
                    let approval = evidence.entry().approval.clone();
                    self.found.push(Break::Unlinked { number: place, approval });
                }
                let chain = evidence.chain();
                self.hashes.insert(place, chain.hash);
                self.chain = Some(chain);
            }
            Err(found) => self.found.push(found),
        }
    }

    fn at_its_place(&self, place: u64, text: &str) -> Result<Evidence, Break> {
        let evidence = Evidence::read(text).map_err(|why| Break::Changed { number: place, why })?;
        let entry = evidence.entry();
        let approval = entry.approval.clone();
        if entry.person != *self.person {
            return Err(Break::OfAnother { place, person: entry.person.clone(), approval });
        }
        if entry.number != place {
            return Err(Break::Moved { place, number: entry.number, approval });
        }
        Ok(evidence)
    }

    fn ends_in(mut self, head: Option<&str>, known: &[Held]) -> Vec<Break> {
        let last = self.place;
        let head = head.map(serde_json::from_str::<Head>);
        // What the head says is missing need not be said by a checkpoint, too.
        let told_to = head.as_ref().and_then(|head| head.as_ref().ok()).map_or(0, |head| head.number);
        let of_checkpoints = self.held_otherwise(known, last.max(told_to));
        self.found.extend(match head {
            None => (last > 0).then_some(Break::NoHead),
            Some(Err(_)) => Some(Break::OtherHead),
            Some(Ok(head)) if head.number > last => {
                Some(Break::Missing { first: last + 1, last: head.number })
            }
            Some(Ok(head)) if head.number < last => Some(Break::HeadBehind { head: head.number, last }),
            Some(Ok(head)) => {
                self.chain.as_ref().is_some_and(|chain| *chain != head).then_some(Break::OtherHead)
            }
        });
        self.found.extend(of_checkpoints);
        self.found
    }

    /// What checkpoints hold otherwise: the first of another hash, and how much was cut behind the last.
    fn held_otherwise(&self, held: &[Held], told_to: u64) -> Vec<Break> {
        let is_other =
            |held: &&Held| self.hashes.get(&held.head.number).is_some_and(|hash| *hash != held.head.hash);
        let made_anew = held
            .iter()
            .find(is_other)
            .map(|held| Break::MadeAnew { checkpoint: held.checkpoint, number: held.head.number });
        let cut = held.last().filter(|held| held.head.number > told_to).map(|held| Break::Cut {
            checkpoint: held.checkpoint,
            number: held.head.number,
            last: self.place,
        });
        made_anew.into_iter().chain(cut).collect()
    }
}

fn numbers(first: u64, last: u64) -> String {
    if first == last { format!("approval {first}") } else { format!("approvals {first} to {last}") }
}
