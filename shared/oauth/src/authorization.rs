//! One authorization, one item: its life from the push to the end. Each move consumes the state and returns
//! the next one; the caller commits it on condition that the stored version is still the one it came from.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::configuration::Lifetimes;
use crate::{
    Access, Actor, Actors, ApprovalId, Approved, Asked, AuthorizationDetails, AuthorizationRequest, Awaited,
    Child, ClientId, CodeChallenge, CodeVerifier, Declined, GrantId, HandleRejection, Parcel, PersonId,
    RedirectUri, RefreshToken, Refusal, Requested, ResourceUri, Scope, Secret, Sha256Digest, SignedTerms,
    Timestamp,
};

/// How long after a rotation the same client may repeat it and get the same successor, as long as that
/// successor has not been used.
pub const ROTATION_GRACE: Duration = Duration::from_secs(10);

/// How long an ended authorization is remembered: as long as anything that goes back to it could be good, a
/// remembered consent included.
const REMEMBERED: Duration = Duration::from_hours(31 * 24);

/// An authorization, wherever it is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authorization {
    /// Which one.
    pub id: GrantId,
    /// Counts the moves: a commit succeeds only over the version it came from.
    pub version: u64,
    /// Where it is.
    pub stage: Stage,
}

/// Where an authorization is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// A client pushed the request (RFC 9126); nobody has decided yet.
    Pushed(Pushed),
    /// A person said yes; the code waits to be redeemed.
    Consented(Consented),
    /// A client asked at the backchannel (OpenID CIBA Core 1.0); the person has not decided.
    Requested(Box<Requested>),
    /// The person said yes; the `auth_req_id` waits to be redeemed.
    Approved(Box<Approved>),
    /// The person said no, which the client has yet to hear.
    Declined(Declined),
    /// Tokens have been issued.
    Active(Active),
    /// A refresh token was got by exchange: what can be had by it.
    Child(Box<Child>),
    /// Nothing more comes of it.
    Ended(Ended),
}

/// A pushed request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    /// What was asked.
    pub request: AuthorizationRequest,
    /// The SHA-256 of the secret in `request_uri`.
    pub secret: Sha256Digest,
    /// Until when `/authorize` takes it up.
    pub expires_at: Timestamp,
    /// Until when a person who was sent here in time may decide.
    pub decided_by: Timestamp,
}

/// What a person granted: the most that any token of the authorization may ever say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// To whom.
    pub client_id: ClientId,
    /// Who.
    pub person: PersonId,
    /// How the person had signed in.
    pub authentication: AuthenticationEvent,
    /// By scope.
    pub scope: Scope,
    /// For which tools; empty when the client named none.
    pub resources: Vec<ResourceUri>,
    /// In detail: what was ticked.
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// The digest of what was asked.
    pub asked: Sha256Digest,
    /// The approval of it that the person has countersigned with a passkey, where they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
    /// How long it lasts as they signed it then, whatever the configuration says by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Who acts in the person's name (RFC 8693, section 4.1): after an approval at the backchannel the client itself, or whom an actor
    /// token proved.
    #[serde(default, skip_serializing_if = "Actors::is_empty")]
    pub act: Actors,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// When.
    pub granted_at: Timestamp,
    /// The last moment of any token.
    pub ends_at: Timestamp,
}

/// How a person signed in (OpenID Connect Core, section 2; RFC 8176).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationEvent {
    /// `auth_time`.
    pub auth_time: Timestamp,
    /// `amr`.
    pub amr: Vec<String>,
}

/// A grant whose code waits to be redeemed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consented {
    /// What was granted.
    pub grant: Grant,
    /// The code that stands for it.
    pub code: Code,
    /// Until when the code is good.
    pub code_expires_at: Timestamp,
}

/// What is kept of a code, before and after it is spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The SHA-256 of its secret.
    pub secret: Sha256Digest,
    /// PKCE.
    pub challenge: CodeChallenge,
    /// Where it was sent.
    pub redirect_uri: RedirectUri,
}

/// A grant from which tokens have been issued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// What was granted.
    pub grant: Grant,
    /// What was spent for it.
    #[serde(rename = "code")]
    pub spent: Redeemed,
    /// The refresh tokens, if the client may have any.
    pub refresh: Option<Family>,
    /// The first tokens, until the client to which they are brought has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<Box<Parcel>>,
}

