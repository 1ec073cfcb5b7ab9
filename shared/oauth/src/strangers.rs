//! Clients that nobody here has registered: which of them are let in, and what they may ask for. Both kinds are off unless the
//! configuration says otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::client_metadata::ClientMetadata;
use crate::configuration::{AddressRange, Client, Server};
use crate::redirect::is_loopback;
use crate::time::seconds;
use crate::{AuthorizationDetails, ClientId, Scope, Sha256Digest, Timestamp, ToolId};

/// Where a client comes from, and so who vouches for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientOrigin {
    /// An operator has put it into the configuration.
    #[default]
    Configured,
    /// Its `client_id` is the URL of a document that describes it. The host of the document vouches for it, and nobody else.
    Document,
    /// It has registered itself (RFC 7591). Nobody vouches for it.
    Registered,
}

impl ClientOrigin {
    /// The word for it in policies and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Document => "document",
            Self::Registered => "registered",
        }
    }

    /// Whether an operator has registered it.
    pub const fn is_vouched_for(&self) -> bool {
        matches!(self, Self::Configured)
    }
}

/// What clients that nobody vouches for may ask for. The policies decide about it as about everybody else's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTo {
    /// The tools.
    pub tools: BTreeSet<ToolId>,
    /// The scopes, of the tools and of the issuer.
    pub scopes: Scope,
    /// The types of `authorization_details`.
    pub detail_types: BTreeSet<String>,
    /// The tool that a token is for when the client names none.
    pub default_tool: Option<ToolId>,
}

/// Clients that are described by a document at their `client_id`
/// (draft-ietf-oauth-client-id-metadata-document).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// The hosts whose documents are read, in lower case: `agents.example`, or `*.agents.example` for every name below it.
    pub hosts: Vec<String>,
    /// What their clients may ask for.
    pub open_to: OpenTo,
}

impl Documents {
    /// Whether documents of this host are read.
    pub fn allow(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(domain) => {
                host.strip_suffix(domain).is_some_and(|name| name.len() > 1 && name.ends_with('.'))
            }
            None => pattern == host,
        })
    }
}

/// Clients that register themselves (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The digest of the initial access token (RFC 7591, section 1.2), when one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_access_token: Option<Sha256Digest>,
    /// How long a registration lives that nobody has used.
    #[serde(with = "seconds")]
    pub unused: Duration,
    /// How many registrations in a minute one network address may make.
    pub per_minute: u32,
    /// What such clients may ask for.
    pub open_to: OpenTo,
}

/// What the server may fetch, and whom it trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundSettings {
    /// Hosts that may have private addresses: `agents.corp`, or `agents.corp:8443` for another port than 443.
    #[serde(default)]
    pub private_hosts: Vec<String>,
    /// Where endpoints of clients may lie on private networks, whatever their hosts are called. No document is fetched there: who
    /// names its URL is a stranger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_ranges: Vec<AddressRange>,
    /// Certificates of authorities that are trusted beside the public ones, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
}

impl OutboundSettings {
    /// Whether this host, at whatever port, is one that may have private addresses.
    pub fn is_private_host(&self, host: &str) -> bool {
        let is_of =
            |own: &str| own.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        self.private_hosts.iter().any(|own| is_of(own))
    }
}

/// What every `client_id` begins with that we have given out at registration.
const REGISTERED: &str = "registered-";

/// The longest time that a document is used without being read again.
pub const LONGEST_FRESH: Duration = Duration::from_hours(24);

impl ClientId {
    /// The identifier of a client that registers itself, made of 128 random bits.
    pub fn registered(id: &crate::GrantId) -> Option<Self> {
        Self::parse(&format!("{REGISTERED}{id}"))
    }

    /// Whose kind of identifier this is. Nobody can have one of another kind: a configuration that would mix them is refused.
    pub fn origin(&self, server: &Server) -> ClientOrigin {
        let id = self.as_str();
        if server.documents.is_some() && (id.starts_with("https://") || id.starts_with("http://")) {
            ClientOrigin::Document
        } else if server.registration.is_some() && id.starts_with(REGISTERED) {
            ClientOrigin::Registered
        } else {
            ClientOrigin::Configured
        }
    }
}

