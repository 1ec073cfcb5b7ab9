//! The part of an authorization's life that begins at the backchannel: an agent asks, a person decides elsewhere, the agent
//! redeems (OpenID CIBA Core 1.0).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::configuration::Lifetimes;
use crate::{
    Active, Actor, Actors, Approval, Authorization, BackchannelRequest, ChannelKind, ClientId, Deferral, End,
    Ended, Grant, GrantId, HandleRejection, NumberMatch, PersonId, Redeemed, Refusal, Secret, Sha256Digest,
    Stage, Timestamp,
};

/// How long after its end a request is remembered, so that who asks late is told that it has expired.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What is kept of an `auth_req_id` until it is spent or expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The SHA-256 of its secret.
    pub secret: Sha256Digest,
    /// Until when the person may decide, and the client redeem.
    pub expires_at: Timestamp,
    /// What the client wants to be told with, sealed; nothing where it polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_token: Option<String>,
    /// The token request that is answered once the person has approved it, where it is for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferral: Option<Box<Deferral>>,
}

/// A request that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requested {
    /// What is asked.
    pub request: BackchannelRequest,
    /// Who is asked. Nobody, where the client named nobody whom it may ask: it is not told, and the request simply expires.
    pub person: Option<PersonId>,
    /// When.
    pub requested_at: Timestamp,
    /// Whether the person is told on their devices; else they find it on their page.
    pub rings: bool,
    /// On which of them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelKind>,
    /// The numbers of which the person picks the one that the agent shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberMatch>,
    /// How the client comes back.
    pub awaited: Awaited,
}

impl Requested {
    /// Whether a yes with this number is one: where the agent shows a number, it takes that one.
    pub fn is_right(&self, picked: Option<u8>) -> bool {
        self.numbers.is_none_or(|numbers| picked == Some(numbers.right()))
    }
}

/// A request that a person approved, until the client redeems it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved {
    /// What was granted.
    pub grant: Grant,
    /// How the client comes back.
    pub awaited: Awaited,
}

/// A request that a person declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// Who asked.
    pub client_id: ClientId,
    /// Who declined.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// Whether they said yes and picked another number than the agent shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_wrong_number: bool,
    /// How the client comes back.
    pub awaited: Awaited,
}

/// The first tokens of an approval, made for a client to which they are brought (push), until it has them. Every try brings the same
/// ones, until they end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// What the client is brought, sealed.
    pub sealed: String,
    /// The last moment of the access token in it.
    pub expires_at: Timestamp,
    /// The last moment of the ID token in it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_expires_at: Option<Timestamp>,
    /// How the client is told, and until when the request lives.
    pub awaited: Awaited,
}

/// What has less time left than this is of no use to whom it is brought.
const LEAST_LIFE: Duration = Duration::from_secs(30);

impl Parcel {
    /// Whether what is in it has ended, or is about to.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let ends_at = self.id_token_expires_at.map_or(self.expires_at, |end| end.min(self.expires_at));
        now.after(LEAST_LIFE) >= ends_at
    }
}

impl Authorization {
    /// A client asked for a person's approval (OpenID CIBA Core 1.0, section 7).
    pub const fn requested(id: GrantId, requested: Box<Requested>) -> Self {
        Self { id, version: 1, stage: Stage::Requested(requested) }
    }

    /// The request, for the person who is asked, while they may decide.
    ///
    /// # Errors
    /// [`Refusal::RequestNotWaiting`]. Another person's request does not exist.
    pub fn waits_for(&self, person: &PersonId, now: Timestamp) -> Result<&Requested, Refusal> {
        let refuse = |why| Err(Refusal::RequestNotWaiting { why });
        match &self.stage {
            Stage::Requested(requested) if requested.person.as_ref() != Some(person) => {
                refuse(HandleRejection::Unknown)
            }
            Stage::Requested(requested) if now >= requested.awaited.expires_at => {
                refuse(HandleRejection::Expired { at: requested.awaited.expires_at })
            }
            Stage::Requested(requested) => Ok(requested),
            Stage::Approved(approved) if approved.grant.person == *person => refuse(HandleRejection::Spent),
            Stage::Declined(declined) if declined.person == *person => refuse(HandleRejection::Spent),
            _ => refuse(HandleRejection::Unknown),
        }
    }

