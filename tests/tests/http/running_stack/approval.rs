//! The page on which a person answers an agent that is elsewhere (OpenID CIBA Core 1.0, section 8), and who cannot answer there.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Agent, the_file};
use crate::asking::{
    Answering, an_asking_agent, another_asking_agent, answer_form, for_approval_of, page_of,
    somebody_reachable,
};
use crate::at_once::at_once;
use crate::browser::{Browser, Page};
use crate::person::{Person, somebody};
use crate::stack::Stack;
use crate::web::{Answer, Parameters, http, post};

/// An agent that waits for a person, who has the page before them.
struct Asked<'s> {
    stack: &'s Stack,
    agent: Agent<'s>,
    person: Person,
    auth_req_id: String,
    browser: Browser<'s>,
    page: Page,
}

fn asked(stack: &Stack) -> Asked<'_> {
    asked_for(stack, &json!([the_file("Q4-report.pdf", &["read"])]), &Parameters::default())
}

#[track_caller]
fn asked_for<'s>(stack: &'s Stack, details: &Value, more: &Parameters) -> Asked<'s> {
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_approval_of(&person.user_name, details).joined(more);
    let auth_req_id = agent.waits_for_approval(&form);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    assert!(page.has_form("/approval"), "{}", page.words());
    Asked { stack, agent, person, auth_req_id, browser, page }
}

impl<'s> Asked<'s> {
    fn answers(&self, answering: &Answering) -> Answer {
        self.browser.clone().answers(&self.page, answering)
    }

    fn comes(&self) -> Answer {
        self.agent.comes_with(&self.auth_req_id)
    }

    fn sees(&self) -> Page {
        Page::of(self.browser.clone().opens(&page_of(&self.auth_req_id)))
    }

    /// Another browser in which the same person is signed in.
    fn another_browser(&self) -> (Browser<'s>, Page) {
        let mut browser = Browser::new(self.stack);
        let page = browser.comes_to_approval(&self.person, &self.auth_req_id);
        (browser, page)
    }
}

/// What a page says, without the number of its request.
#[track_caller]
fn told(answer: Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let page = Page::of(answer);
    let words = page.words();
    let (before, after) = words.split_once("Request ").expect("a number to quote");
    let (_, after) = after.split_once("Quote this").expect("what it is for");
    format!("{before}{after}")
}

#[test]
fn the_page_says_who_asks_in_whose_name_for_what_and_what_to_compare() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let words = asked.page.words();
    for said in [
        "Asking Agent asks for your approval",
        "asking-agent",
        "W4SCT",
        "Compare it with what the agent shows you",
        "read Q4-report.pdf in https://files.test/finance",
        &format!("({})", asked.person.user_name),
        "Answer until",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    asked.comes().is_refused(400, "authorization_pending");
}

#[test]
fn what_is_left_ticked_is_what_the_agent_gets() {
    let stack = Stack::shared();
    let files = json!([the_file("Q4-report.pdf", &["read"]), the_file("plan.txt", &["read", "write"])]);
    let asked = asked_for(stack, &files, &Parameters::default());
    let answer = asked.answers(&Answering::Details(vec!["1"]));
    assert_eq!(answer.status, 303, "{}", answer.text());
    let token = asked.comes().ok().json();
    assert_eq!(token["authorization_details"], json!([the_file("plan.txt", &["read", "write"])]));
    let page = asked.sees().words();
    assert!(page.contains("You approved it") && page.contains("plan.txt"), "{page}");
    assert!(!page.contains("Q4-report.pdf"), "{page}");
}

#[test]
fn a_yes_to_nothing_is_no_answer() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let form = Parameters::of([("request", asked.page.field("request").as_str()), ("decision", "approve")]);
    let answer = asked.browser.clone().submits_and_stays("/approval", &form);
    assert_eq!(answer.status, 422);
    let page = Page::of(answer);
    assert!(page.words().contains("Nothing is chosen."), "{}", page.words());
    asked.comes().is_refused(400, "authorization_pending");
    assert_eq!(asked.browser.clone().answers(&page, &Answering::Yes).status, 303);
}

