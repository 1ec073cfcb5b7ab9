use evidence::{
    Access, Choice, Displayed, Kind, Nonce, NotDisplayed, Party, Person, Piece, Request, Sentence, Shown,
    ShownDetail, ShownScope, Tool,
};
use http::audit::{Decision, Event, Outcome};
use http::{Problem, Response, StatusCode};
use languages::Message;
use oauth::configuration::Client;
use oauth::scope::OFFLINE_ACCESS;
use oauth::{
    ApprovalId, Asked, AuthenticationEvent, AuthorizationDetails, AuthorizationRequest, BackchannelRequest,
    CHALLENGE_LASTS, ClientId, GrantId, LONGEST_SHOWN, PHISHING_RESISTANT, Parameters, Passkeys, Refusal,
    ResourceUri, Sha256Digest, Timestamp,
};
use pages::{Choices, CountersignPage, CountersignProblem, PasskeyOffer, ScopeChoice};
use passkeys::{AUTHENTICATION_METHODS, Countersigning, RelyingParty};
use serde::{Deserialize, Serialize};

use crate::chosen::only_signs_in;
use crate::{Chosen, Guest, SignedIn};

/// The seal of a countersignature that was begun, for as long as its challenge is good.
const COUNTERSIGNING: &str = "countersignature";

/// What a person is about to countersign.
pub struct ToSign<'a> {
    /// How the request came.
    pub kind: Kind,
    /// Which it is.
    pub id: &'a GrantId,
    /// In which version.
    pub version: u64,
    /// When it was asked, and until when it waits.
    pub waits: (Timestamp, Timestamp),
    /// Who asks.
    pub client: &'a Client,
    /// Who would act, where it is not the client itself.
    pub actor: Option<&'a Client>,
    /// What is asked.
    pub asked: Asked<'a>,
    /// What of it they chose.
    pub chosen: &'a Chosen,
    /// The number that they picked.
    pub number: Option<u8>,
    /// The host that the browser goes back to.
    pub returns_to: Option<String>,
    /// Whether the access can be renewed, where they choose that.
    pub is_renewable: bool,
}

/// Where the page of a countersignature posts, and what its forms may lead to.
#[derive(Clone, Copy)]
pub struct Posts<'a> {
    /// Below the base path.
    pub to: &'a str,
    /// Name and value of the field that names the request.
    pub request: (&'a str, &'a str),
    /// Redirect URIs.
    pub leads_to: &'a [&'a str],
}

/// What binds a text to a request as it stood. It is sealed for the browser and the session.
#[derive(Serialize, Deserialize)]
struct Begun {
    request: GrantId,
    version: u64,
    shown: Sha256Digest,
}

/// A countersignature as a form brings it.
pub struct Given<'a> {
    begun: &'a str,
    shown: &'a str,
    answer: &'a str,
}

/// Why a countersignature was not taken: what the person is told, and what the audit is.
#[derive(Debug)]
pub struct NotSigned {
    /// For the person.
    pub problem: CountersignProblem,
    /// For the audit.
    pub why: String,
}

impl NotSigned {
    /// For this problem, with these words in the audit.
    pub fn new(problem: CountersignProblem, why: &str) -> Self {
        Self { problem, why: why.to_owned() }
    }

    /// Writes it down, of this client's request.
    pub fn record(&self, guest: &Guest<'_>, event: Event, client: &ClientId, id: &GrantId) {
        Decision::new(event, Outcome::Failed(&self.why), guest.request, guest.now)
            .client(client)
            .grant_id(id)
            .record();
    }
}

impl<'a> Given<'a> {
    /// Reads it, where the form has one.
    ///
    /// # Errors
    /// What is wrong with the form.
    pub fn read(parameters: &'a Parameters) -> Result<Option<Self>, Refusal> {
        let Some(begun) = parameters.optional("countersignature")? else { return Ok(None) };
        let (shown, answer) = (parameters.required("shown")?, parameters.required("answer")?);
        Ok(Some(Self { begun, shown, answer }))
    }

    /// What the authenticator answered.
    pub const fn answer(&self) -> &str {
        self.answer
    }
}

