use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth::{ClientId, ClientRejection, Parameters, Refusal, Secret};
use percent_encoding::percent_decode;

use crate::assertion::subject_of;

/// The `client_assertion_type` of a JWT (RFC 7523, section 2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presents to say who it is: nothing of it is proven yet.
#[derive(Clone)]
pub enum Presented {
    /// Its name alone: a public client.
    Nothing {
        /// Whom it claims to be.
        client_id: ClientId,
    },
    /// A secret in the Authorization header (RFC 6749, section 2.3.1).
    Basic {
        /// Whom it claims to be.
        client_id: ClientId,
        /// What should prove it.
        secret: Secret<String>,
    },
    /// A secret in the body (RFC 6749, section 2.3.1).
    Post {
        /// Whom it claims to be.
        client_id: ClientId,
        /// What should prove it.
        secret: Secret<String>,
    },
    /// A signed assertion in the body (RFC 7523, section 2.2).
    Assertion {
        /// Whom it claims to be.
        client_id: ClientId,
        /// What should prove it.
        assertion: Secret<String>,
    },
}

impl Presented {
    /// Reads the one way in which a request authenticates its client: the value of its `Authorization` header
    /// and the parameters of its body.
    ///
    /// # Errors
    /// [`Refusal::SeveralAuthenticationMethods`] (RFC 6749, section 2.3), [`Refusal::ClientNotAuthenticated`]
    /// when it names no client, [`Refusal::ClientRejected`] when what it presents cannot be read, and the
    /// refusals of a missing, repeated or malformed parameter.
    pub fn from(authorization: Option<&str>, parameters: &Parameters) -> Result<Self, Refusal> {
        let client_id = parameters.optional("client_id")?;
        let secret = parameters.optional("client_secret")?;
        let assertion = assertion(parameters)?;
        match (authorization, secret, assertion) {
            (Some(authorization), None, None) => Self::basic(authorization, client_id),
            (None, Some(secret), None) => {
                let client_id = parse(client_id.ok_or(Refusal::MissingParameter { name: "client_id" })?)?;
                Ok(Self::Post { client_id, secret: Secret::new(secret.to_owned()) })
            }
            (None, None, Some(assertion)) => Self::assertion(assertion, client_id),
            (None, None, None) => {
                let client_id = parse(client_id.ok_or(Refusal::ClientNotAuthenticated)?)?;
                Ok(Self::Nothing { client_id })
            }
            _ => Err(Refusal::SeveralAuthenticationMethods),
        }
    }

    /// Whom the client claims to be.
    pub const fn client_id(&self) -> &ClientId {
        match self {
            Self::Nothing { client_id }
            | Self::Basic { client_id, .. }
            | Self::Post { client_id, .. }
            | Self::Assertion { client_id, .. } => client_id,
        }
    }

    /// The method's registered name (RFC 7591, section 2).
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Nothing { .. } => "none",
            Self::Basic { .. } => "client_secret_basic",
            Self::Post { .. } => "client_secret_post",
            Self::Assertion { .. } => "private_key_jwt",
        }
    }

    fn basic(authorization: &str, named_in_body: Option<&str>) -> Result<Self, Refusal> {
        let (scheme, encoded) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Err(rejected(ClientRejection::MethodNotRegistered));
        }
        let (client_id, secret) =
            credentials(encoded.trim_matches(' ')).ok_or(rejected(ClientRejection::WrongSecret))?;
        let client_id = parse(&client_id)?;
        if named_in_body.is_some_and(|named| named != client_id.as_str()) {
            let expected = "the client that authenticates, or nothing,";
            return Err(Refusal::MalformedParameter { name: "client_id", expected });
        }
        Ok(Self::Basic { client_id, secret })
    }

    /// RFC 7521, section 4.2: `client_id` is unnecessary beside an assertion, and must agree with its `sub`.
    fn assertion(assertion: &str, named_in_body: Option<&str>) -> Result<Self, Refusal> {
        let subject = subject_of(assertion).ok_or(rejected(ClientRejection::AssertionMalformed))?;
        if named_in_body.is_some_and(|named| named != subject) {
            return Err(rejected(ClientRejection::AssertionIssuer));
        }
        Ok(Self::Assertion { client_id: parse(&subject)?, assertion: Secret::new(assertion.to_owned()) })
    }
}

/// Says how a client authenticates and never with what.
impl fmt::Debug for Presented {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} by {}", self.client_id(), self.method())
    }
}

fn assertion(parameters: &Parameters) -> Result<Option<&str>, Refusal> {
    let assertion = parameters.optional("client_assertion")?;
    match (assertion, parameters.optional("client_assertion_type")?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::MissingParameter { name: "client_assertion_type" }),
        (None, Some(_)) => Err(Refusal::MissingParameter { name: "client_assertion" }),
        (Some(_), Some(JWT_BEARER)) => Ok(assertion),
        (Some(_), Some(_)) => {
            Err(Refusal::MalformedParameter { name: "client_assertion_type", expected: JWT_BEARER })
        }
    }
}

/// RFC 6749, section 2.3.1: name and secret are form-urlencoded each, then joined and encoded as RFC 7617 says.
fn credentials(encoded: &str) -> Option<(String, Secret<String>)> {
    let joined = Secret::new(STANDARD.decode(encoded).ok()?);
    let colon = joined.expose().iter().position(|byte| *byte == b':')?;
    let (client_id, secret) = joined.expose().split_at(colon);
    Some((form_decode(client_id)?, Secret::new(form_decode(&secret[1..])?)))
}

