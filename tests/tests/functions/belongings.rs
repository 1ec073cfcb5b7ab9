use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::assertion::now;
use crate::event::{Reply, Request};
use crate::place::{APP, ASKING, INVITED, Place, a_name};
use crate::post_office::{a_number, texts_to};
use crate::requests::Browser;
use crate::visit::Visit;
use crate::walk::{Crew, Ready, answer, expect};

/// The code that people have set in these tests, and give to agents.
pub(crate) const USER_CODE: &str = "Open Sesame 42";

const INVITATIONS: &str = "/account/invitations";
const CODE: &str = "/account/user-code";
const DEVICES: &str = "/account/devices";
const CONFIRM: &str = "/account/devices/confirm";

/// What is counted of a person, and in how many seconds.
const COUNTED: [(&str, u64); 6] = [
    ("DEVICES", 3600),
    ("ENROLS", 3600),
    ("INVITED", 3600),
    ("INVITES", 60),
    ("TOLD", 3600),
    ("USER_CODES", 3600),
];

impl Place {
    /// As in an hour in which a person has done nothing that is counted. Where the next one begins meanwhile, nothing has been
    /// counted in it yet.
    pub(crate) fn forgets_counts_of(&self, user_name: &str) {
        let person = self.person_named(user_name);
        for (what, seconds) in COUNTED {
            self.removes(&format!("LIMIT#{what}#{person}"), &(now() / seconds).to_string());
        }
    }

    /// Nobody reaches a person on anything.
    pub(crate) fn is_reached_on_nothing(&self, user_name: &str) {
        self.removes(&format!("DEVICES#{}", self.person_named(user_name)), "DEVICES");
    }

    /// An invitation for any agent, as it is kept: under the digest of its ten letters.
    fn keeps_invitation(&self, code: &str, user_name: &str) {
        let ends = now() + 290;
        let body = json!({ "person": self.person_named(user_name), "client": null, "expires_at": ends });
        let digest = URL_SAFE_NO_PAD.encode(digest(&SHA256, code.replace('-', "").as_bytes()));
        self.puts(&json!({
            "pk": { "S": format!("INVITATION#{digest}") },
            "sk": { "S": "INVITATION" },
            "body": { "S": body.to_string() },
            "expires_at": { "N": ends.to_string() },
        }));
    }

    fn devices_of(&self, user_name: &str) -> Vec<Value> {
        let body = self.body(&format!("DEVICES#{}", self.person_named(user_name)), "DEVICES");
        body["devices"].as_array().cloned().unwrap_or_default()
    }

    /// The link in the last text message that went to a number.
    fn link_sent_to(&self, number: &str) -> Option<String> {
        let text = texts_to(&self.endpoint, number).pop()?;
        text.split_whitespace().find(|word| word.starts_with(self.origin())).map(|link| self.inside(link))
    }
}

/// What people do at their account beyond its first page, and their apps for them.
impl Crew {
    /// Somebody is about to.
    pub(crate) fn comes_to_belongings(&self, visit: Visit) -> Ready {
        let ready = self.comes_to_account();
        if is_counted(visit) {
            self.place.forgets_counts_of(ready.person().user_name());
        }
        match visit {
            Visit::LiftBlock => self.comes_to_lift_a_block(ready),
            Visit::ShowInvitations => opens(ready, visit, INVITATIONS),
            Visit::Invite => self.submits(ready, visit, INVITATIONS, &[("agent", INVITED)]),
            Visit::ShowUserCode => opens(ready, visit, CODE),
            Visit::SetUserCode => {
                let password = ready.person().password().to_owned();
                let form = [("current_password", password.as_str()), ("user_code", USER_CODE)];
                self.submits(ready, visit, CODE, &form)
            }
            Visit::ShowDevices => opens(ready, visit, DEVICES),
            Visit::NameNumber => {
                self.place.is_reached_on_nothing(ready.person().user_name());
                self.names_a_number(ready)
            }
            Visit::NameAddress => {
                self.place.is_reached_on_nothing(ready.person().user_name());
                let address = format!("{}@mills.test", a_name());
                let form = [("do", "email"), ("address", address.as_str()), ("name", "Mail")];
                self.submits(ready, visit, DEVICES, &form)
            }
            Visit::ShowLink => opens(
                ready,
                visit,
                &format!("{CONFIRM}?device=AAAAAAAAAAAAAAAAAAAAAA&code=AAAAAAAAAAAAAAAAAAAAAA"),
            ),
            Visit::ConfirmDevice => self.comes_to_confirm(ready),
            _ => self.comes_to_enrol(ready, visit),
        }
    }

