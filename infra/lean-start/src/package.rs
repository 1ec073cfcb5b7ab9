//! What is uploaded to Lambda: a zip file with the program in it, as `bootstrap`.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::failure::Failure;

/// What a zip file with one entry has beside the entry's content (APPNOTE.TXT, section 4.3): local header, central
/// header and end, and the name twice.
const FRAME: u64 = 30 + 46 + 22 + 2 * "bootstrap".len() as u64;

/// Sizes in bytes.
pub(crate) struct Package {
    pub(crate) binary: u64,
    pub(crate) zip: u64,
}

impl Package {
    /// Packs a program as `cargo lambda` and SAM do, by deflate at its usual level.
    pub(crate) fn of(binary: &Path) -> Result<Self, Failure> {
        let content = fs::read(binary).map_err(Failure::of(binary))?;
        let mut encoder = DeflateEncoder::new(Counted(0), Compression::default());
        let packed = encoder.write_all(&content).and_then(|()| encoder.finish());
        let packed = packed.map_err(Failure::of(binary))?;
        Ok(Self { binary: content.len() as u64, zip: packed.0 + FRAME })
    }
}

/// Counts what is written to it.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_smaller_when_packed_and_not_nothing() {
        let this = std::env::current_exe().expect("this program has a path");
        let package = Package::of(&this).expect("readable");
        assert_eq!(package.binary, fs::metadata(&this).expect("there").len());
        assert!(package.zip > package.binary / 20 && package.zip < package.binary / 2, "{}", package.zip);
    }
}
