use std::collections::{BTreeMap, BTreeSet};

use environment::Fault;
use oauth::{Authorization, ClientId, GrantId, Holding, PersonId, Stage, Timestamp};

use crate::access_tokens::client_state;
use crate::item::{Item, Key, body, string};
use crate::{ClientState, Configuration, Person, Store, authorizations, client_states, people};

/// What agents hold in a person's name.
#[derive(Debug)]
pub struct HeldOfPerson {
    /// The person.
    pub person: Person,
    /// What is held, the newest first.
    pub held: Vec<Held>,
}

/// One authorization by which something is held, as far as its own item says it.
#[derive(Debug)]
pub struct Held {
    authorization: Authorization,
    /// Whether its details are so large that they live beside it: [`Store::authorization`] reads them.
    pub has_details_beside: bool,
}

impl Held {
    /// What is held.
    pub fn holding(&self, now: Timestamp) -> Option<Holding<'_>> {
        self.authorization.holding(now)
    }

    fn of(item: &Item) -> Result<Self, Fault> {
        let has_details_beside = string(item, "details").is_some();
        Ok(Self { authorization: authorizations::decode(item)?, has_details_beside })
    }
}

impl Store {
    /// What is held in a person's name, by the rule that tokens are looked at by ([`Store::lets_stand`]): one query of the index, which
    /// lags a moment behind, one call for each hundred authorizations with the person, and one for the clients. `None` where there is
    /// no such person. What a revoked token ended alone is not looked at.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn held_of(
        &self,
        configuration: &Configuration,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Option<HeldOfPerson>, Fault> {
        let mut keys = self.owned(&format!("PERSON#{person}"), "AUTHORIZATION#").await?;
        keys.push(people::key(person));
        keys.reverse();
        let mut items = self.read_any(&keys).await?.into_iter();
        let Some(own) = items.next().flatten() else { return Ok(None) };
        let own: Person = body(&own)?;
        let mut held = items.flatten().map(|item| Held::of(&item)).collect::<Result<Vec<_>, _>>()?;
        held.retain(|held| held.holding(now).is_some_and(|holding| holding.person == own.id));
        let stand = self.standing_of_all(configuration, &own, &held, now).await?;
        held.retain(|held| stand.contains(&held.authorization.id));
        Ok(Some(HeldOfPerson { person: own, held }))
    }

    /// Which of these stand beside their own items.
    async fn standing_of_all(
        &self,
        configuration: &Configuration,
        person: &Person,
        held: &[Held],
        now: Timestamp,
    ) -> Result<BTreeSet<GrantId>, Fault> {
        let clients = self.states_of(held).await?;
        let of = |id: &ClientId| clients.get(id);
        let mut stand = BTreeSet::new();
        let mut children = Vec::new();
        for Held { authorization, .. } in held {
            match (&authorization.stage, authorization.grant()) {
                (Stage::Child(child), _) => children.push((&authorization.id, &**child)),
                (_, Some(grant)) => {
                    if person.lets_stand(grant, of)
                        && self.is_registered(configuration, grant, now).await?
                        && self.leads_somewhere(configuration, grant, of, now).await?
                    {
                        stand.insert(authorization.id.clone());
                    }
                }
                (_, None) => {}
            }
        }
        let mut renewable = BTreeSet::new();
        for (id, child) in &children {
            if person.lets_renew(child, of)
                && self.are_registered(configuration, &child.claims.clients(), now).await?
                && self.may_still_name(configuration, child.names(), now).await?
            {
                renewable.insert((*id).clone());
            }
        }
        // A child ends with its root and with each that it was got by.
        for (id, child) in children {
            let root_stands = child.claims.grant_id.as_ref().is_none_or(|root| stand.contains(root));
            let all_above = child
                .claims
                .child_grant_ids
                .iter()
                .all(|above| renewable.contains(above) || stand.contains(above));
            if renewable.contains(id) && root_stands && all_above {
                stand.insert(id.clone());
            }
        }
        Ok(stand)
    }

    /// The standing of all clients that have their part in any of it.
    async fn states_of(&self, held: &[Held]) -> Result<BTreeMap<ClientId, ClientState>, Fault> {
        let clients: BTreeSet<ClientId> = held
            .iter()
            .flat_map(|Held { authorization, .. }| match (&authorization.stage, authorization.grant()) {
                (Stage::Child(child), _) => child.claims.clients(),
                (_, grant) => grant.map(oauth::Grant::clients).unwrap_or_default(),
            })
            .collect();
        let keys: Vec<Key> = clients.iter().map(client_states::key).collect();
        let items = self.read_any(&keys).await?;
        clients.into_iter().zip(items).map(|(id, item)| Ok((id, client_state(item.as_ref())?))).collect()
    }
}
