use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::event::{Reply, Request};
use crate::place::{REMEMBERED, a_name};
use crate::requests::Browser;
use crate::visit::Visit;
use crate::walk::{Crew, Ready, expect};

/// Somebody who can sign in.
#[derive(Clone)]
pub(crate) struct Person {
    user_name: String,
    password: String,
    /// In which they have signed in.
    browser: Option<Browser>,
}

impl Person {
    pub(crate) fn user_name(&self) -> &str {
        &self.user_name
    }

    /// Under which they are known, too.
    pub(crate) fn email(&self) -> String {
        format!("{}@mills.test", self.user_name)
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// After a change of password.
    fn renewed(&self) -> Self {
        Self { password: format!("{} anew", self.password), browser: None, ..self.clone() }
    }

    /// After they have signed in, or out.
    pub(crate) fn with(self, browser: Option<Browser>) -> Self {
        Self { browser, ..self }
    }
}

/// Those who have nothing to do at the moment: to make a person takes long.
#[derive(Default)]
pub(crate) struct People(Mutex<Vec<Person>>);

impl People {
    /// One of them.
    pub(crate) fn next(&self) -> Option<Person> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(crate) fn are_joined_by(&self, person: Person) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(person);
    }
}

/// What people do at the pages of their account.
impl Crew {
    /// Somebody whom nobody else is using, and whom the asking agents may ask.
    pub(crate) fn somebody(&self) -> Person {
        self.people.next().unwrap_or_else(|| {
            let mut person = Person { user_name: a_name(), password: String::new(), browser: None };
            let email = person.email();
            let known = ["--group", "reachable", "--email", &email];
            person.password = self.place.operator.adds_a_user(&person.user_name, &known);
            person
        })
    }

    /// Somebody stands before the sign-in page that an agent has sent them to, and has typed.
    pub(crate) fn comes_to_sign_in(&self) -> Ready {
        let person = self.somebody();
        let password = person.password.clone();
        self.types(Visit::SignIn, person, &password)
    }

    /// The same with a password that is not theirs.
    pub(crate) fn comes_to_mistype(&self) -> Ready {
        self.types(Visit::MistypePassword, self.somebody(), "not the password")
    }

    fn types(&self, visit: Visit, person: Person, password: &str) -> Ready {
        let mut browser = Browser::default();
        let page = self.opens(&browser.opens(&self.pushes()));
        assert!(page.has_form("/sign-in"), "{}", page.outline());
        browser.keeps(&page);
        let request = browser.signs_in(self.place, &page, &person.user_name, password);
        Ready::new(visit, request).in_browser(browser).of(person)
    }

    /// Somebody stands before the page of their account.
    pub(crate) fn comes_to_account(&self) -> Ready {
        self.at_their_account(self.somebody())
    }

    /// This person does.
    pub(crate) fn at_their_account(&self, person: Person) -> Ready {
        let browser = person.browser.clone().or_else(|| self.signs_in(&person));
        let browser = browser.expect("the password is right");
        Ready::new(Visit::ShowAccount, browser.dresses(Request::get("/account")))
            .in_browser(browser)
            .of(person)
    }

    /// Somebody is about to sign out.
    pub(crate) fn comes_to_sign_out(&self) -> Ready {
        let ready = self.comes_to_account();
        let csrf = self.at_account(&ready.request).field("csrf");
        let request = ready.browser.submits(self.place, "/sign-out", &[("csrf", csrf)]);
        ready.goes_on_to(Visit::SignOut, request)
    }

    /// Somebody is about to have the one consent forgotten that they had us remember.
    pub(crate) fn comes_to_forget(&self) -> Ready {
        let ready = self.comes_to_account();
        self.is_to_be_remembered(&ready.browser);
        let account = self.at_account(&ready.request);
        let form = ["csrf", "client", "consent"].map(|name| (name, account.field(name)));
        let request = ready.browser.submits(self.place, "/account", &form);
        ready.goes_on_to(Visit::ForgetConsent, request)
    }