impl Server {
    /// Whether a client that nobody here registers can come under this id. A policy may name it.
    pub fn may_meet(&self, id: &str) -> bool {
        let Some(id) = ClientId::parse(id) else { return false };
        match id.origin(self) {
            ClientOrigin::Configured => false,
            ClientOrigin::Registered => true,
            ClientOrigin::Document => DocumentUrl::parse(&id).is_ok_and(|url| {
                self.documents.as_ref().is_some_and(|documents| documents.allow(url.host()))
            }),
        }
    }
}

/// A `client_id` that is the URL of a document (draft-ietf-oauth-client-id-metadata-document, section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentUrl(Url);

impl DocumentUrl {
    /// Reads the URL. Documents are compared with it as text, so it must be written as a URL parser would write it. A query,
    /// which a URL should not have, is not taken.
    ///
    /// `http` passes on loopback alone, and there only the local server fetches it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(id: &ClientId) -> Result<Self, &'static str> {
        let text = id.as_str();
        let url = Url::parse(text).map_err(|_| "it is not a URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it names a user");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it has a query or a fragment");
        }
        match (url.scheme(), url.host()) {
            ("https", Some(Host::Domain(name))) if !name.ends_with('.') => {}
            ("http", Some(host)) if is_loopback(&host) => {}
            ("https", _) => return Err("its host is not a domain name"),
            _ => return Err("it is not https"),
        }
        if url.path() == "/" {
            return Err("it has no path");
        }
        if url.as_str() != text {
            return Err(
                "it is not in normal form (lower case host, no default port, no dots as path segments)",
            );
        }
        Ok(Self(url))
    }

    /// The URL.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

/// What we know of a client that nobody here registered: what it says of itself, and until when that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stranger {
    /// Its `client_id`.
    pub id: ClientId,
    /// What its document or its registration says.
    pub metadata: ClientMetadata,
    /// When that was read or written.
    pub read_at: Timestamp,
    /// Until when a new request may begin with it. A document is read again after that.
    pub fresh_until: Timestamp,
    /// Its last moment: what was granted to it has ended by then.
    pub expires_at: Timestamp,
    /// The digest of its registration access token (RFC 7592, section 3); a document has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<Sha256Digest>,
}

impl Stranger {
    /// A client whose document was just read, and says it may be used for `fresh_for`.
    pub fn of_document(
        id: ClientId,
        metadata: ClientMetadata,
        fresh_for: Duration,
        server: &Server,
        now: Timestamp,
    ) -> Self {
        let fresh_until = now.after(fresh_for.min(LONGEST_FRESH));
        let lives = &server.lifetimes;
        // A request that begins in the last fresh moment is decided upon later, and its grant renewed until it ends.
        let expires_at = fresh_until.after(lives.interaction + lives.authorization);
        Self { id, metadata, read_at: now, fresh_until, expires_at, management: None }
    }

    /// A client that has just registered, and is gone unless it is used.
    pub fn of_registration(
        id: ClientId,
        metadata: ClientMetadata,
        management: Sha256Digest,
        registration: &Registration,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.after(registration.unused);
        Self { id, metadata, read_at: now, fresh_until: expires_at, expires_at, management: Some(management) }
    }

    /// The registration when a person grants it something: it lives as long as the grant can, and then as one that is not
    /// used. `None` when it lives that long already.
    #[must_use]
    pub fn used(&self, server: &Server, now: Timestamp) -> Option<Self> {
        let unused = server.registration.as_ref().map_or(Duration::ZERO, |registration| registration.unused);
        let grant_ends = now.after(server.lifetimes.authorization);
        let until = grant_ends.after(unused);
        (self.expires_at <= grant_ends).then(|| Self {
            fresh_until: until,
            expires_at: until,
            ..self.clone()
        })
    }

    /// Whether anything of it still counts.
    pub fn is_known_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whether a new request may begin without reading its document again.
    pub fn is_fresh_at(&self, now: Timestamp) -> bool {
        now < self.fresh_until
    }

