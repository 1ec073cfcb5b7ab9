use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::configuration::BackchannelSettings;
use crate::{BackchannelRequest, ClientId, GrantId, Timestamp};

/// Over how long requests are counted.
const COUNTED_TOGETHER: Duration = Duration::from_hours(1);
/// How many requests of one client wait at one person at a time.
const MOST_WAITING_OF_ONE_CLIENT: u32 = 2;
/// How many requests wait at one person at a time.
const MOST_WAITING: u32 = 5;
/// How many requests are looked at whether they still wait, each with its client: as many as one call to the table takes, and one.
const MOST_LOOKED_AT: usize = 49;
/// The longest that a client has to wait after it was declined.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// After how long without another one a refusal is forgotten.
const FORGIVEN: Duration = Duration::from_hours(24);
/// How many wrong user codes of one client are met without making it wait: whoever mistypes may try again.
const FREE_CODES: u32 = 4;

/// Who asked a person lately, and whom they do not want to be asked by: what keeps agents from pestering them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The requests of the last hour, in their order.
    recent: Vec<Ask>,
    /// Who was declined, how often lately, and when last.
    declined: BTreeMap<ClientId, Refusals>,
    /// Who must not ask again ("this was not me").
    blocked: BTreeSet<ClientId>,
    /// Who showed wrong user codes, how often in a row, and when last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    wrong_codes: BTreeMap<ClientId, WrongCodes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ask {
    client: ClientId,
    id: GrantId,
    at: Timestamp,
    expires_at: Timestamp,
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
    /// It may, but the person hears nothing of it: others ask so much. They find it on their page. The client is not told, because it
    /// would learn that there is such a person, and what others do.
    Silently,
    /// It has to wait.
    Later(Duration),
}

impl Asks {
    /// Whether `client` may ask the person now.
    pub fn may_ask(&self, client: &ClientId, settings: &BackchannelSettings, now: Timestamp) -> MayAsk {
        let own = |ask: &&Ask| ask.client == *client;
        let within_hour = || self.recent.iter().filter(|ask| now < ask.leaves_the_hour());
        let waiting = || self.recent.iter().filter(|ask| now < ask.expires_at);
        let of_its_own = [
            self.declined.get(client).map(Refusals::until),
            full(within_hour().filter(own), settings.asks_of_one_client_per_hour, Ask::leaves_the_hour),
            full(waiting().filter(own), MOST_WAITING_OF_ONE_CLIENT, |ask| ask.expires_at),
        ];
        if let Some(until) = of_its_own.into_iter().flatten().filter(|until| now < *until).max() {
            return MayAsk::Later(until.since(now));
        }
        // Whoever is blocked rings nobody, and must not keep others from it.
        let heard = |ask: &&Ask| !self.is_blocked(&ask.client);
        let crowded = full(within_hour().filter(heard), settings.asks_per_hour, Ask::leaves_the_hour)
            .or_else(|| full(waiting().filter(heard), MOST_WAITING, |ask| ask.expires_at));
        if crowded.is_some() { MayAsk::Silently } else { MayAsk::Yes }
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

    /// Whether a user code that the client shows is looked at now. Only this client waits: nobody keeps the person's other agents from
    /// asking by showing wrong ones.
    pub fn may_show_code(&self, client: &ClientId, now: Timestamp) -> bool {
        self.wrong_codes.get(client).is_none_or(|wrong| now >= wrong.until())
    }

    /// The client showed a wrong user code. After some in a row it waits, and each time longer.
    #[must_use]
    pub fn showed_wrong_code(mut self, client: &ClientId, now: Timestamp) -> Self {
        self.wrong_codes.retain(|_, wrong| now < wrong.last.after(FORGIVEN));
        let in_a_row = self.wrong_codes.get(client).map_or(0, |wrong| wrong.in_a_row).saturating_add(1);
        self.wrong_codes.insert(client.clone(), WrongCodes { in_a_row, last: now });
        self
    }

    /// The client showed the right one.
    #[must_use]
    pub fn showed_right_code(mut self, client: &ClientId) -> Self {
        self.wrong_codes.remove(client);
        self
    }

    /// The client asks.
    #[must_use]
    pub fn asked(mut self, client: &ClientId, id: &GrantId, expires_at: Timestamp, now: Timestamp) -> Self {
        self.recent.retain(|ask| now < ask.leaves_the_hour() || now < ask.expires_at);
        self.declined.retain(|_, refusals| now < refusals.last.after(FORGIVEN));
        self.recent.push(Ask { client: client.clone(), id: id.clone(), at: now, expires_at });
        self
    }

    /// The requests that wait, as far as is known here (a yes is not written down twice), and that can be in a client's way: its own
    /// first, and as many as one look takes.
    pub fn in_the_way_of(&self, client: &ClientId, now: Timestamp) -> Vec<(GrantId, ClientId)> {
        let waiting = || self.recent.iter().filter(|ask| now < ask.expires_at);
        let own = waiting().filter(|ask| ask.client == *client);
        let others = waiting().filter(|ask| ask.client != *client && !self.is_blocked(&ask.client));
        own.chain(others).take(MOST_LOOKED_AT).map(|ask| (ask.id.clone(), ask.client.clone())).collect()
    }

    /// These wait no more: they have been decided, or nobody can decide them.
    #[must_use]
    pub fn settled(mut self, over: &[GrantId], now: Timestamp) -> Self {
        for ask in self.recent.iter_mut().filter(|ask| over.contains(&ask.id)) {
            ask.expires_at = ask.expires_at.min(now);
        }
        self
    }

    /// The person declined a request. Its client may ask again later, and each time later still.
    #[must_use]
    pub fn declined(mut self, client: &ClientId, id: &GrantId, now: Timestamp) -> Self {
        let lately = self.declined.get(client).map_or(0, |refusals| refusals.lately);
        self.declined.insert(client.clone(), Refusals { lately: lately + 1, last: now });
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
        let of_refusals = self.declined.values().map(|refusals| refusals.last.after(FORGIVEN));
        let of_codes = self.wrong_codes.values().map(|wrong| wrong.last.after(FORGIVEN));
        Some(of_asks.chain(of_refusals).chain(of_codes).max().unwrap_or(Timestamp::from_seconds(0)))
    }
}

impl Ask {
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
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn client(name: &str) -> ClientId {
        ClientId::parse(name).unwrap()
    }

