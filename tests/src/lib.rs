//! What the running stack does, over HTTP: see `tests/http`. The rules of the architecture are in `tests/architecture.rs`,
//! the pages in `browser/`, other people's client libraries in `clients/`.
//!
//! Here is what the test programs share: the built programs, the operator who uses one of them, and the count of second tries.

#![expect(clippy::missing_panics_doc, reason = "a test panics when something is not as it expects")]

mod operator;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

pub use operator::Operator;

/// A built program: in the folder `COUNTERSIGN_BIN`, or where this test was built.
pub fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("COUNTERSIGN_BIN").map_or_else(built, PathBuf::from);
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: `cargo build --workspace --all-targets`", path.display());
    path
}

/// Writes down that something is tried once more because the endpoint of the tests was slow: how often, whoever runs the tests says
/// when all is over (`tests/binaries/run`, `tests/deployed`).
pub fn tries_again() {
    let Some(file) = std::env::var_os("COUNTERSIGN_SECOND_TRIES") else { return };
    let file = OpenOptions::new().append(true).create(true).open(file);
    file.and_then(|mut file| file.write_all(b"again\n")).expect("it is written down");
}

/// The folder that this test program was built in.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    test.parent().and_then(Path::parent).expect("it lies in target/debug/deps").to_owned()
}