#[test]
fn what_was_not_asked_cannot_be_approved() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let form = answer_form(&asked.page, &Answering::Yes);
    let beyond = asked.browser.clone().submits_and_stays("/approval", &form.clone().and("detail", "1"));
    assert_eq!(beyond.status, 400);
    let other = form.with("decision", "maybe");
    assert_eq!(asked.browser.clone().submits_and_stays("/approval", &other).status, 400);
    asked.comes().is_refused(400, "authorization_pending");
    let form = answer_form(&asked.page, &Answering::Yes).and("scope", "bank.pay");
    assert_eq!(asked.browser.clone().submits_and_stays("/approval", &form).status, 303);
    assert!(!asked.comes().ok().string("scope").contains("bank.pay"));
}

#[test]
fn a_request_is_decided_once() {
    let stack = Stack::shared();
    for (first, then) in [
        (Answering::Yes, Answering::Yes),
        (Answering::Yes, Answering::No),
        (Answering::No, Answering::Yes),
        (Answering::NotMe, Answering::Yes),
    ] {
        let asked = asked(stack);
        assert_eq!(asked.answers(&first).status, 303);
        let again = told(asked.answers(&then), 400);
        assert!(again.contains("This was decided before"), "{first:?}, {then:?}: {again}");
        match first {
            Answering::Yes => drop(asked.comes().ok()),
            _ => asked.comes().is_refused(400, "access_denied"),
        }
    }
}

/// The tokens are with the agent by then: nothing takes them back that the page does not say.
#[test]
fn a_request_that_was_redeemed_stays_decided() {
    let stack = Stack::shared();
    let asked = asked(stack);
    assert_eq!(asked.answers(&Answering::Yes).status, 303);
    let token = asked.comes().ok().string("access_token");
    let again = told(asked.answers(&Answering::NotMe), 400);
    assert!(again.contains("This was decided before"), "{again}");
    assert!(asked.sees().words().contains("You approved it"));
    crate::agent::the_file_tool(stack).finds_active(&token);
}

#[test]
fn of_fifty_approvals_at_once_one_wins() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let answers = at_once(|_| asked.answers(&Answering::Yes));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 400)), "{statuses:?}");
    asked.comes().ok();
}

#[test]
fn of_an_approval_and_a_denial_at_once_one_wins_and_the_agent_hears_that_one() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let answers = at_once(|number| {
        let answering = if number % 2 == 0 { Answering::Yes } else { Answering::No };
        asked.answers(&answering)
    });
    let won: Vec<usize> =
        answers.iter().enumerate().filter(|(_, answer)| answer.status == 303).map(|(at, _)| at).collect();
    let [winner] = won[..] else { panic!("{won:?}") };
    assert!(answers.iter().all(|answer| answer.status < 500));
    match winner % 2 {
        0 => drop(asked.comes().ok()),
        _ => asked.comes().is_refused(400, "access_denied"),
    }
}

/// The operator shuts the person out in the midst of a crowd of their answers. Whichever of them came first, nothing is worth anything
/// afterwards.
#[test]
fn of_an_approval_a_denial_and_the_end_of_everything_at_once_the_end_holds() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let answers = at_once(|number| {
        if number == 0 {
            stack.operator().does(&["user", "disable", &asked.person.user_name]);
            return None;
        }
        Some(asked.answers(if number % 2 == 0 { &Answering::Yes } else { &Answering::No }))
    });
    let won: Vec<&Answer> = answers.iter().flatten().filter(|answer| answer.status == 303).collect();
    assert!(won.len() <= 1, "{won:?}");
    assert!(answers.iter().flatten().all(|answer| answer.status < 500));
    let told = asked.comes();
    assert_eq!(told.status, 400, "{}", told.text());
    stack.operator().does(&["user", "enable", &asked.person.user_name]);
    let told = asked.comes();
    assert!(
        ["access_denied", "transaction_failed", "slow_down", "authorization_pending"]
            .contains(&told.string("error").as_str()),
        "{}",
        told.text()
    );
}

