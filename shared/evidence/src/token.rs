use std::time::Duration;

use oauth::time::CLOCK_SKEW;
use oauth::{ApprovalId, AuthorizationDetails, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jws::Jws;
use crate::taking::each_takes_one;
use crate::{Anchor, Evidence, Shown, Why};

/// The members of a detail of which it is known that they allow what is in them, so that a shorter list allows less (RFC 9396, section
/// 2.2). Of any other list a type may say that it excepts something.
const ALLOWING: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];
/// How long a code is good at most: the first token may be had so long after the approval.
const CODE_LIVES: Duration = Duration::from_mins(1);

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
    /// At least one allows less: a list of its `locations`, `actions`, `datatypes` or `privileges` is shorter than was approved.
    Narrowed,
}

/// What of a token is looked at (RFC 9068, section 2.2; RFC 9396, section 9.1).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    client_id: String,
    aud: String,
    iat: Timestamp,
    exp: Timestamp,
    approval: ApprovalId,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    authorization_details: AuthorizationDetails,
}

impl Token {
    /// Whether an access token is of this approval and its client's, and has no more than was approved, for no other tool and for no longer. A detail lies
    /// within another when it is equal, or has the same members with equal values, but for those lists that allow what is in them, of
    /// which it keeps some elements. No two lie within the same one. What a type says itself about narrowing is not in the file: a token
    /// that was narrowed by such a rule is refused here, not waved through.
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
            && claims.client_id == shown.client.id.as_str()
            && claims.approval == shown.approval;
        if !is_of_it {
            return Err(Why::OtherToken);
        }
        if !claims.is_for_what_was_approved(evidence) {
            return Err(Why::TokenResource);
        }
        if claims.iat.after(CLOCK_SKEW) < evidence.granted().approved_at {
            return Err(Why::TokenTime);
        }
        if !claims.ends_as_approved(shown) {
            return Err(Why::TokenLifetime);
        }
        if !claims.scope.is_within(&evidence.granted().scope) {
            return Err(Why::TokenScope);
        }
        let details = details_within(&claims.authorization_details, &evidence.granted().details)?;
        Ok(Self { is_signed: anchor.is_some(), details })
    }
}

impl Claims {
    /// The issuer's own resource says who the person is, and no more than the scopes do.
    fn is_for_what_was_approved(&self, evidence: &Evidence) -> bool {
        let (shown, granted) = (evidence.displayed().shown(), &evidence.granted().resources);
        let is_it = |resource: &oauth::ResourceUri| resource.as_str() == self.aud;
        let is_granted = granted.iter().any(is_it);
        let is_shown = granted.is_empty() && shown.tools.iter().any(|tool| is_it(&tool.resource));
        is_granted || is_shown || self.aud == shown.issuer
    }

    /// Where nothing can be renewed, the one token is had while the request waits, or by a code that was given then.
    fn ends_as_approved(&self, shown: &Shown) -> bool {
        let end = shown.access.ends_at(shown.request.expires_at.after(CODE_LIVES));
        self.exp <= self.iat.after(shown.access.token) && self.exp <= end
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
    if each_takes_one(&narrower, &wider, |one, other| *one == other) {
        return Ok(Details::Equal);
    }
    let is_within = each_takes_one(&narrower, &wider, |one, around| lies_within(one, around));
    is_within.then_some(Details::Narrowed).ok_or(Why::TokenDetails)
}

fn lies_within(narrower: &Value, wider: &Value) -> bool {
    let (Value::Object(narrower), Value::Object(wider)) = (narrower, wider) else { return false };
    let fits = |(name, value): (&String, &Value)| {
        let around = wider.get(name);
        around.is_some_and(|around| {
            value == around || (ALLOWING.contains(&name.as_str()) && is_part(value, around))
        })
    };
    narrower.len() == wider.len() && narrower.iter().all(fits)
}

/// Whether a list keeps some of another's elements. An empty list is no restriction to some readers.
fn is_part(some: &Value, all: &Value) -> bool {
    let (Value::Array(some), Value::Array(all)) = (some, all) else { return false };
    some.is_empty() == all.is_empty()
        && some.len() <= all.len()
        && each_takes_one(some, all, |one, other| *one == other)
}
