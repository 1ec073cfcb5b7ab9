use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tests::tries_again;

use crate::account::{People, Person};
use crate::event::{Reply, Request};
use crate::passkeys::Own;
use crate::place::{AGENT, PATIENT, Place, REMEMBERED, TOOL, an_address};
use crate::process::Process;
use crate::registrations::registration;
use crate::requests::Browser;
use crate::standing::Standing;
use crate::visit::Visit;
use crate::way::Way;

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
    /// Not every version has these.
    account: OnceLock<Process>,
    /// Its way to SNS, which names phones otherwise than the emulator does.
    to_sns: Way,
    register: OnceLock<Process>,
    backchannel: OnceLock<Process>,
    approval: OnceLock<Process>,
    /// The browser of somebody who has signed in.
    browser: Browser,
    pub(crate) people: People,
    /// Those who have set a code that agents have to show.
    pub(crate) coded: People,
    /// That of somebody who is not to be asked again.
    remembered: OnceLock<Browser>,
    /// Of an ordinary grant, of one with large details, of one for what the server knows, and of the agent that exchanges its own.
    granted: Standing,
    large: Standing,
    of_openid: Standing,
    pub(crate) delegated: Standing,
}

/// A request with something of its own to spend.
pub(crate) struct Ready {
    pub(crate) visit: Visit,
    pub(crate) request: Request,
    pub(crate) browser: Browser,
    /// A token that lives or dies with the request, the `request_uri` or `auth_req_id` that it decides about, the client or the device
    /// that it is about, or the address that it comes from.
    pub(crate) token: String,
    /// Whom it is about, if it changes what they have.
    person: Option<Person>,
    /// What they sign in with, if it is about that.
    own: Option<Own>,
}

impl Ready {
    pub(crate) fn new(visit: Visit, request: Request) -> Self {
        Self { visit, request, browser: Browser::default(), token: String::new(), person: None, own: None }
    }

    pub(crate) fn in_browser(self, browser: Browser) -> Self {
        Self { browser, ..self }
    }

    pub(crate) fn of(self, person: Person) -> Self {
        Self { person: Some(person), ..self }
    }

    /// With a passkey of theirs.
    pub(crate) fn by(self, own: Own) -> Self {
        Self { own: Some(own), ..self }
    }

    /// The same person in the same browser, one page further.
    pub(crate) fn goes_on_to(self, visit: Visit, request: Request) -> Self {
        Self { visit, request, ..self }
    }

    pub(crate) fn about(self, token: String) -> Self {
        Self { token, ..self }
    }

    pub(crate) fn person(&self) -> &Person {
        self.person.as_ref().expect("somebody")
    }