#[test]
fn another_persons_request_and_one_that_never_was_are_answered_alike() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let somebody_else = somebody_reachable(stack);
    let mut browser = Browser::new(stack);
    let sign_in = Page::of(browser.opens("/account").ok());
    browser.signs_in(&sign_in, &somebody_else).ok();

    let of_another = told(browser.opens(&page_of(&asked.auth_req_id)), 400);
    assert!(of_another.contains("There is nothing here for you to decide"), "{of_another}");
    for never in ["AAAAAAAAAAAAAAAAAAAAAA", "not-an-id"] {
        assert_eq!(told(browser.opens(&format!("/approval?request={never}")), 400), of_another, "{never}");
    }
    // One of the other kind of requests is none that waits.
    let pushed = crate::agent::an_agent(stack).pushes(&crate::agent::asks_for_a_file());
    let id = pushed.rsplit(':').next().and_then(|handle| handle.split('.').next()).expect("an id");
    assert_eq!(told(browser.opens(&format!("/approval?request={id}")), 400), of_another);

    // Nor can the form be brought over.
    let brought = browser.answers(&asked.page, &Answering::Yes);
    assert!(told(brought, 403).contains("This form did not come from our page"));
    asked.comes().is_refused(400, "authorization_pending");
}

#[test]
fn who_is_not_signed_in_is_not_told_whether_there_is_such_a_request() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let open = |path: &str| Page::of(Browser::new(stack).opens(path).ok());
    for path in [page_of(&asked.auth_req_id), page_of("AAAAAAAAAAAAAAAAAAAAAA.x"), "/approval".to_owned()] {
        let page = open(&path);
        assert!(page.has_form("/sign-in"), "{}", page.words());
        assert!(page.words().contains("Sign in to see what waits for your answer."), "{}", page.words());
        assert!(!page.words().contains("Asking Agent"), "{}", page.words());
    }
}

#[test]
fn a_wrong_password_on_the_way_still_leads_to_the_request() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let auth_req_id = agent.waits_for_approval(&for_approval_of(&person.user_name, &file));
    let mut browser = Browser::new(stack);
    let page = Page::of(browser.opens(&page_of(&auth_req_id)).ok());
    let again = browser.types(&page, &person.user_name, "not it");
    assert_eq!(again.status, 422);
    let again = Page::of(again);
    assert!(again.words().contains("Sign in to see what waits for your answer."), "{}", again.words());
    let page = Page::of(browser.signs_in(&again, &person).ok());
    assert!(page.words().contains("Q4-report.pdf"), "{}", page.words());
}

/// The form belongs to one browser and one session: it proves that the person who reads it is the one who answers.
#[test]
fn a_form_is_good_in_its_own_browser_and_session_alone() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let (mut elsewhere, _) = asked.another_browser();
    assert_eq!(elsewhere.answers(&asked.page, &Answering::Yes).status, 403);
    let form = answer_form(&asked.page, &Answering::Yes);
    let mut same = asked.browser.clone();
    assert_eq!(same.submits_and_stays("/approval", &form.clone().without("request")).status, 400);
    let csrf = Page::of(same.opens("/account").ok()).field("csrf");
    assert_eq!(same.submits_and_stays("/approval", &form.clone().with("request", &csrf)).status, 403);
    assert_eq!(same.submits_from_another_site("/approval", &form).status, 403);
    // Neither would it be taken if the cookies came along.
    let from_elsewhere = post(&format!("{}/approval", stack.pages), &form)
        .header("origin", "https://evil.test")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(Answer::to(same.dresses(from_elsewhere)).status, 403);
    assert_eq!(Answer::to(same.dresses(http().delete(format!("{}/approval", stack.pages)))).status, 405);
    // The same person at the same browser, in another session.
    let mut again = asked.browser.clone();
    again.forgets("session");
    let anew = again.comes_to_approval(&asked.person, &asked.auth_req_id);
    assert_eq!(again.answers(&asked.page, &Answering::Yes).status, 403);
    asked.comes().is_refused(400, "authorization_pending");
    assert_eq!(again.answers(&anew, &Answering::Yes).status, 303);
}

