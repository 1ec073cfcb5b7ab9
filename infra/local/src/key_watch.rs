use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::NOTICED_WITHIN;
use environment::Fault;
use keys::{KeyFile, Keys};

/// How often the key file is looked at. A rotation counts on its being noticed in time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

const _: () = assert!(LOOK_EVERY.as_secs() < NOTICED_WITHIN.as_secs());

/// Takes the signing keys anew when `countersign keys rotate` has changed their file.
pub(crate) struct KeyWatch {
    path: PathBuf,
    keys: Keys,
    seen: Option<Version>,
}

/// What changes with a file's content, its place or its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Version {
    /// The version of the file that lies there now, if one does.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        Some(Self {
            inode: metadata.ino(),
            length: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl KeyWatch {
    /// Watches the file that these keys were read from. `seen` was taken before they were read, so that no change
    /// goes unnoticed.
    pub(crate) const fn new(path: PathBuf, keys: Keys, seen: Option<Version>) -> Self {
        Self { path, keys, seen }
    }

    /// Looks at the file every few seconds, for ever.
    pub(crate) async fn run(mut self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            self.look();
        }
    }

    /// Takes the keys anew if the file has changed. One that cannot be used is told once, and the keys stay as they
    /// are.
    fn look(&mut self) {
        let found = Version::of(&self.path);
        if found == self.seen {
            return;
        }
        self.seen = found;
        match self.reload() {
            Ok(()) => tracing::info!(target: "keys", "the signing keys were read anew"),
            Err(fault) => tracing::error!(target: "keys", %fault, "the signing keys stay as they were"),
        }
    }

    fn reload(&self) -> Result<(), Fault> {
        let file = KeyFile::load(&self.path).map_err(|error| Fault::broken("key file", error))?;
        self.keys.reload(&file.ok_or_else(|| Fault::broken("key file", "it is gone"))?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use cli::rotate_keys;
    use environment::Dice;
    use oauth::Timestamp;
    use oauth::configuration::SigningAlgorithm::Es256;

    use super::*;
    use crate::DataFolder;
    use crate::signing_keys::load_or_make;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn watch(folder: &DataFolder) -> KeyWatch {
        let path = folder.file("keys.json");
        let file = load_or_make(&path, NOW, &Dice::system()).expect("keys");
        let keys = Keys::from_file(&file).expect("usable");
        let seen = Version::of(&path);
        KeyWatch::new(path, keys, seen)
    }

    async fn published(watch: &KeyWatch) -> usize {
        let public = watch.keys.public().await.expect("public keys");
        public.jwks(NOW)["keys"].as_array().expect("keys").len()
    }

    #[tokio::test]
    async fn a_rotation_is_noticed() {
        let folder = DataFolder::temporary(&Dice::system()).expect("a folder");
        let mut watch = watch(&folder);
        watch.look();
        assert_eq!(published(&watch).await, 2);
        rotate_keys(&watch.path, &[Es256], NOW).expect("rotated");
        watch.look();
        assert_eq!(published(&watch).await, 3);
    }

    fn change_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
    }

    #[tokio::test]
    async fn a_file_that_others_can_reach_is_not_taken_until_that_is_mended() {
        let folder = DataFolder::temporary(&Dice::system()).expect("a folder");
        let mut watch = watch(&folder);
        rotate_keys(&watch.path, &[Es256], NOW).expect("rotated");
        change_mode(&watch.path, 0o644);
        watch.look();
        assert_eq!(published(&watch).await, 2);
        change_mode(&watch.path, 0o600);
        watch.look();
        assert_eq!(published(&watch).await, 3);
    }

    #[tokio::test]
    async fn a_spoilt_or_missing_file_leaves_the_keys_as_they_are() {
        let folder = DataFolder::temporary(&Dice::system()).expect("a folder");
        let mut watch = watch(&folder);
        std::fs::write(&watch.path, "{").expect("spoilt");
        watch.look();
        assert_eq!(published(&watch).await, 2);
        std::fs::remove_file(&watch.path).expect("removed");
        watch.look();
        assert_eq!(published(&watch).await, 2);
    }
}
