use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::Fault;
use oauth::configuration::{Client, DetailType, PolicyText, Server, Tool};
use oauth::{ClientId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::item::{Condition, Draft, Item, Key, Written, body, string};

/// Everything that one `countersign apply` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The server's settings.
    pub server: Server,
    /// The registered clients.
    pub clients: Vec<Client>,
    /// The registered tools.
    pub tools: Vec<Tool>,
    /// The registered types of `authorization_details`.
    pub detail_types: Vec<DetailType>,
    /// The files of policies; none in a snapshot that was written before there were any.
    #[serde(default)]
    pub policies: Vec<PolicyText>,
}

/// The number of a snapshot: each apply makes the next one.
pub type Version = u64;

/// Which snapshot a process knows. Not by its number, which comes twice when a table was restored: a process may outlive
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition(u64);

impl Edition {
    /// That of the snapshot in this partition, whose name nobody has had before.
    fn of(partition: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        partition.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What applying a snapshot met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in force.
    InForce(Version),
    /// Somebody else applied another one meanwhile: nothing has changed.
    Overtaken,
}

/// The pointer to the snapshot in force: one small item, moved by one conditional write, so that a
/// half-applied configuration cannot exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    version: Version,
    /// The highest version ever put in force: going back does not make numbers come twice.
    newest: Version,
    /// Where each version that was ever in force lies. A snapshot that was not written to its end, or that
    /// somebody else overtook, is in nobody's list.
    partitions: BTreeMap<Version, String>,
    /// The shape of the snapshot's items.
    format: u32,
}

impl Pointer {
    /// The snapshot in force, if it is in the list.
    fn edition(&self) -> Option<Edition> {
        self.partitions.get(&self.version).map(|partition| Edition::of(partition))
    }
}

const FORMAT: u32 = 1;

/// What follows `SHARED#` in the sort key of the server's settings.
const SERVER: &str = "SERVER";
/// The same beside policies. A program that knows nothing of policies finds no settings then and refuses, where it would
/// otherwise let everybody do what they forbid. The snapshot says so and not the pointer: once a snapshot without policies is
/// in force again, so can an earlier program be.
const SERVER_OF_POLICIES: &str = "WITH_POLICIES#SERVER";

/// How many versions can be gone back to.
const MOST_VERSIONS: usize = 50;

/// How long a process may act on the snapshot that it last saw.
const FRESH: Duration = Duration::from_secs(5);
/// How many clients a process remembers.
const MOST_REMEMBERED: usize = 1000;

/// The snapshot in force, without the clients, which are read one by one.
pub struct Configuration {
    /// Which snapshot it is, for [`Derived`](crate::Derived).
    pub version: Edition,
    /// The server's settings.
    pub server: Server,
    /// The registered tools.
    pub tools: Vec<Tool>,
    /// The registered types of `authorization_details`.
    pub detail_types: Vec<DetailType>,
    /// The files of policies. `policy` reads them.
    pub policies: Vec<PolicyText>,
    partition: String,
    clients: Mutex<HashMap<ClientId, Arc<Client>>>,
    asking: OnceLock<Vec<Arc<Client>>>,
}

#[derive(Default)]
pub(crate) struct Cache(Mutex<Option<(Timestamp, Arc<Configuration>)>>);

