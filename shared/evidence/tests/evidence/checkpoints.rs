//! The checkpoints of a server, one after another: what they hold of each chain, and what shows when they are changed themselves.

use evidence::{
    AllHeads, Anchor, Checkpoint, CheckpointBreak, Checkpoints, Head, Moved, OfCheckpoint, SignedCheckpoint,
};
use oauth::{PersonId, Sha256Digest};

use crate::world::{ISSUER, Signer, at, others, signed};

/// The head of one of the others after so many approvals.
fn head(person: usize, number: u64) -> Head {
    Head { number, hash: Sha256Digest::of(&number.to_be_bytes()), ..others(9)[person].clone() }
}

/// A server that makes checkpoints.
struct Server {
    signer: Signer,
    heads: AllHeads,
    last: Option<SignedCheckpoint>,
    kept: Vec<OfCheckpoint>,
}

impl Server {
    fn new() -> Self {
        Self { signer: Signer::of_a_server(), heads: AllHeads::default(), last: None, kept: vec![] }
    }

    /// With four checkpoints: over all heads, over what changed, over all again, over what changed.
    fn with_four() -> Self {
        let mut server = Self::new();
        server.checks(&[head(0, 1), head(1, 1), head(2, 2)], true);
        server.checks(&[head(1, 4)], false);
        server.checks(&[head(0, 1), head(1, 4), head(2, 3)], true);
        server.checks(&[head(0, 2)], false);
        server
    }

    fn checks(&mut self, heads: &[Head], are_all: bool) {
        self.heads.take_on(heads.iter().cloned(), are_all);
        let next = Checkpoint::next(ISSUER, self.last.as_ref(), &self.heads.tree(), at(60));
        let signed = signed(&self.signer, &next);
        self.kept.push(OfCheckpoint { signed: signed.text().to_owned(), are_all, heads: heads.to_vec() });
        self.last = Some(signed);
    }

    fn anchor(&self) -> Anchor {
        Anchor::read(&self.signer.jwk()).expect("an anchor")
    }

    /// What is found when these are there.
    fn found(&self, kept: &[(u64, Option<OfCheckpoint>)]) -> (Vec<CheckpointBreak>, Vec<u64>) {
        let anchor = self.anchor();
        let mut walk = Checkpoints::new(&anchor);
        for (number, kept) in kept {
            walk.comes_to(*number, kept.clone());
        }
        let of_second = walk.of(&head(1, 1).person).iter().map(|held| held.head.number).collect();
        (walk.breaks, of_second)
    }

    fn numbered(&self) -> Vec<(u64, Option<OfCheckpoint>)> {
        (1..).zip(self.kept.iter().cloned().map(Some)).collect()
    }
}

#[test]
fn they_say_what_each_chain_was_and_since_which() {
    let server = Server::with_four();
    let anchor = server.anchor();
    let mut walk = Checkpoints::new(&anchor);
    for (number, kept) in server.numbered() {
        walk.comes_to(number, kept);
    }
    assert_eq!(walk.breaks, []);
    let told = |person: &PersonId| {
        walk.of(person).iter().map(|held| (held.checkpoint, held.head.number)).collect::<Vec<_>>()
    };
    assert_eq!(told(&head(0, 1).person), [(1, 1), (4, 2)]);
    assert_eq!(told(&head(1, 1).person), [(1, 1), (2, 4)]);
    assert_eq!(told(&head(2, 1).person), [(1, 2), (3, 3)]);
    assert_eq!(told(&head(3, 1).person), []);
    assert_eq!((walk.count(), walk.last().map(|last| last.number)), (4, Some(4)));
    assert_eq!(walk.people().count(), 3);
}

#[test]
fn one_that_is_removed_or_cannot_be_read_is_named_and_the_next_whole_one_is_believed() {
    let server = Server::with_four();
    let mut removed = server.numbered();
    removed.remove(1);
    let missing = CheckpointBreak::CheckpointsMissing { first: 2, last: 2 };
    assert_eq!(server.found(&removed), (vec![missing], vec![1, 4]));
    let mut spoilt = server.numbered();
    spoilt[1].1 = None;
    assert_eq!(
        server.found(&spoilt),
        (vec![CheckpointBreak::CheckpointUnreadable { number: 2 }], vec![1, 4])
    );
    let mut first = server.numbered();
    first.remove(0);
    let missing = CheckpointBreak::CheckpointsMissing { first: 1, last: 1 };
    assert_eq!(server.found(&first), (vec![missing], vec![4]), "what changed alone says nothing");
}

#[test]
fn heads_that_were_changed_beside_their_checkpoint_say_nothing() {
    let server = Server::with_four();
    let other = |number| vec![CheckpointBreak::OtherHeads { number }];
    let mut changed = server.numbered();
    changed[1].1.as_mut().expect("one").heads = vec![head(1, 1)];
    assert_eq!(server.found(&changed), (other(2), vec![1, 4]));
    let mut left_out = server.numbered();
    left_out[2].1.as_mut().expect("one").heads.remove(0);
    assert_eq!(server.found(&left_out), (other(3), vec![1, 4]));
}

/// Who has no key can put another server's in its place, or one of their own.
#[test]
fn one_that_somebody_else_made_is_not_believed() {
    let (server, other) = (Server::with_four(), Server::with_four());
    let mut kept = server.numbered();
    kept[3] = other.numbered()[3].clone();
    let unsigned = CheckpointBreak::CheckpointUnsigned { number: 4 };
    assert_eq!(server.found(&kept), (vec![unsigned], vec![1, 4]));
}

#[test]
fn one_in_the_place_of_another_does_not_follow() {
    let mut server = Server::with_four();
    let mut kept = server.numbered();
    server.last = SignedCheckpoint::read(&server.kept[1].signed);
    server.checks(&[head(0, 9), head(1, 9), head(2, 9)], true);
    kept[2].1 = server.kept.pop();
    let (found, _) = server.found(&kept);
    assert_eq!(found, [CheckpointBreak::CheckpointUnlinked { number: 4 }], "signed, and another third");
    let misplaced = [kept[0].clone(), (2, kept[0].1.clone())];
    assert_eq!(server.found(&misplaced).0, [CheckpointBreak::CheckpointUnreadable { number: 2 }]);
}

#[test]
fn a_head_goes_on_and_never_back() {
    let mut heads = AllHeads::default();
    heads.take_on([head(0, 2), head(1, 2), head(2, 2), head(3, 2)], true);
    let replaced = Head { hash: Sha256Digest::of(b"other"), ..head(2, 2) };
    let standing = vec![head(0, 3), head(1, 1), replaced, head(4, 1)];
    let mut behind = vec![head(1, 1).person, head(2, 1).person, head(3, 1).person];
    let mut moved = heads.moved(standing);
    behind.sort();
    moved.behind.sort();
    assert_eq!(moved, Moved { onward: vec![head(0, 3), head(4, 1)], behind });
    heads.take_on(moved.onward, false);
    assert_eq!(heads.of(&head(1, 1).person), Some(&head(1, 2)), "what was cut is held on");
    assert_eq!((heads.count(), heads.tree().size()), (5, 5));
    let all = heads.iter().cloned().collect();
    assert_eq!(heads.moved(all), Moved::default());
}
