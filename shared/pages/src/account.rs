use askama::Template;
use languages::Message;

use crate::frame::{Frame, Person, rendered};

/// The front page of a person's account. Its sign-out form posts `csrf` to `/sign-out`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose account it is.
    pub person: Person<'a>,
    /// What has just been done.
    pub notice: Option<AccountNotice>,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// The password was changed.
    PasswordChanged,
}

impl AccountPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn identity(&self) -> Message {
        self.frame.signed_in_as(&self.person)
    }

    fn notice_text(&self) -> Option<String> {
        self.notice.map(|notice| match notice {
            AccountNotice::PasswordChanged => self.frame.say("notice-password-changed"),
        })
    }
}

/// The page after signing out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
}

impl SignedOutPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }
}
