use std::time::Duration;

use oauth::time::CLOCK_SKEW;
use oauth::{ResourceUri, Secret, Timestamp};

use crate::claims::Claims;
use crate::jws::Received;
use crate::{AccessToken, Actor, KeySet, LONGEST_CHAIN, Unacceptable};

/// For how long a token passes after its end, because two machines' clocks differ.
pub const EXPIRY_LEEWAY: Duration = Duration::from_secs(10);

/// What an access token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its issuer, to the letter.
    pub issuer: &'a str,
    /// This tool: one of the token's audiences, to the letter.
    pub resource: &'a ResourceUri,
}

/// Validates an access token as RFC 9068, section 4, says. Whether it was taken back meanwhile only introspection knows.
///
/// # Errors
/// [`Unacceptable`] with what is wrong first: for a log, not for the client.
pub fn validate(
    token: &str,
    keys: &KeySet,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<AccessToken, Unacceptable> {
    let received = Received::parse(token)?;
    keys.verify(&received)?;
    let claims: Claims =
        serde_json::from_slice(&received.payload()?).map_err(|_| Unacceptable::ClaimMissingOrWrong)?;
    check(&claims, expected, now)?;
    Ok(AccessToken { claims, text: Secret::new(token.to_owned()) })
}

fn check(claims: &Claims, expected: Expected<'_>, now: Timestamp) -> Result<(), Unacceptable> {
    if claims.iss != expected.issuer {
        return Err(Unacceptable::OtherIssuer);
    }
    if !claims.aud.contains(expected.resource.as_str()) {
        return Err(Unacceptable::OtherAudience);
    }
    if now >= Timestamp::from_seconds(claims.exp).after(EXPIRY_LEEWAY) {
        return Err(Unacceptable::Expired);
    }
    let latest = now.after(CLOCK_SKEW).as_seconds();
    if claims.iat > latest || claims.nbf.is_some_and(|not_before| not_before > latest) {
        return Err(Unacceptable::NotYet);
    }
    // Its sender would have to prove that it is theirs (RFC 7800, section 3.1), and nobody here asks them to.
    if claims.cnf.is_some() {
        return Err(Unacceptable::SenderConstrained);
    }
    if claims.act.as_ref().is_some_and(|actor: &Actor| actor.chain().count() > LONGEST_CHAIN) {
        return Err(Unacceptable::ClaimMissingOrWrong);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
