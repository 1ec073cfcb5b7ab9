//! The table carries a call out, and its reply is lost. The SDK asks again and meets its own first attempt, which looks like
//! somebody else's: it must not be taken for a replay, a race or a spent request.

use serde_json::json;

use crate::agent::{Agent, asks_for_a_file, the_file, the_file_tool};
use crate::asking::{Answering, an_asking_agent, for_approval_of, somebody_reachable, the_person_answers};
use crate::browser::{Browser, Page};
use crate::inviting::{an_invited_agent, with_the_code};
use crate::local_stack::backchannel::soon;
use crate::person::{Decision, Person, granted, somebody, the_code};
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

/// The whole way, with everything that writes: the push by an assertion that is spent, the sign-in that counts its attempt,
/// the consent that is remembered, the code, the rotation, the revocations, the denial, and signing out.
fn walks(stack: &Stack, person: &Person) {
    let agent = Agent::signing(stack, "ES256");
    let (tool, ask) = (the_file_tool(stack), asks_for_a_file());
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let code = the_code(stack, &browser.decides(&page, &Decision::AllAndRemember));
    let tokens = agent.redeems(&code, &ask).ok();
    tool.finds_active(&tokens.string("access_token"));
    let renewed = agent.refreshes(&tokens.string("refresh_token")).ok();
    tool.finds_active(&renewed.string("access_token"));
    agent.revokes(&tokens.string("access_token"));
    tool.finds_inactive(&tokens.string("access_token"));
    tool.finds_active(&renewed.string("access_token"));
    agent.revokes(&renewed.string("refresh_token"));
    tool.finds_inactive(&renewed.string("access_token"));

    let page = browser.comes_to_consent(person, &agent.sends_the_person_asking(&asks_for_a_file()));
    let denied = browser.decides(&page, &Decision::Deny);
    assert_eq!(denied.callback(crate::agent::CALLBACK)["error"], "access_denied");
    let account = Page::of(browser.opens("/account").ok());
    browser.submits("/sign-out", &Parameters::of([("csrf", &account.field("csrf"))])).ok();
    assert!(browser.cookie("session").is_none());
}

/// Walks a way as often as it has calls to the table; each time another one loses its reply.
#[track_caller]
fn loses_each_reply<T>(stack: &Stack, prepares: impl Fn() -> T, walks: impl Fn(T)) {
    for lost in 0..200 {
        let ready = prepares();
        stack.suffers(&json!({ "kind": "lose_reply", "skip": lost, "times": 1 }));
        walks(ready);
        let struck = stack.calls_that_failed();
        stack.recovers();
        if struck == 0 {
            assert!(lost > 25, "the way has {lost} calls only");
            return;
        }
    }
    panic!("the way has no end");
}

#[test]
fn whichever_reply_is_lost_the_way_goes_on() {
    let stack = Stack::start("lost-replies", &[]);
    let person = somebody(&stack);
    the_file_tool(&stack).finds_inactive("junk");
    loses_each_reply(&stack, || (), |()| walks(&stack, &person));
}

/// The way by somebody who is elsewhere: the request that is counted and kept, the poll that is noted, yes and no, the tokens.
fn asks_elsewhere(stack: &Stack, [first, second]: &[Person; 2]) {
    let agent = an_asking_agent(stack);
    let asks = |person: &Person| {
        let form = for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]));
        let auth_req_id = agent.waits_for_approval(&form);
        agent.comes_with(&auth_req_id).is_refused(400, "authorization_pending");
        auth_req_id
    };
    let auth_req_id = asks(first);
    the_person_answers(stack, first, &auth_req_id, &Answering::Yes);
    let tokens = agent.comes_with(&auth_req_id).ok();
    the_file_tool(stack).finds_active(&tokens.string("access_token"));
    agent.comes_with(&auth_req_id).is_refused(400, "invalid_grant");

    let auth_req_id = asks(second);
    the_person_answers(stack, second, &auth_req_id, &Answering::No);
    agent.comes_with(&auth_req_id).is_refused(400, "access_denied");
}

/// Each time others are asked: whoever has declined is not asked again so soon.
#[test]
fn whichever_reply_is_lost_whoever_is_elsewhere_is_asked_and_heard() {
    let stack = Stack::start("lost-replies-elsewhere", &[]);
    the_file_tool(&stack).finds_inactive("junk");
    let people = || [(); 2].map(|()| somebody_reachable(&stack));
    loses_each_reply(&stack, people, |people| asks_elsewhere(&stack, &people));
}

