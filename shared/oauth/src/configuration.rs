//! What an operator registers: the server itself, clients, tools and detail types. `countersign apply` writes
//! these as an immutable snapshot; the functions read them and never change them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::address_range::AddressRange;
use crate::scope::{ISSUER_SCOPES, OFFLINE_ACCESS, OPENID};
pub use crate::strangers::{ClientOrigin, Documents, OpenTo, OutboundSettings, Registration};
use crate::time::seconds;
use crate::{
    AccessTokenClaims, AuthorizationDetail, AuthorizationDetails, Channel, Child, ClientId, EmailAddress,
    ExchangeRule, IdJagTarget, PhoneNumber, RedirectUri, Refusal, ResourceUri, Scope, Timestamp, ToolId,
    TrustedIssuer, passkey_domain,
};

/// The settings of the whole server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// The issuer identifier (RFC 8414, section 2): it comes from configuration, never from a request.
    pub issuer: String,
    /// The URL below which people open the pages, where that is not the issuer: a domain that a phone reaches, say, apart from
    /// a private one for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<String>,
    /// What people see on the pages.
    pub brand: Brand,
    /// Whether every client must push its authorization requests (RFC 9126, section 5).
    pub require_pushed_authorization_requests: bool,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How often anybody may come.
    #[serde(default)]
    pub limits: Limits,
    /// How tokens are exchanged.
    #[serde(default)]
    pub exchange: ExchangeSettings,
    /// Clients that are described by a document at their `client_id`, where they are let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<Documents>,
    /// Clients that register themselves, where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// What the server may fetch.
    #[serde(default)]
    pub outbound: OutboundSettings,
    /// How people are asked who are elsewhere.
    #[serde(default)]
    pub backchannel: BackchannelSettings,
    /// What people may be reached on.
    #[serde(default)]
    pub devices: DeviceSettings,
    /// By what people sign in.
    #[serde(default)]
    pub sign_in: SignInSettings,
    /// Other issuers whose tokens are taken. Without any, nobody's are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// Other authorization servers that take our ID-JAGs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_jag_targets: Vec<IdJagTarget>,
}

impl Server {
    /// The URL of an endpoint, such as `/token`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The issuer of this name whose tokens are taken.
    pub fn trusted(&self, issuer: &str) -> Option<&TrustedIssuer> {
        self.trusted_issuers.iter().find(|trusted| trusted.issuer == issuer)
    }

    /// Whether what another issuer vouched for is still good, as far as the trust in that issuer says; what comes from nowhere else
    /// is.
    pub fn stands_by(&self, claims: &AccessTokenClaims) -> bool {
        claims.origin.as_ref().is_none_or(|origin| {
            self.trusted(&origin.iss).is_some_and(|trusted| trusted.stands_by(claims, origin))
        })
    }

    /// Whether what was got by exchange can still be renewed, as far as the trust in another issuer says.
    pub fn renews(&self, child: &Child, now: Timestamp) -> bool {
        child.claims.origin.as_ref().is_none_or(|origin| {
            self.trusted(&origin.iss).is_some_and(|trusted| trusted.renews(child, origin, now))
        })
    }

    /// The URL below which the pages stand: the issuer, unless they have one of their own.
    pub fn pages_url(&self) -> &str {
        self.pages.as_deref().unwrap_or(&self.issuer)
    }

    /// Whether people can sign in with passkeys: it is wanted, and the pages have a domain.
    pub fn has_passkeys(&self) -> bool {
        self.sign_in.passkeys && passkey_domain(self.pages_url()).is_some()
    }

    /// The URL of a page, such as `/authorize`.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.pages_url())
    }

    /// The path in the URL of the pages, such as `/prod`; empty for none.
    pub fn base_path(&self) -> &str {
        let url = self.pages_url();
        let after_scheme = url.find("://").map_or(0, |position| position + 3);
        url[after_scheme..].find('/').map_or("", |position| &url[after_scheme + position..])
    }

    /// The issuer as the resource that userinfo is.
    ///
    /// # Panics
    /// Never: the configuration is refused when the issuer is not a URL.
    pub fn resource(&self) -> ResourceUri {
        ResourceUri::parse(&self.issuer).expect("the issuer is a URL")
    }
}

