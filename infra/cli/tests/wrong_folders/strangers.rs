//! Clients that nobody registers, and what the server may fetch.

use cli::{IssuerChoice, check_folder};

use crate::folder::{CLIENT, Folder, SERVER, check};

#[test]
fn what_strangers_are_offered_must_exist_and_who_they_are_must_be_plain() {
    let documents = |line: &str| format!("{SERVER}[client_documents]\nenabled = true\n{line}\n");
    let hosts = |host: &str| documents(&format!("hosts = [{host:?}]"));
    for host in [
        "*",
        "*.example",
        "Agents.example",
        "agents.example:8443",
        "10.0.0.1",
        "https://agents.example",
        "localhost",
    ] {
        check(&[("server.toml", &hosts(host), "server.toml:5", "is not a host whose documents can be read")]);
    }
    let good = "hosts = [\"agents.example\"]\nopen_to = ";
    for (open_to, wrong) in [
        ("{ tools = [\"other\"] }", "There is no tool `other`"),
        ("{ tools = [\"files\"], scopes = [\"files.write\"] }", "There is no scope `files.write`"),
        ("{ scopes = [\"files.read\"] }", "There is no scope `files.read` of these tools"),
        ("{ detail_types = [\"other\"] }", "There is no detail type `other`"),
        ("{ tools = [\"files\"], default_tool = \"other\" }", "It is not one of `tools`"),
    ] {
        check(&[("server.toml", &documents(&format!("{good}{open_to}")), "server.toml:6", wrong)]);
        let registration = format!("{SERVER}[client_registration]\nenabled = true\nopen_to = {open_to}\n");
        check(&[("server.toml", &registration, "server.toml:5", wrong)]);
    }
    check(&[("server.toml", &documents(""), "server.toml:3", "No host is named")]);
    let registration = |line: &str| format!("{SERVER}[client_registration]\nenabled = true\n{line}\n");
    check(&[
        ("server.toml", &registration("unused = \"1 min\""), "server.toml:5", "must lie between"),
        ("server.toml", &registration("per_minute = 0"), "server.toml:5", "nonzero"),
        (
            "server.toml",
            &registration("initial_access_token_sha256 = \"secret\""),
            "server.toml:5",
            "not a SHA-256",
        ),
        (
            "server.toml",
            &registration("initial_access_token = \"secret\""),
            "server.toml:5",
            "initial_access_token",
        ),
    ]);
}

#[test]
fn no_client_of_the_configuration_has_an_id_that_a_stranger_could_have() {
    let both = format!(
        "{SERVER}[client_documents]\nenabled = true\nhosts = [\"agents.example\"]\n[client_registration]\nenabled = true\n"
    );
    for id in [
        "https://agents.example/client.json",
        "https://other.example",
        "http://other.example/",
        "registered-abc",
    ] {
        let client = CLIENT.replace("id = \"agent\"", &format!("id = {id:?}"));
        let folder = Folder::new().with("server.toml", &both).with("clients/agent.toml", &client);
        assert!(folder.lines()[0].starts_with("clients/agent.toml:1"), "{:?}", folder.lines());
        // Where no strangers are let in, they are names like any other.
        let folder = Folder::new().with("clients/agent.toml", &client);
        assert!(check_folder(&folder.0, &IssuerChoice::exactly("https://auth.example.com")).is_ok(), "{id}");
    }
}

#[test]
fn a_policy_may_name_a_client_that_can_come_and_no_other() {
    let documents = format!("{SERVER}[client_documents]\nenabled = true\nhosts = [\"agents.example\"]\n");
    let policy = |id: &str| format!("@id(\"a\") forbid (principal == Client::{id:?}, action, resource);\n");
    for (id, exists) in [
        ("https://agents.example/client.json", true),
        ("https://other.example/client.json", false),
        ("https://agents.example", false),
        ("registered-abc", false),
    ] {
        let folder = Folder::new().with("server.toml", &documents).with("policies/a.cedar", &policy(id));
        let checked = check_folder(&folder.0, &IssuerChoice::exactly("https://auth.example.com"));
        assert_eq!(checked.is_ok(), exists, "{id}");
    }
}

#[test]
fn what_is_switched_off_lets_nobody_in() {
    let tables =
        "[client_documents]\nhosts = [\"agents.example\"]\n[client_registration]\nunused = \"1 d\"\n";
    let folder = Folder::new().with("server.toml", &format!("{SERVER}{tables}"));
    let checked = check_folder(&folder.0, &IssuerChoice::exactly("https://auth.example.com")).expect("right");
    assert_eq!((checked.snapshot.server.documents, checked.snapshot.server.registration), (None, None));
}

#[test]
fn what_the_server_may_fetch_is_named_and_whom_it_trusts_are_certificates() {
    let outbound = |line: &str| format!("{SERVER}[outbound]\n{line}\n");
    for host in ["10.0.0.1", "agents.corp:0", "agents.corp:x", "Agents.corp", "localhost", "*.corp", ""] {
        let line = format!("private_hosts = [{host:?}]");
        check(&[("server.toml", &outbound(&line), "server.toml:4", "is not a host that can be reached")]);
    }
    for range in [
        "",
        "10.0.0.0",
        "10.20.3.4/16",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/7",
        "172.0.0.0/8",
        "93.184.216.0/24",
        "2606:4700::/32",
        "fc00::/6",
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "169.254.169.254/32",
        "fe80::/10",
        "fd00:ec2::/32",
        "fd00:ec2::254/128",
        "224.0.0.0/4",
        "::ffff:10.0.0.0/104",
        "agents.corp/8",
    ] {
        let line = format!("private_ranges = [\"10.20.0.0/16\", {range:?}]");
        check(&[("server.toml", &outbound(&line), "server.toml:4", "is not a range of a private network")]);
    }
    check(&[
        ("server.toml", &outbound("authorities_file = \"../ca.pem\""), "server.toml:4", "without a folder"),
        ("server.toml", &outbound("authorities_file = \"none.pem\""), "server.toml:4", "cannot be read"),
    ]);
    for none in ["", "# to come", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let folder = Folder::new()
            .with("server.toml", &outbound("authorities_file = \"ca.pem\""))
            .with("ca.pem", none);
        assert!(folder.lines()[0].contains("cannot be used"), "{none:?}: {:?}", folder.lines());
    }
}

#[test]
fn private_ranges_are_in_force_as_they_are_written() {
    let ranges =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.7.0/24", "100.64.0.0/10", "fc00::/7", "10.1.2.3/32"];
    let folder =
        Folder::new().with("server.toml", &format!("{SERVER}[outbound]\nprivate_ranges = {ranges:?}\n"));
    let checked = check_folder(&folder.0, &IssuerChoice::exactly("https://auth.example.com")).expect("right");
    let kept = checked.snapshot.server.outbound.private_ranges;
    assert_eq!(kept.iter().map(ToString::to_string).collect::<Vec<_>>(), ranges);
}