/// What was spent for the first tokens of a grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Redeemed {
    /// A code: its proven reuse ends everything.
    Code(Code),
    /// The `auth_req_id` of a request at the backchannel.
    AuthReqId {
        /// The SHA-256 of its secret.
        auth_req_id: Sha256Digest,
    },
}

/// A family of refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The SHA-256 of the family secret.
    pub secret: Sha256Digest,
    /// The generation that may be used next.
    pub generation: u32,
    /// When the generation before it was used.
    pub rotated_at: Timestamp,
}

impl Family {
    /// Whether it is at this token: the one that may be used next.
    pub fn is_at(&self, token: &RefreshToken) -> bool {
        token.family().matches(&self.secret) && token.generation() == self.generation
    }
}

/// An authorization of which nothing more comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When it ended.
    pub at: Timestamp,
    /// Why.
    pub why: End,
    /// Whose it was, if a person had decided.
    pub person: Option<PersonId>,
    /// To whom it had been given.
    pub client_id: ClientId,
    /// How the client comes back, or is told, where it had asked at the backchannel and was given nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Awaited>,
}

/// Why an authorization ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The person said no.
    Denied,
    /// The client, the person or an operator ended it.
    Revoked,
    /// A spent code came again, proven.
    CodeReplayed,
    /// A refresh token of an older generation came again, proven.
    RefreshTokenReplayed,
    /// What a person approved elsewhere was given to nobody: no token could be issued for it, or its client did not take what it was
    /// brought.
    NotGiven,
}

/// What a person said yes to.
#[derive(Clone)]
pub struct Approval {
    /// Who.
    pub person: PersonId,
    /// How they had signed in.
    pub authentication: AuthenticationEvent,
    /// Which scopes they left ticked.
    pub scope: Scope,
    /// Which details they left ticked, by position.
    pub details: Vec<usize>,
    /// What they signed beside that, where they have countersigned it with a passkey.
    pub countersigned: Option<SignedTerms>,
}

/// A yes at the browser that the client sent.
#[derive(Clone)]
pub struct Decision {
    /// To what.
    pub approval: Approval,
    /// The secret of the code that is made of it.
    pub code: Sha256Digest,
}

/// What a client shows to redeem a code.
pub struct CodeProof<'a> {
    /// The client, authenticated.
    pub client_id: &'a ClientId,
    /// The code's secret.
    pub secret: &'a Secret<[u8; 32]>,
    /// PKCE.
    pub verifier: &'a CodeVerifier,
    /// `redirect_uri`, where the client names it (OAuth 2.0 demands it, OAuth 2.1 does not know it).
    pub redirect_uri: Option<&'a str>,
}

/// What became of an attempt to spend something.
#[derive(Debug, PartialEq)]
pub enum Spent<T> {
    /// It was good: commit this.
    Well(T),
    /// It had been spent before, proven: commit the end, then refuse.
    Replayed(Box<Authorization>),
    /// It was no good: write nothing.
    Not(Refusal),
}

/// What became of a rotation.
#[derive(Debug, PartialEq)]
pub enum Rotation {
    /// The family moved on: commit this.
    Moved(Authorization),
    /// The family had moved on a moment ago for the same token: write nothing, give the same successor.
    Repeated(Authorization),
}

impl Authorization {
    /// A request was pushed (RFC 9126, section 2.2).
    pub fn pushed(
        id: GrantId,
        request: AuthorizationRequest,
        secret: Sha256Digest,
        lives: &Lifetimes,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.after(lives.request_uri);
        let decided_by = expires_at.after(lives.interaction);
        Self { id, version: 1, stage: Stage::Pushed(Pushed { request, secret, expires_at, decided_by }) }
    }

    /// The request behind a `request_uri` that `client_id` presents (RFC 9126, section 4). Looking at it
    /// spends nothing: a person may reload the page; the decision spends it.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`].
    pub fn look_up(
        &self,
        client_id: &ClientId,
        secret: &Secret<[u8; 32]>,
        now: Timestamp,
    ) -> Result<&AuthorizationRequest, Refusal> {
        let refuse = |why| Err(Refusal::RequestUriInvalid { why });
        let Stage::Pushed(pushed) = &self.stage else {
            return refuse(HandleRejection::Spent);
        };
        if !secret.matches(&pushed.secret) {
            return refuse(HandleRejection::Unknown);
        }
        if pushed.request.client_id != *client_id {
            return refuse(HandleRejection::OtherClient);
        }
        if now >= pushed.expires_at {
            return refuse(HandleRejection::Expired { at: pushed.expires_at });
        }
        Ok(&pushed.request)
    }

