//! Who was granted what, who was refused and why: one structured event a decision, a JSON line in the log
//! under the target `audit`. The request's own log line, with the AWS calls it made, carries the same
//! `request_id`, and the client and authorization of the last event that named one. The other way round, an event says all
//! that became known of its request: what is not said of a decision is taken from there.

use std::borrow::Cow;

use oauth::{
    AccessTokenClaims, Actors, ClientId, DeviceId, GrantId, PersonId, Refusal, ResourceUri, Scope,
    Sha256Digest, Timestamp, TokenId,
};

use crate::request::{Request, request_id};
use crate::subject::{Subject, known, note_asked, note_client, note_grant, note_person};

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pushed authorization request.
    Push,
    /// An authorization request that a browser brought.
    Authorization,
    /// A person proves who they are.
    SignIn,
    /// A person ends their session.
    SignOut,
    /// A person changes their password.
    PasswordChange,
    /// A person decides about a request.
    Consent,
    /// A client asks for a person's approval at the backchannel.
    Backchannel,
    /// A person decides about a request from the backchannel.
    Approval,
    /// A person wants to hear no more of a client that asked them.
    Block,
    /// A person lets such a client ask again.
    BlockLifted,
    /// A person or a client is told that there is something.
    Notification,
    /// A person wants to be asked again.
    ConsentForgotten,
    /// A person ends an authorization.
    AccessEnded,
    /// A person ends everything that an agent has of them.
    AgentEnded,
    /// A person is at a page of their account.
    Account,
    /// A person invites an agent to ask them.
    Invitation,
    /// A person sets, changes or removes the code that agents have to show.
    UserCode,
    /// A person names something that they want to be reached on.
    DeviceRegistered,
    /// It is proven that it reaches them, or an app that runs on it enrols it.
    DeviceAdded,
    /// A person renames it, or changes where it stands in the order.
    DeviceChanged,
    /// A person removes it.
    DeviceRemoved,
    /// A person sets or ends their quiet hours.
    QuietHours,
    /// A person registers a passkey, signed in or by an administrator's link.
    PasskeyRegistered,
    /// A person removes one.
    PasskeyRemoved,
    /// A client registers itself, or looks after its registration.
    Registration,
    /// A token request.
    Token,
    /// A token is looked at for a tool or client.
    Introspection,
    /// A token or authorization is ended by its client.
    Revocation,
    /// A client asks about the person.
    UserInfo,
    /// An authorization ends because something spent came again, proven, or because what was approved was given to nobody.
    End,
}

impl Event {
    /// The event's name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Authorization => "authorization",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::PasswordChange => "password-change",
            Self::Consent => "consent",
            Self::Backchannel => "backchannel",
            Self::Approval => "approval",
            Self::Block => "block",
            Self::BlockLifted => "block-lifted",
            Self::Notification => "notification",
            Self::ConsentForgotten => "consent-forgotten",
            Self::AccessEnded => "access-ended",
            Self::AgentEnded => "agent-ended",
            Self::Account => "account",
            Self::Invitation => "invitation",
            Self::UserCode => "user-code",
            Self::DeviceRegistered => "device-registered",
            Self::DeviceAdded => "device-added",
            Self::DeviceChanged => "device-changed",
            Self::DeviceRemoved => "device-removed",
            Self::QuietHours => "quiet-hours",
            Self::PasskeyRegistered => "passkey-registered",
            Self::PasskeyRemoved => "passkey-removed",
            Self::Registration => "registration",
            Self::Token => "token",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::UserInfo => "userinfo",
            Self::End => "end",
        }
    }
}

