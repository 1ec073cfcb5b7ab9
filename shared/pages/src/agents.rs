use std::time::Duration;

use askama::Template;
use evidence::Shown;
use languages::{Arguments, Message, Zone};
use oauth::{LONGEST_BINDING_MESSAGE, Timestamp};

use crate::ScopeChoice;
use crate::chain::{ChainStep, Placed, placed};
use crate::frame::{Frame, Person, rendered};
use crate::words::said;

/// What agents may do in a person's name. Its form asks for the same page, by `find`, `agent` and `tool`.
#[derive(Template)]
#[template(path = "agents.html")]
pub struct AgentsPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// Whose agents they are.
    pub person: Person<'a>,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
    /// What fits the search, by agent.
    pub agents: Vec<HeldByAgent<'a>>,
    /// The search.
    pub search: AgentsSearch<'a>,
    /// What has just been done.
    pub notice: Option<AgentsNotice>,
}

/// What a person looks for among their agents, and what they can choose from: names, each with what the form brings back.
#[derive(Clone, Debug, Default)]
pub struct AgentsSearch<'a> {
    /// Words that are in it.
    pub find: &'a str,
    /// The agent, by its `client_id`; empty for any.
    pub agent: &'a str,
    /// The tool; empty for any.
    pub tool: &'a str,
    /// The agents that hold anything.
    pub agents: Vec<Choice>,
    /// The tools that anything is for.
    pub tools: Vec<Choice>,
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// What people call it.
    pub name: String,
    /// What the form brings back.
    pub value: String,
}

/// An agent, and what it holds.
#[derive(Clone, Debug)]
pub struct HeldByAgent<'a> {
    /// Its name.
    pub name: String,
    /// Its `client_id`.
    pub id: String,
    /// Each authorization, the newest first.
    pub access: Vec<HeldAccess<'a>>,
}

/// One authorization by which an agent may do something.
#[derive(Clone, Debug)]
pub struct HeldAccess<'a> {
    /// Which one.
    pub id: String,
    /// The names of the tools that it is for.
    pub tools: Vec<String>,
    /// What it allows in detail.
    pub sentences: Vec<Message>,
    /// Whether there is more of that than a list shows.
    pub is_cut_short: bool,
    /// What it allows by scope.
    pub scopes: Vec<ScopeChoice<'a>>,
    /// The name of who acts with it, where that is not who holds it.
    pub actor: Option<String>,
    /// The name of the agent that it comes from, where it was got by exchange.
    pub through: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When a token was last got by it.
    pub last_used: Option<Timestamp>,
    /// Its last moment.
    pub until: Timestamp,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentsNotice {
    /// One authorization was ended.
    AccessEnded,
    /// Everything of an agent was ended.
    AgentEnded,
    /// What was meant is not there, or not theirs.
    Gone,
}

impl AgentsNotice {
    /// Reads what the address of the page says.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::AccessEnded, Self::AgentEnded].into_iter().find(|notice| notice.as_str() == name)
    }

    /// What the address of the page says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessEnded => "access-ended",
            Self::AgentEnded => "agent-ended",
            Self::Gone => "gone",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::AccessEnded => "notice-access-ended",
            Self::AgentEnded => "notice-agent-ended",
            Self::Gone => "notice-access-gone",
        }
    }
}

/// One authorization: what it allows, and what was done with it.
#[derive(Template)]
#[template(path = "agent_access.html")]
pub struct AgentAccessPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The name of who holds it.
    pub agent: &'a str,
    /// Its `client_id`.
    pub agent_id: &'a str,
    /// The authorization.
    pub access: HeldAccess<'a>,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
    /// The chains of tools that acted by it.
    pub chain: Vec<ChainStep<'a>>,
    /// Whether these are all.
    pub chain_is_whole: bool,
    /// How long a token of it can still live.
    pub token_lives: Duration,
}

/// Before one authorization, or everything of an agent, is ended: what that does. Its form posts `csrf`, and `of` or `agent`, to
/// `/account/agents/end`.
#[derive(Template)]
#[template(path = "end_access.html")]
pub struct EndAccessPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The token that proves that our own page sent the form.
    pub csrf: &'a str,
    /// The name of who holds it.
    pub agent: &'a str,
    /// Its `client_id`.
    pub agent_id: &'a str,
    /// What is ended: one authorization, or everything of the agent.
    pub access: Option<HeldAccess<'a>>,
    /// How long a token of it can still live.
    pub token_lives: Duration,
}

