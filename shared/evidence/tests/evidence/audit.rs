//! A chain in which something was removed, changed or moved is found out, as far as a chain can be by itself.

use evidence::{Break, Evidence, Head, Held, Why, breaks};
use oauth::{PersonId, Sha256Digest};

use crate::world::{Authenticator, alice, approve, shown};

/// Alice's first approvals, one after another.
fn chain(count: usize) -> Vec<Evidence> {
    let authenticator = Authenticator::new();
    let mut all: Vec<Evidence> = Vec::new();
    for _ in 0..count {
        let before = all.last().map_or_else(|| Head::start(alice()), Evidence::chain);
        all.push(approve(&authenticator, &shown(), &before).expect("evidence"));
    }
    all
}

/// What is kept of these, each at its place.
fn kept(all: &[Evidence]) -> Vec<(u64, String)> {
    (1..).zip(all).map(|(place, evidence)| (place, evidence.text())).collect()
}

fn found(kept: &[(u64, String)], head: Option<&Head>) -> Vec<Break> {
    found_under(kept, head, &[])
}

/// The same where checkpoints hold the chain.
fn found_under(kept: &[(u64, String)], head: Option<&Head>, known: &[Held]) -> Vec<Break> {
    let head = head.map(|head| serde_json::to_string(head).expect("JSON"));
    breaks(&alice(), kept.iter().map(|(place, text)| (*place, text.as_str())), head.as_deref(), known)
}

fn head(all: &[Evidence]) -> Head {
    all.last().expect("one").chain()
}

#[test]
fn an_unbroken_chain_has_no_break_nor_has_one_that_has_not_begun() {
    let all = chain(3);
    assert_eq!(found(&kept(&all), Some(&head(&all))), []);
    assert_eq!(found(&[], None), []);
    assert_eq!(found(&[], Some(&Head::start(alice()))), []);
}

#[test]
fn whatever_is_removed_is_named_by_its_number() {
    let all = chain(4);
    for (removed, expected) in [
        (vec![1], vec![Break::Missing { first: 1, last: 1 }]),
        (vec![2, 3], vec![Break::Missing { first: 2, last: 3 }]),
        (vec![4], vec![Break::Missing { first: 4, last: 4 }]),
        (vec![1, 3], vec![Break::Missing { first: 1, last: 1 }, Break::Missing { first: 3, last: 3 }]),
        (vec![1, 2, 3, 4], vec![Break::Missing { first: 1, last: 4 }]),
    ] {
        let mut kept = kept(&all);
        kept.retain(|(place, _)| !removed.contains(place));
        assert_eq!(found(&kept, Some(&head(&all))), expected, "{removed:?}");
    }
    assert_eq!(found(&kept(&all), None), [Break::NoHead]);
}

#[test]
fn what_was_removed_does_not_hide_by_closing_the_gap() {
    let all = chain(3);
    let mut closed = kept(&[all[0].clone(), all[2].clone()]);
    let approval = shown().approval;
    assert_eq!(
        found(&closed, Some(&head(&all))),
        [Break::Moved { place: 2, number: 3, approval }, Break::Missing { first: 3, last: 3 }]
    );
    // Made anew with a number that fits, as whoever can write may do, it has another hash than the head.
    let other = approve(&Authenticator::new(), &shown(), &all[0].chain()).expect("evidence");
    closed[1] = (2, other.text());
    let taken_back = Head { number: 2, ..head(&all) };
    assert_eq!(found(&closed, Some(&taken_back)), [Break::OtherHead]);
}

#[test]
fn a_changed_word_is_named_and_what_follows_is_not() {
    let all = chain(3);
    for number in 1..=3_u64 {
        let mut kept = kept(&all);
        let entry = &mut kept[usize::try_from(number - 1).expect("small")];
        entry.1 = entry.1.replacen("Pay ", "Get ", 1);
        assert_eq!(found(&kept, Some(&head(&all))), [Break::Changed { number, why: Why::Challenge }]);
    }
}

#[test]
fn what_was_swapped_is_named_twice() {
    let all = chain(4);
    let mut kept = kept(&all);
    (kept[0].1, kept[2].1) = (kept[2].1.clone(), kept[0].1.clone());
    let approval = shown().approval;
    let at = |place, number| Break::Moved { place, number, approval: approval.clone() };
    assert_eq!(found(&kept, Some(&head(&all))), [at(1, 3), at(3, 1)]);
}

