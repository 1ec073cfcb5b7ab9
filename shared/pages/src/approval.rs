use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::{LONGEST_BINDING_MESSAGE, Timestamp};

use crate::CountersignProblem;
use crate::choices::Choices;
use crate::frame::{Frame, Person, rendered};
use crate::lifetime::Lifetime;
use crate::words::said;

/// The page where a person who is elsewhere than the agent decides what it may do (OpenID CIBA Core 1.0, section 8). Posts to
/// `/approval`: `request`, `decision` (`approve`, `deny`, or `not-me` to hear no more of this agent), and with `approve` what was
/// chosen of the [`Choices`] and, where there are numbers, the `number` that the agent shows.
#[derive(Template)]
#[template(path = "approval.html")]
pub struct ApprovalPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The sealed name of the request.
    pub request: &'a str,
    /// The name of the client that asks.
    pub client_name: &'a str,
    /// Its `client_id`.
    pub client_id: &'a str,
    /// Name and `client_id` of who would act, where it is not the client itself.
    pub actor: Option<(&'a str, &'a str)>,
    /// The names of the clients through which the person's request came to it, theirs first, where a token request of it waits for the
    /// person; nothing where an agent asks them by itself.
    pub through: Option<Vec<String>>,
    /// In whose name it would act.
    pub person: Person<'a>,
    /// What the agent shows on its side, to be compared (`binding_message`).
    pub message: Option<&'a str>,
    /// What it asks for.
    pub choices: Choices<'a>,
    /// The numbers of which the agent shows one.
    pub numbers: Option<[u8; 3]>,
    /// How long the access lasts.
    pub lifetime: Lifetime,
    /// When it asked.
    pub asked_at: Timestamp,
    /// Until when it waits for the answer.
    pub expires_at: Timestamp,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
    /// What was wrong with the last answer.
    pub problem: Option<ApprovalProblem>,
}

/// Why an answer could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalProblem {
    /// The person approved without choosing anything.
    NothingChosen,
    /// The person approved without saying which number the agent shows.
    NumberNotPicked,
    /// The form stood before an answer of which nobody ever heard. Nothing is decided yet.
    Outdated,
    /// It takes a countersignature, and none was made.
    NotCountersigned(CountersignProblem),
}

/// Up to how many characters a message is shown in the largest type.
pub(crate) const SHORT_MESSAGE: usize = 40;

impl ApprovalPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn title(&self) -> Message {
        self.frame.tell("approval-title", &Arguments::none().with("client", self.client_name))
    }

    fn client_id_text(&self) -> Message {
        self.frame.client_id(self.client_id)
    }

    /// Who would act, and who passes the request on.
    fn actor_text(&self) -> Option<Message> {
        self.actor.map(|actor| self.frame.would_act(actor, self.client_name))
    }

    /// Through whom it came here, where it came by a chain of clients.
    fn through_text(&self) -> Option<Message> {
        let through = self.through.as_ref().filter(|names| !names.is_empty())?;
        let names: Vec<&str> = through.iter().map(String::as_str).collect();
        Some(self.frame.tell("approval-through", &Arguments::none().with("clients", names)))
    }

    fn waits_text(&self) -> Message {
        self.frame.tell("approval-waits", &Arguments::none().with("client", self.client_name))
    }

    fn message_text(&self) -> Option<String> {
        said(self.message, LONGEST_BINDING_MESSAGE)
    }

    fn moment(&self, at: Timestamp) -> Message {
        self.frame.texts.moment(at, self.zone).unwrap_or_default()
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(|problem| match problem {
            ApprovalProblem::NothingChosen => self.frame.say("problem-nothing-chosen"),
            ApprovalProblem::NumberNotPicked => self.frame.say("problem-number-not-picked"),
            ApprovalProblem::Outdated => self.frame.say("problem-answer-not-taken"),
            ApprovalProblem::NotCountersigned(problem) => self.frame.say(problem.key()),
        })
    }
}
