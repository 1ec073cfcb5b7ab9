//! Token exchange (RFC 8693), as far as it is decided without looking anything up: the request, what of one tool's rights
//! becomes which of another's, and whose turn it is to act.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::configuration::{Client, Tool};
use crate::{
    AccessTokenClaims, Actor, Actors, Ancestor, AuthorizationDetail, AuthorizationDetails, ClientId,
    IdJagTarget, LONGEST_CHAIN, Narrower, Parameters, Refusal, Scope, ToolId,
};

/// What kind of token is shown or asked for (RFC 8693, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TokenType {
    /// An access token.
    #[serde(rename = "urn:ietf:params:oauth:token-type:access_token")]
    AccessToken,
    /// A JWT: of ours, that is an access token too.
    #[serde(rename = "urn:ietf:params:oauth:token-type:jwt")]
    Jwt,
    /// An ID token.
    #[serde(rename = "urn:ietf:params:oauth:token-type:id_token")]
    IdToken,
    /// A refresh token.
    #[serde(rename = "urn:ietf:params:oauth:token-type:refresh_token")]
    RefreshToken,
    /// A SAML 2.0 assertion.
    #[serde(rename = "urn:ietf:params:oauth:token-type:saml2")]
    Saml2,
    /// An Identity Assertion JWT Authorization Grant, for another authorization server
    /// (draft-ietf-oauth-identity-assertion-authz-grant, section 4.3).
    #[serde(rename = "urn:ietf:params:oauth:token-type:id-jag")]
    IdJag,
}

impl TokenType {
    const ALL: [Self; 6] =
        [Self::AccessToken, Self::Jwt, Self::IdToken, Self::RefreshToken, Self::Saml2, Self::IdJag];

    /// The token type's identifier.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::IdJag => "urn:ietf:params:oauth:token-type:id-jag",
        }
    }

    /// What policies call it that is issued: the last part of its identifier. A JWT is an access token then.
    pub const fn issued_name(self) -> &'static str {
        match self {
            Self::AccessToken | Self::Jwt => "access_token",
            Self::IdToken => "id_token",
            Self::RefreshToken => "refresh_token",
            Self::Saml2 => "saml2",
            Self::IdJag => "id-jag",
        }
    }

    /// The type that policies call so.
    pub fn issued_as(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.issued_name() == name)
    }

    /// What the answer says of how it is used: `Bearer` for an access token, `N_A` for what is none (RFC 8693, section 2.2.1).
    pub const fn token_type(self) -> &'static str {
        match self {
            Self::AccessToken | Self::Jwt => "Bearer",
            Self::IdToken | Self::RefreshToken | Self::Saml2 | Self::IdJag => "N_A",
        }
    }

    fn parse(parameter: &'static str, text: &str) -> Result<Self, Refusal> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or(Refusal::TokenTypeNotSupported { name: parameter })
    }
}

/// A token that is shown, and what its bearer says that it is.
#[derive(Clone, Copy)]
pub struct ShownToken<'a> {
    /// The token.
    pub text: &'a str,
    /// Its type.
    pub token_type: TokenType,
}

/// A token exchange request (RFC 8693, section 2.1).
pub struct ExchangeRequest<'a> {
    /// On whose behalf.
    pub subject: ShownToken<'a>,
    /// Who acts, where it is not the client itself.
    pub actor: Option<ShownToken<'a>>,
    /// What is asked for.
    pub requested: TokenType,
    /// `audience`: the target by its name here or by its resource indicator.
    pub audiences: Vec<&'a str>,
    /// `resource`, `scope` and `authorization_details`.
    pub asked: Narrower,
}

impl<'a> ExchangeRequest<'a> {
    /// Reads the parameters.
    ///
    /// # Errors
    /// [`Refusal::MissingParameter`], [`Refusal::RepeatedParameter`], [`Refusal::ParameterTooLong`],
    /// [`Refusal::TokenTypeNotSupported`], [`Refusal::TooManyValues`], and those of [`Narrower::parse`].
    pub fn parse(parameters: &'a Parameters) -> Result<Self, Refusal> {
        let subject = ShownToken {
            text: parameters.required("subject_token")?,
            token_type: TokenType::parse("subject_token_type", parameters.required("subject_token_type")?)?,
        };
        let actor = actor_token(parameters)?;
        let requested = match parameters.optional("requested_token_type")? {
            Some(text) => TokenType::parse("requested_token_type", text)?,
            None => TokenType::AccessToken,
        };
        // An ID-JAG has no place for who acts: to leave out in silence whoever is named would be a lie.
        if requested == TokenType::IdJag && actor.is_some() {
            return Err(Refusal::ActorTokenInvalid { why: "an ID-JAG names no actor" });
        }
        let audiences = parameters.repeated("audience")?;
        Ok(Self { subject, actor, requested, audiences, asked: Narrower::parse(parameters)? })
    }

