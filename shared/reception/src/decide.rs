use http::Problem;
use oauth::{Authorization, Decision, HandleRejection, Refusal};
use sessions::{Interaction, Request};
use store::{Commit, Person};

use crate::{Guest, SignedIn};

/// Commits a person's yes by one write, which spends the request: of any number at once exactly one succeeds.
///
/// # Errors
/// [`Refusal::RequestUriInvalid`] when the request was decided already; a fault of the table.
pub async fn decide(
    guest: &Guest<'_>,
    interaction: &Interaction,
    decision: Decision,
) -> Result<Authorization, Problem> {
    let lives = &guest.configuration.server.lifetimes;
    let next = match &interaction.request {
        Request::Carried(request) => {
            let request = (**request).clone();
            Authorization::consented_at_once(interaction.id.clone(), request, decision, lives, guest.now)
        }
        Request::Pushed => guest
            .pushed(interaction)
            .await?
            .consented(decision, lives, guest.now)?,
    };
    guest.commit(next).await
}

/// Commits a person's no. A request that was stored nowhere leaves nothing to commit.
///
/// # Errors
/// As [`decide`].
pub async fn deny(guest: &Guest<'_>, interaction: &Interaction) -> Result<(), Problem> {
    if interaction.request == Request::Pushed {
        let denied = guest.pushed(interaction).await?.denied(guest.now)?;
        guest.commit(denied).await?;
    }
    Ok(())
}

impl Guest<'_> {
    /// The pushed request of an interaction.
    ///
    /// # Errors
    /// [`Refusal::RequestUriInvalid`] when it is gone.
    pub async fn pushed(&self, interaction: &Interaction) -> Result<Authorization, Problem> {
        let gone = Refusal::RequestUriInvalid {
            why: HandleRejection::Unknown,
        };
        Ok(self.store.authorization(&interaction.id).await?.ok_or(gone)?)
    }

    /// The person of a session, unless everything of theirs has been ended since they signed in.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_person(&self, signed_in: &SignedIn) -> Result<Option<Person>, Problem> {
        let session = &signed_in.session;
        let person = self.store.person(&session.person).await?;
        Ok(person.filter(|person| person.allows_made_at(session.authentication.auth_time)))
    }

    async fn commit(&self, next: Authorization) -> Result<Authorization, Problem> {
        match self.store.commit(&next).await? {
            Commit::Done => Ok(next),
            Commit::Outdated(_) => Err(Refusal::RequestUriInvalid {
                why: HandleRejection::Spent,
            }
            .into()),
        }
    }
}
