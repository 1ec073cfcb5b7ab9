use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::{LONGEST_PASSKEY_NAME, MOST_PASSKEYS, Timestamp};

use crate::frame::{Frame, Person, rendered};

/// What a page needs so that its script can run a ceremony.
#[derive(Clone, Debug)]
pub struct PasskeyOffer {
    /// The ceremony, sealed: it comes back with the answer.
    pub ceremony: String,
    /// What the browser is asked for, as JSON.
    pub options: String,
}

/// The page of a person's passkeys. Its forms post `csrf` and `do` to `/account/passkeys`: `register` with `ceremony`, `answer` and
/// `name`; `remove` with `passkey`. With a registration, serve it with [`crate::content_security_policy_with_script`].
#[derive(Template)]
#[template(path = "passkeys.html")]
pub struct PasskeysPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose passkeys they are.
    pub person: Person<'a>,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
    /// The passkeys, in the order in which they were registered.
    pub passkeys: Vec<ListedPasskey<'a>>,
    /// Whether passkeys can be changed: by whoever has signed in just now.
    pub may_change: bool,
    /// How a further one is registered, if one can be.
    pub registration: Option<PasskeyOffer>,
    /// What was wrong with the last form.
    pub problem: Option<PasskeyProblem>,
    /// What the form had in it that was wrong.
    pub typed_name: &'a str,
    /// What has just been done.
    pub notice: Option<PasskeyNotice>,
}

/// A passkey in the list.
#[derive(Clone, Copy, Debug)]
pub struct ListedPasskey<'a> {
    /// Which one.
    pub id: &'a str,
    /// What the person calls it.
    pub name: &'a str,
    /// When it was registered.
    pub made_at: Timestamp,
    /// When the person last signed in with it.
    pub used_at: Option<Timestamp>,
}

/// Why a passkey was not registered or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyProblem {
    /// Its name is empty, too long, or has what nobody sees.
    NameUnusable,
    /// The page was open for too long, or its challenge was answered before.
    TooLate,
    /// The authenticator's answer is not good.
    Refused,
    /// The person has as many as anybody may have.
    TooMany,
    /// They have it already.
    AlreadyThere,
    /// There is none such any more.
    Gone,
    /// It is the only way in that the person has.
    TheLast,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyNotice {
    /// One was registered.
    Registered,
    /// One was removed.
    Removed,
}

impl PasskeyNotice {
    /// Reads what the address of the page says.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Registered, Self::Removed].into_iter().find(|notice| notice.as_str() == name)
    }

    /// What the address of the page says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Removed => "removed",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Registered => "notice-passkey-registered",
            Self::Removed => "notice-passkey-removed",
        }
    }
}

impl PasskeyProblem {
    fn text(self, frame: &Frame<'_>) -> Message {
        let none = Arguments::none();
        match self {
            Self::NameUnusable => {
                frame.tell("problem-passkey-name", &none.with("most", LONGEST_PASSKEY_NAME))
            }
            Self::TooLate => frame.tell("problem-passkey-too-late", &none),
            Self::Refused => frame.tell("problem-passkey-not-registered", &none),
            Self::TooMany => frame.tell("problem-too-many-passkeys", &none.with("most", MOST_PASSKEYS)),
            Self::AlreadyThere => frame.tell("problem-passkey-is-there", &none),
            Self::Gone => frame.tell("problem-passkey-gone", &none),
            Self::TheLast => frame.tell("problem-passkey-is-the-last", &none),
        }
    }

    /// The id of the field that it is about.
    fn field(self) -> Option<&'static str> {
        (self == Self::NameUnusable).then_some("passkey-name")
    }
}

impl PasskeysPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn times_of(&self, passkey: &ListedPasskey<'_>) -> Message {
        let moment = |at| self.frame.texts.moment(at, self.zone).unwrap_or_default();
        let made = Arguments::none().with("made", moment(passkey.made_at));
        match passkey.used_at {
            Some(used_at) => self.frame.tell("passkey-times", &made.with("used", moment(used_at))),
            None => self.frame.tell("passkey-never-used", &made),
        }
    }

    fn is_full(&self) -> bool {
        self.passkeys.len() >= MOST_PASSKEYS
    }

    fn problem_text(&self) -> Option<Message> {
        self.problem.map(|problem| problem.text(&self.frame))
    }

    fn field_with_problem(&self) -> Option<&'static str> {
        self.problem.and_then(PasskeyProblem::field)
    }
}

impl ListedPasskey<'_> {
    fn name_text(&self) -> String {
        name_text(self.name)
    }
}

/// What a person calls a passkey, or typed for its name.
pub(crate) fn name_text(name: &str) -> String {
    languages::foreign_text(name, LONGEST_PASSKEY_NAME)
}

/// The page that a link of the administrator's leads to, where a person registers a passkey without being signed in. Posts `person`,
/// `code`, `ceremony`, `answer` and `name` to `/account/passkeys/enrol`. Serve it with
/// [`crate::content_security_policy_with_script`].
#[derive(Template)]
#[template(path = "enrol_passkey.html")]
pub struct EnrolPasskeyPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// What a link that is good allows; `None` for one that is not, or not any more.
    pub enrolment: Option<Enrolment<'a>>,
    /// What was wrong with the last form.
    pub problem: Option<PasskeyProblem>,
    /// What the form had in it that was wrong.
    pub typed_name: &'a str,
}

/// What a link allows.
#[derive(Clone, Debug)]
pub struct Enrolment<'a> {
    /// Whose passkey it will be.
    pub person: Person<'a>,
    /// Their `sub`.
    pub id: &'a str,
    /// The code of the link.
    pub code: &'a str,
    /// Whether it takes the place of all others that the person has.
    pub replaces: bool,
    /// How the passkey is registered.
    pub offer: PasskeyOffer,
}

impl EnrolPasskeyPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn lead(&self, enrolment: &Enrolment<'_>) -> Message {
        let person = &enrolment.person;
        let named = Arguments::none().with("name", person.display_name).with("user", person.user_name);
        self.frame.tell("enrol-passkey-lead", &named)
    }

    fn problem_text(&self) -> Option<Message> {
        self.problem.map(|problem| problem.text(&self.frame))
    }

    fn field_with_problem(&self) -> Option<&'static str> {
        self.problem.and_then(PasskeyProblem::field)
    }
}