/// What a person signed with a passkey, each with its evidence as a file. `/account/agents/approvals/file?of=` brings that.
#[derive(Template)]
#[template(path = "signed.html")]
pub struct SignedPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// Whose approvals they are.
    pub person: Person<'a>,
    /// Where the person's clock goes.
    pub zone: &'a Zone,
    /// The approvals, the newest first.
    pub approvals: Vec<SignedApproval<'a>>,
    /// How many cannot be shown, because what is kept of them was changed.
    pub changed: usize,
}

/// An approval that was signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedApproval<'a> {
    /// What was displayed.
    pub shown: &'a Shown,
    /// When it was signed.
    pub at: Timestamp,
}

impl SignedPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn signed_at(&self, approval: &SignedApproval<'_>) -> Message {
        let at = self.frame.texts.moment(approval.at, self.zone).unwrap_or_default();
        self.frame.tell("signed-at", &Arguments::none().with("at", at))
    }

    fn changed_text(&self) -> Option<Message> {
        let count = Arguments::none().with("count", self.changed);
        (self.changed > 0).then(|| self.frame.tell("signed-changed", &count))
    }
}

impl SignedApproval<'_> {
    fn agent(&self) -> String {
        languages::foreign_text(&self.shown.client.name, 100)
    }

    fn binding_message(&self) -> Option<String> {
        said(self.shown.binding_message.as_deref(), LONGEST_BINDING_MESSAGE)
    }
}

impl AgentsPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    /// Whether agents hold anything at all, found or not.
    fn is_anything_held(&self) -> bool {
        !self.search.agents.is_empty()
    }
}

impl AgentsSearch<'_> {
    fn is_set(&self) -> bool {
        !(self.find.is_empty() && self.agent.is_empty() && self.tool.is_empty())
    }
}

impl Choice {
    fn text(&self) -> String {
        languages::foreign_text(&self.name, 100)
    }
}

impl HeldByAgent<'_> {
    fn agent(&self) -> String {
        languages::foreign_text(&self.name, 100)
    }
}

impl HeldAccess<'_> {
    fn tool_names(&self) -> Vec<String> {
        self.tools.iter().map(|tool| languages::foreign_text(tool, 100)).collect()
    }
}

impl Frame<'_> {
    pub(crate) fn access_times(&self, access: &HeldAccess<'_>, zone: &Zone) -> Message {
        let moment = |at| self.texts.moment(at, zone).unwrap_or_default();
        let arguments =
            Arguments::none().with("since", moment(access.since)).with("until", moment(access.until));
        match access.last_used {
            Some(used) => self.tell("access-times", &arguments.with("used", moment(used))),
            None => self.tell("access-not-fetched", &arguments),
        }
    }

    /// Who stands between, where that is not just the agent.
    pub(crate) fn access_notes(&self, access: &HeldAccess<'_>) -> Vec<Message> {
        let name = |name: &str| Arguments::none().with("client", name);
        let actor = access.actor.as_deref().map(|actor| self.tell("access-actor", &name(actor)));
        let through = access.through.as_deref().map(|agent| self.tell("access-through", &name(agent)));
        actor.into_iter().chain(through).collect()
    }

    fn ending_takes(&self, token_lives: Duration) -> Message {
        let span = self.texts.span(token_lives).unwrap_or_default();
        self.tell("end-takes", &Arguments::none().with("span", span))
    }
}

impl AgentAccessPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn title(&self) -> String {
        self.frame.tell("access-title", &Arguments::none().with("client", self.agent)).plain()
    }

    fn steps(&self) -> Vec<Placed<'_>> {
        placed(&self.chain)
    }

    fn agent_in_chain(&self) -> Message {
        self.frame.tell("chain-agent", &Arguments::none().with("client", self.agent))
    }

    fn step_text(&self, step: &ChainStep<'_>) -> Message {
        let named = Arguments::none().with("by", step.by.as_str()).with("tool", step.tool.as_str());
        self.frame.tell("chain-step", &named)
    }

    fn step_times(&self, step: &ChainStep<'_>) -> Message {
        let last = self.frame.texts.moment(step.last, self.zone).unwrap_or_default();
        self.frame.tell("chain-times", &Arguments::none().with("times", step.times).with("last", last))
    }
}

impl EndAccessPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    const fn title_key(&self) -> &'static str {
        if self.access.is_some() { "end-one-title" } else { "end-agent-title" }
    }

    fn lead(&self) -> Message {
        let key = if self.access.is_some() { "end-one-lead" } else { "end-agent-lead" };
        self.frame.tell(key, &Arguments::none().with("client", self.agent))
    }
}
