//! A person sees what agents hold in their name and what tools did with it, and ends any of it. What is ended is over at the next
//! look of a tool, down the chain.

use std::time::Duration;
use std::{fs, thread};

use crate::agent::{Agent, BANK, an_agent, asks_for_a_file, the_file_tool};
use crate::browser::{Browser, Page};
use crate::exchange::Chain;
use crate::observer::body_of;
use crate::person::{Decision, Person, Tokens, granted, somebody, the_code, the_person_consents};
use crate::running_stack::remembered_consents::must_decide_again;
use crate::stack::Stack;
use crate::token::verified;
use crate::web::post;

const AGENTS: &str = "/account/agents";
pub(crate) const END: &str = "/account/agents/end";

/// Which authorization a token comes from.
pub(crate) fn grant_of(stack: &Stack, token: &str) -> String {
    verified(stack, token).claims["grant_id"].as_str().expect("a grant").to_owned()
}

fn access(id: &str) -> String {
    format!("{AGENTS}/access?of={id}")
}

fn ending(id: &str) -> String {
    format!("{END}?of={id}")
}

/// A browser in which the person is signed in.
fn at_home<'s>(stack: &'s Stack, person: &Person) -> Browser<'s> {
    let mut browser = Browser::new(stack);
    browser.comes_to_account(person, AGENTS);
    browser
}

/// The ids of the authorizations that a page lists.
fn listed(page: &Page) -> Vec<String> {
    let ids = page.html.split("/account/agents/access?of=").skip(1);
    ids.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

impl Browser<'_> {
    /// Ends what a page is about, by its button.
    #[track_caller]
    fn presses_end(&mut self, page: &Page, name: &str) -> Page {
        Page::of(self.submits(END, &page.form(["csrf", name])).ok())
    }

    #[track_caller]
    fn ends(&mut self, id: &str) {
        let page = Page::of(self.opens(&ending(id)).ok());
        let after = self.presses_end(&page, "of");
        assert!(after.words().contains("It was ended."), "{}", after.words());
        assert!(!listed(&after).contains(&id.to_owned()), "{}", after.html);
    }

    #[track_caller]
    fn ends_everything_of(&mut self, agent: &str) {
        let page = Page::of(self.opens(&format!("{END}?agent={agent}")).ok());
        let after = self.presses_end(&page, "agent");
        assert!(after.words().contains("Everything of that agent was ended."), "{}", after.words());
    }

    #[track_caller]
    fn finds(&mut self, query: &str) -> Vec<String> {
        listed(&Page::of(self.opens(&format!("{AGENTS}?{query}")).ok()))
    }
}

#[test]
fn what_agents_hold_is_listed_with_what_it_allows_and_can_be_searched() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = at_home(stack, &person);
    let nothing = Page::of(browser.opens(AGENTS).ok());
    assert!(nothing.words().contains("No agent may do anything in your name"), "{}", nothing.words());

    let first = granted(&agent, &person, &asks_for_a_file());
    let page = Page::of(browser.opens(AGENTS).ok());
    let id = grant_of(stack, &first.access_token);
    assert_eq!(listed(&page), std::slice::from_ref(&id));
    for said in [agent.id.as_str(), "Q4-report.pdf", "last used"] {
        assert!(page.words().contains(said), "{said} in {}", page.words());
    }
    for found in [
        "",
        "find=q4-REPORT",
        "find=Q4-report.pdf+read",
        &format!("agent={}", agent.id),
        "tool=https%3A%2F%2Ffiles.test",
        &format!("find=Q4&agent={}&tool=https%3A%2F%2Ffiles.test", agent.id),
    ] {
        assert_eq!(browser.finds(found), std::slice::from_ref(&id), "{found}");
    }
    for missed in ["find=Q3", "agent=remembered-agent", "tool=https%3A%2F%2Fbank.test", "find=Q4+Q3"] {
        assert!(browser.finds(missed).is_empty(), "{missed}");
        let page = Page::of(browser.opens(&format!("{AGENTS}?{missed}")).ok());
        assert!(page.words().contains("Nothing fits your search."), "{}", page.words());
    }
    let one = Page::of(browser.opens(&access(&id)).ok());
    for said in ["Q4-report.pdf", "No tool has gone on", "can still take the last one for up to"] {
        assert!(one.words().contains(said), "{said} in {}", one.words());
    }
}

