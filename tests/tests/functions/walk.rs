use std::thread;
use std::time::Duration;

use crate::event::{Reply, Request};
use crate::place::{Place, a_name};
use crate::process::Process;
use crate::requests::Browser;

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
}

/// A request to an endpoint, one for each way that it goes to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    Push,
    OpenSignedOut,
    OpenSignedIn,
    SignIn,
    Consent,
    Redeem,
    Refresh,
    WorkAlone,
    IntrospectAccessToken,
    IntrospectRefreshToken,
    RevokeAccessToken,
    RevokeRefreshToken,
    Userinfo,
    ReadMetadata,
    ReadKeys,
}

/// A request with something of its own to spend.
pub(crate) struct Ready {
    pub(crate) visit: Visit,
    pub(crate) request: Request,
    browser: Browser,
    /// A token that lives or dies with the request.
    token: String,
}

impl Visit {
    pub(crate) const ALL: [Self; 15] = [
        Self::Push,
        Self::OpenSignedOut,
        Self::OpenSignedIn,
        Self::SignIn,
        Self::Consent,
        Self::Redeem,
        Self::Refresh,
        Self::WorkAlone,
        Self::IntrospectAccessToken,
        Self::IntrospectRefreshToken,
        Self::RevokeAccessToken,
        Self::RevokeRefreshToken,
        Self::Userinfo,
        Self::ReadMetadata,
        Self::ReadKeys,
    ];

    pub(crate) const fn function(self) -> &'static str {
        match self {
            Self::Push => "par",
            Self::OpenSignedOut | Self::OpenSignedIn => "authorize",
            Self::SignIn => "sign-in",
            Self::Consent => "consent",
            Self::Redeem | Self::Refresh | Self::WorkAlone => "token",
            Self::IntrospectAccessToken | Self::IntrospectRefreshToken => "introspect",
            Self::RevokeAccessToken | Self::RevokeRefreshToken => "revoke",
            Self::Userinfo => "userinfo",
            Self::ReadMetadata | Self::ReadKeys => "discovery",
        }
    }

    /// Whether a person sees the answer.
    pub(crate) const fn is_of_a_browser(self) -> bool {
        matches!(self, Self::OpenSignedOut | Self::OpenSignedIn | Self::SignIn | Self::Consent)
    }

    /// Whether an answer is the one that the request is sent for.
    pub(crate) fn is_granted(self, reply: &Reply) -> bool {
        match self {
            Self::Push => reply.status == 201 && !reply.member("request_uri").is_empty(),
            Self::OpenSignedOut => reply.has_form("/sign-in"),
            Self::OpenSignedIn => reply.has_form("/consent"),
            Self::SignIn => reply.status == 303 && reply.headers.contains_key("set-cookie"),
            Self::Consent => reply.status == 303 && reply.callback("code").is_some(),
            Self::Redeem | Self::Refresh | Self::WorkAlone => {
                reply.status == 200 && !reply.member("access_token").is_empty()
            }
            Self::IntrospectAccessToken | Self::IntrospectRefreshToken => reply.json()["active"] == true,
            Self::RevokeAccessToken | Self::RevokeRefreshToken => reply.status == 200,
            Self::Userinfo => reply.status == 200 && !reply.member("sub").is_empty(),
            Self::ReadMetadata => reply.status == 200 && !reply.member("issuer").is_empty(),
            Self::ReadKeys => reply.status == 200 && reply.json()["keys"].is_array(),
        }
    }
}

impl Crew {
    /// Starts the functions, and lets somebody sign in.
    pub(crate) fn new() -> Self {
        Self::at(Place::shared())
    }

    /// Those of a place.
    pub(crate) fn at(place: &'static Place) -> Self {
        let starts = |function| place.starts(function, &place.endpoint);
        let mut crew = Self {
            place,
            par: starts("par"),
            authorize: starts("authorize"),
            sign_in: starts("sign-in"),
            consent: starts("consent"),
            token: starts("token"),
            introspect: starts("introspect"),
            browser: Browser::default(),
        };
        let (mut browser, submitted) = crew.comes_to_sign_in();
        let signed_in = answer(&crew.sign_in, &submitted);
        assert!(Visit::SignIn.is_granted(&signed_in), "{}", signed_in.outline());
        browser.keeps(&signed_in);
        crew.browser = browser;
        crew
    }

