use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth::configuration::SigningAlgorithm;
use oauth::{Secret, Timestamp};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::{Deserialize, Serialize};

use crate::key_set::{KeySet, Schedule, ScheduledKey};
use crate::local_key::{LocalKey, generator};
use crate::server_secret::ServerSecret;

const FORMAT: u32 = 1;

/// The local stand-in for KMS: one file with the private keys and the server's secret, readable by its owner
/// alone.
pub struct KeyFile {
    secret: Secret<[u8; 32]>,
    keys: KeySet<FileKey>,
}

/// A private key as PKCS#8, known to be one that signs with its algorithm.
#[derive(Clone)]
pub struct FileKey(Secret<Vec<u8>>);

/// What can go wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file system said no.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// Others on this machine can read or write the keys.
    #[error("{}: its mode is {mode:03o}, so that others can reach the keys; expected 600", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not the JSON of a key file.
    #[error("not a key file: {why}")]
    Format {
        /// What is wrong, without any content.
        why: String,
    },
    /// A key that does not sign with its algorithm.
    #[error("an {} key cannot be used: {why}", algorithm.as_str())]
    Key {
        /// What the key is for.
        algorithm: SigningAlgorithm,
        /// What is wrong.
        why: String,
    },
}

impl FileKey {
    /// Takes a private key made elsewhere. RSA keys are: nothing that a function links can make them.
    ///
    /// # Errors
    /// [`KeyFileError::Key`] when it is not PKCS#8 (RFC 5208) of the kind and size that the algorithm needs.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: Vec<u8>) -> Result<Self, KeyFileError> {
        let pkcs8 = Secret::new(pkcs8);
        LocalKey::from_pkcs8(algorithm, pkcs8.expose())?;
        Ok(Self(pkcs8))
    }

    /// Makes a new key for ES256.
    ///
    /// # Errors
    /// [`KeyFileError::Key`] when the system has no randomness to give.
    pub fn generate_es256() -> Result<Self, KeyFileError> {
        let algorithm = SigningAlgorithm::Es256;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &generator())
            .map_err(|error| KeyFileError::Key { algorithm, why: error.to_string() })?;
        Self::from_pkcs8(algorithm, pkcs8.as_ref().to_vec())
    }

    pub(crate) fn load(&self, algorithm: SigningAlgorithm) -> Result<LocalKey, KeyFileError> {
        LocalKey::from_pkcs8(algorithm, self.0.expose())
    }
}

impl KeyFile {
    /// A key file of these keys and 32 random bytes.
    pub const fn new(secret: [u8; 32], keys: KeySet<FileKey>) -> Self {
        Self { secret: Secret::new(secret), keys }
    }

    /// The first key file of a deployment: a new P-256 key, an RSA-2048 key made elsewhere, and 32 random bytes.
    ///
    /// # Errors
    /// [`KeyFileError::Key`] when the RSA key is not one.
    pub fn first(now: Timestamp, secret: [u8; 32], rsa_2048_pkcs8: Vec<u8>) -> Result<Self, KeyFileError> {
        let es256 = FileKey::generate_es256()?;
        let rs256 = FileKey::from_pkcs8(SigningAlgorithm::Rs256, rsa_2048_pkcs8)?;
        let keys = [(SigningAlgorithm::Es256, es256), (SigningAlgorithm::Rs256, rs256)];
        let keys =
            keys.map(|(algorithm, key)| ScheduledKey { algorithm, schedule: Schedule::first(now), key });
        Ok(Self::new(secret, KeySet::new(keys.into())))
    }

    /// A key file of one new P-256 key and 32 random bytes.
    ///
    /// # Errors
    /// [`KeyFileError::Key`] when the system has no randomness to give.
    pub fn of_es256(now: Timestamp, secret: [u8; 32]) -> Result<Self, KeyFileError> {
        let (algorithm, schedule) = (SigningAlgorithm::Es256, Schedule::first(now));
        let key = ScheduledKey { algorithm, schedule, key: FileKey::generate_es256()? };
        Ok(Self::new(secret, KeySet::new(vec![key])))
    }