    /// The one tool that the new token is for: all that the request names must mean the same one. Where it names none, the
    /// client's default.
    ///
    /// # Errors
    /// [`Refusal::ResourceNotAllowed`] for what is no tool or none that the client may use,
    /// [`Refusal::TargetNotChosen`] for none or several. Both are `invalid_target` (RFC 8693, section 2.2.2).
    pub fn target<'t>(&self, client: &Client, tools: &'t [Tool]) -> Result<&'t Tool, Refusal> {
        let by_resource =
            self.asked.resources.iter().map(|uri| tools.iter().find(|tool| tool.resource == *uri));
        let by_name = self.audiences.iter().map(|name| {
            tools.iter().find(|tool| tool.id.as_str() == *name || tool.resource.as_str() == *name)
        });
        let named =
            by_resource.chain(by_name).collect::<Option<Vec<&Tool>>>().ok_or(Refusal::ResourceNotAllowed)?;
        let default = || client.default_tool.as_ref().and_then(|id| tools.iter().find(|tool| tool.id == *id));
        let target = match named.as_slice() {
            [] => default().ok_or(Refusal::TargetNotChosen)?,
            [first, rest @ ..] if rest.iter().all(|other| other.id == first.id) => first,
            _ => return Err(Refusal::TargetNotChosen),
        };
        if client.tools.contains(&target.id) { Ok(target) } else { Err(Refusal::ResourceNotAllowed) }
    }

    /// The other authorization server that an ID-JAG is for, and the resource behind it
    /// (draft-ietf-oauth-identity-assertion-authz-grant, section 4.3): `audience` is required; `resource` may be left out where the
    /// server has one alone.
    ///
    /// # Errors
    /// [`Refusal::TargetNotChosen`], [`Refusal::ResourceNotAllowed`] for what is not registered for this client.
    pub fn other_server<'t>(
        &self,
        client: &Client,
        targets: &'t [IdJagTarget],
    ) -> Result<&'t IdJagTarget, Refusal> {
        let [audience] = self.audiences.as_slice() else { return Err(Refusal::TargetNotChosen) };
        let resource = match self.asked.resources.as_slice() {
            [] => None,
            [one] => Some(one),
            _ => return Err(Refusal::TargetNotChosen),
        };
        let is_meant = |target: &&IdJagTarget| {
            target.audience == *audience
                && target.clients.contains_key(&client.id)
                && resource.is_none_or(|named| *named == target.resource)
        };
        let mut meant = targets.iter().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(Refusal::TargetNotChosen),
            (None, _) => Err(Refusal::ResourceNotAllowed),
        }
    }

    /// The client that an ID token is for: the one that asks, or another by its `client_id` in `audience`.
    ///
    /// # Errors
    /// [`Refusal::TargetNotChosen`] for several, [`Refusal::ResourceNotAllowed`] for a `resource`, which no client is.
    pub fn relying_party(&self, client: &Client) -> Result<ClientId, Refusal> {
        if !self.asked.resources.is_empty() {
            return Err(Refusal::ResourceNotAllowed);
        }
        match self.audiences.as_slice() {
            [] => Ok(client.id.clone()),
            [one] => ClientId::parse(one).ok_or(Refusal::ResourceNotAllowed),
            _ => Err(Refusal::TargetNotChosen),
        }
    }
}

/// What of another tool's rights becomes a right of this tool, when a token for that one is exchanged for a token for this
/// one. What no rule speaks of does not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRule {
    /// The tool whose token is exchanged.
    pub from: ToolId,
    /// What passes.
    pub passes: Passage,
}

/// One right of one tool that becomes one right of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Passage {
    /// A scope.
    Scope {
        /// The other tool's.
        scope: String,
        /// This tool's.
        becomes: String,
    },
    /// A detail.
    Detail {
        /// The other tool's type.
        detail_type: String,
        /// What its fields must hold for the rule to apply: the value itself, or a list with the value in it.
        requires: BTreeMap<String, Value>,
        /// This tool's type.
        becomes: String,
        /// The fields of what it becomes. Without any, and where the type stays the same, all fields stay as they are.
        fields: BTreeMap<String, FieldSource>,
    },
}

