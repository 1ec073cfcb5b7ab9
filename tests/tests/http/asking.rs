//! Asking a person who is elsewhere (OpenID CIBA Core 1.0): what an agent sends, and what the person does about it.

use serde_json::Value;

use crate::agent::{Agent, Proof, secret_part};
use crate::browser::{Browser, Page};
use crate::person::{Person, somebody_with};
use crate::stack::Stack;
use crate::web::{Answer, Parameters};

pub(crate) const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// By which who can wait comes for the answer to a token request (draft-ietf-oauth-deferred-token-response-01).
pub(crate) const DEFERRED: &str = "urn:ietf:params:oauth:grant-type:deferred";

/// The agent that asks members of the group `reachable`.
pub(crate) fn an_asking_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_basic(stack, "asking-agent")
}

/// Another one, whose approvals can be renewed.
pub(crate) fn another_asking_agent(stack: &Stack) -> Agent<'_> {
    Agent::with_post(stack, "other-asking-agent")
}

/// One that proves who it is by an assertion.
pub(crate) fn a_signing_asking_agent(stack: &Stack) -> Agent<'_> {
    Agent { stack, id: "signing-asking-agent".to_owned(), proof: Proof::Assertion("ES256") }
}

/// Somebody whom the asking agents may ask.
pub(crate) fn somebody_reachable(stack: &Stack) -> Person {
    somebody_with(stack, &["--group", "reachable"])
}

/// A request for details, of whoever has this user name.
pub(crate) fn for_approval_of(user_name: &str, details: &Value) -> Parameters {
    for_signing_in_of(user_name)
        .with("scope", "openid files.read files.access")
        .and("authorization_details", &details.to_string())
}

/// A request that somebody says who they are.
pub(crate) fn for_signing_in_of(user_name: &str) -> Parameters {
    Parameters::of([("scope", "openid"), ("login_hint", user_name), ("binding_message", "W4SCT")])
}

/// What a person does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Answering {
    /// Approves all of it.
    Yes,
    /// Approves these details, by their position, and all scopes.
    Details(Vec<&'static str>),
    /// Approves all details and these scopes.
    Scopes(Vec<&'static str>),
    /// Says no.
    No,
    /// Says no, and does not want to be asked again by this agent.
    NotMe,
}

impl Agent<'_> {
    /// Asks at the backchannel (OpenID CIBA Core 1.0, section 7.1).
    pub(crate) fn asks_elsewhere(&self, form: &Parameters) -> Answer {
        let answer = self.sends("/bc-authorize", form);
        if answer.status == 200 {
            self.stack.hands_out(secret_part(&answer.string("auth_req_id")));
        }
        answer
    }

    /// Asks, and gets the `auth_req_id`.
    #[track_caller]
    pub(crate) fn waits_for_approval(&self, form: &Parameters) -> String {
        self.asks_elsewhere(form).ok().string("auth_req_id")
    }

    /// Comes for the tokens (OpenID CIBA Core 1.0, section 10.1).
    pub(crate) fn comes_with(&self, auth_req_id: &str) -> Answer {
        self.comes_for(auth_req_id, &Parameters::default())
    }

    /// Comes for something in particular.
    pub(crate) fn comes_for(&self, auth_req_id: &str, more: &Parameters) -> Answer {
        let form = Parameters::of([("grant_type", CIBA), ("auth_req_id", auth_req_id)]);
        self.remembering(self.sends("/token", &form.joined(more)))
    }

    /// The whole way from the request to the tokens.
    #[track_caller]
    pub(crate) fn is_approved_by(&self, person: &Person, form: &Parameters) -> Answer {
        let auth_req_id = self.waits_for_approval(form);
        the_person_answers(self.stack, person, &auth_req_id, &Answering::Yes);
        self.comes_with(&auth_req_id).ok()
    }
}

/// Where the message to the person leads: it names the request by the part of the `auth_req_id` that is no secret.
pub(crate) fn page_of(auth_req_id: &str) -> String {
    let id = auth_req_id.split('.').next().unwrap_or_default();
    format!("/approval?request={id}")
}

/// Whether anybody is told of a request: messengers follow this attribute of the table's items.
pub(crate) fn rings(stack: &Stack, auth_req_id: &str) -> bool {
    let id = auth_req_id.split('.').next().unwrap_or_default();
    let item = stack.observer().item(&format!("AUTHORIZATION#{id}"), "AUTHORIZATION");
    item["news"]["S"] == "requested"
}

impl Browser<'_> {
    /// Opens the request's page, and signs in where that is asked.
    #[track_caller]
    pub(crate) fn comes_to_approval(&mut self, person: &Person, auth_req_id: &str) -> Page {
        let page = Page::of(self.opens(&page_of(auth_req_id)));
        if page.has_form("/sign-in") { Page::of(self.signs_in(&page, person)) } else { page }
    }

    /// Decides on that page.
    pub(crate) fn answers(&mut self, page: &Page, answering: &Answering) -> Answer {
        self.submits_and_stays("/approval", &answer_form(page, answering))
    }
}

/// What the page sends for an answer.
pub(crate) fn answer_form(page: &Page, answering: &Answering) -> Parameters {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (details, scopes) = (page.fields("detail"), page.fields("scope"));
    let (details, scopes, decision) = match answering {
        Answering::Yes => (details, scopes, "approve"),
        Answering::Details(chosen) => (owned(chosen), scopes, "approve"),
        Answering::Scopes(chosen) => (details, owned(chosen), "approve"),
        Answering::No => (details, scopes, "deny"),
        Answering::NotMe => (details, scopes, "not-me"),
    };
    let form = Parameters::of([("request", page.field("request").as_str())]);
    let form = details.iter().fold(form, |form, detail| form.and("detail", detail));
    scopes.iter().fold(form, |form, scope| form.and("scope", scope)).and("decision", decision)
}

/// The person opens the request, signs in and answers it.
#[track_caller]
pub(crate) fn the_person_answers(stack: &Stack, person: &Person, auth_req_id: &str, answering: &Answering) {
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_approval(person, auth_req_id);
    assert!(page.has_form("/approval"), "no request waits: {}", page.words());
    let answer = browser.answers(&page, answering);
    assert_eq!(answer.status, 303, "{}", answer.text());
}
