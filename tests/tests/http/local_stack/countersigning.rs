//! What takes a countersignature: a person signs with their passkey exactly what was shown to them, elsewhere or at the browser, and it
//! is kept as evidence. Passkeys take a domain, which only the local server has. The authenticator is made of the specification alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::agent::{Agent, an_agent, asks, the_file, the_file_tool};
use crate::asking::{
    Answering, an_asking_agent, answer_form, for_approval_of, for_signing_in_of, page_of, somebody_reachable,
};
use crate::at_once::at_once;
use crate::authenticator::Authenticator;
use crate::browser::{Browser, Page};
use crate::local_stack::aws_calls::Calls;
use crate::local_stack::passkeys::{PASSKEYS, options, removal, who_has_a_passkey};
use crate::observer::body_of;
use crate::person::{Decision, Person, decision_form, the_code};
use crate::stack::Stack;
use crate::token::verified;
use crate::web::{Answer, Parameters};

pub(crate) fn the_vault(identifier: &str) -> Value {
    json!({ "type": "vault", "identifier": identifier })
}

/// Somebody who may be asked, their browser, in which they typed a password, and their passkey.
pub(crate) fn somebody_with_a_passkey(stack: &Stack) -> (Person, Browser<'_>, Authenticator) {
    who_has_a_passkey(stack, somebody_reachable(stack))
}

/// A request that waits for a countersignature.
struct Asked<'s> {
    stack: &'s Stack,
    agent: Agent<'s>,
    person: Person,
    browser: Browser<'s>,
    authenticator: Authenticator,
    auth_req_id: String,
    /// The page on which the person chooses.
    page: Page,
}

impl<'s> Asked<'s> {
    fn of_vault(stack: &'s Stack) -> Self {
        let details = json!([the_vault("A"), the_vault("B")]);
        Self::with(stack, somebody_with_a_passkey(stack), |person| for_approval_of(person, &details))
    }

    fn with(
        stack: &'s Stack,
        (person, mut browser, authenticator): (Person, Browser<'s>, Authenticator),
        form: impl Fn(&str) -> Parameters,
    ) -> Self {
        let agent = an_asking_agent(stack);
        let auth_req_id = agent.waits_for_approval(&form(&person.user_name));
        let page = browser.comes_to_approval(&person, &auth_req_id);
        Self { stack, agent, person, browser, authenticator, auth_req_id, page }
    }

    /// The person has chosen: the page on which they sign.
    #[track_caller]
    fn chooses(&mut self, answering: &Answering) -> Page {
        to_sign(self.browser.answers(&self.page, answering))
    }

    #[track_caller]
    fn signs(&mut self, page: &Page) -> Answer {
        let form = signed(page, &mut self.authenticator);
        self.sends(&form)
    }

    /// The person has approved all of it, and signed what that shows: what the form sends.
    #[track_caller]
    fn signed_yes(&mut self) -> Parameters {
        let page = self.chooses(&Answering::Yes);
        signed(&page, &mut self.authenticator)
    }

    fn sends(&mut self, form: &Parameters) -> Answer {
        self.browser.submits_and_stays("/approval", form)
    }

    /// Nothing is decided, and nothing is kept.
    #[track_caller]
    fn still_waits(&self) {
        self.agent.comes_with(&self.auth_req_id).is_refused(400, "authorization_pending");
        assert!(self.evidence().is_empty(), "{:?}", self.evidence());
    }

    /// The evidence of this request.
    fn evidence(&self) -> Vec<Value> {
        let id = self.auth_req_id.split('.').next().expect("an id");
        let all = self.stack.observer().items_of("EVIDENCE#");
        all.iter().map(body_of).filter(|kept| kept.to_string().contains(id)).collect()
    }
}

impl Browser<'_> {
    /// Approves all that a consent page asks, signs it, and goes where that leads.
    pub(crate) fn decides_and_signs(&mut self, page: &Page, authenticator: &mut Authenticator) -> Answer {
        let page = to_sign(self.submits_and_stays("/consent", &decision_form(page, &Decision::All)));
        let form = signed(&page, authenticator);
        self.submits("/consent", &form)
    }
}