/// Where a field of a detail comes from, when one becomes another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldSource {
    /// A field of the detail that it is made of: what was granted for one customer stays with that customer.
    Field(String),
    /// Always this.
    Value(Value),
}

impl Tool {
    /// The part of another tool's scope that means something here after an exchange.
    pub fn scope_from(&self, other: &ToolId, scope: &Scope) -> Scope {
        if self.id == *other {
            return scope.retaining(|token| self.scopes.contains_key(token));
        }
        let own = self.scope();
        let becomes = self.rules_from(other).filter_map(|passage| match passage {
            Passage::Scope { scope: theirs, becomes } if scope.contains(theirs) => Some(becomes.as_str()),
            _ => None,
        });
        own.retaining(|token| becomes.clone().any(|ours| ours == token))
    }

    /// What another tool's details become here after an exchange. Whether they are valid by their type is asked of the type.
    #[must_use]
    pub fn details_from(&self, other: &ToolId, details: &AuthorizationDetails) -> AuthorizationDetails {
        if self.id == *other {
            return details.clone();
        }
        let of_one = |detail| self.rules_from(other).filter_map(move |passage| passage.of_detail(detail));
        let mut made: Vec<AuthorizationDetail> = Vec::new();
        for detail in details.iter().flat_map(of_one) {
            if !made.contains(&detail) {
                made.push(detail);
            }
        }
        AuthorizationDetails::new(made)
    }

    /// The types of details that some of another tool's types become here after an exchange.
    pub fn types_from(&self, other: &ToolId, types: &BTreeSet<String>) -> BTreeSet<String> {
        if self.id == *other {
            return types.clone();
        }
        let becomes = self.rules_from(other).filter_map(|passage| match passage {
            Passage::Detail { detail_type, becomes, .. } if types.contains(detail_type) => {
                Some(becomes.clone())
            }
            _ => None,
        });
        becomes.collect()
    }

    /// The part of a scope that was made of some of another tool's that the rules would make of some still. Of which it was made is not
    /// kept, so a rule that makes the same of something else counts.
    pub fn scope_still_from(&self, other: &ToolId, scope: &Scope) -> Scope {
        let is_made = |token: &str| {
            self.id == *other
                || self
                    .rules_from(other)
                    .any(|passage| matches!(passage, Passage::Scope { becomes, .. } if becomes == token))
        };
        scope.retaining(|token| self.scopes.contains_key(token) && is_made(token))
    }

    /// The details that were made of some of another tool's whose types the rules would make of some still. Of which they were made is
    /// not kept: what a rule requires, and which values it sets, is looked at when a token is exchanged, and not again.
    #[must_use]
    pub fn details_still_from(&self, other: &ToolId, details: &AuthorizationDetails) -> AuthorizationDetails {
        let is_made = |made: &AuthorizationDetail| {
            self.id == *other
                || self.rules_from(other).any(|passage| {
                    matches!(passage, Passage::Detail { becomes, .. } if *becomes == made.detail_type)
                })
        };
        details.retaining(is_made)
    }

    fn rules_from<'a>(&'a self, other: &'a ToolId) -> impl Iterator<Item = &'a Passage> + Clone {
        self.exchanges.iter().filter(move |rule| rule.from == *other).map(|rule| &rule.passes)
    }
}

impl Passage {
    fn of_detail(&self, detail: &AuthorizationDetail) -> Option<AuthorizationDetail> {
        let Self::Detail { detail_type, requires, becomes, fields } = self else { return None };
        let applies = detail.detail_type == *detail_type
            && requires
                .iter()
                .all(|(name, value)| detail.fields.get(name).is_some_and(|own| holds(own, value)));
        if !applies {
            return None;
        }
        let unchanged = fields.is_empty() && becomes == detail_type;
        let fields = if unchanged { detail.fields.clone() } else { made_of(&detail.fields, fields)? };
        Some(AuthorizationDetail { detail_type: becomes.clone(), fields })
    }
}

fn holds(own: &Value, value: &Value) -> bool {
    own == value || own.as_array().is_some_and(|elements| elements.contains(value))
}

/// `None` where a source is not there: a field that is left out could mean everything in the other type.
fn made_of(
    theirs: &Map<String, Value>,
    fields: &BTreeMap<String, FieldSource>,
) -> Option<Map<String, Value>> {
    let value = |source: &FieldSource| match source {
        FieldSource::Field(name) => theirs.get(name).cloned(),
        FieldSource::Value(value) => Some(value.clone()),
    };
    fields.iter().map(|(name, source)| Some((name.clone(), value(source)?))).collect()
}

