use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::configuration::BackchannelSettings;
use crate::{BackchannelRequest, ClientId, GrantId, PersonId, Timestamp};

/// Over how long requests are counted.
const COUNTED_TOGETHER: Duration = Duration::from_hours(1);
/// How many requests of one client wait at one person at a time.
const MOST_WAITING_OF_ONE_CLIENT: u32 = 2;
/// How many requests wait at one person at a time.
const MOST_WAITING: u32 = 5;
/// How many items are looked at to see which requests still wait: as many as one call to the table takes, and one less for the request
/// that is about to be made.
const MOST_LOOKED_AT: usize = 99;
/// The longest that a client has to wait after it was declined.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// After how long without another one a refusal is forgotten.
const FORGIVEN: Duration = Duration::from_hours(24);
/// How many wrong user codes of one client are met without making it wait: whoever mistypes may try again.
const FREE_CODES: u32 = 4;

/// Who asked a person lately, and whom they do not want to be asked by: what keeps agents from pestering them. Whatever is heard or
/// declined counts for every party to a request ([`BackchannelRequest::parties`]), what rings nobody for the client alone that asked it: an
/// agent that has reached its limit rings nobody by having another client ask that names it.
///
/// What is told to a client, that it has to wait, goes by the name that it used: of one name of a person it learns what it would learn of
/// nobody's. What it did under another of their names rings nobody, as if others had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The requests of the last hour, in their order.
    recent: Vec<Ask>,
    /// Who was declined, how often lately, and when last.
    declined: BTreeMap<ClientId, Refusals>,
    /// The same for each name that it was asked under, which is what its client is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    declined_names: BTreeMap<ClientId, BTreeMap<PersonId, Refusals>>,
    /// Who would have acted where another client was declined: apart, for it is not told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    declined_actors: BTreeMap<ClientId, Refusals>,
    /// Who must not ask again ("this was not me").
    blocked: BTreeSet<ClientId>,
    /// Who showed wrong user codes, how often in a row, and when last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    wrong_codes: BTreeMap<ClientId, WrongCodes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ask {
    client: ClientId,
    /// Who would have acted, where it was not the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<ClientId>,
    /// What the client named the person by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<PersonId>,
    id: GrantId,
    at: Timestamp,
    expires_at: Timestamp,
    /// Whether the person finds it on their page alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
    /// Whether it rings in the person's quiet hours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    urgent: bool,
}

/// What a client asks, and under which name.
#[derive(Clone, Copy)]
pub struct Approach<'a> {
    /// What is asked.
    pub request: &'a BackchannelRequest,
    /// The nobody that the person would be, if they did not exist: one for each name that a client has for them.
    pub named: &'a PersonId,
    /// Whether all of it is urgent.
    pub urgent: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refusals {
    lately: u32,
    last: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WrongCodes {
    in_a_row: u32,
    last: Timestamp,
}

/// Whether a client may ask a person now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayAsk {
    /// It may.
    Yes,
    /// It may, but the person hears nothing of it: others ask so much, or who would act has others ask. They find it on their page.
    /// The client is not told, because it would learn that there is such a person, and what others do.
    Silently,
    /// It has to wait.
    Later(Duration),
}

impl Asks {
    /// Whether this may be asked of the person now. A client is told to wait because of what it asked itself under the same name. What
    /// it asked under others, and what its other party did or had others do, makes the request a silent one: of a nobody that is not
    /// known, and so nobody learns by it who exists.
    pub fn may_ask(&self, approach: Approach<'_>, settings: &BackchannelSettings, now: Timestamp) -> MayAsk {
        let Approach { request, named, urgent } = approach;
        let client = &request.client_id;
        let is_told = |ask: &Ask| ask.client == *client && ask.named.as_ref() == Some(named);
        let declined = self.declined_names.get(client).and_then(|names| names.get(named));
        let told = [self.waits_until(settings, now, is_told), declined.map(Refusals::until)];
        if let Some(until) = told.into_iter().flatten().filter(|until| now < *until).max() {
            return MayAsk::Later(until.since(now));
        }
        let is_over = |party| {
            let declined = [self.declined.get(party), self.declined_actors.get(party)];
            declined.into_iter().flatten().any(|refusals| now < refusals.until())
                || self.waits_until(settings, now, |ask| self.counts_for(ask, party)).is_some()
        };
        let silent = self.is_crowded(urgent, settings, now) || request.parties().any(is_over);
        if silent { MayAsk::Silently } else { MayAsk::Yes }
    }

    /// Until when a party has to wait because of how much it asked, if it has to.
    fn waits_until(
        &self,
        settings: &BackchannelSettings,
        now: Timestamp,
        is_its_own: impl Fn(&Ask) -> bool,
    ) -> Option<Timestamp> {
        let own = |ask: &&Ask| is_its_own(ask);
        let most_in_an_hour = settings.asks_of_one_client_per_hour;
        let of_its_own = [
            full(self.within_hour(now).filter(own), most_in_an_hour, Ask::leaves_the_hour),
            full(self.waiting(now).filter(own), MOST_WAITING_OF_ONE_CLIENT, |ask| ask.expires_at),
        ];
        of_its_own.into_iter().flatten().max()
    }

