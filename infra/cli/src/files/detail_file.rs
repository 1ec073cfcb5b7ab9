use std::collections::{BTreeMap, BTreeSet};

use oauth::configuration::{Absent, Assurance, Narrowing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `details/*.toml`: a type of `authorization_details` (RFC 9396, section 2), one a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "details/*.toml")]
pub struct DetailFile {
    /// The value of `type`.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// JSON Schema (2020-12) of the whole detail, `type` included, written as a table.
    pub schema: Map<String, Value>,
    /// By field, a JSON pointer such as `"/actions"` or `"/amount/value"`, how the field may become narrower. What is not named
    /// here may not change.
    #[serde(default)]
    pub narrowing: BTreeMap<String, NarrowingName>,
    /// By field, what it means that the field is absent. Where nothing is said, a field can neither come nor go.
    #[serde(default)]
    pub absent: BTreeMap<String, AbsentName>,
    /// The sentence that a person reads, by language: a template over the fields. English (`en`) is always needed.
    pub sentence: BTreeMap<String, String>,
    /// How strongly a person must have authenticated to approve it.
    #[serde(default = "a_session")]
    pub assurance: AssuranceName,
    /// Whether the type is accepted in pushed authorization requests only (RFC 9126).
    #[serde(default)]
    pub pushed_only: bool,
    /// Whether a request for it rings in a person's quiet hours, too. Others wait on their page until the person looks.
    #[serde(default)]
    pub urgent: bool,
    /// The tools whose tokens may carry it, each one of `tools/`.
    pub tools: BTreeSet<String>,
}

const fn a_session() -> AssuranceName {
    AssuranceName::Session
}

/// How a field may become narrower.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NarrowingName {
    /// It may not change.
    Exact,
    /// An array may lose elements.
    Subset,
    /// A number, or a decimal number in a string, may become smaller.
    AtMost,
    /// A URI or path may move to a place beneath itself.
    Beneath,
}

impl From<NarrowingName> for Narrowing {
    fn from(name: NarrowingName) -> Self {
        match name {
            NarrowingName::Exact => Self::Exact,
            NarrowingName::Subset => Self::Subset,
            NarrowingName::AtMost => Self::AtMost,
            NarrowingName::Beneath => Self::Beneath,
        }
    }
}

/// What it means that a field is absent.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbsentName {
    /// No restriction: a narrower detail may name a value.
    Anything,
    /// Nothing is allowed: a narrower detail may leave the field out.
    Nothing,
}

impl From<AbsentName> for Absent {
    fn from(name: AbsentName) -> Self {
        match name {
            AbsentName::Anything => Self::Anything,
            AbsentName::Nothing => Self::Nothing,
        }
    }
}

/// How strongly a person must have authenticated.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssuranceName {
    /// A session is enough.
    Session,
    /// A passkey with user verification, at the approval itself.
    Strong,
}

impl From<AssuranceName> for Assurance {
    fn from(name: AssuranceName) -> Self {
        match name {
            AssuranceName::Session => Self::Session,
            AssuranceName::Strong => Self::Strong,
        }
    }
}
