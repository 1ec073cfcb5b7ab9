//! Whom a `login_hint` means (OpenID CIBA Core 1.0, section 7.1): a user name, an e-mail address or a telephone number that one
//! person's record has.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::asking::{Answering, an_asking_agent, for_signing_in_of, rings, the_person_answers};
use crate::browser::Browser;
use crate::person::{Person, somebody_with};
use crate::stack::Stack;

/// An address and a number that no other test uses.
fn a_contact() -> (String, String) {
    static COUNTER: AtomicU32 = AtomicU32::new(1);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    (format!("person{process}.{number}@mills.test"), format!("+4930{process:07}{number:02}"))
}

fn somebody_at(stack: &Stack, (email, number): &(String, String)) -> Person {
    somebody_with(stack, &["--group", "reachable", "--email", email, "--phone-number", number])
}

/// Whether a request of whoever is hinted at waits for this person.
#[track_caller]
fn reaches(stack: &Stack, person: &Person, hint: &str) -> bool {
    let agent = an_asking_agent(stack);
    let auth_req_id = agent.waits_for_approval(&for_signing_in_of(hint));
    let page = Browser::new(stack).comes_to_approval(person, &auth_req_id);
    if !page.has_form("/approval") {
        agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
        return false;
    }
    the_person_answers(stack, person, &auth_req_id, &Answering::Yes);
    agent.comes_with(&auth_req_id).ok();
    true
}

#[test]
fn an_address_and_a_number_mean_the_one_person_whose_record_has_them_however_they_are_written() {
    let stack = Stack::shared();
    let contact = a_contact();
    let person = somebody_at(stack, &contact);
    let (email, number) = &contact;
    let (shouted, spaced) =
        (email.to_uppercase(), format!("{} {}-{}", &number[..3], &number[3..5], &number[5..]));
    for hint in [email, &shouted, number, &spaced, &person.user_name] {
        assert!(reaches(stack, &person, hint), "{hint}");
    }
}

#[test]
fn what_two_people_share_means_nobody_until_one_of_them_is_gone() {
    let stack = Stack::shared();
    let contact = a_contact();
    let (first, second) = (somebody_at(stack, &contact), somebody_at(stack, &contact));
    for hint in [&contact.0, &contact.1] {
        assert!(!reaches(stack, &first, hint) && !reaches(stack, &second, hint), "{hint}");
    }
    stack.operator().does(&["user", "remove", &second.user_name]);
    for hint in [&contact.0, &contact.1] {
        assert!(reaches(stack, &first, hint), "{hint}");
    }
}

/// Whoever has a user name like somebody else's address is not asked in their place.
#[test]
fn an_address_that_is_somebody_elses_user_name_means_nobody() {
    let stack = Stack::shared();
    let contact = a_contact();
    let person = somebody_at(stack, &contact);
    stack.operator().adds_a_user(&contact.0, &["--group", "reachable"]);
    assert!(!reaches(stack, &person, &contact.0));
    assert!(reaches(stack, &person, &contact.1));
}