    /// The key file after a new key took over, as [`KeySet::rotate`] describes it.
    #[must_use]
    pub fn rotate(
        self,
        algorithm: SigningAlgorithm,
        successor: FileKey,
        now: Timestamp,
        jwks_max_age: Duration,
        longest_token_life: Duration,
    ) -> Self {
        let keys = self.keys.rotate(algorithm, successor, now, jwks_max_age, longest_token_life);
        Self { secret: self.secret, keys }
    }

    /// Reads the file, or says that there is none yet.
    ///
    /// # Errors
    /// [`KeyFileError`] when it cannot be read, others can reach it, or it is not a key file.
    pub fn load(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let file_error = |why| KeyFileError::File { path: path.to_owned(), why };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(error)),
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Mode { path: path.to_owned(), mode });
        }
        let text = Secret::new(fs::read_to_string(path).map_err(file_error)?);
        Self::parse(text.expose()).map(Some)
    }

    /// Writes a new file that only its owner can read, and never over one that exists.
    ///
    /// # Errors
    /// [`KeyFileError::File`], also when the file exists already.
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        let file_error = |why| KeyFileError::File { path: path.to_owned(), why };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(file_error)?;
        let written = file.write_all(self.to_json()?.expose().as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|why| {
            // Half a key file would stop every later start. The first error is the one to tell.
            let _ = fs::remove_file(path);
            file_error(why)
        })
    }

    /// Writes the file anew in one step, so that whoever reads it meanwhile sees the old or the new one.
    ///
    /// # Errors
    /// [`KeyFileError::File`] when the file or its neighbour with `.new` cannot be written.
    pub fn replace(&self, path: &Path) -> Result<(), KeyFileError> {
        let beside = path.with_extension("new");
        self.create(&beside)?;
        fs::rename(&beside, path).map_err(|why| KeyFileError::File { path: path.to_owned(), why })
    }

    /// Reads a key file's text.
    ///
    /// # Errors
    /// [`KeyFileError::Format`] or [`KeyFileError::Key`].
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        // The parser's own message can quote what it read.
        let not_json = |error: serde_json::Error| KeyFileError::Format {
            why: format!("{:?} error in line {}, column {}", error.classify(), error.line(), error.column()),
        };
        let stored: StoredFile = serde_json::from_str(text).map_err(not_json)?;
        if stored.format != FORMAT {
            return Err(KeyFileError::Format {
                why: format!("its format is {}, not {FORMAT}", stored.format),
            });
        }
        let secret = decode(&stored.server_secret, "server_secret")?;
        let secret = secret
            .try_into()
            .map_err(|_| KeyFileError::Format { why: "\"server_secret\" is not 32 bytes long".to_owned() })?;
        let mut keys = Vec::new();
        for stored in stored.keys.iter() {
            let key = FileKey::from_pkcs8(stored.algorithm, decode(&stored.key.pkcs8, "pkcs8")?)?;
            keys.push(ScheduledKey { algorithm: stored.algorithm, schedule: stored.schedule, key });
        }
        Ok(Self::new(secret, KeySet::new(keys)))
    }

    fn to_json(&self) -> Result<Secret<String>, KeyFileError> {
        let stored = StoredFile {
            format: FORMAT,
            server_secret: STANDARD.encode(self.secret.expose()),
            keys: self.keys.map(|key| StoredKey { pkcs8: STANDARD.encode(key.key.0.expose()) }),
        };
        serde_json::to_string_pretty(&stored)
            .map(Secret::new)
            .map_err(|error| KeyFileError::Format { why: error.to_string() })
    }

    pub(crate) const fn keys(&self) -> &KeySet<FileKey> {
        &self.keys
    }

    pub(crate) fn server_secret(&self) -> ServerSecret {
        ServerSecret::new(*self.secret.expose())
    }
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    format: u32,
    server_secret: String,
    keys: KeySet<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    pkcs8: String,
}

