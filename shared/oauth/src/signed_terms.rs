use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::seconds;
use crate::{ApprovalId, ResourceUri, Timestamp};

/// How long access lasts, as a person reads it before they sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The life of one token, in seconds.
    #[serde(with = "seconds")]
    pub token: Duration,
    /// Until when it can be renewed, where it can be.
    pub renewable_until: Option<Timestamp>,
}

impl Access {
    /// The last moment of any token, where the first is had until `redeemable_until`.
    pub fn ends_at(&self, redeemable_until: Timestamp) -> Timestamp {
        self.renewable_until.unwrap_or_else(|| redeemable_until.after(self.token))
    }
}

/// What a person signed of a request beside how much of it they chose. What comes of their yes keeps to that, whatever the configuration
/// says by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTerms {
    /// What the approval is called: under that it is kept as evidence.
    pub approval: ApprovalId,
    /// How long the access lasts.
    pub access: Access,
    /// The tools that it is for: where the request names none, the one that was meant then.
    pub resources: Vec<ResourceUri>,
}
