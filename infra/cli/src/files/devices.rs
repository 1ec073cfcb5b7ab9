use std::collections::BTreeSet;
use std::num::NonZero;

use schemars::JsonSchema;
use serde::Deserialize;

/// What people may be reached on, beside the company's own apps, which they enrol themselves.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicesTable {
    /// The domains in which a person may have messages sent to an e-mail address, such as `example.com`: each with exactly that
    /// domain, and none beneath it. The domain of the address in the person's own record always is one.
    #[serde(default)]
    pub email_domains: BTreeSet<String>,
    /// How a telephone number may begin that text messages are sent to, such as `+49`; `+` is any. Without it nobody is reached by
    /// text message: each one costs money, in some countries much.
    #[serde(default)]
    pub sms_prefixes: BTreeSet<String>,
    /// How many devices may be asked in an hour to confirm themselves, by all people together.
    #[serde(default)]
    #[schemars(extend("default" = 200))]
    pub confirmations_per_hour: Option<NonZero<u32>>,
}
