use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// The port of the issuer unless another is asked for. It is part of the issuer, hence fixed.
pub(crate) const DEFAULT_PORT: u16 = 8690;

/// What the command line can say.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "countersign-local",
    version,
    about = "Runs the whole Countersign authorization server on this machine's loopback interface.",
    after_help = "Ctrl-C ends the server; requests under way are answered first. The data folder is readable by you \
                  alone. It holds the table, the signing keys and the demo's passwords: delete it to begin anew."
)]
pub struct Arguments {
    /// Port on both loopback addresses. It is part of the issuer; 0 takes any free port.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// Port of the inbox, which shows what people's phones would show; 0 takes any free port [default: the one after
    /// --port].
    #[arg(long, value_name = "PORT")]
    pub inbox: Option<u16>,

    /// Folder for the table, the keys and the log; made when it is not there.
    #[arg(long, value_name = "DIR", default_value = ".countersign")]
    pub data: PathBuf,

    /// Keep the table in memory and everything else in a temporary folder that is deleted at the end.
    #[arg(long, conflicts_with = "data")]
    pub ephemeral: bool,

    /// Folder of the configuration to apply at the start [default: the demo's, infra/config/demo].
    #[arg(long, value_name = "DIR")]
    pub config: Option<PathBuf>,

    /// One path segment before every path, as the stage in an API Gateway URL: /prod.
    #[arg(long, value_name = "PATH", value_parser = base_path, default_value = "")]
    pub base_path: String,

    /// Which event the functions receive: 1 as from a REST API, 2 as from an HTTP API.
    #[arg(long, value_enum, default_value = "1")]
    pub event_version: EventVersion,

    /// Show the log on standard error as well, from this level on: error, warn, info, debug, or a filter such as
    /// info,token=debug.
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, default_missing_value = "info")]
    pub log: Option<String>,

    /// For tests: a second loopback port where POST /advance?seconds=N moves the server's clock and POST /faults lets
    /// calls to the table go wrong (0: any free port).
    #[arg(long, value_name = "PORT")]
    pub test_control: Option<u16>,
}

/// The payload format version of the events, as API Gateway numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventVersion {
    /// REST API: decoded query, `multiValueHeaders`.
    #[value(name = "1")]
    One,
    /// HTTP API: raw query, cookies apart, headers joined by commas.
    #[value(name = "2")]
    Two,
}

/// Reads `--base-path`: nothing, or `/` and one segment of the characters that a stage may have.
fn base_path(text: &str) -> Result<String, String> {
    let trimmed = text.trim_end_matches('/');
    let Some(stage) = trimmed.strip_prefix('/') else {
        return if trimmed.is_empty() { Ok(String::new()) } else { Err("it must begin with /".into()) };
    };
    if stage.is_empty() || !stage.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err("it must be one segment of letters, digits and underscores, such as /prod".into());
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        Arguments::try_parse_from([&["countersign-local"], words].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_means_the_demo_on_the_fixed_port() {
        let arguments = read(&[]).expect("valid");
        assert_eq!(arguments.port, DEFAULT_PORT);
        assert_eq!(arguments.data, PathBuf::from(".countersign"));
        assert_eq!(arguments.event_version, EventVersion::One);
        assert_eq!(arguments.base_path, "");
        assert!(!arguments.ephemeral && arguments.log.is_none() && arguments.test_control.is_none());
    }

    #[test]
    fn a_base_path_is_one_segment() {
        assert_eq!(read(&["--base-path", "/prod"]).expect("valid").base_path, "/prod");
        assert_eq!(read(&["--base-path", "/prod/"]).expect("valid").base_path, "/prod");
        for wrong in ["prod", "/a/b", "/..", "/a b", "/a%20"] {
            assert!(read(&["--base-path", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_every_option() {
        let help = read(&["--help"]).expect_err("help is shown");
        for option in [
            "--port",
            "--inbox",
            "--data",
            "--ephemeral",
            "--config",
            "--base-path",
            "--event-version",
            "--log",
            "--test-control",
        ] {
            assert!(help.contains(option), "{option}");
        }
    }
}
