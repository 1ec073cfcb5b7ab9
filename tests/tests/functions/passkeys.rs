use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::authenticator::Authenticator;
use crate::event::{Reply, Request};
use crate::place::Place;
use crate::requests::Browser;
use crate::visit::Visit;
use crate::walk::{Crew, Ready, expect};

const PASSKEYS: &str = "/account/passkeys";
const LINK: &str = "/account/passkeys/enrol";

/// What somebody signs in with, for as long as a visit and what comes after it.
#[derive(Clone)]
pub(crate) struct Own(Arc<Mutex<Authenticator>>);

impl Own {
    fn at(place: &Place) -> Self {
        Self(Arc::new(Mutex::new(Authenticator::at(place.origin()))))
    }

    fn does(&self, answers: impl FnOnce(&mut Authenticator, &Value) -> String, page: &Reply) -> String {
        answers(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), &options(page))
    }

    /// What the form sends by which a passkey is registered, beside what says where.
    fn creates(&self, page: &Reply) -> [(&'static str, String); 3] {
        let answer = self.does(Authenticator::create, page);
        [("ceremony", page.field("ceremony")), ("answer", answer), ("name", "Phone".to_owned())]
    }
}

/// What a page asks the browser's authenticator for.
fn options(page: &Reply) -> Value {
    let (_, rest) = page.body.split_once(" data-options=\"").expect("a page that asks for a passkey");
    let text = rest.split('"').next().unwrap_or_default();
    serde_json::from_str(&text.replace("&#34;", "\"").replace("&quot;", "\"")).expect("JSON")
}

impl Place {
    fn has_no_passkeys(&self, user_name: &str) {
        self.removes(&format!("PASSKEYS#{}", self.person_named(user_name)), "PASSKEYS");
    }

    fn passkeys_of(&self, user_name: &str) -> usize {
        let body = self.body(&format!("PASSKEYS#{}", self.person_named(user_name)), "PASSKEYS");
        body["passkeys"].as_array().map_or(0, Vec::len)
    }
}

/// What people do with passkeys.
impl Crew {
    /// Somebody who has just signed in, and has none yet, is about to.
    pub(crate) fn comes_to_passkeys(&self, visit: Visit) -> Ready {
        let ready = self.at_their_account(self.somebody().with(None));
        let own = Own::at(self.place);
        let user_name = ready.person().user_name();
        self.place.has_no_passkeys(user_name);
        self.place.forgets_counts_of(user_name);
        if visit == Visit::RegisterPasskey {
            // They are told of it.
            self.place.is_reached_by_text(user_name);
        } else {
            self.place.is_reached_on_nothing(user_name);
        }
        match visit {
            Visit::ShowEnrolment | Visit::EnrolPasskey => self.comes_by_a_link(ready.by(own), visit),
            Visit::ShowPasskeys => {
                let request = ready.browser.dresses(Request::get(PASSKEYS));
                ready.goes_on_to(visit, request)
            }
            Visit::RegisterPasskey => self.comes_to_register(ready.by(own)),
            _ => {
                let ready = self.comes_to_register(ready.by(own));
                let registered = self.at_account(&ready.request);
                assert!(Visit::RegisterPasskey.is_granted(&registered), "{}", registered.outline());
                self.comes_with_a_passkey(ready, visit)
            }
        }
    }

    fn comes_to_register(&self, ready: Ready) -> Ready {
        let page = self.at_account(&ready.browser.dresses(Request::get(PASSKEYS)));
        let [ceremony, answer, name] = ready.own().creates(&page);
        let form = [("csrf", page.field("csrf")), ("do", "register".to_owned()), ceremony, answer, name];
        let request = ready.browser.submits(self.place, PASSKEYS, &form);
        ready.goes_on_to(Visit::RegisterPasskey, request)
    }

