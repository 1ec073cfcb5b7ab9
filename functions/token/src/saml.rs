//! SAML 2.0 assertions, for tools that take no other token (RFC 8693, section 3).

use ::saml::{Assertion, Attribute, AuthenticationStatement, NameId, NotXml, Unsigned};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use http::Problem;
use keys::Keys;
use oauth::configuration::{Profile, SAML_ATTRIBUTES, SamlAttribute, SamlNameId, SamlRegistration};
use oauth::{AccessTokenClaims, AuthorizationDetails, Refusal, claim_value};
use serde_json::Value;

/// What an assertion says: what an access token for the tool would say, in the tool's own words.
pub struct Statement<'a> {
    /// The claims of that access token: whom it is about, how they signed in, who acts, what it allows by scope, and until
    /// when.
    pub claims: &'a AccessTokenClaims,
    /// What it allows in detail. An assertion cannot refer to them: nobody can ask about it later.
    pub details: &'a AuthorizationDetails,
    /// How the tool is registered.
    pub registration: &'a SamlRegistration,
    /// The person, if it is about one.
    pub person: Option<&'a Profile>,
}

/// A signed assertion, base64url (RFC 8693, section 3): one signature. It is good until its last moment, whatever happens
/// meanwhile: nobody asks about it again.
///
/// # Errors
/// [`Refusal::AssertionNotPossible`]; what the keys say.
pub async fn saml_assertion(keys: &Keys, statement: &Statement<'_>) -> Result<String, Problem> {
    let unsigned = statement.unsigned()?;
    let signed = keys.sign_certified(unsigned.to_be_signed(), statement.claims.iat).await?;
    let xml = unsigned.signed(&signed.signature, &signed.certificate).map_err(not_xml)?;
    Ok(URL_SAFE_NO_PAD.encode(xml))
}

fn not_xml(_: NotXml) -> Refusal {
    Refusal::AssertionNotPossible { why: "a character that cannot stand in XML" }
}

impl<'a> Statement<'a> {
    fn unsigned(&self) -> Result<Unsigned, Problem> {
        let claims = self.claims;
        let assertion = Assertion {
            id: &claims.jti,
            issuer: &claims.iss,
            issued_at: claims.iat,
            expires_at: claims.exp,
            subject: self.subject()?,
            audience: &self.registration.audience,
            recipient: &self.registration.recipient,
            authentication: claims
                .auth_time
                .map(|at| AuthenticationStatement { at, context: context(&claims.amr) }),
            attributes: self.attributes()?,
        };
        Ok(assertion.unsigned().map_err(not_xml)?)
    }

    /// What the subject is called. `sub` is the same for every tool, so it is not a persistent name in the sense of SAML Core,
    /// section 8.3.7, which is for one tool alone.
    fn subject(&self) -> Result<NameId<'a>, Refusal> {
        let missing = Refusal::AssertionNotPossible { why: "the tool's name of the subject is not known" };
        let (format, value) = match self.registration.name_id {
            SamlNameId::Subject => (::saml::NAME_ID_UNSPECIFIED, Some(self.claims.sub.as_str())),
            SamlNameId::Email => {
                (::saml::NAME_ID_EMAIL, self.person.and_then(|person| person.email.as_deref()))
            }
            SamlNameId::UserName => {
                (::saml::NAME_ID_UNSPECIFIED, self.person.map(|person| person.user_name.as_str()))
            }
        };
        Ok(NameId { format, value: value.ok_or(missing)? })
    }

    /// What the tool asked for, and then what no assertion lacks: a tool that looks at less than scope, details and actors
    /// does so by its own decision.
    fn attributes(&self) -> Result<Vec<Attribute>, Problem> {
        let mut attributes = Vec::new();
        for (name, source) in &self.registration.attributes {
            attributes.push(Attribute { name: name.clone(), values: self.values(source)? });
        }
        let [scope, details, act, client_id] = SAML_ATTRIBUTES.map(str::to_owned);
        let scopes = self.claims.scope.iter().map(str::to_owned).collect();
        attributes.push(Attribute { name: scope, values: scopes });
        if !self.details.is_empty() {
            attributes.push(Attribute { name: details, values: vec![json(self.details)?] });
        }
        if !self.claims.act.is_empty() {
            attributes.push(Attribute { name: act, values: vec![json(&self.claims.act)?] });
        }
        attributes.push(Attribute { name: client_id, values: vec![self.claims.client_id.to_string()] });
        attributes.retain(|attribute| !attribute.values.is_empty());
        Ok(attributes)
    }

    fn values(&self, source: &SamlAttribute) -> Result<Vec<String>, Refusal> {
        Ok(match source {
            SamlAttribute::Person(source) => {
                self.person.and_then(|person| claim_value(source, person)).map(texts).unwrap_or_default()
            }
            SamlAttribute::Scopes(names) => {
                self.claims.scope.iter().filter_map(|scope| names.get(scope).cloned()).collect()
            }
            SamlAttribute::Detail { detail_type, field } => {
                let mut of_type = self.details.iter().filter(|detail| detail.detail_type == *detail_type);
                let found = of_type.next().and_then(|detail| detail.to_value().pointer(field).cloned());
                // Side by side, what one allows could be done with what the other names.
                if of_type.next().is_some() {
                    return Err(Refusal::AssertionNotPossible { why: "several details of one type" });
                }
                found.map(texts).unwrap_or_default()
            }
        })
    }
}

