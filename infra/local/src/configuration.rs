use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{NotApplied, apply_folder, reset_password, rotate_secret};
use environment::Fault;
use oauth::{ClientId, Secret};
use sessions::{Password, PasswordHash};
use store::Person;

use crate::functions::Surroundings;
use crate::{Arguments, DataFolder, Secrets, StartError};

/// The person of the demo who signs in.
const PERSON: &str = "alice";

/// What a newcomer needs to try the demo.
pub struct Demo {
    /// Who signs in.
    pub person: String,
    /// With what, unless they have changed it.
    pub password: Option<Secret<String>>,
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
    let person = store.person_by_user_name(PERSON).await.map_err(|why| failed(&why))?;
    let Some(person) = person else { return Ok(None) };
    let first_request = first_request(surroundings, secrets).await.map_err(|why| failed(&why))?;
    let password = secrets.get(&format!("password of {PERSON}")).filter(|made| is_password_of(made, &person));
    Ok(Some(Demo { person: PERSON.to_owned(), password: password.cloned(), first_request }))
}

/// Whether a password that was made up here is still the person's: they may have changed it.
fn is_password_of(made: &Secret<String>, person: &Person) -> bool {
    let kept = person.password_hash.clone().map(PasswordHash::kept);
    Password::typed(made.expose().clone()).is_some_and(|password| password.is(kept.as_ref()))
}

/// A nightly agent's request for its token: it needs no browser. Not if the agent has another secret by now.
async fn first_request(surroundings: &Surroundings, secrets: &Secrets) -> Result<String, Fault> {
    let issuer = &surroundings.issuer;
    let discovery = format!("curl -s {issuer}/.well-known/openid-configuration");
    let agent = ClientId::parse("nightly-agent").zip(secrets.get("secret of nightly-agent"));
    let Some((id, secret)) = agent else { return Ok(discovery) };
    let state = surroundings.store.client_state_now(&id).await?;
    let is_good = state.secrets.iter().any(|kept| kept.expires_at.is_none() && secret.matches(&kept.digest));
    Ok(if is_good {
        let secret = secret.expose();
        format!(
            "curl -s {issuer}/token -u {id}:{secret} -d grant_type=client_credentials -d scope=files.read"
        )
    } else {
        discovery
    })
}

/// The folder asked for; without one the demo's, beside the current folder or where this program was built.
fn folder_of(arguments: &Arguments) -> PathBuf {
    if let Some(asked) = &arguments.config {
        return asked.clone();
    }
    let here = Path::new("infra/config/demo");
    if here.is_dir() { here.to_owned() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo") }
}
