//! `cargo run -p demo -- chain`: an agent, three tools that ask one another, and one person.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::{Ended, Terminal, top};
use crate::browser::Browser;
use crate::person::{Decision, Person};
use crate::stack::{Stack, copy};
use crate::web::{Answer, http};
use tests::program;

/// Where the demo's configuration has its tools.
const ITS_PORTS: [u16; 3] = [8701, 8702, 8703];

/// Held while a chain runs: the ports of its tools are the same for each.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A server with the demo's configuration.
struct Server {
    stack: Stack,
    /// The folder with what was made up for the demo: secrets and passwords.
    data: PathBuf,
    /// The first of the ports of the tools that the configuration has.
    port: u16,
}

/// The deployed server, before another configuration is put in force there: `COUNTERSIGN_DEMO_DATA` is where
/// `infra/localstack/up` keeps what it made up. Else a server of our own, its tools on other ports, for those of the demo may be
/// in use on this machine.
fn the_server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Some(stack) = Stack::deployed_as_it_is() {
            let data = std::env::var_os("COUNTERSIGN_DEMO_DATA").expect("COUNTERSIGN_DEMO_DATA");
            return Server { stack, data: data.into(), port: ITS_PORTS[0] };
        }
        let port = three_free_ports();
        let stack = Stack::start_with("chain", &[], |configuration| {
            fs::remove_dir_all(configuration).expect("the tests' own configuration");
            copy(&top().join("infra/config/demo"), configuration);
            for folder in ["tools", "policies", "details"] {
                for entry in fs::read_dir(configuration.join(folder)).expect("a folder") {
                    let path = entry.expect("an entry").path();
                    let text = fs::read_to_string(&path).expect("a text");
                    fs::write(&path, moved(&text, port)).expect("written");
                }
            }
        });
        Server { data: stack.data.clone(), stack, port }
    })
}

/// The demo's person, with the password that was made for them.
fn the_person(data: &Path) -> Person {
    let kept = fs::read_to_string(data.join("secrets.json")).expect("the demo's secrets");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let password = kept["password of alice"].as_str().expect("a password");
    Person { user_name: "alice".to_owned(), password: password.to_owned() }
}

/// The same, of tools that listen from this port on.
fn moved(text: &str, port: u16) -> String {
    ITS_PORTS.iter().zip(port..).fold(text.to_owned(), |text, (its, ours)| {
        text.replace(&format!("localhost:{its}"), &format!("localhost:{ours}"))
    })
}

fn three_free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = (20_000..30_000).step_by(3).find(|first| (*first..first + 3).all(is_free));
    first.expect("three ports that nobody has")
}

/// Starts the agent with its tools, and has the printed person decide.
fn the_chain(decision: &Decision) -> Ended {
    let Server { stack, data, port } = the_server();
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(program("demo"));
    command.args(["chain", "--no-browser", "--tools-port", &port.to_string(), "--data"]).arg(data);
    let mut demo = Terminal::starts(command.env_remove("COUNTERSIGN_CLIENT_SECRET"));
    let address = demo.shows_a_page();
    let mut browser = Browser::new(stack);
    let page = browser.comes_to_consent(&the_person(data), &address);
    for shown in ["Account manager", "report on customer C-1042", "report on customer C-2077"] {
        assert!(page.words().contains(shown), "the page does not tell of {shown}: {}", page.words());
    }
    let callback = browser.decides(&page, decision).location().to_owned();
    Answer::to(http().get(callback)).ok();
    demo.ends()
}

/// A step of the story: its title, and its facts by their names, in order.
type Step<'s> = (&'s str, BTreeMap<&'s str, Vec<&'s str>>);

fn steps(story: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in story.lines() {
        if let Some((_, title)) = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok()) {
            steps.push((title, BTreeMap::new()));
        } else if let Some((_, facts)) = steps.last_mut()
            && let Some((name, value)) = line.strip_prefix("   ").and_then(|line| line.split_at_checked(24))
        {
            facts.entry(name.trim()).or_default().push(value);
        }
    }
    steps
}