    /// Sends what a page of the account asks for.
    fn submits(&self, ready: Ready, visit: Visit, path: &str, more: &[(&str, &str)]) -> Ready {
        let request = self.form_at(&ready.browser, path, more);
        ready.goes_on_to(visit, request)
    }

    /// The form of a page of the account, filled in.
    fn form_at(&self, browser: &Browser, path: &str, more: &[(&str, &str)]) -> Request {
        let csrf = self.at_account(&browser.dresses(Request::get(path))).field("csrf");
        browser.submits(self.place, path, &[&[("csrf", csrf.as_str())], more].concat())
    }

    /// Somebody who has blocked an agent.
    fn comes_to_lift_a_block(&self, ready: Ready) -> Ready {
        self.place.forgets_who_asked(ready.person().user_name());
        let request = self.place.asks_elsewhere(ASKING, ready.person().user_name());
        let ready = self.is_asked(ready.goes_on_to(Visit::Ask, request));
        self.must_answer(&ready, "not-me");
        self.submits(ready, Visit::LiftBlock, "/account", &[("unblock", ASKING)])
    }

    /// Somebody invites the agent that asks those alone who do. A process holds what it has counted against them, so that each
    /// invitation is made by another.
    pub(crate) fn invites(&self, ready: &Ready) -> String {
        self.invites_an_agent(ready, INVITED)
    }

    fn invites_an_agent(&self, ready: &Ready, agent: &str) -> String {
        self.place.forgets_counts_of(ready.person().user_name());
        let request = self.form_at(&ready.browser, INVITATIONS, &[("agent", agent)]);
        let invited = answer(&self.place.starts("account"), &request);
        invited.shown_code().unwrap_or_else(|| panic!("no code: {}", invited.outline()))
    }

    /// Somebody who has set a code that agents have to show.
    pub(crate) fn has_a_user_code(&self) -> Ready {
        if let Some(person) = self.coded.next() {
            return self.at_their_account(person);
        }
        let ready = self.comes_to_belongings(Visit::SetUserCode);
        let set = self.at_account(&ready.request);
        assert!(Visit::SetUserCode.is_granted(&set), "{}", set.outline());
        ready
    }

    /// Somebody has a telephone on which they are told what they are asked: its number is in the answer.
    pub(crate) fn has_a_phone(&self) -> Ready {
        let ready = self.comes_to_account();
        self.place.is_reached_on_nothing(ready.person().user_name());
        self.place.forgets_counts_of(ready.person().user_name());
        let ready = self.has_named_a_number(ready);
        let confirmed = self.at_account(&self.confirms(&ready.browser, &ready.token).expect("a link"));
        assert!(Visit::ConfirmDevice.is_granted(&confirmed), "{}", confirmed.outline());
        ready
    }

    /// Somebody has invited an agent: the code is in the answer. Where no page does that yet, it is what that version keeps.
    pub(crate) fn has_invited(&self) -> Ready {
        let ready = self.comes_to_account();
        if self.place.has("account") {
            let code = self.invites_an_agent(&ready, ASKING);
            return ready.about(code);
        }
        let code = "ABCDE-FGHJK";
        self.place.keeps_invitation(code, ready.person().user_name());
        ready.about(code.to_owned())
    }

    fn names_a_number(&self, ready: Ready) -> Ready {
        let number = a_number();
        let form = [("do", "sms"), ("address", number.as_str()), ("name", "Phone")];
        self.submits(ready, Visit::NameNumber, DEVICES, &form).about(number)
    }

    /// A link has gone to the number.
    fn has_named_a_number(&self, ready: Ready) -> Ready {
        let ready = self.names_a_number(ready);
        let named = self.at_account(&ready.request);
        assert!(Visit::NameNumber.is_granted(&named), "{}", named.outline());
        ready
    }

    /// Somebody has been sent a link to another device, which they are about to confirm by it.
    fn comes_to_confirm(&self, ready: Ready) -> Ready {
        self.place.is_reached_by_text(ready.person().user_name());
        let ready = self.has_named_a_number(ready);
        let request = self.confirms(&ready.browser, &ready.token).expect("a link");
        ready.goes_on_to(Visit::ConfirmDevice, request)
    }

    /// Opens the link that was sent to a number, and says that it is theirs.
    fn confirms(&self, browser: &Browser, number: &str) -> Result<Request, String> {
        let link = self.place.link_sent_to(number).ok_or("no link was sent")?;
        let page = self.at_account(&browser.dresses(Request::get(&link)));
        let form = ["csrf", "device", "code"].map(|name| (name, page.field(name)));
        Ok(browser.submits(self.place, CONFIRM, &form))
    }