/// The token of who acts, where it is not the client itself (`actor_token` and `actor_token_type`, RFC 8693, section 2.1).
///
/// # Errors
/// [`Refusal::MissingParameter`] where one comes without the other, and those of its parameters.
pub fn actor_token(parameters: &Parameters) -> Result<Option<ShownToken<'_>>, Refusal> {
    let name = "actor_token_type";
    match parameters.optional("actor_token")? {
        Some(text) => {
            let token_type = TokenType::parse(name, parameters.required(name)?)?;
            Ok(Some(ShownToken { text, token_type }))
        }
        // It must not come without the token that it is about.
        None if parameters.optional(name)?.is_some() => {
            Err(Refusal::MissingParameter { name: "actor_token" })
        }
        None => Ok(None),
    }
}

/// Who acts with the new token, and on whose behalf (RFC 8693, section 4.1): `actor` after all that acted before.
///
/// # Errors
/// [`Refusal::ActorNotAllowed`] when the subject token says that somebody else may act (section 4.4),
/// [`Refusal::ChainTooLong`].
pub fn delegated(subject: &AccessTokenClaims, actor: Actor, longest: usize) -> Result<Actors, Refusal> {
    if subject.may_act.as_ref().is_some_and(|named| !named.is(&actor, &subject.iss)) {
        return Err(Refusal::ActorNotAllowed);
    }
    let limit = longest.min(LONGEST_CHAIN);
    if subject.act.len() >= limit || subject.exchanged_from.len() >= limit {
        return Err(Refusal::ChainTooLong { limit });
    }
    Ok(subject.act.with(actor))
}

