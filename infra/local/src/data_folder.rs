use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use environment::Dice;

use crate::{Arguments, StartError};

/// The folder where a server keeps its state (`.countersign/`): mode 0700, its files 0600. One server at a time:
/// the folder is locked while this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    in_memory: bool,
    _lock: File,
}

impl DataFolder {
    /// The folder that the command line asks for: the one named, or a temporary one.
    ///
    /// # Errors
    /// When it cannot be made or opened, is open to other users, or another server holds it.
    pub fn of(arguments: &Arguments) -> Result<Self, StartError> {
        if arguments.ephemeral { Self::temporary(&Dice::system()) } else { Self::open(&arguments.data) }
    }

    /// Opens a folder, making it when it is not there.
    ///
    /// # Errors
    /// When it cannot be made or opened, is open to other users, or another server holds it.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(why) => {
                return Err(StartError::File { verb: "make", path: path.into(), why });
            }
        }
        Self::lock(path.into(), false)
    }

    /// Makes a folder under the system's temporary folder; it is deleted when this is dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary(dice: &Dice) -> Result<Self, StartError> {
        let name = dice
            .roll::<8>()
            .iter()
            .fold(String::from("countersign-"), |name, byte| name + &format!("{byte:02x}"));
        let path = std::env::temp_dir().join(name);
        // Exclusively: in a folder where others may write, a name that is there already was put there by somebody.
        DirBuilder::new().mode(0o700).create(&path).map_err(|why| StartError::File {
            verb: "make",
            path: path.clone(),
            why,
        })?;
        Self::lock(path, true)
    }

    fn lock(path: PathBuf, in_memory: bool) -> Result<Self, StartError> {
        let unreadable = |why| StartError::File { verb: "open", path: path.clone(), why };
        let mode = path.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StartError::DataOpenToOthers { path, mode });
        }
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|why| StartError::File { verb: "open", path: lock_path.clone(), why })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, in_memory, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StartError::DataInUse { path }),
            Err(TryLockError::Error(why)) => Err(StartError::File { verb: "lock", path: lock_path, why }),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the table belongs in memory and the folder goes away at the end.
    pub const fn is_temporary(&self) -> bool {
        self.in_memory
    }

    /// Where a file of this name lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes an empty file of mode 0600 unless it is there, so that whoever opens it next cannot make it wider.
    ///
    /// # Errors
    /// When the file can neither be made nor is there.
    pub fn prepare(&self, name: &str) -> Result<PathBuf, StartError> {
        let path = self.file(name);
        match exclusive(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(path),
            Err(why) => Err(StartError::File { verb: "make", path, why }),
        }
    }

    /// Opens a file for appending, making it when it is not there.
    ///
    /// # Errors
    /// When it can be neither made nor opened.
    pub fn append(&self, name: &str) -> Result<File, StartError> {
        let path = self.prepare(name)?;
        OpenOptions::new().append(true).open(&path).map_err(|why| StartError::File {
            verb: "open",
            path,
            why,
        })
    }

    /// What a file holds, or nothing when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>, StartError> {
        let path = self.file(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(StartError::File { verb: "read", path, why }),
        }
    }

    /// Replaces a file as a whole: a reader sees the old content or the new, never a half.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, name: &str, content: &str) -> Result<(), StartError> {
        let path = self.file(name);
        let unwritable = |why| StartError::File { verb: "write", path: path.clone(), why };
        let fresh = self.file(&format!("{name}.new"));
        // The folder's lock is ours, so such a file is left over from a server that was killed while writing.
        self.remove(&format!("{name}.new"))?;
        let mut file = exclusive(&fresh).map_err(unwritable)?;
        file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
        std::fs::rename(&fresh, &path).map_err(unwritable)
    }

    /// Removes a file if it is there.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), StartError> {
        let path = self.file(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(why) => Err(StartError::File { verb: "remove", path, why }),
        }
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if self.in_memory
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the temporary folder is still there");
        }
    }
}

fn exclusive(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("it is there").permissions().mode() & 0o777
    }

    /// A folder of this test's own, removed at its end.
    fn somewhere() -> DataFolder {
        DataFolder::temporary(&Dice::system()).expect("a temporary folder")
    }

    #[test]
    fn folder_and_files_are_the_owners_alone() {
        let parent = somewhere();
        let folder = DataFolder::open(&parent.file("data")).expect("made");
        folder.replace("secrets.json", "{}").expect("written");
        drop(folder.append("audit.jsonl").expect("opened"));
        folder.prepare("table.sqlite").expect("made");
        assert_eq!(mode(folder.path()), 0o700);
        for name in ["secrets.json", "audit.jsonl", "table.sqlite", "lock"] {
            assert_eq!(mode(&folder.file(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn two_servers_cannot_share_a_folder() {
        let parent = somewhere();
        let path = parent.file("data");
        let first = DataFolder::open(&path).expect("opened");
        assert!(matches!(DataFolder::open(&path), Err(StartError::DataInUse { .. })));
        drop(first);
        DataFolder::open(&path).expect("free again");
    }

    #[test]
    fn a_folder_that_others_can_open_is_refused() {
        let parent = somewhere();
        let path = parent.file("data");
        std::fs::create_dir(&path).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("widened");
        let refusal = DataFolder::open(&path).expect_err("refused").to_string();
        assert!(refusal.contains("data") && refusal.contains("755") && !refusal.contains('\n'), "{refusal}");
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let parent = somewhere();
        parent.replace("file", "").expect("written");
        let refusal = DataFolder::open(&parent.file("file")).expect_err("refused").to_string();
        assert!(refusal.contains("file"), "{refusal}");
    }

    #[test]
    fn replacing_survives_a_half_written_left_over() {
        let folder = somewhere();
        folder.replace("secrets.json.new", "half").expect("left over");
        folder.replace("secrets.json", "whole").expect("written");
        assert_eq!(folder.read("secrets.json").expect("readable").as_deref(), Some("whole"));
        assert_eq!(folder.read("secrets.json.new").expect("readable"), None);
    }

    #[test]
    fn a_temporary_folder_is_gone_at_the_end() {
        let folder = somewhere();
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
