use environment::Fault;
use oauth::{
    AccessTokenClaims, Authorization, AuthorizationDetails, ClientId, Grant, GrantId, PersonId, ResourceUri,
    Stage, Timestamp, TokenId,
};

use crate::item::{Draft, Item, Key, body};
use crate::{ClientState, Hop, Person, Store, authorizations, client_states, hops, people};

/// No authorization lasts longer, whatever the configuration says.
const LONGEST_AUTHORIZATION: std::time::Duration = std::time::Duration::from_hours(366 * 24);

/// Everything that says whether an access token still stands, read in one call.
#[derive(Debug)]
pub struct Standing {
    /// Whether the token itself was revoked, or one that it was exchanged from.
    pub revoked: bool,
    /// The authorization it names, if it names one and it is still there. Of a token that has details of its own, or that was made of
    /// another, it is without the details that live beside it: they say nothing of what such a token allows.
    pub authorization: Option<Authorization>,
    /// The person it names, if it names one and they are still there.
    pub person: Option<Person>,
    /// The authorizations by exchange that it was got by, as far as they are still there.
    children: Vec<Option<Authorization>>,
    /// The standing of the clients that have their part in it.
    clients: Vec<(ClientId, ClientState)>,
    /// The details that it only refers to, where they are not those of its whole authorization.
    kept: Option<AuthorizationDetails>,
}

impl Standing {
    /// The last moment of anything that comes of it: that of the authorization, and of each authorization by exchange. `None` for
    /// what goes back to none.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let of_root = self.authorization.as_ref().and_then(Authorization::grant).map(|grant| grant.ends_at);
        let of_children = self.children.iter().flatten().filter_map(|child| match &child.stage {
            Stage::Child(child) => Some(child.claims.exp),
            Stage::Active(active) => Some(active.grant.ends_at),
            _ => None,
        });
        of_root.into_iter().chain(of_children).min()
    }

    /// Whether nothing has ended the token: itself, one that it was exchanged from, its authorization, a client that has its
    /// part in it, an authorization by exchange that it was got by, or its person.
    pub fn holds(&self, claims: &AccessTokenClaims, now: Timestamp) -> bool {
        // What was exchanged after a client had been ended cannot be: the token above it was no good any more.
        let clients_allow = self.clients.iter().all(|(id, _)| self.allows(id, claims.iat));
        let at_its_tool = self.allows_at(&claims.client_id, &claims.aud, claims.iat);
        if self.revoked || !clients_allow || !at_its_tool {
            return false;
        }
        if !self.children.iter().all(|child| self.lets_renew(child.as_ref(), now)) {
            return false;
        }
        if claims.grant_id.is_none() {
            // Without a root it stands as long as the person does, where it is about one.
            return PersonId::parse(&claims.sub).is_none_or(|id| {
                let of_them = self.person.as_ref().filter(|person| person.id == id);
                of_them.is_some_and(|person| person.allows_made_at(claims.iat))
            });
        }
        let grant = self.authorization.as_ref().and_then(|authorization| authorization.live_grant(now).ok());
        let (Some(grant), Some(person)) = (grant, &self.person) else { return false };
        person.lets_stand(grant, |id| self.client(id))
    }

    /// By whom somebody else is said to act, and who that is: what an actor token proved (RFC 8693, section 2.1) when the authorization
    /// was granted, and when each refresh token by exchange was got. Whether they may still be named is for the registrations to say.
    pub fn named(&self) -> impl Iterator<Item = (ClientId, ClientId)> {
        let at_first = self.authorization.as_ref().and_then(Authorization::grant).and_then(Grant::names);
        let of_children = self.children.iter().flatten().filter_map(|child| match &child.stage {
            Stage::Child(child) => child.names(),
            _ => None,
        });
        at_first.into_iter().chain(of_children)
    }

    /// The details that the token refers to, if they were kept for it or recorded with its exchange, and are still there.
    pub const fn kept_details(&self) -> Option<&AuthorizationDetails> {
        self.kept.as_ref()
    }

    /// Whether what a client had its part in at `moment` is good by now, at all and of the person that it is about.
    fn allows(&self, id: &ClientId, moment: Timestamp) -> bool {
        match &self.person {
            Some(person) => person.lets_have(id, self.client(id), moment),
            None => self.client(id).is_some_and(|state| state.allows_issued_at(moment)),
        }
    }

    /// Whether something made for a client at `moment` is good at a tool by now, as far as was read: everything of that client there
    /// may have been ended since.
    pub fn allows_at(&self, client: &ClientId, tool: &ResourceUri, moment: Timestamp) -> bool {
        self.client(client).is_some_and(|state| state.allows_at(tool, moment))
    }

    fn client(&self, id: &ClientId) -> Option<&ClientState> {
        self.clients.iter().find(|(known, _)| known == id).map(|(_, state)| state)
    }

    /// Whether an authorization by exchange is there, and none of the clients that have their part in it was ended since it was made. One
    /// that a person approved on demand stands as long as they let it.
    fn lets_renew(&self, child: Option<&Authorization>, now: Timestamp) -> bool {
        let Some(child) = child else { return false };
        match child.live_child(now) {
            Ok(child) => child.claims.clients().iter().all(|id| self.allows(id, child.claims.iat)),
            Err(_) => child.live_grant(now).is_ok_and(|grant| self.is_approved_by_its_person(grant)),
        }
    }

    fn is_approved_by_its_person(&self, grant: &Grant) -> bool {
        self.person.as_ref().is_some_and(|person| person.lets_stand(grant, |id| self.client(id)))
    }
}