#[test]
fn an_address_of_nobody_is_answered_like_one_of_somebody() {
    let stack = Stack::shared();
    let contact = a_contact();
    let person = somebody_at(stack, &contact);
    let agent = an_asking_agent(stack);
    let told = |hint: &str| {
        let answer = agent.asks_elsewhere(&for_signing_in_of(hint)).ok();
        agent.comes_with(&answer.string("auth_req_id")).is_refused(400, "authorization_pending");
        answer.json().as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let asked = told(&contact.0);
    for hint in ["nobody@mills.test", "+49301111111", "@", "+"] {
        assert_eq!(told(hint), asked, "{hint}");
    }
    assert!(reaches(stack, &person, &contact.1));
}

/// Somebody has two requests waiting at most; whoever could ask nobody a third time would learn that nobody is there.
#[test]
fn all_spellings_of_a_number_are_counted_as_one_whether_anybody_has_it_or_not() {
    let stack = Stack::shared();
    let contact = a_contact();
    somebody_at(stack, &contact);
    let agent = an_asking_agent(stack);
    for number in [contact.1.as_str(), &a_contact().1] {
        let (country, rest) = number.split_at(3);
        let spellings = [number.to_owned(), format!("{country} {rest}"), format!("{country}-{rest}")];
        let status = spellings.map(|hint| agent.asks_elsewhere(&for_signing_in_of(&hint)).status);
        assert_eq!(status, [200, 200, 429], "{number}");
    }
}

/// Of whom a client knows one name it learns nothing about another, be it theirs or nobody's.
#[test]
fn no_limit_under_one_name_of_somebody_tells_of_another() {
    let stack = Stack::shared();
    let (contact, of_nobody) = (a_contact(), a_contact());
    let person = somebody_at(stack, &contact);
    let agent = an_asking_agent(stack);
    let asks = |hint: &str| agent.asks_elsewhere(&for_signing_in_of(hint));
    let of_somebody = [&person.user_name, &contact.0, &contact.1];
    let nobody = format!("nobody-{}", person.user_name);
    for names in [of_somebody, [&nobody, &of_nobody.0, &of_nobody.1]] {
        for name in names {
            let status = [0, 1, 2].map(|_| asks(name).status);
            assert_eq!(status, [200, 200, 429], "{name}");
        }
    }
}

#[test]
fn who_asks_under_several_names_is_heard_no_more_often_and_declined_under_one_not_under_the_others() {
    let stack = Stack::shared();
    let contact = a_contact();
    let person = somebody_at(stack, &contact);
    let agent = an_asking_agent(stack);
    let heard = |hint: &str| rings(stack, &agent.waits_for_approval(&for_signing_in_of(hint)));
    assert!(heard(&person.user_name) && heard(&person.user_name));
    assert!(!heard(&contact.0), "two wait at most");
    let declining = a_contact();
    let person = somebody_at(stack, &declining);
    let auth_req_id = agent.waits_for_approval(&for_signing_in_of(&declining.0));
    the_person_answers(stack, &person, &auth_req_id, &Answering::No);
    agent.asks_elsewhere(&for_signing_in_of(&declining.0)).is_refused(429, "temporarily_unavailable");
    assert!(!heard(&declining.1), "they have declined");
}

/// What the directory says now is what counts.
#[test]
fn who_got_another_address_is_found_by_that_one_alone() {
    let stack = Stack::shared();
    let (old, new) = (a_contact(), a_contact());
    let person = somebody_at(stack, &old);
    let (file, (email, number)) = (std::env::temp_dir().join(format!("{}.csv", person.user_name)), &new);
    let head = "user_name,name,email,phone_number,groups";
    let line = format!("{},Somebody,{email},{number},reachable", person.user_name);
    std::fs::write(&file, format!("{head}\n{line}\n")).expect("written");
    stack.operator().does(&["user", "import", &file.display().to_string()]);
    std::fs::remove_file(&file).expect("removed");
    for (hint, is_theirs) in [(&old.0, false), (&old.1, false), (&new.0, true), (&new.1, true)] {
        assert_eq!(reaches(stack, &person, hint), is_theirs, "{hint}");
    }
}

/// An extension of ours: on which kind of device the person would be told first.
#[test]
fn a_request_may_say_which_channel_comes_first_and_no_other_than_there_are() {
    let stack = Stack::shared();
    let person = somebody_at(stack, &a_contact());
    let agent = an_asking_agent(stack);
    let form = for_signing_in_of(&person.user_name);
    agent.asks_elsewhere(&form.clone().and("channel", "pigeon")).is_refused(400, "invalid_request");
    for channel in ["push", "sms"] {
        let auth_req_id = agent.waits_for_approval(&form.clone().and("channel", channel));
        the_person_answers(stack, &person, &auth_req_id, &Answering::Yes);
        agent.comes_with(&auth_req_id).ok();
    }
}
