use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cli::prices::Api;

use crate::agents::{Agents, End};
use crate::evidence::Evidence;
use crate::found::Approvals;
use crate::policy::PolicyCommand;
use crate::signing_keys::Keys;

/// Operates a Countersign authorization server: applies its configuration, keeps its people and clients, reads its audit trail,
/// examines it and reckons its cost.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_long_help = WHERE_HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const WHERE_HELP: &str = "\
Which server:
  Without anything said, the local server whose data folder is .countersign here; --data DIR for
  another.
  With --table NAME (or COUNTERSIGN_TABLE), the DynamoDB table of a deployed stack. Region and
  credentials come from where the AWS command line takes them: AWS_PROFILE, IAM Identity Center
  (`aws sso login` first), the environment, the role of a machine.
  The server has no administrator: what you may do is what your IAM rights on the table allow.
  With --endpoint-url URL (or AWS_ENDPOINT_URL), the table at another endpoint, such as LocalStack's;
  AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY then come from the environment alone.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `evidence verify` has one more.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a configuration folder, show what it changes, and put it in force
    #[command(after_long_help = "\
Everything is checked before anything is written, and then one move puts the whole in force.

Examples:
  countersign apply infra/config/demo --issuer http://localhost:8690
  countersign apply my-config --issuer https://auth.example.com --table my-stack-Table-ABC --dry-run
  countersign apply my-config --table my-stack-Table-ABC --yes        in a pipeline")]
    Apply(Apply),
    /// Put an earlier configuration in force again
    #[command(after_long_help = "\
Secrets, disabled clients and people, and revocations stay as they are: going back revives none of them.

Examples:
  countersign rollback            to the version before the one in force
  countersign rollback --to 12")]
    Rollback(Rollback),
    /// Check a configuration folder without asking any server
    #[command(after_long_help = "Example:\n  countersign check infra/config/demo")]
    Check(Check),
    /// Show or write the JSON Schemas of the configuration's files
    #[command(after_long_help = "\
Examples:
  countersign schema --output infra/config/schema
  countersign schema --markdown > infra/config/README.md")]
    Schema(Schema),
    /// Add, change and remove people
    #[command(subcommand)]
    User(User),
    /// Make the secrets of clients, switch clients off and on
    #[command(subcommand)]
    Client(Client),
    /// Show what agents hold in people's names: who, for whom, since when, last used
    #[command(after_long_help = "\
What is shown fits all that is said. There is no list by client or tool: everybody's is read.

Examples:
  countersign agents
  countersign agents --person alice --json
  countersign agents --client finance-agent --table my-stack-Table-ABC")]
    Agents(Agents),
    /// Show what people approved with a passkey: who, what, for which agent, when
    #[command(after_long_help = "\
What is shown fits all that is said: the newest first, as it was displayed then. A moment is 2026-11-24T18:05:00Z, 2026-11-24, or how long
ago: \"2 h\". Without --person everybody's is read. countersign evidence export writes one of them as a file.

Examples:
  countersign approvals
  countersign approvals --person alice --since \"30 d\" --json
  countersign approvals --client finance-agent --tool bank --text \"Müller EUR\"")]
    Approvals(Approvals),
    /// End what agents hold: of a person, of a client, at a tool, or all
    #[command(after_long_help = "\
It is shown before it is ended. Tools that ask the server find out at once, and nothing more is issued for it within seconds;
a tool that looks at tokens by itself takes them until they expire, which is minutes. Nobody is shut out: an agent can ask again.
At a tool what the tool got in exchange ends as well. What begins in the very second of it has ended, too.

Examples:
  countersign end --person alice
  countersign end --person alice --client finance-agent
  countersign end --client finance-agent --yes --json
  countersign end --tool files")]
    End(End),
    /// End everybody's sessions, authorizations, tokens and remembered consents
    #[command(after_long_help = "\
For a table that was restored: what ended after the backup lives again in it. Passwords and clients' secrets stay good, and who
is disabled stays disabled. The clients are those of the configuration in force: apply yours before. What begins in the very
second of it has ended, too.

Example:
  countersign end-everything --table my-stack-Table-ABC")]
    EndEverything(EndEverything),
    /// Test policies, and explain what they decide
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Rotate the signing keys of a local server
    #[command(subcommand)]
    Keys(Keys),
    /// Read the audit trail
    #[command(after_long_help = "\
A moment is 2026-11-24T18:05:00Z, 2026-11-24, or how long ago: \"2 h\".

Examples:
  countersign audit --client finance-agent --since \"2 h\"
  countersign audit --person alice --json
  countersign audit --log-group /countersign/my-stack --grant 0pVPA3PYx1 --since 2026-11-01
  grep audit downloaded.log | countersign audit --file -")]
    Audit(Audit),
    /// Export and check the evidence of approvals
    #[command(subcommand)]
    Evidence(Evidence),
    /// Examine a deployment from outside, and with --table from inside: what is wrong, and what to do
    #[command(after_long_help = "\
