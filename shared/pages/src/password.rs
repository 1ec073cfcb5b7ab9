use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message};

use crate::frame::{Frame, Person, rendered};
use crate::sign_in::too_many_attempts;

/// The page where a person changes their password. Posts `csrf`, `current_password`, `new_password` and
/// `new_password_again` to `/sign-in/password`.
#[derive(Template)]
#[template(path = "change_password.html")]
pub struct ChangePasswordPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose password it is.
    pub person: Person<'a>,
    /// The least number of characters a password has.
    pub least_length: usize,
    /// What was wrong with the last attempt.
    pub problem: Option<PasswordProblem>,
}

/// Why a password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The current password is not right.
    CurrentIsWrong,
    /// The new one is shorter than allowed.
    TooShort,
    /// The new one is longer than we read.
    TooLong,
    /// The new one is easily guessed: on a list of common ones, or the user's name.
    TooCommon,
    /// The new one is the current one.
    Unchanged,
    /// The two entries of the new one differ.
    RepetitionDiffers,
    /// After too many failures nothing is tried before this time has passed.
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
}

impl ChangePasswordPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn rule(&self) -> Message {
        self.frame.tell("password-rule", &Arguments::none().with("least", self.least_length))
    }

    fn problem_text(&self) -> Option<Message> {
        let key = match self.problem? {
            PasswordProblem::CurrentIsWrong => "problem-current-password-is-wrong",
            PasswordProblem::TooShort => {
                let least = Arguments::none().with("least", self.least_length);
                return Some(self.frame.tell("problem-password-is-too-short", &least));
            }
            PasswordProblem::TooLong => "problem-password-is-too-long",
            PasswordProblem::TooCommon => "problem-password-is-too-common",
            PasswordProblem::Unchanged => "problem-password-is-unchanged",
            PasswordProblem::RepetitionDiffers => "problem-repetition-differs",
            PasswordProblem::TooManyAttempts { wait } => return Some(too_many_attempts(&self.frame, wait)),
        };
        Some(self.frame.tell(key, &Arguments::none()))
    }

    /// The id of the field that the problem is about.
    fn field_with_problem(&self) -> Option<&'static str> {
        match self.problem? {
            PasswordProblem::CurrentIsWrong => Some("current-password"),
            PasswordProblem::RepetitionDiffers => Some("new-password-again"),
            PasswordProblem::TooManyAttempts { .. } => None,
            _ => Some("new-password"),
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.field_with_problem() == Some(field)
    }
}