    /// The request of an interaction that had taken it up in time.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`] when it was decided already, or too long ago.
    pub fn taken_up(&self, now: Timestamp) -> Result<&AuthorizationRequest, Refusal> {
        match &self.stage {
            Stage::Pushed(pushed) if now < pushed.decided_by => Ok(&pushed.request),
            Stage::Pushed(_) => Err(Refusal::InteractionExpired),
            _ => Err(Refusal::RequestUriInvalid { why: HandleRejection::Spent }),
        }
    }

    /// The person said yes to a pushed request, which is thereby spent. One that was stored nowhere is version 0.
    ///
    /// # Errors
    /// As [`Authorization::taken_up`].
    pub fn consented(self, decision: Decision, lives: &Lifetimes, now: Timestamp) -> Result<Self, Refusal> {
        let request = self.taken_up(now)?.clone();
        Ok(self.into_next(Stage::Consented(Consented::new(request, decision, lives, now))))
    }

    /// The person said no to a pushed request, which is thereby spent.
    ///
    /// # Errors
    /// As [`Authorization::taken_up`].
    pub fn denied(self, now: Timestamp) -> Result<Self, Refusal> {
        self.taken_up(now)?;
        Ok(self.ended(End::Denied, now))
    }

    /// Redeems the code (OAuth 2.1, section 4.1.3). A code counts as replayed only when secret, client and
    /// verifier are the right ones: a forged or foreign attempt must not be able to end anything.
    pub fn redeemed(
        self,
        proof: &CodeProof<'_>,
        refresh: Option<Sha256Digest>,
        token_life: Duration,
        now: Timestamp,
    ) -> Spent<Self> {
        let refuse = |why| Spent::Not(Refusal::CodeInvalid { why });
        let (grant, code, fresh_until) = match &self.stage {
            Stage::Consented(consented) => {
                (&consented.grant, &consented.code, Some(consented.code_expires_at))
            }
            Stage::Active(Active { grant, spent: Redeemed::Code(code), .. }) => (grant, code, None),
            Stage::Pushed(_)
            | Stage::Child(_)
            | Stage::Active(_)
            | Stage::Requested(_)
            | Stage::Approved(_)
            | Stage::Declined(_) => return refuse(HandleRejection::Unknown),
            Stage::Ended(_) => return refuse(HandleRejection::Ended),
        };
        if !proof.secret.matches(&code.secret) {
            return refuse(HandleRejection::Unknown);
        }
        if grant.client_id != *proof.client_id {
            return refuse(HandleRejection::OtherClient);
        }
        if !proof.verifier.answers(&code.challenge) {
            return Spent::Not(Refusal::VerifierMismatch);
        }
        let Some(fresh_until) = fresh_until else {
            return Spent::Replayed(Box::new(self.ended(End::CodeReplayed, now)));
        };
        if now >= fresh_until {
            return refuse(HandleRejection::Expired { at: fresh_until });
        }
        if proof.redirect_uri.is_some_and(|named| named != code.redirect_uri.as_str()) {
            return Spent::Not(Refusal::RedirectUriMismatch);
        }
        let (grant, spent) = (grant.clone(), Redeemed::Code(code.clone()));
        let active = Active::begun(grant, spent, refresh, token_life, now);
        Spent::Well(self.into_next(Stage::Active(active)))
    }

    /// Rotates the refresh token (OAuth 2.1, section 4.3.1). Only the right family secret with an older
    /// generation is a replay.
    pub fn rotated(self, client_id: &ClientId, token: &RefreshToken, now: Timestamp) -> Spent<Rotation> {
        let refuse = |why| Spent::Not(Refusal::RefreshTokenInvalid { why });
        let (family, given_to, ends_at) = match &self.stage {
            Stage::Active(active) => (active.refresh.as_ref(), &active.grant.client_id, active.grant.ends_at),
            Stage::Child(child) => (Some(&child.refresh), &child.claims.client_id, child.claims.exp),
            Stage::Ended(_) => return refuse(HandleRejection::Ended),
            Stage::Pushed(_)
            | Stage::Consented(_)
            | Stage::Requested(_)
            | Stage::Approved(_)
            | Stage::Declined(_) => return refuse(HandleRejection::Unknown),
        };
        let Some(family) = family.cloned().filter(|family| token.family().matches(&family.secret)) else {
            return refuse(HandleRejection::Unknown);
        };
        if given_to != client_id {
            return refuse(HandleRejection::OtherClient);
        }
        if now >= ends_at {
            return refuse(HandleRejection::Expired { at: ends_at });
        }
        match token.generation() {
            current if current == family.generation => {
                let family = Family { generation: current + 1, rotated_at: now, ..family };
                Spent::Well(Rotation::Moved(self.with_family(family)))
            }
            before if before + 1 == family.generation && now <= family.rotated_at.after(ROTATION_GRACE) => {
                Spent::Well(Rotation::Repeated(self))
            }
            older if older < family.generation => {
                Spent::Replayed(Box::new(self.ended(End::RefreshTokenReplayed, now)))
            }
            _ => refuse(HandleRejection::Unknown),
        }
    }

