use http_types::header::{CONTENT_TYPE, HeaderValue};
use http_types::{Method, Response};
use oauth::ResourceUri;
use serde_json::{Value, json};
use url::Url;

/// Where a resource says what it is: before its own path (RFC 9728, section 3.1).
const PLACE: &str = "/.well-known/oauth-protected-resource";

/// What a tool says of itself (RFC 9728, section 2), so that a client that knows the tool alone finds its issuer.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    resource: ResourceUri,
    /// The path of [`ProtectedResource::url`].
    path: Option<String>,
    issuer: String,
    name: Option<String>,
    scopes: Vec<String>,
    detail_types: Vec<String>,
    takes_bearer_tokens: bool,
}

impl ProtectedResource {
    /// The least that there is to say. A tool with a guard has it from that: [`crate::Guard::metadata`].
    pub fn new(resource: ResourceUri, issuer: impl Into<String>) -> Self {
        Self {
            path: place(&resource).map(|url| url.path().to_owned()),
            resource,
            issuer: issuer.into(),
            name: None,
            scopes: Vec::new(),
            detail_types: Vec::new(),
            takes_bearer_tokens: true,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A scope that a client may ask for.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// A type of `authorization_details` that it keeps to.
    #[must_use]
    pub fn detail_type(mut self, detail_type: impl Into<String>) -> Self {
        self.detail_types.push(detail_type.into());
        self
    }

    /// It takes something else than bearer tokens, such as SAML assertions.
    #[must_use]
    pub fn without_bearer_tokens(mut self) -> Self {
        self.takes_bearer_tokens = false;
        self
    }

    /// The document, which anybody may read. No way to send a bearer token is an empty array (RFC 9728, section 2).
    pub fn document(&self) -> Value {
        let methods: &[&str] = if self.takes_bearer_tokens { &["header"] } else { &[] };
        let mut document = json!({
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": methods,
        });
        for (member, values) in [
            ("scopes_supported", &self.scopes),
            ("authorization_details_types_supported", &self.detail_types),
        ] {
            if !values.is_empty() {
                document[member] = values.clone().into();
            }
        }
        if let Some(name) = &self.name {
            document["resource_name"] = name.as_str().into();
        }
        document
    }

    /// The document, where a request is for it: `GET` or `HEAD` of the place that RFC 9728, section 3.1, prescribes. `None` for
    /// every other request, which is for the tool.
    pub fn answer<B: From<String>>(&self, method: &Method, path: &str) -> Option<Response<B>> {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        if !is_read || Some(path) != self.path.as_deref() {
            return None;
        }
        let mut response = Response::new(B::from(self.document().to_string()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(response)
    }

    /// Where a client looks for the document: [`metadata_url`].
    pub fn url(&self) -> Option<String> {
        metadata_url(&self.resource)
    }
}

/// Where the document of a resource lies: the well-known part stands between host and path (RFC 9728, section 3.1). `None`
/// when the resource is no web address.
pub fn metadata_url(resource: &ResourceUri) -> Option<String> {
    place(resource).map(Into::into)
}

fn place(resource: &ResourceUri) -> Option<Url> {
    let mut url = Url::parse(resource.as_str()).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{PLACE}{path}"));
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> ResourceUri {
        ResourceUri::parse(text).expect("a resource")
    }

    /// RFC 9728, section 3.1.
    #[test]
    fn the_well_known_part_stands_between_host_and_path() {
        for (text, url) in [
            (
                "https://resource.example.com",
                "https://resource.example.com/.well-known/oauth-protected-resource",
            ),
            (
                "https://resource.example.com/resource1",
                "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
            ),
            (
                "https://resource.example.com:8443/a/?b=c",
                "https://resource.example.com:8443/.well-known/oauth-protected-resource/a?b=c",
            ),
        ] {
            assert_eq!(metadata_url(&resource(text)).as_deref(), Some(url));
        }
        assert_eq!(metadata_url(&resource("urn:example:tool")), None);
    }

    /// RFC 9728, sections 3.1 and 3.2.
    #[test]
    fn the_document_is_answered_at_its_place_and_nowhere_else() {
        let at = |of: &str, method: Method, path: &str| {
            ProtectedResource::new(resource(of), "https://auth.example.com").answer::<String>(&method, path)
        };
        let (root, tool) = ("https://tool.example", "https://tool.example/mcp/");
        let place = "/.well-known/oauth-protected-resource";
        for (of, path) in [(root, place.to_owned()), (tool, format!("{place}/mcp"))] {
            for method in [Method::GET, Method::HEAD] {
                let answer = at(of, method, &path).expect("the document");
                assert_eq!(
                    (answer.status().as_u16(), &answer.headers()["content-type"]),
                    (200, &HeaderValue::from_static("application/json"))
                );
                let said: Value = serde_json::from_str(answer.body()).expect("JSON");
                assert_eq!(said["resource"], of);
            }
            assert!(at(of, Method::POST, &path).is_none());
            for other in ["/", "/mcp", &format!("{path}/"), &format!("{path}x"), "/.well-known"] {
                assert!(at(of, Method::GET, other).is_none(), "{other} of {of}");
            }
        }
        assert!(at(tool, Method::GET, place).is_none(), "another tool of that host is described there");
        assert!(at("urn:example:tool", Method::GET, place).is_none());
    }

    /// RFC 9728, section 2: the empty array says that there is no way.
    #[test]
    fn a_tool_that_takes_no_bearer_token_says_so() {
        let ledger =
            ProtectedResource::new(resource("https://ledger.internal.corp"), "https://auth.example.com");
        assert_eq!(ledger.without_bearer_tokens().document()["bearer_methods_supported"], json!([]));
    }

    #[test]
    fn a_tool_names_its_issuer_and_says_only_what_there_is_to_say() {
        let bare =
            ProtectedResource::new(resource("https://files.internal.corp"), "https://auth.example.com");
        assert_eq!(
            bare.document(),
            json!({
                "resource": "https://files.internal.corp", "authorization_servers": ["https://auth.example.com"],
                "bearer_methods_supported": ["header"],
            })
        );
        let full = bare.named("Files").scope("files.access").detail_type("file_access").document();
        assert_eq!(full["scopes_supported"], json!(["files.access"]));
        assert_eq!(full["authorization_details_types_supported"], json!(["file_access"]));
        assert_eq!(full["resource_name"], "Files");
    }
}
