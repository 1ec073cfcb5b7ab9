use std::collections::BTreeSet;

use environment::Fault;
use oauth::{
    AccessTokenClaims, Asks, Authorization, BackchannelRequest, ClientId, GrantId, PersonId, Refusal, Stage,
    Timestamp, UserCodeHash,
};

use crate::access_tokens::client_state;
use crate::item::{Condition, Draft, Item, Key, Written, body};
use crate::{Person, Standing, Store, authorizations, client_states, people, user_codes};

/// What is read of a person whom a client would ask.
pub struct Approached {
    /// The person, if there is one.
    pub person: Option<Person>,
    /// Who asked them lately.
    pub asks: KeptAsks,
    /// What the client asked of the nobody whom it means if it may not ask them.
    pub of_nobody: KeptAsks,
    /// The user code that they have set.
    pub code: Option<UserCodeHash>,
    /// What stands behind the token of who acts, if one was shown.
    pub actor: Option<Standing>,
}

/// Who asked a person lately, as it stood in the table when it was read.
pub struct KeptAsks {
    /// What counts.
    pub asks: Asks,
    person: PersonId,
    item: Option<Item>,
}

/// How often writing down a request is tried again because somebody else's came between.
const MOST_TRIES: usize = 4;
/// The most requests of one person that are read for a page: as many as one call takes.
const MOST_READ: usize = 100;
/// The most that are shown.
const MOST_SHOWN: usize = 50;

impl Store {
    /// A person, who asked them lately, and their user code, beside what was asked of a nobody, and what says whether the token of who
    /// acts still stands, in one call. That token is the party's own, and about no person.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn approached(
        &self,
        id: &PersonId,
        nobody: &PersonId,
        actor: Option<&AccessTokenClaims>,
    ) -> Result<Approached, Fault> {
        let keys = [&people::key(id), &key(id), &key(nobody), &user_codes::key(id)];
        let ([person, own, of_nobody, code], actor) = self.read_beside(keys, actor).await?;
        Ok(Approached {
            person: person.as_ref().map(body).transpose()?,
            asks: kept(id, own)?,
            of_nobody: kept(nobody, of_nobody)?,
            code: user_codes::kept(id, code)?.hash,
            actor,
        })
    }

    /// Whoever made an invitation, who asked them lately, and what says whether the token of who acts still stands, as
    /// [`Store::approached`].
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn approached_by_invitation(
        &self,
        id: &PersonId,
        actor: Option<&AccessTokenClaims>,
    ) -> Result<(Option<Person>, KeptAsks, Option<Standing>), Fault> {
        let ([person, own], actor) = self.read_beside([&people::key(id), &key(id)], actor).await?;
        Ok((person.as_ref().map(body).transpose()?, kept(id, own)?, actor))
    }

    /// A person, and who asked them lately, in one call.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn person_and_own_asks(&self, id: &PersonId) -> Result<(Option<Person>, KeptAsks), Fault> {
        let [person, own] = self.read_all([&people::key(id), &key(id)]).await?;
        Ok((person.as_ref().map(body).transpose()?, kept(id, own)?))
    }

    /// Who asked a person lately.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn asks(&self, id: &PersonId) -> Result<KeptAsks, Fault> {
        kept(id, self.read(&key(id)).await?)
    }

    /// Counts a request among what is asked of a person, by one write, which many at once cannot evade: what came between is read and
    /// judged anew. `judge` is given what counts by now, and says what is kept of it, beside what becomes of the request; or refuses.
    ///
    /// A yes is not written down there. Whether others still wait is looked up for everybody, so that no client can tell by the time
    /// whether the person hears of its request.
    ///
    /// # Errors
    /// When the table does not answer, or others ask the same person all the time.
    pub async fn count_ask<T>(
        &self,
        mut kept: KeptAsks,
        (request, id): (&BackchannelRequest, &GrantId),
        now: Timestamp,
        judge: impl Fn(Asks) -> Result<(Asks, T), Refusal>,
    ) -> Result<Result<T, Refusal>, Fault> {
        for _ in 0..MOST_TRIES {
            let waiting = kept.asks.in_the_way_of(request, now);
            let over = self.wait_no_more(&waiting, id).await?;
            let (next, becomes) = match judge(kept.asks.clone().settled(&over, now)) {
                Ok(judged) => judged,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if self.keep_asks(&kept, &next).await? {
                return Ok(Ok(becomes));
            }
            kept = self.asks(&kept.person).await?;
        }
        Err(Fault::unavailable("table", "others ask the same person at this moment"))
    }

    /// Writes down who asked a person lately, on condition that nothing was since it was read. `false` when somebody came first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_asks(&self, before: &KeptAsks, after: &Asks) -> Result<bool, Fault> {
        let draft = Draft::new(&key(&before.person), after, after.forgotten_at());
        let written = self.write_if(draft, Condition::unchanged(before.item.as_ref())).await?;
        Ok(matches!(written, Written::Done))
    }

    /// Which of these requests wait no more: they have been decided, or their client was switched off. One that is not there yet
    /// waits: it is counted before it is kept. There is one call whatever there is to look at, and be it only at the request that
    /// is about to be made: the time that an answer takes must not say how much others ask.
    async fn wait_no_more(
        &self,
        waiting: &[(GrantId, ClientId)],
        about_to_be_made: &GrantId,
    ) -> Result<Vec<GrantId>, Fault> {
        let clients: Vec<&ClientId> =
            waiting.iter().map(|(_, client)| client).collect::<BTreeSet<_>>().into_iter().collect();
        let requests = waiting.iter().map(|(id, _)| authorizations::key(id));
        let states = clients.iter().map(|id| client_states::key(id));
        // It stands among them where its being counted was not heard of.
        let itself = std::iter::once(authorizations::key(about_to_be_made));
        let keys: Vec<Key> = requests.chain(states).chain(itself).collect();
        let items = self.read_each(&keys).await?;
        let (requests, states) = items.split_at(waiting.len());
        let mut off = BTreeSet::new();
        for (client, item) in clients.iter().zip(states) {
            if client_state(item.as_ref())?.disabled {
                off.insert(*client);
            }
        }
        let is_decided = |item: &Item| {
            authorizations::decode(item).is_ok_and(|found| !matches!(found.stage, Stage::Requested(_)))
        };
        let over = waiting
            .iter()
            .zip(requests)
            .filter(|((_, client), item)| off.contains(client) || item.as_ref().is_some_and(is_decided));
        Ok(over.map(|((id, _), _)| id.clone()).collect())
    }

    /// The requests that wait for a person's decision, the newest first. They are found by the index, which lags a moment behind.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn requests_that_wait_for(
        &self,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Vec<Authorization>, Fault> {
        let mut keys = self.owned(&format!("PERSON#{person}"), "REQUEST#").await?;
        keys.reverse();
        // What has expired lies there until the table cleans up.
        keys.truncate(MOST_READ);
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let mut waiting = Vec::new();
        for item in self.read_each(&keys).await?.iter().flatten() {
            if waiting.len() < MOST_SHOWN && authorizations::decode(item)?.waits_for(person, now).is_ok() {
                waiting.push(self.assemble(item).await?);
            }
        }
        Ok(waiting)
    }
}

fn kept(person: &PersonId, item: Option<Item>) -> Result<KeptAsks, Fault> {
    let asks = item.as_ref().map(body).transpose()?.unwrap_or_default();
    Ok(KeptAsks { asks, person: person.clone(), item })
}

pub(crate) fn key(person: &PersonId) -> Key {
    Key::new(format!("ASKS#{person}"), "ASKS")
}