impl Store {
    /// The configuration in force, at most five seconds old.
    ///
    /// # Errors
    /// When the table does not answer, or no configuration was ever applied.
    pub async fn configuration(&self, now: Timestamp) -> Result<Arc<Configuration>, Fault> {
        let known = self.configuration.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, configuration)) =
            known.clone().filter(|(seen_at, _)| now >= *seen_at && now < seen_at.after(FRESH))
        {
            return Ok(configuration);
        }
        let Some(pointer) = self.pointer().await? else {
            return Err(Fault::broken("configuration", "none has been applied: run `countersign apply`"));
        };
        let configuration = match known {
            Some((_, configuration)) if pointer.edition() == Some(configuration.version) => configuration,
            _ => Arc::new(self.load(&pointer).await?),
        };
        *self.configuration.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((now, configuration.clone()));
        Ok(configuration)
    }

    /// A client of a configuration, remembered for as long as that configuration is; or one that nobody registered, where the
    /// configuration lets such a one in.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn client(
        &self,
        configuration: &Configuration,
        id: &ClientId,
        now: Timestamp,
    ) -> Result<Option<Arc<Client>>, Fault> {
        let origin = id.origin(&configuration.server);
        if !origin.is_vouched_for() {
            let known = self.stranger(id, origin, now).await?;
            return Ok(known.and_then(|known| known.as_client(&configuration.server)).map(Arc::new));
        }
        if let Some(known) = configuration.known(id) {
            return Ok(Some(known));
        }
        let key = Key::new(&*configuration.partition, format!("CLIENT#{id}"));
        // An id that does not exist is not remembered: anybody can make up as many as they like.
        let Some(item) = self.read(&key).await? else {
            return Ok(None);
        };
        let client: Arc<Client> = Arc::new(body(&item)?);
        configuration.remember(&client);
        Ok(Some(client))
    }

    /// The clients of a configuration that may ask people who are elsewhere, by name. They are read once for as long as that
    /// configuration is known.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn clients_that_ask<'c>(
        &self,
        configuration: &'c Configuration,
    ) -> Result<&'c [Arc<Client>], Fault> {
        if let Some(known) = configuration.asking.get() {
            return Ok(known);
        }
        let items = self.query(&configuration.partition, "CLIENT#").await?;
        let mut found: Vec<Arc<Client>> = items.iter().map(body).collect::<Result<_, _>>()?;
        found.retain(|client| client.asks_people().is_ok());
        found.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(configuration.asking.get_or_init(|| found))
    }

    /// Writes a snapshot under a new version, then puts it in force on condition that the one in force is
    /// still `over`. The operator's command.
    ///
    /// # Errors
    /// When the table does not answer: the one in force is then as before.
    pub async fn apply(&self, snapshot: &Snapshot, over: Option<Version>) -> Result<Applied, Fault> {
        let before = self.pointer().await?;
        if before.as_ref().map(|pointer| pointer.version) != over {
            return Ok(Applied::Overtaken);
        }
        let version = before.as_ref().map_or(0, |pointer| pointer.newest) + 1;
        // Fresh for each attempt: what an earlier one left behind is never mixed into this one.
        let pk = format!("SNAPSHOT#{version}#{}", URL_SAFE_NO_PAD.encode(self.dice.roll::<12>()));
        let write = async |sk: String, json: &serde_json::Value| {
            self.write(Draft::new(&Key::new(&*pk, sk), json, None)).await
        };
        let json = |value: serde_json::Result<serde_json::Value>| {
            value.map_err(|error| Fault::broken("configuration", error))
        };
        let server = if snapshot.policies.is_empty() { SERVER } else { SERVER_OF_POLICIES };
        write(format!("SHARED#{server}"), &json(serde_json::to_value(&snapshot.server))?).await?;
        for tool in &snapshot.tools {
            write(format!("SHARED#TOOL#{}", tool.id), &json(serde_json::to_value(tool))?).await?;
        }
        for detail_type in &snapshot.detail_types {
            write(format!("SHARED#TYPE#{}", detail_type.name), &json(serde_json::to_value(detail_type))?)
                .await?;
        }
        for policies in &snapshot.policies {
            write(format!("SHARED#POLICIES#{}", policies.file), &json(serde_json::to_value(policies))?)
                .await?;
        }
        for client in &snapshot.clients {
            write(format!("CLIENT#{}", client.id), &json(serde_json::to_value(client))?).await?;
        }
        let mut partitions = before.as_ref().map(|pointer| pointer.partitions.clone()).unwrap_or_default();
        partitions.insert(version, pk);
        while partitions.len() > MOST_VERSIONS {
            partitions.pop_first();
        }
        self.point(before, Pointer { version, newest: version, partitions, format: FORMAT }).await
    }

    /// Puts an earlier snapshot in force again. Secrets, switched-off clients and revocations stay as they are.
    ///
    /// # Errors
    /// When the table does not answer, or there is no such snapshot.
    pub async fn go_back_to(&self, version: Version) -> Result<Applied, Fault> {
        let before = self.pointer().await?;
        match before.clone().filter(|pointer| pointer.partitions.contains_key(&version)) {
            Some(pointer) => self.point(before, Pointer { version, ..pointer }).await,
            None => Err(Fault::broken("configuration", format!("there is no version {version}"))),
        }
    }

    /// The whole snapshot in force, clients included, read now: for showing what an apply would change.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn snapshot(&self) -> Result<Option<(Version, Snapshot)>, Fault> {
        let Some(pointer) = self.pointer().await? else {
            return Ok(None);
        };
        let shared = self.load(&pointer).await?;
        let clients = self.query(&shared.partition, "CLIENT#").await?;
        let snapshot = Snapshot {
            server: shared.server,
            clients: clients.iter().map(body).collect::<Result<_, _>>()?,
            tools: shared.tools,
            detail_types: shared.detail_types,
            policies: shared.policies,
        };
        Ok(Some((pointer.version, snapshot)))
    }

    async fn pointer(&self) -> Result<Option<Pointer>, Fault> {
        let Some(item) = self.read(&pointer_key()).await? else {
            return Ok(None);
        };
        let pointer: Pointer = body(&item)?;
        if pointer.format > FORMAT {
            return Err(Fault::broken("configuration", "it was applied by a newer version of this program"));
        }
        Ok(Some(pointer))
    }

    /// Moves the pointer on condition that it still is what was read, as it was written then: an earlier
    /// version of this program may have written it otherwise.
    async fn point(&self, before: Option<Pointer>, after: Pointer) -> Result<Applied, Fault> {
        let standing = self.read(&pointer_key()).await?;
        if standing.as_ref().map(body).transpose()? != before {
            return Ok(Applied::Overtaken);
        }
        let draft = Draft::new(&pointer_key(), &after, None);
        match self.write_if(draft, Condition::unchanged(standing.as_ref())).await? {
            Written::Done => Ok(Applied::InForce(after.version)),
            Written::Conflict(_) => Ok(Applied::Overtaken),
        }
    }

    async fn load(&self, pointer: &Pointer) -> Result<Configuration, Fault> {
        let missing = || Fault::broken("configuration", "the snapshot in force is missing");
        let partition = pointer.partitions.get(&pointer.version).ok_or_else(missing)?;
        let items = self.query(partition, "SHARED#").await?;
        let is_server = |item: &&Item| [SERVER, SERVER_OF_POLICIES].map(Some).contains(&named(item, ""));
        let server = items.iter().find(is_server);
        let server = server.ok_or_else(missing)?;
        Ok(Configuration {
            version: Edition::of(partition),
            server: body(server)?,
            tools: all(&items, "TOOL#")?,
            detail_types: all(&items, "TYPE#")?,
            policies: all(&items, "POLICIES#")?,
            partition: partition.clone(),
            clients: Mutex::default(),
            asking: OnceLock::new(),
        })
    }
}

