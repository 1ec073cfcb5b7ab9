use environment::Fault;
use evidence::{Head, OfCheckpoint, SignedCheckpoint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body, fault, number_after};

/// The most heads in one item: DynamoDB holds items of 400 KB, and one takes some 120 bytes.
const MOST_IN_AN_ITEM: usize = 2_500;
/// How many checkpoints a page has at most where the last are looked for. A page of what DynamoDB gives, a megabyte, would have hundreds
/// that nobody needs; where thousands of small ones came since all heads were kept, much smaller pages would be very many.
const NEWEST_IN_A_PAGE: i32 = 64;

/// A checkpoint as it is kept.
#[derive(Clone, Debug)]
pub struct KeptCheckpoint {
    /// The how many-th it is, by its place.
    pub number: u64,
    /// What is kept of it; nothing where that cannot be read, or not all of it is there.
    pub kept: Option<OfCheckpoint>,
}

/// The keys that sign checkpoints, as they stood in the table when they were read.
pub struct KeptCheckpointKeys<K> {
    /// What the item says.
    pub keys: K,
    item: Item,
}

/// The item of a checkpoint.
#[derive(Serialize, Deserialize)]
struct Body {
    signed: String,
    are_all: bool,
    heads: Heads,
}

/// Where the heads of a checkpoint are.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Heads {
    Here(Vec<Head>),
    /// In so many items of their own, under a name that no other attempt at this checkpoint has.
    InParts {
        name: String,
        count: usize,
    },
}

impl Store {
    /// The last checkpoint that holds all heads, and those after it, the oldest first: what it takes to know all heads as the last one
    /// holds them. Queries backwards from the last, in pages, and one read for each part of what is too large for one item.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn newest_checkpoints(&self) -> Result<Vec<KeptCheckpoint>, Fault> {
        let mut newest = self.checkpoints_until(false, |kept| kept.are_all).await?;
        newest.reverse();
        Ok(newest)
    }

    /// All checkpoints, the oldest first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn all_checkpoints(&self) -> Result<Vec<KeptCheckpoint>, Fault> {
        self.checkpoints_until(true, |_| false).await
    }

    async fn checkpoints_until(
        &self,
        forward: bool,
        is_enough: impl Fn(&OfCheckpoint) -> bool,
    ) -> Result<Vec<KeptCheckpoint>, Fault> {
        let query = self.beginning_so(&checkpoint_key(0).pk, NUMBER).scan_index_forward(forward);
        let query = if forward { query } else { query.limit(NEWEST_IN_A_PAGE) };
        let mut pages = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| fault(&error))?;
            let kept = self.of_checkpoint(&item).await?;
            let is_last = kept.as_ref().is_some_and(&is_enough);
            found.push(KeptCheckpoint { number: number_of(&item), kept });
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    async fn of_checkpoint(&self, item: &Item) -> Result<Option<OfCheckpoint>, Fault> {
        let Ok(Body { signed, are_all, heads }) = body::<Body>(item) else { return Ok(None) };
        let heads = match heads {
            Heads::Here(heads) => heads,
            Heads::InParts { name, count } => {
                let mut all = Vec::new();
                for number in 0..count {
                    let part = self.read(&part_key(number_of(item), &name, number)).await?;
                    let Some(Ok(heads)) = part.as_ref().map(body::<Vec<Head>>) else { return Ok(None) };
                    all.extend(heads);
                }
                all
            }
        };
        Ok(Some(OfCheckpoint { signed, are_all, heads }))
    }

    /// Keeps the next checkpoint: its heads first, where they are too many for one item, and last the item that makes it one, on
    /// condition that there is none of its number. `false` when somebody else was quicker. What is left of an attempt that ended before
    /// its last write is never read, for nothing names it.
    ///
    /// # Errors
    /// When the table does not answer: there is then one of this number, or none.
    pub async fn keep_checkpoint(
        &self,
        signed: &SignedCheckpoint,
        heads: &[Head],
        are_all: bool,
    ) -> Result<bool, Fault> {
        let number = signed.says().number;
        let heads = if heads.len() <= MOST_IN_AN_ITEM {
            Heads::Here(heads.to_vec())
        } else {
            let name = self.attempt();
            let parts = heads.chunks(MOST_IN_AN_ITEM);
            let count = parts.len();
            for (part, heads) in parts.enumerate() {
                self.write(Draft::new(&part_key(number, &name, part), &heads, None)).await?;
            }
            Heads::InParts { name, count }
        };
        let body = Body { signed: signed.text().to_owned(), are_all, heads };
        let draft = Draft::new(&checkpoint_key(number), &body, None);
        Ok(matches!(self.write_if(draft, Condition::absent()).await?, Written::Done))
    }

    /// The keys that sign checkpoints, if any were ever made. What the item says is the business of `keys`.
    ///
    /// # Errors
    /// When the table does not answer or the item cannot be read.
    pub async fn checkpoint_keys<K: DeserializeOwned>(&self) -> Result<Option<KeptCheckpointKeys<K>>, Fault> {
        let item = self.read(&keys_key()).await?;
        item.map(|item| Ok(KeptCheckpointKeys { keys: body(&item)?, item })).transpose()
    }

    /// Puts these keys in the place of those that were read, or where none were. `false` when somebody else was quicker.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn replace_checkpoint_keys<K: Serialize>(
        &self,
        keys: &K,
        before: Option<&KeptCheckpointKeys<K>>,
    ) -> Result<bool, Fault> {
        let condition = Condition::unchanged(before.map(|kept| &kept.item));
        let written = self.write_if(Draft::new(&keys_key(), keys, None), condition).await?;
        Ok(matches!(written, Written::Done))
    }
}

/// How the sort key of a checkpoint begins.
const NUMBER: &str = "NUMBER#";

/// All checkpoints lie in one partition, in their order, and the keys that sign them.
fn checkpoint_key(number: u64) -> Key {
    Key::new("CHECKPOINTS", format!("{NUMBER}{number:020}"))
}

fn number_of(checkpoint: &Item) -> u64 {
    number_after(NUMBER, checkpoint)
}

/// Each part lies in a partition of its own: one takes only so much in a second.
fn part_key(checkpoint: u64, name: &str, part: usize) -> Key {
    Key::new(format!("CHECKPOINTED#{checkpoint}#{name}#{part}"), "HEADS")
}

fn keys_key() -> Key {
    Key::new("CHECKPOINTS", "KEYS")
}
