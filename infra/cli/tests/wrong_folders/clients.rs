//! Clients that do not hold together, and what could be used to steal a code or a secret.

use cli::{IssuerChoice, check_folder};

use crate::folder::{CLIENT, Folder, KEY, SERVER, check};

const CODE: &str = "\"authorization_code\"";
const CIBA: &str = "\"ciba\"";
const URI: &str = "redirect_uris = [\"https://agent.example/cb\"]";

fn client(method: &str, grants: &str, rest: &str) -> String {
    format!(
        "id = \"agent\"\nname = \"Agent\"\ntoken_endpoint_auth_method = \"{method}\"\ngrant_types = [{grants}]\n{rest}\n"
    )
}

#[test]
fn a_client_that_does_not_hold_together_is_refused() {
    let basic = |rest: &str| format!("{CLIENT}{rest}\n");
    let at = |line: usize| format!("clients/agent.toml:{line}");
    let cases = [
        (client("client_secret_basic", CODE, ""), 4, "needs a redirect URI"),
        (
            client("client_secret_basic", "\"client_credentials\"", URI),
            5,
            "Redirect URIs are for authorization_code",
        ),
        (
            client("client_secret_basic", "\"client_credentials\", \"refresh_token\"", ""),
            4,
            "refresh_token goes with authorization_code",
        ),
        (client("none", "\"client_credentials\"", ""), 4, "public client"),
        (client("client_secret_basic", "", ""), 4, "nothing at all"),
        (client("client_secret_basic", "\"password\"", ""), 4, "unknown variant"),
        (client("client_secret_basic", "\"implicit\"", ""), 4, "unknown variant"),
        (client("client_secret_jwt", CODE, URI), 3, "unknown variant"),
        (client("none", "", "is_tool = \"files\""), 5, "prove who it is"),
        (client("none", CODE, &format!("{URI}\nactors = [\"agent\"]")), 6, "says of nobody that they act"),
        (basic("actors = [\"nobody\"]"), 6, "no client `nobody`"),
        (
            client("none", CODE, &format!("{URI}\nremember_consent = true")),
            6,
            "A public client's consent cannot be remembered",
        ),
        (client("private_key_jwt", CODE, URI), 3, "needs the client's public keys"),
        (
            client("private_key_jwt", CODE, &format!("{URI}\njwks.keys = [{KEY}]\njwks_file = \"x.json\"")),
            7,
            "named twice",
        ),
        (
            client("private_key_jwt", CODE, &format!("{URI}\njwks_file = \"../keys.json\"")),
            6,
            "without a folder",
        ),
        (client("private_key_jwt", CODE, &format!("{URI}\njwks_file = \"none.json\"")), 6, "cannot be read"),
        (client("private_key_jwt", CODE, &format!("{URI}\njwks.keys = []")), 6, "no key in it"),
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
        (basic("tools = [\"files\"]\nscopes = [\"files.write\"]"), 7, "no scope `files.write`"),
        (basic("scopes = [\"files.read\"]"), 6, "belongs to the tool `files`"),
        (basic("scopes = [\"a b\"]"), 6, "cannot be a scope"),
        (basic("default_tool = \"files\""), 6, "may not use the tool `files`"),
        (basic("is_tool = \"filez\""), 6, "There are: files."),
        (basic("detail_types = [\"memo\"]"), 6, "There are: note."),
        (basic("detail_types = [\"note\"]"), 6, "No tool of this client takes details"),
        (basic("standing_details = [{ type = \"note\", text = \"x\" }]"), 6, "for client_credentials"),
        (client("client_secret_basic", "\"client_credentials\"", "scopes = [\"openid\"]"), 5, "works alone"),
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
            client("client_secret_basic", "\"client_credentials\"", "standing_details = [{ text = \"x\" }]"),
            5,
            "`type` is missing",
        ),
        (CLIENT.replace("\"agent\"", "\"person-agent\""), 1, "not beginning with `person-`"),
        (CLIENT.replace("\"Agent\"", "\" \""), 2, "is empty"),
    ];
    for (text, line, said) in &cases {
        check(&[("clients/agent.toml", text, &at(*line), said)]);
    }
}

