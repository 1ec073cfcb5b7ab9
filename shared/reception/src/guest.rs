use std::sync::{Arc, OnceLock};

use details::DetailTypes;
use environment::{Clock, Dice, Fault};
use http::answer::{html, see_other};
use http::audit::{Decision, Event, Outcome};
use http::request::{accept_language, request_id};
use http::{
    Browser, ERROR_CATALOGUE, Problem, Request, Response, Site, StatusCode, open, seal, to_the_pages,
};
use keys::{Deployment, Keys, ServerSecret};
use languages::Languages;
use oauth::configuration::{Client, Server};
use oauth::{ClientId, Refusal, Timestamp};
use pages::{
    Brand, Colour, ErrorPage, Frame, LeadsTo, Logo, SignInPage, SignInProblem, content_security_policy,
    content_security_policy_with_script,
};
use policy::Policies;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sessions::Interaction;
use store::{Configuration, Derived, Store};

use crate::language::Preferences;
use crate::what_happened::what_happened;

/// What a page needs of the process.
pub struct Services {
    /// The table.
    pub store: Store,
    /// The keys: their secret seals what pages bring back.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub dice: Dice,
    brand: Derived<Arc<Brand>>,
    types: Derived<DetailTypes>,
    policies: Derived<Policies>,
}

impl Services {
    /// Puts the parts together.
    pub fn new(store: Store, keys: Keys, clock: Clock, dice: Dice) -> Self {
        let (types, policies) = (Derived::default(), Derived::default());
        Self { store, keys, clock, dice, brand: Derived::default(), types, policies }
    }

    /// The parts of a function on Lambda.
    ///
    /// # Errors
    /// [`Fault::Broken`] naming what the environment lacks.
    pub async fn of_deployment() -> Result<Self, Fault> {
        let Deployment { store, keys, clock } = Deployment::open().await?;
        Ok(Self::new(store, keys, clock, Dice::system()))
    }
}

/// A person at a page of ours: one request.
pub struct Guest<'a> {
    /// The request.
    pub request: &'a Request,
    /// The moment that everything in this request is judged by.
    pub now: Timestamp,
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// What answers must know about the server.
    pub site: Site,
    /// The registered types of `authorization_details`.
    pub types: DetailTypes,
    /// The policies in force.
    pub policies: Policies,
    /// The table.
    pub store: &'a Store,
    /// The keys.
    pub keys: &'a Keys,
    /// Randomness.
    pub dice: &'a Dice,
    pub(crate) preferences: Preferences,
    /// Set where nothing but a passkey will do for the request at hand.
    pub(crate) takes_passkey: OnceLock<()>,
    browser: Browser,
    brand: Arc<Brand>,
    secret: &'a ServerSecret,
}

/// What is sealed for the way through sign-in, and for the form that decides: one cannot serve as the other.
const ON_THE_WAY: &str = "interaction";
const TO_DECIDE: &str = "decision";

/// The seal of the forms of the account's front page, of which one signs out.
pub const ACCOUNT_FORM: &str = "account";

