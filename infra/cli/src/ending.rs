use environment::{Clock, Fault};
use store::Store;

use crate::client_states;
use crate::ways_in::end_all_but_passkeys;

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
    /// It went on after each failure.
    #[error("not everything has ended; do it again. {}", failed.join("; "))]
    Somebody {
        /// Whose did not, and why.
        failed: Vec<String>,
    },
    /// Who there is could not be read: nothing was ended.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Ends everything that was begun until now, of everybody: sessions, authorizations and their codes and tokens, remembered
/// consents. Passwords and clients' secrets stay good, and nobody is shut out. It is for a table that was restored, in which
/// what ended after the backup lives again.
///
/// A client that the configuration in force does not have keeps what it had, and can do nothing with it until one has it.
///
/// # Errors
/// [`NotAllEnded`].
pub async fn end_everything(store: &Store, clock: &Clock) -> Result<EverythingEnded, NotAllEnded> {
    let people = store.people().await?;
    let clients = store.snapshot().await?.map(|(_, snapshot)| snapshot.clients).unwrap_or_default();
    let mut failed = Vec::new();
    // Each at its own moment: a session that lives until its turn may have begun something meanwhile.
    for person in &people {
        let name = &person.profile.user_name;
        if let Err(why) = end_all_but_passkeys(store, name, clock.now(), |_| ()).await {
            failed.push(format!("The person {name:?}: {why}"));
        }
    }
    for client in &clients {
        if let Err(why) = client_states::end_everything_of(store, &client.id, clock.now()).await {
            failed.push(format!("The client `{}`: {why}", client.id));
        }
    }
    if failed.is_empty() {
        Ok(EverythingEnded { people: people.len(), clients: clients.len() })
    } else {
        Err(NotAllEnded::Somebody { failed })
    }
}
