use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message};

use crate::frame::{Frame, Person, rendered};
use crate::sign_in::too_many_attempts;

/// The page where a person sets the code that agents have to show (`user_code`, OpenID CIBA Core 1.0, section 7.1). Posts `csrf`,
/// `user_code` or `remove`, and `current_password` where that is the proof, to `/account/user-code`.
#[derive(Template)]
#[template(path = "user_code.html")]
pub struct UserCodePage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose code it is.
    pub person: Person<'a>,
    /// Whether they have one.
    pub is_set: bool,
    /// What shows that it is them.
    pub proof: UserCodeProof,
    /// The least number of characters it has.
    pub least_length: usize,
    /// The most.
    pub most_length: usize,
    /// What was wrong with the last attempt.
    pub problem: Option<UserCodeProblem>,
}

/// What shows that whoever changes the code is the person, and not somebody at a session that was left open or stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserCodeProof {
    /// Their password.
    Password,
    /// They have no password that counts here, and have signed in just now.
    SignedInJustNow,
    /// They have no password that counts here, and must sign in once more.
    SignInAgain,
}

/// Why the code is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserCodeProblem {
    /// The password is not right.
    PasswordIsWrong,
    /// It is too short, too long, or has what nobody sees.
    Unusable,
    /// It is the person's password, which agents must not get to see.
    IsThePassword,
    /// After too many failures nothing is tried before this time has passed.
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
}

impl UserCodePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn takes_password(&self) -> bool {
        self.proof == UserCodeProof::Password
    }

    fn may_change(&self) -> bool {
        self.proof != UserCodeProof::SignInAgain
    }

    fn lengths(&self) -> Arguments {
        Arguments::none().with("least", self.least_length).with("most", self.most_length)
    }

    fn rule(&self) -> Message {
        self.frame.tell("user-code-rule", &self.lengths())
    }

    fn problem_text(&self) -> Option<Message> {
        let key = match self.problem? {
            UserCodeProblem::PasswordIsWrong => "problem-password-is-wrong",
            UserCodeProblem::Unusable => {
                return Some(self.frame.tell("problem-user-code-is-unusable", &self.lengths()));
            }
            UserCodeProblem::IsThePassword => "problem-user-code-is-the-password",
            UserCodeProblem::TooManyAttempts { wait } => return Some(too_many_attempts(&self.frame, wait)),
        };
        Some(self.frame.tell(key, &Arguments::none()))
    }

    /// The id of the field that the problem is about.
    fn field_with_problem(&self) -> Option<&'static str> {
        match self.problem? {
            UserCodeProblem::PasswordIsWrong => Some("current-password"),
            UserCodeProblem::Unusable | UserCodeProblem::IsThePassword => Some("user-code"),
            UserCodeProblem::TooManyAttempts { .. } => None,
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.field_with_problem() == Some(field)
    }
}
