use environment::Fault;
use oauth::Timestamp;
use store::Store;

use crate::client_states::{self, ClientRefused};
use crate::people::{self, PersonRefused};

/// Whose everything was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EverythingEnded {
    /// How many people.
    pub people: usize,
    /// How many clients: those of the configuration in force.
    pub clients: usize,
}

/// Why not everything was ended. What was, stays ended; it can be done again.
#[derive(Debug, thiserror::Error)]
pub enum NotAllEnded {
    /// A person's part.
    #[error(transparent)]
    Person(#[from] PersonRefused),
    /// A client's part.
    #[error(transparent)]
    Client(#[from] ClientRefused),
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Ends everything that was begun up to `now`, of everybody: sessions, authorizations and their codes and tokens, remembered
/// consents. Passwords and clients' secrets stay good, and nobody is shut out. It is for a table that was restored, in which
/// what ended after the backup lives again.
///
/// A client that the configuration in force does not have keeps what it had, and can do nothing with it until one has it.
///
/// # Errors
/// [`NotAllEnded`].
pub async fn end_everything(store: &Store, now: Timestamp) -> Result<EverythingEnded, NotAllEnded> {
    let people = store.people().await?;
    for person in &people {
        people::end_everything_of(store, &person.profile.user_name, now).await?;
    }
    let clients = store.snapshot().await?.map(|(_, snapshot)| snapshot.clients).unwrap_or_default();
    for client in &clients {
        client_states::end_everything_of(store, &client.id, now).await?;
    }
    Ok(EverythingEnded { people: people.len(), clients: clients.len() })
}