/// Such a request is refused when it is made. Whatever else lets one in: nobody approves what is not registered, by a session or by a
/// passkey.
#[test]
fn what_demands_a_stronger_authentication_than_a_session_is_not_approved_here() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let id = asked.auth_req_id.split('.').next().expect("an id");
    let mut item = stack.observer().item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
    let body = item["body"]["S"].as_str().expect("the request").to_owned();
    item["body"]["S"] = json!(body.replace("file_access", "unheard_of"));
    assert_ne!(item["body"]["S"], body.as_str());
    stack.observer().puts(&item);
    for answer in [asked.browser.clone().opens(&page_of(&asked.auth_req_id)), asked.answers(&Answering::Yes)]
    {
        assert!(told(answer, 400).contains("unmet_authentication_requirements"));
    }
    assert_eq!(asked.answers(&Answering::No).status, 303);
    asked.comes().is_refused(400, "access_denied");
}

#[test]
fn a_session_that_has_ended_decides_nothing() {
    let stack = Stack::shared();
    let signs_out = |asked: &Asked<'_>| {
        let mut browser = asked.browser.clone();
        let csrf = Page::of(browser.opens("/account").ok()).field("csrf");
        browser.submits("/sign-out", &Parameters::of([("csrf", &csrf)])).ok();
    };
    let is_shut_out = |asked: &Asked<'_>| {
        stack.operator().does(&["user", "disable", &asked.person.user_name]);
    };
    // The index that lists sessions lags behind, so that one that has just begun stays in the table.
    let is_shut_out_unlisted = |asked: &Asked<'_>| {
        let name = format!("\"user_name\":\"{}\"", asked.person.user_name);
        let mut sessions = stack.observer().items_of("SESSION#");
        sessions.retain(|item| item["body"]["S"].as_str().is_some_and(|body| body.contains(&name)));
        assert_eq!(sessions.len(), 1);
        is_shut_out(asked);
        for session in &sessions {
            stack.observer().puts(session);
        }
    };
    let ways: [&dyn Fn(&Asked<'_>); 3] = [&signs_out, &is_shut_out, &is_shut_out_unlisted];
    for (number, ends) in ways.iter().enumerate() {
        let asked = asked(stack);
        ends(&asked);
        for answering in [Answering::Yes, Answering::No, Answering::NotMe] {
            let answer = asked.answers(&answering);
            assert!(matches!(answer.status, 400 | 403), "{number}: {} {}", answer.status, answer.text());
        }
        assert!(asked.sees().has_form("/sign-in"), "{number}");
        let list = Page::of(asked.browser.clone().opens("/approval").ok());
        assert!(list.has_form("/sign-in"), "{number}: {}", list.words());
        assert_eq!(asked.comes().status, 400, "{number}");
    }
}

#[test]
fn a_request_cannot_be_approved_after_it_has_expired() {
    let stack = Stack::shared();
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let asked = asked_for(stack, &file, &Parameters::of([("requested_expiry", "30")]));
    thread::sleep(Duration::from_secs(31));
    for answering in [Answering::Yes, Answering::No] {
        let late = told(asked.answers(&answering), 400);
        assert!(late.contains("This request has expired"), "{answering:?}: {late}");
    }
    assert!(asked.sees().words().contains("This request has expired"));
    asked.comes().is_refused(400, "expired_token");
    let list = Page::of(asked.browser.clone().opens("/approval").ok());
    assert!(list.words().contains("Nothing waits for your answer."), "{}", list.words());

    // Who used their name is kept from asking again, and be it noticed too late.
    assert_eq!(asked.answers(&Answering::NotMe).status, 303);
    assert!(
        asked.sees().words().contains("You denied it, and blocked the agent"),
        "{}",
        asked.sees().words()
    );
    let account = Page::of(asked.browser.clone().opens("/account").ok());
    assert_eq!(account.fields("unblock"), ["asking-agent"]);
    asked.comes().is_refused(400, "expired_token");
}

/// Nobody blocks an agent in somebody else's name, nor by a request that was never made.
#[test]
fn what_is_not_theirs_lets_nobody_block_an_agent_be_it_expired_or_not() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let mut browser = Browser::new(stack);
    let somebody_else = somebody_reachable(stack);
    let sign_in = Page::of(browser.opens("/account").ok());
    browser.signs_in(&sign_in, &somebody_else).ok();
    assert_eq!(browser.answers(&asked.page, &Answering::NotMe).status, 403);
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.fields("unblock").is_empty());
}