#[test]
fn the_chain_of_tools_is_shown_in_the_order_in_which_they_went_on() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let first = granted(&an_agent(stack), &person, &asks_for_a_file()).access_token;
    let chain = Chain::of(stack, first.clone());
    the_file_tool(stack).exchanges(&chain.files, BANK).ok();
    let mut browser = at_home(stack, &person);
    let page = Page::of(browser.opens(&access(&grant_of(stack, &first))).ok());
    let shown = page.html.split("class=\"chain\"").nth(1).expect("the picture");
    let shown = shown.split("</section>").next().expect("its end");
    let place = |said: &str| shown.find(said).unwrap_or_else(|| panic!("{said} in {shown}"));
    let steps: Vec<&str> = shown.split("went on to").collect();
    assert_eq!(steps.len(), 3, "two ways, of which one was gone twice: {shown}");
    assert!(place("You") < place("acts for you") && place("acts for you") < place("went on to"));
    assert!(place("</strong> times, last") < place("once, "), "{shown}");
}

#[test]
fn what_a_person_ends_is_over_at_the_next_look_and_nothing_else_is() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let files = the_file_tool(stack);
    let first = granted(&agent, &person, &asks_for_a_file());
    let chain = Chain::of(stack, first.access_token.clone());
    let child = files.exchanges_to_go_on(&first.access_token, BANK).ok().string("access_token");
    let other = granted(&agent, &person, &asks_for_a_file());
    let of_another = granted(&agent, &somebody(stack), &asks_for_a_file());
    assert_eq!(chain.stands(stack), [true; 3]);

    let mut browser = at_home(stack, &person);
    let listed = listed(&Page::of(browser.opens(AGENTS).ok()));
    assert_eq!(listed.len(), 3, "two of the agent, and what the file server got by exchange");
    browser.ends(&grant_of(stack, &first.access_token));
    assert_eq!(chain.stands(stack), [false; 3]);
    agent.finds_inactive(&first.refresh_token);
    files.finds_inactive(&child);
    agent.refreshes(&first.refresh_token).is_refused(400, "invalid_grant");
    files.refreshes(&child).is_refused(400, "invalid_grant");
    files.exchanges(&chain.files, BANK).is_refused(400, "invalid_request");
    assert_eq!(browser.finds(""), [grant_of(stack, &other.access_token)], "the child went with its root");

    files.finds_active(&other.access_token);
    agent.refreshes(&other.refresh_token).ok();
    files.finds_active(&of_another.access_token);
}

/// A refresh token by exchange is ended alone, and what it comes from goes on.
#[test]
fn what_was_got_by_exchange_is_ended_without_what_it_comes_from() {
    let stack = Stack::shared();
    let (agent, person, files) = (an_agent(stack), somebody(stack), the_file_tool(stack));
    let first = granted(&agent, &person, &asks_for_a_file());
    let child = files.exchanges_to_go_on(&first.access_token, BANK).ok().string("access_token");
    let mut browser = at_home(stack, &person);
    let root = grant_of(stack, &first.access_token);
    let ids = browser.finds("");
    let id = ids.iter().find(|id| **id != root).expect("the child");
    browser.ends(id);
    files.refreshes(&child).is_refused(400, "invalid_grant");
    agent.refreshes(&first.refresh_token).ok();
}

