//! The pages stand on a domain of their own, apart from the issuer, which is for machines.

use std::fs;

use crate::agent::{Agent, CALLBACK, an_agent, asks_for_a_file};
use crate::browser::{Browser, Page};
use crate::person::{Decision, decision_form, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

/// A server whose issuer is at `localhost`, and whose pages are at `127.0.0.1`: to browsers and gateway another host.
fn apart(name: &str, options: &[&str]) -> Stack {
    let mut stack = Stack::start(name, options);
    stack.pages = stack.issuer.replace("//localhost:", "//127.0.0.1:");
    let file = stack.configuration.join("server.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(file, format!("pages = \"{}\"\n{text}", stack.pages)).expect("written");
    stack.operator().applies(&stack.configuration);
    stack.takes_notice();
    stack
}

/// Sends a form by other ways than a page of ours, with the browser's cookies.
fn sends(browser: &mut Browser<'_>, url: &str, form: &Parameters, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(post(url, form), |request, (name, value)| request.header(*name, *value));
    browser.sends(request)
}

#[test]
fn the_whole_way_leads_over_the_pages_domain() {
    for (name, options) in [("pages-apart", &[][..]), ("pages-apart-2", &["--event-version", "2"])] {
        let stack = apart(name, options);
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let document = stack.get(path).ok().json();
            let document = document.as_object().expect("an object");
            assert_eq!(document["issuer"], stack.issuer.as_str());
            assert_eq!(document["authorization_endpoint"], format!("{}/authorize", stack.pages));
            let urls = document.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
            for (name, url) in urls.filter(|(name, _)| *name != "authorization_endpoint") {
                assert!(url.as_str().is_some_and(|url| url.starts_with(&stack.issuer)), "{name}: {url}");
            }
        }
        crate::running_stack::thin_path::walks_the_whole_way(&stack, &an_agent(&stack));
        // Whoever proves by a signature names the issuer as its audience.
        crate::running_stack::thin_path::walks_the_whole_way(&stack, &Agent::signing(&stack, "ES256"));
    }
}

/// RFC 6749, sections 4.1.2.1 and 5.2; RFC 9207, section 2.
#[test]
fn errors_are_explained_among_the_pages_and_come_from_the_issuer() {
    let stack = apart("errors-apart", &[]);
    let agent = an_agent(&stack);
    let entry = format!("{}/errors/", stack.pages);
    let refused = agent.sends("/token", &Parameters::of([("grant_type", "password")]));
    assert!(refused.string("error_uri").starts_with(&entry), "{}", refused.text());
    Page::of(Answer::to(http().get(refused.string("error_uri"))).ok());

    let ask = asks_for_a_file().with("prompt", "none");
    let answer = Browser::new(&stack).opens(&agent.sends_the_person_with(&agent.pushes(&ask)));
    let callback = answer.callback(CALLBACK);
    assert_eq!((callback["error"].as_str(), &callback["iss"]), ("login_required", &stack.issuer));
    assert!(callback["error_uri"].starts_with(&entry), "{callback:?}");
}

#[test]
fn a_page_that_is_opened_at_the_issuers_domain_is_opened_at_the_pages() {
    let stack = apart("opened-at-the-issuer", &[]);
    let agent = an_agent(&stack);
    let asked = agent.sends_the_person_with(&agent.pushes(&asks_for_a_file()));
    for path in
        [asked.as_str(), "/sign-in", "/sign-in/password", "/account?notice=x", "/errors", "/errors/not-utf8"]
    {
        let moved = stack.get(path);
        assert_eq!((moved.status, moved.location()), (303, format!("{}{path}", stack.pages).as_str()));
        assert_eq!(moved.header("set-cookie"), None, "{path}");
        let head = Answer::to(http().head(stack.url(path)));
        assert_eq!(head.location(), moved.location());
        // Where to is the configuration's to say, and no header's.
        let led_astray = http().get(stack.url(path)).header("x-forwarded-host", "evil.test");
        assert_eq!(Answer::to(led_astray).location(), moved.location());
        Page::of(Browser::new(&stack).opens(moved.location()).ok());
    }
    let form = asks_for_a_file().parameters.with("client_id", &agent.id);
    let moved = Answer::to(post(&stack.url("/authorize"), &form));
    assert!(moved.location().starts_with(&format!("{}/authorize?", stack.pages)), "{}", moved.location());
    // The files of the pages lead nobody anywhere.
    assert_eq!(stack.get("/assets/none.css").status, 404);
}

/// The form itself is good, and so are browser and session.
#[test]
fn a_form_is_taken_at_the_pages_and_from_the_pages_alone() {
    let stack = apart("forms-apart", &[]);
    let (agent, person, ask) = (an_agent(&stack), somebody(&stack), asks_for_a_file());
    // Neither has a path, so that each is its own origin.
    let (issuer, pages) = (stack.issuer.as_str(), stack.pages.as_str());
    let ways: &[(&str, &[(&str, &str)])] = &[
        (pages, &[("origin", issuer)]),
        (pages, &[("origin", issuer), ("sec-fetch-site", "cross-site")]),
        (pages, &[("origin", "null")]),
        (issuer, &[("origin", issuer), ("sec-fetch-site", "same-origin")]),
        (issuer, &[("origin", issuer)]),
        (issuer, &[("origin", pages)]),
        (issuer, &[("sec-fetch-site", "same-origin")]),
        (issuer, &[]),
    ];
    let is_refused = |browser: &mut Browser<'_>, path: &str, form: &Parameters| {
        for (at, headers) in ways {
            let answer = sends(browser, &format!("{at}{path}"), form, headers);
            assert_eq!(answer.status, 403, "{path} at {at} with {headers:?}: {}", answer.text());
            assert!(Page::of(answer).html.contains("/errors/form-rejected"));
        }
    };

    let mut browser = Browser::new(&stack);
    let sign_in = Page::of(browser.opens(&agent.sends_the_person_with(&agent.pushes(&ask))).ok());
    let typed = Parameters::of([
        ("interaction", &sign_in.field("interaction")),
        ("user_name", &person.user_name),
        ("password", &person.password),
    ]);
    is_refused(&mut browser, "/sign-in", &typed);
    assert_eq!(browser.cookie("session"), None);

    let consent = Page::of(browser.signs_in(&sign_in, &person).ok());
    is_refused(&mut browser, "/consent", &decision_form(&consent, &Decision::All));
    let account = Page::of(browser.opens("/account").ok());
    is_refused(&mut browser, "/sign-out", &Parameters::of([("csrf", &account.field("csrf"))]));

    // None of it had spent or ended anything.
    let code = the_code(&stack, &browser.decides(&consent, &Decision::All));
    agent.redeems(&code, &ask).ok();
}
