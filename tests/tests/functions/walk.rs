use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::account::{People, Person};
use crate::event::{Reply, Request};
use crate::place::{AGENT, BANK_TOOL, Place, REMEMBERED, SIGNING};
use crate::process::Process;
use crate::requests::{Browser, large_details};
use crate::visit::Visit;

const MOST_TRIES: usize = 10;

/// Warm functions with a good way to AWS, which lead up to the request that a test is about and look at what came of it.
pub(crate) struct Crew {
    pub(crate) place: &'static Place,
    par: Process,
    authorize: Process,
    sign_in: Process,
    consent: Process,
    token: Process,
    introspect: Process,
    /// The browser of somebody who has signed in.
    browser: Browser,
    pub(crate) people: People,
    /// That of somebody who is not to be asked again.
    remembered: OnceLock<Browser>,
}

/// A request with something of its own to spend.
pub(crate) struct Ready {
    pub(crate) visit: Visit,
    pub(crate) request: Request,
    pub(crate) browser: Browser,
    /// A token that lives or dies with the request, or the `request_uri` that it decides about.
    token: String,
    /// Whom it is about, if it changes what they have.
    person: Option<Person>,
}

impl Ready {
    pub(crate) fn new(visit: Visit, request: Request) -> Self {
        Self { visit, request, browser: Browser::default(), token: String::new(), person: None }
    }

    pub(crate) fn in_browser(self, browser: Browser) -> Self {
        Self { browser, ..self }
    }

    pub(crate) fn of(self, person: Person) -> Self {
        Self { person: Some(person), ..self }
    }

    /// The same person in the same browser, one page further.
    pub(crate) fn goes_on_to(self, visit: Visit, request: Request) -> Self {
        Self { visit, request, ..self }
    }

    fn about(self, token: String) -> Self {
        Self { token, ..self }
    }

    pub(crate) fn person(&self) -> &Person {
        self.person.as_ref().expect("somebody")
    }
}

impl Crew {
    /// Starts the functions, and lets somebody sign in.
    pub(crate) fn new() -> Self {
        Self::at(Place::shared())
    }

    /// Those of a place.
    pub(crate) fn at(place: &'static Place) -> Self {
        let starts = |function| place.starts(function);
        let mut crew = Self {
            place,
            par: starts("par"),
            authorize: starts("authorize"),
            sign_in: starts("sign-in"),
            consent: starts("consent"),
            token: starts("token"),
            introspect: starts("introspect"),
            browser: Browser::default(),
            people: People::default(),
            remembered: OnceLock::new(),
        };
        crew.browser = crew.comes_to_account().browser;
        crew
    }

    /// Comes to the point where the request is ready to be sent.
    pub(crate) fn prepares(&self, visit: Visit) -> Ready {
        let (place, browser) = (self.place, &self.browser);
        let ready = |request| Ready::new(visit, request).in_browser(browser.clone());
        match visit {
            Visit::Push => ready(place.push()),
            Visit::PushSigned => ready(place.push_signed()),
            Visit::PushLarge => ready(place.push_large()),
            Visit::OpenSignedOut => ready(Browser::default().opens(&self.pushes())),
            Visit::OpenSignedIn => ready(browser.opens(&self.pushes())),
            Visit::OpenRemembered => {
                let browser = self.remembered.get_or_init(|| {
                    let browser = self.comes_to_account().browser;
                    self.is_to_be_remembered(&browser);
                    browser
                });
                let request_uri = self.pushes_this(&place.push_to_be_remembered());
                ready(browser.opens_for(REMEMBERED, &request_uri))
            }
            Visit::SignIn => self.comes_to_sign_in(),
            Visit::ShowAccount => ready(browser.dresses(Request::get("/account"))),
            Visit::ForgetConsent => self.comes_to_forget(),
            Visit::ChangePassword => self.comes_to_change_password(),
            Visit::SignOut => self.comes_to_sign_out(),
            Visit::Consent => ready(self.comes_to_consent(&place.push())),
            Visit::ConsentLarge => ready(self.comes_to_consent(&place.push_large())),
            Visit::Deny => {
                let request_uri = self.pushes();
                let page = self.opens(&browser.opens(&request_uri));
                ready(browser.denies(place, &page)).about(request_uri)
            }
            Visit::ConsentCarried => {
                let page = self.opens(&browser.opens_carrying());
                assert!(page.has_form("/consent"), "{}", page.outline());
                ready(browser.approves(place, &page))
            }
            Visit::DenyCarried => ready(browser.denies(place, &self.opens(&browser.opens_carrying()))),
            Visit::Redeem => ready(place.redemption(&self.gets_a_code(&place.push()))),
            Visit::RedeemLarge => ready(place.redemption(&self.gets_a_code(&place.push_large()))),
            Visit::Refresh => ready(place.refresh(&self.is_granted("refresh_token"))),
            Visit::WorkAlone => ready(place.client_credentials()),
            Visit::WorkAloneSigned => ready(place.client_credentials_signed()),
            Visit::Exchange => ready(place.exchange(&self.is_granted("access_token"))),
            Visit::ExchangeForAssertion => ready(place.exchange_for_assertion(&self.is_exchanged())),
            Visit::IntrospectAccessToken => ready(place.introspection(&self.is_granted("access_token"))),
            Visit::IntrospectRefreshToken => {
                ready(place.introspection_of_own(&self.is_granted("refresh_token")))
            }
            Visit::IntrospectLarge => {
                let tokens = self.redeems(&self.gets_a_code(&place.push_large()));
                ready(place.introspection(&tokens.member("access_token")))
            }
            Visit::RevokeAccessToken => {
                let token = self.is_granted("access_token");
                ready(place.revocation(&token)).about(token)
            }
            Visit::RevokeRefreshToken => {
                let tokens = self.redeems(&self.gets_a_code(&place.push()));
                ready(place.revocation(&tokens.member("refresh_token"))).about(tokens.member("access_token"))
            }
            Visit::Userinfo => {
                let tokens = self.redeems(&self.gets_a_code(&place.push_for_userinfo()));
                let bearer = format!("Bearer {}", tokens.member("access_token"));
                ready(Request::get("/userinfo").header("authorization", bearer))
            }
            Visit::ReadMetadata => ready(Request::get("/.well-known/oauth-authorization-server")),
            Visit::ReadKeys => ready(Request::get("/jwks.json")),
        }
    }

