use std::collections::BTreeSet;

use environment::Fault;
use oauth::{Child, ClientId, Grant, Timestamp};

use crate::access_tokens::client_state;
use crate::item::{Key, body};
use crate::{ClientState, Configuration, Person, Store, client_states, people};

impl Person {
    /// Whether a grant of theirs still stands, as far as it depends on people and clients: neither everything of the person's nor of
    /// the client's that it was given to, nor of who acts, was ended since, be it for everybody or for this person alone. A client of
    /// which `clients` says nothing counts as ended.
    pub(crate) fn lets_stand<'c>(
        &self,
        grant: &Grant,
        clients: impl Fn(&ClientId) -> Option<&'c ClientState>,
    ) -> bool {
        self.id == grant.person
            && self.allows_made_at(grant.granted_at)
            && grant.clients().iter().all(|id| self.lets_have(id, clients(id), grant.granted_at))
    }

    /// The same of what was got by exchange in their name: whether it can be renewed. It is for one tool, at which everything may have been
    /// ended since.
    pub(crate) fn lets_renew<'c>(
        &self,
        child: &Child,
        clients: impl Fn(&ClientId) -> Option<&'c ClientState>,
    ) -> bool {
        let claims = &child.claims;
        clients(&claims.client_id).is_some_and(|own| own.allows_at(&claims.aud, claims.iat))
            && claims.clients().iter().all(|id| self.lets_have(id, clients(id), claims.iat))
    }

    /// Whether what a client had its part in at `moment` is still good, by what is known of it and by what the person ended.
    pub(crate) fn lets_have(&self, id: &ClientId, state: Option<&ClientState>, moment: Timestamp) -> bool {
        self.allows_of(id, moment) && state.is_some_and(|state| state.allows_issued_at(moment))
    }
}

impl Store {
    /// The person of a grant, read now, if it stands by [`Store::lets_stand`]. What is known of the clients is at most five seconds
    /// old, so that nothing else is read for it while they are warm.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_of(
        &self,
        configuration: &Configuration,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Option<Person>, Fault> {
        let Some(person) = self.person(&grant.person).await? else { return Ok(None) };
        Ok(self.lets_stand(configuration, &person, grant, now).await?.then_some(person))
    }

