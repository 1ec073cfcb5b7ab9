//! An agent and its tool, seen from outside the server: the agent is written with the `openidconnect` and `oauth2`
//! crates and contains no line of Countersign; the tool stands behind `resource`, the crate that Countersign has for
//! tool owners.
//!
//! [`person`] is the agent that asks a person for one file, step by step; [`nightly`] is the agent that works alone;
//! [`approve`] asks a person who is elsewhere, on their phone, and [`voice`] whoever stands before it and gives it a code. All call
//! the file server in [`tool`], which knows the authorization server by its two public documents only. [`chain`] is an agent and
//! three tools that call one another on behalf of one person.

mod approve;
mod arguments;
mod backchannel;
mod browser;
mod callback;
mod chain;
mod claims;
mod discovery;
mod endpoint;
mod errand;
mod local_server;
mod loopback;
mod nightly;
mod person;
mod pushed_request;
#[cfg(test)]
mod stage;
mod story;
mod tool;
mod transport;
mod trouble;
mod voice;

use std::io::Write;
use std::process::ExitCode;

pub use arguments::{Arguments, Command};
use local_server::LocalServer;
use story::Story;
use transport::Transport;
pub use trouble::Trouble;

/// Runs the demo and says in one line on standard error what stood in its way.
pub fn main(arguments: &Arguments) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::Runtime)
        .and_then(|runtime| runtime.block_on(run(arguments)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            let _ = writeln!(std::io::stderr(), "demo: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the agent that the command line asks for.
///
/// # Errors
/// [`Trouble`]: what the server refused, or what did not work as it should.
pub async fn run(arguments: &Arguments) -> Result<(), Trouble> {
    let mut story = Story::begin();
    let transport = Transport::new()?;
    if arguments.command == Some(Command::Tools) {
        let issuer = LocalServer::issuer(arguments)?;
        return chain::serve_tools(&mut story, arguments, &issuer, &transport).await;
    }
    let server = LocalServer::find(arguments)?;
    if arguments.command == Some(Command::Chain) {
        return chain::run(&mut story, arguments, &server, &transport).await;
    }
    let provider = discovery::discover(&mut story, &server.issuer, &transport).await?;
    if let Some(Command::Approve { person }) = &arguments.command {
        return approve::run(&mut story, &server, &provider, &transport, person).await;
    }
    if arguments.command == Some(Command::Voice) {
        return voice::run(&mut story, &server, &provider, &transport).await;
    }
    if arguments.command == Some(Command::Nightly) {
        return nightly::run(&mut story, &server, provider, &transport).await;
    }
    person::run(&mut story, &server, provider, &transport, !arguments.no_browser).await
}