impl Configuration {
    /// The tool with this id.
    pub fn tool(&self, id: &oauth::ToolId) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.id == *id)
    }

    /// The tool that a client is.
    pub fn own_tool(&self, client: &Client) -> Option<&Tool> {
        client.is_tool.as_ref().and_then(|id| self.tool(id))
    }

    /// The tools that a request is for: those that it names, or all that the client may use.
    pub fn tools_of(&self, client: &Client, resources: &[oauth::ResourceUri]) -> Vec<&Tool> {
        let named = |tool: &Tool| resources.is_empty() || resources.contains(&tool.resource);
        self.tools.iter().filter(|tool| client.tools.contains(&tool.id) && named(tool)).collect()
    }

    /// The resource that a client's tokens are for when it names none.
    pub fn default_resource(&self, client: &Client) -> Option<&oauth::ResourceUri> {
        client.default_tool.as_ref().and_then(|id| self.tool(id)).map(|tool| &tool.resource)
    }

    /// The tools and other places that what was granted to a client for these resources leads to: its default, where none is named.
    pub fn places<'r>(
        &'r self,
        client: &Client,
        resources: &'r [oauth::ResourceUri],
    ) -> Vec<&'r oauth::ResourceUri> {
        if resources.is_empty() {
            self.default_resource(client).into_iter().collect()
        } else {
            resources.iter().collect()
        }
    }

    fn known(&self, id: &ClientId) -> Option<Arc<Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn remember(&self, client: &Arc<Client>) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() < MOST_REMEMBERED {
            clients.insert(client.id.clone(), client.clone());
        }
    }
}

fn all<T: serde::de::DeserializeOwned>(items: &[Item], kind: &str) -> Result<Vec<T>, Fault> {
    items.iter().filter(|item| named(item, kind).is_some()).map(body).collect()
}

/// What follows `SHARED#` and the kind in an item's sort key.
fn named<'a>(item: &'a Item, kind: &str) -> Option<&'a str> {
    string(item, "sk")?.strip_prefix("SHARED#")?.strip_prefix(kind)
}

fn pointer_key() -> Key {
    Key::new("CONFIGURATION", "POINTER")
}
