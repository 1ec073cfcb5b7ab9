use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

/// `people.toml`: people that `apply` creates when they are missing and brings up to date when they are there. It removes
/// nobody, and nobody's password stands here: `countersign user reset-password` makes one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "people.toml")]
pub struct PeopleFile {
    /// The people.
    #[serde(default)]
    pub people: Vec<PersonTable>,
}

/// One person.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonTable {
    /// What they type to sign in. Capitals do not matter.
    #[schemars(length(min = 1, max = 128))]
    pub user_name: String,
    /// Their full name.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Their e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Their telephone number as it is dialled from anywhere, such as `"+4915112345678"` (ITU-T E.164).
    #[serde(default)]
    pub phone_number: Option<String>,
    /// The names of their groups.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Everything else the company knows, for claims and policy.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The language they read, such as `"en"` or `"de-AT"`; without it, what their browser asks for.
    #[serde(default)]
    pub locale: Option<String>,
    /// The IANA name of their time zone, such as `"Europe/Vienna"`.
    #[serde(default)]
    pub zone: Option<String>,
}