/// What stood behind a yes has ended: the page does not go on saying that the agent may do it.
#[test]
fn a_page_says_when_what_was_approved_is_over() {
    let stack = Stack::shared();
    let (agent, person) = (another_asking_agent(stack), somebody_reachable(stack));
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of(&person.user_name, &file).with("scope", "openid files.access offline_access");
    let auth_req_id = agent.waits_for_approval(&form);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    browser.answers(&page, &Answering::Yes);
    let refresh = agent.comes_with(&auth_req_id).ok().string("refresh_token");
    let sees = |browser: &Browser<'_>| Page::of(browser.clone().opens(&page_of(&auth_req_id)).ok()).words();
    assert!(sees(&browser).contains("You approved it") && !sees(&browser).contains("it is over"));
    agent.revokes(&refresh);
    assert!(sees(&browser).contains("You approved it, and it is over"), "{}", sees(&browser));
    assert!(!sees(&browser).contains("Q4-report.pdf"), "{}", sees(&browser));
}

/// An answer of which nobody heard was taken back: the request stands as before, in a later version.
#[test]
fn a_form_of_an_earlier_version_is_shown_anew_and_decides_nothing() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let id = asked.auth_req_id.split('.').next().expect("an id");
    let mut item = stack.observer().item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
    item["version"]["N"] = json!("3");
    stack.observer().puts(&item);

    let answer = asked.answers(&Answering::Yes);
    assert_eq!(answer.status, 409, "{}", answer.text());
    let anew = Page::of(answer);
    assert!(anew.words().contains("Your answer did not reach us"), "{}", anew.words());
    asked.comes().is_refused(400, "authorization_pending");
    assert_eq!(asked.browser.clone().answers(&anew, &Answering::Yes).status, 303);
    asked.comes().ok();
}

#[test]
fn whoever_says_it_was_not_them_blocks_that_agent_until_they_lift_it() {
    let stack = Stack::shared();
    let asked = asked(stack);
    let mut browser = asked.browser.clone();
    let page = Page::of(browser.submits("/approval", &answer_form(&asked.page, &Answering::NotMe)).ok());
    assert!(page.words().contains("You denied it, and blocked the agent"), "{}", page.words());
    asked.comes().is_refused(400, "access_denied");

    // Another agent asks as before.
    let file = json!([the_file("Q4-report.pdf", &["read"])]);
    let form = for_approval_of(&asked.person.user_name, &file);
    let other = another_asking_agent(stack).waits_for_approval(&form);
    let page = browser.comes_to_approval(&asked.person, &other);
    assert!(page.has_form("/approval"), "{}", page.words());

    let account = Page::of(browser.opens("/account").ok());
    assert_eq!(account.fields("unblock"), ["asking-agent"]);
    let lifting = ["csrf", "unblock"].map(|name| (name, account.field(name)));
    let lifting = Parameters::of([("csrf", lifting[0].1.as_str()), ("unblock", lifting[1].1.as_str())]);
    let account = Page::of(browser.submits("/account", &lifting).ok());
    assert!(account.words().contains("The agent may ask you again."), "{}", account.words());
    assert!(account.fields("unblock").is_empty());
    let heard = asked.agent.waits_for_approval(&form);
    let page = browser.comes_to_approval(&asked.person, &heard);
    assert!(page.has_form("/approval"), "{}", page.words());
}

