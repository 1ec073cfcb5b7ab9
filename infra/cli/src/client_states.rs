use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::{Dice, Fault};
use oauth::configuration::Server;
use oauth::{ClientId, ClientOrigin, HashedSecret, Secret, Timestamp};
use store::{ClientState, Store};

use crate::application::has_secret;

/// Why a client was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ClientRefused {
    /// The configuration in force has no such client.
    #[error("the configuration in force has no client {0:?}")]
    Unknown(String),
    /// The client authenticates in another way.
    #[error("the client {id} authenticates by {method}, which needs no secret of ours")]
    WithoutSecret {
        /// The client.
        id: ClientId,
        /// Its `token_endpoint_auth_method`.
        method: &'static str,
    },
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A secret that was just made. It is shown once: the table keeps its SHA-256.
pub struct NewSecret {
    /// The secret: 256 random bits in base64url.
    pub secret: Secret<String>,
    /// When the one before ends, if there was one and it goes on for a while.
    pub earlier_ends_at: Option<Timestamp>,
}

/// Makes a client's new secret. The newest of those before stays valid for `overlap`, so that the client can change over;
/// with none it ends now. Never more than two are valid.
///
/// # Errors
/// [`ClientRefused`].
pub async fn rotate_secret(
    store: &Store,
    dice: &Dice,
    id: &str,
    overlap: Duration,
    now: Timestamp,
) -> Result<NewSecret, ClientRefused> {
    let id = secret_bearer(store, id, now).await?;
    let secret = Secret::new(URL_SAFE_NO_PAD.encode(dice.roll::<32>()));
    let kept = HashedSecret { digest: secret.digest(), expires_at: None };
    let after = change(store, &id, |state| {
        state.secrets = rotated(&state.secrets, kept.clone(), overlap, now);
    })
    .await?;
    let earlier_ends_at = after.secrets.iter().find_map(|one| one.expires_at);
    Ok(NewSecret { secret, earlier_ends_at })
}

/// Switches a client off: it gets no token from now on, and those it has are no longer active.
///
/// # Errors
/// [`ClientRefused::Unknown`], [`ClientRefused::Fault`].
pub async fn disable_client(store: &Store, id: &str, now: Timestamp) -> Result<(), ClientRefused> {
    change(store, &known(store, id, now).await?, |state| {
        state.disabled = true;
        state.not_before = state.not_before.max(Some(now));
    })
    .await?;
    Ok(())
}

/// Switches a client on again. What ended when it was switched off stays ended.
///
/// # Errors
/// [`ClientRefused::Unknown`], [`ClientRefused::Fault`].
pub async fn enable_client(store: &Store, id: &str, now: Timestamp) -> Result<(), ClientRefused> {
    change(store, &known(store, id, now).await?, |state| state.disabled = false).await?;
    Ok(())
}

/// Ends what was granted or issued to a client up to `now`. It stays as it is otherwise.
pub(crate) async fn end_everything_of(
    store: &Store,
    id: &ClientId,
    now: Timestamp,
) -> Result<(), ClientRefused> {
    change(store, id, |state| state.not_before = state.not_before.max(Some(now))).await?;
    Ok(())
}

/// How often a change is made again because somebody else changed the client meanwhile.
const MOST_TRIES: usize = 5;

pub(crate) async fn change(
    store: &Store,
    id: &ClientId,
    make: impl Fn(&mut ClientState),
) -> Result<ClientState, ClientRefused> {
    for _ in 0..MOST_TRIES {
        let before = store.client_state_now(id).await?;
        let mut after = before.clone();
        make(&mut after);
        if store.change_client_state(id, &before, &after).await? {
            return Ok(after);
        }
    }
    Err(Fault::unavailable("table", "others keep changing this client").into())
}

fn parse(id: &str) -> Result<ClientId, ClientRefused> {
    ClientId::parse(id).ok_or_else(|| ClientRefused::Unknown(id.to_owned()))
}

/// A client of the configuration in force, or one that had a secret or was switched off when it was there: it may come back. One
/// whose document would be read if it came can be switched off before it does. A mistyped name must not look as if something had
/// been done.
pub(crate) async fn known(store: &Store, id: &str, now: Timestamp) -> Result<ClientId, ClientRefused> {
    let client_id = parse(id)?;
    let configuration = store.configuration(now).await?;
    let is_known = store.client(&configuration, &client_id, now).await?.is_some()
        || may_come(&configuration.server, &client_id)
        || store.client_state_now(&client_id).await? != ClientState::default();
    if is_known { Ok(client_id) } else { Err(ClientRefused::Unknown(id.to_owned())) }
}

fn may_come(server: &Server, id: &ClientId) -> bool {
    id.origin(server) == ClientOrigin::Document && server.may_meet(id.as_str())
}

async fn secret_bearer(store: &Store, id: &str, now: Timestamp) -> Result<ClientId, ClientRefused> {
    let client_id = parse(id)?;
    let configuration = store.configuration(now).await?;
    let client = store.client(&configuration, &client_id, now).await?;
    let client = client.ok_or_else(|| ClientRefused::Unknown(id.to_owned()))?;
    if has_secret(&client) {
        Ok(client_id)
    } else {
        Err(ClientRefused::WithoutSecret { id: client_id, method: client.authentication.method() })
    }
}

/// The secrets after a new one has come: the newest of the valid ones, ending after `overlap`, and the new one.
fn rotated(
    secrets: &[HashedSecret],
    new: HashedSecret,
    overlap: Duration,
    now: Timestamp,
) -> Vec<HashedSecret> {
    let valid = |secret: &&HashedSecret| secret.expires_at.is_none_or(|end| now < end);
    let end = now.after(overlap);
    let newest = secrets.iter().rev().find(valid).filter(|_| !overlap.is_zero()).cloned();
    let ending = newest.map(|secret| HashedSecret {
        expires_at: Some(secret.expires_at.map_or(end, |own| own.min(end))),
        ..secret
    });
    ending.into_iter().chain([new]).collect()
}

#[cfg(test)]
mod tests {
    use oauth::Sha256Digest;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn secret(name: &str, expires_at: Option<i64>) -> HashedSecret {
        HashedSecret {
            digest: Sha256Digest::of(name.as_bytes()),
            expires_at: expires_at.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn the_first_secret_stands_alone() {
        assert_eq!(rotated(&[], secret("new", None), HOUR, NOW), [secret("new", None)]);
    }

    #[test]
    fn the_one_before_ends_after_the_overlap() {
        let after = rotated(&[secret("old", None)], secret("new", None), HOUR, NOW);
        assert_eq!(after, [secret("old", Some(4_600)), secret("new", None)]);
    }

    #[test]
    fn without_an_overlap_the_one_before_ends_now() {
        assert_eq!(
            rotated(&[secret("old", None)], secret("new", None), Duration::ZERO, NOW),
            [secret("new", None)]
        );
    }

    #[test]
    fn never_more_than_two_are_valid_and_an_end_never_moves_away() {
        let before = [secret("older", Some(1_500)), secret("old", None)];
        assert_eq!(
            rotated(&before, secret("new", None), HOUR, NOW),
            [secret("old", Some(4_600)), secret("new", None)]
        );
        let ending = [secret("old", Some(1_500))];
        assert_eq!(
            rotated(&ending, secret("new", None), HOUR, NOW),
            [secret("old", Some(1_500)), secret("new", None)]
        );
        let ended = [secret("old", Some(1_000))];
        assert_eq!(rotated(&ended, secret("new", None), HOUR, NOW), [secret("new", None)]);
    }
}
