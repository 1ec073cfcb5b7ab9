use std::collections::BTreeSet;

use environment::Fault;
use evidence::{Anchor, Break, Checkpoint, CheckpointBreak, Checkpoints, Held, breaks};
use keys::CheckpointKeys;
use oauth::PersonId;
use serde_json::Value;
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
    /// How many checkpoints there are or must have been.
    pub checkpoints: u64,
    /// The last of them, where it is in order.
    pub last: Option<Checkpoint>,
    /// What is wrong with the checkpoints themselves.
    pub of_checkpoints: Vec<CheckpointBreak>,
}

/// Walks all checkpoints, and then the chain of one person, by user name or `sub`, or of everybody: those who have a head, those who are
/// there and must have none, and those whose chain a checkpoint holds. `anchor` are the keys that may have signed checkpoints; without any,
/// those that the table names are believed, and who can write all of the table can write these, too.
///
/// # Errors
/// [`NoEvidence::Nobody`], [`NoEvidence::Fault`] where the table does not answer: what was not read is not in order.
pub async fn audit_chains(
    store: &Store,
    person: Option<&str>,
    anchor: Option<Anchor>,
) -> Result<ChainsAudited, NoEvidence> {
    let anchor = match anchor {
        Some(anchor) => anchor,
        None => of_the_table(store).await?,
    };
    // Before the chains: they may go on meanwhile, and no checkpoint is then ahead of what is read of them.
    let mut checkpoints = Checkpoints::new(&anchor);
    for one in store.all_checkpoints().await? {
        checkpoints.comes_to(one.number, one.kept);
    }
    let mut people = BTreeSet::new();
    if let Some(name) = person {
        people.insert(whose(store, name).await?);
    } else {
        people.extend(store.people_with_chains().await?);
        people.extend(store.person_ids().await?);
        people.extend(checkpoints.people().cloned());
    }
    let mut audited = ChainsAudited {
        checkpoints: checkpoints.count(),
        last: checkpoints.last().cloned(),
        of_checkpoints: checkpoints.breaks.clone(),
        ..ChainsAudited::default()
    };
    for person in people {
        let (chain, found) = judged(store, &person, checkpoints.of(&person)).await?;
        audited.chains += usize::from(chain.head.is_some() || !chain.approvals.is_empty());
        audited.approvals += chain.approvals.len();
        audited.breaks.extend(found.into_iter().map(|found| (person.clone(), found)));
    }
    Ok(audited)
}

/// The keys that the table names as those that sign checkpoints. Where there are none yet, there is no checkpoint.
async fn of_the_table(store: &Store) -> Result<Anchor, NoEvidence> {
    let keys = checkpoint_keys(store).await?;
    Ok(Anchor::read(&keys.to_string()).unwrap_or_else(|_| Anchor::none()))
}

/// The public halves of the keys that have signed checkpoints and that do, as a JWK Set (RFC 7517, section 5): the anchor of whoever
/// verifies evidence. One read.
///
/// # Errors
/// When the table does not answer or is damaged.
pub async fn checkpoint_keys(store: &Store) -> Result<Value, Fault> {
    let kept = store.checkpoint_keys::<CheckpointKeys>().await?;
    kept.map(|kept| kept.keys).unwrap_or_default().jwks()
}

/// A chain and its breaks. Where somebody approves meanwhile, the head that was read before is not that of the approvals that were read
/// after it: a break counts when the head stands still.
async fn judged(store: &Store, person: &PersonId, held: &[Held]) -> Result<(KeptChain, Vec<Break>), Fault> {
    let mut chain = store.kept_chain(person).await?;
    for _ in 0..TRIES {
        let found = found_in(person, &chain, held);
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

fn found_in(person: &PersonId, chain: &KeptChain, held: &[Held]) -> Vec<Break> {
    let approvals = chain.approvals.iter().map(|kept| (kept.place, kept.text.as_str()));
    breaks(person, approvals, chain.head.as_deref(), held)
}