Nothing is changed. A check that your rights do not allow is told as not checked. Exit code 1 if anything is wrong.
What --push-application asks shows what phones are reached by, so the right to it, sns:ListEndpointsByPlatformApplication, is
in none of the stack's policies.

Examples:
  countersign doctor --issuer https://auth.example.com
  countersign doctor --issuer https://auth.example.com --table my-stack-Table-ABC")]
    Doctor(Doctor),
    /// Count requests by client and month, and reckon what they cost
    #[command(after_long_help = "\
A request is counted for the client that it was for. Who did not prove to be that client is not counted for it. What was done at no
request, such as messages to people, stands under (events). The prices are those of infra/prices.toml; calls that have none there are
named below.

Examples:
  countersign usage --log-group /countersign/my-stack --month 2026-11
  countersign usage --log-group /countersign/my-stack --by function --json
  countersign usage audit.jsonl")]
    Usage(UsageOf),
    /// Show what a million requests cost, as Markdown
    #[command(after_long_help = "Examples:\n  countersign bill\n  countersign bill --api http --json")]
    Bill(Bill),
}

/// Which server is meant.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which server")]
pub(crate) struct Where {
    /// Data folder of a local server that is running [default: .countersign]
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint_url")]
    pub(crate) data: Option<PathBuf>,
    /// The DynamoDB table of a deployed stack (or `COUNTERSIGN_TABLE`)
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Another endpoint than AWS's own (or `AWS_ENDPOINT_URL`)
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The configuration folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The issuer: the public URL of the server [default: server.toml's, else the one in force]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before changing
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Answer in JSON (with --dry-run or --yes)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The version to go back to [default: the one before]
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<u64>,
    /// Do not ask before changing
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct EndEverything {
    /// Do not ask before ending it
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Say what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The issuer that it is meant for [default: server.toml's, else one on loopback]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Write a file for each type here
    #[arg(long, short, value_name = "DIR", conflicts_with = "markdown")]
    pub(crate) output: Option<PathBuf>,
    /// Write the reference of all fields as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person and show their password, once
    #[command(after_long_help = "\
A password is never an argument: it would stand in the shell's history. It is made by us, or read from standard input.

Examples:
  countersign user add alice --name \"Alice Example\" --email alice@example.com --group finance
  countersign user add bob --name \"Bob Example\" --password-stdin < password.txt
  countersign user add carol --name \"Carol Example\" --no-password")]
    Add(AddUser),
    /// Shut a person out: their sessions, authorizations, tokens and the link for a passkey end
    Disable(OneUser),
    /// Let a person in again
    Enable(OneUser),
    /// Remove a person
    Remove(OneUser),
    /// Make a link by which a person registers a passkey, and show it, once: for the first, or when the last is lost
    #[command(after_long_help = "\
The link is good once, for an hour, and a later one replaces it. Whoever opens it is taken for the person: send it by a way on which
nobody else reads. The passkeys that they have stay good until they remove them on their page, unless you say --replace.

Examples:
  countersign user enrol alice
  countersign user enrol alice --replace        when a passkey was lost, or may be somebody else's")]
    Enrol(Enrol),
    /// Remove all passkeys of a person, and the link for one; their sessions, authorizations and tokens end
    #[command(after_long_help = "\
If somebody has taken over the account, give it a new password first, where people have one: else they come back with the old one.

Example:
  countersign user reset-password alice
  countersign user remove-passkeys alice
  countersign user enrol alice")]
    RemovePasskeys(RemovePasskeys),
    /// Give a person a new password and show it, once; what was begun until now ends, and their passkeys stay
    ResetPassword(ResetPassword),
    /// Add people and bring them up to date from a CSV file
    #[command(after_long_help = "\
The first line names the columns: user_name and name, and if wanted email, phone_number, groups (with ; between),
locale, zone and attribute.NAME. The whole file is checked before anybody is added; nobody is removed. Whoever is added has no password yet.

Example:
  countersign user import people.csv

  user_name,name,email,groups,attribute.department
  alice,Alice Example,alice@example.com,finance;staff,Finance")]
    Import(Import),
    /// Show everybody
    List(List),
}

#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// What they type to sign in
    pub(crate) user_name: String,
    /// Their full name
    #[arg(long)]
    pub(crate) name: String,
    /// Their e-mail address
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Their telephone number as it is dialled from anywhere, such as +4915112345678
    #[arg(long)]
    pub(crate) phone_number: Option<String>,
    /// A group of theirs; can be repeated
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// Something else that is known of them; can be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    pub(crate) attributes: Vec<(String, String)>,
    /// Their language, such as en or de-AT
    #[arg(long)]
    pub(crate) locale: Option<String>,
    /// Their time zone, such as Europe/Vienna
    #[arg(long)]
    pub(crate) zone: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    /// Give them no password yet
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) no_password: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input instead of making one
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneUser {
    /// Their user name
    pub(crate) user_name: String,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// Their user name
    pub(crate) user_name: String,
    /// When the link is used, all other passkeys are gone, and their sessions, authorizations and tokens end
    #[arg(long)]
    pub(crate) replace: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct RemovePasskeys {
    /// Their user name
    pub(crate) user_name: String,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct ResetPassword {
    /// Their user name
    pub(crate) user_name: String,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The CSV file
    #[arg(value_name = "FILE.csv")]
    pub(crate) file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Make a client's secret and show it, once
    #[command(after_long_help = "\
The secret is 256 random bits; the table keeps its SHA-256. The one before stays valid for a while, so that the client can
change over: never more than two are valid.

Examples:
  countersign client rotate-secret finance-agent
  countersign client rotate-secret finance-agent --overlap \"2 h\"
  countersign client rotate-secret finance-agent --at-once        when the old one has leaked")]
    RotateSecret(RotateSecret),
    /// Switch a client off: it gets no token from now on, and those it has are no longer active
    Disable(OneClient),
    /// Switch a client on again; what ended when it was switched off stays ended
    Enable(OneClient),
}

#[derive(Debug, Args)]
pub(crate) struct RotateSecret {
    /// The client's id
    pub(crate) id: String,
    /// How long the secret before stays valid: "30 min", "24 h"
    #[arg(long, value_name = "TIME", default_value = "24 h", value_parser = span)]
    pub(crate) overlap: Duration,
    /// The secret before ends now
    #[arg(long, conflicts_with = "overlap")]
    pub(crate) at_once: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct OneClient {
    /// The client's id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only of this person: a user name, or their `sub`
    #[arg(long, value_name = "USER")]
    pub(crate) person: Option<String>,
    /// Only of this client
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// Only of this authorization: its `grant_id`
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) grant: Option<String>,
    /// Not before this moment
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "MOMENT")]
    pub(crate) until: Option<String>,
    /// Each event as the JSON that was logged
    #[arg(long)]
    pub(crate) json: bool,
    /// The log to read, - for standard input [default: the local server's audit.jsonl]
    #[arg(long, value_name = "PATH", conflicts_with = "log_group")]
    pub(crate) file: Option<PathBuf>,
    /// The log group of a deployed stack in CloudWatch Logs: its output Logs
    #[arg(long, value_name = "NAME")]
    pub(crate) log_group: Option<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The issuer, as it was applied
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// How long a signing key signs, as the stack was deployed (`RotationDays`)
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub(crate) rotation_days: u32,
    /// An app that people enrol, as the stack was deployed (`PushApplicationGcm`, `PushApplicationApns`): how many of its phones
    /// are gone. May be repeated
    #[arg(long = "push-application", value_name = "ARN")]
    pub(crate) push_applications: Vec<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct UsageOf {
    /// Logs to read, - for standard input [default: the local server's audit.jsonl]
    #[arg(value_name = "FILE", conflicts_with = "log_group")]
    pub(crate) files: Vec<PathBuf>,
    /// The log group of a deployed stack in CloudWatch Logs: its output Logs
    #[arg(long, value_name = "NAME")]
    pub(crate) log_group: Option<String>,
    /// Only this month, in UTC [default: of a log group the present one, of files all]
    #[arg(long, value_name = "2026-11")]
    pub(crate) month: Option<String>,
    /// Whom to count for
    #[arg(long, value_enum, default_value = "client")]
    pub(crate) by: By,
    /// The kind of API that the requests came through [default: rest]
    #[arg(long, value_enum)]
    pub(crate) api: Option<ApiKind>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Bill {
    /// Only this kind of API [default: both]
    #[arg(long, value_enum)]
    pub(crate) api: Option<ApiKind>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whom usage is counted for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum By {
    /// The client that asked
    Client,
    /// The function that answered
    Function,
}

/// A kind of API Gateway's APIs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ApiKind {
    /// A REST API, which the template makes
    Rest,
    /// An HTTP API
    Http,
}

impl ApiKind {
    pub(crate) const fn api(self) -> Api {
        match self {
            Self::Rest => Api::Rest,
            Self::Http => Api::Http,
        }
    }
}

pub(crate) fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn span(text: &str) -> Result<Duration, String> {
    cli::files::Lifetime::parse(text)
        .map(|lifetime| lifetime.0)
        .ok_or_else(|| "write a whole number and a unit, such as \"30 min\", \"24 h\" or \"7 d\"".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_password_cannot_be_an_argument() {
        for line in [["--password", "hunter2hunter2"], ["--password=x", "--json"], ["--secret", "x"]] {
            let arguments =
                ["countersign", "user", "add", "alice", "--name", "Alice"].into_iter().chain(line);
            assert!(Arguments::try_parse_from(arguments).is_err(), "{line:?}");
        }
    }

    /// Nothing that an operator can type is without a word of explanation.
    #[test]
    fn everything_is_explained() {
        fn look(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(look);
        }
        look(&Arguments::command());
    }
}
