use serde_json::{Value, json};

use crate::belongings::USER_CODE;
use crate::event::{Reply, Request};
use crate::exchanges::ACCESS_TOKEN;
use crate::place::{ASKING, CALLED_BACK, CODED, DESK, INVITED, Place, RECEIVING, SIGNING_ASKING, TOOL};
use crate::requests::{Browser, FILES, large_details};
use crate::visit::Visit;
use crate::walk::{Crew, Ready, expect};

/// OpenID CIBA Core 1.0, section 10.1.
const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// By which a client that is called back knows who calls (OpenID CIBA Core 1.0, section 7.1).
const NOTIFICATION_TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// What an agent sends that asks somebody who is elsewhere (OpenID CIBA Core 1.0).
impl Place {
    fn question(client: &str, user_name: &str) -> Vec<(&'static str, String)> {
        Self::question_to(client, ("login_hint", user_name))
    }

    /// The same about whom something else names.
    fn question_to(client: &str, (hint, whom): (&'static str, &str)) -> Vec<(&'static str, String)> {
        let (scope, details) = match client {
            CALLED_BACK | CODED => ("openid", None),
            _ => ("openid files.read", Some(a_file())),
        };
        let mut form = vec![
            ("scope", scope.to_owned()),
            (hint, whom.to_owned()),
            ("binding_message", "W4SCT".to_owned()),
        ];
        form.extend(details.map(|details| ("authorization_details", details.to_string())));
        if matches!(client, CALLED_BACK | RECEIVING) {
            form.push(("client_notification_token", NOTIFICATION_TOKEN.to_owned()));
        }
        form
    }

    /// An agent asks (section 7.1).
    pub(crate) fn asks_elsewhere(&self, client: &str, user_name: &str) -> Request {
        self.post_by(client, "/bc-authorize", &borrowed(&Self::question(client, user_name)))
    }

    /// The same of one that signs an assertion.
    fn asks_elsewhere_signed(&self, user_name: &str) -> Request {
        let form = Self::question(SIGNING_ASKING, user_name);
        self.post_signed_by(SIGNING_ASKING, "/bc-authorize", &borrowed(&form))
    }

    /// It asks for so much that it is kept beside the request.
    fn asks_elsewhere_for_much(&self, user_name: &str) -> Request {
        let mut form = Self::question(ASKING, user_name);
        form.retain(|(name, _)| *name != "authorization_details");
        form.push(("authorization_details", large_details().to_string()));
        form.push(("resource", FILES.to_owned()));
        self.post_by(ASKING, "/bc-authorize", &borrowed(&form))
    }

    /// One asks whoever has made this code for it (`login_hint_token`, section 7.1).
    pub(crate) fn asks_who_invited(&self, code: &str) -> Request {
        self.asks_whoever_invited(INVITED, code)
    }

    pub(crate) fn asks_whoever_invited(&self, client: &str, code: &str) -> Request {
        let form = Self::question_to(client, ("login_hint_token", code));
        self.post_by(client, "/bc-authorize", &borrowed(&form))
    }

    /// One shows the code that the person gave it (`user_code`, section 7.1).
    pub(crate) fn asks_with_the_code(&self, user_name: &str) -> Request {
        let mut form = Self::question(CODED, user_name);
        form.push(("user_code", USER_CODE.to_owned()));
        self.post_by(CODED, "/bc-authorize", &borrowed(&form))
    }

    /// One asks on behalf of an agent, which has sent it a token of its own (`actor_token`, RFC 8693, section 2.1).
    fn asks_for_an_actor(&self, user_name: &str, actor: &str) -> Request {
        let mut form = Self::question(DESK, user_name);
        form.push(("actor_token", actor.to_owned()));
        form.push(("actor_token_type", ACCESS_TOKEN.to_owned()));
        self.post_by(DESK, "/bc-authorize", &borrowed(&form))
    }

    /// It comes for the tokens (section 10.1).
    pub(crate) fn comes_with(&self, client: &str, auth_req_id: &str) -> Request {
        let form = [("grant_type", CIBA), ("auth_req_id", auth_req_id)];
        if client == SIGNING_ASKING {
            return self.post_signed_by(client, "/token", &form);
        }
        self.post_by(client, "/token", &form)
    }

    /// The identifier of somebody with this user name.
    pub(crate) fn person_named(&self, user_name: &str) -> String {
        let id = self.body(&format!("USER_NAME#{user_name}"), "USER_NAME");
        id.as_str().expect("an identifier").to_owned()
    }

    /// What is known of who asked a person lately, and whom they have blocked.
    pub(crate) fn asks_of(&self, user_name: &str) -> Value {
        self.body(&format!("ASKS#{}", self.person_named(user_name)), "ASKS")
    }

    /// As after a day in which nobody asked a person anything: nothing waits for their answer either.
    pub(crate) fn forgets_who_asked(&self, user_name: &str) {
        let person = self.person_named(user_name);
        self.removes(&format!("ASKS#{person}"), "ASKS");
        self.removes_owned(&format!("PERSON#{person}"), "REQUEST#");
    }

    /// The tokens that lie ready to be brought to a client, sealed.
    pub(crate) fn tokens_ready_for(&self, authorization: &str) -> Option<String> {
        let body = self.body(&format!("AUTHORIZATION#{authorization}"), "AUTHORIZATION");
        body["parcel"]["sealed"].as_str().map(str::to_owned)
    }

    /// Whether the table says of a request that somebody is to be told of it, and of what.
    fn news_of(&self, auth_req_id: &str) -> String {
        let item = self.item(&format!("AUTHORIZATION#{}", id_of(auth_req_id)), "AUTHORIZATION");
        item["news"]["S"].as_str().unwrap_or_default().to_owned()
    }
}

fn a_file() -> Value {
    json!([{
        "type": "file_access",
        "locations": ["https://files.test/finance"],
        "actions": ["read"],
        "identifier": "Q4-report.pdf",
    }])
}

fn borrowed<'f>(form: &'f [(&'static str, String)]) -> Vec<(&'static str, &'f str)> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// The part of an `auth_req_id` that is no secret, which the person's page has in its address.
pub(crate) fn id_of(auth_req_id: &str) -> &str {
    auth_req_id.split('.').next().unwrap_or_default()
}

/// Who asks in a visit.
const fn asking(visit: Visit) -> &'static str {
    match visit {
        Visit::AskSigned => SIGNING_ASKING,
        Visit::AskInvited => INVITED,
        Visit::AskWithCode => CODED,
        Visit::AskForActor => DESK,
        _ => ASKING,
    }
}

/// What a person presses in a visit.
const fn pressed(visit: Visit) -> &'static str {
    match visit {
        Visit::Decline => "deny",
        Visit::Block => "not-me",
        _ => "approve",
    }
}

impl Browser {
    /// Opens what an agent elsewhere asks.
    fn opens_approval(&self, auth_req_id: &str) -> Request {
        self.dresses(Request::get(&format!("/approval?request={}", id_of(auth_req_id))))
    }