/// Two replies in a row are as good as one: the attempt knows itself however often it comes.
#[test]
fn two_lost_replies_in_a_row_end_nothing() {
    let stack = Stack::start("two-lost-replies", &[]);
    let (agent, person, ask) =
        (Agent::with_basic(&stack, "report-agent"), somebody(&stack), asks_for_a_file());
    let loses = |operation: &str| {
        stack.recovers();
        stack.suffers(&json!({ "kind": "lose_reply", "operation": operation, "times": 2 }));
    };
    let struck = || assert_eq!(stack.calls_that_failed(), 2);
    loses("PutItem");
    let request_uri = agent.pushes(&ask);
    struck();
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&request_uri));
    loses("PutItem");
    let code = the_code(&stack, &browser.decides(&page, &Decision::All));
    struck();
    loses("PutItem");
    let tokens = agent.redeems(&code, &ask).ok();
    struck();
    loses("PutItem");
    let renewed = agent.refreshes(&tokens.string("refresh_token")).ok();
    struck();
    the_file_tool(&stack).finds_active(&renewed.string("access_token"));
    loses("UpdateItem");
    agent.revokes(&renewed.string("refresh_token"));
    struck();
    the_file_tool(&stack).finds_inactive(&renewed.string("access_token"));
}

/// No write is ever answered, but the table can be looked at: what was done is done.
#[test]
fn a_write_that_is_never_answered_is_settled_by_a_look() {
    let stack = Stack::start("no-write-is-answered", &[]);
    let (agent, person, ask) =
        (Agent::with_basic(&stack, "report-agent"), somebody(&stack), asks_for_a_file());
    let tool = the_file_tool(&stack);
    let mut browser = Browser::new(&stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&asks_for_a_file())));

    for operation in ["PutItem", "UpdateItem"] {
        stack.suffers(&json!({ "kind": "lose_reply", "operation": operation }));
    }
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let code = the_code(&stack, &browser.decides(&page, &Decision::All));
    let tokens = agent.redeems(&code, &ask).ok();
    let renewed = agent.refreshes(&tokens.string("refresh_token")).ok();
    tool.finds_active(&renewed.string("access_token"));
    agent.revokes(&renewed.string("refresh_token"));
    tool.finds_inactive(&renewed.string("access_token"));
    assert!(stack.calls_that_failed() >= 5 * 3);
}

/// The authorization and the person; the client's state is remembered.
const READS_OF_A_REDEMPTION: u32 = 2;

/// Nothing is answered any more, from the write on. The caller hears that it was us, asks again, and is not taken for a thief.
#[test]
fn whoever_heard_nothing_of_what_was_done_may_ask_again() {
    let stack = Stack::start("nothing-is-answered", &[]);
    let (agent, person) = (Agent::with_basic(&stack, "report-agent"), somebody(&stack));
    let tool = the_file_tool(&stack);
    let tokens = granted(&agent, &person, &asks_for_a_file());
    let mut browser = Browser::new(&stack);
    let sign_in = Page::of(browser.opens("/sign-in").ok());
    stack.takes_notice();
    agent.pushes(&asks_for_a_file());

    let nothing_is_answered_after = |reads: u32| {
        stack.recovers();
        stack.suffers(&json!({ "kind": "lose_reply", "skip": reads }));
    };
    let unavailable = |answer: &Answer| answer.is_refused(503, "temporarily_unavailable");
    nothing_is_answered_after(0);
    unavailable(&agent.sends("/par", &asks_for_a_file().parameters));
    stack.recovers();
    let ask = asks_for_a_file();
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let code = the_code(&stack, &browser.decides(&page, &Decision::All));
    nothing_is_answered_after(READS_OF_A_REDEMPTION);
    unavailable(&agent.redeems(&code, &ask));
    stack.recovers();
    let redeemed = agent.redeems(&code, &ask).ok();
    tool.finds_active(&redeemed.string("access_token"));
    agent.redeems(&code, &ask).is_refused(400, "invalid_grant");
    tool.finds_inactive(&redeemed.string("access_token"));

    // The authorization and the person are read; then the rotation is written.
    nothing_is_answered_after(2);
    unavailable(&agent.refreshes(&tokens.refresh_token));
    stack.recovers();
    stack.suffers(&json!({ "kind": "lose_reply", "operation": "PutItem" }));
    assert_eq!(browser.signs_in(&sign_in, &person).status, 503);
    unavailable(&agent.sends("/revoke", &Parameters::of([("token", &tokens.access_token)])));
    stack.recovers();

    agent.pushes(&asks_for_a_file());
    let renewed = agent.refreshes(&tokens.refresh_token).ok();
    tool.finds_active(&renewed.string("access_token"));
    tool.finds_inactive(&tokens.access_token);
    browser.signs_in(&sign_in, &person).ok();
    assert!(browser.cookie("session").is_some());

    nothing_is_answered_after(0);
    let token = renewed.string("refresh_token");
    unavailable(&agent.sends("/revoke", &Parameters::of([("token", &token)])));
    stack.recovers();
    tool.finds_inactive(&renewed.string("access_token"));
    agent.revokes(&token);
}