/// What a tool says that it was sent: whom it was for, who acts, by scope, and by details.
#[track_caller]
fn sent<'s>(story: &'s str, tool: &str) -> (&'s str, &'s str, &'s str, Vec<Value>) {
    let title = format!("What {tool} was sent");
    let steps = steps(story);
    let (_, facts) =
        steps.iter().find(|(found, _)| *found == title).unwrap_or_else(|| panic!("no {title}: {story}"));
    let fact = |name: &str| *facts.get(name).and_then(|values| values.first()).unwrap_or(&"");
    let details = facts.get("authorization_details").into_iter().flatten();
    let details = details.map(|text| serde_json::from_str(text).expect("JSON")).collect();
    (fact("aud"), fact("act"), fact("scope"), details)
}

fn report_on(customer: &str) -> Value {
    json!({"type": "customer_report", "customer": customer, "quarters": ["2026-Q3", "2026-Q4"]})
}

/// RFC 8693, sections 1.1 and 4.1: each token is for one tool, names who acts before all that acted earlier, and allows less than
/// the one before.
#[test]
fn each_tool_of_a_chain_is_sent_a_token_of_its_own_that_allows_less() {
    let port = the_server().port;
    let story = the_chain(&Decision::All).well();
    assert!(story.contains("Papier Müller GmbH owes 12,480.00 EUR."), "{story}");

    let [reports, customers, ledger] = [(0, "/mcp"), (1, "/mcp"), (2, "/saml")]
        .map(|(further, path)| format!("http://localhost:{}{path}", port + further));
    assert_eq!(
        sent(&story, "reports"),
        (
            reports.as_str(),
            "nobody yet",
            "reports.access reports.read",
            vec![report_on("C-1042"), report_on("C-2077")]
        )
    );
    assert_eq!(
        sent(&story, "customers"),
        (
            customers.as_str(),
            "reports-tool",
            "customers.read",
            vec![json!({"type": "customer_record", "customer": "C-1042", "datatypes": ["name", "account"]})]
        )
    );
    assert_eq!(
        sent(&story, "ledger"),
        (
            ledger.as_str(),
            "customers-tool, for reports-tool",
            "ledger.read",
            vec![json!({"type": "account_balance", "customer": "C-1042"})]
        )
    );
}

/// RFC 9728, section 5: the agent knows the tool's address alone.
#[test]
fn an_agent_learns_from_the_tool_where_to_ask_and_is_refused_another_customer() {
    let Server { stack, port, .. } = the_server();
    let story = the_chain(&Decision::All).well();
    let steps = steps(&story);
    let fact = |title: &str, name: &str| {
        let (_, facts) = steps.iter().find(|(found, _)| found.starts_with(title)).expect("the step");
        facts[name][0].to_owned()
    };
    let challenge = fact("The agent calls the reports without a token", "WWW-Authenticate");
    let metadata = format!("http://localhost:{port}/.well-known/oauth-protected-resource/mcp");
    assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")), "{challenge}");
    assert!(challenge.contains("scope=\"reports.read\""), "{challenge}");
    assert_eq!(fact("The agent reads what the reports say", "authorization server"), stack.issuer);
    let refused = fact("The agent calls customer_report about C-3001", "WWW-Authenticate");
    assert!(refused.contains("error=\"insufficient_authorization\""), "{refused}");
    assert!(!story.contains("310.50"), "{story}");
}

/// A person may approve a part of what was asked for (RFC 9396, section 7).
#[test]
fn a_customer_whom_the_person_left_out_is_told_of_to_nobody() {
    let ended = the_chain(&Decision::Details(vec![1]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.complained, "demo: no approval: the person left the report on C-1042 out\n");
    assert!(!ended.said.contains("Papier Müller"), "{}", ended.said);
}