/// How a decision went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<'a> {
    /// As asked for, or as much of it as was right.
    Granted,
    /// The person said no.
    Denied,
    /// Refused, and why.
    Refused(&'a Refusal),
    /// It was to be done and could not be, and why: a word of ours, never one of a caller's.
    Failed(&'a str),
}

/// One decision. Its fields are parsed types, so that no secret, token or cookie fits in.
#[derive(Debug)]
#[must_use = "a decision is in the log only once it is recorded"]
pub struct Decision<'a> {
    event: Event,
    outcome: Outcome<'a>,
    at: Timestamp,
    request_id: &'a str,
    client: Option<&'a ClientId>,
    person: Option<Cow<'a, PersonId>>,
    device: Option<&'a DeviceId>,
    grant_id: Option<&'a GrantId>,
    token_id: Option<&'a TokenId>,
    resource: Option<&'a ResourceUri>,
    scope: Option<&'a Scope>,
    details_digest: Option<&'a Sha256Digest>,
    purpose: Option<&'a str>,
    remembered: bool,
    exchanged_from: Option<&'a TokenId>,
    assertion: Option<&'a Sha256Digest>,
    actors: Option<&'a Actors>,
    lineage: Option<&'a AccessTokenClaims>,
}

impl<'a> Decision<'a> {
    /// A decision about a request.
    pub fn new(event: Event, outcome: Outcome<'a>, request: &'a Request, at: Timestamp) -> Self {
        Self::about(event, outcome, request_id(request), at)
    }

    /// A decision about something that no request brought, such as an item of the table's stream. `id` is that event's.
    pub const fn about(event: Event, outcome: Outcome<'a>, id: &'a str, at: Timestamp) -> Self {
        Self {
            event,
            outcome,
            at,
            request_id: id,
            client: None,
            person: None,
            device: None,
            grant_id: None,
            token_id: None,
            resource: None,
            scope: None,
            details_digest: None,
            purpose: None,
            remembered: false,
            exchanged_from: None,
            assertion: None,
            actors: None,
            lineage: None,
        }
    }

    /// Which client asked. One that did not authenticate is the one that it says it is.
    pub const fn client(mut self, client: &'a ClientId) -> Self {
        self.client = Some(client);
        self
    }

    /// Whom it is about.
    pub fn person(mut self, person: &'a PersonId) -> Self {
        self.person = Some(Cow::Borrowed(person));
        self
    }