/// The class of how a person authenticated (SAML Authentication Context, section 3.4). Of what none of its classes fits,
/// nothing is said.
fn context(amr: &[String]) -> &'static str {
    match amr {
        [only] if only == "pwd" => ::saml::PASSWORD_PROTECTED_TRANSPORT,
        _ => ::saml::UNSPECIFIED_CONTEXT,
    }
}

/// A value as the values of an attribute: a list as many, what is no text as JSON.
fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Null => vec![],
        Value::Array(values) => values.into_iter().flat_map(texts).collect(),
        Value::String(text) => vec![text],
        other => vec![other.to_string()],
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::broken("assertion", error))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use oauth::configuration::ClaimSource;
    use serde_json::json;

    use super::*;

    fn claims() -> AccessTokenClaims {
        let claims = json!({
            "iss": "https://auth.example", "sub": "person-AAAAAAAAAAAAAAAAAAAAAA", "aud": "https://ledger.example",
            "exp": 1_800_000_120, "iat": 1_800_000_000, "jti": "AAAAAAAAAAAAAAAAAAAAAA", "client_id": "tool",
            "scope": "ledger.read", "auth_time": 1_799_999_000, "amr": ["pwd"],
        });
        serde_json::from_value(claims).unwrap()
    }

    fn person() -> Profile {
        Profile {
            user_name: "alice".to_owned(),
            name: "Alice".to_owned(),
            email: Some("alice@example.com".to_owned()),
            phone_number: None,
            groups: BTreeSet::from(["b".to_owned(), "a".to_owned()]),
            attributes: BTreeMap::new(),
            locale: None,
            zone: None,
        }
    }

    fn registration(attributes: &[(&str, SamlAttribute)]) -> SamlRegistration {
        let attributes = attributes.iter().map(|(name, source)| ((*name).to_owned(), source.clone()));
        SamlRegistration {
            audience: "https://ledger.example/saml".to_owned(),
            recipient: "https://ledger.example/acs".to_owned(),
            name_id: SamlNameId::Email,
            lifetime: Duration::from_mins(2),
            attributes: attributes.collect(),
        }
    }

    fn details(value: &Value) -> AuthorizationDetails {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn said(statement: &Statement<'_>) -> BTreeMap<String, Vec<String>> {
        let attributes = statement.attributes().unwrap();
        attributes.into_iter().map(|attribute| (attribute.name, attribute.values)).collect()
    }

    fn actions() -> SamlAttribute {
        SamlAttribute::Detail { detail_type: "ledger".to_owned(), field: "/actions".to_owned() }
    }

    fn is_refused<T>(answer: &Result<T, Problem>, expected: &'static str) -> bool {
        matches!(answer, Err(Problem::Refused(Refusal::AssertionNotPossible { why })) if *why == expected)
    }

    #[test]
    fn whatever_a_tool_registers_scope_details_actors_and_client_are_said() {
        let act = json!({ "sub": "tool", "act": { "sub": "agent" } });
        let claims = AccessTokenClaims { act: serde_json::from_value(act.clone()).unwrap(), ..claims() };
        let value = json!([{ "type": "ledger", "actions": ["read"] }]);
        let (details, registration) = (details(&value), registration(&[]));
        let statement =
            Statement { claims: &claims, details: &details, registration: &registration, person: None };
        let said = said(&statement);
        assert_eq!(
            (&said["scope"], &said["client_id"]),
            (&vec!["ledger.read".to_owned()], &vec!["tool".to_owned()])
        );
        assert_eq!(serde_json::from_str::<Value>(&said["authorization_details"][0]).unwrap(), value);
        assert_eq!(serde_json::from_str::<Value>(&said["act"][0]).unwrap(), act);
    }

    #[test]
    fn an_attribute_comes_from_the_person_from_scopes_or_from_a_detail() {
        let roles = [("ledger.read", "Reader"), ("ledger.write", "Writer")];
        let roles = roles.map(|(scope, role)| (scope.to_owned(), role.to_owned()));
        let registration = registration(&[
            ("Groups", SamlAttribute::Person(ClaimSource::Groups)),
            ("Department", SamlAttribute::Person(ClaimSource::Attribute("department".to_owned()))),
            ("Role", SamlAttribute::Scopes(roles.into())),
            ("Actions", actions()),
        ]);
        let details = details(&json!([{ "type": "ledger", "actions": ["read", 7] }, { "type": "other" }]));
        let (claims, person) = (claims(), person());
        let statement = Statement {
            claims: &claims,
            details: &details,
            registration: &registration,
            person: Some(&person),
        };
        let said = said(&statement);
        assert_eq!(said["Groups"], ["a", "b"]);
        assert_eq!(said["Role"], ["Reader"], "the other scope is not granted");
        assert_eq!(said["Actions"], ["read", "7"]);
        assert!(!said.contains_key("Department"));
    }

    #[test]
    fn fields_of_several_details_are_not_mixed() {
        let registration = registration(&[("Actions", actions())]);
        let details = details(&json!([{ "type": "ledger", "actions": ["read"] }, { "type": "ledger" }]));
        let (claims, person) = (claims(), person());
        let statement = Statement {
            claims: &claims,
            details: &details,
            registration: &registration,
            person: Some(&person),
        };
        assert!(is_refused(&statement.unsigned(), "several details of one type"));
    }

    #[test]
    fn a_subject_that_the_tool_s_kind_of_name_cannot_name_is_refused() {
        let (claims, registration, details) = (claims(), registration(&[]), AuthorizationDetails::default());
        let nameless = Profile { email: None, ..person() };
        for person in [None, Some(&nameless)] {
            let statement =
                Statement { claims: &claims, details: &details, registration: &registration, person };
            assert!(is_refused(&statement.unsigned(), "the tool's name of the subject is not known"));
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_refused_and_not_left_out() {
        let registration = registration(&[("Name", SamlAttribute::Person(ClaimSource::Name))]);
        let (claims, details) = (claims(), AuthorizationDetails::default());
        let person = Profile { name: "Al\u{8}ice".to_owned(), ..person() };
        let statement = Statement {
            claims: &claims,
            details: &details,
            registration: &registration,
            person: Some(&person),
        };
        assert!(is_refused(&statement.unsigned(), "a character that cannot stand in XML"));
    }

    #[test]
    fn how_somebody_signed_in_is_said_where_saml_has_a_word_for_it() {
        let amr = |methods: &[&str]| methods.iter().map(|&method| method.to_owned()).collect::<Vec<_>>();
        assert_eq!(context(&amr(&["pwd"])), ::saml::PASSWORD_PROTECTED_TRANSPORT);
        assert_eq!(context(&amr(&["pwd", "hwk"])), ::saml::UNSPECIFIED_CONTEXT);
        assert_eq!(context(&[]), ::saml::UNSPECIFIED_CONTEXT);
    }
}
