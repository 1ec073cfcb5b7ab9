use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The client's secret, for a server whose data folder is not on this machine. There is no option for it: what
/// stands on a command line can be read by every process of the machine.
pub(crate) const SECRET_VARIABLE: &str = "COUNTERSIGN_CLIENT_SECRET";

/// What the command line can say.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "demo",
    version,
    about = "An agent gets a token for one file that a person approved, and reads that file with it.",
    long_about = "An agent gets a token for one file that a person approved, and reads that file with it.\n\nIt needs a \
                  server: start one with `cargo run` in another terminal. The agent pushes its request, prints the \
                  address of the page where a person signs in and decides, waits for the answer, redeems it, shows \
                  what the token says, and calls a small file server that runs beside it: Q4-report.pdf is served, \
                  Q3-report.pdf is refused, because the token does not name it.",
    after_help = "The client's secret is taken from the environment variable COUNTERSIGN_CLIENT_SECRET or, without \
                  it, from the server's data folder. The demo speaks to servers on this machine alone."
)]
pub struct Arguments {
    /// Which agent; without it the one that asks a person.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The server's issuer [default: that of the server that has the data folder, else <http://localhost:8690>]
    #[arg(long, global = true, value_name = "URL")]
    pub issuer: Option<String>,

    /// The agent's client identifier [default: finance-agent, for nightly nightly-agent, for chain chain-agent,
    /// for approve cleanup-agent, for voice kiosk-agent]
    #[arg(long, global = true, value_name = "ID")]
    pub client_id: Option<String>,

    /// The data folder of the server, where the demo's client secrets are
    #[arg(long, global = true, value_name = "DIR", default_value = ".countersign")]
    pub data: PathBuf,

    /// Print the address of the consent page and leave it to you to open it
    #[arg(long, global = true)]
    pub no_browser: bool,

    /// The first of the three ports on which the tools of the chain listen, as the server's configuration names them
    #[arg(long, global = true, value_name = "PORT", default_value_t = 8701)]
    pub tools_port: u16,
}

/// The agents.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// The agent that asks on the phone before it deletes a file: CIBA, polled
    Approve {
        /// Whom it asks, by user name
        #[arg(long, value_name = "USER_NAME", default_value = "alice")]
        person: String,
    },
    /// A kiosk that asks whoever gives it a code from their account page: CIBA with an invitation
    Voice,
    /// The agent that works alone at night: client credentials, no person
    Nightly,
    /// An agent whose tool asks another tool, which asks a third: MCP, token exchange, and SAML at the end
    Chain,
    /// No agent: the three tools of the chain, until Ctrl-C
    Tools,
}

impl Arguments {
    /// The client identifier asked for, or the demo's own for this agent.
    pub(crate) fn client_id(&self) -> &str {
        match (&self.client_id, &self.command) {
            (Some(asked), _) => asked,
            (None, None) => "finance-agent",
            (None, Some(Command::Chain | Command::Tools)) => "chain-agent",
            (None, Some(Command::Nightly)) => "nightly-agent",
            (None, Some(Command::Approve { .. })) => "cleanup-agent",
            (None, Some(Command::Voice)) => "kiosk-agent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        Arguments::try_parse_from([&["demo"], words].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_agent_has_its_client() {
        assert_eq!(read(&[]).expect("valid").client_id(), "finance-agent");
        assert_eq!(read(&["nightly"]).expect("valid").client_id(), "nightly-agent");
        assert_eq!(read(&["approve"]).expect("valid").client_id(), "cleanup-agent");
        assert_eq!(read(&["voice"]).expect("valid").client_id(), "kiosk-agent");
        assert_eq!(read(&["chain"]).expect("valid").client_id(), "chain-agent");
        let asked = read(&["nightly", "--client-id", "another"]).expect("options after the agent count too");
        assert_eq!(asked.client_id(), "another");
    }

    #[test]
    fn the_help_names_every_option_and_where_the_secret_comes_from() {
        let help = read(&["--help"]).expect_err("help is shown");
        for word in [
            "--issuer",
            "--client-id",
            "--data",
            "--no-browser",
            "--tools-port",
            "approve",
            "voice",
            "nightly",
            "chain",
            "tools",
            SECRET_VARIABLE,
        ] {
            assert!(help.contains(word), "{word}");
        }
    }

    #[test]
    fn a_secret_cannot_stand_on_the_command_line() {
        assert!(read(&["--client-secret", "x"]).is_err());
    }
}
