use std::time::Duration;

use environment::Fault;
use oauth::{Actors, AuthorizationDetails, ClientId, GrantId, ResourceUri, Scope, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Draft, Key, body};

/// How many exchanges of one authorization are read: more than a person looks at.
const MOST_READ: i32 = 300;

/// One exchange of a token (RFC 8693), as it is remembered: a person can see the chain of tools that acted in their name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// When.
    pub at: Timestamp,
    /// The client that exchanged the token.
    pub client_id: ClientId,
    /// Who acts since then, the newest first; empty where the new token does not say so.
    pub act: Actors,
    /// On whose behalf.
    pub subject: String,
    /// The token that was exchanged.
    pub from: TokenId,
    /// The token that was issued.
    pub token: TokenId,
    /// For which tool.
    pub resource: ResourceUri,
    /// What it allows by scope.
    pub scope: Scope,
    /// What it allows in detail.
    pub details: AuthorizationDetails,
    /// Until when.
    pub until: Timestamp,
}

impl Store {
    /// Records an exchange under the authorization that it goes back to, or else under the new token itself: one write. It is
    /// forgotten with the authorization.
    ///
    /// # Errors
    /// When the table does not answer: the new token is then given to nobody.
    pub async fn record_hop(
        &self,
        grant_id: Option<&GrantId>,
        hop: &Hop,
        forgotten_at: Timestamp,
    ) -> Result<(), Fault> {
        let until = forgotten_at.max(hop.until).after(Duration::from_mins(2));
        self.write(Draft::new(&key(grant_id, &hop.token), hop, Some(until))).await
    }

    /// The exchanges that were recorded under an authorization, the oldest first, and whether these are all: one query.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn hops_of(&self, grant_id: &GrantId) -> Result<(Vec<Hop>, bool), Fault> {
        let (items, are_all) = self.query_some(&format!("AUTHORIZATION#{grant_id}"), HOP, MOST_READ).await?;
        let mut hops = items.iter().map(body).collect::<Result<Vec<Hop>, _>>()?;
        hops.sort_by_key(|hop| hop.at);
        Ok((hops, are_all))
    }
}

/// How the sort key of an exchange begins.
const HOP: &str = "HOP#";

pub(crate) fn key(grant_id: Option<&GrantId>, token: &TokenId) -> Key {
    let partition = grant_id.map_or_else(|| format!("TOKEN#{token}"), |id| format!("AUTHORIZATION#{id}"));
    Key::new(partition, format!("{HOP}{token}"))
}
