//! `cargo run`, and Ctrl-C in its terminal.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Terminal;
use crate::stack::own_folder;
use crate::web::{Answer, http};
use tests::{Operator, program};

/// How long a person waits before they press Ctrl-C again.
const PATIENCE: Duration = Duration::from_secs(3);

/// The server that the README has one start, on any free port.
fn the_server(data: &Path) -> Terminal {
    let mut command = Command::new(program("countersign-local"));
    Terminal::starts(command.args(["--port", "0", "--data"]).arg(data))
}

/// What it prints at its start: the demo person's password, and the secret in the first request.
fn printed(server: &mut Terminal) -> [String; 2] {
    let password = server.shows(|line| line.starts_with("Password "));
    let request = server.shows(|line| line.starts_with("curl "));
    let password = password.trim_start_matches("Password ").trim().to_owned();
    let secret = request.split(' ').find(|word| word.starts_with("nightly-agent:")).expect("a secret");
    [password, secret.to_owned()]
}

/// Ends it as Ctrl-C or `kill` does, and returns its exit code.
#[track_caller]
fn is_ended_by(signal: &str, mut server: Terminal) -> Option<i32> {
    let id = server.program.id().to_string();
    let began = Instant::now();
    assert!(Command::new("kill").args([signal, &id]).status().expect("kill runs").success());
    while began.elapsed() < PATIENCE {
        if let Some(status) = server.program.try_wait().expect("a child of ours") {
            assert_eq!(server.complaints(), "");
            return status.code();
        }
        sleep(Duration::from_millis(10));
    }
    panic!("it still runs {PATIENCE:?} after {signal}");
}

#[test]
fn ctrl_c_ends_the_server_and_a_second_start_finds_its_data() {
    let data = own_folder("ctrl-c").join("data");
    let running = data.join("running.json");
    let operator = Operator { data: Some(&data), ..Operator::default() };
    let mut at_first = None;
    for (start, signal) in ["-INT", "-TERM", "-INT"].into_iter().enumerate() {
        let mut server = the_server(&data);
        let now = printed(&mut server);
        assert_eq!(at_first.get_or_insert_with(|| now.clone()), &now, "start {start}");
        let text = fs::read_to_string(&running).expect("it says where it runs");
        let said: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(said["process"], server.program.id());

        let user_name = |number| format!("person-of-start-{number}");
        for earlier in 0..start {
            operator.id_of(&user_name(earlier));
        }
        operator.adds_a_user(&user_name(start), &[]);
        // A browser keeps its connections, and has one more at the ready.
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        Answer::to(http().get(format!("{issuer}/sign-in"))).ok();
        let address = issuer.trim_start_matches("http://");
        let _at_the_ready = TcpStream::connect(address).expect("it listens");

        assert_eq!(is_ended_by(signal, server), Some(0), "{signal}");
        assert!(!running.exists(), "it says that it runs, after {signal}");
    }
}