    /// The person said yes. Whatever the approval says, no more is granted than was asked. Where the agent shows a number, the yes
    /// counts with that one alone: any other makes a no of it, for good, so that nobody guesses twice.
    ///
    /// # Errors
    /// As [`Authorization::waits_for`]; [`Refusal::NumberNotPicked`], which decides nothing.
    pub fn approved(
        self,
        approval: Approval,
        picked: Option<u8>,
        lives: &Lifetimes,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let Requested { request, numbers, awaited, .. } = self.waits_for(&approval.person, now)?.clone();
        if let Some(numbers) = numbers {
            let picked = picked.ok_or(Refusal::NumberNotPicked)?;
            if picked != numbers.right() {
                return self.refused_by(&approval.person, true, now);
            }
        }
        let act = Actors::default().with(Actor::client(request.acting()));
        let mut grant =
            Grant { act, ..Grant::new(&request.asked(), approval, lives, awaited.expires_at, now) };
        // A token request that nobody comes for in time has come to nothing.
        if awaited.deferral.is_some() {
            grant.ends_at = grant.ends_at.min(awaited.expires_at);
        }
        Ok(self.into_next(Stage::Approved(Box::new(Approved { grant, awaited }))))
    }

    /// The person said no.
    ///
    /// # Errors
    /// As [`Authorization::waits_for`].
    pub fn declined(self, person: &PersonId, now: Timestamp) -> Result<Self, Refusal> {
        self.refused_by(person, false, now)
    }

    fn refused_by(self, person: &PersonId, by_wrong_number: bool, now: Timestamp) -> Result<Self, Refusal> {
        let Requested { request, awaited, .. } = self.waits_for(person, now)?.clone();
        let (client_id, person, awaited) = (request.client_id, person.clone(), awaited.without_request());
        Ok(self.into_next(Stage::Declined(Declined { client_id, person, at: now, by_wrong_number, awaited })))
    }

    /// What is kept of its `auth_req_id`, until that is redeemed.
    pub fn awaited(&self) -> Option<&Awaited> {
        match &self.stage {
            Stage::Requested(requested) => Some(&requested.awaited),
            Stage::Approved(approved) => Some(&approved.awaited),
            Stage::Declined(declined) => Some(&declined.awaited),
            Stage::Ended(ended) => ended.awaited.as_ref(),
            _ => None,
        }
    }

    /// The same of one whose client has neither been given anything nor been told that it never will be.
    pub fn still_awaited(&self) -> Option<&Awaited> {
        match &self.stage {
            Stage::Requested(requested) => Some(&requested.awaited),
            Stage::Approved(approved) => Some(&approved.awaited),
            Stage::Active(Active { parcel: Some(parcel), .. }) => Some(&parcel.awaited),
            _ => None,
        }
    }

    /// What is kept until this client comes for it, where it comes in time, and with the secret of which `shown` is kept. For one that has
    /// come before with the same, it is spent.
    pub(crate) fn awaited_by(
        &self,
        client_id: &ClientId,
        shown: &Sha256Digest,
        now: Timestamp,
    ) -> Result<&Awaited, HandleRejection> {
        let Some(awaited) = self.awaited() else {
            return Err(match &self.stage {
                Stage::Active(Active { grant, spent: Redeemed::AuthReqId { auth_req_id }, .. })
                    if shown.equals(auth_req_id) && grant.client_id == *client_id =>
                {
                    HandleRejection::Spent
                }
                Stage::Ended(_) => HandleRejection::Ended,
                _ => HandleRejection::Unknown,
            });
        };
        if !shown.equals(&awaited.secret) {
            return Err(HandleRejection::Unknown);
        }
        if self.client_id() != client_id {
            return Err(HandleRejection::OtherClient);
        }
        let at = awaited.expires_at;
        if now >= at { Err(HandleRejection::Expired { at }) } else { Ok(awaited) }
    }