/// The page on which something is signed.
#[track_caller]
pub(crate) fn to_sign(answer: Answer) -> Page {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let page = Page::of(answer);
    assert!(page.html.contains("data-passkey=\"get\""), "{}", page.words());
    page
}

/// What that page's script sends once the authenticator has answered.
pub(crate) fn signed(page: &Page, authenticator: &mut Authenticator) -> Parameters {
    let answer = authenticator.get(&options(page));
    let named = if page.has_form("/consent") { "interaction" } else { "request" };
    page.form([named, "countersignature", "shown"]).and("answer", &answer)
}

/// The text that the page shows, as what it says.
#[track_caller]
pub(crate) fn displayed(page: &Page) -> Value {
    serde_json::from_str(&page.field("shown")).expect("JSON")
}

/// The page refuses a countersignature, and the audit says why.
#[track_caller]
fn is_not_taken(stack: &Stack, answer: &Answer, said: &str, why: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text());
    let words = Page::of(answer.clone()).words();
    assert!(words.contains(said) && words.contains("Nothing is decided"), "{words}");
    let audit = stack.observer().audit_of(answer);
    assert_eq!((&audit[0]["outcome"], &audit[0]["why"]), (&json!("failed"), &json!(why)), "{audit:?}");
}

#[test]
fn what_is_signed_is_what_was_shown_and_the_token_names_the_evidence() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let page = asked.chooses(&Answering::Details(vec!["1"]));
    assert!(page.words().contains("Open the vault B"), "{}", page.words());
    assert!(page.words().contains("You do not allow"), "{}", page.words());
    let shown = page.field("shown");
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, shown.as_bytes()).as_ref());
    assert_eq!(options(&page)["challenge"], hash, "the challenge is its hash");
    assert_eq!(options(&page)["userVerification"], "required");
    assert_eq!(options(&page)["allowCredentials"].as_array().map(Vec::len), Some(1));
    let displayed = displayed(&page);
    assert_eq!(displayed["details"][0]["choice"], "unticked", "{displayed}");
    assert_eq!(displayed["details"][1]["choice"], "ticked", "{displayed}");
    assert_eq!(displayed["binding_message"], "W4SCT", "{displayed}");
    assert_eq!(displayed["client"]["id"], "asking-agent", "{displayed}");
    assert_eq!(displayed["language"], "en", "{displayed}");
    asked.still_waits();

    assert_eq!(asked.signs(&page).status, 303);
    let tokens = asked.agent.comes_with(&asked.auth_req_id).ok();
    let claims = verified(stack, &tokens.string("access_token")).claims;
    assert_eq!(claims["approval"], displayed["approval"], "{claims}");
    assert_eq!(claims["authorization_details"], json!([the_vault("B")]), "{claims}");
    // They had typed a password, and then proved with a passkey that it was them.
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("phr"), &json!(["pop", "user", "mfa"])), "{claims}");
    let introspected = the_file_tool(stack).finds_active(&tokens.string("access_token"));
    assert_eq!(introspected["approval"], displayed["approval"], "{introspected}");
    let evidence = asked.evidence();
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0]["granted"]["details"], json!([the_vault("B")]), "{evidence:?}");
    assert_eq!(evidence[0]["entry"]["number"], 1, "{evidence:?}");
}

#[test]
fn approvals_of_one_person_are_a_chain_and_its_head_names_the_last() {
    let stack = Stack::shared();
    let mut first = Asked::of_vault(stack);
    let page = first.chooses(&Answering::Yes);
    assert_eq!(first.signs(&page).status, 303);
    let first_kept = first.evidence().remove(0);
    let person = first_kept["entry"]["person"].clone();
    let them = (first.person, first.browser, first.authenticator);
    let mut second = Asked::with(stack, them, |name| for_approval_of(name, &json!([the_vault("C")])));
    let page = second.chooses(&Answering::Yes);
    assert_eq!(second.signs(&page).status, 303);
    let kept = second.evidence().remove(0);
    assert_eq!(kept["entry"]["number"], 2);
    assert_eq!(kept["previous"], first_kept["head"]);
    let head = body_of(&stack.observer().item("HEADS#", person.as_str().expect("a sub")));
    assert_eq!((&head["number"], &head["hash"]), (&json!(2), &kept["head"]));
}