    /// The same request once more. An assertion is good once (RFC 7523, section 3, item 7), so that a client makes another.
    pub(crate) fn again(&self, ready: &Ready) -> Request {
        match ready.visit {
            Visit::PushSigned => self.place.push_signed(),
            Visit::WorkAloneSigned => self.place.client_credentials_signed(),
            _ => ready.request.clone(),
        }
    }

    /// That what was granted is good for what comes next: the other side of "nothing is half done".
    pub(crate) fn goes_on(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let place = self.place;
        match ready.visit {
            Visit::Push => {
                let page = self.opens(&Browser::default().opens(&granted.member("request_uri")));
                expect(page.has_form("/sign-in"), "the request_uri leads nowhere")
            }
            Visit::PushSigned => {
                let page = self.opens(&Browser::default().opens_for(SIGNING, &granted.member("request_uri")));
                expect(page.has_form("/sign-in"), "the request_uri leads nowhere")
            }
            Visit::PushLarge => {
                let page = self.opens(&ready.browser.opens(&granted.member("request_uri")));
                expect(page.fields("detail").len() == 2, "the page lacks details")
            }
            Visit::OpenSignedIn => {
                let decided = self.decides(&ready.browser.approves(place, granted));
                expect(Visit::Consent.is_granted(&decided), "the page cannot be submitted")
            }
            Visit::OpenRemembered => self.is_good_code(REMEMBERED, granted),
            Visit::SignIn => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let address = place.inside(granted.header("location").unwrap_or_default());
                let page = self.opens(&browser.dresses(Request::get(&address)));
                self.people.are_joined_by(ready.person().clone().with(Some(browser)));
                expect(page.has_form("/consent"), "the session does not lead to the consent page")
            }
            Visit::ForgetConsent => {
                let account = self.at_account(&ready.browser.dresses(Request::get("/account")));
                self.people.are_joined_by(ready.person().clone().with(Some(ready.browser.clone())));
                expect(account.fields("consent").is_empty(), "it is still remembered")
            }
            Visit::ChangePassword => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let account = self.at_account(&browser.dresses(Request::get("/account")));
                expect(account.has_form("/sign-out"), "this browser does not go on")?;
                self.has_changed_password(ready)
            }
            Visit::SignOut => {
                let account = self.at_account(&ready.browser.dresses(Request::get("/account")));
                self.people.are_joined_by(ready.person().clone().with(None));
                expect(account.has_form("/sign-in"), "the session goes on")
            }
            Visit::Consent | Visit::ConsentCarried => self.is_good_code(AGENT, granted),
            // Yes and no of one page are spent together.
            Visit::DenyCarried => {
                let again = self.decides(&ready.request);
                expect(again.status == 400, "the page can be submitted again")
            }
            Visit::ConsentLarge => {
                let code = granted.callback("code").unwrap_or_default();
                let redeemed = answer(&self.token, &place.redemption(&code));
                self.has_large_details(&redeemed)
            }
            Visit::Deny => {
                let page = self.opens(&ready.browser.opens(&ready.token));
                expect(!page.has_form("/consent"), "the request can still be approved")
            }
            Visit::RedeemLarge => self.has_large_details(granted),
            Visit::Redeem | Visit::Refresh => {
                expect(self.is_active(&granted.member("access_token")), "the access token is not active")?;
                let renewed = answer(&self.token, &place.refresh(&granted.member("refresh_token")));
                expect(Visit::Refresh.is_granted(&renewed), "the refresh token is not good")
            }
            Visit::WorkAlone | Visit::WorkAloneSigned => {
                expect(self.is_active(&granted.member("access_token")), "it is not active")
            }
            Visit::Exchange => {
                let question = place.introspection_by(BANK_TOOL, &granted.member("access_token"));
                let said = answer(&self.introspect, &question);
                expect(Visit::IntrospectAccessToken.is_granted(&said), "the other tool's token is not active")
            }
            Visit::RevokeAccessToken | Visit::RevokeRefreshToken => {
                expect(!self.is_active(&ready.token), "the access token is still active")
            }
            Visit::OpenSignedOut
            | Visit::ShowAccount
            | Visit::ExchangeForAssertion
            | Visit::IntrospectAccessToken
            | Visit::IntrospectRefreshToken
            | Visit::IntrospectLarge
            | Visit::Userinfo
            | Visit::ReadMetadata
            | Visit::ReadKeys => Ok(()),
        }
    }

    /// Whether a request is refused because it has been carried out, and nobody had heard of it: whoever changes their
    /// password ends the session in which they do, and is asked to sign in again, with the new one.
    pub(crate) fn was_done(&self, ready: &Ready, refused: &Reply) -> bool {
        ready.visit == Visit::ChangePassword
            && refused.status == 403
            && self.has_changed_password(ready).is_ok()
    }

    /// The browser of somebody who has signed in.
    pub(crate) fn somebodys_browser(&self) -> Browser {
        self.browser.clone()
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        Visit::IntrospectAccessToken.is_granted(&answer(&self.introspect, &self.place.introspection(token)))
    }

    /// A page that leads to consent, or the answer at once.
    pub(crate) fn opens(&self, request: &Request) -> Reply {
        answer(&self.authorize, request)
    }

    pub(crate) fn decides(&self, request: &Request) -> Reply {
        answer(&self.consent, request)
    }

    pub(crate) fn at_account(&self, request: &Request) -> Reply {
        answer(&self.sign_in, request)
    }

    pub(crate) fn pushes(&self) -> String {
        self.pushes_this(&self.place.push())
    }

    pub(crate) fn pushes_this(&self, push: &Request) -> String {
        let pushed = answer(&self.par, push);
        assert!(Visit::Push.is_granted(&pushed), "{}", pushed.outline());
        pushed.member("request_uri")
    }

    fn comes_to_consent(&self, push: &Request) -> Request {
        let page = self.opens(&self.browser.opens(&self.pushes_this(push)));
        assert!(page.has_form("/consent"), "{}", page.outline());
        self.browser.approves(self.place, &page)
    }

    pub(crate) fn gets_a_code(&self, push: &Request) -> String {
        let decided = self.decides(&self.comes_to_consent(push));
        decided.callback("code").unwrap_or_else(|| panic!("no code: {}", decided.outline()))
    }

    pub(crate) fn redeems(&self, code: &str) -> Reply {
        let redeemed = answer(&self.token, &self.place.redemption(code));
        assert!(Visit::Redeem.is_granted(&redeemed), "{}", redeemed.outline());
        redeemed
    }

    /// A token of a fresh grant.
    fn is_granted(&self, member: &str) -> String {
        self.redeems(&self.gets_a_code(&self.place.push())).member(member)
    }

    /// A token of the file server's, which it has exchanged for the bank.
    fn is_exchanged(&self) -> String {
        let exchanged = answer(&self.token, &self.place.exchange(&self.is_granted("access_token")));
        assert!(Visit::Exchange.is_granted(&exchanged), "{}", exchanged.outline());
        exchanged.member("access_token")
    }

    fn is_good_code(&self, client: &str, decided: &Reply) -> Result<(), String> {
        let code = decided.callback("code").unwrap_or_default();
        let redeemed = answer(&self.token, &self.place.redemption_by(client, &code));
        expect(Visit::Redeem.is_granted(&redeemed), "the code is not good")
    }

    /// That a token's details, which lie beside the authorization, are all there.
    fn has_large_details(&self, redeemed: &Reply) -> Result<(), String> {
        let said = answer(&self.introspect, &self.place.introspection(&redeemed.member("access_token")));
        let details = said.json()["authorization_details"].clone();
        expect(details == large_details(), "details are missing")
    }
}

fn expect(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// The answer of a warm function, asked again while it says 503: the endpoint of the tests may be slow for once.
fn answer(process: &Process, request: &Request) -> Reply {
    for _ in 1..MOST_TRIES {
        let reply = process.sends(request);
        if reply.status != 503 {
            return reply;
        }
        thread::sleep(Duration::from_millis(300));
    }
    process.sends(request)
}