    pub(crate) fn own(&self) -> &Own {
        self.own.as_ref().expect("a passkey")
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
            account: OnceLock::new(),
            to_sns: Way::to(&place.endpoint),
            register: OnceLock::new(),
            backchannel: OnceLock::new(),
            approval: OnceLock::new(),
            browser: Browser::default(),
            people: People::default(),
            coded: People::default(),
            remembered: OnceLock::new(),
            granted: Standing::default(),
            large: Standing::default(),
            of_openid: Standing::default(),
            delegated: Standing::default(),
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
            Visit::PushCounted => {
                let address = an_address();
                ready(Place::push_counted(&address)).about(address)
            }
            Visit::PushByDocument => {
                let client = self.has_a_document();
                ready(Place::push_by_name(&client)).about(client)
            }
            Visit::OpenSignedOut => ready(Browser::default().opens(&self.pushes())),
            Visit::OpenSignedIn => ready(browser.opens(&self.pushes())),
            Visit::OpenRemembered => {
                let request_uri = self.pushes_this(&place.push_to_be_remembered());
                ready(self.remembered().opens_for(REMEMBERED, &request_uri))
            }
            Visit::OpenByDocument => {
                let client = self.has_a_document();
                let request_uri = self.pushes_this(&Place::push_by_name(&client));
                ready(browser.opens_for(&client, &request_uri))
            }
            Visit::SignIn => self.comes_to_sign_in(),
            Visit::MistypePassword => self.comes_to_mistype(),
            Visit::ShowAccount => ready(browser.dresses(Request::get("/account"))),
            Visit::ForgetConsent => self.comes_to_forget(),
            Visit::ShowPassword => ready(browser.dresses(Request::get("/sign-in/password"))),
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
            Visit::ConsentForGood => self.comes_to_consent_for_good(),
            Visit::ConsentRegistered => {
                let client = self.has_registered();
                ready(self.comes_to_consent_to(&client, &Place::push_by_name(&client))).about(client)
            }
            Visit::DenyCarried => ready(browser.denies(place, &self.opens(&browser.opens_carrying()))),
            Visit::Redeem => ready(place.redemption(&self.gets_a_code(&place.push()))),
            Visit::RedeemLarge => ready(place.redemption(&self.gets_a_code(&place.push_large()))),
            Visit::RedeemByDocument => {
                let client = self.has_a_document();
                let code = self.gets_a_code_for(&client, &Place::push_by_name(&client));
                ready(Place::redemption_by_name(&client, &code))
            }
            Visit::Refresh => ready(place.refresh(&self.is_granted("refresh_token"))),
            Visit::WorkAlone => ready(place.client_credentials()),
            Visit::WorkAloneSigned => ready(place.client_credentials_signed()),
            Visit::IntrospectAccessToken => ready(place.introspection(&self.holds("access_token"))),
            Visit::IntrospectRefreshToken => ready(place.introspection_of_own(&self.holds("refresh_token"))),
            Visit::IntrospectLarge => {
                let tokens = self.large.or(|| self.redeems(&self.gets_a_code(&place.push_large())));
                ready(place.introspection(&tokens.member("access_token")))
            }
            Visit::IntrospectSigned => {
                let token = self.works_alone(|| place.client_credentials_signed());
                ready(place.introspection_signed(&token)).about(token)
            }
            Visit::RevokeAccessToken => {
                let token = self.is_granted("access_token");
                ready(place.revocation(&token)).about(token)
            }
            Visit::RevokeRefreshToken => {
                let tokens = self.redeems(&self.gets_a_code(&place.push()));
                ready(place.revocation(&tokens.member("refresh_token"))).about(tokens.member("access_token"))
            }
            Visit::RevokeSigned => {
                let token = self.works_alone(|| place.client_credentials_signed());
                ready(place.revocation_signed(&token)).about(token)
            }
            Visit::Userinfo => {
                let push = place.push_for_userinfo();
                let tokens = self.of_openid.or(|| self.redeems(&self.gets_a_code(&push)));
                let bearer = format!("Bearer {}", tokens.member("access_token"));
                ready(Request::get("/userinfo").header("authorization", bearer))
            }
            Visit::Register => ready(registration()),
            Visit::ReadRegistration | Visit::ChangeRegistration | Visit::DeleteRegistration => {
                self.comes_to_registration(visit)
            }
            Visit::ReadMetadata => ready(Request::get("/.well-known/oauth-authorization-server")),
            Visit::ReadKeys => ready(Request::get("/jwks.json")),
            _ => self.prepares_further(visit),
        }
    }

    /// The same for exchanges, for what people look after, and for what is asked of them elsewhere.
    fn prepares_further(&self, visit: Visit) -> Ready {
        match visit {
            _ if visit.is_of_exchange() => Ready::new(visit, self.comes_to_exchange(visit)),
            _ if visit.is_of_passkeys() => self.comes_to_passkeys(visit),
            _ if visit.function() == "account" => self.comes_to_belongings(visit),
            _ => self.comes_to_approval(visit),
        }
    }

    /// The browser of somebody who is not asked again.
    pub(crate) fn remembered(&self) -> &Browser {
        self.remembered.get_or_init(|| {
            let browser = self.comes_to_account().browser;
            self.is_to_be_remembered(&browser);
            browser
        })
    }

    /// The browser of somebody who has signed in.
    pub(crate) fn somebodys_browser(&self) -> Browser {
        self.browser.clone()
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        self.is_active_to(TOOL, token)
    }

    pub(crate) fn is_active_to(&self, tool: &str, token: &str) -> bool {
        Visit::IntrospectAccessToken.is_granted(&self.is_told(tool, token))
    }

    /// What a tool is told about a token.
    pub(crate) fn is_told(&self, tool: &str, token: &str) -> Reply {
        answer(&self.introspect, &self.place.introspection_by(tool, token))
    }

    /// A page that leads to consent, or the answer at once.
    pub(crate) fn opens(&self, request: &Request) -> Reply {
        answer(&self.authorize, request)
    }

    pub(crate) fn decides(&self, request: &Request) -> Reply {
        answer(&self.consent, request)
    }

    pub(crate) fn at_sign_in(&self, request: &Request) -> Reply {
        answer(&self.sign_in, request)
    }

    pub(crate) fn at_account(&self, request: &Request) -> Reply {
        let starts = || {
            let environment = self.place.environment("account", &self.to_sns.endpoint);
            self.place.starts_in("account", environment.with(PATIENT.0, PATIENT.1))
        };
        answer(self.account.get_or_init(starts), request)
    }

    pub(crate) fn at_par(&self, request: &Request) -> Reply {
        answer(&self.par, request)
    }

    pub(crate) fn at_token(&self, request: &Request) -> Reply {
        answer(&self.token, request)
    }

    pub(crate) fn at_registration(&self, request: &Request) -> Reply {
        answer(self.register.get_or_init(|| self.place.starts("register")), request)
    }

    pub(crate) fn at_backchannel(&self, request: &Request) -> Reply {
        answer(self.backchannel.get_or_init(|| self.place.starts("backchannel")), request)
    }

    pub(crate) fn at_approval(&self, request: &Request) -> Reply {
        answer(self.approval.get_or_init(|| self.place.starts("approval")), request)
    }

    pub(crate) fn pushes(&self) -> String {
        self.pushes_this(&self.place.push())
    }

    pub(crate) fn pushes_this(&self, push: &Request) -> String {
        let pushed = self.at_par(push);
        assert!(Visit::Push.is_granted(&pushed), "{}", pushed.outline());
        pushed.member("request_uri")
    }

    fn comes_to_consent(&self, push: &Request) -> Request {
        self.comes_to_consent_to(AGENT, push)
    }

    fn comes_to_consent_to(&self, client: &str, push: &Request) -> Request {
        self.comes_to_consent_in(&self.browser, client, push)
    }

    /// The same in the browser of somebody else.
    pub(crate) fn comes_to_consent_in(&self, browser: &Browser, client: &str, push: &Request) -> Request {
        let page = self.opens(&browser.opens_for(client, &self.pushes_this(push)));
        assert!(page.has_form("/consent"), "{}", page.outline());
        browser.approves(self.place, &page)
    }

    pub(crate) fn gets_a_code(&self, push: &Request) -> String {
        self.gets_a_code_for(AGENT, push)
    }

    pub(crate) fn gets_a_code_for(&self, client: &str, push: &Request) -> String {
        let decided = self.decides(&self.comes_to_consent_to(client, push));
        decided.callback("code").unwrap_or_else(|| panic!("no code: {}", decided.outline()))
    }

    pub(crate) fn redeems(&self, code: &str) -> Reply {
        let redeemed = answer(&self.token, &self.place.redemption(code));
        assert!(Visit::Redeem.is_granted(&redeemed), "{}", redeemed.outline());
        redeemed
    }

    /// A token of a fresh grant.
    fn is_granted(&self, member: &str) -> String {
        self.is_granted_tokens().member(member)
    }

    /// A token of a grant that stands.
    pub(crate) fn holds(&self, member: &str) -> String {
        self.granted.or(|| self.is_granted_tokens()).member(member)
    }

    fn is_granted_tokens(&self) -> Reply {
        self.redeems(&self.gets_a_code(&self.place.push()))
    }

    /// A token of a client that works alone. What it signs is good once, so that each try is a request of its own.
    pub(crate) fn works_alone(&self, request: impl Fn() -> Request) -> String {
        let granted = answer_to(&self.token, request);
        assert!(Visit::WorkAlone.is_granted(&granted), "{}", granted.outline());
        granted.member("access_token")
    }
}

pub(crate) fn expect(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// The answer of a warm function, asked again while it says 503: the endpoint of the tests may be slow for once.
pub(crate) fn answer(process: &Process, request: &Request) -> Reply {
    answer_to(process, || request.clone())
}

/// The same for requests that are made anew.
fn answer_to(process: &Process, request: impl Fn() -> Request) -> Reply {
    for _ in 1..MOST_TRIES {
        let reply = process.sends(&request());
        if reply.status != 503 {
            return reply;
        }
        tries_again();
        thread::sleep(Duration::from_millis(300));
    }
    process.sends(&request())
}