impl Guest<'_> {
    /// Whether a request at the backchannel can be approved here at all: what was to be signed when it was asked still is, and cannot be
    /// where there are no passkeys any more.
    ///
    /// # Errors
    /// [`Refusal::AuthenticationStrengthUnavailable`].
    pub fn can_be_approved_elsewhere(&self, request: &BackchannelRequest) -> Result<(), Refusal> {
        if request.is_to_be_signed() {
            self.countersigned_for()?;
        }
        self.can_be_approved(&request.details)
    }

    /// Whether these details can be approved here at all: what takes a passkey cannot where there are none, nor can what nobody has
    /// registered.
    ///
    /// # Errors
    /// [`Refusal::AuthenticationStrengthUnavailable`].
    pub fn can_be_approved(&self, details: &AuthorizationDetails) -> Result<(), Refusal> {
        let all_are_known = details.iter().all(|detail| self.types.get(&detail.detail_type).is_some());
        if self.types.take_a_passkey(details) && !(all_are_known && self.relying_party().is_some()) {
            return Err(Refusal::AuthenticationStrengthUnavailable);
        }
        Ok(())
    }

    /// Whether the approval of these details has to be countersigned with a passkey: a type among them demands it, or the request does
    /// (`acr_values` has `phr`).
    pub fn takes_countersignature(&self, details: &AuthorizationDetails, acr_values: &[String]) -> bool {
        self.types.take_a_passkey(details) || acr_values.iter().any(|value| value == PHISHING_RESISTANT)
    }

    /// The same of a request that a browser brought. One that only has the person sign in has nothing to be signed.
    pub fn must_be_signed(&self, request: &AuthorizationRequest, details: &AuthorizationDetails) -> bool {
        let demanded = if only_signs_in(&request.asked()) { &[][..] } else { &request.acr_values };
        self.takes_countersignature(details, demanded)
    }

    /// Who asks for passkeys.
    ///
    /// # Errors
    /// [`Refusal::AuthenticationStrengthUnavailable`] where nobody does.
    pub fn countersigned_for(&self) -> Result<RelyingParty, Refusal> {
        self.relying_party().ok_or(Refusal::AuthenticationStrengthUnavailable)
    }

    /// How somebody is known who countersigns now.
    pub fn countersigning_now(&self) -> AuthenticationEvent {
        let amr = AUTHENTICATION_METHODS.iter().map(|method| (*method).to_owned()).collect();
        AuthenticationEvent { auth_time: self.now, amr }
    }

    /// What is displayed to whoever countersigns. The nonce is made now, after they have chosen.
    fn displayed(&self, signed_in: &SignedIn, to_sign: &ToSign<'_>) -> Result<Displayed, Refusal> {
        let displayed = self.shown(signed_in, to_sign).displayed().map_err(|problem| match problem {
            NotDisplayed::TooLong => Refusal::ApprovalUnsignable { why: "it is too long" },
            NotDisplayed::NumberNotExact => {
                Refusal::ApprovalUnsignable { why: "a number in it is larger than JSON can hold exactly" }
            }
            NotDisplayed::OtherFormat | NotDisplayed::NotCanonical => {
                Refusal::ApprovalUnsignable { why: "it cannot be written down exactly" }
            }
        })?;
        if displayed.text().len() > LONGEST_SHOWN {
            return Err(Refusal::ApprovalUnsignable { why: "it is too long" });
        }
        Ok(displayed)
    }

    fn shown(&self, signed_in: &SignedIn, to_sign: &ToSign<'_>) -> Shown {
        let ToSign { client, asked, chosen, .. } = to_sign;
        let meant = self.meant(client, asked.resource);
        let is_renewable = to_sign.is_renewable && chosen.scope.contains(OFFLINE_ACCESS);
        let lifetime = self.lifetime(&meant, is_renewable, signed_in);
        let choices = self.choices(client, asked, signed_in);
        let session = &signed_in.session;
        let said = asked.message.map(str::to_owned);
        let (binding_message, purpose) =
            if to_sign.kind == Kind::Consent { (None, said) } else { (said, None) };
        let (asked_at, expires_at) = to_sign.waits;
        Shown {
            issuer: self.site.issuer().to_owned(),
            approval: ApprovalId::from_random(self.dice.roll()),
            request: Request {
                kind: to_sign.kind,
                id: to_sign.id.clone(),
                version: to_sign.version,
                asked_at,
                expires_at,
            },
            client: party(client),
            actor: to_sign.actor.map(party),
            person: Person {
                sub: session.person.clone(),
                name: session.name.clone(),
                user_name: session.user_name.clone(),
            },
            tools: self.tools_shown(client, &meant),
            scopes: self.scopes_shown(&choices, to_sign),
            details: details_shown(&choices, to_sign),
            binding_message,
            purpose,
            number: to_sign.number,
            returns_to: to_sign.returns_to.clone(),
            access: Access {
                token: lifetime.token,
                renewable_until: lifetime.renewable_until.as_ref().map(|(until, _)| *until),
            },
            is_remembered: false,
            language: self.texts().tag().to_string(),
            time_zone: signed_in.zone().to_string(),
            shown_at: self.now,
            nonce: Nonce::from_random(self.dice.roll()),
        }
    }

    /// The resources that a request is for: where it names none, the one of the client's tokens then, which is the issuer itself where
    /// it has no default.
    fn meant(&self, client: &Client, named: &[ResourceUri]) -> Vec<ResourceUri> {
        let mut meant: Vec<_> = self.configuration.places(client, named).into_iter().cloned().collect();
        if meant.is_empty() {
            meant.push(self.configuration.server.resource());
        }
        meant
    }

    fn tools_shown(&self, client: &Client, resources: &[ResourceUri]) -> Vec<Tool> {
        let tools = self.configuration.tools_of(client, resources);
        let own = self.configuration.server.resource();
        let ours = resources
            .contains(&own)
            .then(|| Tool { resource: own.clone(), name: self.configuration.server.brand.name.clone() });
        let of_others =
            tools.iter().map(|tool| Tool { resource: tool.resource.clone(), name: tool.name.clone() });
        of_others.chain(ours).collect()
    }

    fn scopes_shown(&self, choices: &Choices<'_>, to_sign: &ToSign<'_>) -> Vec<ShownScope> {
        let chosen = &to_sign.chosen.scope;
        let shown = |scope: &ScopeChoice<'_>| ShownScope {
            scope: scope.name.to_owned(),
            sentence: as_shown(&self.frame().scope_text(scope)),
            choice: if scope.is_required {
                Choice::Always
            } else {
                choice(chosen.contains(scope.name), choices.withholds(scope))
            },
        };
        choices.scopes.iter().map(shown).collect()
    }

    /// The page on which somebody countersigns: rendered from the text that they sign.
    ///
    /// # Errors
    /// [`Refusal::ApprovalUnsignable`]; when it cannot be sealed.
    pub fn countersign_page(
        &self,
        signed_in: &SignedIn,
        to_sign: &ToSign<'_>,
        own: &Passkeys,
        posts: Posts<'_>,
        problem: Option<CountersignProblem>,
    ) -> Result<Response, Problem> {
        let displayed = self.displayed(signed_in, to_sign)?;
        let relying_party = self.countersigned_for()?;
        let request = &displayed.shown().request;
        let begun =
            Begun { request: request.id.clone(), version: request.version, shown: displayed.digest() };
        let until = self.now.after(CHALLENGE_LASTS);
        let ceremony = self.seal_for(COUNTERSIGNING, &begun, &signed_in.binding(), until)?;
        let signing = Countersigning::begin(signed_in.session.person.clone(), displayed.digest());
        let page = CountersignPage {
            frame: self.frame(),
            action: posts.to,
            request: posts.request,
            displayed: &displayed,
            offer: PasskeyOffer { ceremony, options: signing.options(&relying_party, own) },
            problem,
        };
        let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.page_with_script(status, page.render(), posts.leads_to)
    }

    /// What a form's countersignature is of: the text that this session was shown, about this request as it stands.
    ///
    /// # Errors
    /// Why it is not.
    pub fn displayed_before(
        &self,
        signed_in: &SignedIn,
        given: &Given<'_>,
        (request, version): (&GrantId, u64),
    ) -> Result<Displayed, NotSigned> {
        let begun: Begun =
            self.open_for(COUNTERSIGNING, given.begun, &signed_in.binding()).map_err(|_| {
                NotSigned::new(CountersignProblem::TooLate, "it is too old, or of another browser or session")
            })?;
        if begun.request != *request {
            return Err(NotSigned::new(CountersignProblem::OtherText, "it is of another request"));
        }
        if begun.version != version {
            return Err(NotSigned::new(CountersignProblem::TooLate, "the request has changed"));
        }
        let other = || NotSigned::new(CountersignProblem::OtherText, "it is of another text");
        if !begun.shown.equals(&Sha256Digest::of(given.shown.as_bytes())) {
            return Err(other());
        }
        Displayed::read(given.shown).map_err(|_| other())
    }
}

fn party(client: &Client) -> Party {
    Party { id: client.id.clone(), name: client.name.clone(), is_vouched_for: client.origin.is_vouched_for() }
}

fn details_shown(choices: &Choices<'_>, to_sign: &ToSign<'_>) -> Vec<ShownDetail> {
    let asked = to_sign.asked.details.iter().zip(&choices.details).enumerate();
    asked
        .map(|(index, (detail, offered))| ShownDetail {
            detail: detail.clone(),
            tool: offered.tool.to_owned(),
            sentence: as_shown(&offered.sentence),
            choice: choice(
                to_sign.chosen.details.contains(&index),
                choices.withheld.details.contains(&index),
            ),
        })
        .collect()
}

const fn choice(is_chosen: bool, is_withheld: bool) -> Choice {
    match (is_chosen, is_withheld) {
        (true, _) => Choice::Ticked,
        (false, true) => Choice::Withheld,
        (false, false) => Choice::Unticked,
    }
}

fn as_shown(message: &Message) -> Sentence {
    Sentence::of(message.segments().iter().map(|segment| {
        let text = segment.text.clone();
        if segment.is_value { Piece::Value(text) } else { Piece::Words(text) }
    }))
}
