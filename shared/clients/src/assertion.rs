use std::time::Duration;

use oauth::time::CLOCK_SKEW;
use oauth::{ClientId, ClientRejection, Sha256Digest, Timestamp};
use serde_json::Value;

use crate::claims::{AssertionClaims, Subject, Unverified};
use crate::{ASSERTION_ALGORITHMS, AcceptedAudiences, SignatureCheck};

/// How far ahead an assertion's `exp` may lie, our clocks' difference aside: for so long its `jti` must be
/// remembered.
pub const LONGEST_ASSERTION_LIFETIME: Duration = Duration::from_mins(10);

/// The longest `jti`, in bytes.
pub const LONGEST_JTI: usize = 256;

/// What a client's assertion says it is when it says so (draft-ietf-oauth-rfc7523bis).
const EXPLICIT_TYPE: &str = "client-authentication+jwt";

/// What must be remembered of an assertion so that it works once (RFC 7523, section 3; OpenID Connect Core,
/// section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendOnce {
    /// The digest over client and `jti` together: what one client chooses cannot block another.
    pub digest: Sha256Digest,
    /// From then on the assertion is refused without being remembered.
    pub expires_at: Timestamp,
}

impl SpendOnce {
    /// Of a signed request, whose `jti` has nothing to do with those of assertions.
    pub(crate) fn of_request(client_id: &ClientId, jti: &str, expires_at: Timestamp) -> Self {
        let digest = Sha256Digest::of(format!("{client_id}\0request\0{jti}").as_bytes());
        Self { digest, expires_at }
    }

    fn new(client_id: &ClientId, jti: &str, expires_at: Timestamp) -> Self {
        // A client id has no NUL in it, so the two parts cannot be shifted against each other.
        let digest = Sha256Digest::of(format!("{client_id}\0{jti}").as_bytes());
        Self { digest, expires_at }
    }
}

/// Whom an assertion claims to be about. Nothing is proven: it only says whose keys to look at.
pub(crate) fn subject_of(assertion: &str) -> Option<String> {
    Unverified::<Subject>::parse(assertion).map(|unverified| unverified.claims.sub)
}

/// Checks an assertion of `client_id` against the client's own keys.
pub(crate) fn verify(
    assertion: &str,
    client_id: &ClientId,
    jwks: &Value,
    signatures: &impl SignatureCheck,
    audiences: &AcceptedAudiences,
    now: Timestamp,
) -> Result<SpendOnce, ClientRejection> {
    let Unverified { header, claims } =
        Unverified::<AssertionClaims>::parse(assertion).ok_or(ClientRejection::AssertionMalformed)?;

    let algorithm = header.alg.as_deref().filter(|alg| ASSERTION_ALGORITHMS.contains(alg));
    let algorithm = algorithm.ok_or(ClientRejection::AssertionMalformed)?;
    // RFC 7515, section 4.1.11: who does not understand what is critical must refuse. We understand nothing.
    if header.crit.is_some() {
        return Err(ClientRejection::AssertionMalformed);
    }
    let is_explicitly_typed = explicit_type(header.typ.as_deref())?;
    if !signatures.is_signed(assertion, algorithm, jwks) {
        return Err(ClientRejection::AssertionSignature);
    }

    if claims.iss != client_id.as_str() || claims.sub != client_id.as_str() {
        return Err(ClientRejection::AssertionIssuer);
    }
    if !audiences.accept(&claims.aud, is_explicitly_typed) {
        return Err(ClientRejection::AssertionAudience);
    }
    check_times(&claims, now)?;
    if !(1..=LONGEST_JTI).contains(&claims.jti.len()) {
        return Err(ClientRejection::AssertionMalformed);
    }
    Ok(SpendOnce::new(client_id, &claims.jti, claims.exp.0))
}

/// Whether the assertion says what it is. A JWT that says that it is something else, such as an access token
/// signed by the same keys, is no assertion (RFC 8725, section 3.11).
fn explicit_type(typ: Option<&str>) -> Result<bool, ClientRejection> {
    let Some(typ) = typ else { return Ok(false) };
    // RFC 7515, section 4.1.9: `application/` may be left out.
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        EXPLICIT_TYPE => Ok(true),
        "jwt" => Ok(false),
        _ => Err(ClientRejection::AssertionMalformed),
    }
}

fn check_times(claims: &AssertionClaims, now: Timestamp) -> Result<(), ClientRejection> {
    if claims.exp.0 <= now {
        return Err(ClientRejection::AssertionExpired);
    }
    if claims.exp.0 > now.after(LONGEST_ASSERTION_LIFETIME + CLOCK_SKEW) {
        return Err(ClientRejection::AssertionTooLong);
    }
    let starts = [claims.nbf, claims.iat].into_iter().flatten();
    if starts.into_iter().any(|start| start.0 > now.after(CLOCK_SKEW)) {
        return Err(ClientRejection::AssertionFromTheFuture);
    }
    Ok(())
}