#[test]
fn a_client_that_asks_people_says_whom_and_where_it_is_told() {
    let asking = |method: &str, rest: &str| client(method, CIBA, &format!("[backchannel]\n{rest}"));
    let basic = |rest: &str| format!("{CLIENT}{rest}\n");
    let at = |line: usize| format!("clients/agent.toml:{line}");
    let cases = [
        (client("client_secret_basic", CIBA, ""), 4, "whom the client may ask"),
        (basic("[backchannel]\nmay_ask_people = [\"alice\"]"), 6, "for the grant type ciba"),
        (asking("none", "may_ask_people = [\"alice\"]"), 5, "may not ask people"),
        (asking("client_secret_basic", ""), 5, "may ask nobody"),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\ninvited_only = true"),
            7,
            "without having been invited",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"pull\""),
            7,
            "unknown variant",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"push\""),
            7,
            "where the client is told",
        ),
        (
            asking(
                "client_secret_basic",
                "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"push\"\nclient_notification_endpoint = \"https://a.example/#x\"",
            ),
            8,
            "Nothing must be sent",
        ),
        (
            asking(
                "client_secret_basic",
                "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"push\"\nclient_notification_endpoint = \"https://a.example/\"",
            ),
            7,
            "brings tokens to nobody",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"ping\""),
            7,
            "where the client is told",
        ),
        (
            asking(
                "client_secret_basic",
                "may_ask_groups = [\"a\"]\nclient_notification_endpoint = \"https://a.example/\"",
            ),
            7,
            "told nothing",
        ),
        (
            asking(
                "client_secret_basic",
                "may_ask_groups = [\"a\"]\ntoken_delivery_mode = \"ping\"\nclient_notification_endpoint = \"http://a.example/\"",
            ),
            8,
            "Nothing must be sent",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\nrefresh_tokens = true"),
            7,
            "refresh_token",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\nrequest_signing_alg = \"ES256\""),
            7,
            "keys to sign with",
        ),
        (
            asking("client_secret_basic", "may_ask_groups = [\"a\"]\nrequest_signing_alg = \"HS256\""),
            7,
            "No request is signed",
        ),
    ];
    for (text, line, said) in &cases {
        check(&[("clients/agent.toml", text, &at(*line), said)]);
    }
}

/// Whoever proves who they are may be remembered, and a public client may say that it is not.
#[test]
fn consents_are_remembered_for_clients_that_authenticate() {
    let confidential = format!("{CLIENT}remember_consent = true\n");
    let public = format!("{}remember_consent = false\n", CLIENT.replace("client_secret_basic", "none"));
    for text in [confidential, public] {
        assert_eq!(Folder::new().with("clients/agent.toml", &text).lines(), Vec::<String>::new());
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
        check(&[("clients/agent.toml", &text, "clients/agent.toml:5", "A code must never be sent to")]);
    }
    let twice = CLIENT.replace("cb\"]", "cb\",\n\"https://agent.example/cb\"]");
    check(&[("clients/agent.toml", &twice, "clients/agent.toml:6", "is there twice")]);
}

#[test]
fn public_keys_can_stand_in_the_file_or_beside_it() {
    let client = |rest: &str| format!("{}{rest}\n", CLIENT.replace("client_secret_basic", "private_key_jwt"));
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
        beside(&format!("{{\"keys\":[{}]}}", key.replace('}', ",\"d\":\"AA\"}")))[0].contains("private key")
    );
    assert!(
        beside(&format!("{{\"keys\":[{}]}}", key.replace("\"x\"", "\"kid\":\"a\",\"y\"")))[0]
            .contains("Ed25519")
    );
}

/// Two files in one folder can refer to each other, but nothing is read from outside it.
#[test]
fn nothing_is_read_from_outside_the_folder() {
    for name in ["/etc/passwd", "../agent.json", "a/b.json", "..", ".hidden.json", ""] {
        let text =
            format!("{}jwks_file = {name:?}\n", CLIENT.replace("client_secret_basic", "private_key_jwt"));
        check(&[(
            "clients/agent.toml",
            &text,
            "clients/agent.toml:6",
            "not the name of a file beside this one",
        )]);
    }
}

/// It would be noticed only when somebody waits to be told.
#[test]
fn a_client_is_told_where_calls_are_made() {
    let told_at = |endpoint: &str| {
        let table = "[backchannel]\nmay_ask_groups = [\"a\"]\ntoken_delivery_mode = \"ping\"\nclient_notification_endpoint";
        client("client_secret_basic", CIBA, &format!("{table} = {endpoint:?}"))
    };
    for (endpoint, why) in [
        ("https://10.1.2.3/told", "an address and not a name"),
        ("https://[fd12:3456::1]/told", "an address and not a name"),
        ("https://agent.corp:8443/told", "its port is not 443"),
        ("http://localhost:8080/told", "not https"),
    ] {
        check(&[("clients/agent.toml", &told_at(endpoint), "clients/agent.toml:8", why)]);
    }
    let checked = |endpoint: &str, outbound: &str, issuer: &str| {
        let folder = Folder::new()
            .with("clients/agent.toml", &told_at(endpoint))
            .with("server.toml", &format!("{SERVER}[outbound]\n{outbound}\n"));
        check_folder(&folder.0, &IssuerChoice::exactly(issuer)).is_ok()
    };
    let (issuer, elsewhere) = ("https://auth.example.com", "https://agent.corp:8443/told");
    assert!(checked("https://agent.corp/told", "", issuer));
    assert!(checked(elsewhere, "private_hosts = [\"agent.corp:8443\"]", issuer));
    assert!(checked(elsewhere, "private_ranges = [\"10.0.0.0/8\"]", issuer));
    assert!(!checked(elsewhere, "private_hosts = [\"agent.corp\"]", issuer));
    assert!(checked("http://localhost:8080/told", "", "http://localhost:8690"), "a server on this machine");
}
