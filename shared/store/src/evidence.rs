use environment::Fault;
use evidence::{Evidence, Head};
use oauth::{ApprovalId, Authorization, GrantId, Passkeys, PersonId, Sha256Digest};

use crate::item::{Condition, Draft, Item, Key, Together, body, number_after, string, text};
use crate::{KeptPasskeys, Person, Store, authorizations, passkeys, people};

/// In how many partitions the heads of all chains lie, so that whoever signs them all reads each with one query, and no scan.
const HEAD_PARTITIONS: u8 = 16;
/// The most bytes of an approval's evidence: DynamoDB holds items of 400 KB, with their keys.
pub const LARGEST_EVIDENCE: usize = 380 * 1024;

/// The head of a person's chain of approvals, as it stood in the table when it was read.
pub struct KeptHead {
    /// The head; that of an empty chain where they have approved nothing yet.
    pub head: Head,
    item: Option<Item>,
}

impl KeptHead {
    fn read(person: &PersonId, item: Option<Item>) -> Result<Self, Fault> {
        let head = item.as_ref().map(body).transpose()?.unwrap_or_else(|| Head::start(person.clone()));
        Ok(Self { head, item })
    }
}

/// All that a countersignature is judged by, read in one call.
pub struct ToCountersign {
    /// The request; nothing where none stands in the table.
    pub authorization: Option<Authorization>,
    /// The person.
    pub person: Option<Person>,
    /// Their passkeys.
    pub passkeys: KeptPasskeys,
    /// Where their chain of approvals ends.
    pub head: KeptHead,
}

/// One approval of a chain, as it is kept. Whoever reads it judges it: what can be written can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptApproval {
    /// The place where it stands: the how many-th of the person's approvals; 0 where that is none.
    pub place: u64,
    /// The evidence, to the letter.
    pub text: String,
}

/// A person's chain of approvals, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptChain {
    /// The JSON of its head, as it stood before the approvals were read; nothing where none stands in the table.
    pub head: Option<String>,
    /// The approvals, in the order of their places.
    pub approvals: Vec<KeptApproval>,
}

/// What became of an attempt to spend a countersignature.
#[derive(Debug)]
pub enum Countersigned {
    /// The approval, its evidence, the head of the chain and the passkey are written.
    Done,
    /// The request was moved by somebody else. This is what stands there now.
    Outdated(Option<Box<Authorization>>),
    /// The chain or the passkeys were changed by somebody else: read again, and judge again.
    Contended,
}

