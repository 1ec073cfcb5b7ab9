use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::Timestamp;

use crate::frame::{Frame, rendered};
use crate::qr::Picture;
use crate::sign_in::asked_to_wait;

/// What the form's `agent` is for whoever is asked by any of them. With its space it is no client's identifier.
pub const ANY_AGENT: &str = "any agent";

/// The page where a person chooses whom they invite. Posts `csrf` and `agent` to `/account/invitations`: a client's identifier,
/// or [`ANY_AGENT`].
#[derive(Template)]
#[template(path = "invite.html")]
pub struct InvitePage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// The agents to choose from. None is chosen.
    pub agents: Vec<AskingAgent<'a>>,
    /// How long a code is good.
    pub life: Duration,
    /// What was wrong with the last attempt.
    pub problem: Option<InviteProblem>,
}

/// An agent that may be invited.
#[derive(Clone, Copy, Debug)]
pub struct AskingAgent<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its `client_id`.
    pub id: &'a str,
}

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteProblem {
    /// None of the agents in the list.
    NoAgentChosen,
    /// The person wants to hear nothing of this agent.
    AgentIsBlocked,
    /// The operators have switched this agent off.
    AgentIsOff,
    /// They have made many codes.
    TooMany {
        /// How long to wait.
        wait: Duration,
    },
}

/// The page that shows an invitation, once.
#[derive(Template)]
#[template(path = "invitation.html")]
pub struct InvitationPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The code, in groups.
    pub code: &'a str,
    /// The name of the agent that it is for; none for any.
    pub client_name: Option<&'a str>,
    /// Its last moment.
    pub until: Timestamp,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
}

impl InvitePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn lead(&self) -> Message {
        let span = self.frame.texts.span(self.life).unwrap_or_default();
        self.frame.tell("invite-lead", &Arguments::none().with("span", span))
    }

    fn named(&self, agent: &AskingAgent<'_>) -> Message {
        let arguments = Arguments::none().with("client", agent.name).with("id", agent.id);
        self.frame.tell("invite-named", &arguments)
    }

    fn problem_text(&self) -> Option<Message> {
        let key = match self.problem? {
            InviteProblem::NoAgentChosen => "problem-no-agent-chosen",
            InviteProblem::AgentIsBlocked => "problem-agent-is-blocked",
            InviteProblem::AgentIsOff => "problem-agent-is-off",
            InviteProblem::TooMany { wait } => {
                return Some(asked_to_wait(&self.frame, "problem-too-many-invitations", wait));
            }
        };
        Some(self.frame.tell(key, &Arguments::none()))
    }

    /// The id of the field that the problem is about.
    fn field_with_problem(&self) -> Option<&'static str> {
        match self.problem? {
            InviteProblem::NoAgentChosen | InviteProblem::AgentIsBlocked | InviteProblem::AgentIsOff => {
                Some("agent")
            }
            InviteProblem::TooMany { .. } => None,
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.field_with_problem() == Some(field)
    }
}

impl InvitationPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn whom(&self) -> Message {
        match self.client_name {
            Some(client) => self.frame.tell("invitation-for", &Arguments::none().with("client", client)),
            None => self.frame.tell("invitation-for-any", &Arguments::none()),
        }
    }

    fn until_text(&self) -> Message {
        let until = self.frame.texts.moment(self.until, self.zone).unwrap_or_default();
        self.frame.tell("invitation-until", &Arguments::none().with("until", until))
    }

    fn picture(&self) -> Option<Picture> {
        Picture::of(self.code)
    }
}
