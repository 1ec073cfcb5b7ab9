use std::fmt;
use std::path::{Path, PathBuf};

/// Something that is wrong with a configuration folder: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where it is.
    pub place: Place,
    /// What is wrong, as a sentence.
    pub wrong: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

impl Complaint {
    /// A complaint about a place.
    pub fn new(place: Place, wrong: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place, wrong: wrong.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.wrong)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(formatter, " {}", self.remedy) }
    }
}

/// A place in a file, as editors and terminals make a link of it: `clients/agent.toml:7:1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Line and column, both counted from 1; `None` when the file as a whole is meant.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// A file as a whole.
    pub fn file(path: &Path) -> Self {
        Self { file: path.to_owned(), position: None }
    }

    /// The place of the byte `offset` in `source`, the text of the file.
    pub fn at(path: &Path, source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().map_or(0, |start| start.chars().count());
        Self { file: path.to_owned(), position: Some((line, column)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        match self.position {
            Some((line, column)) => write!(formatter, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}
