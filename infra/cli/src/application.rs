use std::path::Path;

use environment::{Dice, Fault};
use oauth::configuration::{Authentication, Client};
use oauth::{ClientId, PersonId};
use store::{Applied as Moved, Store, Version};

use crate::Complaint;
use crate::checks::{CheckedFolder, IssuerChoice, check_folder};
use crate::differences::{Change, differences};
use crate::people::{PeopleChanges, PersonChanged, plan_people};

/// What applying a folder would change.
#[derive(Debug)]
pub struct Plan {
    checked: CheckedFolder,
    over: Option<Version>,
    changes: Vec<Change>,
    people: PeopleChanges,
}

/// What applying a folder has changed.
#[derive(Debug)]
pub struct Applied {
    /// The version in force.
    pub version: Version,
    /// What was changed; nothing when everything was so already.
    pub changes: Vec<Change>,
    /// Clients that authenticate by a secret and have none yet: `countersign client rotate-secret` makes it.
    pub clients_without_secret: Vec<ClientId>,
}

/// Why a folder was not applied. What was in force before still is.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// The files are wrong or do not fit together.
    #[error("the configuration is refused:{}", listed(.0))]
    Refused(Vec<Complaint>),
    /// Somebody else applied another configuration at the same time.
    #[error("somebody else applied a configuration at the same time: look at what changed, and try again")]
    Overtaken,
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One complaint stands on the line itself, several below it.
fn listed(complaints: &[Complaint]) -> String {
    let separator = if complaints.len() == 1 { " " } else { "\n" };
    complaints.iter().fold(String::new(), |listed, complaint| format!("{listed}{separator}{complaint}"))
}

/// Checks a folder, compares it with what is in force, and puts it in force.
///
/// # Errors
/// [`NotApplied`]; nothing has changed then.
pub async fn apply_folder(
    store: &Store,
    dice: &Dice,
    folder: &Path,
    issuer: Option<&str>,
) -> Result<Applied, NotApplied> {
    Plan::make(store, folder, issuer).await?.carry_out(store, dice, &mut |_, _| {}).await
}

impl Plan {
    /// Checks a folder and compares it with what is in force. It changes nothing.
    ///
    /// # Errors
    /// [`NotApplied::Refused`] and [`NotApplied::Fault`].
    pub async fn make(store: &Store, folder: &Path, issuer: Option<&str>) -> Result<Self, NotApplied> {
        let in_force = store.snapshot().await?;
        let (over, before) =
            in_force.map_or((None, None), |(version, snapshot)| (Some(version), Some(snapshot)));
        let otherwise = before.as_ref().map(|snapshot| snapshot.server.issuer.as_str());
        let choice = IssuerChoice { argument: issuer, otherwise };
        let checked = check_folder(folder, &choice).map_err(NotApplied::Refused)?;
        let mut changes = differences(before.as_ref(), &checked.snapshot);
        let people = plan_people(store, &checked.people).await?;
        changes.extend(people.changes());
        Ok(Self { checked, over, changes, people })
    }

    /// What would change.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Makes the changes: the snapshot first, in one move, then the people one by one, each of whom is told of. Where that
    /// ends halfway, applying again does the rest.
    ///
    /// # Errors
    /// [`NotApplied::Overtaken`] and [`NotApplied::Fault`].
    pub async fn carry_out(
        self,
        store: &Store,
        dice: &Dice,
        tell: &mut impl FnMut(PersonChanged, &PersonId),
    ) -> Result<Applied, NotApplied> {
        let only_people = self.changes.iter().all(|change| change.kind == "person");
        let version = match self.over {
            Some(version) if only_people => version,
            over => match store.apply(&self.checked.snapshot, over).await? {
                Moved::InForce(version) => version,
                Moved::Overtaken => return Err(NotApplied::Overtaken),
            },
        };
        self.people.carry_out(store, dice, tell).await?;
        let clients_without_secret = without_secret(store, &self.checked.snapshot.clients).await?;
        Ok(Applied { version, changes: self.changes, clients_without_secret })
    }
}

async fn without_secret(store: &Store, clients: &[Client]) -> Result<Vec<ClientId>, Fault> {
    let mut missing = Vec::new();
    for client in clients.iter().filter(|client| has_secret(client)) {
        if store.client_state_now(&client.id).await?.secrets.is_empty() {
            missing.push(client.id.clone());
        }
    }
    Ok(missing)
}

/// Whether the client authenticates by a secret.
pub(crate) const fn has_secret(client: &Client) -> bool {
    matches!(client.authentication, Authentication::ClientSecretBasic | Authentication::ClientSecretPost)
}