#[test]
fn a_countersignature_with_one_thing_wrong_is_refused_and_nothing_is_written() {
    type Wrong = (fn(&mut Authenticator), &'static str, &'static str);
    let wrong: [Wrong; 6] = [
        (|it| it.verifies = false, "did not check", "the authenticator has not verified the person"),
        (|it| it.is_touched = false, "did not check", "nobody was present"),
        (
            |it| it.origin = "https://evil.example".into(),
            "not good",
            "the answer was given to a page of another origin",
        ),
        (
            |it| it.top_origin = Some("https://evil.example".into()),
            "not good",
            "the answer was given in a frame of another page",
        ),
        (|it| it.id = vec![7; 16], "no passkey of your account", "the person has no such passkey"),
        (
            |it| it.handle = format!("person-{}", "A".repeat(22)),
            "no passkey of your account",
            "the passkey is of another person",
        ),
    ];
    let stack = Stack::shared();
    for (spoil, said, why) in wrong {
        let mut asked = Asked::of_vault(stack);
        let page = asked.chooses(&Answering::Yes);
        spoil(&mut asked.authenticator);
        let refused = asked.signs(&page);
        is_not_taken(stack, &refused, said, why);
        asked.still_waits();
    }
}

#[test]
fn a_copied_passkey_signs_nothing() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    assert_eq!(asked.browser.answers_with(&mut asked.authenticator).status, 303);
    asked.page = Page::of(asked.browser.opens(&page_of(&asked.auth_req_id)).ok());
    let page = asked.chooses(&Answering::Yes);
    asked.authenticator.counter = Some(0);
    let refused = asked.signs(&page);
    is_not_taken(stack, &refused, "there may be a copy of it", "the passkey may have been copied");
    asked.still_waits();
}

/// Each is a signature of this very person, about something else than what the form says.
#[test]
fn a_signature_of_another_text_request_or_choice_is_refused() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let some = asked.chooses(&Answering::Details(vec!["0"]));
    let all = asked.chooses(&Answering::Yes);
    let form = signed(&some, &mut asked.authenticator);
    let shown = some.field("shown");
    for changed in [
        form.clone().with("shown", &all.field("shown")),
        form.clone().with("shown", &shown.replacen("unticked", "ticked", 1)),
        form.clone().with("shown", &shown.replacen("W4SCT", "W4SCU", 1)),
        form.clone().with("shown", &shown.replacen(':', ": ", 1)),
    ] {
        let refused = asked.sends(&changed);
        is_not_taken(stack, &refused, "not what was shown", "it is of another text");
    }
    // What is sealed for the one text, and signed for the other.
    let mixed = form
        .clone()
        .with("shown", &all.field("shown"))
        .with("countersignature", &all.field("countersignature"));
    let refused = asked.sends(&mixed);
    is_not_taken(stack, &refused, "not what was shown", "the answer is to another challenge");
    let mut other = Asked::of_vault(stack);
    let elsewhere = other.chooses(&Answering::Yes);
    let foreign = form.with("countersignature", &elsewhere.field("countersignature"));
    let refused = asked.sends(&foreign);
    is_not_taken(stack, &refused, "took too long", "it is too old, or of another browser or session");
    asked.still_waits();
    other.still_waits();
}

#[test]
fn a_signature_for_one_request_approves_no_other_of_the_same_person() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let form = asked.signed_yes();
    let name = &asked.person.user_name;
    let second = asked.agent.waits_for_approval(&for_approval_of(name, &json!([the_vault("C")])));
    let other = Page::of(asked.browser.opens(&page_of(&second)).ok());
    let moved = form.with("request", &other.field("request"));
    let refused = asked.sends(&moved);
    is_not_taken(stack, &refused, "not what was shown", "it is of another request");
    asked.agent.comes_with(&second).is_refused(400, "authorization_pending");
    asked.still_waits();
}

