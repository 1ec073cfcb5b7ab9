//! `countersign`: the operator's command. All it does is in the library; here are its words and its terminal.

mod agents;
mod approvals;
mod arguments;
mod audit;
mod bill;
mod clients;
mod configuration;
mod connection;
mod doctor;
mod ending;
mod evidence;
mod found;
mod log_source;
mod people;
mod policy;
mod signing_keys;
mod terminal;
mod trail;
mod usage;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::terminal::Terminal;

/// Why the command ends without having done what it was asked for.
pub(crate) enum Stop {
    /// It was refused, or the table did not answer: exit code 1.
    Refused(String),
    /// It was asked in a way that makes no sense: exit code 2.
    Usage(String),
    /// It holds together, and nobody vouches for it: exit code 3.
    Unanchored(String),
}

impl Stop {
    pub(crate) fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused(why.to_string())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut terminal = Terminal::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments.command, &mut terminal)),
        Err(error) => Err(Stop::refused(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Refused(why)) => {
            terminal::complain(&why);
            ExitCode::from(1)
        }
        Err(Stop::Usage(why)) => {
            terminal::complain(&why);
            ExitCode::from(2)
        }
        Err(Stop::Unanchored(why)) => {
            terminal::complain(&why);
            ExitCode::from(3)
        }
    }
}

async fn run(command: Command, terminal: &mut Terminal) -> Result<(), Stop> {
    match command {
        Command::Apply(apply) => configuration::apply(apply, terminal).await,
        Command::Rollback(rollback) => configuration::rollback(rollback, terminal).await,
        Command::Check(check) => configuration::check(&check, terminal),
        Command::Schema(schema) => configuration::schema(&schema, terminal),
        Command::User(user) => people::run(user, terminal).await,
        Command::Policy(policy) => policy::run(policy, terminal).await,
        Command::Client(client) => clients::run(client, terminal).await,
        Command::Agents(agents) => agents::show(agents, terminal).await,
        Command::Approvals(approvals) => found::show(approvals, terminal).await,
        Command::End(end) => agents::end(end, terminal).await,
        Command::EndEverything(end) => ending::run(end, terminal).await,
        Command::Keys(keys) => signing_keys::run(keys, terminal),
        Command::Audit(audit) => audit::run(audit, terminal).await,
        Command::Evidence(evidence) => evidence::run(evidence, terminal).await,
        Command::Doctor(doctor) => doctor::run(doctor, terminal).await,
        Command::Usage(usage) => usage::run(usage, terminal).await,
        Command::Bill(bill) => {
            bill::run(&bill, terminal);
            Ok(())
        }
    }
}
