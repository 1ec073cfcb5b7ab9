use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use environment::Fault;
use oauth::configuration::Client;
use oauth::{ClientId, GrantId, Holding, Parameters, PersonId, Refusal, ResourceUri, Timestamp};
use pages::{AgentsSearch, Choice, HeldAccess, HeldByAgent};
use reception::{Guest, SignedIn};
use store::{Held, HeldOfPerson};

/// What a person's agents hold, and what these are called.
pub(crate) struct Listing {
    pub(crate) held: HeldOfPerson,
    pub(crate) names: Names,
    now: Timestamp,
}

/// The clients that something was given to, and what they are called.
#[derive(Clone, Default)]
pub(crate) struct Names(BTreeMap<ClientId, Option<Arc<Client>>>);

impl Names {
    /// The same and these. A client that is gone is called by its id.
    pub(crate) async fn with<'i>(
        &self,
        guest: &Guest<'_>,
        ids: impl Iterator<Item = &'i ClientId>,
    ) -> Result<Self, Fault> {
        let mut names = self.0.clone();
        for id in ids {
            if !names.contains_key(id) {
                let client = guest.store.client(&guest.configuration, id, guest.now).await?;
                names.insert(id.clone(), client);
            }
        }
        Ok(Self(names))
    }

    pub(crate) fn of<'n>(&'n self, id: &'n ClientId) -> &'n str {
        self.client(id).map_or(id.as_str(), |client| &client.name)
    }

    fn client(&self, id: &ClientId) -> Option<&Client> {
        self.0.get(id).and_then(Option::as_deref)
    }
}

/// What a person looks for among their agents.
#[derive(Default)]
pub(crate) struct Search {
    find: String,
    agent: String,
    tool: String,
}

impl Search {
    /// Reads what the address of the page says.
    ///
    /// # Errors
    /// When it says the same twice.
    pub(crate) fn parse(parameters: &Parameters) -> Result<Self, Refusal> {
        let text = |name| -> Result<String, Refusal> {
            Ok(parameters.optional(name)?.unwrap_or_default().to_owned())
        };
        Ok(Self { find: text("find")?, agent: text("agent")?, tool: text("tool")? })
    }

    /// Whether each of the words that are looked for is somewhere in these texts.
    fn finds(&self, texts: &[String]) -> bool {
        let all = texts.join("\n").to_lowercase();
        self.find.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }
}

