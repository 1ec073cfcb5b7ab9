//! The server's settings, and people.

use cli::{IssuerChoice, check_folder};

use crate::folder::{Folder, SERVER, check};

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
        ("server.toml", &lifetime("code = 60"), "server.toml:4", "expected a string"),
        ("server.toml", &lifetime("code = \"a while\""), "server.toml:4", "not a lifetime such as"),
        ("server.toml", "[brand]\nname = \"\"\n", "server.toml:2", "is empty"),
        ("server.toml", "[brand]\nname = \"A\\u202Ecme\"\n", "server.toml:2", "invisible characters"),
        ("server.toml", "[brand]\nname = \"Acme\"\naccent = \"blue\"\n", "server.toml:3", "#rrggbb"),
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
        .with("server.toml", "[brand]\nname = \"Acme\"\nlogo_file = \"logo.svg\"\n")
        .with("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
    assert!(
        active.lines()[0].starts_with("server.toml:3 The logo \"logo.svg\" cannot be used"),
        "{:?}",
        active.lines()
    );
}

#[test]
fn a_server_has_a_way_to_sign_in() {
    let sign_in = |lines: &str| format!("{SERVER}[sign_in]\n{lines}\n");
    check(&[
        (
            "server.toml",
            &sign_in("passwords = false\npasskeys = false"),
            "server.toml:4",
            "Nobody could sign in",
        ),
        ("server.toml", &sign_in("passwords = \"no\""), "server.toml:4", "expected a boolean"),
    ]);
    let without_passwords = Folder::new().with("server.toml", &sign_in("passwords = false"));
    let complaints = without_passwords.complaints_for("http://127.0.0.1:8765");
    assert!(complaints[0].wrong.contains("has no domain"), "{complaints:?}");
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
        assert!(complaints[0].wrong.starts_with("The issuer"), "{issuer}: {complaints:?}");
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
fn pages_stand_at_an_https_url_or_with_the_issuer_on_loopback() {
    let with = |pages: &str| format!("pages = \"{pages}\"\n{SERVER}");
    for (pages, words) in [
        ("http://sign-in.example.com", "is not https"),
        ("https://sign-in.example.com/", "ends with a slash"),
        ("https://sign-in.example.com?x", "has a query"),
        ("https://SIGN-IN.example.com", "normal form"),
        ("sign-in.example.com", "is not a URL"),
        ("javascript:alert(1)", "is not an https URL"),
        ("http://localhost:8690", "one alone is on loopback"),
    ] {
        check(&[("server.toml", &with(pages), "server.toml:1", words)]);
    }
    let at = |issuer: &str, pages: &str| {
        let folder = Folder::new().with("server.toml", &with(pages));
        check_folder(&folder.0, &IssuerChoice::exactly(issuer)).map(|checked| checked.snapshot.server.pages)
    };
    let apart = "https://sign-in.example.com/prod";
    assert_eq!(at("https://auth.example.com", apart).ok().flatten().as_deref(), Some(apart));
    let local = "http://127.0.0.1:8690";
    assert_eq!(at("http://localhost:8690", local).ok().flatten().as_deref(), Some(local));
    assert!(at("http://localhost:8690", apart).is_err());
    // The issuer's own URL is no other.
    assert_eq!(at(apart, apart).ok(), Some(None));
}

#[test]
fn people_are_checked_too() {
    let person = |rest: &str| format!("[[people]]\nuser_name = \"alice\"\nname = \"Alice\"\n{rest}\n");
    check(&[
        ("people.toml", &person("email = \"alice\""), "people.toml:4", "not an e-mail address"),
        ("people.toml", &person("zone = \"Europe/Nowhere\""), "people.toml:4", "not a time zone"),
        ("people.toml", &person("locale = \"*\""), "people.toml:4", "not a language tag"),
        (
            "people.toml",
            &person("[[people]]\nuser_name = \"ALICE\"\nname = \"Other\""),
            "people.toml:5",
            "is there twice",
        ),
        ("people.toml", "[[people]]\nuser_name = \"al ice\"\nname = \"A\"\n", "people.toml:2", "has a space"),
    ]);
}