    /// Somebody's app is about to enrol the phone that it runs on, or to remove it.
    fn comes_to_enrol(&self, ready: Ready, visit: Visit) -> Ready {
        let place = self.place;
        place.is_reached_by_text(ready.person().user_name());
        let decided = self.decides(&self.comes_to_consent_in(&ready.browser, APP, &place.push_for_the_app()));
        let redeemed =
            self.at_token(&place.redemption_by(APP, &decided.callback("code").unwrap_or_default()));
        let bearer = format!("Bearer {}", redeemed.member("access_token"));
        let phone = json!({ "platform": "GCM", "token": a_name(), "name": "Phone" });
        let enrols =
            Request::get("/devices").header("authorization", bearer.clone()).instead("POST", Some(&phone));
        if visit == Visit::EnrolPhone {
            return ready.goes_on_to(visit, enrols);
        }
        let enrolled = self.at_account(&enrols);
        assert!(Visit::EnrolPhone.is_granted(&enrolled), "{}", enrolled.outline());
        let device = enrolled.member("device_id");
        let address = Request::get(&format!("/devices/{device}")).routed_by("device_id");
        let removes = address.header("authorization", bearer).instead("DELETE", None);
        ready.goes_on_to(visit, removes).about(device)
    }

    /// That what was done at somebody's account stands, and is good for what it is for.
    pub(crate) fn belongs_to_them(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let outcome = self.is_kept(ready, granted);
        if ready.visit == Visit::SetUserCode {
            // The next one to set it has none.
            let person = self.place.person_named(ready.person().user_name());
            self.place.removes(&format!("USER_CODE#{person}"), "USER_CODE");
        }
        self.people.are_joined_by(ready.person().clone().with(Some(ready.browser.clone())));
        outcome
    }

    fn is_kept(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let (place, user_name) = (self.place, ready.person().user_name());
        let has_device = |id: &str| place.devices_of(user_name).iter().any(|device| device["id"] == id);
        match ready.visit {
            Visit::LiftBlock => {
                let blocked = place.asks_of(user_name)["blocked"].clone();
                let is_blocked = blocked.as_array().is_some_and(|all| all.contains(&json!(ASKING)));
                expect(!is_blocked, "it is blocked")
            }
            Visit::Invite => {
                let code = granted.shown_code().unwrap_or_default();
                // A process counts how often a client tries codes: this is not what is looked at here.
                let asked = answer(&place.starts("backchannel"), &place.asks_who_invited(&code));
                expect(Visit::AskInvited.is_granted(&asked), "the invitation is not good")
            }
            Visit::SetUserCode => {
                let ask = self.has_set_the_code(user_name);
                expect(Visit::AskWithCode.is_granted(&ask), "the code is not good")
            }
            Visit::NameNumber => {
                let confirmed = self.at_account(&self.confirms(&ready.browser, &ready.token)?);
                expect(Visit::ConfirmDevice.is_granted(&confirmed), "the link is not good")
            }
            Visit::NameAddress => {
                let page = self.at_account(&ready.browser.dresses(Request::get(DEVICES)));
                let form = [
                    ("csrf", page.field("csrf")),
                    ("device", page.field("device")),
                    ("do", "check".to_owned()),
                ];
                let checked = self.at_account(&ready.browser.submits(place, DEVICES, &form));
                expect(Visit::ConfirmDevice.is_granted(&checked), "the address is not confirmed")
            }
            Visit::ConfirmDevice => {
                let devices = place.devices_of(user_name);
                let confirmed = devices.iter().filter(|device| device["confirmed_at"].is_i64()).count();
                expect((devices.len(), confirmed) == (2, 2), "it is not confirmed")
            }
            Visit::EnrolPhone => expect(has_device(&granted.member("device_id")), "it is not kept"),
            Visit::RemovePhone => expect(!has_device(&ready.token), "it is still there"),
            _ => Ok(()),
        }
    }

    /// An agent that has to show the code asks.
    fn has_set_the_code(&self, user_name: &str) -> Reply {
        self.place.forgets_who_asked(user_name);
        self.at_backchannel(&self.place.asks_with_the_code(user_name))
    }
}

/// Whether it is counted how often a person does this, or anything that leads up to it.
const fn is_counted(visit: Visit) -> bool {
    !matches!(
        visit,
        Visit::LiftBlock
            | Visit::ShowInvitations
            | Visit::ShowUserCode
            | Visit::ShowDevices
            | Visit::ShowLink
    )
}

fn opens(ready: Ready, visit: Visit, path: &str) -> Ready {
    let request = ready.browser.dresses(Request::get(path));
    ready.goes_on_to(visit, request)
}
