use std::collections::BTreeMap;

use environment::Dice;
use oauth::Secret;

use crate::{DataFolder, StartError};

const FILE: &str = "secrets.json";

/// Letters and digits that nobody takes for another. Thirty-two, so that a random byte picks evenly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Passwords and client secrets that the local server made up for its demo. They are kept readable in the data
/// folder, so that a second start can print them again; nothing but the demo uses them.
pub struct Secrets {
    by_name: BTreeMap<String, Secret<String>>,
}

impl Secrets {
    /// Reads those of an earlier start.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or is not ours.
    pub fn load(folder: &DataFolder) -> Result<Self, StartError> {
        let Some(text) = folder.read(FILE)? else {
            return Ok(Self { by_name: BTreeMap::new() });
        };
        let by_name: BTreeMap<String, String> = serde_json::from_str(&text)
            .map_err(|error| StartError::Content { path: folder.file(FILE), why: error.to_string() })?;
        Ok(Self { by_name: by_name.into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect() })
    }

    /// The secret of this name; made now, and kept, when there is none yet.
    ///
    /// # Errors
    /// When a fresh one cannot be kept.
    pub fn get_or_make(
        &mut self,
        name: &str,
        folder: &DataFolder,
        dice: &Dice,
    ) -> Result<Secret<String>, StartError> {
        if let Some(secret) = self.by_name.get(name) {
            return Ok(secret.clone());
        }
        let secret = Secret::new(readable(dice.roll()));
        self.by_name.insert(name.to_owned(), secret.clone());
        self.save(folder)?;
        Ok(secret)
    }

    /// Keeps a secret that somebody else made, such as a client secret that `countersign` shows once.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn keep(
        &mut self,
        name: &str,
        secret: Secret<String>,
        folder: &DataFolder,
    ) -> Result<(), StartError> {
        self.by_name.insert(name.to_owned(), secret);
        self.save(folder)
    }

    /// The secret of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Secret<String>> {
        self.by_name.get(name)
    }

    fn save(&self, folder: &DataFolder) -> Result<(), StartError> {
        let plain: BTreeMap<&str, &str> =
            self.by_name.iter().map(|(name, secret)| (name.as_str(), secret.expose().as_str())).collect();
        let text = serde_json::to_string_pretty(&plain)
            .map_err(|error| StartError::Content { path: folder.file(FILE), why: error.to_string() })?;
        folder.replace(FILE, &text)
    }
}

/// A hundred random bits as four groups of five characters.
fn readable(bytes: [u8; 20]) -> String {
    let letters: Vec<u8> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    letters.chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_finds_the_same_password() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        let first =
            Secrets::load(&folder).expect("none yet").get_or_make("person", &folder, &dice).expect("made");
        let second =
            Secrets::load(&folder).expect("kept").get_or_make("person", &folder, &dice).expect("found");
        assert_eq!(first.expose(), second.expose());
    }

    #[test]
    fn two_names_have_two_secrets() {
        let dice = Dice::system();
        let folder = DataFolder::temporary(&dice).expect("a folder");
        let mut secrets = Secrets::load(&folder).expect("none yet");
        let one = secrets.get_or_make("one", &folder, &dice).expect("made");
        let two = secrets.get_or_make("two", &folder, &dice).expect("made");
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn a_spoilt_file_is_named_with_its_line() {
        let folder = DataFolder::temporary(&Dice::system()).expect("a folder");
        folder.replace(FILE, "{\n  nonsense").expect("written");
        let refusal = Secrets::load(&folder).err().expect("refused").to_string();
        assert!(refusal.contains(FILE) && refusal.contains("line 2"), "{refusal}");
    }

    #[test]
    fn a_password_is_readable_and_long() {
        let password = readable([0, 31, 32, 255, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(password.len(), 23);
        assert!(password.starts_with("a9a9h-"), "{password}");
    }
}
