use oauth::{AuthorizationDetails, ClientId, GrantId, ResourceUri, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::taking::each_takes_one;
use crate::{Shown, Why};

/// What an approval gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The authorization: `grant_id` of its tokens.
    pub grant_id: GrantId,
    /// To which client.
    pub client: ClientId,
    /// For which tools.
    pub resources: Vec<ResourceUri>,
    /// By scope.
    pub scope: Scope,
    /// In detail.
    pub details: AuthorizationDetails,
    /// When the person approved.
    pub approved_at: Timestamp,
}

impl Granted {
    /// The same as whoever reads its canonical JSON finds it.
    pub(crate) fn as_read(&self) -> Self {
        let text = oauth::canonical(self);
        serde_json::from_slice(&text).unwrap_or_else(|_| self.clone())
    }

    /// Whether no more was given than the person approved, while they could.
    pub(crate) fn is_within(&self, shown: &Shown) -> Result<(), Why> {
        if self.client != shown.client.id {
            return Err(Why::GrantedClient);
        }
        if !self.resources.iter().all(|resource| shown.tools.iter().any(|tool| tool.resource == *resource)) {
            return Err(Why::GrantedResources);
        }
        if !self.scope.is_within(&shown.approved_scope()) {
            return Err(Why::GrantedScope);
        }
        let approved: Vec<_> = shown.approved_details().collect();
        if !each_takes_one(self.details.iter(), &approved, |one, other| *one == *other) {
            return Err(Why::GrantedDetails);
        }
        let could = shown.shown_at <= self.approved_at && self.approved_at <= shown.request.expires_at;
        could.then_some(()).ok_or(Why::Time)
    }
}
