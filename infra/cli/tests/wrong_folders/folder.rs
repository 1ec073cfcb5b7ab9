//! A configuration folder of a test's own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use cli::{Complaint, IssuerChoice, check_folder};

pub(crate) const SERVER: &str = "[brand]\nname = \"Acme\"\n";
pub(crate) const TOOL: &str = "id = \"files\"\nname = \"Files\"\nresource = \"https://files.example\"\n[scopes.\"files.read\"]\ndescription.en = \"Read\"\n";
pub(crate) const CLIENT: &str = "id = \"agent\"\nname = \"Agent\"\ntoken_endpoint_auth_method = \"client_secret_basic\"\ngrant_types = [\"authorization_code\"]\nredirect_uris = [\"https://agent.example/cb\"]\n";
pub(crate) const DETAIL: &str = r#"name = "note"
tools = ["files"]
sentence.en = "write { $text }"
[schema]
type = "object"
additionalProperties = false
required = ["type", "text"]
properties.type = { const = "note" }
properties.text = { type = "string" }
"#;
pub(crate) const KEY: &str =
    r#"{ kty = "OKP", crv = "Ed25519", x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#;

/// A folder of a test's own, removed at its end. It begins as a right configuration.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            Self(std::env::temp_dir().join(format!("countersign-wrong-{}-{number}", std::process::id())));
        folder
            .with("server.toml", SERVER)
            .with("tools/files.toml", TOOL)
            .with("clients/agent.toml", CLIENT)
            .with("details/note.toml", DETAIL)
    }

    pub(crate) fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder around it")).expect("made");
        std::fs::write(path, text).expect("written");
        self
    }

    pub(crate) fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.0.join(name)).expect("removed");
        self
    }

    fn complaints(&self) -> Vec<Complaint> {
        self.complaints_for("https://auth.example.com")
    }

    pub(crate) fn complaints_for(&self, issuer: &str) -> Vec<Complaint> {
        check_folder(&self.0, &IssuerChoice::exactly(issuer)).err().unwrap_or_default()
    }

    /// Each complaint as `file:line text`, without the column.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.complaints().iter().map(|complaint| self.line(complaint)).collect()
    }

    pub(crate) fn line(&self, complaint: &Complaint) -> String {
        let file = complaint.place.file.strip_prefix(&self.0).unwrap_or(Path::new("?")).display();
        let line = complaint.place.position.map_or(0, |(line, _)| line);
        format!("{file}:{line} {} {}", complaint.wrong, complaint.remedy)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// File, its text, then where the complaint is and what it says.
pub(crate) type Case<'a> = (&'a str, &'a str, &'a str, &'a str);

pub(crate) fn check(cases: &[Case<'_>]) {
    for (file, text, place, said) in cases {
        let folder = Folder::new().with(file, text);
        let lines = folder.lines();
        let expected = lines.iter().any(|line| line.starts_with(&format!("{place} ")) && line.contains(said));
        assert!(
            expected,
            "{file} with\n{text}\nshould complain at {place} with {said:?}; it said {lines:#?}"
        );
    }
}
