//! Tokens of other issuers: which are taken, whom they are about here, and what their claims must say. Whether the signature
//! holds is not asked here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::time::{CLOCK_SKEW, seconds};
use crate::{
    AccessTokenClaims, AuthorizationDetails, Child, ClientId, ResourceUri, Scope, Sha256Digest, Timestamp,
};

/// What every subject of somebody else starts with who is no person here. No client may be called so: they never collide.
pub const OUTSIDE_PREFIX: &str = "external:";

/// The `typ` of an Identity Assertion JWT Authorization Grant (draft-ietf-oauth-identity-assertion-authz-grant, section 3).
pub const ID_JAG_TYP: &str = "oauth-id-jag+jwt";

/// How long an ID-JAG may be good at most: for so long its `jti` is remembered.
const LONGEST_ID_JAG: Duration = Duration::from_mins(10);
/// The claim that says nothing of anybody unless it is verified.
const EMAIL_CLAIM: &str = "email";

/// The longest `jti`, `sub` and user name that are looked at, in bytes.
const LONGEST_NAME: usize = 256;

/// An issuer whose tokens are taken, and what they are worth here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustedIssuer {
    /// Its `iss`, compared as written.
    pub issuer: String,
    /// The keys that sign for it.
    pub keys: IssuerKeys,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: BTreeSet<String>,
    /// What is taken from it.
    pub accepts: BTreeSet<Acceptance>,
    /// The `typ` of a subject token. A token without one is not taken (RFC 8725, section 3.11).
    pub typ: String,
    /// The claim that says whom a token is about.
    pub subject_claim: String,
    /// Whom that means here.
    pub subject: SubjectKind,
    /// The clients that may show its tokens.
    pub clients: BTreeSet<ClientId>,
    /// What tokens that are got by it may allow at most, by scope.
    pub scopes: Scope,
    /// What they may allow at most, in detail.
    #[serde(default)]
    pub details: AuthorizationDetails,
    /// How long ago a token may have been made, whatever its `exp` says.
    #[serde(with = "seconds")]
    pub max_age: Duration,
    /// For how long after its word what comes of a subject token can be renewed by refresh tokens. Without it, not at all.
    #[serde(default, with = "crate::configuration::optional_seconds")]
    pub refresh_tokens: Option<Duration>,
    /// What it said before this moment is worth nothing, nor is what came of it.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerKeys {
    /// A JWK Set in the configuration.
    Jwks(Value),
    /// Where its JWK Set is fetched.
    JwksUri(String),
}

/// What is taken from a trusted issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// Its JWTs, as subject tokens of an exchange (RFC 8693).
    SubjectToken,
    /// Its ID-JAGs, as grants (RFC 7523, section 2.1).
    IdJag,
}

/// Whom an issuer's subject is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// The person with this user name. Where nobody has it, the token is refused.
    UserName,
    /// Nobody who is known here: a subject in the issuer's own name space.
    External,
}

/// Whom a token comes from that goes back to another issuer. It stays in whatever is made of it, so every tool down the chain reads
/// it: the name that the other issuer has for the subject is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The other issuer.
    pub iss: String,
    /// The subject in its name space: [`OUTSIDE_PREFIX`] and a digest over issuer and name. Nobody else's is the same. Who can guess
    /// both finds out that they guessed right; who cannot learns that it is the same subject as before, and no more.
    pub sub: String,
    /// When it said so.
    pub iat: Timestamp,
}

impl Origin {
    /// The subject that `iss` calls `name`.
    pub fn new(iss: &str, name: &str, iat: Timestamp) -> Self {
        // Neither a URL nor a name has a NUL in it, so the two parts cannot be shifted against each other.
        let digest = Sha256Digest::of(format!("{iss}\0{name}").as_bytes());
        let sub = format!("{OUTSIDE_PREFIX}{}", URL_SAFE_NO_PAD.encode(digest.as_bytes()));
        Self { iss: iss.to_owned(), sub, iat }
    }
}

/// What another issuer's good token says.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideToken {
    /// Whom it is about, as what is made of it says that.
    pub origin: Origin,
    /// Its issuer's own name of the subject: the value of the claim that the trust names. It goes into the audit, and into no token.
    pub name: String,
    /// When it was made.
    pub iat: Timestamp,
    /// Its last moment.
    pub exp: Timestamp,
    /// When the subject signed in there.
    pub auth_time: Option<Timestamp>,
    /// How surely it was them.
    pub acr: Option<String>,
    /// By which means.
    pub amr: Vec<String>,
}