fn form_decode(encoded: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What cannot be a client's name is nobody's.
fn parse(client_id: &str) -> Result<ClientId, Refusal> {
    ClientId::parse(client_id).ok_or(rejected(ClientRejection::Unknown))
}

const fn rejected(why: ClientRejection) -> Refusal {
    Refusal::ClientRejected { why }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn header(credentials: &str) -> String {
        format!("Basic {}", STANDARD.encode(credentials))
    }

    fn jwt(subject: &str) -> String {
        let payload = format!(r#"{{"sub":"{subject}"}}"#);
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    fn read(authorization: Option<&str>, pairs: &[(&str, &str)]) -> Result<Presented, Refusal> {
        Presented::from(authorization, &Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn each_way_is_read() {
        let assertion = jwt("agent");
        let with_type = ("client_assertion_type", JWT_BEARER);
        for (authorization, pairs, expected) in [
            (None, &[("client_id", "agent")][..], "agent by none"),
            (None, &[("client_id", "agent"), ("client_secret", "")], "agent by none"),
            (Some(header("agent:s")), &[], "agent by client_secret_basic"),
            (Some(header("agent:s")), &[("client_id", "agent")], "agent by client_secret_basic"),
            (Some(header("agent:s").replace("Basic", "bAsIc")), &[], "agent by client_secret_basic"),
            (None, &[("client_id", "agent"), ("client_secret", "s")], "agent by client_secret_post"),
            (None, &[("client_assertion", &assertion), with_type], "agent by private_key_jwt"),
            (
                None,
                &[("client_id", "agent"), ("client_assertion", &assertion), with_type],
                "agent by private_key_jwt",
            ),
        ] {
            let presented = read(authorization.as_deref(), pairs).expect(expected);
            assert_eq!(format!("{presented:?}"), expected);
        }
    }

    #[test]
    fn name_and_secret_are_form_urlencoded_within_the_header() {
        let presented = read(Some(&header("agent%3A1:a+b%2B%C3%BC:c")), &[]).expect("a client");
        let Presented::Basic { client_id, secret } = presented else { panic!("not basic") };
        assert_eq!((client_id.as_str(), secret.expose().as_str()), ("agent:1", "a b+ü:c"));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let presented = read(Some(&header("agent:hunter2")), &[]).expect("a client");
        assert!(!format!("{presented:?}").contains("hunter2"));
    }

    #[test]
    fn more_than_one_way_is_refused() {
        let basic = header("agent:s");
        let assertion = jwt("agent");
        let asserted = [("client_assertion", assertion.as_str()), ("client_assertion_type", JWT_BEARER)];
        let secret = ("client_secret", "s");
        for (authorization, pairs) in [
            (Some(basic.as_str()), vec![secret]),
            (Some(&basic), asserted.to_vec()),
            (Some("Bearer x"), vec![("client_id", "agent"), secret]),
            (None, [&asserted[..], &[("client_id", "agent"), secret]].concat()),
        ] {
            assert_eq!(
                read(authorization, &pairs).map(|_| ()),
                Err(Refusal::SeveralAuthenticationMethods),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        use ClientRejection::{
            AssertionIssuer, AssertionMalformed, MethodNotRegistered, Unknown, WrongSecret,
        };
        let other = jwt("other");
        let person = jwt("person-1");
        let with_type = ("client_assertion_type", JWT_BEARER);
        let differs = Refusal::MalformedParameter {
            name: "client_id",
            expected: "the client that authenticates, or nothing,",
        };
        let not_a_jwt = Refusal::MalformedParameter { name: "client_assertion_type", expected: JWT_BEARER };
        for (authorization, pairs, refusal) in [
            (None, &[][..], Refusal::ClientNotAuthenticated),
            (None, &[("client_id", "")], Refusal::ClientNotAuthenticated),
            (None, &[("client_id", "a b")], rejected(Unknown)),
            (None, &[("client_id", "person-1")], rejected(Unknown)),
            (
                None,
                &[("client_id", "a"), ("client_id", "b")],
                Refusal::RepeatedParameter { name: "client_id" },
            ),
            (None, &[("client_secret", "s")], Refusal::MissingParameter { name: "client_id" }),
            (Some("Basic"), &[], rejected(WrongSecret)),
            (Some("Basic !!!"), &[], rejected(WrongSecret)),
            (Some("Basic YWdlbnQ="), &[], rejected(WrongSecret)),
            (Some("Basic YWdlbnQ6JWZm"), &[], rejected(WrongSecret)),
            (Some("Basic OnM="), &[], rejected(Unknown)),
            (Some("Bearer abc"), &[], rejected(MethodNotRegistered)),
            (Some("Digest abc"), &[("client_id", "agent")], rejected(MethodNotRegistered)),
            (Some("Basic YWdlbnQ6cw=="), &[("client_id", "other")], differs),
            (
                None,
                &[("client_assertion", &other)],
                Refusal::MissingParameter { name: "client_assertion_type" },
            ),
            (None, &[with_type], Refusal::MissingParameter { name: "client_assertion" }),
            (None, &[("client_assertion", &other), ("client_assertion_type", "saml")], not_a_jwt),
            (None, &[("client_assertion", "x.y.z"), with_type], rejected(AssertionMalformed)),
            (None, &[("client_assertion", "e30.e30."), with_type], rejected(AssertionMalformed)),
            (
                None,
                &[("client_assertion", &other), with_type, ("client_id", "agent")],
                rejected(AssertionIssuer),
            ),
            (None, &[("client_assertion", &person), with_type], rejected(Unknown)),
        ] {
            assert_eq!(read(authorization, pairs).map(|_| ()), Err(refusal), "{authorization:?} {pairs:?}");
        }
    }
}