    /// Somebody has one, and is about to use or to remove it.
    fn comes_with_a_passkey(&self, ready: Ready, visit: Visit) -> Ready {
        if visit == Visit::SignInWithPasskey {
            let (browser, request) = self.is_about_to_sign_in(ready.own());
            return ready.in_browser(browser).goes_on_to(visit, request);
        }
        let page = self.at_account(&ready.browser.dresses(Request::get(PASSKEYS)));
        let form =
            [("csrf", page.field("csrf")), ("passkey", page.field("passkey")), ("do", "remove".to_owned())];
        let request = ready.browser.submits(self.place, PASSKEYS, &form);
        ready.goes_on_to(visit, request)
    }

    /// The operator has sent somebody a link, which they open in a browser that nobody knows.
    fn comes_by_a_link(&self, ready: Ready, visit: Visit) -> Ready {
        let link = self.place.inside(&self.place.operator.enrols(ready.person().user_name()));
        let (mut browser, opens) = (Browser::default(), Request::get(&link));
        if visit == Visit::ShowEnrolment {
            return ready.in_browser(browser).goes_on_to(visit, opens);
        }
        let page = self.at_account(&opens);
        browser.keeps(&page);
        let [ceremony, answer, name] = ready.own().creates(&page);
        let form = [("person", page.field("person")), ("code", page.field("code")), ceremony, answer, name];
        let request = browser.submits(self.place, LINK, &form);
        ready.in_browser(browser).goes_on_to(visit, request)
    }

    /// A browser that nobody has signed in with, and the answer to its page.
    fn is_about_to_sign_in(&self, own: &Own) -> (Browser, Request) {
        let mut browser = Browser::default();
        let page = self.at_sign_in(&Request::get("/sign-in"));
        browser.keeps(&page);
        let request = self.answers_sign_in(own, &browser, &page);
        (browser, request)
    }

    fn answers_sign_in(&self, own: &Own, browser: &Browser, page: &Reply) -> Request {
        let form = [
            ("interaction", page.field("interaction")),
            ("ceremony", page.field("ceremony")),
            ("answer", own.does(Authenticator::get, page)),
        ];
        browser.submits(self.place, "/sign-in", &form)
    }

    /// A challenge is answered once: whoever is asked to come again touches their authenticator once more, in the same browser.
    pub(crate) fn signs_in_once_more(&self, ready: &Ready) -> Request {
        let page = self.at_sign_in(&ready.browser.dresses(Request::get("/sign-in")));
        self.answers_sign_in(ready.own(), &ready.browser, &page)
    }

    /// That what was done with a passkey stands, and is good for what it is for.
    pub(crate) fn has_passkeys_so(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let outcome = self.is_good_passkey(ready, granted);
        self.people.are_joined_by(ready.person().clone().with(None));
        outcome
    }

    fn is_good_passkey(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let own = || self.place.passkeys_of(ready.person().user_name());
        let signs_in = || {
            Visit::SignInWithPasskey.is_granted(&self.at_sign_in(&self.is_about_to_sign_in(ready.own()).1))
        };
        match ready.visit {
            Visit::RegisterPasskey | Visit::EnrolPasskey => {
                expect(own() == 1, "it is not kept once")?;
                expect(signs_in(), "it signs nobody in")
            }
            Visit::RemovePasskey => {
                expect(own() == 0, "it is still kept")?;
                expect(!signs_in(), "it still signs somebody in")
            }
            Visit::SignInWithPasskey => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let account = self.at_account(&browser.dresses(Request::get("/account")));
                expect(account.has_form("/sign-out"), "nobody is signed in")
            }
            _ => Ok(()),
        }
    }

    /// Whether a form is refused because it has been carried out, and nobody had heard of it.
    pub(crate) fn was_done_with_passkeys(&self, ready: &Ready, refused: &Reply) -> bool {
        let is_once_only =
            matches!(ready.visit, Visit::RegisterPasskey | Visit::EnrolPasskey | Visit::RemovePasskey);
        // Whoever removes one ends the session in which they do.
        let is_refused =
            refused.status == 422 || ready.visit == Visit::RemovePasskey && refused.status == 403;
        is_once_only && is_refused && self.has_passkeys_so(ready, refused).is_ok()
    }
}
