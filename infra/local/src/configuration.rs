use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{NotApplied, apply_folder, reset_password, rotate_secret};
use oauth::Secret;

use crate::functions::Surroundings;
use crate::{Arguments, DataFolder, Secrets, StartError};

/// The person of the demo who signs in.
const PERSON: &str = "alice";

/// What a newcomer needs to try the demo.
pub struct Demo {
    /// Who signs in.
    pub person: String,
    /// With what.
    pub password: Secret<String>,
    /// A first request, ready to be pasted into a shell.
    pub first_request: String,
}

/// Applies the configuration, and gives its people passwords and its clients secrets where they have none yet. They
/// stay in the data folder, so that a second start prints the same.
///
/// # Errors
/// When the configuration cannot be read or is refused, naming file and line, or a secret cannot be kept.
pub(crate) async fn apply(
    arguments: &Arguments,
    surroundings: &Surroundings,
    secrets: &mut Secrets,
    folder: &DataFolder,
) -> Result<Option<Demo>, StartError> {
    let Surroundings { issuer, store, clock, dice, .. } = surroundings;
    let configuration = folder_of(arguments);
    let refused =
        |why: NotApplied| StartError::Configuration { folder: configuration.clone(), why: why.to_string() };
    let applied = apply_folder(store, dice, &configuration, Some(issuer)).await.map_err(refused)?;
    let failed = |why: &dyn std::fmt::Display| StartError::Configuration {
        folder: configuration.clone(),
        why: why.to_string(),
    };
    for id in &applied.clients_without_secret {
        let made = rotate_secret(store, dice, id.as_str(), Duration::ZERO, clock.now())
            .await
            .map_err(|why| failed(&why))?;
        secrets.keep(&format!("secret of {id}"), made.secret, folder)?;
    }
    for person in store.people().await.map_err(|why| failed(&why))? {
        if person.password_hash.is_none() {
            let name = &person.profile.user_name;
            let password = secrets.get_or_make(&format!("password of {name}"), folder, dice)?;
            reset_password(store, dice, name, &password, clock.now()).await.map_err(|why| failed(&why))?;
        }
    }
    Ok(secrets.get(&format!("password of {PERSON}")).map(|password| Demo {
        person: PERSON.to_owned(),
        password: password.clone(),
        first_request: first_request(issuer, secrets),
    }))
}

/// A nightly agent's request for its token: it needs no browser.
fn first_request(issuer: &str, secrets: &Secrets) -> String {
    match secrets.get("secret of nightly-agent") {
        Some(secret) => format!(
            "curl -s {issuer}/token -u nightly-agent:{} -d grant_type=client_credentials -d scope=files.read",
            secret.expose()
        ),
        None => format!("curl -s {issuer}/.well-known/openid-configuration"),
    }
}

/// The folder asked for; without one the demo's, beside the current folder or where this program was built.
fn folder_of(arguments: &Arguments) -> PathBuf {
    if let Some(asked) = &arguments.config {
        return asked.clone();
    }
    let here = Path::new("infra/config/demo");
    if here.is_dir() { here.to_owned() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo") }
}
