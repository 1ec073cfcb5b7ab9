//! A configuration that is wrong is refused with file, line and what to do, and all that is wrong is told at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use cli::{Complaint, IssuerChoice, check_folder};

const SERVER: &str = "[brand]\nname = \"Acme\"\n";
const TOOL: &str = "id = \"files\"\nname = \"Files\"\nresource = \"https://files.example\"\n[scopes.\"files.read\"]\ndescription.en = \"Read\"\n";
const CLIENT: &str = "id = \"agent\"\nname = \"Agent\"\ntoken_endpoint_auth_method = \"client_secret_basic\"\ngrant_types = [\"authorization_code\"]\nredirect_uris = [\"https://agent.example/cb\"]\n";
const DETAIL: &str = r#"name = "note"
tools = ["files"]
sentence.en = "write { $text }"
[schema]
type = "object"
additionalProperties = false
required = ["type", "text"]
properties.type = { const = "note" }
properties.text = { type = "string" }
"#;
const KEY: &str = r#"{ kty = "OKP", crv = "Ed25519", x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#;

/// A folder of a test's own, removed at its end. It begins as a right configuration.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
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

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder around it")).expect("made");
        std::fs::write(path, text).expect("written");
        self
    }

    fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.0.join(name)).expect("removed");
        self
    }

    fn complaints(&self) -> Vec<Complaint> {
        self.complaints_for("https://auth.example.com")
    }

    fn complaints_for(&self, issuer: &str) -> Vec<Complaint> {
        check_folder(&self.0, &IssuerChoice::exactly(issuer))
            .err()
            .unwrap_or_default()
    }

    /// Each complaint as `file:line text`, without the column.
    fn lines(&self) -> Vec<String> {
        self.complaints()
            .iter()
            .map(|complaint| self.line(complaint))
            .collect()
    }

    fn line(&self, complaint: &Complaint) -> String {
        let file = complaint
            .place
            .file
            .strip_prefix(&self.0)
            .unwrap_or(Path::new("?"))
            .display();
        let line = complaint.place.position.map_or(0, |(line, _)| line);
        format!("{file}:{line} {} {}", complaint.wrong, complaint.remedy)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_right_folder_has_no_complaints() {
    assert_eq!(Folder::new().lines(), Vec::<String>::new());
}

/// File, its text, then where the complaint is and what it says.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str);

fn check(cases: &[Case<'_>]) {
    for (file, text, place, said) in cases {
        let folder = Folder::new().with(file, text);
        let lines = folder.lines();
        let expected = lines
            .iter()
            .any(|line| line.starts_with(&format!("{place} ")) && line.contains(said));
        assert!(
            expected,
            "{file} with\n{text}\nshould complain at {place} with {said:?}; it said {lines:#?}"
        );
    }
}

#[test]
fn what_is_no_configuration_is_refused_at_its_place() {
    check(&[
        (
            "server.toml",
            "[brand\nname = \"Acme\"\n",
            "server.toml:1",
            "not TOML",
        ),
        (
            "server.toml",
            "[brand]\nname = \"Acme\nx = 1\n",
            "server.toml:2",
            "not TOML",
        ),
        ("server.toml", "", "server.toml:1", "`brand` is missing"),
        (
            "server.toml",
            "demo = 1\n[brand]\nname = \"Acme\"\n",
            "server.toml:1",
            "expected a boolean",
        ),
        (
            "server.toml",
            "[brand]\nname = \"Acme\"\ncolour = \"#123456\"\n",
            "server.toml:3",
            "no field `colour`",
        ),
        (
            "server.toml",
            "[brand]\nname = 2026-11-24\n",
            "server.toml:2",
            "date does not fit",
        ),
        (
            "servers.toml",
            SERVER,
            "servers.toml:0",
            "Nothing reads this file",
        ),
        (
            "clients/agent.toml",
            "id = \"agent\"\nnmae = \"Agent\"\n",
            "clients/agent.toml:2",
            "The fields are:",
        ),
        (
            "clients/agent.toml",
            "id = \"agent\"\nid = \"other\"\n",
            "clients/agent.toml:2",
            "duplicate key",
        ),
        (
            "people.toml",
            "[[people]]\nuser_name = \"a\"\n",
            "people.toml:1",
            "`name` is missing",
        ),
    ]);
}

#[test]
fn a_secret_is_refused_wherever_it_stands() {
    let client = |line: &str| format!("{CLIENT}{line}\n");
    for (file, text, line) in [
        (
            "clients/agent.toml",
            client("client_secret = \"s3cr3t-value\""),
            6,
        ),
        (
            "clients/agent.toml",
            client("\"client-secret\" = \"s3cr3t-value\""),
            6,
        ),
        ("clients/agent.toml", client("secret = \"s3cr3t-value\""), 6),
        ("clients/agent.toml", client("private_key = \"s3cr3t-value\""), 6),
        (
            "people.toml",
            "[[people]]\nuser_name = \"a\"\nname = \"A\"\npassword = \"s3cr3t-value\"\n".to_owned(),
            4,
        ),
        (
            "people.toml",
            "[[people]]\nuser_name = \"a\"\nname = \"A\"\nattributes = { Password = \"s3cr3t-value\" }\n"
                .to_owned(),
            4,
        ),
        ("server.toml", format!("password = \"s3cr3t-value\"\n{SERVER}"), 1),
    ] {
        let lines = Folder::new().with(file, &text).lines();
        assert!(
            lines[0].starts_with(&format!("{file}:{line} ")) && lines[0].contains("no secret is ever read"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 1, "the field is not blamed twice: {lines:?}");
        assert!(
            !lines[0].contains("s3cr3t-value"),
            "the secret itself is not repeated: {lines:?}"
        );
    }
}

#[test]
fn a_servers_settings_have_bounds() {
    let lifetime = |line: &str| format!("{SERVER}[lifetimes]\n{line}\n");
    let cases = [
        lifetime("code = \"61 s\""),
        lifetime("code = \"2 min\""),
        lifetime("request_uri = \"59 s\""),
        lifetime("request_uri = \"301 s\""),
        lifetime("access_token = \"2 h\""),
        lifetime("session = \"8 d\""),
        lifetime("authorization = \"400 d\""),
        lifetime("interaction = \"2 h\""),
    ];
    for text in &cases {
        check(&[("server.toml", text, "server.toml:4", "must lie between")]);
    }
    check(&[
        (
            "server.toml",
            &lifetime("code = 60"),
            "server.toml:4",
            "expected a string",
        ),
        (
            "server.toml",
            &lifetime("code = \"a while\""),
            "server.toml:4",
            "not a lifetime such as",
        ),
        (
            "server.toml",
            "[brand]\nname = \"\"\n",
            "server.toml:2",
            "is empty",
        ),
        (
            "server.toml",
            "[brand]\nname = \"A\\u202Ecme\"\n",
            "server.toml:2",
            "invisible characters",
        ),
        (
            "server.toml",
            "[brand]\nname = \"Acme\"\naccent = \"blue\"\n",
            "server.toml:3",
            "#rrggbb",
        ),
        (
            "server.toml",
            "[brand]\nname = \"Acme\"\nlogo_file = \"../logo.svg\"\n",
            "server.toml:3",
            "without a folder",
        ),
        (
            "server.toml",
            "[brand]\nname = \"Acme\"\nlogo_file = \"none.svg\"\n",
            "server.toml:3",
            "cannot be read",
        ),
    ]);
    let active = Folder::new()
        .with(
            "server.toml",
            "[brand]\nname = \"Acme\"\nlogo_file = \"logo.svg\"\n",
        )
        .with(
            "logo.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        );
    assert!(
        active.lines()[0].starts_with("server.toml:3 The logo \"logo.svg\" cannot be used"),
        "{:?}",
        active.lines()
    );
}

#[test]
fn an_issuer_that_clients_could_mistake_is_refused() {
    for issuer in [
        "http://auth.example.com",
        "https://auth.example.com/",
        "https://auth.example.com?x",
        "auth.example.com",
    ] {
        let complaints = Folder::new().complaints_for(issuer);
        assert!(
            complaints[0].wrong.starts_with("The issuer"),
            "{issuer}: {complaints:?}"
        );
    }
    let written = Folder::new().with("server.toml", &format!("issuer = \"http://a.example\"\n{SERVER}"));
    let complaints = check_folder(&written.0, &IssuerChoice::default()).unwrap_err();
    assert!(
        written
            .line(&complaints[0])
            .starts_with("server.toml:1 The issuer \"http://a.example\" is not https"),
        "{complaints:?}"
    );
    let nowhere = check_folder(&Folder::new().0, &IssuerChoice::default()).unwrap_err();
    assert!(!nowhere.is_empty());
}

#[test]
fn a_client_that_does_not_hold_together_is_refused() {
    let client = |method: &str, grants: &str, rest: &str| {
        format!(
            "id = \"agent\"\nname = \"Agent\"\ntoken_endpoint_auth_method = \"{method}\"\ngrant_types = [{grants}]\n{rest}\n"
        )
    };
    let basic = |rest: &str| format!("{CLIENT}{rest}\n");
    const CODE: &str = "\"authorization_code\"";
    const URI: &str = "redirect_uris = [\"https://agent.example/cb\"]";
    let at = |line: usize| format!("clients/agent.toml:{line}");
    let cases = [
        (client("client_secret_basic", CODE, ""), 4, "needs a redirect URI"),
        (
            client("client_secret_basic", "\"client_credentials\"", URI),
            5,
            "Redirect URIs are for authorization_code",
        ),
        (
            client(
                "client_secret_basic",
                "\"client_credentials\", \"refresh_token\"",
                "",
            ),
            4,
            "refresh_token goes with authorization_code",
        ),
        (client("none", "\"client_credentials\"", ""), 4, "public client"),
        (client("client_secret_basic", "", ""), 4, "nothing at all"),
        (
            client("client_secret_basic", "\"password\"", ""),
            4,
            "unknown variant",
        ),
        (
            client("client_secret_basic", "\"implicit\"", ""),
            4,
            "unknown variant",
        ),
        (client("client_secret_jwt", CODE, URI), 3, "unknown variant"),
        (client("none", "", "is_tool = \"files\""), 5, "prove who it is"),
        (
            client("private_key_jwt", CODE, URI),
            3,
            "needs the client's public keys",
        ),
        (
            client(
                "private_key_jwt",
                CODE,
                &format!("{URI}\njwks.keys = [{KEY}]\njwks_file = \"x.json\""),
            ),
            7,
            "named twice",
        ),
        (
            client(
                "private_key_jwt",
                CODE,
                &format!("{URI}\njwks_file = \"../keys.json\""),
            ),
            6,
            "without a folder",
        ),
        (
            client(
                "private_key_jwt",
                CODE,
                &format!("{URI}\njwks_file = \"none.json\""),
            ),
            6,
            "cannot be read",
        ),
        (
            client("private_key_jwt", CODE, &format!("{URI}\njwks.keys = []")),
            6,
            "no key in it",
        ),
        (
            client(
                "private_key_jwt",
                CODE,
                &format!("{URI}\njwks.keys = [{}]", KEY.replace(" }", ", d = \"AAAA\" }")),
            ),
            6,
            "private key",
        ),
        (basic(&format!("jwks.keys = [{KEY}]")), 6, "private_key_jwt"),
        (basic("tools = [\"filez\"]"), 6, "There are: files."),
        (
            basic("tools = [\"files\"]\nscopes = [\"files.write\"]"),
            7,
            "no scope `files.write`",
        ),
        (
            basic("scopes = [\"files.read\"]"),
            6,
            "belongs to the tool `files`",
        ),
        (basic("scopes = [\"a b\"]"), 6, "cannot be a scope"),
        (
            basic("default_tool = \"files\""),
            6,
            "may not use the tool `files`",
        ),
        (basic("is_tool = \"filez\""), 6, "There are: files."),
        (basic("detail_types = [\"memo\"]"), 6, "There are: note."),
        (
            basic("detail_types = [\"note\"]"),
            6,
            "No tool of this client takes details",
        ),
        (
            basic("standing_details = [{ type = \"note\", text = \"x\" }]"),
            6,
            "for client_credentials",
        ),
        (
            client(
                "client_secret_basic",
                "\"client_credentials\"",
                "scopes = [\"openid\"]",
            ),
            5,
            "works alone",
        ),
        (
            client(
                "client_secret_basic",
                "\"client_credentials\"",
                "tools = [\"files\"]\ndetail_types = [\"note\"]\n[[standing_details]]\ntype = \"note\"\n",
            ),
            7,
            "standing detail is refused",
        ),
        (
            client(
                "client_secret_basic",
                "\"client_credentials\"",
                "standing_details = [{ text = \"x\" }]",
            ),
            5,
            "`type` is missing",
        ),
        (
            CLIENT.replace("\"agent\"", "\"person-agent\""),
            1,
            "not beginning with `person-`",
        ),
        (CLIENT.replace("\"Agent\"", "\" \""), 2, "is empty"),
    ];
    for (text, line, said) in &cases {
        check(&[("clients/agent.toml", text, &at(*line), said)]);
    }
}

/// Each of these has been used to steal a code.
#[test]
fn a_redirect_uri_that_is_not_safe_is_refused() {
    for uri in [
        "http://agent.example/cb",
        "https://agent.example/cb#fragment",
        "https://user@agent.example/cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "https://",
        "http://127.0.0.1.evil.example/cb",
        "https://agent.example/c b",
    ] {
        let text = CLIENT.replace("https://agent.example/cb", uri);
        check(&[(
            "clients/agent.toml",
            &text,
            "clients/agent.toml:5",
            "A code must never be sent to",
        )]);
    }
    let twice = CLIENT.replace("cb\"]", "cb\",\n\"https://agent.example/cb\"]");
    check(&[(
        "clients/agent.toml",
        &twice,
        "clients/agent.toml:6",
        "is there twice",
    )]);
}

#[test]
fn a_tool_that_does_not_hold_together_is_refused() {
    let tool = |rest: &str| {
        format!(
            "{}\n{rest}\n",
            TOOL.lines().take(3).collect::<Vec<_>>().join("\n")
        )
    };
    check(&[
        (
            "tools/files.toml",
            &TOOL.replace("\"files\"", "\"fi les\""),
            "tools/files.toml:1",
            "cannot be a tool's id",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("https://files.example", "files"),
            "tools/files.toml:3",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("files.example", "files.example#x"),
            "tools/files.toml:3",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &TOOL.replace("https://files.example", "https://auth.example.com"),
            "tools/files.toml:3",
            "issuer itself",
        ),
        (
            "tools/files.toml",
            &tool("locations = [\"https://a.example\", \"b\"]"),
            "tools/files.toml:4",
            "not an absolute URI",
        ),
        (
            "tools/files.toml",
            &tool("access_token_lifetime = \"1 d\""),
            "tools/files.toml:4",
            "must lie between 30 s and 1 h",
        ),
        (
            "tools/files.toml",
            &tool("signing_alg = \"none\""),
            "tools/files.toml:4",
            "unknown variant",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.openid]\ndescription.en = \"x\""),
            "tools/files.toml:4",
            "scope of the issuer",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.\"a b\"]\ndescription.en = \"x\""),
            "tools/files.toml:4",
            "cannot be a scope",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.a]\ndescription.de = \"x\""),
            "tools/files.toml:5",
            "English text is missing",
        ),
        (
            "tools/files.toml",
            &tool("[scopes.a]\ndescription = { en = \"x\", nonsense1 = \"y\" }"),
            "tools/files.toml:5",
            "not a language tag",
        ),
        (
            "tools/files.toml",
            &tool("[claims]\nsub = \"email\""),
            "tools/files.toml:5",
            "meaning of its own",
        ),
        (
            "tools/files.toml",
            &tool("[claims]\nauthorization_details = \"email\""),
            "tools/files.toml:5",
            "meaning of its own",
        ),
        (
            "tools/files.toml",
            &tool("[claims]\nx = \"password\""),
            "tools/files.toml:5",
            "unknown variant",
        ),
        (
            "tools/other.toml",
            TOOL,
            "tools/other.toml:1",
            "is there twice; first at",
        ),
        (
            "tools/other.toml",
            &TOOL.replace("\"files\"", "\"other\""),
            "tools/other.toml:3",
            "The resource \"https://files.example\" is there twice",
        ),
        (
            "clients/other.toml",
            CLIENT,
            "clients/other.toml:1",
            "The client \"agent\" is there twice",
        ),
        (
            "details/other.toml",
            DETAIL,
            "details/other.toml:1",
            "The detail type \"note\" is there twice",
        ),
    ]);
}

