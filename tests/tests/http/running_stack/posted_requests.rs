//! Authorization requests that come as a form (OpenID Connect Core, section 3.1.2.1). Another site's form comes without our
//! cookies, so that it would meet a stranger: it is answered by the same request as a GET, which comes with them.

use crate::agent::{an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

/// More than an address can carry.
fn too_long() -> Parameters {
    asks_for_a_file()
        .with("authorization_details", &"x".repeat(9_000))
        .parameters
        .with("client_id", "report-agent")
}

#[test]
fn a_posted_request_is_sent_on_as_the_same_request_by_get() {
    let stack = Stack::shared();
    let ask = asks_for_a_file().with("purpose", "a & b = c, Ł?\u{1f511}").and("resource", &stack.issuer);
    let form = ask.parameters.clone().with("client_id", "report-agent");
    let answer = Browser::new(stack).submits_from_another_site("/authorize", &form);
    assert_eq!(answer.status, 303, "RFC 9700, section 4.12: a 307 would post the form again");
    assert!(answer.headers.get("set-cookie").is_none(), "{:?}", answer.headers);
    let (path, query) = answer.location().split_once('?').expect("a query");
    assert!(path == stack.path("/authorize") || path == stack.url("/authorize"), "{path}");
    assert_eq!(Parameters::decoded(query).encoded(), form.encoded());
}

/// Whatever it says: the GET finds out what is wrong with it.
#[test]
fn a_posted_request_leads_nowhere_else() {
    let stack = Stack::shared();
    for form in [
        Parameters::default(),
        Parameters::of([("client_id", "nobody"), ("redirect_uri", "https://evil.test")]),
        Parameters::of([("interaction", "forged")]),
        Parameters::of([("client_id", "report-agent\r\nSet-Cookie: browser=planted")]),
    ] {
        let answer = Browser::new(stack).submits_from_another_site("/authorize", &form);
        assert!(answer.headers.get("set-cookie").is_none(), "{:?}", answer.headers);
        if answer.status == 303 {
            let location = answer.location();
            assert!(
                location.starts_with(&stack.path("/authorize?"))
                    || location.starts_with(&stack.url("/authorize?")),
                "{location}"
            );
        } else {
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
    }
}

/// RFC 9110, section 15.5.15.
#[test]
fn a_form_that_does_not_fit_into_an_address_is_refused() {
    let stack = Stack::shared();
    let answer = Browser::new(stack).submits_from_another_site("/authorize", &too_long());
    assert_eq!(answer.status, 414, "{}", answer.text());
    assert!(answer.headers.get("location").is_none());
}

/// Another site that posts requests in the background must not take a person's open form away from them: the forms are bound
/// to the browser's cookie, which no answer to such a post may replace.
#[test]
fn what_another_site_posts_leaves_an_open_form_as_it_is() {
    let stack = Stack::shared();
    let (agent, person, ask) = (an_agent(stack), somebody(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let sign_in = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    let known_as = browser.cookie("browser").expect("a cookie").to_owned();

    let others = asks_for_a_file().parameters.with("client_id", &agent.id);
    browser.submits_from_another_site("/authorize", &others);
    browser.submits_from_another_site("/authorize", &too_long());
    browser.submits_from_another_site("/authorize", &Parameters::default());
    for path in ["/sign-in", "/consent", "/sign-out", "/sign-in/password", "/account"] {
        let answer = browser.submits_from_another_site(path, &others);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert_eq!(browser.cookie("browser"), Some(known_as.as_str()), "{path}");
    }
    let wrong_type = http().post(stack.url("/authorize")).header("content-type", "text/plain").body("a=b");
    assert!(Answer::to(wrong_type).headers.get("set-cookie").is_none());
    assert_eq!(browser.cookie("browser"), Some(known_as.as_str()));

    let consent = Page::of(browser.signs_in(&sign_in, &person).ok());
    let code = the_code(stack, &browser.decides(&consent, &Decision::All));
    agent.redeems(&code, &ask).ok();
}

#[test]
fn whoever_is_signed_in_comes_to_consent_by_another_sites_form() {
    let stack = Stack::shared();
    let (agent, person, ask) = (an_agent(stack), somebody(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));
    let form = ask.parameters.clone().with("client_id", &agent.id);
    let sent_on = browser.submits_from_another_site("/authorize", &form);
    let page = Page::of(browser.opens(sent_on.location()).ok());
    assert!(page.has_form("/consent"), "{}", page.words());
    let code = the_code(stack, &browser.decides(&page, &Decision::All));
    agent.redeems(&code, &ask).ok();
    // The form alone decides nothing.
    let bare = post(&stack.url("/authorize"), &form.with("decision", "approve"));
    assert!(!Answer::to(bare).location().contains("code="));
}
