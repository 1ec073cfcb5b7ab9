//! The part of an authorization's life that begins at the token endpoint: a request there cannot be answered before a person has
//! approved it (draft-ietf-oauth-deferred-token-response-01). It is a request at the backchannel, with the token request kept in it.

use serde::{Deserialize, Serialize};

use crate::{
    Active, Authorization, Awaited, ClientId, Grant, HandleRejection, Parameters, Redeemed, Refusal, Secret,
    Sha256Digest, Stage, Timestamp,
};

/// The `grant_type` of who comes for the answer.
pub const DEFERRED: &str = "urn:ietf:params:oauth:grant-type:deferred";

/// A token request that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// The request itself, sealed: what is approved is exactly this.
    pub sealed: String,
    /// The clients through which it came from the person, the nearest first.
    pub through: Vec<ClientId>,
}

/// Whether a client can wait for the answer to a token request: `completion_mode` names the ways in which it can, between spaces, and
/// what it names beside is for other servers.
///
/// # Errors
/// [`Refusal::RepeatedParameter`], [`Refusal::ParameterTooLong`].
pub fn can_wait(parameters: &Parameters) -> Result<bool, Refusal> {
    let modes = parameters.optional("completion_mode")?;
    Ok(modes.is_some_and(|modes| modes.split(' ').any(|mode| mode == "deferred")))
}

/// What is kept of the secret of a deferral code. It is not what is kept of an `auth_req_id`: whoever shows a deferral code as one, here or
/// to a server of the version before, shows nothing.
pub fn kept_of_deferral_code(secret: &Secret<[u8; 32]>) -> Sha256Digest {
    Sha256Digest::of(&[b"deferral_code".as_slice(), secret.expose()].concat())
}

impl Awaited {
    /// The same without the token request: nothing comes of it any more.
    #[must_use]
    pub(crate) fn without_request(self) -> Self {
        Self { deferral: None, ..self }
    }
}

impl Authorization {
    /// What the person approved of a token request, for the client that comes for it.
    ///
    /// # Errors
    /// [`Refusal::AuthorizationPending`] while the person has not decided, [`Refusal::ApprovalDenied`],
    /// [`Refusal::DeferralCodeExpired`], and [`Refusal::DeferralCodeInvalid`] for what is not this client's, spent, or ended.
    pub fn approved_request(
        &self,
        client_id: &ClientId,
        secret: &Secret<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(&Grant, &Deferral), Refusal> {
        let invalid = |why| Refusal::DeferralCodeInvalid { why };
        self.awaited_by(client_id, &kept_of_deferral_code(secret), now).map_err(|why| match why {
            HandleRejection::Expired { .. } => Refusal::DeferralCodeExpired,
            // No secret is kept any more by which the client could be told more.
            HandleRejection::Ended => invalid(HandleRejection::Unknown),
            why => invalid(why),
        })?;
        match &self.stage {
            Stage::Requested(_) => Err(Refusal::AuthorizationPending),
            Stage::Declined(_) => Err(Refusal::ApprovalDenied),
            // Approved on a page of the version before, which knows of no token request and has shown none.
            Stage::Approved(approved) => match &approved.awaited.deferral {
                Some(deferral) => Ok((&approved.grant, deferral)),
                None => Err(invalid(HandleRejection::Ended)),
            },
            _ => Err(invalid(HandleRejection::Ended)),
        }
    }

    /// The token request is answered, once: the person sees what came of it until `ends_at`, and can end it so long.
    ///
    /// # Errors
    /// As [`Authorization::approved_request`].
    pub fn answered(
        self,
        client_id: &ClientId,
        secret: &Secret<[u8; 32]>,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (grant, _) = self.approved_request(client_id, secret, now)?;
        let grant = Grant { ends_at, ..grant.clone() };
        let spent = Redeemed::AuthReqId { auth_req_id: kept_of_deferral_code(secret) };
        Ok(self.into_next(Stage::Active(Active { grant, spent, refresh: None, parcel: None })))
    }
}