impl Store {
    /// Reads everything that says whether an access token still stands: one call of at most four items, and of two more for
    /// each exchange that it comes from, of one more for each refresh token by exchange, and for each client that an actor token
    /// named, and of two more where it refers to its details; a second call only where the details of the authorization are too large
    /// to live in its item, and the token does not say which they are.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing(&self, claims: &AccessTokenClaims) -> Result<Standing, Fault> {
        let items = self.read_each(&all_behind(claims)).await?;
        self.standing_of(claims, items).await
    }

    /// As [`Store::standing`], of two tokens in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_of_both(
        &self,
        [one, other]: [&AccessTokenClaims; 2],
    ) -> Result<[Standing; 2], Fault> {
        let mut keys = all_behind(one);
        let of_one = keys.len();
        keys.extend(all_behind(other));
        let mut items = self.read_each(&keys).await?;
        let of_other = items.split_off(of_one);
        Ok([self.standing_of(one, items).await?, self.standing_of(other, of_other).await?])
    }

    /// Reads other items, and everything that says whether a token still stands, in one call.
    pub(crate) async fn read_beside<const N: usize>(
        &self,
        keys: [&Key; N],
        token: Option<&AccessTokenClaims>,
    ) -> Result<([Option<Item>; N], Option<Standing>), Fault> {
        let own = keys.into_iter().cloned();
        let keys: Vec<Key> = own.chain(token.into_iter().flat_map(all_behind)).collect();
        let mut items = self.read_each(&keys).await?;
        let of_token = items.split_off(N);
        let standing = match token {
            Some(claims) => Some(self.standing_of(claims, of_token).await?),
            None => None,
        };
        let items = items.try_into().map_err(|_| Fault::broken("table", "an item for each key"))?;
        Ok((items, standing))
    }

    /// What stands behind a token, from the items in the order of [`all_behind`].
    async fn standing_of(
        &self,
        claims: &AccessTokenClaims,
        items: Vec<Option<Item>>,
    ) -> Result<Standing, Fault> {
        let (clients, mut items) = (claims.clients(), items.into_iter());
        let marks = 1 + claims.exchanged_from.len();
        let revoked = items.by_ref().take(marks).flatten().count() > 0;
        let states = items.by_ref().take(clients.len()).map(|item| client_state(item.as_ref()));
        let states = states.collect::<Result<Vec<_>, _>>()?;
        let children = items.by_ref().take(claims.child_grant_ids.len());
        let children = children
            .map(|item| item.as_ref().map(authorizations::decode).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let authorization = claims.grant_id.as_ref().and_then(|_| items.next().flatten());
        let person = PersonId::parse(&claims.sub).and_then(|_| items.next().flatten());
        let (own, other) = (items.next().flatten(), items.next().flatten());
        let (hop, of_the_whole) = if is_made_of_another(claims) { (other, None) } else { (None, other) };
        let kept = kept(own, hop)?;
        let authorization = match authorization {
            Some(item) if has_own_details(claims, kept.as_ref()) => Some(authorizations::decode(&item)?),
            Some(item) => Some(self.assemble_with(&item, of_the_whole).await?),
            None => None,
        };
        Ok(Standing {
            revoked,
            authorization,
            person: person.as_ref().map(body).transpose()?,
            children,
            clients: clients.into_iter().zip(states).collect(),
            kept,
        })
    }

    /// Ends one access token, not the authorization it comes from (RFC 7009), and what was exchanged from it: one write. A refresh
    /// token may have come of it, so it is remembered for longer than any authorization lasts.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn revoke_access_token(&self, claims: &AccessTokenClaims) -> Result<(), Fault> {
        let key = revocation_key(claims.grant_id.as_ref(), &claims.jti);
        self.write(Draft::new(&key, &claims.client_id, Some(claims.exp.after(LONGEST_AUTHORIZATION)))).await
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

    /// The standing of a client, read now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn client_state_now(&self, id: &ClientId) -> Result<ClientState, Fault> {
        client_state(self.read(&client_states::key(id)).await?.as_ref())
    }
}