#[test]
fn a_detail_type_that_hides_something_is_refused() {
    check(&[
        (
            "details/note.toml",
            &DETAIL.replace("[\"files\"]", "[\"filez\"]"),
            "details/note.toml:2",
            "There is no tool `filez`",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("[\"files\"]", "[]"),
            "details/note.toml:2",
            "at least one tool",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("{ $text }", "something"),
            "details/note.toml:3",
            "must tell of $text",
        ),
        (
            "details/note.toml",
            &DETAIL.replace(".en", ".de"),
            "details/note.toml:3",
            "English sentence is missing",
        ),
        (
            "details/note.toml",
            &DETAIL.replace("additionalProperties = false\n", ""),
            "details/note.toml:4",
            "refuse unknown fields",
        ),
        (
            "details/note.toml",
            &format!("narrowing = {{ \"/texd\" = \"subset\" }}\n{DETAIL}"),
            "details/note.toml:1",
            "no field",
        ),
        (
            "details/note.toml",
            &format!("narrowing = {{ \"/text\" = \"wider\" }}\n{DETAIL}"),
            "details/note.toml:1",
            "unknown variant",
        ),
    ]);
}

#[test]
fn people_and_languages_are_checked_too() {
    let person = |rest: &str| format!("[[people]]\nuser_name = \"alice\"\nname = \"Alice\"\n{rest}\n");
    check(&[
        (
            "people.toml",
            &person("email = \"alice\""),
            "people.toml:4",
            "not an e-mail address",
        ),
        (
            "people.toml",
            &person("zone = \"Europe/Nowhere\""),
            "people.toml:4",
            "not a time zone",
        ),
        (
            "people.toml",
            &person("locale = \"*\""),
            "people.toml:4",
            "not a language tag",
        ),
        (
            "people.toml",
            &person("[[people]]\nuser_name = \"ALICE\"\nname = \"Other\""),
            "people.toml:5",
            "is there twice",
        ),
        (
            "people.toml",
            "[[people]]\nuser_name = \"al ice\"\nname = \"A\"\n",
            "people.toml:2",
            "has a space",
        ),
        (
            "languages/nonsense1.ftl",
            "a = b\n",
            "languages/nonsense1.ftl:0",
            "not a language tag",
        ),
        (
            "languages/de.ftl",
            "a = b\n\nc = { FUNCTION() }\n",
            "languages/de.ftl:3",
            "cannot be used",
        ),
        (
            "languages/de.ftl",
            "a = b\na = c\n",
            "languages/de.ftl:1",
            "is there twice",
        ),
    ]);
    assert_eq!(
        Folder::new()
            .with("languages/de.ftl", "sign-in-title = Anmelden bei uns\n")
            .lines(),
        Vec::<String>::new()
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let folder = Folder::new()
        .with(
            "server.toml",
            "demo = \"yes\"\n[brand]\nnmae = \"Acme\"\n[lifetimes]\ncode = \"1 fortnight\"\n",
        )
        .with(
            "tools/files.toml",
            &TOOL.replace("https://files.example", "files"),
        )
        .with(
            "clients/agent.toml",
            &format!("{CLIENT}scopes = [\"nonsense\"]\ntools = [\"nowhere\"]\n"),
        )
        .with(
            "people.toml",
            "[[people]]\nuser_name = \"a\"\nname = \"A\"\nemail = \"b\"\nzone = \"c\"\n",
        );
    let lines = folder.lines();
    let places: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        places,
        [
            "clients/agent.toml:6",
            "clients/agent.toml:7",
            "people.toml:4",
            "people.toml:5",
            "server.toml:1",
            "server.toml:2",
            "server.toml:3",
            "server.toml:5",
            "tools/files.toml:3",
        ],
        "{lines:#?}"
    );
}