/// The light brand of the pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// The company's name.
    pub name: String,
    /// `#rrggbb`.
    pub accent: String,
    /// An SVG document, or nothing.
    pub logo_svg: Option<String>,
}

/// How long things live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// A `request_uri`, from the push to the moment `/authorize` takes it up: 60 to 300 s.
    #[serde(with = "seconds")]
    pub request_uri: Duration,
    /// From the moment a person is sent here to their decision.
    #[serde(with = "seconds")]
    pub interaction: Duration,
    /// An authorization code: at most 60 s.
    #[serde(with = "seconds")]
    pub code: Duration,
    /// An access token, unless its tool says otherwise.
    #[serde(with = "seconds")]
    pub access_token: Duration,
    /// An ID token.
    #[serde(with = "seconds")]
    pub id_token: Duration,
    /// A person's session, from signing in.
    #[serde(with = "seconds")]
    pub session: Duration,
    /// How long an authorization can be renewed by refresh tokens.
    #[serde(with = "seconds")]
    pub authorization: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            request_uri: Duration::from_secs(90),
            interaction: Duration::from_mins(15),
            code: Duration::from_mins(1),
            access_token: Duration::from_mins(5),
            id_token: Duration::from_mins(5),
            session: Duration::from_hours(12),
            authorization: Duration::from_hours(30 * 24),
        }
    }
}

/// How often anybody may come, so that nobody can run up a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Requests in a minute of one client that has proven who it is, unless its registration says otherwise.
    pub client_requests_per_minute: u32,
    /// Attempts in a minute to sign in from one network address.
    pub sign_ins_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { client_requests_per_minute: 1_200, sign_ins_per_minute: 600 }
    }
}

/// How tokens are exchanged (RFC 8693).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSettings {
    /// How many may act one for another: at most [`LONGEST_CHAIN`](crate::LONGEST_CHAIN).
    pub longest_chain: usize,
    /// Whether each exchange is recorded beside the authorization: who, for whom, for what, until when. One write each.
    pub record: bool,
    /// Whether an exchange may yield a refresh token, where a policy permits it (`refresh_token_by_exchange`).
    #[serde(default)]
    pub issue_refresh_tokens: bool,
    /// Whether a refresh token may be shown as subject token, by the client that it was given to.
    #[serde(default)]
    pub accept_refresh_tokens: bool,
}

impl Default for ExchangeSettings {
    fn default() -> Self {
        Self { longest_chain: 4, record: true, issue_refresh_tokens: false, accept_refresh_tokens: false }
    }
}

/// How people are asked who are elsewhere (OpenID CIBA Core 1.0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackchannelSettings {
    /// How long a request waits for the person and then for the client, unless the client asks for another time.
    #[serde(with = "seconds")]
    pub expires_in: Duration,
    /// The longest that a client may ask for.
    #[serde(with = "seconds")]
    pub longest_expiry: Duration,
    /// How long a client waits between two polls.
    #[serde(with = "seconds")]
    pub interval: Duration,
    /// Whether a client is told that it named nobody (`unknown_user_id`). Otherwise such a request simply expires.
    pub tells_unknown_users: bool,
    /// Whether tokens can be brought to clients that are registered for it (push). FAPI-CIBA, section 5.2.2, forbids it.
    #[serde(default)]
    pub push: bool,
    /// How often one person is asked in an hour, by all clients together.
    pub asks_per_hour: u32,
    /// How often one person is asked in an hour by one client.
    pub asks_of_one_client_per_hour: u32,
    /// How often one client asks in a minute, whomever; of exchanges that wait: each person.
    #[serde(default = "asks_of_one_client_per_minute")]
    pub asks_of_one_client_per_minute: u32,
    /// Whether every person who approves has to pick the number that the agent shows.
    #[serde(default)]
    pub number_matching: bool,
}

/// What a configuration means that was applied before there was this limit.
const fn asks_of_one_client_per_minute() -> u32 {
    60
}

