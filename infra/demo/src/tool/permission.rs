use hyper::Method;
use resource::{Demand, WantedDetail};

/// This tool's resource identifier: the `aud` of the tokens it accepts.
pub(crate) const RESOURCE: &str = "https://files.internal.corp";

/// The folder of the demo, as details name it.
pub(crate) const LOCATION: &str = "https://files.internal.corp/finance";

/// The scope without which no file is touched. It says nothing about which file.
pub(crate) const FILE_SCOPE: &str = "files.access";

/// What a request wants to do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The folder's name beneath the tool's resource identifier.
    pub(super) folder: String,
    /// The file's name in it.
    pub(super) identifier: String,
    /// What is done with it, as details name it.
    action: &'static str,
}

impl Wanted {
    /// What this method does with the file of this path: one folder and a name, taken as they stand. Percent-encoding is not decoded:
    /// the decision and the file system must not disagree about a name.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let action = match *method {
            Method::GET => "read",
            Method::DELETE => "delete",
            _ => return None,
        };
        let (folder, identifier) = path.strip_prefix('/')?.split_once('/')?;
        let plain = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !name.is_empty()
                && !name.starts_with('.')
        };
        (plain(folder) && plain(identifier)).then(|| Self {
            folder: folder.to_owned(),
            identifier: identifier.to_owned(),
            action,
        })
    }

    /// What its token must allow: the scope opens the door, one of the details must name this file and this action.
    pub(super) fn demand(&self) -> Demand {
        Demand::new().scope(FILE_SCOPE).detail(
            WantedDetail::of_type("file_access")
                .action(self.action)
                .location(format!("{RESOURCE}/{}", self.folder))
                .identifier_or_every(&self.identifier),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_and_a_plain_name() {
        for path in [
            "/",
            "/finance",
            "/finance/",
            "//Q4-report.pdf",
            "/finance/../secret",
            "/finance/..",
            "/finance/a/b",
            "/finance/Q4%2Dreport.pdf",
            "/finance/%2e%2e",
            "/finance/Q4 report.pdf",
            "Q4-report.pdf",
        ] {
            assert_eq!(Wanted::of(&Method::GET, path), None, "{path}");
        }
    }
}
