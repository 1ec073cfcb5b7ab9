use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::samples::{BARE, FUNCTIONS};

/// The built programs that are measured.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Those in a folder.
    pub(crate) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Builds them in the release profile. The functions alone and the bare one alone: crates that a command builds
    /// together share their features.
    pub(crate) fn build() -> Result<Self, Failure> {
        let functions: Vec<String> =
            FUNCTIONS.iter().map(|function| format!("countersign-{}", function.name)).collect();
        cargo_build(&functions)?;
        cargo_build(&["countersign-lean-start-bare".to_owned()])?;
        Ok(Self(beside_this_program()?.with_file_name("release")))
    }

    /// Where a program lies: where cargo puts it, or where `cargo lambda` does.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let packaged = self.0.join(name).join("bootstrap");
        let path = if packaged.is_file() { packaged } else { self.0.join(name) };
        if path.is_file() {
            return std::path::absolute(&path).map_err(Failure::of(&path));
        }
        let command = match name {
            BARE => "cargo build --release -p countersign-lean-start-bare",
            _ => "cargo build --release -p countersign-NAME, for each function",
        };
        Err(Failure::NotBuilt { path, command })
    }
}

/// The folder of this program and of those that were built with it.
pub(crate) fn beside_this_program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe().map_err(Failure::of(Path::new("this program")))?;
    Ok(here.parent().unwrap_or(Path::new("/")).to_owned())
}

fn cargo_build(packages: &[String]) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--release"]);
    // The folder that this program lies in, whichever way it was chosen.
    if let Some(target) = beside_this_program()?.parent() {
        command.arg("--target-dir").arg(target);
    }
    for package in packages {
        command.args(["-p", package]);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Build(format!("cargo build: {status}"))),
        Err(why) => Err(Failure::Build(format!("cargo: {why}"))),
    }
}
