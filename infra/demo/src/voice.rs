//! The agent that does not know who stands before it: a person gives it a code from their own account page, read from their phone,
//! typed or spoken, and with that it may ask them, once (`login_hint_token`, OpenID CIBA Core 1.0, section 7.1).

use std::io::{BufRead, stdin};

use tokio::task::spawn_blocking;

use crate::Trouble;
use crate::backchannel::{Acknowledgement, Asking, Hint, refused};
use crate::claims::{self, Acting};
use crate::discovery::Provider;
use crate::errand::{self, Errand, WANTED, to_read_the_file};
use crate::local_server::LocalServer;
use crate::story::Story;
use crate::transport::Transport;

/// How many codes one visitor may try.
const MOST_TRIES: usize = 3;

/// The whole walk.
///
/// # Errors
/// [`Trouble`]: the step that did not work, and why.
pub(crate) async fn run(
    story: &mut Story,
    server: &LocalServer,
    provider: &Provider,
    transport: &Transport,
) -> Result<(), Trouble> {
    let (kiosk, errand) = (Asking::of(server, provider, transport)?, to_read_the_file());
    story.step(format_args!("Welcome. I can read {WANTED} to you, and I do not know who you are"));
    story.tell("Make me a code: open this page, choose me, and read to me what it shows.");
    story.tell(format_args!("{}/account/invitations", server.issuer));
    story.tell(format_args!(
        "I am {} there. A kiosk with a camera reads the QR code, which says the same.",
        server.client_id.as_str()
    ));
    let asked = invited(story, &kiosk, &errand).await?;
    story.step("Waiting for you to confirm it on your phone");
    story.tell(format_args!(
        "It is at {}/approval, and in the inbox that `cargo run` printed.",
        server.issuer
    ));
    let tokens = kiosk.wait(story, &errand, &asked).await?;
    story.step(format_args!("You said yes, and the kiosk has a token to read {WANTED}"));
    story.tell(format_args!(
        "What the access token says:\n\n{}",
        claims::shown(tokens.access_token.secret(), Acting::ForAPerson)?
    ));
    errand::use_token(story, &server.issuer, transport, &tokens.access_token).await
}

/// Takes codes until one is good. The server says the same of one that nobody made, that is used up, or that is for another agent.
async fn invited(story: &mut Story, kiosk: &Asking<'_>, errand: &Errand) -> Result<Acknowledgement, Trouble> {
    for _ in 0..MOST_TRIES {
        story.step("The kiosk asks whoever made the code (OpenID CIBA Core 1.0, section 7.1)");
        story.tell("Your code, and Enter:");
        let code = typed().await?;
        match kiosk.ask(story, errand, &Hint::Invitation(&code)).await? {
            Ok(asked) => return Ok(asked),
            Err(no_good) if no_good.error == "expired_login_hint_token" => {
                story.tell("That code is not good, or not any more. Make another one.");
            }
            Err(other) => return Err(refused(other)),
        }
    }
    Err(Trouble::NotApproved("none of the codes was good".into()))
}

/// A line that somebody types at the kiosk.
async fn typed() -> Result<String, Trouble> {
    let nobody = || Trouble::NotApproved("nobody typed a code".into());
    let line = spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = line.await.ok().and_then(Result::ok).unwrap_or_default();
    let code = line.trim();
    if code.is_empty() { Err(nobody()) } else { Ok(code.to_owned()) }
}