/// The tokens that a token made of `subject` comes from, the newest first.
pub fn ancestors(subject: &AccessTokenClaims) -> Vec<Ancestor> {
    let parent = Ancestor {
        jti: subject.jti.clone(),
        client_id: subject.client_id.clone(),
        aud: Some(subject.aud.clone()),
    };
    std::iter::once(parent).chain(subject.exchanged_from.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<(TokenType, Option<TokenType>, TokenType), Refusal> {
        let parameters = Parameters::from_pairs(pairs.iter().copied());
        let request = ExchangeRequest::parse(&parameters)?;
        Ok((request.subject.token_type, request.actor.map(|actor| actor.token_type), request.requested))
    }

    const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
    const SUBJECT: [(&str, &str); 2] = [("subject_token", "t"), ("subject_token_type", ACCESS)];

    /// RFC 8693, section 2.1.
    #[test]
    fn an_access_token_is_what_who_names_no_type_gets() {
        assert_eq!(parsed(&SUBJECT), Ok((TokenType::AccessToken, None, TokenType::AccessToken)));
    }

    /// draft-ietf-oauth-identity-assertion-authz-grant, section 3.1, has no claim for them.
    #[test]
    fn nobody_acts_by_an_id_jag() {
        let id_jag = ("requested_token_type", TokenType::IdJag.as_str());
        let [subject, subject_type] = SUBJECT;
        assert!(parsed(&[subject, subject_type, id_jag]).is_ok());
        let with_actor = [subject, subject_type, id_jag, ("actor_token", "a"), ("actor_token_type", ACCESS)];
        assert_eq!(parsed(&with_actor), Err(Refusal::ActorTokenInvalid { why: "an ID-JAG names no actor" }));
    }

    fn other_server(client: &str, named: &[(&str, &str)]) -> Result<(String, String), Refusal> {
        let pair = |audience: &str, resource: &str, clients: &[&str]| -> IdJagTarget {
            let clients: BTreeMap<&str, &str> = clients.iter().map(|id| (*id, "known-there")).collect();
            serde_json::from_value(json!({
                "audience": audience, "resource": resource, "scopes": "read", "clients": clients, "lifetime": 300,
            }))
            .expect("a target")
        };
        let targets = [
            pair("https://a.test", "https://x.test", &["both", "one"]),
            pair("https://a.test", "https://z.test", &["both"]),
            pair("https://b.test", "https://y.test", &["both", "one"]),
        ];
        let client: Client = serde_json::from_value(json!({
            "id": client, "name": "x", "authentication": { "method": "client_secret_basic" }, "redirect_uris": [],
            "grant_types": ["token_exchange"], "scopes": "", "detail_types": [], "tools": [], "default_tool": null,
            "standing_details": [], "require_pushed_authorization_requests": false, "remember_consent": false,
            "id_token_signed_response_alg": "ES256", "is_tool": null,
        }))
        .expect("a client");
        let pairs = SUBJECT.iter().chain(named).copied();
        let parameters = Parameters::from_pairs(pairs);
        let request = ExchangeRequest::parse(&parameters)?;
        let target = request.other_server(&client, &targets)?;
        Ok((target.audience.clone(), target.resource.to_string()))
    }

    /// draft-ietf-oauth-identity-assertion-authz-grant, section 4.3: what is said of somebody to one server is about a resource that is
    /// behind that one.
    #[test]
    fn an_id_jag_is_for_a_pair_that_is_registered_together() {
        let [bank, books] = ["https://a.test", "https://b.test"].map(|name| ("audience", name));
        let [read, write, sign] =
            ["https://x.test", "https://y.test", "https://z.test"].map(|name| ("resource", name));
        let pair = |(_, audience): (&str, &str), (_, resource): (&str, &str)| {
            Ok((audience.to_owned(), resource.to_owned()))
        };
        for (audience, resource) in [(bank, read), (bank, sign), (books, write)] {
            assert_eq!(other_server("both", &[audience, resource]), pair(audience, resource));
        }
        // Each of the two is registered, with another.
        for (audience, resource) in [(bank, write), (books, read), (books, sign)] {
            assert_eq!(other_server("both", &[audience, resource]), Err(Refusal::ResourceNotAllowed));
        }
        // Who names no resource means the only one, as far as they may have any.
        assert_eq!(other_server("both", &[books]), pair(books, write));
        assert_eq!(other_server("both", &[bank]), Err(Refusal::TargetNotChosen));
        assert_eq!(other_server("one", &[bank]), pair(bank, read));
        // A pair is the clients' that are registered for it.
        assert_eq!(other_server("one", &[bank, sign]), Err(Refusal::ResourceNotAllowed));
        for named in [&[bank, read][..], &[books], &[bank]] {
            assert_eq!(other_server("another", named), Err(Refusal::ResourceNotAllowed));
        }
        for named in [&[read][..], &[bank, books, read], &[bank, read, sign]] {
            assert_eq!(other_server("both", named), Err(Refusal::TargetNotChosen));
        }
    }

    /// RFC 8693, section 2.1: `actor_token_type` is required with an actor token and must not come without one.
    #[test]
    fn an_actor_token_and_its_type_come_together_or_not_at_all() {
        let [subject, subject_type] = SUBJECT;
        assert_eq!(
            parsed(&[subject, subject_type, ("actor_token", "a")]),
            Err(Refusal::MissingParameter { name: "actor_token_type" })
        );
        assert_eq!(
            parsed(&[subject, subject_type, ("actor_token_type", ACCESS)]),
            Err(Refusal::MissingParameter { name: "actor_token" })
        );
    }

    #[test]
    fn an_unknown_token_type_is_refused_by_the_name_of_its_parameter() {
        assert_eq!(
            parsed(&[("subject_token", "t"), ("subject_token_type", "access_token")]),
            Err(Refusal::TokenTypeNotSupported { name: "subject_token_type" })
        );
    }

    fn read(rule: &Passage, detail: Value) -> Option<Value> {
        let detail: AuthorizationDetail = serde_json::from_value(detail).unwrap();
        rule.of_detail(&detail).map(|made| made.to_value())
    }

    fn reports_become_customer_data() -> Passage {
        Passage::Detail {
            detail_type: "report".into(),
            requires: BTreeMap::from([("actions".into(), json!("read"))]),
            becomes: "customer_data".into(),
            fields: BTreeMap::from([
                ("customer".into(), FieldSource::Field("customer".into())),
                ("actions".into(), FieldSource::Value(json!(["fetch"]))),
            ]),
        }
    }

    #[test]
    fn what_was_granted_for_one_customer_becomes_data_of_that_customer() {
        let rule = reports_become_customer_data();
        assert_eq!(
            read(&rule, json!({ "type": "report", "customer": "4711", "actions": ["read", "print"] })),
            Some(json!({ "type": "customer_data", "customer": "4711", "actions": ["fetch"] }))
        );
    }

    #[test]
    fn what_no_rule_speaks_of_does_not_pass() {
        let rule = reports_become_customer_data();
        for detail in [
            json!({ "type": "report", "customer": "4711", "actions": ["print"] }),
            json!({ "type": "report", "customer": "4711" }),
            // Nothing says whose data it would be.
            json!({ "type": "report", "actions": ["read"] }),
            json!({ "type": "invoice", "customer": "4711", "actions": ["read"] }),
        ] {
            assert_eq!(read(&rule, detail), None);
        }
    }
}