/// Removing one ends the session in which the page was shown, and whatever removes it otherwise leaves nothing to verify by.
#[test]
fn a_passkey_that_was_removed_meanwhile_signs_nothing() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let form = asked.signed_yes();
    let sub = stack.operator().id_of(&asked.person.user_name);
    let mut kept = stack.observer().item(&format!("PASSKEYS#{sub}"), "PASSKEYS");
    let before = kept.clone();
    kept["body"]["S"] = json!("{}");
    stack.observer().puts(&kept);
    let refused = asked.sends(&form);
    is_not_taken(stack, &refused, "you have none", "the person has no such passkey");
    asked.still_waits();

    stack.observer().puts(&before);
    let own = Page::of(asked.browser.opens(PASSKEYS).ok());
    assert_eq!(asked.browser.submits_and_stays(PASSKEYS, &removal(&own)).status, 303);
    assert_eq!(asked.sends(&form).status, 403);
    assert!(asked.evidence().is_empty());
}

#[test]
fn whoever_has_no_passkey_approves_nothing_that_takes_one_and_may_say_no() {
    let stack = Stack::shared();
    let (agent, person) = (an_asking_agent(stack), somebody_reachable(stack));
    let asked = agent.waits_for_approval(&for_approval_of(&person.user_name, &json!([the_vault("A")])));
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(&person, &asked);
    let refused = browser.answers(&page, &Answering::Yes);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(Page::of(refused).words().contains("This takes a passkey, and you have none."));
    agent.comes_with(&asked).is_refused(400, "authorization_pending");
    assert_eq!(browser.answers(&page, &Answering::No).status, 303);
    agent.comes_with(&asked).is_refused(400, "access_denied");
}

#[test]
fn a_countersignature_is_good_for_minutes() {
    let stack = Stack::whose_time_passes();
    let details = json!([the_vault("A")]);
    let mut asked = Asked::with(&stack, somebody_with_a_passkey(&stack), |name| {
        for_approval_of(name, &details).and("requested_expiry", "900")
    });
    let form = asked.signed_yes();
    stack.time_passes(600);
    let late = asked.sends(&form);
    if late.status == 422 {
        is_not_taken(&stack, &late, "took too long", "it is too old, or of another browser or session");
        asked.still_waits();
    } else {
        assert_ne!(late.status, 303, "{}", late.text());
        assert!(asked.evidence().is_empty());
    }
}

#[test]
fn of_fifty_at_once_one_approves_and_one_piece_of_evidence_is_kept() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let form = asked.signed_yes();
    let answers = at_once(|_| asked.browser.clone().submits_and_stays("/approval", &form));
    assert!(answers.iter().any(|answer| answer.status == 303));
    assert_eq!(asked.evidence().len(), 1);
    asked.agent.comes_with(&asked.auth_req_id).ok();
}

#[test]
fn a_signature_that_comes_again_changes_nothing() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let form = asked.signed_yes();
    for _ in 0..3 {
        asked.sends(&form);
    }
    assert_eq!(asked.evidence().len(), 1);
}

/// A box that was ticked behind the signature's back changes nothing: what is granted is what was signed.
#[test]
fn a_form_that_says_more_than_was_signed_gives_no_more() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let page = asked.chooses(&Answering::Details(vec!["0"]));
    let form = signed(&page, &mut asked.authenticator)
        .and("decision", "approve")
        .and("detail", "0")
        .and("detail", "1");
    assert_eq!(asked.sends(&form).status, 303);
    let tokens = asked.agent.comes_with(&asked.auth_req_id).ok();
    let claims = verified(stack, &tokens.string("access_token")).claims;
    assert_eq!(claims["authorization_details"], json!([the_vault("A")]), "{claims}");
}

