use oauth::{PersonId, Sha256Digest};
use serde::{Deserialize, Serialize};

use crate::Head;

/// A Merkle tree over the heads of all chains, in the order of their persons (RFC 9162, section 2.1): leaves and nodes are hashed
/// apart, and where a level has an odd one, that goes up as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    heads: Vec<Head>,
    /// From the leaves up to the root.
    levels: Vec<Vec<Sha256Digest>>,
}

/// The way from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Which leaf, from 0.
    pub leaf: u64,
    /// The neighbours on the way, from the leaf up.
    pub hashes: Vec<Sha256Digest>,
}

impl Tree {
    /// The tree of these heads.
    pub fn of(mut heads: Vec<Head>) -> Self {
        heads.sort_by(|one, other| one.person.cmp(&other.person));
        let mut levels = vec![heads.iter().map(leaf).collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                odd => odd[0],
            });
            levels.push(above.collect());
        }
        Self { heads, levels }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Its root; that of an empty tree is the hash of nothing.
    pub fn root(&self) -> Sha256Digest {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_else(|| Sha256Digest::of(b""))
    }

    /// The head of a person, and the way from it to the root.
    pub fn path(&self, person: &PersonId) -> Option<(&Head, Path)> {
        let leaf = self.heads.binary_search_by(|head| head.person.cmp(person)).ok()?;
        let neighbours = self.levels.iter().enumerate().filter_map(|(height, level)| {
            let neighbour = (leaf >> height) ^ 1;
            level.get(neighbour).copied()
        });
        let path = Path { leaf: leaf as u64, hashes: neighbours.collect() };
        Some((&self.heads[leaf], path))
    }
}

impl Path {
    /// The root of the tree of this size in which the way begins at this head; `None` where there is no such way.
    pub(crate) fn root(&self, head: &Head, size: u64) -> Option<Sha256Digest> {
        let (mut at, mut width) = (self.leaf, size);
        if at >= width {
            return None;
        }
        let mut hashes = self.hashes.iter();
        let mut hash = leaf(head);
        while width > 1 {
            if at % 2 == 1 {
                hash = node(hashes.next()?, &hash);
            } else if at + 1 < width {
                hash = node(&hash, hashes.next()?);
            }
            (at, width) = (at / 2, width.div_ceil(2));
        }
        hashes.next().is_none().then_some(hash)
    }
}

fn leaf(head: &Head) -> Sha256Digest {
    Sha256Digest::of(&[&[0], oauth::canonical(head).as_slice()].concat())
}

fn node(left: &Sha256Digest, right: &Sha256Digest) -> Sha256Digest {
    Sha256Digest::of(&[&[1], left.as_bytes().as_slice(), right.as_bytes()].concat())
}
