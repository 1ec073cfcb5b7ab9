use oauth::ResourceUri;
use serde_json::{Value, json};
use url::Url;

/// What a tool says of itself (RFC 9728, section 2), so that a client that knows the tool alone finds its issuer.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    resource: ResourceUri,
    issuer: String,
    name: Option<String>,
    scopes: Vec<String>,
    detail_types: Vec<String>,
}

impl ProtectedResource {
    /// The least that there is to say.
    pub fn new(resource: ResourceUri, issuer: impl Into<String>) -> Self {
        let (scopes, detail_types) = (Vec::new(), Vec::new());
        Self { resource, issuer: issuer.into(), name: None, scopes, detail_types }
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

    /// The document, which anybody may read.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
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

    /// Where a client looks for the document: [`metadata_url`].
    pub fn url(&self) -> Option<String> {
        metadata_url(&self.resource)
    }
}

/// Where the document of a resource lies: the well-known part stands between host and path (RFC 9728, section 3.1). `None`
/// when the resource is no web address.
pub fn metadata_url(resource: &ResourceUri) -> Option<String> {
    let mut url = Url::parse(resource.as_str()).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
    Some(url.into())
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