/// What an ID-JAG allows, and what makes it good for one time only.
#[derive(Clone, Debug, PartialEq)]
pub struct AssertedGrant {
    /// Whom it is about.
    pub token: OutsideToken,
    /// The digest over issuer and `jti`: what one issuer chooses cannot block another, nor a client, whose name begins with no NUL.
    pub spent_as: Sha256Digest,
    /// For which tools; empty where it names none.
    pub resources: Vec<ResourceUri>,
    /// By scope; empty where it names none.
    pub scope: Scope,
    /// In detail.
    pub details: AuthorizationDetails,
}

/// A verified JWT of somebody else: what stands in it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its `typ`.
    pub typ: Option<&'a str>,
    /// Its claims.
    pub claims: &'a Map<String, Value>,
}

/// By whom a token of another issuer is shown, to whom, and when.
#[derive(Clone, Copy)]
pub struct Showing<'a> {
    /// The client, authenticated.
    pub client: &'a ClientId,
    /// This server's issuer identifier.
    pub issuer: &'a str,
    /// This server's token endpoint.
    pub token_endpoint: &'a str,
    /// The moment.
    pub now: Timestamp,
}

impl OutsideToken {
    /// The first moment at which it can have been made: the other issuer's clock may go ahead of ours. What was ended since then ended
    /// it as well.
    pub fn made_at_the_earliest(&self) -> Timestamp {
        self.iat.before(CLOCK_SKEW)
    }
}

impl TrustedIssuer {
    /// Whether what comes of its word is still good: the client that had shown it may still show its tokens, and it had not spoken
    /// too early.
    pub fn stands_by(&self, claims: &AccessTokenClaims, origin: &Origin) -> bool {
        let shown_by = claims.exchanged_from.last().map_or(&claims.client_id, |first| &first.client_id);
        self.clients.contains(shown_by) && self.not_before.is_none_or(|moment| origin.iat >= moment)
    }

    /// Whether what came of one of its subject tokens can still be renewed. What came of an ID-JAG never is: the next one takes its
    /// place (draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.3).
    pub fn renews(&self, child: &Child, origin: &Origin, now: Timestamp) -> bool {
        self.accepts.contains(&Acceptance::SubjectToken)
            && self.clients.contains(&child.claims.client_id)
            && self.refresh_tokens.is_some_and(|lives| now < origin.iat.after(lives))
    }

