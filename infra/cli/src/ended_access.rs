use std::collections::BTreeSet;

use environment::Fault;
use oauth::configuration::Tool;
use oauth::{ClientId, PersonId, ResourceUri, Timestamp};
use store::{Person, Store};

use crate::agents::{AgentHolding, HeldBy, Meant, NotFound, holdings};
use crate::client_states::{change, end_everything_of};

/// How often a change is made again because somebody else changed the person meanwhile.
const MOST_TRIES: usize = 5;

/// What ends of what agents hold, found and not yet ended.
pub struct Ending {
    meant: Meant,
    /// What is listed of it. What no list shows ends as well: tokens that were exchanged, and those that clients got for themselves.
    pub holdings: Vec<AgentHolding>,
}

/// Finds what ends with everything of a person, of a client, of a client for one person, or at a tool.
///
/// # Errors
/// [`NotFound`].
pub async fn find_ending(store: &Store, by: &HeldBy, now: Timestamp) -> Result<Ending, NotFound> {
    let configuration = store.configuration(now).await?;
    let meant = Meant::find(store, &configuration, by, now).await?;
    let holdings = holdings(store, &configuration, &meant, now).await?;
    Ok(Ending { meant, holdings })
}

impl Ending {
    /// Whose everything it is, where it is one person's.
    pub fn person(&self) -> Option<&PersonId> {
        self.meant.person.as_ref().map(|person| &person.id)
    }

    /// Which client's, where it is one's.
    pub const fn client(&self) -> Option<&ClientId> {
        self.meant.of_client.as_ref()
    }

    /// At which tool, where it is one's.
    pub fn tool(&self) -> Option<&ResourceUri> {
        self.meant.tool.as_ref().map(|tool| &tool.resource)
    }

    /// Ends it, by marks that every look at a token takes notice of: no authorization is written. People stay signed in, and clients
    /// and tools go on with what begins from now on.
    ///
    /// # Errors
    /// [`NotFound`]; what was ended before a fault stays ended.
    pub async fn carry_out(&self, store: &Store, now: Timestamp) -> Result<(), NotFound> {
        match (&self.meant.person, &self.meant.of_client, &self.meant.tool) {
            (Some(person), Some(client), _) => {
                change_person(store, person, |person| person.end_client(client, now)).await?;
            }
            (Some(person), None, _) => {
                change_person(store, person, |person| person.end_all_access(now)).await?;
            }
            (None, Some(client), _) => {
                end_everything_of(store, client, now).await?;
            }
            (None, None, Some(tool)) => self.end_at(store, tool, now).await?,
            (None, None, None) => {}
        }
        Ok(())
    }

    /// Ends what every client has for a tool, and what the tool got in exchange for it.
    async fn end_at(&self, store: &Store, tool: &Tool, now: Timestamp) -> Result<(), NotFound> {
        let registered = store.snapshot().await?.map(|(_, snapshot)| snapshot.clients).unwrap_or_default();
        for client in registered.iter().filter(|client| client.is_tool.as_ref() == Some(&tool.id)) {
            end_everything_of(store, &client.id, now).await?;
        }
        // Clients that nobody registered are known by what they hold.
        let holding = self.holdings.iter().map(|holding| holding.client_id.clone());
        let all: BTreeSet<ClientId> =
            registered.iter().map(|client| client.id.clone()).chain(holding).collect();
        for client in all {
            change(store, &client, |state| state.end_at(&tool.resource, now)).await?;
        }
        Ok(())
    }
}

async fn change_person(store: &Store, person: &Person, make: impl Fn(&mut Person)) -> Result<(), Fault> {
    let mut failed = Fault::unavailable("table", "others keep changing this person");
    for _ in 0..MOST_TRIES {
        let Some(before) = store.person(&person.id).await? else { return Ok(()) };
        let mut after = before.clone();
        make(&mut after);
        match store.update_person(&before, &after).await {
            Ok(()) => return Ok(()),
            Err(fault) => failed = fault,
        }
    }
    Err(failed)
}
