use std::collections::BTreeMap;

use oauth::PersonId;

use crate::{Head, Tree};

/// The heads of all chains, as a checkpoint holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllHeads(BTreeMap<PersonId, Head>);

/// How the heads that stand now differ from those that a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Those that have gone on, or are new.
    pub onward: Vec<Head>,
    /// Whose have gone back, are others of the same number, or are not there: what a checkpoint holds was taken away since.
    pub behind: Vec<PersonId>,
}

impl AllHeads {
    /// Takes on what the next checkpoint holds: all heads, or those that are other than before.
    pub fn take_on(&mut self, heads: impl IntoIterator<Item = Head>, are_all: bool) {
        if are_all {
            self.0.clear();
        }
        self.0.extend(heads.into_iter().map(|head| (head.person.clone(), head)));
    }

    /// What is to be taken on of the heads that stand now. A head never goes back: of a chain that was cut, the checkpoint goes on to
    /// hold what it held, so that it shows whenever somebody looks.
    pub fn moved(&self, standing: Vec<Head>) -> Moved {
        let mut moved = Moved::default();
        let mut not_there = self.0.clone();
        for head in standing {
            match not_there.remove(&head.person) {
                None => moved.onward.push(head),
                Some(held) if held.number < head.number => moved.onward.push(head),
                Some(held) if held != head => moved.behind.push(head.person),
                Some(_) => {}
            }
        }
        moved.behind.extend(not_there.into_keys());
        moved
    }

    /// The head of a person's chain.
    pub fn of(&self, person: &PersonId) -> Option<&Head> {
        self.0.get(person)
    }

    /// All of them, by person.
    pub fn iter(&self) -> impl Iterator<Item = &Head> {
        self.0.values()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The tree over them.
    pub fn tree(&self) -> Tree {
        Tree::of(self.iter().cloned().collect())
    }
}