    /// Whether a JWT whose signature holds may be exchanged (RFC 8693, section 2.1). It must be meant for this server, and for nobody
    /// else: who else may take it could have passed it on.
    ///
    /// # Errors
    /// What is wrong with it, for the audit.
    pub fn subject_token(
        &self,
        shown: Shown<'_>,
        showing: Showing<'_>,
    ) -> Result<OutsideToken, &'static str> {
        require(self.accepts.contains(&Acceptance::SubjectToken), "not taken as subject")?;
        require(is_typ(shown.typ, &self.typ), "type")?;
        require(shown.is_for(&[showing.issuer, showing.token_endpoint]), "audience")?;
        self.about(shown, showing)
    }

    /// Whether an ID-JAG whose signature holds may be redeemed by the client (RFC 7523, section 3;
    /// draft-ietf-oauth-identity-assertion-authz-grant, section 4.4.1). That it is used once is for the caller to see to.
    ///
    /// # Errors
    /// What is wrong with it, for the audit.
    pub fn id_jag(&self, shown: Shown<'_>, showing: Showing<'_>) -> Result<AssertedGrant, &'static str> {
        require(self.accepts.contains(&Acceptance::IdJag), "not taken as grant")?;
        require(is_typ(shown.typ, ID_JAG_TYP), "type")?;
        require(shown.names_alone("aud", showing.issuer), "audience")?;
        require(shown.text("client_id") == Some(showing.client.as_str()), "client")?;
        let token = self.about(shown, showing)?;
        require(token.exp <= showing.now.after(LONGEST_ID_JAG + CLOCK_SKEW), "good for too long")?;
        let jti = shown.name("jti").ok_or("jti")?;
        let scope = match shown.claims.get("scope") {
            None => Scope::empty(),
            Some(scope) => scope.as_str().and_then(Scope::parse).ok_or("scope")?,
        };
        Ok(AssertedGrant {
            token,
            spent_as: Sha256Digest::of(format!("\0id-jag\0{}\0{jti}", self.issuer).as_bytes()),
            resources: shown.resources()?,
            scope,
            details: shown.details()?,
        })
    }

    /// Whom it is about and since when: what every token of another issuer has to say.
    fn about(&self, shown: Shown<'_>, showing: Showing<'_>) -> Result<OutsideToken, &'static str> {
        let now = showing.now;
        require(shown.text("iss") == Some(&self.issuer), "issuer")?;
        // We bind no token to its sender, and taking such a one from anybody would undo the binding.
        require(!shown.claims.contains_key("cnf"), "bound to a key")?;
        // Who acts there is nobody's name here, and to leave them out would hide them.
        require(!shown.claims.contains_key("act"), "an actor of theirs")?;
        require(shown.leaves_to(showing), "another may act")?;
        // OpenID Connect Core, section 5.7: an address that nobody verified is whatever somebody typed.
        let is_verified = shown.claims.get("email_verified") == Some(&Value::Bool(true));
        require(self.subject_claim != EMAIL_CLAIM || is_verified, "an address that is not verified")?;
        let name = shown.name(&self.subject_claim).ok_or("subject")?.to_owned();
        let (exp, iat) = (shown.moment("exp")?.ok_or("exp")?, shown.moment("iat")?.ok_or("iat")?);
        require(now < exp, "expired")?;
        let begins = shown.moment("nbf")?.map_or(iat, |nbf| nbf.max(iat));
        require(begins <= now.after(CLOCK_SKEW), "from the future")?;
        require(now.since(iat) <= self.max_age, "too old")?;
        require(self.not_before.is_none_or(|moment| iat >= moment), "before the trust")?;
        Ok(OutsideToken {
            origin: Origin::new(&self.issuer, &name, iat),
            name,
            iat,
            exp,
            auth_time: signed_in(shown, iat.min(now))?,
            acr: shown.name("acr").map(str::to_owned),
            amr: shown.texts("amr").ok_or("amr")?,
        })
    }
}

/// When the subject signed in (OpenID Connect Core, section 2): a moment that there has been, by the time that the token was made.
/// Milliseconds in place of seconds would be a sign-in that never gets old.
fn signed_in(shown: Shown<'_>, made: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    let signed_in = shown.moment("auth_time")?;
    let there_was = Timestamp::from_seconds(0)..=made.after(CLOCK_SKEW);
    require(signed_in.is_none_or(|moment| there_was.contains(&moment)), "signed in at no time")?;
    Ok(signed_in)
}

impl<'a> Shown<'a> {
    fn text(self, name: &str) -> Option<&'a str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// A text that is there, is not too long, and has no control characters in it.
    fn name(self, name: &str) -> Option<&'a str> {
        let fits =
            |text: &&str| (1..=LONGEST_NAME).contains(&text.len()) && !text.chars().any(char::is_control);
        self.text(name).filter(fits)
    }

    /// A moment in seconds since 1970, whose fraction is dropped (RFC 7519, section 2).
    fn moment(self, name: &str) -> Result<Option<Timestamp>, &'static str> {
        /// The last moment that a 64-bit float tells apart from its neighbours: far beyond any real date.
        const LATEST: f64 = 9_007_199_254_740_991.0;
        let Some(value) = self.claims.get(name) else { return Ok(None) };
        let fraction = |number: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "the fraction is what is dropped")]
            (number.abs() <= LATEST).then_some(number.trunc() as i64)
        };
        let whole = value.as_i64().or_else(|| value.as_f64().and_then(fraction));
        whole.map(|seconds| Some(Timestamp::from_seconds(seconds))).ok_or("a moment that is none")
    }

    /// A list of texts; a single text is a list of one. `None` for anything else.
    fn texts(self, name: &str) -> Option<Vec<String>> {
        match self.claims.get(name) {
            None => Some(vec![]),
            Some(Value::String(one)) => Some(vec![one.clone()]),
            Some(Value::Array(all)) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        }
    }

    /// Whether a claim names this and nothing else (RFC 7519, section 4.1.3).
    fn names_alone(self, claim: &str, name: &str) -> bool {
        self.texts(claim).is_some_and(|all| all == [name])
    }

    /// Whether it leaves it to the client to act with it (RFC 8693, section 4.4). A name is its issuer's own unless it says whose it is,
    /// and a name of another issuer's is nobody's here.
    fn leaves_to(self, showing: Showing<'_>) -> bool {
        self.claims.get("may_act").is_none_or(|named| {
            let text = |name| named.get(name).and_then(Value::as_str);
            text("sub") == Some(showing.client.as_str()) && text("iss") == Some(showing.issuer)
        })
    }

    /// Whether it is meant for one of these, and for nobody beside them.
    fn is_for(self, audiences: &[&str]) -> bool {
        self.texts("aud")
            .is_some_and(|all| !all.is_empty() && all.iter().all(|one| audiences.contains(&one.as_str())))
    }

    fn resources(self) -> Result<Vec<ResourceUri>, &'static str> {
        let all = self.texts("resource").ok_or("resource")?;
        all.iter().map(|one| ResourceUri::parse(one)).collect::<Option<_>>().ok_or("resource")
    }

    fn details(self) -> Result<AuthorizationDetails, &'static str> {
        match self.claims.get("authorization_details") {
            None => Ok(AuthorizationDetails::default()),
            Some(details) => AuthorizationDetails::parse(&details.to_string()).map_err(|_| "details"),
        }
    }
}