    /// Comes to the point where the request is ready to be sent.
    pub(crate) fn prepares(&self, visit: Visit) -> Ready {
        let place = self.place;
        let ready = |request, token: String| Ready { visit, request, browser: self.browser.clone(), token };
        match visit {
            Visit::Push => ready(place.push(), String::new()),
            Visit::OpenSignedOut => ready(Browser::default().opens(&self.pushes()), String::new()),
            Visit::OpenSignedIn => ready(self.browser.opens(&self.pushes()), String::new()),
            Visit::SignIn => {
                let (browser, request) = self.comes_to_sign_in();
                Ready { visit, request, browser, token: String::new() }
            }
            Visit::Consent => ready(self.comes_to_consent(&place.push()), String::new()),
            Visit::Redeem => ready(place.redemption(&self.gets_a_code(&place.push())), String::new()),
            Visit::WorkAlone => ready(place.client_credentials(), String::new()),
            Visit::Refresh => ready(place.refresh(&self.is_granted("refresh_token")), String::new()),
            Visit::IntrospectAccessToken => {
                ready(place.introspection(&self.is_granted("access_token")), String::new())
            }
            Visit::IntrospectRefreshToken => {
                ready(place.introspection_of_own(&self.is_granted("refresh_token")), String::new())
            }
            Visit::RevokeAccessToken => {
                let token = self.is_granted("access_token");
                ready(place.revocation(&token), token)
            }
            Visit::RevokeRefreshToken => {
                let tokens = self.redeems(&self.gets_a_code(&place.push()));
                ready(place.revocation(&tokens.member("refresh_token")), tokens.member("access_token"))
            }
            Visit::ReadMetadata => {
                ready(Request::get("/.well-known/oauth-authorization-server"), String::new())
            }
            Visit::ReadKeys => ready(Request::get("/jwks.json"), String::new()),
            Visit::Userinfo => {
                let tokens = self.redeems(&self.gets_a_code(&place.push_for_userinfo()));
                let bearer = format!("Bearer {}", tokens.member("access_token"));
                ready(Request::get("/userinfo").header("authorization", bearer), String::new())
            }
        }
    }

    /// That what was granted is good for what comes next: the other side of "nothing is half done".
    pub(crate) fn goes_on(&self, ready: &Ready, granted: &Reply) -> Result<(), String> {
        let expect = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        match ready.visit {
            Visit::Push => {
                let page = answer(&self.authorize, &Browser::default().opens(&granted.member("request_uri")));
                expect(page.has_form("/sign-in"), "the request_uri leads nowhere")
            }
            Visit::OpenSignedIn => {
                let decided = answer(&self.consent, &ready.browser.approves(self.place, granted));
                expect(Visit::Consent.is_granted(&decided), "the page cannot be submitted")
            }
            Visit::SignIn => {
                let mut browser = ready.browser.clone();
                browser.keeps(granted);
                let address = self.place.inside(granted.header("location").unwrap_or_default());
                let page = answer(&self.authorize, &browser.dresses(Request::get(&address)));
                expect(page.has_form("/consent"), "the session does not lead to the consent page")
            }
            Visit::Consent => {
                let code = granted.callback("code").unwrap_or_default();
                let redeemed = answer(&self.token, &self.place.redemption(&code));
                expect(Visit::Redeem.is_granted(&redeemed), "the code is not good")
            }
            Visit::Redeem | Visit::Refresh => {
                expect(self.is_active(&granted.member("access_token")), "the access token is not active")?;
                let renewed = answer(&self.token, &self.place.refresh(&granted.member("refresh_token")));
                expect(Visit::Refresh.is_granted(&renewed), "the refresh token is not good")
            }
            Visit::WorkAlone => expect(self.is_active(&granted.member("access_token")), "it is not active"),
            Visit::RevokeAccessToken | Visit::RevokeRefreshToken => {
                expect(!self.is_active(&ready.token), "the access token is still active")
            }
            Visit::OpenSignedOut
            | Visit::IntrospectAccessToken
            | Visit::IntrospectRefreshToken
            | Visit::Userinfo
            | Visit::ReadMetadata
            | Visit::ReadKeys => Ok(()),
        }
    }

    /// The browser of somebody who has signed in.
    pub(crate) fn somebodys_browser(&self) -> Browser {
        self.browser.clone()
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        Visit::IntrospectAccessToken.is_granted(&answer(&self.introspect, &self.place.introspection(token)))
    }

    /// Somebody new stands before the sign-in page and has typed: their browser, and what it sends.
    fn comes_to_sign_in(&self) -> (Browser, Request) {
        let user_name = a_name();
        let password = self.place.operator.adds_a_user(&user_name, &[]);
        let mut browser = Browser::default();
        let page = answer(&self.authorize, &browser.opens(&self.pushes()));
        assert!(page.has_form("/sign-in"), "{}", page.outline());
        browser.keeps(&page);
        let request = browser.signs_in(self.place, &page, &user_name, &password);
        (browser, request)
    }

    fn pushes(&self) -> String {
        self.pushes_this(&self.place.push())
    }

    fn pushes_this(&self, push: &Request) -> String {
        let pushed = answer(&self.par, push);
        assert!(Visit::Push.is_granted(&pushed), "{}", pushed.outline());
        pushed.member("request_uri")
    }

    fn comes_to_consent(&self, push: &Request) -> Request {
        let page = answer(&self.authorize, &self.browser.opens(&self.pushes_this(push)));
        assert!(page.has_form("/consent"), "{}", page.outline());
        self.browser.approves(self.place, &page)
    }

    pub(crate) fn gets_a_code(&self, push: &Request) -> String {
        let decided = answer(&self.consent, &self.comes_to_consent(push));
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