    /// Decides on that page about all that stands there.
    fn answers(&self, place: &Place, page: &Reply, decision: &str) -> Request {
        let mut form = vec![("request", page.field("request"))];
        form.extend(page.fields("detail").into_iter().map(|detail| ("detail", detail)));
        form.extend(page.fields("scope").into_iter().map(|scope| ("scope", scope)));
        form.push(("decision", decision.to_owned()));
        self.submits(place, "/approval", &form)
    }
}

/// What leads up to an approval, and what comes of it.
impl Crew {
    /// An agent is about to ask somebody whom nobody has asked anything.
    pub(crate) fn comes_to_ask(&self, visit: Visit) -> Ready {
        let ready =
            if visit == Visit::AskWithCode { self.has_a_user_code() } else { self.comes_to_account() };
        let (place, user_name) = (self.place, ready.person().user_name());
        place.forgets_who_asked(user_name);
        let request = match visit {
            Visit::AskInvited => place.asks_who_invited(&self.invites(&ready)),
            Visit::AskWithCode => place.asks_with_the_code(user_name),
            Visit::AskForActor => {
                place.asks_for_an_actor(user_name, &self.works_alone(|| place.client_credentials()))
            }
            Visit::AskByAddress => place.asks_elsewhere(ASKING, &ready.person().email()),
            _ => self.asks_once_more(visit, user_name),
        };
        ready.goes_on_to(visit, request)
    }

