use std::time::Duration;

use askama::Template;
use languages::{Arguments, Message, Zone};
use oauth::Timestamp;

use crate::frame::{Frame, Person, rendered};

/// The page where a person decides what an agent may do. Posts to `/consent`: `interaction`, `decision` (`approve`, `deny`, or
/// `switch` for signing in as someone else), and with `approve` every chosen `detail` (its index), every chosen `scope`
/// (its name) and `remember` (`yes`).
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    /// What all pages have in common.
    pub frame: Frame<'a>,
    /// The opaque token of the interaction.
    pub interaction: &'a str,
    /// Who asks.
    pub client: AskingClient<'a>,
    /// The host, with its port, that the browser is sent back to.
    pub returns_to: &'a str,
    /// Whose account it is.
    pub person: Person<'a>,
    /// Why the agent asks, in its own words.
    pub purpose: Option<&'a str>,
    /// What it asks for, in the request's order.
    pub details: Vec<DetailChoice<'a>>,
    /// The scopes it asks for.
    pub scopes: Vec<ScopeChoice<'a>>,
    /// What of it this person cannot grant.
    pub withheld: Withheld,
    /// How long the access lasts.
    pub lifetime: Lifetime,
    /// Whether the person may choose not to be asked again for the same.
    pub may_be_remembered: bool,
    /// What was wrong with the last answer.
    pub problem: Option<ConsentProblem>,
}

/// The client as a person should see it.
#[derive(Clone, Copy, Debug)]
pub struct AskingClient<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its `client_id`.
    pub id: &'a str,
    /// Whether somebody of this company registered it. Nobody vouches for a client that only says itself who it is.
    pub is_vouched_for: bool,
    /// Whether it waits for this answer on the person's own machine.
    pub waits_on_this_machine: bool,
}

/// One authorization detail to be allowed or not.
#[derive(Clone, Debug)]
pub struct DetailChoice<'a> {
    /// The sentence of its type.
    pub sentence: Message,
    /// The name of the tool it is for.
    pub tool: &'a str,
    /// Exactly what was asked for, as JSON laid out for reading.
    pub json: &'a str,
}

/// One scope to be allowed or not.
#[derive(Clone, Copy, Debug)]
pub struct ScopeChoice<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it allows, in the person's language, from the configuration. The standard scopes have words of their own.
    pub description: Option<&'a str>,
    /// Whether the request makes no sense without it.
    pub is_required: bool,
}

/// What of a request the person cannot grant, because they do not hold it themselves. It is shown, and cannot be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Details, by their place in the request.
    pub details: Vec<usize>,
    /// Scopes, by name.
    pub scopes: Vec<String>,
}

/// How long the access lasts.
#[derive(Clone, Debug)]
pub struct Lifetime {
    /// The life of one token.
    pub token: Duration,
    /// Until when it can be renewed, with the zone of the person; none when it cannot.
    pub renewable_until: Option<(Timestamp, Zone)>,
}

/// Why an answer could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentProblem {
    /// The person approved without choosing anything.
    NothingChosen,
}

/// The choices for one tool.
struct ToolChoices<'a> {
    tool: &'a str,
    items: Vec<Item<'a>>,
}

/// A detail with its place in the request.
struct Item<'a> {
    index: usize,
    is_withheld: bool,
    detail: &'a DetailChoice<'a>,
}

/// The scopes that the language files have words for (OpenID Connect Core, sections 5.4 and 11).
const SCOPES_WITH_WORDS: [&str; 7] =
    ["openid", "profile", "email", "address", "phone", "groups", "offline_access"];

impl ConsentPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn title(&self) -> Message {
        self.frame.tell("consent-title", &Arguments::none().with("client", self.client.name))
    }

    fn client_id(&self) -> Message {
        self.frame.tell("consent-client-id", &Arguments::none().with("id", self.client.id))
    }

    fn way_back(&self) -> Message {
        self.frame.tell("consent-returns-to", &Arguments::none().with("host", self.returns_to))
    }

    fn purpose_text(&self) -> Option<String> {
        self.purpose
            .map(|purpose| languages::foreign_text(purpose, 600))
            .filter(|purpose| !purpose.is_empty())
    }

    fn tools(&self) -> Vec<ToolChoices<'_>> {
        let mut tools: Vec<ToolChoices<'_>> = Vec::new();
        for (index, detail) in self.details.iter().enumerate() {
            let item = Item { index, is_withheld: self.withheld.details.contains(&index), detail };
            match tools.iter_mut().find(|choices| choices.tool == detail.tool) {
                Some(choices) => choices.items.push(item),
                None => tools.push(ToolChoices { tool: detail.tool, items: vec![item] }),
            }
        }
        tools
    }

    fn has_choices(&self) -> bool {
        self.tools().iter().flat_map(|choices| &choices.items).any(|item| !item.is_withheld)
            || self.scopes.iter().any(|scope| !scope.is_required && !self.withholds(scope))
    }

    fn withholds(&self, scope: &ScopeChoice<'_>) -> bool {
        self.withheld.scopes.iter().any(|withheld| withheld == scope.name)
    }

    /// Tells a listener which item an "Exact request" belongs to.
    fn place(&self, item: &Item<'_>) -> String {
        let number = Arguments::none().with("number", item.index + 1);
        self.frame.tell("consent-item", &number).plain()
    }

    fn lifetime_text(&self) -> Message {
        let span = self.frame.texts.span(self.lifetime.token).unwrap_or_default();
        let arguments = Arguments::none().with("span", span);
        match &self.lifetime.renewable_until {
            Some((until, zone)) => {
                let until = self.frame.texts.moment(*until, zone).unwrap_or_default();
                self.frame.tell("consent-renewable", &arguments.with("until", until))
            }
            None => self.frame.tell("consent-once", &arguments),
        }
    }
}

impl Frame<'_> {
    /// What a scope allows.
    pub(crate) fn scope_text(&self, scope: &ScopeChoice<'_>) -> Message {
        let arguments = Arguments::none();
        match scope.description {
            Some(description) => self.tell("scope-described", &arguments.with("description", description)),
            None if SCOPES_WITH_WORDS.contains(&scope.name) => {
                self.tell(&format!("scope-{}", scope.name), &arguments)
            }
            None => self.tell("scope-unknown", &arguments.with("scope", scope.name)),
        }
    }
}

impl Item<'_> {
    fn exact(&self) -> String {
        languages::shown_exactly(self.detail.json)
    }
}

impl ToolChoices<'_> {
    fn name(&self) -> String {
        languages::foreign_text(self.tool, 100)
    }
}
