//! The company's own app enrols the phone that it runs on (`/devices`), by an access token of the person who is signed in there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::agent::{Agent, Ask, asks_for_a_file};
use crate::asking::{an_asking_agent, somebody_reachable};
use crate::browser::Browser;
use crate::inviting::DEVICES;
use crate::local_stack::backchannel::messages_of;
use crate::person::{Person, granted, somebody, the_person_consents};
use crate::stack::Stack;
use crate::web::{Answer, http};

fn the_company_app(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "company-app")
}

fn token_of(stack: &Stack, person: &Person, scope: &str) -> String {
    let (app, ask) = (the_company_app(stack), Ask::new(scope));
    let code = the_person_consents(&app, person, &ask);
    app.redeems(&code, &ask).ok().string("access_token")
}

fn phone(token: &str) -> Value {
    json!({ "platform": "GCM", "token": token, "name": "Work phone" })
}

fn enrols(stack: &Stack, bearer: &str, body: &Value) -> Answer {
    sends(stack, bearer, body.to_string(), "application/json")
}

fn sends(stack: &Stack, bearer: &str, body: String, kind: &str) -> Answer {
    let request = http().post(stack.url("/devices")).header("authorization", format!("Bearer {bearer}"));
    Answer::to(request.header("content-type", kind).body(body))
}

fn removes(stack: &Stack, bearer: &str, id: &str) -> Answer {
    let address = stack.url(&format!("/devices/{id}"));
    Answer::to(http().delete(address).header("authorization", format!("Bearer {bearer}")))
}

fn on_the_page(stack: &Stack, person: &Person) -> String {
    Browser::new(stack).comes_to_account(person, DEVICES).words()
}

