use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message};

use crate::PasskeyOffer;
use crate::frame::{Frame, rendered};

/// The page that asks for user name and password, or for a passkey. Posts `interaction`, and `user_name` and `password`, or `ceremony`
/// and `answer`, to `/sign-in`. With a passkey, serve it with [`crate::content_security_policy_with_script`].
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The opaque token of the interaction that goes on after signing in.
    pub interaction: &'a str,
    /// Where the person goes afterwards.
    pub leads_to: LeadsTo<'a>,
    /// What stands in the field already: a `login_hint`, or what was typed before.
    pub user_name: &'a str,
    /// Whether somebody is signed in and the client wants to be sure who (`prompt=login`, `max_age`).
    pub again: bool,
    /// Whether people sign in with a password.
    pub passwords: bool,
    /// Whether nothing but a passkey will do, although people have passwords (`acr_values`).
    pub takes_passkey: bool,
    /// How somebody signs in with a passkey, where people do.
    pub passkey: Option<PasskeyOffer>,
    /// What was wrong with the last attempt.
    pub problem: Option<SignInProblem>,
}

/// Where a person goes who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadsTo<'a> {
    /// Back to the client of this name, that they came from.
    Client(&'a str),
    /// To their account, or to a client whose name is nothing to go by.
    Account,
    /// To what waits for their answer.
    Approval,
}

/// Why a person could not be signed in. It never tells whether the user exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// The user name or the password is not right.
    WrongUserNameOrPassword,
    /// After too many failures nothing is tried before this time has passed.
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The passkey is nobody's, or its answer is not good.
    PasskeyRefused,
    /// The page was open for too long, or its challenge was answered before.
    PasskeyTooLate,
    /// Somebody else may have a copy of the passkey.
    PasskeyCopied,
}

impl SignInPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn lead(&self) -> Message {
        match self.leads_to {
            LeadsTo::Client(client) if self.again => {
                self.frame.tell("sign-in-again", &Arguments::none().with("client", client))
            }
            LeadsTo::Client(client) => {
                self.frame.tell("sign-in-lead", &Arguments::none().with("client", client))
            }
            LeadsTo::Account => self.frame.tell("sign-in-lead-alone", &Arguments::none()),
            LeadsTo::Approval => self.frame.tell("sign-in-lead-approval", &Arguments::none()),
        }
    }

    /// A `login_hint` is the client's text in our page.
    fn user_name_text(&self) -> String {
        languages::foreign_text(self.user_name, 256)
    }

    fn problem_text(&self) -> Option<Message> {
        self.problem.map(|problem| match problem {
            SignInProblem::WrongUserNameOrPassword => {
                self.frame.tell("problem-wrong-user-name-or-password", &Arguments::none())
            }
            SignInProblem::TooManyAttempts { wait } => too_many_attempts(&self.frame, wait),
            SignInProblem::PasskeyRefused => self.frame.tell("problem-passkey-refused", &Arguments::none()),
            SignInProblem::PasskeyTooLate => self.frame.tell("problem-passkey-too-late", &Arguments::none()),
            SignInProblem::PasskeyCopied => self.frame.tell("problem-passkey-copied", &Arguments::none()),
        })
    }

    fn is_wrong(&self) -> bool {
        self.problem == Some(SignInProblem::WrongUserNameOrPassword)
    }
}

pub(crate) fn too_many_attempts(frame: &Frame<'_>, wait: Duration) -> Message {
    asked_to_wait(frame, "problem-too-many-attempts", wait)
}

/// What somebody is told who has to wait, and how long.
pub(crate) fn asked_to_wait(frame: &Frame<'_>, key: &str, wait: Duration) -> Message {
    // Rounded up: who waits as long as they were told is not turned away again.
    let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    let span = frame.texts.span(wait).unwrap_or_default();
    frame.tell(key, &Arguments::none().with("wait", span))
}
