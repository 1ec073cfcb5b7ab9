use std::collections::BTreeSet;

use environment::Fault;
use evidence::{Break, breaks};
use oauth::PersonId;
use store::{KeptChain, Store};

use crate::approvals::{NoEvidence, whose};

/// How often a chain that grows under our eyes is read again.
const TRIES: u32 = 5;

/// What was found in the chains of approvals.
#[derive(Debug, Default)]
pub struct ChainsAudited {
    /// How many chains were walked that have anything in them.
    pub chains: usize,
    /// How many approvals were read.
    pub approvals: usize,
    /// Where they are broken, and whose.
    pub breaks: Vec<(PersonId, Break)>,
}

/// Walks the chain of one person, by user name or `sub`, or of everybody: those who have a head, and those who are there and must have
/// none. Who can write the table can remove a chain of somebody who was removed, with its head, or make any chain anew: that shows by a
/// checkpoint from outside alone.
///
/// # Errors
/// [`NoEvidence::Nobody`], [`NoEvidence::Fault`] where the table does not answer: what was not read is not in order.
pub async fn audit_chains(store: &Store, person: Option<&str>) -> Result<ChainsAudited, NoEvidence> {
    let mut people = BTreeSet::new();
    if let Some(name) = person {
        people.insert(whose(store, name).await?);
    } else {
        people.extend(store.people_with_chains().await?);
        people.extend(store.person_ids().await?);
    }
    let mut audited = ChainsAudited::default();
    for person in people {
        let (chain, found) = judged(store, &person).await?;
        audited.chains += usize::from(chain.head.is_some() || !chain.approvals.is_empty());
        audited.approvals += chain.approvals.len();
        audited.breaks.extend(found.into_iter().map(|found| (person.clone(), found)));
    }
    Ok(audited)
}

/// A chain and its breaks. Where somebody approves meanwhile, the head that was read before is not that of the approvals that were read
/// after it: a break counts when the head stands still.
async fn judged(store: &Store, person: &PersonId) -> Result<(KeptChain, Vec<Break>), Fault> {
    let mut chain = store.kept_chain(person).await?;
    for _ in 0..TRIES {
        let found = found_in(person, &chain);
        if found.is_empty() {
            return Ok((chain, found));
        }
        let again = store.kept_chain(person).await?;
        if again.head == chain.head {
            return Ok((chain, found));
        }
        chain = again;
    }
    Err(Fault::unavailable("table", format!("the chain of {person} does not stand still")))
}

fn found_in(person: &PersonId, chain: &KeptChain) -> Vec<Break> {
    let approvals = chain.approvals.iter().map(|kept| (kept.place, kept.text.as_str()));
    breaks(person, approvals, chain.head.as_deref())
}
