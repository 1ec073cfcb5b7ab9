use environment::Fault;
use oauth::configuration::{Client, Tool};
use oauth::{ClientId, GrantId, PersonId, ResourceUri, Scope, Timestamp};
use serde::Serialize;
use store::{Configuration, Person, Store};

use crate::client_states::{ClientRefused, known};

/// What an agent holds in a person's name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentHolding {
    /// The authorization.
    pub grant_id: GrantId,
    /// Whose name it is in.
    pub person: PersonId,
    /// What they sign in with.
    pub user_name: String,
    /// Who holds it.
    pub client_id: ClientId,
    /// Who acts with it, the newest first; empty for the client itself.
    pub act: oauth::Actors,
    /// The tools that it is for.
    pub tools: Vec<ResourceUri>,
    /// What it allows by scope.
    pub scope: Scope,
    /// The types of what it allows in detail.
    pub detail_types: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// When a token was last got by it; none where the first is yet to be fetched.
    pub last_used: Option<Timestamp>,
    /// The last moment of any token.
    pub until: Timestamp,
    /// Whether new tokens can be got by it.
    pub is_renewable: bool,
    /// The authorization that it was got from by exchange, if it was.
    pub root: Option<GrantId>,
}

/// Whose holdings are meant: those that fit all that is said.
#[derive(Clone, Debug, Default)]
pub struct HeldBy {
    /// A person, by user name or `sub`.
    pub person: Option<String>,
    /// A client, by its id.
    pub client: Option<String>,
    /// A tool, by its id or resource.
    pub tool: Option<String>,
}

/// What [`HeldBy`] names, found.
pub(crate) struct Meant {
    pub(crate) person: Option<Person>,
    pub(crate) of_client: Option<ClientId>,
    pub(crate) tool: Option<Tool>,
}

/// Why nothing is listed or ended.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// Nobody has this user name or `sub`.
    #[error("there is nobody with the user name or identifier {0:?}")]
    Person(String),
    /// The configuration in force has no such tool.
    #[error("the configuration in force has no tool {0:?}")]
    Tool(String),
    /// There is no such client.
    #[error(transparent)]
    Client(#[from] ClientRefused),
    /// The table did not answer, or holds what we cannot read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What agents hold in people's names, by person and then the newest first. There is no list by client or tool: everybody's is read.
///
/// # Errors
/// [`NotFound`]: a mistyped name must not look as if nobody held anything.
pub async fn agents(store: &Store, by: &HeldBy, now: Timestamp) -> Result<Vec<AgentHolding>, NotFound> {
    let configuration = store.configuration(now).await?;
    let meant = Meant::find(store, &configuration, by, now).await?;
    holdings(store, &configuration, &meant, now).await
}

pub(crate) async fn holdings(
    store: &Store,
    configuration: &Configuration,
    meant: &Meant,
    now: Timestamp,
) -> Result<Vec<AgentHolding>, NotFound> {
    let people = match &meant.person {
        Some(person) => vec![person.clone()],
        None => store.people().await?,
    };
    let mut all = Vec::new();
    for person in &people {
        let Some(of_person) = store.held_of(configuration, &person.id, now).await? else { continue };
        for held in of_person.held.iter().filter_map(|held| held.holding(now)) {
            let registered = store.client(configuration, held.client_id, now).await?;
            let tools = tools_of(configuration, registered.as_deref(), held.resources);
            let holding = AgentHolding {
                grant_id: held.id.clone(),
                person: held.person.clone(),
                user_name: of_person.person.profile.user_name.clone(),
                client_id: held.client_id.clone(),
                act: held.act.clone(),
                tools,
                scope: held.scope.clone(),
                detail_types: held.details.iter().map(|detail| detail.detail_type.clone()).collect(),
                since: held.since,
                last_used: held.last_used,
                until: held.until,
                is_renewable: held.is_renewable,
                root: held.root.cloned(),
            };
            if meant.includes(&holding) {
                all.push(holding);
            }
        }
    }
    Ok(all)
}

fn tools_of(
    configuration: &Configuration,
    client: Option<&Client>,
    resources: &[ResourceUri],
) -> Vec<ResourceUri> {
    client.map_or_else(
        || resources.to_vec(),
        |client| configuration.places(client, resources).into_iter().cloned().collect(),
    )
}

impl Meant {
    pub(crate) async fn find(
        store: &Store,
        configuration: &Configuration,
        by: &HeldBy,
        now: Timestamp,
    ) -> Result<Self, NotFound> {
        let person = match &by.person {
            None => None,
            Some(name) => Some(person(store, name).await?.ok_or_else(|| NotFound::Person(name.clone()))?),
        };
        let of_client = match &by.client {
            None => None,
            Some(id) => Some(known(store, id, now).await?),
        };
        let is_meant = |tool: &&Tool, name: &str| tool.id.as_str() == name || tool.resource.as_str() == name;
        let tool = match &by.tool {
            None => None,
            Some(name) => {
                let tool = configuration.tools.iter().find(|tool| is_meant(tool, name));
                Some(tool.cloned().ok_or_else(|| NotFound::Tool(name.clone()))?)
            }
        };
        Ok(Self { person, of_client, tool })
    }

    fn includes(&self, holding: &AgentHolding) -> bool {
        let has_part = |client: &ClientId| {
            holding.client_id == *client || holding.act.clients().any(|acting| acting == *client)
        };
        self.of_client.as_ref().is_none_or(has_part)
            && self.tool.as_ref().is_none_or(|tool| holding.tools.contains(&tool.resource))
    }
}

async fn person(store: &Store, name: &str) -> Result<Option<Person>, Fault> {
    match PersonId::parse(name) {
        Some(id) => store.person(&id).await,
        None => store.person_by_user_name(&name.to_lowercase()).await,
    }
}