    /// Whether a grant of this person still stands: neither everything of theirs nor of the client's nor of who acts was ended since
    /// it was given, the clients are still registered, and its own may still name who acts. Whether its own authorization was ended is
    /// the caller's to know.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn lets_stand(
        &self,
        configuration: &Configuration,
        person: &Person,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        if !self.is_registered(configuration, grant, now).await? {
            return Ok(false);
        }
        let mut states = Vec::new();
        for id in grant.clients() {
            let state = self.client_state(&id, now).await?;
            states.push((id, state));
        }
        let of = |id: &ClientId| states.iter().find(|(known, _)| known == id).map(|(_, state)| &**state);
        Ok(person.lets_stand(grant, of) && self.leads_somewhere(configuration, grant, of, now).await?)
    }

    /// Whether tokens of a grant are good at any tool: everything at a tool may have been ended since.
    pub(crate) async fn leads_somewhere<'c>(
        &self,
        configuration: &Configuration,
        grant: &Grant,
        clients: impl Fn(&ClientId) -> Option<&'c ClientState>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let client = self.client(configuration, &grant.client_id, now).await?;
        let (Some(client), Some(state)) = (client, clients(&grant.client_id)) else { return Ok(false) };
        let places = configuration.places(&client, &grant.resources);
        Ok(places.is_empty() || places.iter().any(|tool| state.allows_at(tool, grant.granted_at)))
    }

    /// The person of a grant, if it stands by [`Store::lets_stand`]: person and clients are read now, in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_of_now(
        &self,
        configuration: &Configuration,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Option<Person>, Fault> {
        if !self.is_registered(configuration, grant, now).await? {
            return Ok(None);
        }
        let clients = grant.clients();
        let mut keys: Vec<Key> = clients.iter().map(client_states::key).collect();
        keys.push(people::key(&grant.person));
        let mut items = self.read_each(&keys).await?;
        let person: Option<Person> = items.pop().flatten().as_ref().map(body).transpose()?;
        let states = items.iter().map(|item| client_state(item.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let of = |id: &ClientId| {
            clients.iter().zip(&states).find(|(known, _)| *known == id).map(|(_, state)| state)
        };
        let Some(person) = person.filter(|person| person.lets_stand(grant, of)) else { return Ok(None) };
        Ok(self.leads_somewhere(configuration, grant, of, now).await?.then_some(person))
    }

    /// Whether the registrations that a grant rests on are still there: those of its clients, and its own client's right to name who
    /// acts.
    pub(crate) async fn is_registered(
        &self,
        configuration: &Configuration,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        Ok(self.are_registered(configuration, &grant.clients(), now).await?
            && self.may_still_name(configuration, grant.names(), now).await?)
    }

    /// Whether each client may still say that another acts, by a token that the other got for itself (`actor_token`, RFC 8693, section
    /// 2.1): by whom they are named, and who they are. Nothing is read for a client that is known.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn may_still_name(
        &self,
        configuration: &Configuration,
        named: impl IntoIterator<Item = (ClientId, ClientId)>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        for (by, actor) in named {
            let client = self.client(configuration, &by, now).await?;
            if !client.is_some_and(|client| client.may_show(&actor)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether each of these clients is still registered.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn are_registered(
        &self,
        configuration: &Configuration,
        clients: &BTreeSet<ClientId>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        for id in clients {
            if self.client(configuration, id, now).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GRANTED: i64 = 1_800_000_000;

    fn granted() -> Grant {
        serde_json::from_value(json!({
            "client_id": "desk", "person": format!("person-{}", "A".repeat(22)), "scope": "openid", "resources": [],
            "authentication": { "auth_time": GRANTED, "amr": ["pwd"] }, "nonce": null, "act": { "sub": "caller" },
            "asked": oauth::Sha256Digest::of(b""), "granted_at": GRANTED, "ends_at": GRANTED + 60,
        }))
        .expect("a grant")
    }

    fn state(disabled: bool, ended: Option<i64>) -> ClientState {
        ClientState { disabled, not_before: ended.map(Timestamp::from_seconds), ..ClientState::default() }
    }

    fn person(of: &Grant, ended: Option<i64>) -> Person {
        serde_json::from_value(json!({
            "id": of.person, "password_hash": null, "disabled": false, "not_before": ended,
            "profile": { "user_name": "alice", "name": "Alice", "email": null, "groups": [], "attributes": {},
                "locale": null, "zone": null },
        }))
        .expect("a person")
    }

    #[test]
    fn a_grant_ends_with_the_person_the_client_and_whoever_acts() {
        let grant = granted();
        let good = || Some(state(false, Some(GRANTED - 1)));
        let stands = |ended: Option<i64>, desk: Option<ClientState>, caller: Option<ClientState>| {
            let of = |id: &ClientId| if id.as_str() == "desk" { desk.as_ref() } else { caller.as_ref() };
            person(&grant, ended).lets_stand(&grant, of)
        };
        assert!(stands(None, good(), good()));
        assert!(!stands(Some(GRANTED), good(), good()));
        // Switched off, ended in the very second or later, and of whom nothing is known.
        for over in [
            Some(state(true, None)),
            Some(state(false, Some(GRANTED))),
            Some(state(false, Some(GRANTED + 9))),
            None,
        ] {
            assert!(!stands(None, over.clone(), good()), "{over:?}");
            assert!(!stands(None, good(), over.clone()), "{over:?}");
        }
        let ended_by_the_person = |client: &str, at: i64| {
            let mut person = person(&grant, None);
            person.end_client(&ClientId::parse(client).expect("a client"), Timestamp::from_seconds(at));
            let good = ClientState::default();
            person.lets_stand(&grant, |_| Some(&good))
        };
        for (client, at, stands) in [
            ("desk", GRANTED, false),
            ("caller", GRANTED, false),
            ("desk", GRANTED - 1, true),
            ("another", GRANTED + 9, true),
        ] {
            assert_eq!(ended_by_the_person(client, at), stands, "{client} {at}");
        }
        let other = Person { id: oauth::PersonId::from_random([7; 16]), ..person(&grant, None) };
        let good = ClientState::default();
        assert!(!other.lets_stand(&grant, |_| Some(&good)));
    }
}