    fn id(number: u8) -> GrantId {
        GrantId::from_random([number; 16])
    }

    fn settings() -> BackchannelSettings {
        BackchannelSettings { asks_per_hour: 6, asks_of_one_client_per_hour: 3, ..Default::default() }
    }

    fn minutes(minutes: u64) -> Timestamp {
        NOW.after(Duration::from_mins(minutes))
    }

    /// Asks at these minutes, each answered with a yes at once.
    fn answered(agent: &str, at: &[u64]) -> Asks {
        let agent = client(agent);
        at.iter().fold(Asks::default(), |asks, minute| {
            let number = id(u8::try_from(*minute).unwrap());
            let asked = asks.asked(&agent, &number, minutes(minute + 3), minutes(*minute));
            asked.settled(&[number], minutes(*minute))
        })
    }

    #[test]
    fn a_client_asks_only_so_often_in_an_hour() {
        let asks = answered("agent", &[0, 10, 20]);
        let may = |name, at| asks.may_ask(&client(name), &settings(), minutes(at));
        assert_eq!(may("agent", 21), MayAsk::Later(Duration::from_mins(39)));
        assert_eq!(may("other", 21), MayAsk::Yes);
        assert_eq!(may("agent", 60), MayAsk::Yes);
    }

    #[test]
    fn a_person_hears_of_only_so_many_in_an_hour_by_all_together() {
        let mut asks = Asks::default();
        for number in 0..6 {
            let agent = client(&format!("agent-{number}"));
            asks = asks.asked(&agent, &id(number), minutes(1), NOW).settled(&[id(number)], NOW);
        }
        let may = |at| asks.may_ask(&client("seventh"), &settings(), minutes(at));
        assert_eq!(may(10), MayAsk::Silently);
        assert_eq!(may(60), MayAsk::Yes);
    }