/// An `auth_req_id` is spent as a code is: what was made of it and not heard of is taken back.
#[test]
fn whoever_heard_nothing_of_the_tokens_of_an_approval_may_ask_again() {
    let stack = Stack::start("approvals-tokens-unheard", &[]);
    let (agent, person) = (an_asking_agent(&stack), somebody_reachable(&stack));
    let form = for_approval_of(&person.user_name, &json!([the_file("Q4-report.pdf", &["read"])]));
    let auth_req_id = agent.waits_for_approval(&form);
    the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
    stack.suffers(&json!({ "kind": "lose_reply", "skip": READS_OF_A_REDEMPTION }));
    agent.comes_with(&auth_req_id).is_refused(503, "temporarily_unavailable");
    assert!(stack.calls_that_failed() > 1, "the redemption, and its taking back");
    stack.recovers();
    let tokens = agent.comes_with(&auth_req_id).ok();
    the_file_tool(&stack).finds_active(&tokens.string("access_token"));
    agent.comes_with(&auth_req_id).is_refused(400, "invalid_grant");
}

/// How many requests wait for whoever looks at their page.
fn waiting_for(browser: &mut Browser<'_>) -> usize {
    let page = Page::of(browser.opens("/approval").ok());
    if page.has_form("/approval") { 1 } else { page.html.matches("/approval?request=").count() }
}

/// An invitation is spent by the write that keeps the request which it is for (OpenID CIBA Core 1.0, section 7.1: `login_hint_token`).
/// From whichever call on the table is silent, or carries calls out and is not heard: the invitation is good again, its person need not
/// make another one, and is asked by what the agent was told of alone.
#[test]
fn an_invitation_of_whose_request_nothing_was_heard_is_good_again() {
    let stack = Stack::start("invitations-given-back", &[]);
    let agent = an_invited_agent(&stack);
    for kind in ["lose_reply", "refuse", "throttle"] {
        let (person, mut browser) = (somebody(&stack), Browser::new(&stack));
        let made = (0..50).find(|from| {
            let asks = with_the_code(&browser.invites(&person, &agent.id));
            stack.suffers(&json!({ "kind": kind, "skip": from }));
            let answer = agent.asks_elsewhere(&asks);
            stack.recovers();
            let again = agent.asks_elsewhere(&asks);
            if answer.status == 200 {
                again.is_refused(400, "expired_login_hint_token");
            } else {
                answer.is_refused(503, "temporarily_unavailable");
                again.ok();
            }
            assert_eq!(waiting_for(&mut browser), 1, "{kind} from call {from}");
            // Only so many are made in a minute, requests wait three, and the server has to read its configuration anew.
            stack.time_passes(200);
            answer.status == 200
        });
        assert!(made.is_some_and(|calls| calls >= 3), "{kind}: a request has {made:?} calls");
    }
}

/// The SDK sends the write once more, whose first answer was lost. It knows itself, and is not taken for another request with the same
/// invitation; where no answer comes at all, a look settles it.
#[test]
fn a_request_with_an_invitation_whose_answers_were_lost_is_not_in_its_own_way() {
    let stack = Stack::start("invitations-spent-unheard", &[]);
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    for times in [json!(1), json!(2), json!(null)] {
        let asks = with_the_code(&browser.invites(&person, &agent.id));
        let mut fault = json!({ "kind": "lose_reply", "operation": "TransactWriteItems" });
        if !times.is_null() {
            fault["times"] = times;
        }
        stack.suffers(&fault);
        let auth_req_id = agent.waits_for_approval(&asks);
        assert!(stack.calls_that_failed() > 0);
        stack.recovers();
        agent.asks_elsewhere(&asks).is_refused(400, "expired_login_hint_token");
        the_person_answers(&stack, &person, &auth_req_id, &Answering::Yes);
        agent.comes_with(&auth_req_id).ok();
    }
}

