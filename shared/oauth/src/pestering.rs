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
/// How many items are looked at to see which requests still wait: as many as one call to the table takes, and one less for the request
/// that is about to be made.
const MOST_LOOKED_AT: usize = 99;
/// The longest that a client has to wait after it was declined.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// After how long without another one a refusal is forgotten.
const FORGIVEN: Duration = Duration::from_hours(24);
/// How many wrong user codes of one client are met without making it wait: whoever mistypes may try again.
const FREE_CODES: u32 = 4;

/// Who asked a person lately, and whom they do not want to be asked by: what keeps agents from pestering them. Whatever is counted or
/// refused counts for every party to a request ([`BackchannelRequest::parties`]): an agent that has reached its limit rings nobody by having
/// another client ask that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The requests of the last hour, in their order.
    recent: Vec<Ask>,
    /// Who was declined, how often lately, and when last.
    declined: BTreeMap<ClientId, Refusals>,
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
    /// It may, but the person hears nothing of it: others ask so much, or who would act has others ask. They find it on their page.
    /// The client is not told, because it would learn that there is such a person, and what others do.
    Silently,
    /// It has to wait.
    Later(Duration),
}

impl Asks {
    /// Whether this may be asked of the person now. A client is told to wait because of what it asked itself. What its other party did,
    /// or had others do, makes the request a silent one: of a nobody that is not known, and so nobody learns by it who exists.
    pub fn may_ask(
        &self,
        request: &BackchannelRequest,
        settings: &BackchannelSettings,
        now: Timestamp,
    ) -> MayAsk {
        let client = &request.client_id;
        let told = [
            self.waits_until(settings, now, |ask| ask.client == *client),
            self.declined.get(client).map(Refusals::until),
        ];
        if let Some(until) = told.into_iter().flatten().filter(|until| now < *until).max() {
            return MayAsk::Later(until.since(now));
        }
        let is_over = |party| {
            let declined = [self.declined.get(party), self.declined_actors.get(party)];
            declined.into_iter().flatten().any(|refusals| now < refusals.until())
                || self.waits_until(settings, now, |ask| ask.is_of(party)).is_some()
        };
        let silent = self.is_crowded(settings, now) || request.parties().any(is_over);
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

    /// Whether all together ask so much that the person hears of no more. Whoever is blocked rings nobody, and must not keep others
    /// from it.
    fn is_crowded(&self, settings: &BackchannelSettings, now: Timestamp) -> bool {
        let heard = |ask: &&Ask| !ask.parties().any(|party| self.is_blocked(party));
        let of_the_hour = self.within_hour(now).filter(heard);
        full(of_the_hour, settings.asks_per_hour, Ask::leaves_the_hour)
            .or_else(|| full(self.waiting(now).filter(heard), MOST_WAITING, |ask| ask.expires_at))
            .is_some()
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

    /// Whether a user code that is shown with this is looked at now. Only its parties wait: nobody keeps the person's other agents from
    /// asking by showing wrong ones.
    pub fn may_show_code(&self, request: &BackchannelRequest, now: Timestamp) -> bool {
        let waits = |party| self.wrong_codes.get(party).is_some_and(|wrong| now < wrong.until());
        !request.parties().any(waits)
    }

    /// A wrong user code was shown. After some in a row the parties wait, and each time longer.
    #[must_use]
    pub fn showed_wrong_code(mut self, request: &BackchannelRequest, now: Timestamp) -> Self {
        self.wrong_codes.retain(|_, wrong| now < wrong.last.after(FORGIVEN));
        for party in request.parties() {
            let in_a_row = self.wrong_codes.get(party).map_or(0, |wrong| wrong.in_a_row).saturating_add(1);
            self.wrong_codes.insert(party.clone(), WrongCodes { in_a_row, last: now });
        }
        self
    }

    /// The right one was shown.
    #[must_use]
    pub fn showed_right_code(mut self, request: &BackchannelRequest) -> Self {
        for party in request.parties() {
            self.wrong_codes.remove(party);
        }
        self
    }

    /// This is asked.
    #[must_use]
    pub fn asked(
        mut self,
        request: &BackchannelRequest,
        id: &GrantId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        self.recent.retain(|ask| now < ask.leaves_the_hour() || now < ask.expires_at);
        for declined in [&mut self.declined, &mut self.declined_actors] {
            declined.retain(|_, refusals| now < refusals.last.after(FORGIVEN));
        }
        let (client, actor) = (request.client_id.clone(), request.actor.clone());
        self.recent.push(Ask { client, actor, id: id.clone(), at: now, expires_at });
        self
    }

    /// The requests that wait, as far as is known here (a yes is not written down twice), and that can be in the way of this one: those
    /// of its own parties first, and as many as one look takes, which is at each of them and at each of those who ask.
    pub fn in_the_way_of(&self, request: &BackchannelRequest, now: Timestamp) -> Vec<(GrantId, ClientId)> {
        let is_own = |ask: &&Ask| request.parties().any(|party| ask.is_of(party));
        let own = self.waiting(now).filter(is_own);
        let others = self
            .waiting(now)
            .filter(|ask| !is_own(ask) && !ask.parties().any(|party| self.is_blocked(party)));
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

fn count_no(declined: &mut BTreeMap<ClientId, Refusals>, party: &ClientId, now: Timestamp) {
    let lately = declined.get(party).map_or(0, |refusals| refusals.lately);
    declined.insert(party.clone(), Refusals { lately: lately + 1, last: now });
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

    /// What a client asks, for itself or for who would act.
    fn by(client: &str, actor: Option<&str>) -> BackchannelRequest {
        let request = serde_json::json!({
            "client_id": client, "scope": "openid", "resources": [], "binding_message": null, "actor": actor,
        });
        serde_json::from_value(request).expect("a request")
    }

    fn own(client: &str) -> BackchannelRequest {
        by(client, None)
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
        let agent = own(agent);
        at.iter().fold(Asks::default(), |asks, minute| {
            let number = id(u8::try_from(*minute).unwrap());
            let asked = asks.asked(&agent, &number, minutes(minute + 3), minutes(*minute));
            asked.settled(&[number], minutes(*minute))
        })
    }

    #[test]
    fn a_client_asks_only_so_often_in_an_hour() {
        let asks = answered("agent", &[0, 10, 20]);
        let may = |name, at| asks.may_ask(&own(name), &settings(), minutes(at));
        assert_eq!(may("agent", 21), MayAsk::Later(Duration::from_mins(39)));
        assert_eq!(may("other", 21), MayAsk::Yes);
        assert_eq!(may("agent", 60), MayAsk::Yes);
    }

    #[test]
    fn a_person_hears_of_only_so_many_in_an_hour_by_all_together() {
        let mut asks = Asks::default();
        for number in 0..6 {
            let agent = own(&format!("agent-{number}"));
            asks = asks.asked(&agent, &id(number), minutes(1), NOW).settled(&[id(number)], NOW);
        }
        let may = |at| asks.may_ask(&own("seventh"), &settings(), minutes(at));
        assert_eq!(may(10), MayAsk::Silently);
        assert_eq!(may(60), MayAsk::Yes);
    }

    #[test]
    fn no_flood_of_requests_waits_at_once() {
        let agent = own("agent");
        let asks =
            Asks::default().asked(&agent, &id(1), minutes(3), NOW).asked(&agent, &id(2), minutes(4), NOW);
        assert_eq!(asks.may_ask(&agent, &settings(), NOW), MayAsk::Later(Duration::from_mins(3)));
        let settled = asks.clone().settled(&[id(1)], NOW);
        assert_eq!(settled.may_ask(&agent, &settings(), NOW), MayAsk::Yes);
        assert_eq!(asks.may_ask(&agent, &settings(), minutes(3)), MayAsk::Yes);
    }

    #[test]
    fn whoever_is_declined_waits_longer_each_time() {
        let agent = own("agent");
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
        let (agent, settings) = (own("agent"), settings());
        let asked = |asks: Asks, number| asks.asked(&agent, &id(number), minutes(3), NOW);
        let mut asks = asked(asked(Asks::default().blocked(&client("agent")), 1), 2);
        assert_eq!(asks.may_ask(&agent, &settings, NOW), MayAsk::Later(Duration::from_mins(3)));
        for number in 3..20 {
            asks = asked(asks, number);
        }
        assert_eq!(asks.may_ask(&own("other"), &settings, NOW), MayAsk::Yes);
    }

    #[test]
    fn who_shows_wrong_codes_waits_longer_each_time_and_nobody_else_does() {
        let (agent, other) = (own("agent"), own("other"));
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

    /// Whichever way an agent asks, by itself or through clients that name it, it is one agent.
    #[test]
    fn an_agent_beyond_its_limit_rings_nobody_through_another_client_and_the_client_does_not_learn_why() {
        let (now, settings) = (minutes(21), settings());
        let ways = [by("first", Some("agent")), by("second", Some("agent")), own("agent")];
        let often =
            ways.iter().zip([0, 10, 20]).zip(1..).fold(Asks::default(), |asks, ((way, at), number)| {
                let asked = asks.asked(way, &id(number), minutes(at + 3), minutes(at));
                asked.settled(&[id(number)], minutes(at))
            });
        let waiting = Asks::default().asked(&ways[0], &id(1), minutes(24), now).asked(
            &ways[1],
            &id(2),
            minutes(24),
            now,
        );
        let declined = Asks::default().asked(&ways[0], &id(1), now, now).declined(&ways[0], &id(1), now);
        let next = by("third", Some("agent"));
        for asks in [&often, &waiting, &declined] {
            assert_eq!(asks.may_ask(&next, &settings, now), MayAsk::Silently);
            assert_eq!(asks.may_ask(&own("third"), &settings, now), MayAsk::Yes);
            assert_eq!(asks.may_ask(&by("third", Some("other")), &settings, now), MayAsk::Yes);
        }
        assert_eq!(waiting.may_ask(&own("agent"), &settings, now), MayAsk::Silently);
        assert_eq!(declined.may_ask(&own("agent"), &settings, now), MayAsk::Silently);
        assert_eq!(often.may_ask(&next, &settings, minutes(60)), MayAsk::Yes);
        assert_eq!(waiting.in_the_way_of(&next, now).len(), 2, "whether these still wait is looked up");
        let lifted = declined.unblocked(&client("agent"));
        assert_eq!(lifted.may_ask(&next, &settings, now), MayAsk::Yes);
    }

    #[test]
    fn an_agent_guesses_no_more_codes_through_several_clients_than_through_one() {
        let ways = [by("first", Some("agent")), by("second", Some("agent"))];
        let guessed = (0..=FREE_CODES).fold(Asks::default(), |asks, turn| {
            asks.showed_wrong_code(if turn % 2 == 0 { &ways[0] } else { &ways[1] }, NOW)
        });
        for next in [&ways[0], &by("third", Some("agent")), &own("agent")] {
            assert!(!guessed.may_show_code(next, NOW), "{next:?}");
        }
        assert!(guessed.may_show_code(&own("first"), NOW));
    }

    #[test]
    fn an_agent_that_is_blocked_takes_nobodys_place_through_another_client_either() {
        let mut asks = Asks::default().blocked(&client("agent"));
        for number in 1..20 {
            asks = asks.asked(&by(&format!("client-{number}"), Some("agent")), &id(number), minutes(3), NOW);
        }
        assert_eq!(asks.may_ask(&own("other"), &settings(), NOW), MayAsk::Yes);
        assert_eq!(asks.in_the_way_of(&own("other"), NOW), []);
    }

    #[test]
    fn no_more_is_looked_at_than_one_call_takes() {
        let (one, many) = (own("agent"), |number: u8| own(&format!("agent-{number}")));
        let ask = |asks: Asks, by: &BackchannelRequest, number| asks.asked(by, &id(number), minutes(3), NOW);
        let of_one = (0..200).fold(Asks::default(), |asks, number| ask(asks, &one, number));
        assert_eq!(of_one.in_the_way_of(&one, NOW).len(), 98);
        let of_many = (0..200).fold(Asks::default(), |asks, number| ask(asks, &many(number), number));
        assert_eq!(of_many.in_the_way_of(&one, NOW).len(), 49);
    }

    #[test]
    fn asks_of_before_there_were_actors_are_read() {
        let asks = Asks::default().asked(&own("agent"), &id(1), minutes(3), NOW);
        let text = serde_json::to_string(&asks).unwrap();
        assert!(!text.contains("actor"), "{text}");
        assert_eq!(serde_json::from_str::<Asks>(&text).unwrap(), asks);
    }

    #[test]
    fn who_is_blocked_is_heard_through_no_other_client_that_names_them() {
        let asks = Asks::default().blocked(&client("agent"));
        let asked = |client: &str, actor: Option<&str>| asks.silence(&by(client, actor));
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