impl Default for BackchannelSettings {
    fn default() -> Self {
        Self {
            expires_in: Duration::from_mins(3),
            longest_expiry: Duration::from_mins(15),
            interval: Duration::from_secs(5),
            tells_unknown_users: false,
            push: false,
            asks_per_hour: 30,
            asks_of_one_client_per_hour: 12,
            asks_of_one_client_per_minute: asks_of_one_client_per_minute(),
            number_matching: false,
        }
    }
}

/// What people may be reached on, beside apps of the company's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSettings {
    /// At which domains an e-mail address may be, besides the domain of the person's own address: in lower case.
    pub email_domains: BTreeSet<String>,
    /// How a telephone number may begin, such as `+49`. Without any nobody is reached by text message, which costs money.
    pub sms_prefixes: BTreeSet<String>,
    /// How many devices may be asked in an hour to confirm themselves, by all people together.
    pub confirmations_per_hour: u32,
}

impl Default for DeviceSettings {
    fn default() -> Self {
        Self { email_domains: BTreeSet::new(), sms_prefixes: BTreeSet::new(), confirmations_per_hour: 200 }
    }
}

impl DeviceSettings {
    /// Whether a person whose own address is `own` may be written to at `address`.
    pub fn allow_address(&self, address: &EmailAddress, own: Option<&str>) -> bool {
        let domain_of = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        let Some(domain) = domain_of(address.as_str()) else { return false };
        self.email_domains.contains(&domain) || own.and_then(domain_of).is_some_and(|own| own == domain)
    }

    /// Whether text messages may be sent to `number`.
    pub fn allow_number(&self, number: &PhoneNumber) -> bool {
        self.sms_prefixes.iter().any(|prefix| number.as_str().starts_with(prefix.as_str()))
    }

    /// Whether messages may be sent there to a person whose own address is `own`. The company's own app is enrolled by itself.
    pub fn allow(&self, channel: &Channel, own: Option<&str>) -> bool {
        match channel {
            Channel::Push { .. } => true,
            Channel::Sms { number } => self.allow_number(number),
            Channel::Email { address, .. } => self.allow_address(address, own),
        }
    }

    /// Whether a person with this address may be written to anywhere.
    pub fn offer_email(&self, own: Option<&str>) -> bool {
        !self.email_domains.is_empty() || own.is_some_and(|own| own.contains('@'))
    }

    /// Whether text messages are sent to anybody.
    pub fn offer_sms(&self) -> bool {
        !self.sms_prefixes.is_empty()
    }
}

/// By what people sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInSettings {
    /// With their password.
    pub passwords: bool,
    /// With a passkey.
    pub passkeys: bool,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self { passwords: true, passkeys: true }
    }
}

/// A grant type that a client can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the specification's own word")]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
    TokenExchange,
    JwtBearer,
    Ciba,
}

impl GrantType {
    /// The value of `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::Ciba => "urn:openid:params:grant-type:ciba",
        }
    }
}

/// How a client proves who it is (`token_endpoint_auth_method`, RFC 7591, section 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Authentication {
    /// A public client: it proves nothing but PKCE.
    None,
    /// A secret in the Authorization header. The secret itself is never in the configuration.
    ClientSecretBasic,
    /// A secret in the body.
    ClientSecretPost,
    /// A JWT signed by one of these public keys (RFC 7523; OpenID Connect Core, section 9).
    PrivateKeyJwt {
        /// The client's JWK Set.
        jwks: Value,
    },
}

impl Authentication {
    /// The method's registered name.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt { .. } => "private_key_jwt",
        }
    }
}

/// The algorithm of a token's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