    /// Whether all together ask so much that the person hears of no more. What rings nobody must not keep others from it; and so what
    /// is urgent is kept from it by what is urgent alone, since in quiet hours nothing else rings.
    fn is_crowded(&self, urgent: bool, settings: &BackchannelSettings, now: Timestamp) -> bool {
        let heard = |ask: &&Ask| self.is_heard(ask) && (ask.urgent || !urgent);
        let of_the_hour = self.within_hour(now).filter(heard);
        full(of_the_hour, settings.asks_per_hour, Ask::leaves_the_hour)
            .or_else(|| full(self.waiting(now).filter(heard), MOST_WAITING, |ask| ask.expires_at))
            .is_some()
    }

    /// Whether this is among what a party may ask only so much of: what it asked itself, and what others asked in its name and the person
    /// heard of. By what rings nobody no other client keeps it from asking.
    fn counts_for(&self, ask: &Ask, party: &ClientId) -> bool {
        ask.client == *party || ask.is_of(party) && self.is_heard(ask)
    }

    /// Whether the person heard of it: nothing is heard of who is blocked.
    fn is_heard(&self, ask: &Ask) -> bool {
        !ask.silent && !ask.parties().any(|party| self.is_blocked(party))
    }

    fn within_hour(&self, now: Timestamp) -> impl Iterator<Item = &Ask> {
        self.recent.iter().filter(move |ask| now < ask.leaves_the_hour())
    }

    fn waiting(&self, now: Timestamp) -> impl Iterator<Item = &Ask> {
        self.recent.iter().filter(move |ask| now < ask.expires_at)
    }

    /// Whether the person wants to hear nothing of this client.
    pub fn is_blocked(&self, client: &ClientId) -> bool {
        self.blocked.contains(client)
    }

    /// Whether the person wants to hear nothing of who asks this, or of who would act: an agent that was blocked does not come back
    /// through another client that names it.
    pub fn silence(&self, request: &BackchannelRequest) -> bool {
        request.parties().any(|party| self.is_blocked(party))
    }

    /// Whether a user code that this client shows is looked at now. Who tried is who showed it: nobody keeps the person's other agents
    /// from asking by showing wrong ones, be it in their name.
    pub fn may_show_code(&self, client: &ClientId, now: Timestamp) -> bool {
        self.wrong_codes.get(client).is_none_or(|wrong| now >= wrong.until())
    }

    /// A client showed a wrong user code. After some in a row it waits, and each time longer.
    #[must_use]
    pub fn showed_wrong_code(mut self, client: &ClientId, now: Timestamp) -> Self {
        self.wrong_codes.retain(|_, wrong| now < wrong.last.after(FORGIVEN));
        let in_a_row = self.wrong_codes.get(client).map_or(0, |wrong| wrong.in_a_row).saturating_add(1);
        self.wrong_codes.insert(client.clone(), WrongCodes { in_a_row, last: now });
        self
    }

    /// It showed the right one.
    #[must_use]
    pub fn showed_right_code(mut self, client: &ClientId) -> Self {
        self.wrong_codes.remove(client);
        self
    }

    /// This is asked, and the person hears of it, or does not.
    #[must_use]
    pub fn asked(
        mut self,
        approach: Approach<'_>,
        (id, expires_at): (&GrantId, Timestamp),
        rings: bool,
        now: Timestamp,
    ) -> Self {
        self.recent.retain(|ask| now < ask.leaves_the_hour() || now < ask.expires_at);
        for declined in [&mut self.declined, &mut self.declined_actors] {
            forgive(declined, now);
        }
        self.declined_names.values_mut().for_each(|names| forgive(names, now));
        self.declined_names.retain(|_, names| !names.is_empty());
        let Approach { request, named, urgent } = approach;
        let (client, actor, named) = (request.client_id.clone(), request.actor.clone(), Some(named.clone()));
        let (id, silent) = (id.clone(), !rings);
        self.recent.push(Ask { client, actor, named, id, at: now, expires_at, silent, urgent });
        self
    }

    /// The requests that wait, as far as is known here (a yes is not written down twice), and that can be in the way of this one: those
    /// of its own parties first, and as many as one look takes, which is at each of them and at each of those who ask.
    pub fn in_the_way_of(&self, request: &BackchannelRequest, now: Timestamp) -> Vec<(GrantId, ClientId)> {
        let is_own = |ask: &&Ask| request.parties().any(|party| ask.is_of(party));
        let own = self.waiting(now).filter(is_own);
        let others = self.waiting(now).filter(|ask| !is_own(ask) && self.is_heard(ask));
        let mut clients = BTreeSet::new();
        own.chain(others)
            .enumerate()
            .take_while(|(before, ask)| {
                clients.insert(&ask.client);
                before + 1 + clients.len() <= MOST_LOOKED_AT
            })
            .map(|(_, ask)| (ask.id.clone(), ask.client.clone()))
            .collect()
    }