    /// Ends the authorization and everything under it.
    #[must_use]
    pub fn ended(self, why: End, now: Timestamp) -> Self {
        let person = match &self.stage {
            Stage::Pushed(_) => None,
            Stage::Consented(Consented { grant, .. }) | Stage::Active(Active { grant, .. }) => {
                Some(grant.person.clone())
            }
            Stage::Child(child) => child.person(),
            Stage::Requested(requested) => requested.person.clone(),
            Stage::Approved(approved) => Some(approved.grant.person.clone()),
            Stage::Declined(declined) => Some(declined.person.clone()),
            Stage::Ended(_) => return self,
        };
        let awaited = self.still_awaited().cloned().map(Awaited::without_request);
        let client_id = self.client_id().clone();
        self.into_next(Stage::Ended(Ended { at: now, why, person, client_id, awaited }))
    }

    /// Whose it is: the client that asked, or to which it was given.
    pub fn client_id(&self) -> &ClientId {
        match &self.stage {
            Stage::Pushed(pushed) => &pushed.request.client_id,
            Stage::Consented(consented) => &consented.grant.client_id,
            Stage::Active(active) => &active.grant.client_id,
            Stage::Child(child) => &child.claims.client_id,
            Stage::Requested(requested) => &requested.request.client_id,
            Stage::Approved(approved) => &approved.grant.client_id,
            Stage::Declined(declined) => &declined.client_id,
            Stage::Ended(ended) => &ended.client_id,
        }
    }

    /// The grant, while tokens of it may be good.
    ///
    /// # Errors
    /// Why none is.
    pub fn live_grant(&self, now: Timestamp) -> Result<&Grant, HandleRejection> {
        match &self.stage {
            Stage::Active(active) if now < active.grant.ends_at => Ok(&active.grant),
            Stage::Active(active) => Err(HandleRejection::Expired { at: active.grant.ends_at }),
            Stage::Ended(_) => Err(HandleRejection::Ended),
            _ => Err(HandleRejection::Unknown),
        }
    }

    /// What was got by exchange, while tokens of it may be good as far as its own item says.
    ///
    /// # Errors
    /// Why none is.
    pub fn live_child(&self, now: Timestamp) -> Result<&Child, HandleRejection> {
        match &self.stage {
            Stage::Child(child) if now < child.claims.exp => Ok(child),
            Stage::Child(child) => Err(HandleRejection::Expired { at: child.claims.exp }),
            Stage::Ended(_) => Err(HandleRejection::Ended),
            _ => Err(HandleRejection::Unknown),
        }
    }

    /// The grant, whatever it is worth by now.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.stage {
            Stage::Consented(Consented { grant, .. }) | Stage::Active(Active { grant, .. }) => Some(grant),
            Stage::Approved(approved) => Some(&approved.grant),
            Stage::Pushed(_)
            | Stage::Child(_)
            | Stage::Requested(_)
            | Stage::Declined(_)
            | Stage::Ended(_) => None,
        }
    }

    /// After this moment nothing depends on the item any more and it may be deleted.
    pub fn forgotten_at(&self) -> Timestamp {
        match &self.stage {
            Stage::Pushed(pushed) => pushed.decided_by,
            Stage::Consented(consented) => consented.grant.ends_at,
            Stage::Active(active) => active.grant.ends_at,
            Stage::Child(child) => child.claims.exp,
            Stage::Requested(requested) => requested.awaited.forgotten_at(),
            Stage::Approved(approved) => approved.awaited.forgotten_at(),
            Stage::Declined(declined) => declined.awaited.forgotten_at(),
            Stage::Ended(ended) => ended.at.after(REMEMBERED),
        }
    }

    /// The state before a move of which nobody ever heard, to be put in its place: nothing of that move was given
    /// out, so that what it spent is as good as before.
    #[must_use]
    pub fn instead_of(self, unheard: &Self) -> Self {
        Self { version: unheard.version + 1, ..self }
    }

    fn with_family(self, family: Family) -> Self {
        let stage = match self.stage.clone() {
            // Whoever renews has what was brought.
            Stage::Active(active) => Stage::Active(Active { refresh: Some(family), parcel: None, ..active }),
            Stage::Child(child) => Stage::Child(Box::new(Child { refresh: family, ..*child })),
            other => other,
        };
        self.into_next(stage)
    }

    pub(crate) fn into_next(self, stage: Stage) -> Self {
        Self { id: self.id, version: self.version + 1, stage }
    }
}