#[test]
fn everything_of_an_agent_ends_whatever_it_is_and_other_agents_go_on() {
    let stack = Stack::whose_time_passes();
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let remembered = Agent::with_basic(&stack, "remembered-agent");
    let held: Vec<Tokens> = (0..2).map(|_| granted(&agent, &person, &asks_for_a_file())).collect();
    let chain = Chain::of(&stack, held[0].access_token.clone());
    let ask = asks_for_a_file();
    let code = the_person_consents(&agent, &person, &ask);
    let of_other = granted(&remembered, &person, &asks_for_a_file());
    let of_another_person = granted(&agent, &somebody(&stack), &asks_for_a_file());

    let mut browser = at_home(&stack, &person);
    browser.ends_everything_of(&agent.id);
    for tokens in &held {
        the_file_tool(&stack).finds_inactive(&tokens.access_token);
        agent.refreshes(&tokens.refresh_token).is_refused(400, "invalid_grant");
    }
    assert_eq!(chain.stands(&stack), [false; 3]);
    agent.redeems(&code, &ask).is_refused(400, "invalid_grant");
    assert_eq!(browser.finds(""), [grant_of(&stack, &of_other.access_token)]);
    remembered.refreshes(&of_other.refresh_token).ok();
    agent.refreshes(&of_another_person.refresh_token).ok();

    // It is not blocked: what the person gives it from now on is good.
    stack.time_passes(2);
    let again = granted(&agent, &person, &asks_for_a_file());
    the_file_tool(&stack).finds_active(&again.access_token);
    agent.refreshes(&again.refresh_token).ok();
}

/// The tool in the middle is ended: what it has of the person, and what came through it. What the agent holds goes on.
#[test]
fn everything_of_a_tool_in_the_chain_ends_from_there_on() {
    let stack = Stack::whose_time_passes();
    let (agent, person, files) = (an_agent(&stack), somebody(&stack), the_file_tool(&stack));
    let first = granted(&agent, &person, &asks_for_a_file());
    let chain = Chain::of(&stack, first.access_token.clone());
    let child = files.exchanges_to_go_on(&first.access_token, BANK).ok().string("access_token");
    let mut browser = at_home(&stack, &person);
    browser.ends_everything_of("files-tool");
    assert_eq!(chain.stands(&stack), [true, false, false]);
    files.refreshes(&child).is_refused(400, "invalid_grant");
    files.finds_inactive(&child);
    agent.refreshes(&first.refresh_token).ok();
}

/// What a person let us remember about the agent is worth nothing after that, and is listed no more.
#[test]
fn nothing_is_remembered_of_an_agent_whose_everything_was_ended() {
    let stack = Stack::shared();
    let (agent, person) = (Agent::with_basic(stack, "remembered-agent"), somebody(stack));
    let (mut browser, ask) = (Browser::new(stack), asks_for_a_file());
    let address = agent.sends_the_person_with(&agent.pushes(&ask));
    let page = browser.comes_to_consent(&person, &address);
    let code = the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    agent.redeems(&code, &ask).ok();
    browser.ends_everything_of("remembered-agent");
    must_decide_again(&mut browser, &agent);
    let account = Page::of(browser.opens("/account").ok());
    assert!(account.fields("consent").is_empty(), "{}", account.words());
}

/// The subject of a token that was exchanged and is not renewed stands in no list: what ended once ends again.
#[test]
fn an_agent_of_which_nothing_is_listed_any_more_is_ended_all_the_same() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let mut browser = at_home(stack, &person);
    let first = granted(&agent, &person, &asks_for_a_file());
    let id = grant_of(stack, &first.access_token);
    let form = Page::of(browser.opens(&ending(&id)).ok()).form(["csrf"]).and("agent", &agent.id);
    assert_eq!(browser.submits_and_stays(END, &form).status, 303);
    let sub = stack.operator().id_of(&person.user_name);
    let mark = || {
        let kept = body_of(&stack.observer().item(&format!("PERSON#{sub}"), "PERSON"));
        kept["ended_clients"][&agent.id].as_i64().expect("a mark")
    };
    let before = mark();
    thread::sleep(Duration::from_millis(1100));
    assert_eq!(browser.submits_and_stays(END, &form).status, 303);
    assert!(mark() > before);
}

