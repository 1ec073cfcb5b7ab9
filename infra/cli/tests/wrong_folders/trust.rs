//! Other issuers and other authorization servers, as `server.toml` names them.

use crate::folder::{Folder, KEY, SERVER};

fn issuer(change: impl FnOnce(String) -> String) -> String {
    let table = format!(
        "[[trusted_issuer]]\nissuer = \"https://idp.example\"\nalgorithms = [\"ES256\"]\naccepts = [\"id_jag\"]\n\
         subject = \"external\"\nclients = [\"agent\"]\nscopes = [\"files.read\"]\nmax_age = \"5 min\"\n\
         jwks.keys = [{KEY}]\n"
    );
    format!("{SERVER}{}", change(table))
}

fn target(change: impl FnOnce(String) -> String) -> String {
    let table = "[[id_jag_target]]\naudience = \"https://auth.chat.example\"\nresource = \"https://mcp.chat.example\"\n\
                 scopes = [\"chat.read\"]\nclients = { agent = \"x\" }\nlifetime = \"5 min\"\n";
    format!("{SERVER}{}", change(table.to_owned()))
}

fn said(text: &str) -> Vec<String> {
    Folder::new().with("server.toml", text).lines()
}

#[test]
fn what_is_right_passes() {
    for text in [issuer(|table| table), target(|table| table)] {
        assert_eq!(said(&text), Vec::<String>::new());
    }
}

#[test]
fn nobody_is_trusted_by_mistake() {
    let first = SERVER.lines().count() + 1;
    let replaced = |from: &'static str, to: &'static str| issuer(move |table| table.replace(from, to));
    for (text, line, complaint) in [
        (replaced("https://idp.example", "http://idp.example"), 1, "is not https"),
        (replaced("https://idp.example", "idp"), 1, "is not a URL"),
        (replaced("\"ES256\"", "\"HS256\""), 2, "\"HS256\" is not accepted"),
        (replaced("\"ES256\"", ""), 2, "`algorithms` is empty"),
        (replaced("\"id_jag\"", ""), 3, "`accepts` is empty"),
        (replaced("\"id_jag\"", "\"access_token\""), 3, "unknown variant"),
        (replaced("\"external\"", "\"email\""), 4, "unknown variant"),
        (replaced("\"agent\"", ""), 5, "`clients` is empty"),
        (replaced("\"agent\"", "\"agenda\""), 5, "There is no client `agenda`"),
        (replaced("\"files.read\"", "\"files.write\""), 6, "No tool has the scope `files.write`"),
        (replaced("\"5 min\"", "\"2 d\""), 7, "must lie between"),
        (replaced("max_age", "typ = \"oauth-id-jag+jwt\"\nmax_age"), 7, "An ID-JAG is no subject token"),
        (replaced("{ kty", "{ d = \"AAAA\", kty"), 8, "private key"),
    ] {
        let place = format!("server.toml:{}", first + line);
        let lines = said(&text);
        assert!(
            lines.iter().any(|one| one.starts_with(&place) && one.contains(complaint)),
            "{place} {complaint}: {lines:#?}"
        );
    }
    let both = issuer(|table| format!("{table}jwks_uri = \"https://idp.example/jwks.json\"\n"));
    assert!(said(&both).iter().any(|line| line.contains("one of the two")), "{:?}", said(&both));
    let plain = issuer(|table| {
        let start = table.split("jwks.keys").next().unwrap_or_default().to_owned();
        start + "jwks_uri = \"http://idp.example/jwks.json\"\n"
    });
    assert!(said(&plain).iter().any(|line| line.contains("is not https")), "{:?}", said(&plain));
    let twice = issuer(|table| format!("{table}{table}"));
    assert!(said(&twice).iter().any(|line| line.contains("is there twice")), "{:?}", said(&twice));
    let by_name =
        |more: &'static str| issuer(move |table| table.replace("\"external\"", "\"user_name\"") + more);
    let (by_claim, sure) =
        ("subject_claim = \"upn\"\n", "subject_claim = \"upn\"\nclaim_names_one_person = true\n");
    assert!(said(&by_name(by_claim)).iter().any(|line| line.contains("is one person's alone")));
    for right in ["", sure] {
        assert_eq!(said(&by_name(right)), Vec::<String>::new());
    }
    let more = |more: &'static str| issuer(move |table| table + more);
    for (wrong, complaint) in [
        ("refresh_tokens = \"31 d\"\n", "must lie between"),
        ("not_before = \"yesterday\"\n", "It is no moment"),
    ] {
        assert!(said(&more(wrong)).iter().any(|line| line.contains(complaint)), "{wrong}");
    }
    let right = more("refresh_tokens = \"8 h\"\nnot_before = \"2026-11-26T12:00:00Z\"\n");
    assert_eq!(said(&right), Vec::<String>::new());
    let unsound = issuer(|table| format!("{table}[[trusted_issuer.details]]\ntype = \"nothing\"\n"));
    assert!(said(&unsound).iter().any(|line| line.contains("They are refused")), "{:?}", said(&unsound));
}

#[test]
fn no_assertion_is_made_for_the_wrong_server() {
    let replaced = |from: &'static str, to: &'static str| target(move |table| table.replace(from, to));
    for (text, complaint) in [
        (replaced("https://auth.chat.example", "https://auth.example.com"), "That is this server itself"),
        (replaced("https://auth.chat.example", "http://auth.chat.example"), "is not https"),
        (replaced("https://mcp.chat.example", "/mcp"), "no resource indicator"),
        (replaced("\"chat.read\"", ""), "names no scope"),
        (replaced("agent =", "agenda ="), "There is no client `agenda`"),
        (replaced("\"5 min\"", "\"1 h\""), "must lie between"),
        (target(|table| format!("{table}{table}")), "is there twice"),
        (replaced("https://mcp.chat.example", "https://files.example"), "is a tool of this server"),
        (
            target(|table| format!("{table}{}", table.replace("auth.chat", "auth.talk"))),
            "Another server's resource is \"https://mcp.chat.example\" too",
        ),
    ] {
        let lines = said(&text);
        assert!(lines.iter().any(|line| line.contains(complaint)), "{complaint}: {lines:#?}");
    }
}