impl Listing {
    /// What is held in a person's name ([`store::Store::held_of`]), and what their clients are called: one call more for each client that
    /// is not remembered.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn read(guest: &Guest<'_>, person: &PersonId) -> Result<Option<Self>, Fault> {
        let held = guest.store.held_of(&guest.configuration, person, guest.now).await?;
        let Some(held) = held else { return Ok(None) };
        let mut clients = BTreeSet::new();
        for holding in held.held.iter().filter_map(|held| held.holding(guest.now)) {
            clients.insert(holding.client_id.clone());
            clients.extend(holding.act.newest().and_then(oauth::Actor::as_client));
        }
        let names = Names::default().with(guest, clients.iter()).await?;
        Ok(Some(Self { held, names, now: guest.now }))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Held, Holding<'_>)> {
        self.held.held.iter().filter_map(|held| Some((held, held.holding(self.now)?)))
    }

    /// One of them.
    pub(crate) fn find(&self, id: &GrantId) -> Option<(&Held, Holding<'_>)> {
        self.all().find(|(_, holding)| holding.id == id)
    }

    /// How long a token of these can still live that a tool looks at by itself.
    pub(crate) fn token_lives(
        &self,
        guest: &Guest<'_>,
        signed_in: &SignedIn,
        of: impl Fn(&Holding<'_>) -> bool,
    ) -> Duration {
        let lives = |holding: &Holding<'_>| {
            let tools = guest.lifetime(holding.resources, false, signed_in).token;
            tools.min(holding.until.since(self.now))
        };
        let of_these = self.all().filter(|(_, holding)| of(holding));
        of_these.map(|(_, holding)| lives(&holding)).max().unwrap_or_default()
    }

    /// What the search leaves, by agent, in the order of what each got last.
    pub(crate) fn found<'l>(&'l self, guest: &'l Guest<'_>, search: &Search) -> Vec<HeldByAgent<'l>> {
        let mut agents: Vec<HeldByAgent<'l>> = Vec::new();
        for (held, holding) in self.all() {
            if !(search.agent.is_empty() || search.agent == holding.client_id.as_str()) {
                continue;
            }
            let at_the_tool = |tool: &&ResourceUri| tool.as_str() == search.tool;
            if !(search.tool.is_empty() || self.places(guest, &holding).iter().any(at_the_tool)) {
                continue;
            }
            let id = holding.client_id.to_string();
            let mut access = self.access(guest, &holding);
            access.is_cut_short = held.has_details_beside;
            if !search.finds(&texts(self.names.of(holding.client_id), &id, &access)) {
                continue;
            }
            if let Some(agent) = agents.iter_mut().find(|agent| agent.id == id) {
                agent.access.push(access);
            } else {
                let name = self.names.of(holding.client_id).to_owned();
                agents.push(HeldByAgent { name, id, access: vec![access] });
            }
        }
        agents
    }

    /// The search as it was, and what else can be chosen.
    pub(crate) fn choices<'l>(&'l self, guest: &Guest<'_>, search: &'l Search) -> AgentsSearch<'l> {
        let (mut agents, mut tools) = (BTreeSet::new(), BTreeSet::new());
        for (_, holding) in self.all() {
            let (name, value) = (self.names.of(holding.client_id).to_owned(), holding.client_id.to_string());
            agents.insert(Choice { name, value });
            for tool in self.places(guest, &holding) {
                tools.insert(Choice { name: tool_name(guest, tool), value: tool.to_string() });
            }
        }
        AgentsSearch {
            find: &search.find,
            agent: &search.agent,
            tool: &search.tool,
            agents: agents.into_iter().collect(),
            tools: tools.into_iter().collect(),
        }
    }

    /// One authorization, as a page shows it.
    pub(crate) fn access<'l>(&'l self, guest: &'l Guest<'_>, holding: &Holding<'l>) -> HeldAccess<'l> {
        let actor = holding.act.newest().and_then(oauth::Actor::as_client);
        let actor = actor.filter(|actor| actor != holding.client_id);
        let root = holding.root.and_then(|root| self.find(root));
        HeldAccess {
            id: holding.id.to_string(),
            tools: self.places(guest, holding).into_iter().map(|tool| tool_name(guest, tool)).collect(),
            sentences: holding.details.iter().map(|detail| guest.sentence(detail)).collect(),
            is_cut_short: false,
            scopes: holding.scope.iter().map(|scope| guest.scope_choice(scope)).collect(),
            actor: actor.map(|actor| self.names.of(&actor).to_owned()),
            through: root.map(|(_, root)| self.names.of(root.client_id).to_owned()),
            since: holding.since,
            last_used: holding.last_used,
            until: holding.until,
        }
    }

    /// The tools that it is for.
    fn places<'l>(&'l self, guest: &'l Guest<'_>, holding: &Holding<'l>) -> Vec<&'l ResourceUri> {
        match self.names.client(holding.client_id) {
            Some(client) => guest.configuration.places(client, holding.resources),
            None => holding.resources.iter().collect(),
        }
    }
}

/// What a tool is called.
pub(crate) fn tool_name(guest: &Guest<'_>, resource: &ResourceUri) -> String {
    let tool = guest.configuration.tools.iter().find(|tool| tool.resource == *resource);
    tool.map_or_else(|| resource.to_string(), |tool| tool.name.clone())
}

/// Everything in which words are looked for.
fn texts(agent: &str, id: &str, access: &HeldAccess<'_>) -> Vec<String> {
    let mut texts = vec![agent.to_owned(), id.to_owned()];
    texts.extend(access.tools.iter().cloned());
    texts.extend(access.sentences.iter().map(languages::Message::plain));
    texts.extend(access.scopes.iter().map(|scope| scope.description.unwrap_or(scope.name).to_owned()));
    texts.extend(access.actor.iter().chain(&access.through).cloned());
    texts
}
