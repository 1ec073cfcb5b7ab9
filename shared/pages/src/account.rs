use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::Timestamp;
use oauth::configuration::SignInSettings;

use crate::ScopeChoice;
use crate::frame::{Frame, Person, rendered};

/// The front page of a person's account. Its sign-out form posts `csrf` to `/sign-out`; the form of each remembered
/// consent posts `csrf`, `client` and `consent` to `/account`, that of each blocked client `csrf` and `unblock`.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// Whose account it is.
    pub person: Person<'a>,
    /// Where their clock goes.
    pub zone: &'a Zone,
    /// The requests about which they are not asked again.
    pub remembered: Vec<RememberedChoice<'a>>,
    /// The clients that cannot ask them.
    pub blocked: Vec<BlockedClient>,
    /// By what people sign in.
    pub sign_in: SignInSettings,
    /// What has just been done.
    pub notice: Option<AccountNotice>,
}

/// A client of which the person wants to hear nothing until they lift it.
#[derive(Clone, Debug)]
pub struct BlockedClient {
    /// Its name.
    pub name: String,
    /// Its `client_id`.
    pub id: String,
}

/// A consent that is remembered until it is forgotten or has expired.
#[derive(Clone, Debug)]
pub struct RememberedChoice<'a> {
    /// What the client was called when it asked.
    pub client_name: &'a str,
    /// Its `client_id`.
    pub client_id: &'a str,
    /// By what the consent is told from the client's others.
    pub key: String,
    /// What the person read about each detail.
    pub sentences: &'a [String],
    /// The tag of the language they read it in.
    pub language: &'a str,
    /// The scopes that they allowed.
    pub scopes: Vec<ScopeChoice<'a>>,
    /// When they consented.
    pub since: Timestamp,
    /// When they will be asked again.
    pub until: Timestamp,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// The password was changed.
    PasswordChanged,
    /// A remembered consent was forgotten.
    ConsentForgotten,
    /// A client may ask again.
    BlockLifted,
    /// The code that agents have to show was set or changed.
    UserCodeSet,
    /// There is no such code any more.
    UserCodeRemoved,
}

impl AccountNotice {
    /// All of them.
    const ALL: [Self; 5] = [
        Self::PasswordChanged,
        Self::ConsentForgotten,
        Self::BlockLifted,
        Self::UserCodeSet,
        Self::UserCodeRemoved,
    ];

    /// Reads what the address of the page says.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == name)
    }

    /// What the address of the page says.
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    const fn key(self) -> &'static str {
        self.names().1
    }

    /// What the address of the page says, and the key of the text.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::PasswordChanged => ("password-changed", "notice-password-changed"),
            Self::ConsentForgotten => ("consent-forgotten", "notice-consent-forgotten"),
            Self::BlockLifted => ("block-lifted", "notice-block-lifted"),
            Self::UserCodeSet => ("user-code-set", "notice-user-code-set"),
            Self::UserCodeRemoved => ("user-code-removed", "notice-user-code-removed"),
        }
    }
}

impl AccountPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn identity(&self) -> Message {
        self.frame.signed_in_as(&self.person)
    }

    fn client_id(&self, id: &str) -> Message {
        self.frame.client_id(id)
    }

    fn time_of(&self, consent: &RememberedChoice<'_>) -> Message {
        let moment = |at| self.frame.texts.moment(at, self.zone).unwrap_or_default();
        let arguments =
            Arguments::none().with("since", moment(consent.since)).with("until", moment(consent.until));
        self.frame.tell("account-remembered-time", &arguments)
    }
}

impl RememberedChoice<'_> {
    fn client(&self) -> String {
        languages::foreign_text(self.client_name, 100)
    }
}

impl BlockedClient {
    fn client(&self) -> String {
        languages::foreign_text(&self.name, 100)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_has_a_name_of_its_own() {
        for notice in AccountNotice::ALL {
            assert_eq!(AccountNotice::parse(notice.as_str()), Some(notice));
        }
        assert_eq!(AccountNotice::parse("<b>"), None);
    }
}
