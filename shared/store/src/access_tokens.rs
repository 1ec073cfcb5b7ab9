use environment::Fault;
use oauth::{
    AccessTokenClaims, Authorization, AuthorizationDetails, ClientId, Grant, GrantId, PersonId, Timestamp,
    TokenId,
};

use crate::item::{Draft, Item, Key, body};
use crate::{ClientState, Person, Store, authorizations, client_states, people};

/// Everything that says whether an access token still stands, read in one call.
#[derive(Debug)]
pub struct Standing {
    /// Whether the token itself was revoked.
    pub revoked: bool,
    /// The authorization it names, if it names one and it is still there.
    pub authorization: Option<Authorization>,
    /// The person it names, if it names one and they are still there.
    pub person: Option<Person>,
    /// The standing of the client it was given to.
    pub client: ClientState,
}

impl Standing {
    /// Whether nothing has ended the token: itself, its authorization, its client or its person.
    pub fn holds(&self, claims: &AccessTokenClaims, now: Timestamp) -> bool {
        if self.revoked || !self.client.allows_issued_at(claims.iat) {
            return false;
        }
        if claims.grant_id.is_none() {
            return true;
        }
        let grant = self.authorization.as_ref().and_then(|authorization| authorization.live_grant(now).ok());
        let (Some(grant), Some(person)) = (grant, &self.person) else { return false };
        person.id == grant.person
            && person.allows_made_at(grant.granted_at)
            && self.client.allows_issued_at(grant.granted_at)
    }
}

impl Store {
    /// Reads everything that says whether an access token still stands: one call of at most four items, and
    /// a second one only where the details of the authorization are too large to live in its item.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing(&self, claims: &AccessTokenClaims) -> Result<Standing, Fault> {
        let revoked = revocation_key(claims.grant_id.as_ref(), &claims.jti);
        let client = client_states::key(&claims.client_id);
        let Some((grant_id, person)) = claims.grant_id.as_ref().zip(PersonId::parse(&claims.sub)) else {
            let [revoked, client] = self.read_all([&revoked, &client]).await?;
            let client = client_state(client.as_ref())?;
            return Ok(Standing { revoked: revoked.is_some(), authorization: None, person: None, client });
        };
        let keys = [&revoked, &client, &authorizations::key(grant_id), &people::key(&person)];
        let [revoked, client, authorization, person] = self.read_all(keys).await?;
        let authorization = match &authorization {
            Some(item) => Some(self.assemble(item).await?),
            None => None,
        };
        Ok(Standing {
            revoked: revoked.is_some(),
            authorization,
            person: person.as_ref().map(body).transpose()?,
            client: client_state(client.as_ref())?,
        })
    }

    /// Ends one access token, not the authorization it comes from (RFC 7009): one write, forgotten when the
    /// token would have expired anyway.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn revoke_access_token(&self, claims: &AccessTokenClaims) -> Result<(), Fault> {
        let key = revocation_key(claims.grant_id.as_ref(), &claims.jti);
        let margin = std::time::Duration::from_mins(2);
        self.write(Draft::new(&key, &claims.client_id, Some(claims.exp.after(margin)))).await
    }

    /// Keeps details to which a token only refers, when they are not those of its whole authorization.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_details(
        &self,
        grant_id: Option<&GrantId>,
        jti: &TokenId,
        details: &AuthorizationDetails,
        until: Timestamp,
    ) -> Result<(), Fault> {
        let key = kept_details_key(grant_id, jti);
        self.write(Draft::new(&key, details, Some(until.after(std::time::Duration::from_mins(2))))).await
    }

    /// The details that a token refers to, if they were kept for it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn kept_details(
        &self,
        grant_id: Option<&GrantId>,
        jti: &TokenId,
    ) -> Result<Option<AuthorizationDetails>, Fault> {
        self.read(&kept_details_key(grant_id, jti)).await?.as_ref().map(body).transpose()
    }

    /// Everything that says whether a grant still stands beside its own item, read in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_of(&self, grant: &Grant) -> Result<(Option<Person>, ClientState), Fault> {
        let keys = [&people::key(&grant.person), &client_states::key(&grant.client_id)];
        let [person, client] = self.read_all(keys).await?;
        Ok((person.as_ref().map(body).transpose()?, client_state(client.as_ref())?))
    }

    /// The standing of a client, read now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn client_state_now(&self, id: &ClientId) -> Result<ClientState, Fault> {
        client_state(self.read(&client_states::key(id)).await?.as_ref())
    }
}

fn client_state(item: Option<&Item>) -> Result<ClientState, Fault> {
    item.map_or_else(|| Ok(ClientState::default()), body)
}

fn revocation_key(grant_id: Option<&GrantId>, jti: &TokenId) -> Key {
    match grant_id {
        Some(id) => Key::new(format!("AUTHORIZATION#{id}"), format!("REVOKED#{jti}")),
        None => Key::new(format!("TOKEN#{jti}"), "REVOKED"),
    }
}

fn kept_details_key(grant_id: Option<&GrantId>, jti: &TokenId) -> Key {
    match grant_id {
        Some(id) => Key::new(format!("AUTHORIZATION#{id}"), format!("KEPT#{jti}")),
        None => Key::new(format!("TOKEN#{jti}"), "KEPT"),
    }
}
