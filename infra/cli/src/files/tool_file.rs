use std::collections::BTreeMap;

use oauth::FieldSource;
use oauth::configuration::{ClaimSource, SamlAttribute, SamlNameId, SigningAlgorithm};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Lifetime, SigningAlgorithmName};

/// `tools/*.toml`: a tool, one a file. A tool is a resource server (an API, an MCP server) that takes our tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tools/*.toml")]
pub struct ToolFile {
    /// Its short name: letters, digits, `-` and `_`, at most 64.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub id: String,
    /// What people call it; the consent page shows it.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Its resource indicator (RFC 8707, section 2): an absolute URI without a fragment. It is the `aud` of the tool's tokens.
    pub resource: String,
    /// Other places that it serves: the `locations` of a detail may lie beneath these and beneath `resource`.
    #[serde(default)]
    pub locations: Vec<String>,
    /// Its scopes, by name.
    #[serde(default)]
    pub scopes: BTreeMap<String, ScopeTable>,
    /// How long its access tokens live: 30 s to 1 h. Without it, as `server.toml` says.
    #[serde(default)]
    pub access_token_lifetime: Option<Lifetime>,
    /// How its access tokens are signed.
    #[serde(default = "es256")]
    pub signing_alg: SigningAlgorithmName,
    /// Whether its tokens carry a reference instead of the details themselves; introspection then answers with them. Above 4 KB
    /// of details that is so anyway.
    #[serde(default)]
    pub details_by_reference: bool,
    /// Which of a person's claims its tokens carry: the claim's name, and where it comes from.
    #[serde(default)]
    pub claims: BTreeMap<String, ClaimSourceName>,
    /// What of other tools' rights becomes a right here when a token is exchanged (RFC 8693). What no rule speaks of does not
    /// pass; and whether a client may exchange at all is for the policies to say.
    #[serde(default)]
    pub exchange: Vec<ExchangeTable>,
    /// The tool as a SAML service provider. With it, an access token can be exchanged for a SAML 2.0 assertion that the tool takes.
    #[serde(default)]
    pub saml: Option<SamlTable>,
}

/// The tool as a SAML service provider.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamlTable {
    /// Its entity id: the audience of its assertions.
    #[schemars(length(min = 1, max = 1024))]
    pub audience: String,
    /// Its assertion consumer service, an `https` URL: the one place where an assertion may be presented.
    pub recipient: String,
    /// What the subject is called: `subject` (the `sub` of other tokens), `email` or `user_name`.
    #[serde(default)]
    pub name_id: SamlNameIdName,
    /// How long an assertion lives: 30 s to 10 min. It cannot be called back. Without it, 2 min.
    #[serde(default)]
    pub lifetime: Option<Lifetime>,
    /// What else an assertion says: the attribute's name, a URI or a word, and where its values come from. Each has
    /// `scope`, `authorization_details`, `client_id` and the chain of actors (`act`) anyway.
    #[serde(default)]
    pub attributes: BTreeMap<String, SamlAttributeSource>,
}

/// What an assertion calls its subject.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SamlNameIdName {
    /// The `sub` of the other tokens.
    #[default]
    Subject,
    /// The person's e-mail address.
    Email,
    /// The person's user name.
    UserName,
}

/// Where an attribute's values come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SamlAttributeSource {
    /// The names of the person's groups.
    Groups,
    /// The person's e-mail address.
    Email,
    /// The person's full name.
    Name,
    /// The person's user name.
    UserName,
    /// One of the person's attributes.
    Attribute(String),
    /// What each granted scope is called there, such as `{ "crm.write" = "Editor" }`; scopes that are not named give no value.
    Scopes(BTreeMap<String, String>),
    /// A field of the granted detail of a type, such as `{ type = "file_access", field = "/identifier" }`. When several details of the type are granted, there is no assertion: their
    /// fields side by side would allow more than each of them.
    Detail(SamlDetailField),
}

