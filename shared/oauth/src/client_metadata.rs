use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client_keys::keys;
use crate::configuration::{Authentication, GrantType, SigningAlgorithm};
use crate::strict_json::Strict;
use crate::{ClientId, RedirectUri, Scope};

/// What a client says of itself, in its document or when it registers (RFC 7591, section 2), as far as it counts here. What it
/// says beside that is passed over, as the RFC has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// `client_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `token_endpoint_auth_method` with `jwks`: none, or `private_key_jwt`. A secret cannot be shared with a stranger.
    pub authentication: Authentication,
    /// `redirect_uris`: at least one.
    pub redirect_uris: Vec<RedirectUri>,
    /// `grant_types`: what of them a stranger may use.
    pub grant_types: BTreeSet<GrantType>,
    /// `scope`: what it will ask for at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// `id_token_signed_response_alg`.
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// `client_uri`, `logo_uri`, `tos_uri` and `policy_uri`, given back and never loaded, and `application_type`.
    #[serde(default)]
    pub given_back: Map<String, Value>,
}

/// Why metadata cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataProblem {
    /// `invalid_redirect_uri` (RFC 7591, section 3.2.2).
    RedirectUri(&'static str),
    /// `invalid_client_metadata`.
    Other(&'static str),
}

impl MetadataProblem {
    /// What is wrong.
    pub const fn text(self) -> &'static str {
        match self {
            Self::RedirectUri(text) | Self::Other(text) => text,
        }
    }
}

/// Whose metadata it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source<'a> {
    Document(&'a ClientId),
    Registration,
}

/// More redirect URIs than any client needs.
const MOST_REDIRECT_URIS: usize = 20;
/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
/// The longest of the addresses that are given back.
const LONGEST_ADDRESS: usize = 512;
/// The addresses that are given back.
const ADDRESSES: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

impl ClientMetadata {
    /// Reads a document (draft-ietf-oauth-client-id-metadata-document, section 4). Its `client_id` is the URL it was fetched
    /// from, to the letter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_document(bytes: &[u8], id: &ClientId) -> Result<Self, MetadataProblem> {
        Self::read(bytes, Source::Document(id))
    }

    /// Reads what a client registers with (RFC 7591, section 3.1).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_registration(bytes: &[u8]) -> Result<Self, MetadataProblem> {
        Self::read(bytes, Source::Registration)
    }

    fn read(bytes: &[u8], source: Source<'_>) -> Result<Self, MetadataProblem> {
        let Ok(Strict(Value::Object(members))) = serde_json::from_slice(bytes) else {
            return Err(MetadataProblem::Other("it is not a JSON object, or has a member twice"));
        };
        if let Source::Document(id) = source {
            if members.get("client_id").and_then(Value::as_str) != Some(id.as_str()) {
                return Err(MetadataProblem::Other("its client_id is not the URL that it was fetched from"));
            }
            if members.contains_key("client_secret") || members.contains_key("client_secret_expires_at") {
                return Err(MetadataProblem::Other("it has a client_secret, which everybody could read"));
            }
        }
        Ok(Self {
            name: name(&members)?,
            authentication: authentication(&members, source)?,
            redirect_uris: redirect_uris(&members)?,
            grant_types: grant_types(&members)?,
            scope: scope(&members)?,
            id_token_signed_response_alg: id_token_algorithm(&members)?,
            given_back: given_back(&members),
        })
    }

    /// The metadata as it counts, for the answer to a registration (RFC 7591, section 3.2.1).
    pub fn to_json(&self) -> Map<String, Value> {
        let mut members = self.given_back.clone();
        let mut insert = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if let Some(name) = &self.name {
            insert("client_name", json!(name));
        }
        insert("redirect_uris", json!(self.redirect_uris));
        insert("token_endpoint_auth_method", json!(self.authentication.method()));
        if let Authentication::PrivateKeyJwt { jwks } = &self.authentication {
            insert("jwks", jwks.clone());
        }
        insert("grant_types", json!(self.grant_types.iter().map(|grant| grant.as_str()).collect::<Vec<_>>()));
        insert("response_types", json!(["code"]));
        if let Some(scope) = &self.scope {
            insert("scope", json!(scope));
        }
        insert("id_token_signed_response_alg", json!(self.id_token_signed_response_alg));
        members
    }
}

fn text<'m>(
    members: &'m Map<String, Value>,
    name: &str,
    otherwise: &'static str,
) -> Result<Option<&'m str>, MetadataProblem> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(MetadataProblem::Other(otherwise)),
    }
}

/// The texts of a list; nothing when it is not there.
fn texts<'m>(
    members: &'m Map<String, Value>,
    name: &str,
    otherwise: MetadataProblem,
) -> Result<Option<Vec<&'m str>>, MetadataProblem> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => {
            values.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or(otherwise).map(Some)
        }
        Some(_) => Err(otherwise),
    }
}