/// An id that leads to another's is one that leads nowhere, be it looked at or ended.
#[test]
fn what_is_another_person_s_answers_as_if_it_were_not_there() {
    let stack = Stack::shared();
    let agent = an_agent(stack);
    let (victim, attacker) = (somebody(stack), somebody(stack));
    let theirs = granted(&agent, &victim, &asks_for_a_file());
    let own = granted(&agent, &attacker, &asks_for_a_file());
    let (their_id, own_id) = (grant_of(stack, &theirs.access_token), grant_of(stack, &own.access_token));
    let mut browser = at_home(stack, &attacker);
    let made_up = format!("{}AAAA", &their_id[4..]);
    for path in [access, ending] {
        let [answer, nothing] = [&their_id, &made_up].map(|id| browser.opens(&path(id)));
        assert_eq!((answer.status, nothing.status), (404, 404));
        let words = |answer| Page::of(answer).words();
        let (answer, nothing) = (words(answer), words(nothing));
        assert_eq!(answer, nothing);
        assert!(answer.contains("There is nothing of that kind, or it is over."), "{answer}");
    }
    let page = Page::of(browser.opens(&ending(&own_id)).ok());
    let form = page.form(["csrf", "of"]);
    for id in [&their_id, &made_up] {
        assert_eq!(browser.submits_and_stays(END, &form.clone().with("of", id)).status, 404);
    }
    // An agent that the person has nothing of: what no list shows ends as well, and of nobody else.
    let named = |agent| form.clone().without("of").with("agent", agent);
    assert_eq!(browser.submits_and_stays(END, &named("remembered-agent")).status, 303);
    assert_eq!(browser.submits_and_stays(END, &named("nobody")).status, 404);
    the_file_tool(stack).finds_active(&theirs.access_token);
    agent.refreshes(&theirs.refresh_token).ok();
    agent.refreshes(&own.refresh_token).ok();

    // The same agent: only what is the attacker's own ends.
    let again = granted(&agent, &victim, &asks_for_a_file());
    browser.ends_everything_of(&agent.id);
    the_file_tool(stack).finds_active(&again.access_token);
}

