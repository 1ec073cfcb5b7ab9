use std::path::PathBuf;

use clap::Parser;

/// What the command line can say.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "countersign-lean-start",
    version,
    about = "Measures what each function costs beside a bare one: its start, an invocation, its memory and its package.",
    after_help = "The numbers are for the release profile. Milliseconds are this machine's, and its load's: compare \
                  them within one run alone. Instructions (with valgrind) repeat."
)]
pub(crate) struct Arguments {
    /// Folder of built functions, as NAME or NAME/bootstrap, and of `bare` [default: they are built with --release]
    #[arg(long, value_name = "DIR")]
    pub(crate) binaries: Option<PathBuf>,

    /// The program of the local server, whose table the functions use [default: built as this program was]
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint")]
    pub(crate) server: Option<PathBuf>,

    /// DynamoDB and KMS at this address, in place of a local server's table
    #[arg(long, value_name = "URL", requires_all = ["table", "issuer", "secrets"])]
    pub(crate) endpoint: Option<String>,

    /// The table there, to which the demo's configuration was applied
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub(crate) table: Option<String>,

    /// The issuer of that configuration; it must answer
    #[arg(long, value_name = "URL", requires = "endpoint")]
    pub(crate) issuer: Option<String>,

    /// A file with the secrets of the demo's clients, as a local server's secrets.json: {"secret of CLIENT": "…"}
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) secrets: Option<PathBuf>,

    /// One more variable in the environment of every function; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,

    /// Measure these functions only
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// How often each function is started
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) starts: u32,

    /// How many warm invocations are timed
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) invocations: u32,

    /// Another report: what each function's memory does to its time and price; measured under its share where root may
    /// share out the processor
    #[arg(long)]
    pub(crate) memory: bool,

    /// Leave the instructions out, even if valgrind is there
    #[arg(long)]
    pub(crate) no_instructions: bool,

    /// Append what the functions write to this file: why one does not answer its sample stands there
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, String> {
        let words = [&["countersign-lean-start"], words].concat();
        Arguments::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_elsewhere_needs_everything_that_a_local_server_would_tell() {
        let all = ["--endpoint", "http://a", "--table", "t", "--issuer", "http://b", "--secrets", "f"];
        read(&all).expect("valid");
        for missing in [1, 2, 3] {
            let mut some = all.to_vec();
            some.drain(missing * 2..missing * 2 + 2);
            assert!(read(&some).is_err(), "{some:?}");
        }
        assert!(read(&["--table", "t"]).is_err());
    }

    #[test]
    fn a_variable_has_a_name_and_may_have_equals_signs_in_its_value() {
        let read = read(&["--set", "A=b=c", "--set", "D="]).expect("valid");
        assert_eq!(read.variables, [("A".to_owned(), "b=c".to_owned()), ("D".to_owned(), String::new())]);
        assert!(super::variable("A").is_err() && super::variable("=b").is_err());
    }
}
