//! Starts the server, tells where it is, and ends it when asked to.

use std::process::ExitCode;

use clap::Parser;
use local::{Arguments, DataFolder, Stack, StartError, start_log};

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), StartError> {
    let folder = DataFolder::of(arguments)?;
    start_log(&folder, arguments.log.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Machine { what: "the thread pool", why: error.to_string() })?;
    runtime.block_on(async {
        let stop = server_should_end()?;
        let stack = Stack::start(arguments, folder).await?;
        stack.banner().print();
        stop.await;
        stack.end().await
    })
}

/// Resolves at SIGINT (Ctrl-C) or SIGTERM. Set up before anything starts, so that no signal is missed.
fn server_should_end() -> Result<impl Future<Output = ()>, StartError> {
    use tokio::signal::unix::{SignalKind, signal};

    let deaf =
        |error: std::io::Error| StartError::Machine { what: "the signal handler", why: error.to_string() };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
