//! The types of the configuration's files. Each refuses a field that it does not know, and each has a published JSON
//! Schema ([`crate::schema`]) so that editors complete it. The doc comments are what the schema and the reference say.

mod backchannel;
mod client_file;
mod detail_file;
mod devices;
mod lifetime;
mod people_file;
mod server_file;
mod stranger_tables;
mod tool_file;
mod trust;

use std::borrow::Cow;

use oauth::configuration::SigningAlgorithm;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

pub use backchannel::{BackchannelTable, ClientBackchannelTable, DeliveryMode, UserCodeName};
pub use client_file::{AuthenticationMethod, ClientFile, GrantTypeName, PublicKeys, StandingDetail};
pub use detail_file::{AbsentName, AssuranceName, DetailFile, NarrowingName};
pub use devices::DevicesTable;
pub use lifetime::Lifetime;
pub use people_file::{PeopleFile, PersonTable};
pub use server_file::{
    BrandTable, ExchangeSettingsTable, LifetimesTable, LimitsTable, ServerFile, SignInTable,
};
pub use stranger_tables::{ClientDocumentsTable, ClientRegistrationTable, OpenToTable, OutboundTable};
pub use tool_file::{
    ClaimSourceName, ExchangeTable, FieldSourceName, SamlAttributeSource, SamlDetailField, SamlNameIdName,
    SamlTable, ScopeTable, ToolFile,
};
pub use trust::{AcceptanceName, IdJagTargetTable, SubjectName, TrustedIssuerTable};

/// The algorithm of a token's signature, by its JOSE name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SigningAlgorithmName(pub SigningAlgorithm);

impl serde::Serialize for SigningAlgorithmName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl JsonSchema for SigningAlgorithmName {
    fn schema_name() -> Cow<'static, str> {
        "SigningAlgorithm".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["ES256", "RS256"] })
    }
}
