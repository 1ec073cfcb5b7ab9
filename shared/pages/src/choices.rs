use languages::{Arguments, Message};

use crate::frame::Frame;

/// What an agent asks for, to be allowed or not: a box for each detail and each scope. A form that shows it brings back every
/// chosen `detail` (its index) and every chosen `scope` (its name).
#[derive(Clone, Debug, Default)]
pub struct Choices<'a> {
    /// The details, in the request's order.
    pub details: Vec<DetailChoice<'a>>,
    /// The scopes.
    pub scopes: Vec<ScopeChoice<'a>>,
    /// What of it this person cannot grant.
    pub withheld: Withheld,
}

/// One authorization detail to be allowed or not.
#[derive(Clone, Debug)]
pub struct DetailChoice<'a> {
    /// The sentence of its type.
    pub sentence: Message,
    /// The name of the tool it is for.
    pub tool: &'a str,
    /// Exactly what was asked for, as JSON laid out for reading.
    pub json: String,
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

/// The choices for one tool.
pub(crate) struct ToolChoices<'a> {
    tool: &'a str,
    pub(crate) items: Vec<Item<'a>>,
}

/// A detail with its place in the request.
pub(crate) struct Item<'a> {
    pub(crate) index: usize,
    pub(crate) is_withheld: bool,
    pub(crate) detail: &'a DetailChoice<'a>,
}

/// The scopes that the language files have words for (OpenID Connect Core, sections 5.4 and 11).
const SCOPES_WITH_WORDS: [&str; 8] =
    ["openid", "profile", "email", "address", "phone", "groups", "devices", "offline_access"];

impl Choices<'_> {
    pub(crate) fn tools(&self) -> Vec<ToolChoices<'_>> {
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

    /// Whether there is a box at all.
    pub(crate) fn are_any(&self) -> bool {
        (0..self.details.len()).any(|index| !self.withheld.details.contains(&index))
            || self.scopes.iter().any(|scope| !scope.is_required && !self.withholds(scope))
    }

    /// Whether the person cannot grant this scope.
    pub fn withholds(&self, scope: &ScopeChoice<'_>) -> bool {
        self.withheld.scopes.iter().any(|withheld| withheld == scope.name)
    }
}

impl Frame<'_> {
    /// What a scope allows.
    pub fn scope_text(&self, scope: &ScopeChoice<'_>) -> Message {
        let arguments = Arguments::none();
        match scope.description {
            Some(description) => self.tell("scope-described", &arguments.with("description", description)),
            None if SCOPES_WITH_WORDS.contains(&scope.name) => {
                self.tell(&format!("scope-{}", scope.name), &arguments)
            }
            None => self.tell("scope-unknown", &arguments.with("scope", scope.name)),
        }
    }

    /// Tells a listener which item an "Exact request" belongs to.
    pub(crate) fn place(&self, item: &Item<'_>) -> String {
        let number = Arguments::none().with("number", item.index + 1);
        self.tell("consent-item", &number).plain()
    }
}

impl Item<'_> {
    pub(crate) fn exact(&self) -> String {
        languages::shown_exactly(&self.detail.json)
    }
}

impl ToolChoices<'_> {
    pub(crate) fn name(&self) -> String {
        languages::foreign_text(self.tool, 100)
    }
}