pub(crate) fn client_state(item: Option<&Item>) -> Result<ClientState, Fault> {
    item.map_or_else(|| Ok(ClientState::default()), body)
}

/// Where everything lies that says whether a token still stands.
fn all_behind(claims: &AccessTokenClaims) -> Vec<Key> {
    let grant_id = claims.grant_id.as_ref();
    let tokens = std::iter::once(&claims.jti).chain(claims.exchanged_from.iter().map(|above| &above.jti));
    let mut keys: Vec<Key> = tokens.map(|jti| revocation_key(grant_id, jti)).collect();
    keys.extend(claims.clients().iter().map(client_states::key));
    keys.extend(claims.child_grant_ids.iter().map(authorizations::key));
    keys.extend(grant_id.map(authorizations::key));
    keys.extend(PersonId::parse(&claims.sub).as_ref().map(people::key));
    if let Some(digest) = &claims.authorization_details_id {
        keys.push(kept_details_key(grant_id, &claims.jti));
        if is_made_of_another(claims) {
            keys.push(hops::key(grant_id, &claims.jti));
        } else {
            // Those of its tool are most often all that there are.
            keys.extend(grant_id.map(|id| authorizations::details_key(id, digest)));
        }
    }
    keys
}

fn is_made_of_another(claims: &AccessTokenClaims) -> bool {
    !claims.exchanged_from.is_empty()
}

/// Whether what a token allows in detail is known without the details of its authorization. A token that says nothing of details may
/// stand for all of them: an ID token does, to its client.
fn has_own_details(claims: &AccessTokenClaims, kept: Option<&AuthorizationDetails>) -> bool {
    let refers = claims.authorization_details_id.is_some();
    kept.is_some() || !claims.authorization_details.is_empty() || (is_made_of_another(claims) && !refers)
}

/// The details that a token refers to: kept for it, or recorded with its exchange.
fn kept(own: Option<Item>, hop: Option<Item>) -> Result<Option<AuthorizationDetails>, Fault> {
    match (own, hop) {
        (Some(own), _) => body(&own).map(Some),
        (None, Some(hop)) => body::<Hop>(&hop).map(|hop| Some(hop.details)),
        (None, None) => Ok(None),
    }
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