    /// Redeems an `auth_req_id` (OpenID CIBA Core 1.0, section 10.1). The client has proven who it is, so a second use by it is
    /// refused and ends nothing: nobody else could have made it.
    ///
    /// # Errors
    /// [`Refusal::AuthorizationPending`] while the person has not decided, [`Refusal::ApprovalDenied`],
    /// [`Refusal::TransactionFailed`] when it was ended since, [`Refusal::AuthReqIdExpired`], [`Refusal::ActorMismatch`] for another
    /// actor than the person was told of, and [`Refusal::AuthReqIdInvalid`] for anything that is not this client's.
    pub fn redeemed_after_approval(
        self,
        (client_id, actor): (&ClientId, &Actor),
        secret: &Secret<[u8; 32]>,
        refresh: Option<Sha256Digest>,
        token_life: Duration,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let awaited = self.awaited_by(client_id, &secret.digest(), now).map_err(|why| match why {
            HandleRejection::Expired { .. } => Refusal::AuthReqIdExpired,
            why => Refusal::AuthReqIdInvalid { why },
        })?;
        let approved = match &self.stage {
            Stage::Approved(approved) => approved,
            Stage::Declined(_) => return Err(Refusal::ApprovalDenied),
            Stage::Ended(_) => return Err(Refusal::TransactionFailed),
            _ => return Err(Refusal::AuthorizationPending),
        };
        // Approvals from before there were actors name none: the client acts.
        let client = Actor::client(client_id);
        if approved.grant.act.newest().unwrap_or(&client) != actor {
            return Err(Refusal::ActorMismatch);
        }
        let spent = Redeemed::AuthReqId { auth_req_id: awaited.secret };
        let active = Active::begun(approved.grant.clone(), spent, refresh, token_life, now);
        Ok(self.into_next(Stage::Active(active)))
    }
}

/// The part of its life in which the first tokens are brought to the client (OpenID CIBA Core 1.0, section 10.3).
impl Authorization {
    /// The tokens of this move lie ready for the client: with the move, one write.
    #[must_use]
    pub fn carrying(self, parcel: Parcel) -> Self {
        let stage = match self.stage {
            Stage::Active(active) => Stage::Active(Active { parcel: Some(Box::new(parcel)), ..active }),
            other => other,
        };
        Self { stage, ..self }
    }

    /// The tokens that lie ready for the client, whatever they are worth by now.
    pub fn parcel(&self) -> Option<&Parcel> {
        match &self.stage {
            Stage::Active(active) => active.parcel.as_deref(),
            _ => None,
        }
    }

    /// What lies ready has ended before it was there: others take its place, of the same family of refresh tokens, if the client may
    /// still renew them. Nobody has had any of the grant yet, so that one without refresh tokens lasts as long from now as it would
    /// have lasted, and never longer than what was approved, nor than what was signed.
    ///
    /// # Errors
    /// [`Refusal::AuthReqIdExpired`] when the request is over; [`Refusal::AuthReqIdInvalid`] where nothing lies ready.
    pub fn made_anew(self, may_renew: bool, lives: &Lifetimes, now: Timestamp) -> Result<Self, Refusal> {
        let Stage::Active(Active { grant, spent, refresh, parcel: Some(parcel) }) = self.stage.clone() else {
            return Err(Refusal::AuthReqIdInvalid { why: HandleRejection::Spent });
        };
        if now >= parcel.awaited.expires_at {
            return Err(Refusal::AuthReqIdExpired);
        }
        let refresh = refresh.filter(|_| may_renew);
        let lasts_until = grant.granted_at.after(lives.authorization);
        let signed = grant.ends_as_signed(parcel.awaited.expires_at);
        let lasts_until = signed.map_or(lasts_until, |end| end.min(lasts_until));
        let ends_at = if refresh.is_some() {
            grant.ends_at.min(lasts_until)
        } else {
            lasts_until.min(now.after(lives.access_token))
        };
        let grant = Grant { ends_at, ..grant };
        Ok(self.into_next(Stage::Active(Active { grant, spent, refresh, parcel: None })))
    }

    /// The client has what was brought, or knows that there is nothing: what lay ready, and what it is told with, is forgotten. Nothing
    /// where there is no such thing.
    pub fn told(self) -> Option<Self> {
        match self.stage.clone() {
            Stage::Active(active) if active.parcel.is_some() => {
                Some(self.into_next(Stage::Active(Active { parcel: None, ..active })))
            }
            Stage::Ended(Ended { awaited: Some(awaited), at, why, person, client_id })
                if awaited.notification_token.is_some() =>
            {
                let awaited = Some(Awaited { notification_token: None, ..awaited });
                Some(self.into_next(Stage::Ended(Ended { at, why, person, client_id, awaited })))
            }
            _ => None,
        }
    }

    /// The client did not take what it was brought: nobody has any of it, and nothing more comes of it. The client knows.
    #[must_use]
    pub fn not_taken(self, now: Timestamp) -> Self {
        let ended = self.ended(End::NotGiven, now);
        match ended.stage {
            Stage::Ended(end) => Self { stage: Stage::Ended(Ended { awaited: None, ..end }), ..ended },
            _ => ended,
        }
    }
}

impl Awaited {
    /// After this moment nobody asks about it any more.
    pub(crate) fn forgotten_at(&self) -> Timestamp {
        self.expires_at.after(REMEMBERED)
    }
}
