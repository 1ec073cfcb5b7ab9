use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use keys::{FileKey, JWKS_MAX_AGE, KeyFile, KeyFileError, LONGEST_TOKEN_LIFE};
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;

use crate::rsa_key::generate_rsa_2048;

/// The key file in a local server's data folder.
pub const KEY_FILE: &str = "keys.json";

/// How soon a running local server takes notice of a changed key file.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(10);

/// A rotation that is under way: the new key is published, the one before still signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// From here on the new key signs, and the one before no more.
    pub first_use: Timestamp,
    /// From here on the one before is no longer published: what it signed has expired.
    pub unpublished_at: Timestamp,
}

/// Why the keys are as they were.
#[derive(Debug, thiserror::Error)]
pub enum NotRotated {
    /// There is no key file.
    #[error("{} is not there: a local server makes it when it first starts", .0.display())]
    NoFile(PathBuf),
    /// The key file cannot be used or written.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// No key could be made.
    #[error("no RSA key could be made: {0}")]
    Rsa(#[from] Unspecified),
}

/// Makes a successor for each of these algorithms' keys in a local key file. It signs when everybody who keeps a
/// JWKS has fetched one that holds it; the key before stays published until the last token that it can sign has
/// expired. The server may be running, or not.
///
/// # Errors
/// [`NotRotated`]; the file is as it was then.
pub fn rotate_keys(
    path: &Path,
    algorithms: &[SigningAlgorithm],
    now: Timestamp,
) -> Result<Rotation, NotRotated> {
    let mut file = KeyFile::load(path)?.ok_or_else(|| NotRotated::NoFile(path.to_owned()))?;
    // A JWKS that is fetched just before the server takes notice is kept for its whole life.
    let until_known = NOTICED_WITHIN.saturating_add(JWKS_MAX_AGE);
    for &algorithm in algorithms {
        let successor = match algorithm {
            SigningAlgorithm::Es256 => FileKey::generate_es256()?,
            SigningAlgorithm::Rs256 => FileKey::from_pkcs8(algorithm, generate_rsa_2048()?)?,
        };
        file = file.rotate(algorithm, successor, now, until_known, LONGEST_TOKEN_LIFE);
    }
    file.replace(path)?;
    let first_use = now.after(until_known);
    let unpublished_at = first_use.after(LONGEST_TOKEN_LIFE).after(oauth::time::CLOCK_SKEW);
    Ok(Rotation { first_use, unpublished_at })
}

#[cfg(test)]
mod tests {
    use SigningAlgorithm::{Es256, Rs256};
    use environment::Dice;
    use keys::Keys;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// A key file in a folder of this test's own, removed at its end.
    struct File(PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("countersign-rotation-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).expect("a folder");
            let path = folder.join(KEY_FILE);
            let rsa = generate_rsa_2048().expect("a key");
            let first = KeyFile::first(START, Dice::system().roll(), rsa).expect("keys");
            first.create(&path).expect("written");
            Self(path)
        }

        async fn published(&self, at: Timestamp) -> usize {
            let file = KeyFile::load(&self.0).expect("readable").expect("there");
            let public = Keys::from_file(&file).expect("usable").public().await.expect("at hand");
            public.jwks(at)["keys"].as_array().expect("keys").len()
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().expect("a folder"));
        }
    }

    #[tokio::test]
    async fn old_and_new_keys_overlap_until_the_last_old_token_has_expired() {
        let file = File::new("overlap");
        let rotation = rotate_keys(&file.0, &[Es256, Rs256], START).expect("rotated");
        assert!(rotation.first_use.since(START) >= NOTICED_WITHIN + JWKS_MAX_AGE);
        assert_eq!(file.published(START).await, 4);
        let last_expiry = rotation.first_use.after(LONGEST_TOKEN_LIFE);
        assert!(rotation.unpublished_at > last_expiry);
        assert_eq!(file.published(last_expiry).await, 4);
        assert_eq!(file.published(rotation.unpublished_at).await, 2);
    }

    #[tokio::test]
    async fn one_algorithm_alone_can_be_rotated() {
        let file = File::new("one");
        rotate_keys(&file.0, &[Es256], START).expect("rotated");
        assert_eq!(file.published(START).await, 3);
    }

    #[test]
    fn without_a_key_file_nothing_is_made() {
        let file = File::new("none");
        std::fs::remove_file(&file.0).expect("removed");
        let refusal = rotate_keys(&file.0, &[Es256], START).expect_err("refused");
        assert!(matches!(refusal, NotRotated::NoFile(_)), "{refusal}");
        assert!(!file.0.exists());
    }
}
