//! Every error leads to the page that explains it (RFC 6749, section 5.2; OAuth 2.1, section 4.1.2.1).

use crate::agent::{CALLBACK, an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, somebody, the_person_decides};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http};

#[track_caller]
fn explains(stack: &Stack, error_uri: &str, name: &str, code: &str) {
    assert_eq!(error_uri, stack.url(&format!("/errors/{name}")));
    let page = Page::of(Answer::to(http().get(error_uri)).ok());
    assert!(page.words().contains("What to do"), "{}", page.words());
    assert!(page.words().contains(code), "{}", page.words());
}

#[test]
fn an_error_in_json_links_to_its_explanation() {
    let stack = Stack::shared();
    let refused = an_agent(stack).sends("/token", &Parameters::default());
    explains(stack, &refused.string("error_uri"), "missing-parameter", "invalid_request");
}

#[test]
fn an_error_in_a_redirect_links_to_its_explanation() {
    let stack = Stack::shared();
    let answer = the_person_decides(&an_agent(stack), &somebody(stack), &asks_for_a_file(), &Decision::Deny);
    let refused = answer.callback(CALLBACK);
    explains(stack, &refused["error_uri"], "denied-by-person", "access_denied");
}

#[test]
fn an_error_on_a_page_links_to_its_explanation() {
    let stack = Stack::shared();
    let page = Page::of(Browser::new(stack).opens("/authorize?client_id=nobody"));
    assert!(page.html.contains("/errors/unknown-client\""), "{}", page.html);
}

#[test]
fn every_entry_that_the_list_names_is_there_and_no_other() {
    let stack = Stack::shared();
    let list = Page::of(stack.get("/errors").ok());
    let names: Vec<&str> =
        list.html.split("/errors/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 50, "{names:?}");
    for name in names {
        stack.get(&format!("/errors/{name}")).ok();
    }
    assert_eq!(Page::of(stack.get("/errors/no-such-error")).answer.status, 404);
}