/// RFC 7515, section 4.1.9: `application/` may be left out, and case does not matter.
fn is_typ(found: Option<&str>, expected: &str) -> bool {
    let found = found.map(str::to_ascii_lowercase);
    let found = found.as_deref().map(|found| found.strip_prefix("application/").unwrap_or(found));
    found == Some(&expected.to_ascii_lowercase())
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    holds.then_some(()).ok_or(otherwise)
}

/// Another authorization server that takes our ID-JAGs, and one resource behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdJagTarget {
    /// Its issuer identifier: the `aud`.
    pub audience: String,
    /// The resource: the claim of that name.
    pub resource: ResourceUri,
    /// What an ID-JAG may name at most.
    pub scopes: Scope,
    /// Which of our clients may have one, and what each is called there.
    pub clients: BTreeMap<ClientId, String>,
    /// Whether it is told the person's e-mail address, where they let the client know that.
    #[serde(default)]
    pub email: bool,
    /// How long one lives.
    #[serde(with = "seconds")]
    pub lifetime: Duration,
}

/// The claims of an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant, section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdJagClaims {
    /// The issuer: us.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The other authorization server, by its issuer identifier.
    pub aud: String,
    /// What our client is called there.
    pub client_id: String,
    /// Its identifier.
    pub jti: crate::TokenId,
    /// Its last moment.
    pub exp: Timestamp,
    /// When it was made.
    pub iat: Timestamp,
    /// The resource behind the other server.
    pub resource: ResourceUri,
    /// By scope.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// How surely it was them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which means.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The person's e-mail address, by which the other server may know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(iss: &str, name: &str) -> String {
        Origin::new(iss, name, NOW).sub
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn showing(client: &ClientId) -> Showing<'_> {
        Showing { client, issuer: "https://us.test", token_endpoint: "https://us.test/token", now: NOW }
    }

    fn said_of(issuer: &TrustedIssuer, claims: &Value) -> Result<String, &'static str> {
        let client = ClientId::parse("agent").expect("a client");
        let shown = Shown { typ: Some("JWT"), claims: claims.as_object().expect("an object") };
        issuer.subject_token(shown, showing(&client)).map(|token| token.name)
    }

    fn granted_by(issuer: &TrustedIssuer, claims: &Value) -> Result<String, &'static str> {
        let client = ClientId::parse("agent").expect("a client");
        let shown = Shown { typ: Some(ID_JAG_TYP), claims: claims.as_object().expect("an object") };
        issuer.id_jag(shown, showing(&client)).map(|grant| grant.token.name)
    }

    fn issuer(change: &Value) -> TrustedIssuer {
        let mut trust = serde_json::json!({
            "issuer": "https://a.test", "keys": { "jwks_uri": "https://a.test/jwks" }, "algorithms": ["ES256"],
            "accepts": ["subject_token"], "typ": "JWT", "subject_claim": "sub", "subject": "user_name",
            "clients": ["agent"], "scopes": "files.read", "max_age": 600,
        });
        let change = change.as_object().expect("an object").clone();
        trust.as_object_mut().expect("an object").extend(change);
        serde_json::from_value(trust).expect("a trust")
    }

    /// Who is believed when it says who somebody is need not be believed when it grants something, nor the other way round.
    #[test]
    fn a_trust_takes_what_it_says_and_nothing_else() {
        let claims = serde_json::json!({
            "iss": "https://a.test", "aud": "https://us.test", "iat": NOW, "exp": NOW.after(Duration::from_mins(1)),
            "sub": "alice", "client_id": "agent", "jti": "the only one", "scope": "files.read",
        });
        let alice = || Ok("alice".to_owned());
        let (no_subject, no_grant) = (Err("not taken as subject"), Err("not taken as grant"));
        for (accepts, as_subject, as_grant) in [
            (&["subject_token", "id_jag"][..], alice(), alice()),
            (&["subject_token"], alice(), no_grant.clone()),
            (&["id_jag"], no_subject.clone(), alice()),
            (&[], no_subject, no_grant),
        ] {
            let trust = issuer(&serde_json::json!({ "accepts": accepts }));
            let said = (said_of(&trust, &claims), granted_by(&trust, &claims));
            assert_eq!(said, (as_subject, as_grant), "{accepts:?}");
        }
    }

    /// OpenID Connect Core, section 5.7.
    #[test]
    fn an_address_is_somebody_s_where_the_issuer_says_that_it_has_verified_it() {
        let trust = issuer(&serde_json::json!({ "subject_claim": "email" }));
        let claims = |verified: Value| {
            serde_json::json!({
                "iss": "https://a.test", "aud": "https://us.test", "iat": NOW, "exp": NOW.after(Duration::from_mins(1)),
                "sub": "7", "email": "alice@a.test", "email_verified": verified,
            })
        };
        assert_eq!(said_of(&trust, &claims(true.into())), Ok("alice@a.test".to_owned()));
        for verified in [Value::Null, false.into(), "true".into(), 1.into()] {
            assert_eq!(said_of(&trust, &claims(verified)), Err("an address that is not verified"));
        }
    }

    #[test]
    fn what_was_said_before_the_moment_that_the_trust_names_is_worth_nothing() {
        let claims = serde_json::json!({
            "iss": "https://a.test", "aud": "https://us.test", "iat": NOW, "exp": NOW.after(Duration::from_mins(1)),
            "sub": "alice",
        });
        let since = |moment: Timestamp| issuer(&serde_json::json!({ "not_before": moment }));
        assert_eq!(said_of(&since(NOW), &claims), Ok("alice".to_owned()));
        let later = since(NOW.after(Duration::from_secs(1)));
        assert_eq!(said_of(&later, &claims), Err("before the trust"));
    }

    /// Two issuers cannot mean the same subject, wherever the one name ends and the other begins.
    #[test]
    fn each_issuer_has_a_name_space_of_its_own() {
        let names = [
            ("https://a.test", "alice"),
            ("https://a.test", "bob"),
            ("https://b.test", "alice"),
            ("https://a.testalice", ""),
            ("https://a.tes", "talice"),
        ];
        let subjects: BTreeSet<String> = names.iter().map(|(iss, name)| subject(iss, name)).collect();
        assert_eq!(subjects.len(), names.len());
    }

    #[test]
    fn no_client_and_no_person_is_called_like_somebody_from_elsewhere() {
        let subject = subject("https://a.test", "person-AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(ClientId::parse(&subject), None);
        assert_eq!(crate::PersonId::parse(&subject), None);
        assert_eq!(ClientId::parse("external:"), None);
    }

    #[test]
    fn a_type_is_what_it_says_with_or_without_its_first_half() {
        for found in ["oauth-id-jag+jwt", "OAuth-ID-JAG+JWT", "application/oauth-id-jag+jwt"] {
            assert!(is_typ(Some(found), ID_JAG_TYP), "{found}");
        }
        for found in [None, Some(""), Some("JWT"), Some("text/oauth-id-jag+jwt"), Some("oauth-id-jag+jwt ")] {
            assert!(!is_typ(found, ID_JAG_TYP), "{found:?}");
        }
    }
}