/// Answers a request with a page, or with the page that says what went wrong. A refusal is recorded, as one of
/// what the page decides about.
pub async fn receive(
    services: &Services,
    request: &Request,
    event: Event,
    work: impl AsyncFnOnce(&Guest<'_>) -> Result<Response, Problem>,
) -> Response {
    let now = services.clock.now();
    let prepared = async {
        let configuration = services.store.configuration(now).await?;
        Ok::<_, Fault>((configuration, services.keys.server_secret().await?))
    };
    match prepared.await {
        Ok((configuration, secret)) => {
            if let Some(sent_on) = to_the_pages(request, &Site::of(&configuration.server)) {
                return sent_on;
            }
            let guest = Guest::arrive(services, request, configuration, secret, now);
            match work(&guest).await {
                Ok(response) => response,
                Err(problem) => {
                    if let Problem::Refused(refusal) = &problem {
                        Decision::new(event, Outcome::Refused(refusal), request, now).record();
                    }
                    guest.problem_page(&problem)
                }
            }
        }
        Err(fault) => page_without_configuration(request, fault),
    }
}

/// What a person reads while not even the configuration can be read. Of the server it knows nothing: neither brand nor
/// path, nor whether browsers reach it by TLS, so it alone says nothing of `Strict-Transport-Security`.
fn page_without_configuration(request: &Request, fault: Fault) -> Response {
    tracing::error!(fault = %fault, "a fault of ours");
    let problem = Problem::from(fault);
    let (what_happened, status, code, _) = what_happened(&problem);
    let texts = Languages::shipped().choose(accept_language(request), None);
    let page = ErrorPage {
        frame: Frame { texts, brand: &Brand::default(), base_path: "" },
        what_happened,
        code,
        description: None,
        catalogue: None,
        request_id: request_id(request),
    };
    let mut response = html(status, page.render_bare(), &content_security_policy(&[]), &Site::new(""));
    http::mark(&mut response, &problem);
    response
}

impl<'a> Guest<'a> {
    fn arrive(
        services: &'a Services,
        request: &'a Request,
        configuration: Arc<Configuration>,
        secret: &'a ServerSecret,
        now: Timestamp,
    ) -> Self {
        let site = Site::of(&configuration.server);
        let version = configuration.version;
        Self {
            request,
            now,
            browser: Browser::recognise(request, &site, &services.dice),
            site,
            preferences: Preferences::default(),
            takes_passkey: OnceLock::new(),
            types: services.types.of(version, || DetailTypes::new(configuration.detail_types.clone())),
            policies: services
                .policies
                .of(version, || Policies::new(&configuration.policies, &configuration.detail_types)),
            brand: services.brand.of(version, || Arc::new(brand(&configuration.server))),
            store: &services.store,
            keys: &services.keys,
            dice: &services.dice,
            secret,
            configuration,
        }
    }

    /// A client that is known and not switched off.
    ///
    /// # Errors
    /// [`Refusal::UnknownClient`]; a fault of the table.
    pub async fn client(&self, id: &ClientId) -> Result<Arc<Client>, Problem> {
        let client = self.client_at_work(id).await?.ok_or(Refusal::UnknownClient)?;
        http::note_client(id);
        Ok(client)
    }

    /// A client, if it is known and not switched off.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn client_at_work(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        let Some(client) = self.store.client(&self.configuration, id, self.now).await? else {
            return Ok(None);
        };
        let is_off = self.store.client_state(id, self.now).await?.disabled;
        Ok((!is_off).then_some(client))
    }

    /// What all pages have in common.
    pub fn frame(&self) -> Frame<'_> {
        Frame { texts: self.texts(), brand: &self.brand, base_path: self.configuration.server.base_path() }
    }

    /// The path of a page of ours, below that of the pages' URL.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.configuration.server.base_path())
    }

    /// The way back to a page of ours, which then says what has been done.
    pub fn back_to(&self, path: &str, notice: &str) -> Response {
        see_other(&format!("{}?notice={notice}", self.path(path)))
    }

    /// Sends a page; `leads_to` are the redirect URIs that its forms may lead to.
    ///
    /// # Errors
    /// When the browser's cookie cannot be set.
    pub fn page(&self, status: StatusCode, page: String, leads_to: &[&str]) -> Result<Response, Problem> {
        self.page_under(&content_security_policy(leads_to), status, page)
    }

    /// Sends a page on which a passkey is registered or used; `leads_to` as for [`Guest::page`].
    ///
    /// # Errors
    /// When the browser's cookie cannot be set.
    pub fn page_with_script(
        &self,
        status: StatusCode,
        page: String,
        leads_to: &[&str],
    ) -> Result<Response, Problem> {
        self.page_under(&content_security_policy_with_script(leads_to), status, page)
    }

    fn page_under(&self, policy: &str, status: StatusCode, page: String) -> Result<Response, Problem> {
        let mut response = html(status, page, policy, &self.site);
        self.browser.remember(&mut response, &self.site)?;
        Ok(response)
    }

    /// The sign-in page; afterwards the interaction goes on.
    ///
    /// # Errors
    /// When the interaction cannot be sealed.
    pub fn sign_in_page(
        &self,
        interaction: &Interaction,
        client_name: Option<&str>,
        user_name: &str,
        problem: Option<SignInProblem>,
    ) -> Result<Response, Problem> {
        let sealed = self.seal(interaction)?;
        let leads_to = client_name.map_or(LeadsTo::Account, LeadsTo::Client);
        self.sign_in_form(&sealed, leads_to, user_name, problem)
    }

    /// The sign-in page around an interaction that is sealed already.
    ///
    /// # Errors
    /// When the browser's cookie cannot be set.
    pub fn sign_in_form(
        &self,
        sealed: &str,
        leads_to: LeadsTo<'_>,
        user_name: &str,
        problem: Option<SignInProblem>,
    ) -> Result<Response, Problem> {
        let page = SignInPage {
            frame: self.frame(),
            interaction: sealed,
            leads_to,
            user_name,
            again: false,
            passwords: self.configuration.server.sign_in.passwords && !self.takes_passkey(),
            takes_passkey: self.takes_passkey(),
            passkey: self.passkey_offer()?,
            problem,
        };
        let status = match problem {
            None => StatusCode::OK,
            Some(SignInProblem::TooManyAttempts { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        if page.passkey.is_some() {
            self.page_with_script(status, page.render(), &[])
        } else {
            self.page(status, page.render(), &[])
        }
    }

    /// Seals an interaction for this browser.
    ///
    /// # Errors
    /// When it is too long to travel.
    pub fn seal(&self, interaction: &Interaction) -> Result<String, Fault> {
        seal(self.secret, ON_THE_WAY, interaction, &[self.browser.binding()], interaction.expires_at)
    }

    /// Opens an interaction that this browser brings back.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`].
    pub fn open(&self, sealed: &str) -> Result<Interaction, Refusal> {
        open(self.secret, ON_THE_WAY, sealed, &[self.browser.binding()], self.now).inspect(noted)
    }

    /// Seals an interaction into the form in which this session decides.
    ///
    /// # Errors
    /// When it is too long to travel.
    pub fn seal_decision(&self, interaction: &Interaction, session: &[u8]) -> Result<String, Fault> {
        seal(self.secret, TO_DECIDE, interaction, &[self.browser.binding(), session], interaction.expires_at)
    }

    /// Opens the form in which a session decided.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`] for a form of another browser or session.
    pub fn open_decision(&self, sealed: &str, session: &[u8]) -> Result<Interaction, Refusal> {
        open(self.secret, TO_DECIDE, sealed, &[self.browser.binding(), session], self.now).inspect(noted)
    }

    /// Seals a form of the account's pages: it proves that our own page sent it.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal_form(&self, purpose: &'static str, session: &[u8]) -> Result<String, Fault> {
        let until = self.now.after(self.configuration.server.lifetimes.interaction);
        self.seal_for(purpose, &(), session, until)
    }

    /// Opens a form of the account's pages.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`].
    pub fn open_form(&self, purpose: &'static str, sealed: &str, session: &[u8]) -> Result<(), Refusal> {
        self.open_for(purpose, sealed, session)
    }

    /// Seals what this browser and session bring back with a form.
    ///
    /// # Errors
    /// When it is too long to travel.
    pub fn seal_for<T: Serialize>(
        &self,
        purpose: &'static str,
        payload: &T,
        session: &[u8],
        until: Timestamp,
    ) -> Result<String, Fault> {
        seal(self.secret, purpose, payload, &[self.browser.binding(), session], until)
    }

    /// Opens what [`Guest::seal_for`] sealed.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`].
    pub fn open_for<T: DeserializeOwned>(
        &self,
        purpose: &'static str,
        sealed: &str,
        session: &[u8],
    ) -> Result<T, Refusal> {
        open(self.secret, purpose, sealed, &[self.browser.binding(), session], self.now)
    }

    /// The page that says what went wrong: in plain words, with the code for the client's developer.
    pub fn problem_page(&self, problem: &Problem) -> Response {
        let (what, status, code, description) = what_happened(problem);
        if let Problem::Fault(fault) = problem {
            tracing::error!(fault = %fault, "a fault of ours");
        }
        let catalogue = format!("{ERROR_CATALOGUE}/{}", http::name(problem));
        let page = ErrorPage {
            frame: self.frame(),
            what_happened: what,
            code,
            description: description.as_deref(),
            catalogue: Some(&catalogue),
            request_id: request_id(self.request),
        };
        let mut response = html(status, page.render(), &content_security_policy(&[]), &self.site);
        http::mark(&mut response, problem);
        response
    }
}

/// Whatever is decided in this request is about that interaction: we sealed it, for this browser.
fn noted(interaction: &Interaction) {
    match &interaction.request {
        sessions::Request::Pushed { client_id } => http::note_proven_client(client_id),
        sessions::Request::Carried(request) => http::note_client(&request.client_id),
    }
    http::note_grant(&interaction.id);
}

/// How the pages of a server look. What cannot be used of its brand was refused when it was applied.
pub fn brand(server: &Server) -> Brand {
    let accent: Colour = server.brand.accent.parse().unwrap_or(Brand::DEFAULT_ACCENT);
    let logo = server.brand.logo_svg.as_ref().and_then(|svg| Logo::parse(svg.as_bytes()).ok());
    Brand::new(&server.brand.name, accent, logo)
}