    /// What is signed is good once, so that a client signs another.
    pub(crate) fn asks_once_more(&self, visit: Visit, user_name: &str) -> Request {
        match visit {
            Visit::AskSigned => self.place.asks_elsewhere_signed(user_name),
            Visit::AskForMuch => self.place.asks_elsewhere_for_much(user_name),
            _ => self.place.asks_elsewhere(ASKING, user_name),
        }
    }

    /// An agent is about to ask; or somebody is asked, and is about to look at it, to answer, or their answer is about to be fetched.
    pub(crate) fn comes_to_approval(&self, visit: Visit) -> Ready {
        if visit.function() == "backchannel" {
            return self.comes_to_ask(visit);
        }
        let question = if visit == Visit::ApproveMuch { Visit::AskForMuch } else { Visit::Ask };
        let ready = self.is_asked(self.comes_to_ask(question));
        let request = match visit {
            Visit::ShowApproval => ready.browser.opens_approval(&ready.token),
            Visit::ShowWaiting => ready.browser.dresses(Request::get("/approval")),
            Visit::Poll => self.place.comes_with(ASKING, &ready.token),
            Visit::RedeemApproval => {
                self.must_answer(&ready, "approve");
                self.place.comes_with(ASKING, &ready.token)
            }
            _ => self.answer_to(&ready, pressed(visit)),
        };
        ready.goes_on_to(visit, request)
    }

    /// Somebody who was asked by this agent, and has said yes if that is wanted.
    pub(crate) fn is_asked_by(&self, client: &str, and_approves: bool) -> Ready {
        let ready = self.comes_to_ask(Visit::Ask);
        let request = self.place.asks_elsewhere(client, ready.person().user_name());
        let ready = self.is_asked(ready.goes_on_to(Visit::Ask, request));
        if and_approves {
            self.must_answer(&ready, "approve");
        }
        ready
    }

    /// The request is sent: from now on it is about the `auth_req_id`.
    pub(crate) fn is_asked(&self, ready: Ready) -> Ready {
        let asked = self.at_backchannel(&ready.request);
        assert!(Visit::Ask.is_granted(&asked), "{}", asked.outline());
        ready.about(asked.member("auth_req_id"))
    }

    /// The person looks at what waits, and answers it; the answer that was ready before if nothing waits any more.
    pub(crate) fn answer_to(&self, ready: &Ready, decision: &str) -> Request {
        let page = self.at_approval(&ready.browser.opens_approval(&ready.token));
        if Visit::ShowApproval.is_granted(&page) {
            ready.browser.answers(self.place, &page, decision)
        } else {
            ready.request.clone()
        }
    }

    /// The same answer once more: of what was taken back the page says that it did not arrive, and asks anew.
    pub(crate) fn answers_once_more(&self, ready: &Ready) -> Request {
        self.answer_to(ready, pressed(ready.visit))
    }

    pub(crate) fn must_answer(&self, ready: &Ready, decision: &str) {
        let answered = self.at_approval(&self.answer_to(ready, decision));
        assert!(Visit::Approve.is_granted(&answered), "{}", answered.outline());
    }