/// No form without a signature approves it, whatever it says.
#[test]
fn a_plain_yes_approves_nothing_that_takes_a_signature() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let yes = answer_form(&asked.page, &Answering::Yes);
    to_sign(asked.sends(&yes));
    asked.still_waits();
}

/// At the backchannel `phr` is a demand, where people have passkeys.
#[test]
fn a_request_can_demand_a_countersignature_by_acr_values() {
    let stack = Stack::shared();
    let mut asked = Asked::with(stack, somebody_with_a_passkey(stack), |name| {
        for_signing_in_of(name).and("acr_values", "phr")
    });
    let page = asked.chooses(&Answering::Yes);
    assert_eq!(asked.signs(&page).status, 303);
    let tokens = asked.agent.comes_with(&asked.auth_req_id).ok();
    assert_eq!(verified(stack, &tokens.string("id_token")).claims["acr"], "phr");
}

#[test]
fn at_the_browser_it_is_signed_alike() {
    let stack = Stack::shared();
    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(stack);
    let agent = an_agent(stack);
    let ask = asks(&json!([the_vault("A"), the_file("Q4-report.pdf", &["read"])]));
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let page = to_sign(browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All)));
    assert_eq!(displayed(&page)["request"]["kind"], "consent");
    authenticator.verifies = false;
    let form = signed(&page, &mut authenticator);
    let refused = browser.submits_and_stays("/consent", &form);
    is_not_taken(stack, &refused, "did not check", "the authenticator has not verified the person");
    authenticator.verifies = true;
    let form = signed(&Page::of(refused), &mut authenticator);
    let answers = at_once(|_| browser.clone().submits_and_stays("/consent", &form));
    let granted: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!(granted.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let tokens = agent.redeems(&the_code(stack, granted[0]), &ask).ok();
    let claims = verified(stack, &tokens.string("access_token")).claims;
    assert!(claims["approval"].is_string(), "{claims}");
    assert_eq!(claims["acr"], "phr", "{claims}");
}

/// One transaction: it counts as one write, and holds four items.
#[test]
fn an_approval_with_evidence_is_one_write() {
    let stack = Stack::shared();
    let observer = stack.observer();
    let calls = |answer: &Answer| {
        let Calls { reads, writes, .. } = Calls::of(&observer, answer);
        (reads, writes)
    };
    let mut asked = Asked::of_vault(stack);
    let answer = asked.browser.answers(&asked.page, &Answering::Yes);
    assert_eq!(calls(&answer), (3, 0), "what is to be signed is shown");
    let answer = asked.signs(&to_sign(answer));
    assert_eq!((answer.status, calls(&answer)), (303, (2, 1)), "it is signed");

    let (person, mut browser, mut authenticator) = somebody_with_a_passkey(stack);
    let (agent, ask) = (an_agent(stack), asks(&json!([the_vault("A")])));
    let page = browser.comes_to_consent(&person, &agent.sends_the_person_with(&agent.pushes(&ask)));
    let answer = browser.submits_and_stays("/consent", &decision_form(&page, &Decision::All));
    assert_eq!(calls(&answer), (3, 0), "what is to be signed is shown");
    let form = signed(&to_sign(answer), &mut authenticator);
    let answer = browser.submits_and_stays("/consent", &form);
    assert_eq!((answer.status, calls(&answer)), (303, (2, 1)), "it is signed");
}

/// Whichever comes first, the one does not undo half of the other.
#[test]
fn approving_and_denying_at_once_leaves_one_of_them() {
    let stack = Stack::shared();
    let mut asked = Asked::of_vault(stack);
    let yes = asked.signed_yes();
    let no = answer_form(&asked.page, &Answering::No);
    at_once(|number| {
        let form = if number % 2 == 0 { &yes } else { &no };
        asked.browser.clone().submits_and_stays("/approval", form)
    });
    let answer = asked.agent.comes_with(&asked.auth_req_id);
    let is_approved = answer.status == 200;
    assert_eq!(asked.evidence().len(), usize::from(is_approved), "{}", answer.text());
    if !is_approved {
        answer.is_refused(400, "access_denied");
    }
}
