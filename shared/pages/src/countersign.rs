use askama::Template;
use evidence::{Choice, Displayed, Shown, ShownDetail, ShownScope, Tool};
use languages::{Arguments, Message, Zone};
use oauth::{LONGEST_BINDING_MESSAGE, LONGEST_PURPOSE, Timestamp};

use crate::frame::{Frame, Person, rendered};
use crate::lifetime::Lifetime;
use crate::words::said;

/// The page on which a person signs with a passkey what they have chosen to allow. Whatever it says of the request it says out of the
/// very text whose hash is signed: screen and hash cannot part. Posts `countersignature`, `shown`, `answer` and the field of the page
/// before it to where that page posted; `decision=deny` with that field alone. Serve it with
/// [`crate::content_security_policy_with_script`].
#[derive(Template)]
#[template(path = "countersign.html")]
pub struct CountersignPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// Where it posts, below the base path.
    pub action: &'a str,
    /// Name and value of the field that names the request.
    pub request: (&'a str, &'a str),
    /// What is signed.
    pub displayed: &'a Displayed,
    /// The ceremony, sealed, and what the browser is asked for.
    pub offer: crate::PasskeyOffer,
    /// What was wrong with the last answer.
    pub problem: Option<CountersignProblem>,
}

/// Why a countersignature was not taken. Nothing is decided yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountersignProblem {
    /// The page was open for too long, or what it was about has changed.
    TooLate,
    /// The person has no passkey.
    NoPasskey,
    /// What was sent is not what was displayed.
    OtherText,
    /// The authenticator did not verify who used it.
    NotVerified,
    /// It is no passkey of this person, or not any more.
    NotTheirs,
    /// Somebody else may have a copy of the passkey.
    Copied,
    /// The answer is not good.
    Refused,
}

impl CountersignProblem {
    /// All of them, for tests and previews.
    pub const ALL: [Self; 7] = [
        Self::TooLate,
        Self::NoPasskey,
        Self::OtherText,
        Self::NotVerified,
        Self::NotTheirs,
        Self::Copied,
        Self::Refused,
    ];

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::TooLate => "problem-countersign-too-late",
            Self::NoPasskey => "problem-countersign-no-passkey",
            Self::OtherText => "problem-countersign-other-text",
            Self::NotVerified => "problem-countersign-not-verified",
            Self::NotTheirs => "problem-countersign-not-theirs",
            Self::Copied => "problem-countersign-copied",
            Self::Refused => "problem-countersign-refused",
        }
    }
}

impl CountersignPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    const fn shown(&self) -> &Shown {
        self.displayed.shown()
    }

    fn title(&self) -> Message {
        self.frame
            .tell("countersign-title", &Arguments::none().with("client", self.shown().client.name.as_str()))
    }

    fn client_id_text(&self) -> Message {
        self.frame.client_id(self.shown().client.id.as_str())
    }

    fn actor_text(&self) -> Option<Message> {
        let shown = self.shown();
        let actor = shown.actor.as_ref()?;
        Some(self.frame.would_act((&actor.name, actor.id.as_str()), &shown.client.name))
    }

    fn message_text(&self) -> Option<String> {
        said(self.shown().binding_message.as_deref(), LONGEST_BINDING_MESSAGE)
    }

    fn purpose_text(&self) -> Option<String> {
        said(self.shown().purpose.as_deref(), LONGEST_PURPOSE)
    }

    fn person_text(&self) -> Message {
        let person = &self.shown().person;
        self.frame.in_whose_name(&Person { display_name: &person.name, user_name: &person.user_name })
    }

    fn tools_text(&self) -> Vec<Message> {
        let named = |tool: &Tool| {
            Arguments::none().with("tool", tool.name.as_str()).with("resource", tool.resource.as_str())
        };
        let tools = self.shown().tools.iter();
        tools.map(|tool| self.frame.tell("countersign-tool", &named(tool))).collect()
    }

    fn details(&self, approved: bool) -> Vec<&ShownDetail> {
        self.shown().details.iter().filter(|detail| detail.choice.is_approved() == approved).collect()
    }

    fn scopes(&self, approved: bool) -> Vec<&ShownScope> {
        self.shown().scopes.iter().filter(|scope| scope.choice.is_approved() == approved).collect()
    }

    fn leaves_anything(&self) -> bool {
        !self.details(false).is_empty() || !self.scopes(false).is_empty()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn choice_text(&self, choice: &Choice) -> Option<String> {
        match choice {
            Choice::Ticked | Choice::Unticked => None,
            Choice::Always => Some(self.frame.say("consent-always")),
            Choice::Withheld => Some(self.frame.say("consent-not-yours")),
        }
    }

    fn lifetime_text(&self) -> Message {
        let access = self.shown().access;
        let renewable_until = access.renewable_until.map(|until| (until, self.zone()));
        self.frame.lifetime_text(&Lifetime { token: access.token, renewable_until })
    }

    fn moment(&self, at: Timestamp) -> Message {
        self.frame.texts.moment(at, &self.zone()).unwrap_or_default()
    }

    fn zone(&self) -> Zone {
        self.shown().time_zone.parse().unwrap_or(Zone::UTC)
    }

    fn way_back(&self) -> Option<Message> {
        let host = self.shown().returns_to.as_deref()?;
        Some(self.frame.tell("consent-returns-to", &Arguments::none().with("host", host)))
    }

    /// Exactly what was asked for, laid out for reading.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn exact(&self, detail: &ShownDetail) -> String {
        let json = serde_json::to_string_pretty(&detail.detail.to_value()).unwrap_or_default();
        languages::shown_exactly(&json)
    }

    /// Tells a listener which item an "Exact request" belongs to.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn place(&self, number: &usize) -> String {
        self.frame.tell("consent-item", &Arguments::none().with("number", *number)).plain()
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(|problem| self.frame.say(problem.key()))
    }
}
