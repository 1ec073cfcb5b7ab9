use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use openidconnect::url::{Host, Url};
use openidconnect::{ClientId, ClientSecret};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::arguments::SECRET_VARIABLE;
use crate::{Arguments, Trouble};

/// Where `cargo run` puts its server unless told otherwise.
const DEFAULT_ISSUER: &str = "http://localhost:8690";

/// The server to talk to, and the agent's credentials there.
pub(crate) struct LocalServer {
    /// Its issuer identifier.
    pub(crate) issuer: String,
    /// The agent's identifier.
    pub(crate) client_id: ClientId,
    /// The agent's secret.
    pub(crate) client_secret: ClientSecret,
}

/// The file of a data folder that says which server has it.
#[derive(Deserialize)]
struct Running {
    issuer: String,
}

impl LocalServer {
    /// Finds both: from the command line and the environment, else from the server's data folder.
    ///
    /// # Errors
    /// When the issuer is not on this machine, the folder cannot be read, or the client's secret is nowhere.
    pub(crate) fn find(arguments: &Arguments) -> Result<Self, Trouble> {
        let issuer = Self::issuer(arguments)?;
        let client_id = arguments.client_id().to_owned();
        let client_secret = match std::env::var(SECRET_VARIABLE) {
            Ok(secret) if !secret.is_empty() => ClientSecret::new(secret),
            _ => Self::secrets(arguments)?.of(&client_id)?,
        };
        Ok(Self { issuer, client_id: ClientId::new(client_id), client_secret })
    }

    /// The server's issuer identifier alone.
    ///
    /// # Errors
    /// When it is not on this machine, or the folder cannot be read.
    pub(crate) fn issuer(arguments: &Arguments) -> Result<String, Trouble> {
        let issuer = match &arguments.issuer {
            Some(asked) => asked.trim_end_matches('/').to_owned(),
            None => read::<Running>(&arguments.data.join("running.json"))?
                .map_or_else(|| DEFAULT_ISSUER.to_owned(), |running| running.issuer),
        };
        check(&issuer)?;
        Ok(issuer)
    }

    /// The secrets that the server made for the clients of the demo.
    ///
    /// # Errors
    /// When their file is there and cannot be used.
    pub(crate) fn secrets(arguments: &Arguments) -> Result<Secrets, Trouble> {
        Secrets::kept_in(arguments.data.join("secrets.json"))
    }
}

/// The secrets of a data folder.
pub(crate) struct Secrets {
    path: PathBuf,
    by_name: BTreeMap<String, String>,
}

impl Secrets {
    fn kept_in(path: PathBuf) -> Result<Self, Trouble> {
        Ok(Self { by_name: read(&path)?.unwrap_or_default(), path })
    }

    /// The secret that the server made for this client at its first start.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn of(&self, client_id: &str) -> Result<ClientSecret, Trouble> {
        match self.by_name.get(&format!("secret of {client_id}")) {
            Some(secret) => Ok(ClientSecret::new(secret.clone())),
            None => Err(Trouble::NoSecret { client_id: client_id.to_owned(), path: self.path.clone() }),
        }
    }
}

/// The demo sends its secret in the clear, so it talks to this machine alone.
fn check(issuer: &str) -> Result<(), Trouble> {
    let wrong = |why: String| Trouble::Issuer { issuer: issuer.to_owned(), why };
    let url = Url::parse(issuer).map_err(|error| wrong(error.to_string()))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "http" || !loopback {
        return Err(wrong(
            "the demo speaks to a server on this machine, such as http://localhost:8690".into(),
        ));
    }
    Ok(())
}

/// What a JSON file of the data folder says, or nothing when there is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Trouble> {
    let unusable = |why: String| Trouble::DataFolder { path: path.to_owned(), why };
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| unusable(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_sent_to_this_machine_alone() {
        for mine in ["http://localhost:8690", "http://127.0.0.1:1/prod", "http://[::1]:8690"] {
            assert!(check(mine).is_ok(), "{mine}");
        }
        for foreign in [
            "https://auth.example.com",
            "http://auth.example.com",
            "http://localhost.example.com",
            "localhost:8690",
            "",
        ] {
            let refusal = check(foreign).expect_err("refused").to_string();
            assert!(refusal.contains("--issuer") && !refusal.contains('\n'), "{refusal}");
        }
    }

    #[test]
    fn a_missing_secret_is_named_with_the_file_and_the_variable() {
        let nothing = Secrets::kept_in("nowhere/secrets.json".into()).expect("no file is no trouble");
        let Err(trouble) = nothing.of("finance-agent") else {
            panic!("there is no such file");
        };
        let line = trouble.to_string();
        for word in ["finance-agent", "nowhere/secrets.json", SECRET_VARIABLE, "cargo run"] {
            assert!(line.contains(word), "{word}: {line}");
        }
    }
}