    /// That what was granted about an approval is good for what comes next.
    pub(crate) fn approval_goes_on(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let outcome = match ready.visit {
            visit if visit.function() == "backchannel" => self.is_well_asked(ready, granted),
            Visit::ShowApproval | Visit::ShowWaiting => {
                let request = ready.browser.answers(self.place, granted, "approve");
                expect(Visit::Approve.is_granted(&self.at_approval(&request)), "the page cannot be submitted")
            }
            Visit::Poll => {
                self.must_answer(ready, "approve");
                self.is_redeemed(ready, &ready.token)
            }
            Visit::RedeemApproval => {
                expect(self.is_active(&granted.member("access_token")), "the access token is not active")
            }
            _ => self.is_answered(ready),
        };
        let rest = if ready.visit == Visit::AskWithCode { &self.coded } else { &self.people };
        rest.are_joined_by(ready.person().clone().with(Some(ready.browser.clone())));
        outcome
    }

    /// That the person is to be told of a request, finds it, and can say yes to all of it.
    fn is_well_asked(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let auth_req_id = granted.member("auth_req_id");
        expect(self.place.news_of(&auth_req_id) == "requested", "nobody will be told")?;
        let page = self.at_approval(&ready.browser.opens_approval(&auth_req_id));
        let details = match ready.visit {
            Visit::AskForMuch => 2,
            Visit::AskWithCode => 0,
            _ => 1,
        };
        expect(page.fields("detail").len() == details, "the page lacks details")?;
        let answered = self.at_approval(&ready.browser.answers(self.place, &page, "approve"));
        expect(Visit::Approve.is_granted(&answered), "it cannot be approved")?;
        if ready.visit == Visit::AskForActor {
            // To come for the tokens the actor's has to be shown once more.
            return Ok(());
        }
        self.is_redeemed(ready, &auth_req_id)
    }

    /// That an answer stands: for its client, and for whoever is to be told of it.
    fn is_answered(&self, ready: &Ready) -> Result<(), String> {
        let place = self.place;
        if matches!(ready.visit, Visit::Approve | Visit::ApproveMuch) {
            expect(place.news_of(&ready.token) == "approved", "its client will not be told")?;
            return self.is_redeemed(ready, &ready.token);
        }
        expect(place.news_of(&ready.token) == "declined", "its client will not be told")?;
        let told = self.at_token(&place.comes_with(ASKING, &ready.token));
        expect(told.member("error") == "access_denied", "its client hears nothing of the no")?;
        let asks = place.asks_of(ready.person().user_name());
        let is_blocked = asks["blocked"].as_array().is_some_and(|all| all.contains(&json!(ASKING)));
        expect(is_blocked == (ready.visit == Visit::Block), "whom they have blocked is not what they said")
    }

    /// That an approval is good for tokens.
    fn is_redeemed(&self, ready: &Ready, auth_req_id: &str) -> Result<(), String> {
        let redeemed = self.at_token(&self.place.comes_with(asking(ready.visit), auth_req_id));
        expect(Visit::RedeemApproval.is_granted(&redeemed), "the approval is not good")?;
        if ready.visit == Visit::AskWithCode {
            // It asked for nothing but who they are.
            return Ok(());
        }
        let said = self.is_told(TOOL, &redeemed.member("access_token")).json();
        let details = &said["authorization_details"];
        let is_all = match ready.visit {
            Visit::AskForMuch | Visit::ApproveMuch => *details == large_details(),
            _ => *details == a_file(),
        };
        expect(is_all, "details are missing")
    }

    /// Whether it was carried out, and nobody had heard of it: the answer stands, or the poll counts as the one before.
    pub(crate) fn approval_was_done(&self, ready: &Ready, refused: &Reply) -> bool {
        let is_as_told = match ready.visit {
            // OpenID CIBA Core 1.0, section 11.
            Visit::Poll => refused.status == 400 && refused.member("error") == "slow_down",
            Visit::Approve | Visit::ApproveMuch | Visit::Decline | Visit::Block => refused.status == 400,
            _ => false,
        };
        is_as_told && self.approval_goes_on(ready, refused).is_ok()
    }
}
