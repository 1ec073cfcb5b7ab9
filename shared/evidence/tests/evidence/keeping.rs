//! What is kept of an approval, and the checkpoints over it.

use evidence::{Anchor, Checkpoint, Evidence, Head, Inclusion, NoAnchor, SignedCheckpoint, Tree, Why};
use oauth::PersonId;
use serde_json::json;

use crate::world::{Authenticator, ISSUER, Signer, alice, approve, at, others, shown, signed};

#[test]
fn what_is_kept_comes_back() {
    let evidence = approve(&Authenticator::new(), &shown(), &Head::start(alice())).expect("evidence");
    assert_eq!(Evidence::read(&evidence.text()).as_ref(), Ok(&evidence));
    let changed = evidence.text().replace("Finance agent", "Finance Agent");
    assert_eq!(Evidence::read(&changed), Err(Why::Challenge));
}

/// What does not prove itself when it is made is not kept.
#[test]
fn nothing_is_kept_that_proves_nothing() {
    let mut unverified = Authenticator::new();
    unverified.flags = 0x01;
    assert_eq!(approve(&unverified, &shown(), &Head::start(alice())).err(), Some(Why::Verification));
    let of_another = Head::start(PersonId::from_random([9; 16]));
    assert_eq!(approve(&Authenticator::new(), &shown(), &of_another).err(), Some(Why::Person));
}

#[test]
fn each_approval_takes_the_chain_on() {
    let authenticator = Authenticator::new();
    let first = approve(&authenticator, &shown(), &Head::start(alice())).expect("evidence");
    let second = approve(&authenticator, &shown(), &first.chain()).expect("evidence");
    assert_eq!(first.chain_before(), Head::start(alice()));
    assert_eq!((first.entry().number, second.entry().number), (1, 2));
    assert_eq!(second.chain_before(), first.chain());
    assert_eq!(first.chain().after(second.entry()), second.chain());
    assert_ne!(Head::start(alice()).after(second.entry()).hash, second.chain().hash);
}

#[test]
fn a_checkpoint_does_not_hold_what_came_later() {
    let authenticator = Authenticator::new();
    let first = approve(&authenticator, &shown(), &Head::start(alice())).expect("evidence");
    let second = approve(&authenticator, &shown(), &first.chain()).expect("evidence");
    let tree = Tree::of([others(4), vec![first.chain()]].concat());
    let checkpoint = signed(&Signer::of_a_server(), &Checkpoint::next(ISSUER, None, &tree, at(60)));
    assert_eq!(Inclusion::of(&second, vec![], &tree, checkpoint.clone()).err(), Some(Why::Inclusion));
    Inclusion::of(&first, vec![], &tree, checkpoint).expect("it holds the first");
}

#[test]
fn checkpoints_follow_each_other() {
    let server = Signer::of_a_server();
    let tree = Tree::of(others(2));
    let first = signed(&server, &Checkpoint::next(ISSUER, None, &tree, at(0)));
    let second = signed(&server, &Checkpoint::next(ISSUER, Some(&first), &tree, at(60)));
    assert_eq!((first.says().number, &first.says().previous), (1, &None));
    assert_eq!((second.says().number, second.says().previous), (2, Some(first.digest())));
    assert_eq!(SignedCheckpoint::read(second.text()).as_ref(), Some(&second));
    let anchor = Anchor::read(&server.jwk()).expect("an anchor");
    assert_eq!(second.is_signed_under(&anchor), Ok(()));
    let other = Anchor::read(&Signer::of_a_server().jwk()).expect("an anchor");
    assert_eq!(second.is_signed_under(&other), Err(Why::CheckpointSignature));
    assert_eq!(second.is_signed_under(&other.and(anchor)), Ok(()));
}

/// RFC 9162, section 2.1.5, whose picture has seven leaves: the shape is that of its tree.
#[test]
fn the_tree_does_not_depend_on_the_order_of_its_heads() {
    let (mut heads, people) = (others(7), others(7));
    heads.reverse();
    assert_eq!(Tree::of(heads).root(), Tree::of(people.clone()).root());
    assert_ne!(Tree::of(people[..6].to_vec()).root(), Tree::of(people).root());
}

#[test]
fn an_anchor_is_a_public_key() {
    assert_eq!(Anchor::read("trust me"), Err(NoAnchor::Unreadable));
    assert_eq!(Anchor::read("7"), Err(NoAnchor::Unreadable));
    assert_eq!(Anchor::read(r#"{"keys":[]}"#), Err(NoAnchor::NoKey));
    assert_eq!(Anchor::read(r#"{"kty":"oct","k":"AAAA"}"#), Err(NoAnchor::Private));
    let mut private = json!(Signer::of_a_server().public());
    private["d"] = json!("AAAA");
    assert_eq!(Anchor::read(&private.to_string()), Err(NoAnchor::Private));
    assert_eq!(Anchor::read("-----BEGIN PRIVATE KEY-----\nAAAA\n"), Err(NoAnchor::Private));
}

#[test]
fn an_anchor_in_pem_is_the_same_key() {
    let pem = |der: &[u8]| {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &body[..64], &body[64..])
    };
    let der = include_bytes!("../../../keys/fixtures/p256.spki.der");
    let point = &der[der.len() - 64..];
    let jwk = json!(evidence::Key::p256(&point[..32], &point[32..])).to_string();
    assert_eq!(Anchor::read(&pem(der)), Anchor::read(&jwk));
    assert!(Anchor::read(&jwk).is_ok());
}