/// A field of a detail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamlDetailField {
    /// The detail's type.
    #[serde(rename = "type")]
    pub detail_type: String,
    /// The field, as a JSON pointer such as `/identifier`.
    pub field: String,
}

impl From<SamlNameIdName> for SamlNameId {
    fn from(name: SamlNameIdName) -> Self {
        match name {
            SamlNameIdName::Subject => Self::Subject,
            SamlNameIdName::Email => Self::Email,
            SamlNameIdName::UserName => Self::UserName,
        }
    }
}

impl From<SamlAttributeSource> for SamlAttribute {
    fn from(source: SamlAttributeSource) -> Self {
        match source {
            SamlAttributeSource::Groups => Self::Person(ClaimSource::Groups),
            SamlAttributeSource::Email => Self::Person(ClaimSource::Email),
            SamlAttributeSource::Name => Self::Person(ClaimSource::Name),
            SamlAttributeSource::UserName => Self::Person(ClaimSource::UserName),
            SamlAttributeSource::Attribute(name) => Self::Person(ClaimSource::Attribute(name)),
            SamlAttributeSource::Scopes(values) => Self::Scopes(values),
            SamlAttributeSource::Detail(SamlDetailField { detail_type, field }) => {
                Self::Detail { detail_type, field }
            }
        }
    }
}

fn es256() -> SigningAlgorithmName {
    SigningAlgorithmName(SigningAlgorithm::Es256)
}

/// One scope of a tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeTable {
    /// In plain words, by language: what a person reads who is asked for it. English (`en`) is always needed.
    pub description: BTreeMap<String, String>,
    /// Whether the scope gives access to nothing without `authorization_details`.
    #[serde(default)]
    pub requires_details: bool,
}

/// One right of another tool that becomes one of this tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeTable {
    /// The tool whose token is exchanged.
    pub from: String,
    /// One of its scopes. Or `detail_type`.
    #[serde(default)]
    pub scope: Option<String>,
    /// One of its types of `authorization_details`. Or `scope`.
    #[serde(default)]
    pub detail_type: Option<String>,
    /// What fields of the detail must hold for the rule to apply: the value itself, or a list with the value in it.
    #[serde(default)]
    pub requires: BTreeMap<String, Value>,
    /// The scope or type of this tool that it becomes.
    pub becomes: String,
    /// Where each field of the new detail comes from: `{ field = "customer" }`, the field of the detail that it is made of, or
    /// `{ value = ["read"] }`. Without it, and where the type stays the same, all fields stay as they are.
    /// A detail without a field that one comes from does not pass.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldSourceName>,
}

/// Where a field of a detail comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldSourceName {
    /// A field of the detail that it is made of.
    Field(String),
    /// Always this.
    Value(Value),
}

impl FieldSourceName {
    /// The field of the other type, where it is one.
    pub fn field(&self) -> Option<&String> {
        match self {
            Self::Field(name) => Some(name),
            Self::Value(_) => None,
        }
    }
}

impl From<FieldSourceName> for FieldSource {
    fn from(name: FieldSourceName) -> Self {
        match name {
            FieldSourceName::Field(name) => Self::Field(name),
            FieldSourceName::Value(value) => Self::Value(value),
        }
    }
}

/// Where a claim's value comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimSourceName {
    /// The names of the person's groups.
    Groups,
    /// The person's e-mail address.
    Email,
    /// The person's full name.
    Name,
    /// The person's user name.
    UserName,
    /// One of the person's attributes.
    Attribute(String),
}

impl From<ClaimSourceName> for ClaimSource {
    fn from(name: ClaimSourceName) -> Self {
        match name {
            ClaimSourceName::Groups => Self::Groups,
            ClaimSourceName::Email => Self::Email,
            ClaimSourceName::Name => Self::Name,
            ClaimSourceName::UserName => Self::UserName,
            ClaimSourceName::Attribute(attribute) => Self::Attribute(attribute),
        }
    }
}
