//! The command `demo`: an agent against a running server.

use std::process::ExitCode;

use clap::Parser;
use demo::Arguments;

fn main() -> ExitCode {
    demo::main(&Arguments::parse())
}