impl Store {
    /// A request, the person who countersigns it, their passkeys and the head of their chain, in one call.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn to_countersign(&self, id: &GrantId, person: &PersonId) -> Result<ToCountersign, Fault> {
        let keys =
            [&authorizations::key(id), &people::key(person), &passkeys::key(person), &head_key(person)];
        let [authorization, of_person, own, head] = self.read_all(keys).await?;
        let authorization = match &authorization {
            Some(item) => Some(self.assemble(item).await?),
            None => None,
        };
        let head = KeptHead::read(person, head)?;
        let known = of_person.as_ref().map(body).transpose()?;
        let passkeys = KeptPasskeys::read(person, of_person, own)?;
        Ok(ToCountersign { authorization, person: known, passkeys, head })
    }

    /// Commits an approval with its evidence: one transaction of the authorization's move (on condition of the version that it came
    /// from), the entry of the person's chain (on condition that none has its place), the head of the chain, and the passkey with its
    /// count (both on condition that they are what was read). It is a transaction because no one item can hold this truth: the
    /// authorization belongs to its client's life and ends with it, the chain outlives it and is one across all requests of a person,
    /// and a passkey that was removed meanwhile must approve nothing. Of any number at once exactly one succeeds.
    ///
    /// When nothing is heard of it, one look at the authorization says whether it arrived. It is not taken back otherwise, as other
    /// decisions are: what stands in a chain stays there.
    ///
    /// # Errors
    /// When the table does not answer: the state is then as before or as after.
    pub async fn countersign(
        &self,
        next: &Authorization,
        (kept, used): (&KeptPasskeys, &Passkeys),
        (before, evidence): (&KeptHead, &Evidence),
    ) -> Result<Countersigned, Fault> {
        let attempt = self.attempt();
        let move_of_it = self.draft_beside_details(next).await?.with("attempt", text(&attempt));
        let entry = evidence.entry();
        let person = &entry.person;
        // To the letter: its hash was signed.
        let kept_entry = Draft::new(&entry_key(person, entry.number), &(), None)
            .with("body", text(evidence.text()))
            .owned_by(owner(&entry.approval), EVIDENCE.to_owned());
        let head = Draft::new(&head_key(person), &evidence.chain(), None);
        let writes = vec![
            self.put_if(move_of_it, authorizations::came_from(next))?,
            self.put_if(kept_entry, Condition::absent())?,
            self.put_if(head, Condition::unchanged(before.item.as_ref()))?,
            self.put_if(passkeys::draft(kept, used), kept.unchanged())?,
        ];
        match self.all_or_nothing(writes).await {
            Ok(Together::Done) => Ok(Countersigned::Done),
            Ok(Together::Unmet(places)) if places.contains(&0) => {
                Ok(Countersigned::Outdated(self.authorization(&next.id).await?.map(Box::new)))
            }
            Ok(Together::Unmet(_) | Together::Contended) => Ok(Countersigned::Contended),
            Err(fault) => {
                let settled = self.settle(&authorizations::key(&next.id), &attempt, fault).await;
                settled.map(|_| Countersigned::Done)
            }
        }
    }

    /// The evidence of an approval, as it is kept, by the id that tokens name as `approval`: one query of the index, which lags a moment
    /// behind, and one read. `None` where no approval has that id.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn kept_approval(&self, approval: &ApprovalId) -> Result<Option<KeptApproval>, Fault> {
        for key in self.owned(&owner(approval), EVIDENCE).await? {
            if let Some(item) = self.read(&key).await? {
                return Ok(Some(kept(&item)));
            }
        }
        Ok(None)
    }

    /// A person's chain of approvals, as it is kept: one read of its head, and then one query, in pages, of what it has. An approval that
    /// comes meanwhile stands in the query and not yet in the head: the head tells when it is read again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn kept_chain(&self, person: &PersonId) -> Result<KeptChain, Fault> {
        let head = self.read(&head_key(person)).await?.as_ref().map(text_of);
        Ok(KeptChain { head, approvals: self.kept_approvals(person).await? })
    }

    /// What a person has approved with a passkey, as it is kept, in the order of their chain: one query, in pages.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn kept_approvals(&self, person: &PersonId) -> Result<Vec<KeptApproval>, Fault> {
        let items = self.query(&entry_key(person, 0).pk, ENTRY).await?;
        Ok(items.iter().map(kept).collect())
    }

    /// Whose chains have a head: everybody who has approved something with a passkey, also where they were removed since. Sixteen
    /// queries.
    ///
    /// # Errors
    /// When the table does not answer or a head is nobody's.
    pub async fn people_with_chains(&self) -> Result<Vec<PersonId>, Fault> {
        let mut people = Vec::new();
        for digit in 0..HEAD_PARTITIONS {
            for head in self.query(&key_in_heads(digit, "").pk, OF_A_PERSON).await? {
                let person = whose(&head);
                people.push(person.ok_or_else(|| Fault::broken("table", "the head of a chain is nobody's"))?);
            }
        }
        Ok(people)
    }

    /// The heads of all chains as they stand now. One that cannot be read, or is another's than its place says, is left out: who compares
    /// them with a checkpoint misses it there. Sixteen queries, in pages.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn heads(&self) -> Result<Vec<Head>, Fault> {
        let mut heads = Vec::new();
        for digit in 0..HEAD_PARTITIONS {
            let items = self.query(&key_in_heads(digit, "").pk, OF_A_PERSON).await?;
            let read = items.iter().filter_map(|item| Some((whose(item)?, body::<Head>(item).ok()?)));
            heads.extend(read.filter(|(person, head)| head.person == *person).map(|(_, head)| head));
        }
        Ok(heads)
    }
}

/// How the sort key of a head begins: it is the person's `sub`.
const OF_A_PERSON: &str = "person-";

fn whose(head: &Item) -> Option<PersonId> {
    string(head, "sk").and_then(|sub| PersonId::parse(sub))
}

/// Under which word of its owner, the approval's id, the index lists evidence.
const EVIDENCE: &str = "EVIDENCE";
/// How the sort key of an entry begins.
const ENTRY: &str = "ENTRY#";

fn owner(approval: &ApprovalId) -> String {
    format!("APPROVAL#{approval}")
}

fn kept(item: &Item) -> KeptApproval {
    KeptApproval { place: number_after(ENTRY, item), text: text_of(item) }
}

/// What is kept in an item, readable or not.
fn text_of(item: &Item) -> String {
    string(item, "body").cloned().unwrap_or_default()
}

/// The entries of a person's chain lie in one partition, in their order.
fn entry_key(person: &PersonId, number: u64) -> Key {
    Key::new(format!("EVIDENCE#{person}"), format!("{ENTRY}{number:020}"))
}

/// The heads of all chains are spread by the first hexadecimal digit of SHA-256(`sub`).
fn head_key(person: &PersonId) -> Key {
    let digit = Sha256Digest::of(person.as_str().as_bytes()).as_bytes()[0] >> 4;
    key_in_heads(digit, person.as_str())
}

fn key_in_heads(digit: u8, sub: &str) -> Key {
    Key::new(format!("HEADS#{digit:02x}"), sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_lie_in_sixteen_partitions_and_entries_in_their_order() {
        let people = (0..=255).map(|number| PersonId::from_random([number; 16]));
        let partitions: std::collections::BTreeSet<String> = people.map(|one| head_key(&one).pk).collect();
        let all: Vec<String> = (0..HEAD_PARTITIONS).map(|digit| format!("HEADS#{digit:02x}")).collect();
        assert_eq!(partitions.into_iter().collect::<Vec<_>>(), all);
        let alice = PersonId::from_random([1; 16]);
        assert!(entry_key(&alice, 9).sk < entry_key(&alice, 10).sk);
    }
}