    /// It as a client under the configuration in force, which may let it in no more. Whatever it says of itself, it has a
    /// person's grants alone, for what is open to strangers, and no consent of it is remembered.
    pub fn as_client(&self, server: &Server) -> Option<Client> {
        let origin = self.id.origin(server);
        let open_to = match (origin, &self.management) {
            (ClientOrigin::Document, None) => {
                let documents = server.documents.as_ref()?;
                let url = DocumentUrl::parse(&self.id).ok()?;
                documents.allow(url.host()).then_some(&documents.open_to)?
            }
            (ClientOrigin::Registered, Some(_)) => &server.registration.as_ref()?.open_to,
            _ => return None,
        };
        let metadata = &self.metadata;
        Some(Client {
            backchannel: None,
            id: self.id.clone(),
            name: metadata.name.clone().unwrap_or_else(|| self.name_of_its_own()),
            authentication: metadata.authentication.clone(),
            redirect_uris: metadata.redirect_uris.clone(),
            grant_types: metadata.grant_types.clone(),
            scopes: metadata
                .scope
                .as_ref()
                .map_or_else(|| open_to.scopes.clone(), |own| open_to.scopes.intersection(own)),
            detail_types: open_to.detail_types.clone(),
            tools: open_to.tools.clone(),
            default_tool: open_to.default_tool.clone(),
            standing_details: AuthorizationDetails::default(),
            require_pushed_authorization_requests: false,
            requests_per_minute: None,
            remember_consent: false,
            id_token_signed_response_alg: metadata.id_token_signed_response_alg,
            is_tool: None,
            may_act: None,
            actors: BTreeSet::new(),
            origin,
        })
    }

    /// What people read of a client that has not said its name: who publishes its document, or where it waits for its answer.
    fn name_of_its_own(&self) -> String {
        match DocumentUrl::parse(&self.id) {
            Ok(url) => url.host().to_owned(),
            Err(_) => self
                .metadata
                .redirect_uris
                .first()
                .map_or_else(|| self.id.to_string(), crate::RedirectUri::host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<&'static str> {
        DocumentUrl::parse(&ClientId::parse(text).expect("visible characters")).err()
    }

    #[test]
    fn a_document_has_an_https_url_in_normal_form_with_a_path() {
        for good in [
            "https://agents.example/oauth/client.json",
            "https://agents.example:8443/client",
            "https://agents.example/a/",
            "http://localhost:8080/client.json",
            "http://127.0.0.1:8080/client.json",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in [
            "https://agents.example",
            "https://agents.example/",
            "http://agents.example/client.json",
            "ftp://agents.example/client.json",
            "https://agents.example/a/../client.json",
            "https://agents.example/./client.json",
            "https://agents.example/%2e%2e/client.json",
            "https://agents.example/client.json#a",
            "https://agents.example/client.json#",
            "https://agents.example/client.json?a=b",
            "https://agents.example/client.json?",
            "https://user@agents.example/client.json",
            "https://:@agents.example/client.json",
            "https://Agents.example/client.json",
            "HTTPS://agents.example/client.json",
            "https://agents.example:443/client.json",
            "https://agents.example./client.json",
            "https://93.184.216.34/client.json",
            "https://[::1]/client.json",
            "https:/agents.example/client.json",
            "https://agents.example\\client.json",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_private_host_is_one_at_every_port_and_no_other_is() {
        let private_hosts = vec!["agents.corp".to_owned(), "tools.corp:8443".to_owned()];
        let settings = OutboundSettings { private_hosts, ..OutboundSettings::default() };
        for (host, is_private) in [
            ("agents.corp", true),
            ("tools.corp", true),
            ("agents.cor", false),
            ("tools.corp.example", false),
            ("a.agents.corp", false),
            ("agents.example", false),
        ] {
            assert_eq!(settings.is_private_host(host), is_private, "{host}");
        }
    }

    #[test]
    fn a_pattern_stands_for_names_below_a_domain_and_not_for_others() {
        let documents = Documents {
            hosts: vec!["agents.example".to_owned(), "*.tools.example".to_owned()],
            open_to: OpenTo::default(),
        };
        for host in ["agents.example", "a.tools.example", "a.b.tools.example"] {
            assert!(documents.allow(host), "{host}");
        }
        for host in [
            "",
            "example",
            "a.agents.example",
            "tools.example",
            ".tools.example",
            "eviltools.example",
            "agents.example.evil",
        ] {
            assert!(!documents.allow(host), "{host}");
        }
    }
}
