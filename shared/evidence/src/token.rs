use oauth::time::CLOCK_SKEW;
use oauth::{ApprovalId, AuthorizationDetails, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jws::Jws;
use crate::{Anchor, Evidence, Why};

/// What there is to say of an access token that lies within an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Whether a key from outside the file has signed it. Otherwise somebody says that this was the token.
    pub is_signed: bool,
    /// How its details lie within those that were approved.
    pub details: Details,
}

/// How details lie within others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// It has none in it.
    None,
    /// Each is one that was approved.
    Equal,
    /// At least one has shorter lists than was approved, and is equal beside that.
    Narrowed,
}

/// What of a token is looked at (RFC 9068, section 2.2; RFC 9396, section 9.1).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: Timestamp,
    approval: ApprovalId,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    authorization_details: AuthorizationDetails,
}

impl Token {
    /// Whether an access token is of this approval and has no more than was approved. A detail lies within another when it is equal, or
    /// has the same members with equal values, but for lists of which it keeps some elements. What a type says itself about narrowing
    /// is not in the file: a token that was narrowed by such a rule is refused here, not waved through.
    pub(crate) fn within(text: &str, evidence: &Evidence, anchor: Option<&Anchor>) -> Result<Self, Why> {
        let jws = Jws::read(text.trim()).ok_or(Why::Token)?;
        let claims: Claims = jws
            .claims()
            .filter(|_| jws.header.typ.as_deref() == Some(oauth::ACCESS_TOKEN_TYP))
            .ok_or(Why::Token)?;
        if anchor.is_some_and(|anchor| !jws.is_signed_under(anchor)) {
            return Err(Why::TokenSignature);
        }
        let shown = evidence.displayed().shown();
        let is_of_it = claims.iss == shown.issuer
            && claims.sub == shown.person.sub.as_str()
            && claims.approval == shown.approval;
        if !is_of_it {
            return Err(Why::OtherToken);
        }
        if claims.iat.after(CLOCK_SKEW) < evidence.granted().approved_at {
            return Err(Why::TokenTime);
        }
        if !claims.scope.is_within(&evidence.granted().scope) {
            return Err(Why::TokenScope);
        }
        let details = details_within(&claims.authorization_details, &evidence.granted().details)?;
        Ok(Self { is_signed: anchor.is_some(), details })
    }
}

fn details_within(narrower: &AuthorizationDetails, wider: &AuthorizationDetails) -> Result<Details, Why> {
    // As the canonical form has them: 1.0 is 1.
    let canonical = oauth::canonical(narrower);
    let narrower: Vec<Value> = serde_json::from_slice(&canonical).map_err(|_| Why::Token)?;
    let wider: Vec<Value> = wider.iter().map(oauth::AuthorizationDetail::to_value).collect();
    if narrower.is_empty() {
        return Ok(Details::None);
    }
    if narrower.len() > wider.len() {
        return Err(Why::TokenDetails);
    }
    if narrower.iter().all(|detail| wider.contains(detail)) {
        return Ok(Details::Equal);
    }
    let is_within = narrower.iter().all(|detail| wider.iter().any(|around| lies_within(detail, around)));
    is_within.then_some(Details::Narrowed).ok_or(Why::TokenDetails)
}

fn lies_within(narrower: &Value, wider: &Value) -> bool {
    match (narrower, wider) {
        (Value::Object(narrower), Value::Object(wider)) => {
            narrower.len() == wider.len()
                && narrower
                    .iter()
                    .all(|(name, value)| wider.get(name).is_some_and(|around| lies_within(value, around)))
        }
        // An empty list is no restriction to some readers.
        (Value::Array(narrower), Value::Array(wider)) => {
            narrower.is_empty() == wider.is_empty() && narrower.iter().all(|one| wider.contains(one))
        }
        (narrower, wider) => narrower == wider,
    }
}