/// RFC 6749, section 10.12.
#[test]
fn nothing_is_ended_but_by_the_person_s_own_form() {
    let stack = Stack::shared();
    let (agent, person, stranger) = (an_agent(stack), somebody(stack), somebody(stack));
    let tokens = granted(&agent, &person, &asks_for_a_file());
    let id = grant_of(stack, &tokens.access_token);
    let mut browser = at_home(stack, &person);
    let form = Page::of(browser.opens(&ending(&id)).ok()).form(["csrf", "of"]);

    let elsewhere = post(&stack.url(END), &form).header("origin", "https://evil.test");
    assert_eq!(browser.sends(elsewhere).status, 403);
    assert_eq!(browser.submits_and_stays(END, &form.clone().with("csrf", "forged")).status, 403);
    for none in [form.clone().with("csrf", ""), form.clone().without("csrf")] {
        assert_eq!(browser.submits_and_stays(END, &none).status, 400);
    }
    assert_eq!(Browser::new(stack).submits_and_stays(END, &form).status, 403);
    assert_eq!(at_home(stack, &stranger).submits_and_stays(END, &form).status, 403);
    // A form of another page of the account.
    let other = Page::of(browser.opens("/account").ok()).field("csrf");
    assert_eq!(browser.submits_and_stays(END, &form.clone().with("csrf", &other)).status, 403);
    the_file_tool(stack).finds_active(&tokens.access_token);

    // Pressed twice it is ended, and says so.
    for _ in 0..2 {
        let answer = browser.submits_and_stays(END, &form);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    the_file_tool(stack).finds_inactive(&tokens.access_token);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let stack = Stack::shared();
    let person = somebody(stack);
    let mut browser = at_home(stack, &person);
    for (path, status) in [
        (format!("{AGENTS}/access"), 400),
        (access("not an id"), 400),
        (access("%00"), 400),
        (END.to_owned(), 400),
        (format!("{END}?agent="), 400),
        (format!("{END}?agent=a&of=AAAA"), 400),
        (format!("{AGENTS}?find=a&find=b"), 400),
        (format!("{AGENTS}?find=%ff"), 400),
        (format!("{END}?agent=nobody"), 404),
    ] {
        assert_eq!(browser.opens(&path).status, status, "{path}");
    }
}

/// Whoever is not signed in learns nothing, not even whether there is such a thing.
#[test]
fn who_is_not_signed_in_comes_to_sign_in() {
    let stack = Stack::shared();
    let tokens = granted(&an_agent(stack), &somebody(stack), &asks_for_a_file());
    for path in
        [AGENTS.to_owned(), access(&grant_of(stack, &tokens.access_token)), ending("A".repeat(22).as_str())]
    {
        let page = Page::of(Browser::new(stack).opens(&path).ok());
        assert!(page.has_form("/sign-in"), "{path}: {}", page.words());
    }
}

#[test]
fn an_agent_cannot_act_on_the_page_by_its_name() {
    const HOSTILE: &str = "<script>alert(1)</script>\\\"'&";
    let stack = Stack::start_with("agents-named-badly", &[], |folder| {
        let file = folder.join("clients").join("remembered-agent.toml");
        let text = fs::read_to_string(&file).expect("the file");
        let name = text.lines().find(|line| line.starts_with("name = ")).expect("a name").to_owned();
        fs::write(file, text.replace(&name, &format!("name = \"{HOSTILE}\""))).expect("written");
    });
    let (agent, person) = (Agent::with_basic(&stack, "remembered-agent"), somebody(&stack));
    let tokens = granted(&agent, &person, &asks_for_a_file());
    let mut browser = at_home(&stack, &person);
    let id = grant_of(&stack, &tokens.access_token);
    for path in [AGENTS.to_owned(), access(&id), ending(&id), format!("{END}?agent=remembered-agent")] {
        let page = Page::of(browser.opens(&path).ok());
        assert!(page.html.contains("&#60;script&#62;alert(1)"), "{path}: {}", page.html);
        assert!(!page.html.contains("<script"), "{path}: {}", page.html);
    }
}

#[test]
fn what_a_person_ends_is_in_the_audit() {
    let stack = Stack::start("agents-audit", &[]);
    let (agent, person) = (an_agent(&stack), somebody(&stack));
    let tokens: Vec<Tokens> = (0..2).map(|_| granted(&agent, &person, &asks_for_a_file())).collect();
    let mut browser = at_home(&stack, &person);
    let id = grant_of(&stack, &tokens[0].access_token);
    let sub = stack.operator().id_of(&person.user_name);
    let page = Page::of(browser.opens(&ending(&id)).ok());
    let answer = browser.submits_and_stays(END, &page.form(["csrf", "of"]));
    let events = stack.observer().audit_of(&answer);
    assert_eq!(events.len(), 1, "{events:?}");
    for (name, value) in
        [("event", "access-ended"), ("person", &sub), ("client", &agent.id), ("grant_id", &id)]
    {
        assert_eq!(events[0][name], value, "{name} in {events:?}");
    }
    let page = Page::of(browser.opens(&format!("{END}?agent={}", agent.id)).ok());
    let answer = browser.submits_and_stays(END, &page.form(["csrf", "agent"]));
    let events = stack.observer().audit_of(&answer);
    assert_eq!(events[0]["event"], "agent-ended", "{events:?}");
}

/// Who renews at the very moment does not keep what the person ends.
#[test]
fn what_is_renewed_while_it_is_ended_is_over_all_the_same() {
    let stack = Stack::shared();
    let (agent, person) = (an_agent(stack), somebody(stack));
    let tokens = granted(&agent, &person, &asks_for_a_file());
    let mut browser = at_home(stack, &person);
    let form =
        Page::of(browser.opens(&ending(&grant_of(stack, &tokens.access_token))).ok()).form(["csrf", "of"]);
    let newest = thread::scope(|scope| {
        let renewing = scope.spawn(|| {
            let mut newest = tokens.refresh_token.clone();
            for _ in 0..20 {
                let answer = agent.refreshes(&newest);
                if answer.status != 200 {
                    break;
                }
                newest = answer.string("refresh_token");
            }
            newest
        });
        let answer = browser.submits_and_stays(END, &form);
        assert_eq!(answer.status, 303, "{}", answer.text());
        renewing.join().expect("renewed")
    });
    agent.refreshes(&newest).is_refused(400, "invalid_grant");
}