    #[test]
    fn no_flood_of_requests_waits_at_once() {
        let agent = client("agent");
        let asks =
            Asks::default().asked(&agent, &id(1), minutes(3), NOW).asked(&agent, &id(2), minutes(4), NOW);
        assert_eq!(asks.may_ask(&agent, &settings(), NOW), MayAsk::Later(Duration::from_mins(3)));
        let settled = asks.clone().settled(&[id(1)], NOW);
        assert_eq!(settled.may_ask(&agent, &settings(), NOW), MayAsk::Yes);
        assert_eq!(asks.may_ask(&agent, &settings(), minutes(3)), MayAsk::Yes);
    }

    #[test]
    fn whoever_is_declined_waits_longer_each_time() {
        let agent = client("agent");
        let mut asks = Asks::default();
        for (number, waits) in [(0, 1), (1, 2), (2, 4)] {
            let at = minutes(u64::from(number) * 70);
            asks = asks.asked(&agent, &id(number), at, at).declined(&agent, &id(number), at);
            assert_eq!(asks.may_ask(&agent, &settings(), at), MayAsk::Later(Duration::from_mins(waits)));
        }
        let later = minutes(140 + 24 * 60);
        let forgiven = asks.asked(&agent, &id(3), later, later).declined(&agent, &id(3), later);
        assert_eq!(forgiven.may_ask(&agent, &settings(), later), MayAsk::Later(Duration::from_mins(1)));
    }

    #[test]
    fn a_blocked_client_is_told_to_wait_as_any_other_and_takes_nobodys_place() {
        let (agent, settings) = (client("agent"), settings());
        let asked = |asks: Asks, number| asks.asked(&agent, &id(number), minutes(3), NOW);
        let mut asks = asked(asked(Asks::default().blocked(&agent), 1), 2);
        assert_eq!(asks.may_ask(&agent, &settings, NOW), MayAsk::Later(Duration::from_mins(3)));
        for number in 3..20 {
            asks = asked(asks, number);
        }
        assert_eq!(asks.may_ask(&client("other"), &settings, NOW), MayAsk::Yes);
    }

    #[test]
    fn who_shows_wrong_codes_waits_longer_each_time_and_nobody_else_does() {
        let (agent, other) = (client("agent"), client("other"));
        let mut asks = Asks::default();
        for _ in 0..FREE_CODES {
            assert!(asks.may_show_code(&agent, NOW));
            asks = asks.showed_wrong_code(&agent, NOW);
        }
        for (at, waits) in [(0, 1), (1, 2), (3, 4)] {
            assert!(asks.may_show_code(&agent, minutes(at)), "{at}");
            asks = asks.showed_wrong_code(&agent, minutes(at));
            assert!(!asks.may_show_code(&agent, minutes(at + waits - 1)), "{at}");
            assert!(asks.may_show_code(&agent, minutes(at + waits)), "{at}");
            assert!(asks.may_show_code(&other, minutes(at)));
        }
        let many = (0..100).fold(asks.clone(), |asks, _| asks.showed_wrong_code(&agent, NOW));
        assert!(!many.may_show_code(&agent, minutes(59)) && many.may_show_code(&agent, minutes(60)));
        assert!(asks.showed_right_code(&agent).may_show_code(&agent, minutes(3)), "the right one forgives");
        assert_eq!(many.forgotten_at(), Some(NOW.after(FORGIVEN)));
    }

    #[test]
    fn who_is_blocked_is_heard_through_no_other_client_that_names_them() {
        let asks = Asks::default().blocked(&client("agent"));
        let asked = |by: &str, actor: Option<&str>| {
            let request = serde_json::json!({
                "client_id": by, "scope": "openid", "resources": [], "binding_message": null, "actor": actor,
            });
            asks.silence(&serde_json::from_value(request).expect("a request"))
        };
        assert!(asked("agent", None) && asked("agent", Some("other")) && asked("other", Some("agent")));
        assert!(!asked("other", None) && !asked("other", Some("another")));
    }

    #[test]
    fn a_block_stays_until_it_is_lifted_and_is_never_forgotten() {
        let agent = client("agent");
        let asks = Asks::default().blocked(&agent);
        assert!(asks.is_blocked(&agent) && !asks.is_blocked(&client("other")));
        assert_eq!(asks.forgotten_at(), None);
        let lifted = asks.unblocked(&agent);
        assert!(!lifted.is_blocked(&agent));
        assert!(lifted.forgotten_at().is_some());
    }
}