/// Each of them holds together: only the chain tells.
#[test]
fn an_approval_in_the_place_of_another_does_not_follow() {
    let all = chain(3);
    let mut kept = kept(&all);
    let approval = shown().approval;
    let other = approve(&Authenticator::new(), &shown(), &all[0].chain()).expect("evidence");
    kept[1].1 = other.text();
    assert_eq!(found(&kept, Some(&head(&all))), [Break::Unlinked { number: 3, approval: approval.clone() }]);
    let elsewhere = Head { person: alice(), number: 0, hash: Sha256Digest::of(b"elsewhere") };
    kept[0].1 = approve(&Authenticator::new(), &shown(), &elsewhere).expect("evidence").text();
    let unlinked = |number| Break::Unlinked { number, approval: approval.clone() };
    assert_eq!(found(&kept, Some(&head(&all))), [unlinked(1), unlinked(2), unlinked(3)]);
}

#[test]
fn a_head_that_was_changed_is_found() {
    let all = chain(3);
    let standing = head(&all);
    let behind = Break::HeadBehind { head: 2, last: 3 };
    assert_eq!(found(&kept(&all), Some(&all[1].chain())), [behind]);
    let other = Head { hash: Sha256Digest::of(b"other"), ..standing.clone() };
    assert_eq!(found(&kept(&all), Some(&other)), [Break::OtherHead]);
    let of_another = Head { person: PersonId::from_random([9; 16]), ..standing };
    assert_eq!(found(&kept(&all), Some(&of_another)), [Break::OtherHead]);
}

/// What stands where none can be, and what no reader of a head reads.
#[test]
fn what_does_not_belong_there_hides_nothing() {
    let all = chain(2);
    let mut kept = kept(&all);
    kept.push((0, all[0].text()));
    let approval = shown().approval;
    assert_eq!(found(&kept, Some(&head(&all))), [Break::Moved { place: 0, number: 1, approval }]);
    kept[2] = (3, String::new());
    let changed = Break::Changed { number: 3, why: Why::Format };
    assert_eq!(found(&kept, Some(&head(&all))), [changed, Break::HeadBehind { head: 2, last: 3 }]);
    assert_eq!(breaks(&alice(), [], Some("{}"), &[]), [Break::OtherHead]);
}

#[test]
fn somebody_elses_approval_is_not_ones_own() {
    let all = chain(1);
    let bob = PersonId::from_random([9; 16]);
    let texts = kept(&all);
    let found = breaks(&bob, texts.iter().map(|(place, text)| (*place, text.as_str())), None, &[]);
    let expected = Break::OfAnother { place: 1, person: alice(), approval: shown().approval };
    assert_eq!(found, [expected, Break::NoHead]);
}

/// What a chain alone cannot show: that is what a checkpoint is for.
#[test]
fn who_takes_the_last_approvals_with_the_head_is_not_found() {
    let all = chain(3);
    assert_eq!(found(&kept(&all[..2]), Some(&all[1].chain())), []);
}

/// Each of these is consistent with itself to the last byte.
#[test]
fn what_a_checkpoint_holds_can_be_neither_cut_nor_made_anew() {
    let all = chain(4);
    let held = |checkpoint, evidence: &Evidence| Held { checkpoint, head: evidence.chain() };
    let checkpoints = [held(1, &all[1]), held(4, &all[2])];
    let found = |all: &[Evidence], head: Option<&Head>| found_under(&kept(all), head, &checkpoints);

    assert_eq!(found(&all, Some(&head(&all))), [], "the last is younger than any");
    assert_eq!(found(&all[..3], Some(&all[2].chain())), [], "what none holds is not missed");
    let cut = |last| Break::Cut { checkpoint: 4, number: 3, last };
    assert_eq!(found(&all[..2], Some(&all[1].chain())), [cut(2)]);
    assert_eq!(found(&[], None), [cut(0)], "all of it");
    assert_eq!(found(&[], Some(&all[2].chain())), [Break::Missing { first: 1, last: 3 }], "told once");

    let mut anew = vec![all[0].clone()];
    for _ in 0..3 {
        let before = head(&anew);
        anew.push(approve(&Authenticator::new(), &shown(), &before).expect("evidence"));
    }
    let made_anew = Break::MadeAnew { checkpoint: 1, number: 2 };
    assert_eq!(found(&anew, Some(&head(&anew))), std::slice::from_ref(&made_anew));
    assert_eq!(found(&anew[..2], Some(&anew[1].chain())), [made_anew, cut(2)]);
}

#[test]
fn a_break_is_told_in_words() {
    for (said, found) in [
        ("approval 2 is not there: removed", Break::Missing { first: 2, last: 2 }),
        ("approvals 2 to 4 are not there: removed", Break::Missing { first: 2, last: 4 }),
        (
            "approval 1 was changed: the passkey signed something else than what was displayed",
            Break::Changed { number: 1, why: Why::Challenge },
        ),
    ] {
        assert_eq!(found.to_string(), said);
    }
}
