//! What a newcomer is told to run does what it says: the agents of `infra/demo`, the scripts of `infra/examples` and the requests
//! of the README, each as a program of its own, against a server with the demo's configuration on a port of the moment; and that
//! server itself.

mod agents;
mod chain;
mod ctrl_c;
mod elsewhere;
mod examples;
mod mcp_tool;
mod readme;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::{Agent, Proof};
use crate::browser::{Browser, Page};
use crate::person::{Decision, Person};
use crate::stack::{Stack, copy};

/// The one file that the demo's agents ask for.
const WANTED: &str = "Q4-report.pdf";

/// Held while the printed person signs in.
static SIGNING_IN: Mutex<()> = Mutex::new(());

/// What `cargo run` starts, on another port and with a data folder of its own.
fn the_demos_server() -> &'static Stack {
    static SERVER: OnceLock<Stack> = OnceLock::new();
    SERVER.get_or_init(|| {
        Stack::start_with("demonstrations", &[], |configuration| {
            fs::remove_dir_all(configuration).expect("the tests' own configuration");
            copy(&top().join("infra/config/demo"), configuration);
        })
    })
}

/// A client of the demo, with the secret that the data folder has for it.
fn registered<'s>(stack: &'s Stack, client: &str) -> Agent<'s> {
    let kept = fs::read_to_string(stack.data.join("secrets.json")).expect("the demo's secrets");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    let secret = kept[format!("secret of {client}")].as_str().expect("its secret");
    Agent { stack, id: client.to_owned(), proof: Proof::Basic(secret.to_owned()) }
}

/// The printed person comes to the consent page that a program sends them to.
#[track_caller]
fn the_printed_person_comes_to_consent(browser: &mut Browser<'_>, address: &str) -> Page {
    // The server takes attempts of one person that come at the very same time for guesses.
    let _one_at_a_time = SIGNING_IN.lock().unwrap_or_else(PoisonError::into_inner);
    browser.comes_to_consent(&the_printed_person(browser.stack), address)
}

/// The top of the repository, where people type what the README says.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What both agents ask for: to read the one file.
fn the_wanted_file() -> Value {
    json!([{
        "type": "file_access",
        "locations": ["https://files.internal.corp/finance"],
        "actions": ["read"],
        "identifier": WANTED,
    }])
}

/// What the server prints when it starts. A first request is the last of it.
fn printed(stack: &Stack) -> String {
    let began = Instant::now();
    loop {
        let printed = fs::read_to_string(stack.data.with_file_name("output")).expect("what the server says");
        if printed.lines().any(|line| line.starts_with("  curl ")) {
            return printed;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "no first request was printed: {printed}");
        sleep(Duration::from_millis(20));
    }
}

/// The person whose name and password the server prints when it starts.
fn the_printed_person(stack: &Stack) -> Person {
    let printed = printed(stack);
    let fact = |name: &str| {
        let found = printed.lines().find_map(|line| line.trim().strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name}in {printed}")).trim().to_owned()
    };
    Person { user_name: fact("Demo person "), password: fact("Password ") }
}

/// The person opens the page that a program showed, signs in and decides. Returns where their browser is sent.
#[track_caller]
fn the_person_decides(stack: &Stack, address: &str, decision: &Decision) -> String {
    assert!(address.starts_with(&stack.issuer), "the page of another server: {address}");
    let mut browser = Browser::new(stack);
    let page = the_printed_person_comes_to_consent(&mut browser, address);
    for shown in ["Finance agent", WANTED, "Summarise the fourth quarter for Monday's board meeting."] {
        assert!(page.words().contains(shown), "the page does not tell of {shown}: {}", page.words());
    }
    browser.decides(&page, decision).location().to_owned()
}

/// A program that was started in a terminal. It is ended when a test gives up on it.
struct Terminal {
    program: Child,
    output: BufReader<ChildStdout>,
    said: String,
}

/// A program that has ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    said: String,
    complained: String,
}

impl Terminal {
    /// Starts a program at the top of the repository.
    fn starts(command: &mut Command) -> Self {
        let mut program = command
            .current_dir(top())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(program.stdout.take().expect("its output"));
        Self { program, output, said: String::new() }
    }

    /// The address of the page that the program tells the person to open.
    #[track_caller]
    fn shows_a_page(&mut self) -> String {
        self.shows(|line| line.starts_with("http") && line.contains("/authorize?"))
    }

    /// Reads on to the line that is meant.
    #[track_caller]
    fn shows(&mut self, is_meant: impl Fn(&str) -> bool) -> String {
        loop {
            let from = self.said.len();
            let length = self.output.read_line(&mut self.said).expect("text");
            if length == 0 {
                let complained = self.complaints();
                panic!("it did not show what was expected: {}{complained}", self.said);
            }
            let line = self.said[from..].trim();
            if is_meant(line) {
                return line.to_owned();
            }
        }
    }

    /// The person pastes a line.
    fn is_given(&mut self, line: &str) {
        let input = self.program.stdin.as_mut().expect("it can be typed into");
        writeln!(input, "{line}").expect("it reads what is typed");
    }

    /// Waits for its end.
    fn ends(mut self) -> Ended {
        drop(self.program.stdin.take());
        self.output.read_to_string(&mut self.said).expect("text");
        let complained = self.complaints();
        let code = self.program.wait().expect("it ends").code();
        Ended { code, said: std::mem::take(&mut self.said), complained }
    }

    /// What it wrote to standard error. Only once its output has ended, which is when it ends itself.
    fn complaints(&mut self) -> String {
        let mut complained = String::new();
        if let Some(mut errors) = self.program.stderr.take() {
            errors.read_to_string(&mut complained).expect("text");
        }
        complained
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Ended {
    /// What it said, when it came to a good end and complained of nothing.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!((self.code, self.complained.as_str()), (Some(0), ""), "{}", self.said);
        self.said
    }
}