/// Whoever refers to a file that cannot be read is not to blame.
#[test]
fn a_broken_tool_is_not_blamed_on_its_clients() {
    let folder = Folder::new()
        .with(
            "clients/agent.toml",
            &format!("{CLIENT}tools = [\"files\"]\nscopes = [\"files.read\"]\ndetail_types = [\"note\"]\n"),
        )
        .with("tools/files.toml", "id = ");
    let lines = folder.lines();
    assert!(
        lines.iter().all(|line| line.starts_with("tools/files.toml")),
        "{lines:#?}"
    );
}

#[test]
fn a_missing_folder_and_a_missing_server_file_are_named() {
    let nowhere = check_folder(Path::new("/nonexistent/config"), &IssuerChoice::default()).unwrap_err();
    assert!(
        nowhere[0]
            .to_string()
            .starts_with("/nonexistent/config: There is no such folder."),
        "{nowhere:?}"
    );
    let without = Folder::new().without("server.toml");
    assert_eq!(without.lines().len(), 1);
    assert!(
        without.lines()[0].starts_with("server.toml:0 The file is missing."),
        "{:?}",
        without.lines()
    );
}

#[test]
fn public_keys_can_stand_in_the_file_or_beside_it() {
    let client = |rest: &str| {
        format!(
            "{}{rest}\n",
            CLIENT.replace("client_secret_basic", "private_key_jwt")
        )
    };
    let inline = Folder::new().with("clients/agent.toml", &client(&format!("jwks.keys = [{KEY}]")));
    assert_eq!(inline.lines(), Vec::<String>::new());
    let beside = |keys: &str| {
        Folder::new()
            .with("clients/agent.toml", &client("jwks_file = \"agent.jwks.json\""))
            .with("clients/agent.jwks.json", keys)
            .lines()
    };
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(beside(&format!("{{\"keys\":[{key}]}}")), Vec::<String>::new());
    assert!(beside("{\"keys\":\n 7}")[0].starts_with("clients/agent.jwks.json:2 This is not a JWK Set"));
    assert!(
        beside(&format!("{{\"keys\":[{}]}}", key.replace("}", ",\"d\":\"AA\"}")))[0].contains("private key")
    );
    assert!(
        beside(&format!(
            "{{\"keys\":[{}]}}",
            key.replace("\"x\"", "\"kid\":\"a\",\"y\"")
        ))[0]
            .contains("Ed25519")
    );
}

/// Two files in one folder can refer to each other, but nothing is read from outside it.
#[test]
fn nothing_is_read_from_outside_the_folder() {
    for name in [
        "/etc/passwd",
        "../agent.json",
        "a/b.json",
        "..",
        ".hidden.json",
        "",
    ] {
        let text = format!(
            "{}jwks_file = {name:?}\n",
            CLIENT.replace("client_secret_basic", "private_key_jwt")
        );
        check(&[(
            "clients/agent.toml",
            &text,
            "clients/agent.toml:6",
            "not the name of a file beside this one",
        )]);
    }
}