impl SigningAlgorithm {
    /// The JOSE name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// How it proves who it is.
    pub authentication: Authentication,
    /// Where codes may be sent.
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may ask the token endpoint for.
    pub grant_types: BTreeSet<GrantType>,
    /// What it may ask for.
    pub scopes: Scope,
    /// Which types of `authorization_details` it may use.
    pub detail_types: BTreeSet<String>,
    /// Which tools it may get tokens for.
    pub tools: BTreeSet<ToolId>,
    /// The tool that a token is for when the client names none; without it, the issuer.
    pub default_tool: Option<ToolId>,
    /// What the client may get when it works alone, without a person: each detail it asks for must lie within
    /// one of these.
    pub standing_details: AuthorizationDetails,
    /// Whether this client must push its authorization requests.
    pub require_pushed_authorization_requests: bool,
    /// How many requests in a minute, where it is not what the server says.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Whether a person's consent may be remembered for an identical request.
    pub remember_consent: bool,
    /// How its ID tokens are signed (`id_token_signed_response_alg`).
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// The tool that this client is: it may introspect, and exchange, the tokens that are meant for it.
    pub is_tool: Option<ToolId>,
    /// The only one who may act on behalf of people with this client's tokens (`may_act`, RFC 8693, section 4.4).
    #[serde(default)]
    pub may_act: Option<ClientId>,
    /// The clients whose own tokens it may show as `actor_token` (RFC 8693, section 2.1), beside its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub actors: BTreeSet<ClientId>,
    /// How it may ask people who are elsewhere, where it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel: Option<BackchannelClient>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "ClientOrigin::is_vouched_for")]
    pub origin: ClientOrigin,
}

impl Client {
    /// Whether the client can keep a secret.
    pub const fn is_confidential(&self) -> bool {
        !matches!(self.authentication, Authentication::None)
    }

    /// Its name, if somebody vouches for it. One that it chose itself could be anybody's: it stands on the consent page, beside
    /// the words that say so, and not where somebody is about to type a password.
    pub fn vouched_name(&self) -> Option<&str> {
        self.origin.is_vouched_for().then_some(self.name.as_str())
    }

    /// Whether the client may use a grant.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// Refuses a grant that it is not registered for (OAuth 2.1, section 3.2.4).
    ///
    /// # Errors
    /// [`Refusal::GrantNotAllowed`] where it may not, or may no more.
    pub fn require_grant(&self, grant_type: GrantType) -> Result<(), Refusal> {
        let not_allowed = Refusal::GrantNotAllowed { grant_type: grant_type.as_str() };
        self.may_use(grant_type).then_some(()).ok_or(not_allowed)
    }

    /// Whether it may say that this client acts, by a token that the client got for itself (`actor_token`, RFC 8693, section 2.1). A
    /// tool is sent the tokens of everybody who calls it: without a registration it names nobody but itself.
    pub fn may_show(&self, actor: &ClientId) -> bool {
        self.id == *actor || self.actors.contains(actor)
    }

    /// Whether an answer may be sent to this redirect URI (OAuth 2.1, section 2.3.1).
    pub fn is_answered_at(&self, redirect_uri: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|own| match self.origin {
            ClientOrigin::Document => own.permits_any_port_of_localhost(redirect_uri),
            ClientOrigin::Configured | ClientOrigin::Registered => own.permits(redirect_uri),
        })
    }

    /// Whether the client gets a refresh token for this scope: when it is registered for them, and the person let it go on
    /// while they are away (`offline_access`, OpenID Connect Core, section 11).
    pub fn may_renew(&self, scope: &Scope) -> bool {
        self.may_use(GrantType::RefreshToken) && scope.contains(OFFLINE_ACCESS)
    }

    /// How it asks people who are elsewhere (OpenID CIBA Core 1.0, section 4).
    ///
    /// # Errors
    /// [`Refusal::GrantNotAllowed`] where it may not, or may no more.
    pub fn asks_people(&self) -> Result<&BackchannelClient, Refusal> {
        let not_allowed = Refusal::GrantNotAllowed { grant_type: GrantType::Ciba.as_str() };
        self.backchannel.as_ref().filter(|_| self.may_use(GrantType::Ciba)).ok_or(not_allowed)
    }

    /// Whether an approval at the backchannel gives it one. It stands for what was asked then, and goes on while the person is away
    /// only where the client is registered for that, too.
    pub fn may_renew_approval(&self, scope: &Scope) -> bool {
        self.backchannel.as_ref().is_some_and(|own| own.refresh_tokens) && self.may_renew(scope)
    }

    /// Whether what a person approves is brought to it, so that it has nothing to come for (push).
    pub fn is_brought_tokens(&self) -> bool {
        matches!(&self.backchannel, Some(BackchannelClient { delivery: TokenDelivery::Push { .. }, .. }))
    }
}