    /// Which of the person's devices it is about.
    pub const fn device(mut self, device: &'a DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    /// Which authorization it belongs to.
    pub const fn grant_id(mut self, grant_id: &'a GrantId) -> Self {
        self.grant_id = Some(grant_id);
        self
    }

    /// Which token was issued, looked at or ended: its `jti`.
    pub const fn token_id(mut self, token_id: &'a TokenId) -> Self {
        self.token_id = Some(token_id);
        self
    }

    /// Which access token was looked at, used or ended, with all that it says: its person and authorization, unless its
    /// client works alone, and what was asked. Who shows it need not be the client that it was given to.
    pub fn token(mut self, claims: &'a AccessTokenClaims) -> Self {
        if let Some(grant_id) = &claims.grant_id {
            self.grant_id = Some(grant_id);
            self.person = PersonId::parse(&claims.sub).map(Cow::Owned);
        }
        self.token_id = Some(&claims.jti);
        self.details_digest = claims.asked.as_ref();
        self.lineage(claims)
    }

    /// What else a token goes back to: the authorization by exchange whose refresh token it was got by, whether that is its own
    /// root, and the other issuer that the subject comes from.
    pub const fn lineage(mut self, claims: &'a AccessTokenClaims) -> Self {
        self.lineage = Some(claims);
        self
    }

    /// Which tool it is for.
    pub const fn resource(mut self, resource: &'a ResourceUri) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Which scope was granted.
    pub const fn scope(mut self, scope: &'a Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The digest of the canonical form of what was asked.
    pub const fn details_digest(mut self, digest: &'a Sha256Digest) -> Self {
        self.details_digest = Some(digest);
        self
    }

    /// Why the agent says it asks, in its own words; nothing where it says nothing.
    pub fn purpose(mut self, purpose: &'a str) -> Self {
        self.purpose = Some(purpose).filter(|purpose| !purpose.is_empty());
        self
    }

    /// The person was not asked again: they had consented to the same before.
    pub const fn remembered(mut self) -> Self {
        self.remembered = true;
        self
    }

    /// Which token the new one was made of, and who acts with it, the newest first.
    pub const fn exchanged_from(mut self, token_id: &'a TokenId, actors: &'a Actors) -> Self {
        (self.exchanged_from, self.actors) = (Some(token_id), Some(actors));
        self
    }

    /// Which assertion of another issuer a token was issued for: the digest over issuer and `jti`, under which it is spent.
    pub const fn assertion(mut self, spent_as: &'a Sha256Digest) -> Self {
        self.assertion = Some(spent_as);
        self
    }

    /// Writes the event to the log, with what is known of its request where the decision does not say. The request's own
    /// line says then whom and what it was about.
    pub fn record(&self) {
        if let Some(client) = self.client {
            note_client(client);
        }
        if let Some(grant_id) = self.grant_id {
            note_grant(grant_id);
        }
        if let Some(person) = &self.person {
            note_person(person);
        }
        if let Some(digest) = self.details_digest {
            note_asked(*digest);
        }
        self.write(&known());
    }

    fn write(&self, known: &Subject) {
        let (outcome, refusal, failure) = match self.outcome {
            Outcome::Granted => ("granted", None, None),
            Outcome::Denied => ("denied", None, None),
            Outcome::Refused(refusal) => ("refused", Some(refusal), None),
            Outcome::Failed(why) => ("failed", None, Some(why)),
        };
        let grant_id = self.grant_id.or(known.grant_id.as_ref());
        tracing::info!(
            target: "audit",
            event = self.event.as_str(),
            outcome,
            reason = refusal.map(Refusal::name),
            why = refusal.and_then(why).or_else(|| failure.map(str::to_owned)),
            at = self.at.as_seconds(),
            request_id = self.request_id,
            client = self.client.or(known.client.as_ref()).map(ClientId::as_str),
            person = self.person.as_deref().or(known.person.as_ref()).map(PersonId::as_str),
            device_id = self.device.map(DeviceId::as_str),
            grant_id = grant_id.map(GrantId::as_str),
            token_id = self.token_id.map(TokenId::as_str),
            resource = self.resource.map(ResourceUri::as_str),
            scope = self.scope.map(ToString::to_string),
            details_digest = self.details_digest.or(known.asked.as_ref()).map(Sha256Digest::to_base64url),
            purpose = self.purpose,
            remembered = self.remembered.then_some(true),
            policies = known.policies.as_deref(),
            exchanged_from = self.exchanged_from.map(TokenId::as_str),
            assertion = self.assertion.map(Sha256Digest::to_base64url),
            actors = self.actors.filter(|actors| !actors.is_empty()).map(listed),
            child_grant_id = self.lineage.and_then(|claims| claims.child_grant_ids.first()).map(GrantId::as_str),
            own_root = self.lineage.filter(|claims| claims.own_root).map(|_| true),
            root_grant_id = known.root_grant_id.as_ref().filter(|root| Some(*root) != grant_id).map(GrantId::as_str),
            origin = self.lineage.and_then(|claims| claims.origin.as_ref()).map(|origin| origin.iss.as_str()),
            outside_name = known.outside_name.as_deref(),
        );
    }
}

fn listed(actors: &Actors) -> String {
    actors.iter().map(|actor| actor.sub.as_str()).collect::<Vec<_>>().join(" ")
}

/// What the caller is not told.
fn why(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::ClientRejected { why } => Some(format!("{why:?}")),
        Refusal::CodeInvalid { why }
        | Refusal::RefreshTokenInvalid { why }
        | Refusal::RequestUriInvalid { why } => Some(format!("{why:?}")),
        Refusal::TokenInvalid { why }
        | Refusal::SubjectTokenInvalid { why }
        | Refusal::ActorTokenInvalid { why }
        | Refusal::GrantAssertionInvalid { why } => Some((*why).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use oauth::HandleRejection;
    use serde_json::{Value, json};

    use super::*;
    use crate::log::tests::logged;
    use crate::request::Arrival;
    use crate::subject::noted;

    fn request() -> Request {
        let arrival = Arrival { request_id: "req-1".to_owned(), ..Arrival::default() };
        lambda_http::http::Request::post("/token").extension(arrival).body(Body::Empty).expect("a request")
    }

    fn recorded(decision: &Decision<'_>) -> Value {
        let mut lines = logged(|| decision.record());
        assert_eq!(lines.len(), 1);
        let mut line = lines.remove(0);
        line.as_object_mut().expect("an object").remove("timestamp");
        line
    }

    #[test]
    fn a_grant_names_everyone_and_everything() {
        let client = ClientId::parse("report-agent").unwrap();
        let person = PersonId::from_random([1; 16]);
        let grant_id = GrantId::from_random([2; 16]);
        let token_id = TokenId::from_random([3; 16]);
        let resource = ResourceUri::parse("https://files.example").unwrap();
        let scope: Scope = ["openid", "tools.access"].into_iter().collect();
        let digest = Sha256Digest::of(b"asked");
        let request = request();
        let decision =
            Decision::new(Event::Token, Outcome::Granted, &request, Timestamp::from_seconds(1_700_000_000))
                .client(&client)
                .person(&person)
                .grant_id(&grant_id)
                .token_id(&token_id)
                .resource(&resource)
                .scope(&scope)
                .details_digest(&digest)
                .purpose("quarterly report");
        assert_eq!(
            recorded(&decision),
            json!({
                "level": "INFO", "target": "audit", "event": "token", "outcome": "granted", "at": 1_700_000_000,
                "request_id": "req-1", "client": "report-agent", "person": person.as_str(),
                "grant_id": grant_id.as_str(), "token_id": token_id.as_str(), "resource": "https://files.example",
                "scope": scope.to_string(), "details_digest": digest.to_base64url(), "purpose": "quarterly report",
            })
        );
    }

    /// A refusal may come from where nobody knows any more whom it concerns.
    #[tokio::test]
    async fn an_event_says_what_became_known_of_its_request_unless_it_says_otherwise() {
        let (agent, tool) =
            (ClientId::parse("report-agent").unwrap(), ClientId::parse("files-tool").unwrap());
        let (person, grant_id) = (PersonId::from_random([1; 16]), GrantId::from_random([2; 16]));
        let asked = Sha256Digest::of(b"asked");
        let request = request();
        let refusal = Refusal::VerifierMismatch;
        let decision = || {
            let outcome = Outcome::Refused(&refusal);
            Decision::new(Event::Token, outcome, &request, Timestamp::from_seconds(7))
        };
        let ((inherited, own), _) = noted(async {
            note_client(&agent);
            note_person(&person);
            note_grant(&grant_id);
            note_asked(asked);
            (recorded(&decision()), recorded(&decision().client(&tool)))
        })
        .await;
        assert_eq!(inherited["client"], "report-agent");
        assert_eq!(own["client"], "files-tool");
        for event in [inherited, own] {
            assert_eq!(event["person"], person.as_str());
            assert_eq!(event["grant_id"], grant_id.as_str());
            assert_eq!(event["details_digest"], asked.to_base64url());
        }
        assert!(recorded(&decision()).get("person").is_none(), "another request knows nothing of it");
    }

    #[test]
    fn where_the_agent_says_nothing_no_purpose_is_written() {
        let request = request();
        let decision =
            Decision::new(Event::Consent, Outcome::Granted, &request, Timestamp::from_seconds(7)).purpose("");
        assert!(recorded(&decision).get("purpose").is_none());
    }

    #[test]
    fn a_refusal_says_to_us_what_the_caller_is_not_told() {
        let refusal = Refusal::CodeInvalid { why: HandleRejection::Replayed };
        let request = request();
        let decision =
            Decision::new(Event::Token, Outcome::Refused(&refusal), &request, Timestamp::from_seconds(7));
        assert_eq!(
            recorded(&decision),
            json!({
                "level": "INFO", "target": "audit", "event": "token", "outcome": "refused", "at": 7,
                "reason": "code-invalid", "why": "Replayed", "request_id": "req-1",
            })
        );
    }
}