#[test]
fn nobody_lifts_what_another_has_blocked() {
    let stack = Stack::shared();
    let asked = asked(stack);
    assert_eq!(asked.answers(&Answering::NotMe).status, 303);
    let mut other = Browser::new(stack);
    let page = Page::of(other.opens("/account").ok());
    let account = Page::of(other.signs_in(&page, &somebody(stack)).ok());
    let lifting = Parameters::of([("csrf", &*account.field("csrf")), ("unblock", "asking-agent")]);
    assert_eq!(other.submits_and_stays("/account", &lifting).status, 303);
    let forged = lifting.with("csrf", "x.y");
    assert_eq!(asked.browser.clone().submits_and_stays("/account", &forged).status, 403);
    let account = Page::of(asked.browser.clone().opens("/account").ok());
    assert_eq!(account.fields("unblock"), ["asking-agent"]);
}

#[test]
fn a_denied_agent_asks_again_later_and_one_that_was_approved_at_once() {
    let stack = Stack::shared();
    for (answering, status) in [(Answering::No, 429), (Answering::Yes, 200)] {
        let asked = asked(stack);
        assert_eq!(asked.answers(&answering).status, 303);
        let file = json!([the_file("Q4-report.pdf", &["read"])]);
        let again = asked.agent.asks_elsewhere(&for_approval_of(&asked.person.user_name, &file));
        assert_eq!(again.status, status, "{answering:?}: {}", again.text());
    }
}

#[test]
fn one_request_alone_is_shown_at_once_and_of_several_each_has_its_line() {
    let stack = Stack::shared();
    let mut asked = asked(stack);
    let alone = Page::of(asked.browser.opens("/approval").ok());
    assert!(alone.words().contains("W4SCT") && alone.has_form("/approval"), "{}", alone.words());

    let file = json!([the_file("plan.txt", &["read"])]);
    let form = for_approval_of(&asked.person.user_name, &file).with("binding_message", "K7QPL");
    let second = another_asking_agent(stack).waits_for_approval(&form);
    let list = Page::of(asked.browser.opens("/approval").ok());
    assert!(!list.has_form("/approval"), "{}", list.words());
    for said in ["Asking Agent", "Other Asking Agent", "W4SCT", "K7QPL", "Until "] {
        assert!(list.words().contains(said), "{said}: {}", list.words());
    }
    for request in [&asked.auth_req_id, &second] {
        assert!(list.html.contains(&page_of(request)), "{}", list.html);
    }

    let form = answer_form(&asked.page, &Answering::No);
    let decided = Page::of(asked.browser.submits("/approval", &form).ok());
    assert!(decided.words().contains("You denied it"), "{}", decided.words());
    assert!(decided.html.contains(&page_of(&second)), "{}", decided.html);
    let alone = Page::of(asked.browser.opens("/approval").ok());
    assert!(alone.words().contains("K7QPL") && alone.has_form("/approval"), "{}", alone.words());
    asked.browser.answers(&alone, &Answering::Yes);
    let nothing = Page::of(asked.browser.opens("/approval").ok());
    assert!(nothing.words().contains("Nothing waits for your answer."), "{}", nothing.words());
}

/// Nothing that an agent writes acts on the page.
#[test]
fn a_binding_message_is_shown_as_text() {
    let stack = Stack::shared();
    let file = json!([the_file("</strong><script>alert(1)</script>", &["read"])]);
    let message = "<b>You</b> must & approve \"this\"";
    let asked = asked_for_message(stack, &file, message);
    assert!(asked.page.words().contains(message), "{}", asked.page.words());
    assert!(!asked.page.html.contains("<b>") && !asked.page.html.contains("<script"), "{}", asked.page.html);
}

fn asked_for_message<'s>(stack: &'s Stack, details: &Value, message: &str) -> Asked<'s> {
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let form = for_approval_of(&person.user_name, details).with("binding_message", message);
    let auth_req_id = agent.waits_for_approval(&form);
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &auth_req_id);
    Asked { stack, agent, person, auth_req_id, browser, page }
}