/// How a client may ask people who are elsewhere (OpenID CIBA Core 1.0, section 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackchannelClient {
    /// How it learns what a person decided.
    pub delivery: TokenDelivery,
    /// Whom it may ask without having been invited.
    pub may_ask: Acquaintances,
    /// Whether an approval can give it a refresh token, where the person lets it go on while they are away.
    #[serde(default)]
    pub refresh_tokens: bool,
    /// How it signs its requests (`backchannel_authentication_request_signing_alg`), where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_signing_alg: Option<String>,
    /// Whether it shows the code that the person gave it (`backchannel_user_code_parameter`).
    #[serde(default)]
    pub user_code: UserCodeUse,
    /// Whether the person has to pick the number that it shows, whatever the server says.
    #[serde(default)]
    pub number_matching: bool,
}

/// Whether a client shows the code that a person gave it (`user_code`, OpenID CIBA Core 1.0, section 7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserCodeUse {
    /// It is never looked at.
    #[default]
    None,
    /// It may be left out. Whoever has set one does not hear of a request without it, and finds it on their page.
    Optional,
    /// Nobody is asked without it.
    Required,
}

/// How a client learns what a person decided (`backchannel_token_delivery_mode`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum TokenDelivery {
    /// It asks at the token endpoint until it is told.
    Poll,
    /// It is told that there is something, and then asks.
    Ping {
        /// `backchannel_client_notification_endpoint`.
        endpoint: String,
    },
    /// Its tokens are brought to it, and it never asks.
    Push {
        /// `backchannel_client_notification_endpoint`.
        endpoint: String,
    },
}

/// People whom a client may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquaintances {
    /// By group.
    pub groups: BTreeSet<String>,
    /// By user name.
    pub people: BTreeSet<String>,
}

impl Acquaintances {
    /// Whether this person is one of them.
    pub fn include(&self, profile: &Profile) -> bool {
        self.people.contains(&profile.user_name) || !self.groups.is_disjoint(&profile.groups)
    }
}

/// A tool: a resource server that takes our tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its short name.
    pub id: ToolId,
    /// What people call it.
    pub name: String,
    /// Its resource indicator, the `aud` of its tokens.
    pub resource: ResourceUri,
    /// Other places that it serves: a detail's `locations` may lie beneath these.
    pub locations: Vec<ResourceUri>,
    /// Its scopes.
    pub scopes: BTreeMap<String, ToolScope>,
    /// How long its access tokens live, when not as the server says.
    #[serde(with = "optional_seconds", default)]
    pub access_token_lifetime: Option<Duration>,
    /// How its access tokens are signed.
    pub signing_alg: SigningAlgorithm,
    /// Whether its tokens always carry a reference instead of the details themselves.
    pub details_by_reference: bool,
    /// Which of a person's claims its tokens carry: the claim's name, and where it comes from.
    pub claims: BTreeMap<String, ClaimSource>,
    /// What of other tools' rights becomes a right here when a token is exchanged (RFC 8693).
    #[serde(default)]
    pub exchanges: Vec<ExchangeRule>,
    /// What its SAML assertions are, when it takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlRegistration>,
}

/// A tool as a SAML service provider (SAML Metadata, section 2.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlRegistration {
    /// Its entity id: the assertion's audience.
    pub audience: String,
    /// Its assertion consumer service: the one place where an assertion may be presented.
    pub recipient: String,
    /// What the subject is called.
    pub name_id: SamlNameId,
    /// How long an assertion lives. It cannot be called back, so this is short.
    #[serde(with = "seconds")]
    pub lifetime: Duration,
    /// What else an assertion says: the attribute's name, and where its values come from.
    pub attributes: BTreeMap<String, SamlAttribute>,
}

/// What an assertion calls its subject (SAML Core, section 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlNameId {
    /// The `sub` of the other tokens.
    Subject,
    /// The person's e-mail address.
    Email,
    /// The person's user name.
    UserName,
}

/// Where an attribute's values come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlAttribute {
    /// The person's record.
    Person(ClaimSource),
    /// What each granted scope is called there, by scope.
    Scopes(BTreeMap<String, String>),
    /// A field of the granted detail of a type.
    Detail {
        /// The type.
        detail_type: String,
        /// The field, as a JSON pointer such as `/identifier`.
        field: String,
    },
}

