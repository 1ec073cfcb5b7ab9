use std::path::Path;

use cli::generate_rsa_2048;
use environment::Dice;
use keys::{KeyFile, KeyFileError};
use oauth::Timestamp;

use crate::StartError;

/// The keys that an earlier start made, or new ones: a P-256 key, an RSA-2048 key and the server's secret.
///
/// # Errors
/// When the file is there and cannot be read or is open to others, or new keys cannot be made or kept.
pub(crate) fn load_or_make(path: &Path, now: Timestamp, dice: &Dice) -> Result<KeyFile, StartError> {
    let told = |error| start_error(path, error);
    if let Some(keys) = KeyFile::load(path).map_err(told)? {
        return Ok(keys);
    }
    let rsa = generate_rsa_2048()
        .map_err(|error| StartError::Machine { what: "an RSA key", why: error.to_string() })?;
    let keys = KeyFile::first(now, dice.roll(), rsa).map_err(told)?;
    keys.create(path).map_err(told)?;
    Ok(keys)
}

fn start_error(path: &Path, error: KeyFileError) -> StartError {
    match error {
        KeyFileError::File { path, why } => StartError::File { verb: "use", path, why },
        KeyFileError::Mode { path, mode } => StartError::Content {
            path,
            why: format!("its mode is {mode:03o}, so that others can reach the keys; run chmod 600 on it"),
        },
        other => StartError::Content { path: path.to_owned(), why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::DataFolder;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[tokio::test]
    async fn a_second_start_signs_with_the_same_keys() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        let path = folder.file("keys.json");
        let mut sets = Vec::new();
        for _ in 0..2 {
            let file = load_or_make(&path, NOW, &dice).expect("keys");
            let keys = keys::Keys::from_file(&file).expect("usable");
            sets.push(keys.public().await.expect("public keys").jwks(NOW).to_string());
        }
        assert_eq!(sets[0], sets[1]);
        let mode = path.metadata().expect("kept").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn keys_that_others_can_read_are_not_used() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        let path = folder.file("keys.json");
        load_or_make(&path, NOW, &dice).expect("keys");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("widened");
        let refusal = load_or_make(&path, NOW, &dice).err().expect("refused").to_string();
        assert!(refusal.contains("keys.json") && refusal.contains("644"), "{refusal}");
    }

    #[test]
    fn a_spoilt_key_file_is_named_and_kept() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        folder.replace("keys.json", "{").expect("written");
        let refusal = load_or_make(&folder.file("keys.json"), NOW, &dice).err().expect("refused").to_string();
        assert!(refusal.contains("keys.json") && !refusal.contains('\n'), "{refusal}");
        assert_eq!(folder.read("keys.json").expect("readable").as_deref(), Some("{"));
    }
}