fn decode(text: &str, member: &str) -> Result<Vec<u8>, KeyFileError> {
    STANDARD.decode(text).map_err(|_| KeyFileError::Format { why: format!("\"{member}\" is not base64") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, START};

    /// A folder of its own for each test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("countersign-keys-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("keys.json")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn kids(file: &KeyFile) -> Vec<String> {
        let kid = |key: &ScheduledKey<FileKey>| {
            let public = key.key.load(key.algorithm).and_then(|key| key.public());
            public.expect("a key").thumbprint()
        };
        file.keys.iter().map(kid).collect()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = Folder::new("round-trip");
        assert!(KeyFile::load(&folder.file()).expect("nothing wrong").is_none());
        let written = KeyFile::first(START, [9; 32], fixtures::RSA_PKCS8.to_vec()).expect("keys");
        written.create(&folder.file()).expect("written");
        let read = KeyFile::load(&folder.file()).expect("readable").expect("there");
        assert_eq!(kids(&read), kids(&written));
        assert_eq!(read.secret.expose(), &[9; 32]);
    }

    #[test]
    fn only_its_owner_can_read_it() {
        let folder = Folder::new("mode");
        fixtures::key_file().create(&folder.file()).expect("written");
        let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(folder.file()), 0o600);
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o640)).expect("changed");
        let refused = KeyFile::load(&folder.file());
        assert!(matches!(refused, Err(KeyFileError::Mode { mode: 0o640, .. })));
    }

    #[test]
    fn a_file_that_exists_is_never_overwritten_by_a_first_start() {
        let folder = Folder::new("exclusive");
        fixtures::key_file().create(&folder.file()).expect("written");
        let second = KeyFile::first(START, [1; 32], fixtures::RSA_PKCS8.to_vec()).expect("keys");
        let error = second.create(&folder.file()).expect_err("exists");
        assert!(matches!(error, KeyFileError::File { why, .. } if why.kind() == ErrorKind::AlreadyExists));
        let read = KeyFile::load(&folder.file()).expect("readable").expect("there");
        assert_eq!(read.secret.expose(), &fixtures::SECRET);
    }

    #[test]
    fn a_rotation_replaces_the_file_and_keeps_the_secret() {
        let folder = Folder::new("rotation");
        fixtures::key_file().create(&folder.file()).expect("written");
        let file = KeyFile::load(&folder.file()).expect("readable").expect("there");
        let successor = FileKey::generate_es256().expect("a key");
        let hour = Duration::from_hours(1);
        let rotated = file.rotate(SigningAlgorithm::Es256, successor, START, hour, hour);
        rotated.replace(&folder.file()).expect("replaced");
        let read = KeyFile::load(&folder.file()).expect("readable").expect("there");
        assert_eq!((read.keys.iter().count(), read.secret.expose()), (3, &fixtures::SECRET));
        assert_eq!(kids(&read), kids(&rotated));
    }

    #[test]
    fn a_broken_file_is_refused_without_quoting_it() {
        let text = fixtures::key_file().to_json().expect("JSON").expose().clone();
        let secret = STANDARD.encode(fixtures::SECRET);
        let cases = [
            String::new(),
            "{}".to_owned(),
            text[..text.len() - 2].to_owned(),
            text.replace(&secret, "c2hvcnQ="),
            text.replace(&secret, "***"),
            text.replace("\"format\": 1", "\"format\": 2"),
            text.replace("ES256", "RS256"),
        ];
        for case in cases {
            let error = KeyFile::parse(&case).err().expect("broken").to_string();
            assert!(!error.contains(&secret) && !error.contains("MIG"), "{error}");
        }
    }
}
