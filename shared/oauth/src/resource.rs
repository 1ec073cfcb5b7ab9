use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// A resource indicator (RFC 8707, section 2): an absolute URI without a fragment. It becomes the `aud`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceUri(String);

impl ResourceUri {
    /// Reads the URI; `None` when it is relative, has a fragment or is longer than 512 characters. It is
    /// compared as written (RFC 3986, section 6.2.1), without normalisation.
    pub fn parse(text: &str) -> Option<Self> {
        let absolute = text.len() <= 512 && !text.contains('#') && Url::parse(text).is_ok();
        absolute.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `location` is this resource or lies beneath it, by whole path segments.
    pub fn covers(&self, location: &str) -> bool {
        let Some(rest) = location.strip_prefix(self.0.as_str()) else {
            return false;
        };
        let beneath = rest.is_empty() || self.0.ends_with('/') || rest.starts_with(['/', '?']);
        beneath && !rest.split(['/', '?']).any(|segment| matches!(segment, "." | ".."))
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for ResourceUri {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not an absolute URI without a fragment"))
    }
}

impl From<ResourceUri> for String {
    fn from(uri: ResourceUri) -> Self {
        uri.0
    }
}