fn name(members: &Map<String, Value>) -> Result<Option<String>, MetadataProblem> {
    const EXPECTED: &str = "client_name must be plain text on one line, at most 100 characters";
    let Some(name) = text(members, "client_name", EXPECTED)? else { return Ok(None) };
    let plain = name.chars().count() <= LONGEST_NAME && !name.chars().any(crate::request::disturbs_a_page);
    if !plain {
        return Err(MetadataProblem::Other(EXPECTED));
    }
    // A title of marks and spaces alone looks like none.
    Ok(Some(name.trim().to_owned()).filter(|name| name.chars().any(char::is_alphanumeric)))
}

fn authentication(
    members: &Map<String, Value>,
    source: Source<'_>,
) -> Result<Authentication, MetadataProblem> {
    let refused = Err(MetadataProblem::Other("token_endpoint_auth_method must be none or private_key_jwt"));
    let method = text(members, "token_endpoint_auth_method", "token_endpoint_auth_method must be a text")?;
    match method {
        None | Some("none") => Ok(Authentication::None),
        Some("private_key_jwt") => keys(members).map(|jwks| Authentication::PrivateKeyJwt { jwks }),
        // RFC 7591, section 2: the server may choose another value, and says so in its answer. No secret is kept of a stranger.
        Some("client_secret_basic" | "client_secret_post") if source == Source::Registration => {
            Ok(Authentication::None)
        }
        Some(_) => refused,
    }
}

fn redirect_uris(members: &Map<String, Value>) -> Result<Vec<RedirectUri>, MetadataProblem> {
    let refused = |why| Err(MetadataProblem::RedirectUri(why));
    let expected = MetadataProblem::RedirectUri("redirect_uris must be a list of texts");
    let texts = texts(members, "redirect_uris", expected)?.ok_or(expected)?;
    if texts.is_empty() || texts.len() > MOST_REDIRECT_URIS {
        return refused("redirect_uris must have 1 to 20 elements");
    }
    let uris: Option<Vec<RedirectUri>> = texts.into_iter().map(RedirectUri::parse).collect();
    let Some(uris) = uris else {
        return refused(
            "a redirect URI is https, http on loopback, or an app's own scheme with a dot in it, without fragment and user",
        );
    };
    if uris.iter().any(RedirectUri::pretends_a_host) {
        return refused("an app's own scheme is followed by one slash, as in com.example.app:/callback");
    }
    Ok(uris)
}

/// Grant types that a stranger cannot have are left out (RFC 7591, section 2), but it must be able to do something.
fn grant_types(members: &Map<String, Value>) -> Result<BTreeSet<GrantType>, MetadataProblem> {
    let refused = |why| Err(MetadataProblem::Other(why));
    let expected = MetadataProblem::Other("grant_types and response_types must be lists of texts");
    let grants = texts(members, "grant_types", expected)?;
    let responses = texts(members, "response_types", expected)?;
    if responses.is_some_and(|responses| !responses.contains(&"code")) {
        return refused("response_types must have code");
    }
    let Some(grants) = grants else { return Ok(BTreeSet::from([GrantType::AuthorizationCode])) };
    let open = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    let used: BTreeSet<GrantType> =
        open.into_iter().filter(|grant| grants.contains(&grant.as_str())).collect();
    if used.contains(&GrantType::AuthorizationCode) {
        Ok(used)
    } else {
        refused("grant_types must have authorization_code")
    }
}

fn scope(members: &Map<String, Value>) -> Result<Option<Scope>, MetadataProblem> {
    const EXPECTED: &str = "scope must be scope tokens with spaces between";
    match text(members, "scope", EXPECTED)? {
        None | Some("") => Ok(None),
        Some(scope) => Scope::parse(scope).map(Some).ok_or(MetadataProblem::Other(EXPECTED)),
    }
}

fn id_token_algorithm(members: &Map<String, Value>) -> Result<SigningAlgorithm, MetadataProblem> {
    const EXPECTED: &str = "id_token_signed_response_alg must be RS256 or ES256";
    match text(members, "id_token_signed_response_alg", EXPECTED)? {
        None | Some("RS256") => Ok(SigningAlgorithm::Rs256),
        Some("ES256") => Ok(SigningAlgorithm::Es256),
        Some(_) => Err(MetadataProblem::Other(EXPECTED)),
    }
}