/// Attributes that every assertion has: a registration cannot replace them.
pub const SAML_ATTRIBUTES: [&str; 4] = ["scope", "authorization_details", "act", "client_id"];

impl Tool {
    /// Whether the tool serves a location of a detail.
    pub fn serves(&self, location: &str) -> bool {
        self.resource.covers(location) || self.locations.iter().any(|own| own.covers(location))
    }

    /// The tool's scopes as a set.
    pub fn scope(&self) -> Scope {
        self.scopes.keys().map(String::as_str).collect()
    }
}

/// One scope of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolScope {
    /// In plain words, by language.
    pub description: BTreeMap<String, String>,
    /// Whether the scope gives access to nothing without `authorization_details`.
    pub requires_details: bool,
}

/// Where a claim's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSource {
    /// The names of the person's groups.
    Groups,
    /// The person's e-mail address.
    Email,
    /// The person's full name.
    Name,
    /// The person's user name.
    UserName,
    /// One of the person's attributes.
    Attribute(String),
}

/// How a field of a detail may become narrower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Narrowing {
    /// It may not change. What a type says nothing about is exact.
    Exact,
    /// An array may lose elements.
    Subset,
    /// A number, or a decimal number in a string, may become smaller.
    AtMost,
    /// A URI or path may move to a place beneath itself.
    Beneath,
}

/// What it means that a field is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// No restriction: a narrower detail may name a value.
    Anything,
    /// Nothing is allowed: a narrower detail may leave the field out.
    Nothing,
}

/// How strongly a person must have authenticated to approve a detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// A session is enough.
    Session,
    /// A passkey with user verification, at the approval itself.
    Strong,
}

/// A registered type of `authorization_details` (RFC 9396, section 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetailType {
    /// The value of `type`.
    pub name: String,
    /// JSON Schema (2020-12) of the whole detail.
    pub schema: Value,
    /// By field (a JSON pointer such as `/actions` or `/amount/value`), how it may shrink.
    pub narrowing: BTreeMap<String, Narrowing>,
    /// By field, what its absence means. Where nothing is said, a field can neither come nor go.
    pub absent: BTreeMap<String, Absent>,
    /// The sentence a person reads, by language: a template over the fields.
    pub sentence: BTreeMap<String, String>,
    /// How strongly a person must have authenticated.
    pub assurance: Assurance,
    /// Whether the type is accepted in pushed authorization requests only.
    pub pushed_only: bool,
    /// Whether people are told of a request for it in their quiet hours, too.
    #[serde(default)]
    pub urgent: bool,
    /// The tools whose tokens may carry it.
    pub tools: BTreeSet<ToolId>,
}

impl DetailType {
    /// Whether a token for `tool` carries `detail`, which is of this type (RFC 9396, section 6).
    pub fn belongs_to(&self, detail: &AuthorizationDetail, tool: &Tool) -> bool {
        self.tools.contains(&tool.id) && detail.locations().all(|location| tool.serves(location))
    }
}

/// One file of policies, written in Cedar, as the operator wrote it. `policy` reads it; nothing else does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// The file's name without its folder, such as `exchange.cedar`.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

/// A person's record, as far as claims need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What they type to sign in, in lower case.
    pub user_name: String,
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number (ITU-T E.164), such as `+4915112345678`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Names of groups.
    pub groups: BTreeSet<String>,
    /// Everything else the company knows, for claims and policy.
    pub attributes: BTreeMap<String, String>,
    /// The language they chose.
    pub locale: Option<String>,
    /// IANA name of their time zone.
    pub zone: Option<String>,
}

/// Whether a scope is one that the issuer itself serves.
pub fn is_issuer_scope(token: &str) -> bool {
    ISSUER_SCOPES.contains(&token)
}

/// Whether a request is an authentication request (OpenID Connect Core, section 3.1.2.1).
pub fn is_openid(scope: &Scope) -> bool {
    scope.contains(OPENID)
}

pub(crate) mod optional_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(|span| span.as_secs()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
    }
}
