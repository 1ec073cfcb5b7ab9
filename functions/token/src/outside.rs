//! Tokens of other issuers: which trust they come under, whether their signature holds, and whom they are about here.

use admission::Visit;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use http::Problem;
use keys::{Algorithm, TokenRejected, VerifiedToken};
use oauth::configuration::Client;
use oauth::{AssertedGrant, OutsideToken, Showing, Shown, SubjectKind, TrustedIssuer};
use serde::Deserialize;

use crate::Services;

/// Whom a token says that it comes from. It only says whose keys to look at.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

/// The trust that a token comes under by its `iss`, compared as written. Nothing of it is proven.
pub(crate) fn trust<'v>(visit: &'v Visit<'_>, token: &str) -> Option<&'v TrustedIssuer> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claimed: Claimed = serde_json::from_slice(&claims).ok()?;
    visit.configuration.server.trusted(&claimed.iss)
}

/// Why another issuer's token says nothing.
pub(crate) enum Unproven {
    /// What is wrong with it.
    Wrong(&'static str),
    /// Its issuer's keys cannot be had.
    Fault(Fault),
}

impl Unproven {
    /// What the caller hears, with `refuse` for what is wrong with the token.
    pub(crate) fn told(self, refuse: impl FnOnce(&'static str) -> Problem) -> Problem {
        match self {
            Self::Wrong(why) => refuse(why),
            Self::Fault(fault) => fault.into(),
        }
    }
}

impl From<&'static str> for Unproven {
    fn from(why: &'static str) -> Self {
        Self::Wrong(why)
    }
}

impl From<Fault> for Unproven {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A subject token of another issuer (RFC 8693, section 2.1).
///
/// # Errors
/// What is wrong with it, or that nothing can be said of it.
pub(crate) async fn subject_token(
    services: &Services,
    visit: &Visit<'_>,
    trusted: &TrustedIssuer,
    client: &Client,
    token: &str,
) -> Result<OutsideToken, Unproven> {
    examined(services, visit, trusted, client, token, |shown, showing| trusted.subject_token(shown, showing))
        .await
}

/// An ID-JAG of another issuer, for this client.
///
/// # Errors
/// What is wrong with it, or that nothing can be said of it.
pub(crate) async fn id_jag(
    services: &Services,
    visit: &Visit<'_>,
    trusted: &TrustedIssuer,
    client: &Client,
    token: &str,
) -> Result<AssertedGrant, Unproven> {
    examined(services, visit, trusted, client, token, |shown, showing| trusted.id_jag(shown, showing)).await
}

/// Whose `sub` that is here; `None` where nobody is meant. The audit says from here on whom the other issuer spoke of: no token does.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn subject(
    services: &Services,
    trusted: &TrustedIssuer,
    token: &OutsideToken,
) -> Result<Option<String>, Fault> {
    http::note_outside_name(&token.name);
    match trusted.subject {
        SubjectKind::External => Ok(Some(token.origin.sub.clone())),
        SubjectKind::UserName => {
            // As it is stored: of two names that differ there, one could be anybody's who may choose it.
            let person = services.store.person_named(&token.name).await?;
            Ok(person.map(|person| person.to_string()))
        }
    }
}

/// The token, once its signature holds. Keys are fetched for clients alone that may show it.
async fn verified(
    services: &Services,
    visit: &Visit<'_>,
    trusted: &TrustedIssuer,
    client: &Client,
    token: &str,
) -> Result<VerifiedToken, Unproven> {
    if !trusted.clients.contains(&client.id) {
        return Err("not for this client".into());
    }
    let algorithms: Vec<Algorithm> =
        trusted.algorithms.iter().filter_map(|name| Algorithm::parse(name)).collect();
    let (configuration, sets) = (&visit.configuration, &services.key_sets);
    let keys = sets.of(configuration, &trusted.keys, visit.now).await?;
    let verified = match keys.verify(token, &algorithms) {
        Err(TokenRejected::UnknownKey { key_id }) => {
            match sets.newer(configuration, &trusted.keys, visit.now).await {
                Some(newer) => newer.verify(token, &algorithms),
                None => Err(TokenRejected::UnknownKey { key_id }),
            }
        }
        verified => verified,
    };
    Ok(verified.map_err(|_| "signature or shape")?)
}

/// What `judge` makes of a token whose signature holds.
async fn examined<T>(
    services: &Services,
    visit: &Visit<'_>,
    trusted: &TrustedIssuer,
    client: &Client,
    token: &str,
    judge: impl FnOnce(Shown<'_>, Showing<'_>) -> Result<T, &'static str>,
) -> Result<T, Unproven> {
    let verified = verified(services, visit, trusted, client, token).await?;
    let shown = Shown { typ: verified.header.token_type.as_deref(), claims: &verified.claims };
    let server = &visit.configuration.server;
    let token_endpoint = &server.endpoint("/token");
    let showing = Showing { client: &client.id, issuer: &server.issuer, token_endpoint, now: visit.now };
    Ok(judge(shown, showing)?)
}