/// What does not count here. Nothing is loaded from the addresses, and a page shows none of them.
fn given_back(members: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for name in ADDRESSES {
        if let Some(Value::String(address)) = members.get(name)
            && address.starts_with("https://")
            && address.len() <= LONGEST_ADDRESS
            && url::Url::parse(address).is_ok()
        {
            kept.insert(name.to_owned(), json!(address));
        }
    }
    if let Some(kind @ ("web" | "native")) = members.get("application_type").and_then(Value::as_str) {
        kept.insert("application_type".to_owned(), json!(kind));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "https://agents.example/client.json";

    fn id() -> ClientId {
        ClientId::parse(ID).expect("an id")
    }

    fn document() -> Value {
        json!({
            "client_id": ID,
            "client_name": "Helpful agent",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "client_uri": "https://agents.example/",
            "logo_uri": "http://agents.example/logo.png",
        })
    }

    fn read(document: &Value) -> Result<ClientMetadata, MetadataProblem> {
        ClientMetadata::of_document(document.to_string().as_bytes(), &id())
    }

    #[test]
    fn a_document_says_who_the_client_is_and_what_it_cannot_have_is_left_out() {
        let metadata = read(&document()).expect("a document");
        assert_eq!(metadata.name.as_deref(), Some("Helpful agent"));
        assert_eq!(metadata.authentication, Authentication::None);
        assert_eq!(
            metadata.grant_types,
            BTreeSet::from([GrantType::AuthorizationCode, GrantType::RefreshToken])
        );
        assert_eq!(
            metadata.given_back,
            json!({ "client_uri": "https://agents.example/" }).as_object().cloned().unwrap()
        );
    }

    #[test]
    fn a_document_that_is_wrong_in_one_place_is_refused_for_that() {
        for (member, value, word) in [
            ("client_id", json!("https://agents.example/Client.json"), "client_id"),
            ("client_id", json!("https://agents.example/client.json/"), "client_id"),
            ("client_id", json!(null), "client_id"),
            ("client_secret", json!("secret"), "client_secret"),
            ("client_secret_expires_at", json!(0), "client_secret"),
            ("token_endpoint_auth_method", json!("client_secret_basic"), "token_endpoint_auth_method"),
            ("token_endpoint_auth_method", json!("client_secret_post"), "token_endpoint_auth_method"),
            ("token_endpoint_auth_method", json!("client_secret_jwt"), "token_endpoint_auth_method"),
            ("token_endpoint_auth_method", json!("private_key_jwt"), "jwks"),
            ("redirect_uris", json!([]), "redirect_uris"),
            ("redirect_uris", json!("https://agents.example/callback"), "redirect_uris"),
            ("redirect_uris", json!(["http://agents.example/callback"]), "redirect URI"),
            ("redirect_uris", json!(["https://agents.example/callback#here"]), "redirect URI"),
            ("redirect_uris", json!(["javascript:alert(1)"]), "redirect URI"),
            ("redirect_uris", json!(["https://agents.example/callback", 1]), "redirect_uris"),
            ("redirect_uris", json!(["com.evil.app://login.bank.example/callback"]), "one slash"),
            ("redirect_uris", json!(["com.evil.app:///callback"]), "one slash"),
            ("grant_types", json!(["client_credentials"]), "grant_types"),
            ("grant_types", json!(["implicit"]), "grant_types"),
            ("response_types", json!(["token"]), "response_types"),
            ("client_name", json!("A\u{202e}B"), "client_name"),
            ("client_name", json!("A\u{34f}B"), "client_name"),
            ("client_name", json!("A\u{2800}B"), "client_name"),
            ("client_name", json!("A\u{fff0}B"), "client_name"),
            ("client_name", json!("A\u{1bca0}B"), "client_name"),
            ("client_name", json!("A\u{1d173}B"), "client_name"),
            ("client_name", json!("A".repeat(101)), "client_name"),
            ("client_name", json!({}), "client_name"),
            ("scope", json!("a  \"b"), "scope"),
            ("id_token_signed_response_alg", json!("none"), "id_token_signed_response_alg"),
        ] {
            let mut wrong = document();
            wrong[member] = value.clone();
            let problem = read(&wrong).expect_err(&format!("{member}: {value}"));
            assert!(problem.text().contains(word), "{member}: {value}: {problem:?}");
        }
    }

    /// A title of marks and spaces alone would look like none.
    #[test]
    fn a_name_that_says_nothing_is_none() {
        for name in ["", "  ", "\u{301}", "- . -"] {
            let mut document = document();
            document["client_name"] = json!(name);
            assert_eq!(read(&document).expect("a document").name, None, "{name:?}");
        }
    }

    /// Of two members with one name, one reader takes the first and another the last.
    #[test]
    fn what_is_no_object_or_says_a_thing_twice_is_refused() {
        for bytes in [&b""[..], b"[]", b"null", b"{", b"\xff"] {
            assert!(ClientMetadata::of_document(bytes, &id()).is_err());
        }
        let twice = document().to_string().replacen('{', r#"{"client_name":"Another agent","#, 1);
        assert!(ClientMetadata::of_document(twice.as_bytes(), &id()).is_err(), "{twice}");
    }

    #[test]
    fn a_registration_that_wants_a_secret_is_told_that_it_has_none() {
        let mut wish = document();
        wish["token_endpoint_auth_method"] = json!("client_secret_post");
        let metadata = ClientMetadata::of_registration(wish.to_string().as_bytes()).expect("registered");
        assert_eq!(metadata.to_json()["token_endpoint_auth_method"], "none");
        wish["token_endpoint_auth_method"] = json!("tls_client_auth");
        assert!(ClientMetadata::of_registration(wish.to_string().as_bytes()).is_err());
    }
}