    /// Somebody has typed a new password.
    pub(crate) fn comes_to_change_password(&self) -> Ready {
        let ready = self.comes_to_account();
        let person = ready.person();
        let csrf = self.at_sign_in(&ready.browser.dresses(Request::get("/sign-in/password"))).field("csrf");
        let new = person.renewed().password;
        let form = [
            ("csrf", &csrf),
            ("current_password", &person.password),
            ("new_password", &new),
            ("new_password_again", &new),
        ];
        let request = ready.browser.submits(self.place, "/sign-in/password", &form);
        ready.goes_on_to(Visit::ChangePassword, request)
    }

    /// That a change of password has happened, all of it: nobody gets in with the old one.
    pub(crate) fn has_changed_password(&self, ready: &Ready) -> Result<(), String> {
        let (before, after) = (ready.person(), ready.person().renewed());
        if self.signs_in(before).is_some() {
            return Err("the old password is still good".to_owned());
        }
        let Some(browser) = self.signs_in(&after) else {
            return Err("the new password is not good".to_owned());
        };
        if !self.at_account(&ready.browser.dresses(Request::get("/account"))).has_form("/sign-in") {
            return Err("the session before goes on".to_owned());
        }
        self.people.are_joined_by(after.with(Some(browser)));
        Ok(())
    }

    /// That a wrong password was counted, and as what it was: the right one is still good.
    pub(crate) fn has_counted_a_mistake(&self, ready: &Ready) -> Result<(), String> {
        let person = ready.person();
        let typed = digest(&SHA256, person.user_name.as_bytes());
        if !self.place.has_items_of(&format!("SIGN_IN#{}", URL_SAFE_NO_PAD.encode(typed))) {
            return Err("the attempt was not counted".to_owned());
        }
        let browser = self.signs_in(person).ok_or("one mistake shuts them out")?;
        self.people.are_joined_by(person.clone().with(Some(browser)));
        Ok(())
    }

    /// A browser in which somebody has signed in on their own; nothing when the password is wrong.
    fn signs_in(&self, person: &Person) -> Option<Browser> {
        let mut browser = Browser::default();
        let page = self.at_sign_in(&Request::get("/sign-in"));
        browser.keeps(&page);
        let typed = browser.signs_in(self.place, &page, &person.user_name, &person.password);
        let reply = self.at_sign_in(&typed);
        browser.keeps(&reply);
        Visit::SignIn.is_granted(&reply).then_some(browser)
    }

    /// Somebody consents in this browser and does not want to be asked again.
    pub(crate) fn is_to_be_remembered(&self, browser: &Browser) {
        let page = self.opens_what_can_be_remembered(browser);
        assert!(page.has_form("/consent"), "{}", page.outline());
        self.decides(&browser.approves_for_good(self.place, &page));
    }

    /// The person whom we remember is about to consent to something else, for good.
    pub(crate) fn comes_to_consent_for_good(&self) -> Ready {
        let (file, browser) = (a_name(), self.remembered().clone());
        let page = self.opens_file_to_be_remembered(&browser, &file);
        assert!(page.has_form("/consent"), "{}", page.outline());
        let request = browser.approves_for_good(self.place, &page);
        Ready::new(Visit::ConsentForGood, request).in_browser(browser).about(file)
    }

    /// That the code is good, and that the same is granted the next time: without a question, or with one if the table did not
    /// let us remember it.
    pub(crate) fn can_consent_again(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        self.is_good_code(REMEMBERED, granted)?;
        let opened = self.opens_file_to_be_remembered(&ready.browser, &ready.token);
        let leads_on = Visit::OpenRemembered.is_granted(&opened) || opened.has_form("/consent");
        expect(leads_on, "the same cannot be granted once more")
    }

    fn opens_file_to_be_remembered(&self, browser: &Browser, file: &str) -> Reply {
        let request_uri = self.pushes_this(&self.place.push_for_the_file(REMEMBERED, file));
        self.opens(&browser.opens_for(REMEMBERED, &request_uri))
    }

    fn opens_what_can_be_remembered(&self, browser: &Browser) -> Reply {
        let request_uri = self.pushes_this(&self.place.push_to_be_remembered());
        self.opens(&browser.opens_for(REMEMBERED, &request_uri))
    }
}