/// Both have found the invitation unspent. The write of the one is on its way for long, and the other comes first.
#[test]
fn an_invitation_that_another_request_spends_meanwhile_is_spent() {
    let stack = Stack::start("invitations-spent-meanwhile", &[]);
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let asks = with_the_code(&browser.invites(&person, &agent.id));
    stack.suffers(
        &json!({ "kind": "delay", "operation": "TransactWriteItems", "times": 1, "milliseconds": 700 }),
    );
    let (late, first) = std::thread::scope(|scope| {
        let late = scope.spawn(|| agent.asks_elsewhere(&asks));
        soon(|| (stack.calls_that_failed() > 0).then_some(()));
        let first = agent.asks_elsewhere(&asks);
        (late.join().expect("it is answered"), first)
    });
    late.is_refused(400, "expired_login_hint_token");
    the_person_answers(&stack, &person, &first.ok().string("auth_req_id"), &Answering::Yes);
    assert_eq!(waiting_for(&mut browser), 0, "nobody is asked by the other");
}

/// A write that was given up arrives after all, when what it would have done has been taken back.
#[test]
fn a_request_with_an_invitation_that_arrives_after_it_was_taken_back_is_not_kept() {
    let stack = Stack::in_a_hurry("invitations-spent-late", OF_A_CALL);
    let (agent, person) = (an_invited_agent(&stack), somebody(&stack));
    let mut browser = Browser::new(&stack);
    let asks = with_the_code(&browser.invites(&person, &agent.id));
    // What takes it back is a transaction, too.
    let late = 6 * OF_A_CALL;
    stack.suffers(&json!({ "kind": "delay", "containing": "SET spent", "milliseconds": late }));
    agent.asks_elsewhere(&asks).is_refused(503, "temporarily_unavailable");
    assert!(stack.calls_that_failed() > 0);
    stack.recovers();
    std::thread::sleep(std::time::Duration::from_millis(u64::from(late) + 300));
    assert_eq!(waiting_for(&mut browser), 0);
    agent.waits_for_approval(&asks);
    agent.asks_elsewhere(&asks).is_refused(400, "expired_login_hint_token");
    assert_eq!(waiting_for(&mut browser), 1);
}

/// The session; the person, with the request if it was pushed.
const READS_OF_A_DECISION: u32 = 2;

/// Whether the request was pushed or came with the browser: nobody has got what was made of the unheard decision, and the one
/// that is heard counts, be it another.
#[test]
fn a_person_who_heard_nothing_of_their_decision_may_decide_anew() {
    let stack = Stack::start("decisions-unheard", &[]);
    let (agent, person) = (Agent::with_basic(&stack, "report-agent"), somebody(&stack));
    let mut browser = Browser::new(&stack);
    browser.comes_to_consent(&person, &agent.sends_the_person_asking(&asks_for_a_file()));
    for is_pushed in [true, false] {
        for [unheard, heard] in [[Decision::All, Decision::Deny], [Decision::Deny, Decision::All]] {
            let ask = asks_for_a_file();
            let address = if is_pushed {
                agent.sends_the_person_with(&agent.pushes(&ask))
            } else {
                agent.sends_the_person_asking(&ask)
            };
            let page = browser.comes_to_consent(&person, &address);
            stack.suffers(&json!({ "kind": "lose_reply", "skip": READS_OF_A_DECISION }));
            assert_eq!(browser.decides(&page, &unheard).status, 503);
            assert!(stack.calls_that_failed() > 1, "the decision, and its taking back");
            stack.recovers();
            let told = browser.decides(&page, &heard).callback(crate::agent::CALLBACK);
            match heard {
                Decision::Deny => assert_eq!(told["error"], "access_denied"),
                _ => drop(agent.redeems(&told["code"], &ask).ok()),
            }
            assert_eq!(browser.decides(&page, &Decision::All).status, 400, "it is decided");
        }
    }
}

/// A call of this may take so long, and all calls of a request three times as long.
const OF_A_CALL: u32 = 400;

/// The writes arrive and are answered after the request was given up. What spends a code is taken back even then, in a call
/// that has its own time: whoever comes again is not taken for a thief.
#[test]
fn what_was_spent_by_a_request_that_ran_out_of_time_is_taken_back() {
    let stack = Stack::in_a_hurry("late-replies", OF_A_CALL);
    let (agent, person) = (Agent::with_basic(&stack, "report-agent"), somebody(&stack));
    let (tool, ask) = (the_file_tool(&stack), asks_for_a_file());
    let mut browser = Browser::new(&stack);
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let code = the_code(&stack, &browser.decides(&page, &Decision::All));
    tool.finds_inactive("junk");

    stack.suffers(&json!({ "kind": "delay_reply", "operation": "PutItem", "milliseconds": 4 * OF_A_CALL }));
    agent.redeems(&code, &ask).is_refused(503, "temporarily_unavailable");
    assert_eq!(stack.calls_that_failed(), 2, "the redemption, and its taking back");
    stack.recovers();
    let tokens = agent.redeems(&code, &ask).ok();
    tool.finds_active(&tokens.string("access_token"));
}