    /// These wait no more: they have been decided, or nobody can decide them.
    #[must_use]
    pub fn settled(mut self, over: &[GrantId], now: Timestamp) -> Self {
        for ask in self.recent.iter_mut().filter(|ask| over.contains(&ask.id)) {
            ask.expires_at = ask.expires_at.min(now);
        }
        self
    }

    /// The person declined a request. Its parties may ask again later, and each time later still.
    #[must_use]
    pub fn declined(mut self, request: &BackchannelRequest, id: &GrantId, now: Timestamp) -> Self {
        let asked = self.recent.iter().find(|ask| ask.id == *id);
        if let Some(named) = asked.and_then(|ask| ask.named.clone()) {
            let names = self.declined_names.entry(request.client_id.clone()).or_default();
            count_no(names, &named, now);
        }
        count_no(&mut self.declined, &request.client_id, now);
        if let Some(actor) = &request.actor {
            count_no(&mut self.declined_actors, actor, now);
        }
        self.settled(std::slice::from_ref(id), now)
    }

    /// The person wants to hear nothing of this client.
    #[must_use]
    pub fn blocked(mut self, client: &ClientId) -> Self {
        self.blocked.insert(client.clone());
        self
    }

    /// The person lets this client ask again.
    #[must_use]
    pub fn unblocked(mut self, client: &ClientId) -> Self {
        self.blocked.remove(client);
        self.declined.remove(client);
        self.declined_actors.remove(client);
        self.declined_names.remove(client);
        self
    }

    /// Whom the person has blocked.
    pub fn blocks(&self) -> impl Iterator<Item = &ClientId> {
        self.blocked.iter()
    }

    /// After this moment nothing of it counts any more; never, while anybody is blocked.
    pub fn forgotten_at(&self) -> Option<Timestamp> {
        if !self.blocked.is_empty() {
            return None;
        }
        let of_asks = self.recent.iter().map(|ask| ask.leaves_the_hour().max(ask.expires_at));
        let refusals = self.declined.values().chain(self.declined_actors.values());
        let of_refusals = refusals.map(|refusals| refusals.last.after(FORGIVEN));
        let of_codes = self.wrong_codes.values().map(|wrong| wrong.last.after(FORGIVEN));
        Some(of_asks.chain(of_refusals).chain(of_codes).max().unwrap_or(Timestamp::from_seconds(0)))
    }
}

impl Ask {
    fn parties(&self) -> impl Iterator<Item = &ClientId> {
        std::iter::once(&self.client).chain(&self.actor)
    }

    fn is_of(&self, party: &ClientId) -> bool {
        self.parties().any(|own| own == party)
    }

    fn leaves_the_hour(&self) -> Timestamp {
        self.at.after(COUNTED_TOGETHER)
    }
}

impl Refusals {
    /// One minute after the first, twice as long after each further one.
    fn until(&self) -> Timestamp {
        let wait = Duration::from_mins(1 << (self.lately.saturating_sub(1)).min(10));
        self.last.after(wait.min(LONGEST_WAIT))
    }
}

impl WrongCodes {
    /// One minute after the first that is not free, twice as long after each further one.
    fn until(&self) -> Timestamp {
        let Some(beyond) = self.in_a_row.checked_sub(FREE_CODES + 1) else { return self.last };
        self.last.after(Duration::from_mins(1 << beyond.min(10)).min(LONGEST_WAIT))
    }
}

fn count_no<K: Clone + Ord>(declined: &mut BTreeMap<K, Refusals>, whose: &K, now: Timestamp) {
    let lately = declined.get(whose).map_or(0, |refusals| refusals.lately);
    declined.insert(whose.clone(), Refusals { lately: lately + 1, last: now });
}

fn forgive<K: Ord>(declined: &mut BTreeMap<K, Refusals>, now: Timestamp) {
    declined.retain(|_, refusals| now < refusals.last.after(FORGIVEN));
}

/// Until when there is no room for one more of these, of which there may be `most`.
fn full<'a>(
    asks: impl Iterator<Item = &'a Ask>,
    most: u32,
    leaves: impl Fn(&Ask) -> Timestamp,
) -> Option<Timestamp> {
    let mut ends: Vec<Timestamp> = asks.map(leaves).collect();
    ends.sort_unstable();
    ends.len()
        .checked_sub(usize::try_from(most).unwrap_or(usize::MAX))
        .and_then(|beyond| ends.get(beyond).copied())
}

#[cfg(test)]
mod tests;