#[test]
fn an_app_enrols_its_phone_which_is_used_at_once_and_the_same_again_is_the_same() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let token = token_of(stack, &person, "openid devices");
    let answer = enrols(stack, &token, &phone("a-token-of-google"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = answer.string("device_id");
    let again = enrols(stack, &token, &phone("a-token-of-google"));
    assert_eq!((again.status, again.string("device_id")), (200, id.clone()));
    let page = on_the_page(stack, &person);
    assert!(page.contains("Work phone") && page.contains("App on a phone"), "{page}");
    assert!(!page.contains("Not used yet"), "{page}");
    assert!(stack.observer().items().iter().all(|item| !item.contains("a-token-of-google")));
    assert!(!stack.observer().log_text().contains("a-token-of-google"));

    let other = enrols(stack, &token, &phone("another-token"));
    assert_eq!(other.status, 201);
    let told = messages_of(stack, &person.user_name);
    assert!(told.len() == 1 && told[0]["text"].to_string().contains("A device was added"), "{told:?}");

    assert_eq!(removes(stack, &token, &id).status, 204);
    removes(stack, &token, &id).is_refused(404, "invalid_request");
    let events = stack.observer().audit_of(&answer);
    let event = events.iter().find(|event| event["event"] == "device-added").expect("an event");
    assert_eq!((&event["device_id"], &event["client"]), (&json!(id), &json!("company-app")), "{event}");
}

/// RFC 6750, section 3.1; RFC 9068, section 4.
#[test]
fn only_a_token_of_the_person_for_this_and_nothing_else_enrols_a_phone() {
    let stack = Stack::shared();
    let (person, body) = (somebody(stack), phone("a-token"));
    let without = Answer::to(http().post(stack.url("/devices")).json(&body));
    assert_eq!(without.status, 401);
    assert!(without.header("www-authenticate").is_some_and(|told| told.starts_with("Bearer")));
    enrols(stack, "junk", &body).is_refused(401, "invalid_token");
    enrols(stack, &token_of(stack, &person, "openid profile"), &body).is_refused(403, "insufficient_scope");
    let for_a_tool =
        granted(&Agent::with_basic(stack, "report-agent"), &person, &asks_for_a_file()).access_token;
    enrols(stack, &for_a_tool, &body).is_refused(401, "invalid_token");
    let good = token_of(stack, &person, "openid devices");
    the_company_app(stack).revokes(&good);
    enrols(stack, &good, &body).is_refused(401, "invalid_token");
    let asking = an_asking_agent(stack);
    let reachable = somebody_reachable(stack);
    let form = crate::asking::for_signing_in_of(&reachable.user_name);
    let approved = asking.is_approved_by(&reachable, &form).string("access_token");
    enrols(stack, &approved, &body).is_refused(401, "invalid_token");
    assert!(on_the_page(stack, &person).contains("You have no device yet"));
}

#[test]
fn what_is_no_phone_is_refused_and_nothing_is_kept() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let token = token_of(stack, &person, "openid devices");
    let with = |member: &str, value: Value| {
        let mut body = phone("a-token");
        body[member] = value;
        body
    };
    for body in [
        json!({}),
        json!([]),
        json!(null),
        with("platform", json!("ADM")),
        with("platform", json!("gcm")),
        with("platform", json!(7)),
        with("token", json!("")),
        with("token", json!("two words")),
        with("token", json!("x".repeat(4_097))),
        with("token", json!(null)),
        with("name", json!("")),
        with("name", json!("x".repeat(41))),
        with("name", json!("a\nb")),
        with("owner", json!("somebody")),
    ] {
        let answer = enrols(stack, &token, &body);
        answer.is_refused(400, "invalid_request");
        assert!(answer.string("error_description").starts_with("the device cannot be enrolled"), "{body}");
    }
    sends(stack, &token, "{".to_owned(), "application/json").is_refused(400, "invalid_request");
    let twice = r#"{"platform":"GCM","token":"a","token":"b","name":"c"}"#.to_owned();
    sends(stack, &token, twice, "application/json").is_refused(400, "invalid_request");
    sends(stack, &token, phone("a-token").to_string(), "text/plain").is_refused(400, "invalid_request");
    sends(stack, &token, " ".repeat(9_000), "application/json").is_refused(413, "invalid_request");
    for id in ["junk", &"A".repeat(22)] {
        assert_eq!(removes(stack, &token, id).status, 404, "{id}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = http().request(method.clone(), stack.url("/devices"));
        assert_eq!(Answer::to(request).status, 405, "{method}");
    }
    assert!(on_the_page(stack, &person).contains("You have no device yet"));
}

/// What an app can take away an app has given.
#[test]
fn an_app_removes_no_number_and_nobody_elses_phone() {
    let stack = Stack::shared();
    let (person, other) = (somebody(stack), somebody(stack));
    let [own, others] = [&person, &other].map(|person| token_of(stack, person, "openid devices"));
    let id = enrols(stack, &own, &phone("the-first-persons")).string("device_id");
    removes(stack, &others, &id).is_refused(404, "invalid_request");
    assert!(on_the_page(stack, &person).contains("Work phone"));
}

#[test]
fn a_phone_that_changes_hands_is_whoevers_who_signed_in_last_and_the_other_is_told() {
    let stack = Stack::shared();
    let (one, other) = (somebody(stack), somebody(stack));
    let [ones, others] = [&one, &other].map(|person| token_of(stack, person, "openid devices"));
    assert_eq!(enrols(stack, &ones, &phone("a-shared-phone")).status, 201);
    let mut left = phone("what-is-left");
    left["name"] = json!("Tablet");
    assert_eq!(enrols(stack, &ones, &left).status, 201);
    let taken = enrols(stack, &others, &phone("a-shared-phone"));
    assert_eq!(taken.status, 201);
    let page = on_the_page(stack, &one);
    assert!(page.contains("Tablet") && !page.contains("Work phone"), "{page}");
    assert!(on_the_page(stack, &other).contains("Work phone"));
    let told = messages_of(stack, &one.user_name);
    assert!(told[0]["text"].to_string().contains("A device was removed"), "{told:?}");
    let events = stack.observer().audit_of(&taken);
    let of =
        |event: &str| events.iter().find(|one| one["event"] == event).expect("an event")["person"].clone();
    let id = |person: &Person| json!(stack.operator().id_of(&person.user_name));
    assert_eq!((of("device-added"), of("device-removed")), (id(&other), id(&one)));
    assert_eq!(enrols(stack, &ones, &phone("a-shared-phone")).status, 201, "and back");
    assert!(!on_the_page(stack, &other).contains("Work phone"));
}

/// An event costs money: nobody can have as many written as they like.
#[test]
fn whoever_shows_no_token_of_ours_leaves_nothing_in_the_audit_trail() {
    let stack = Stack::shared();
    let without = Answer::to(http().post(stack.url("/devices")).json(&phone("a-token")));
    let junk = enrols(stack, "junk", &phone("a-token"));
    let removed = removes(stack, "junk", &"A".repeat(22));
    for answer in [without, junk, removed] {
        assert_eq!(answer.status, 401);
        assert!(stack.observer().audit_of(&answer).is_empty());
    }
    let person = somebody(stack);
    let lacks = enrols(stack, &token_of(stack, &person, "openid profile"), &phone("a-token"));
    assert_eq!(stack.observer().audit_of(&lacks).len(), 1, "who shows one of ours is known");
}