impl Grant {
    /// The clients that have their part in it: the one that it was given to, and who acts. It ends with each of them.
    pub fn clients(&self) -> BTreeSet<ClientId> {
        std::iter::once(self.client_id.clone()).chain(self.act.clients()).collect()
    }

    /// By whom somebody else is said to act, and who that is: proven by an actor token (RFC 8693, section 2.1). It stands as long as the
    /// one may name the other.
    pub fn names(&self) -> Option<(ClientId, ClientId)> {
        let actor = self.act.newest().and_then(Actor::as_client).filter(|actor| *actor != self.client_id)?;
        Some((self.client_id.clone(), actor))
    }

    /// Whether tokens of it may be renewed, as far as the person has said.
    pub fn lets_renew(&self) -> bool {
        self.access.is_none_or(|access| access.renewable_until.is_some())
    }

    /// The last moment of any token as the person signed it, where the first is had until `redeemable_until`.
    pub(crate) fn ends_as_signed(&self, redeemable_until: Timestamp) -> Option<Timestamp> {
        self.access.map(|access| access.ends_at(redeemable_until))
    }

    /// What a person said yes to, which the client comes for until `redeemable_until`. Whatever they ticked, no more is granted than was
    /// asked; and what they signed is for the tools that they read of, and lasts no longer than they read.
    pub(crate) fn new(
        asked: &Asked<'_>,
        ticked: Approval,
        lives: &Lifetimes,
        redeemable_until: Timestamp,
        now: Timestamp,
    ) -> Self {
        let (signed, ends_at) = (ticked.countersigned, now.after(lives.authorization));
        let access = signed.as_ref().map(|signed| signed.access);
        let resources = match &signed {
            Some(signed) if asked.resource.is_empty() => signed.resources.clone(),
            _ => asked.resource.to_vec(),
        };
        Self {
            client_id: asked.client.clone(),
            person: ticked.person,
            authentication: ticked.authentication,
            scope: ticked.scope.intersection(asked.scope),
            details: asked.details.pick(&ticked.details),
            resources,
            asked: asked.digest(),
            approval: signed.map(|signed| signed.approval),
            access,
            act: Actors::default(),
            nonce: None,
            granted_at: now,
            ends_at: access.map_or(ends_at, |access| ends_at.min(access.ends_at(redeemable_until))),
        }
    }
}

impl Active {
    /// The first tokens are issued. Without a refresh token nothing comes of the grant after them.
    pub(crate) fn begun(
        mut grant: Grant,
        spent: Redeemed,
        refresh: Option<Sha256Digest>,
        token_life: Duration,
        now: Timestamp,
    ) -> Self {
        if refresh.is_none() {
            grant.ends_at = grant.ends_at.min(now.after(token_life));
        }
        let refresh = refresh.map(|secret| Family { secret, generation: 0, rotated_at: now });
        Self { grant, spent, refresh, parcel: None }
    }
}

impl Consented {
    fn new(request: AuthorizationRequest, decision: Decision, lives: &Lifetimes, now: Timestamp) -> Self {
        let code_expires_at = now.after(lives.code.min(LONGEST_CODE_LIFE));
        let grant = Grant {
            nonce: request.nonce.clone(),
            ..Grant::new(&request.asked(), decision.approval, lives, code_expires_at, now)
        };
        let code = Code {
            secret: decision.code,
            challenge: request.code_challenge,
            redirect_uri: request.redirect_uri,
        };
        Self { grant, code, code_expires_at }
    }
}

/// Whatever the configuration says: a code travels through a browser once.
const LONGEST_CODE_LIFE: Duration = Duration::from_mins(1);
