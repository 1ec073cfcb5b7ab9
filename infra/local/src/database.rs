use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use environment::Dice;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::stream::{Stream, keep_news_alone};
use crate::{DataFolder, StartError};

/// The table's name here; on AWS the stack makes one up.
pub(crate) const TABLE: &str = "countersign";

const FILE: &str = "table.sqlite";

/// How often items past their time to live are removed. On AWS it can be days.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// An embedded DynamoDB with the template's one table, on a loopback address and port of its own. It asks nobody who
/// they are: whoever knows the address can read it, as long as the server runs.
pub struct Database {
    endpoint: String,
    tables: dynoxide::Database,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
    sweeper: JoinHandle<()>,
}

impl Database {
    /// Opens the table in the folder, or in memory for a temporary folder, and makes it when it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened or is no table, or the template's table cannot be made.
    pub async fn open(folder: &DataFolder, table: &Value, dice: &Dice) -> Result<Self, StartError> {
        let database = open(folder, table, dice)?;
        let (listener, address) = hidden_listener(dice).await?;
        let (stop, stopped) = oneshot::channel();
        let sweeper = tokio::spawn(sweep(database.clone()));
        let tables = database.clone();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async {
            let _ = stopped.await;
        }));
        Ok(Self { endpoint: format!("http://{address}"), tables, stop, server, sweeper })
    }

    /// The endpoint's URL for an AWS SDK.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The table's stream, from its beginning.
    pub(crate) fn stream(&self) -> Result<Stream, StartError> {
        Stream::of(&self.tables)
    }

    /// Lets calls under way finish and closes the file.
    ///
    /// # Errors
    /// When the server under it had failed.
    pub async fn close(self) -> Result<(), StartError> {
        self.sweeper.abort();
        let _ = self.stop.send(());
        match self.server.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(refused(FILE, &why)),
            Err(why) => Err(refused(FILE, &why)),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Database").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Opens the folder's table, or one in memory for a temporary folder, with a stream of what somebody must hear of.
pub(crate) fn open(
    folder: &DataFolder,
    table: &Value,
    dice: &Dice,
) -> Result<dynoxide::Database, StartError> {
    let place = if folder.is_temporary() {
        // A name of its own, so that a second connection can be made to it.
        let name = dice.roll::<8>().iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}"));
        format!("file:{name}?mode=memory&cache=shared")
    } else {
        folder.prepare(FILE)?.display().to_string()
    };
    let database = dynoxide::Database::new(&place).map_err(|why| refused(&place, &why))?;
    make_table(&database, table)?;
    keep_news_alone(&place)?;
    Ok(database)
}

/// Makes the table as the template has it. One that was made before it had a stream is given it.
fn make_table(database: &dynoxide::Database, table: &Value) -> Result<(), StartError> {
    let refused = |why: &dyn std::fmt::Display| refused(TABLE, why);
    let mut stream = table["StreamSpecification"].clone();
    stream["StreamEnabled"] = true.into();
    if let Some(known) = database.get_table_metadata(TABLE).map_err(|why| refused(&why))? {
        if !known.stream_enabled {
            let request = json!({ "TableName": TABLE, "StreamSpecification": stream });
            let request = serde_json::from_value(request).map_err(|why| refused(&why))?;
            database.update_table(request).map_err(|why| refused(&why))?;
        }
        return Ok(());
    }
    let request = json!({
        "TableName": TABLE,
        "BillingMode": table["BillingMode"],
        "AttributeDefinitions": table["AttributeDefinitions"],
        "KeySchema": table["KeySchema"],
        "GlobalSecondaryIndexes": table["GlobalSecondaryIndexes"],
        "StreamSpecification": stream,
    });
    let request =
        serde_json::from_value(request).map_err(|why| StartError::Template(format!("the table: {why}")))?;
    database.create_table(request).map_err(|why| refused(&why))?;

    let request = json!({ "TableName": TABLE, "TimeToLiveSpecification": table["TimeToLiveSpecification"] });
    let request =
        serde_json::from_value(request).map_err(|why| StartError::Template(format!("the table: {why}")))?;
    database.update_time_to_live(request).map_err(|why| refused(&why))?;
    Ok(())
}

async fn sweep(database: dynoxide::Database) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(removed)) => tracing::debug!(target: "table", removed, "swept"),
            Ok(Err(error)) => tracing::warn!(target: "table", %error, "not swept"),
            Err(error) => tracing::warn!(target: "table", %error, "not swept"),
        }
    }
}

pub(crate) fn refused(place: &str, why: &dyn std::fmt::Display) -> StartError {
    // One line, whatever the database says.
    let why = why.to_string().replace('\n', " ");
    StartError::Database { place: place.to_owned(), why }
}

/// A listener where nobody finds it by looking. The embedded database asks nobody who they are and lets pages of
/// any origin in, so its address is the secret: one of sixteen million of the loopback network, and one of many
/// ports. It stands in the data folder, which only its owner can open. Where the system has but one loopback
/// address, the port alone must do.
async fn hidden_listener(dice: &Dice) -> Result<(TcpListener, SocketAddr), StartError> {
    let [second, third, fourth] = dice.roll();
    let common = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = match TcpListener::bind(SocketAddr::from(([127, second, third, fourth], 0))).await {
        Ok(listener) => listener,
        Err(_) => {
            TcpListener::bind(common).await.map_err(|why| StartError::Listen { address: common, why })?
        }
    };
    let address = listener.local_addr().map_err(|why| StartError::Listen { address: common, why })?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use environment::Dice;

    use super::*;
    use crate::template::Template;

    fn folder() -> DataFolder {
        DataFolder::temporary(&Dice::system()).expect("a folder")
    }

    #[test]
    fn the_table_is_the_templates() {
        let database = dynoxide::Database::memory().expect("memory");
        make_table(&database, &Template::built_in().expect("well formed").table).expect("made");
        let describe = serde_json::from_value(json!({ "TableName": TABLE })).expect("a request");
        let description =
            serde_json::to_value(database.describe_table(describe).expect("described")).expect("JSON");
        let table = &description["Table"];
        assert_eq!(
            table["KeySchema"],
            json!([
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" }
            ])
        );
        let index = &table["GlobalSecondaryIndexes"][0];
        assert_eq!(index["IndexName"], "by_owner");
        assert_eq!(index["KeySchema"][0]["AttributeName"], "owner");
        assert_eq!(index["KeySchema"][1]["AttributeName"], "owner_sort");
        let describe = serde_json::from_value(json!({ "TableName": TABLE })).expect("a request");
        let ttl =
            serde_json::to_value(database.describe_time_to_live(describe).expect("described")).expect("JSON");
        assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expires_at");
    }

    #[test]
    fn making_it_twice_changes_nothing() {
        let database = dynoxide::Database::memory().expect("memory");
        let table = Template::built_in().expect("well formed").table;
        make_table(&database, &table).expect("made");
        make_table(&database, &table).expect("found");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let parent = folder();
        let folder = DataFolder::open(&parent.file("data")).expect("made");
        folder.replace(FILE, &"not a database at all ".repeat(100)).expect("written");
        let table = Template::built_in().expect("well formed").table;
        let refusal =
            Database::open(&folder, &table, &Dice::system()).await.expect_err("refused").to_string();
        assert!(refusal.contains(FILE) && !refusal.contains('\n'), "{refusal}");
    }

    #[tokio::test]
    async fn it_closes_while_a_client_keeps_a_connection_open() {
        let folder = folder();
        let table = Template::built_in().expect("well formed").table;
        let database = Database::open(&folder, &table, &Dice::system()).await.expect("opened");
        let client = reqwest::Client::new();
        let answer = client.get(database.endpoint()).send().await.expect("an answer");
        assert!(answer.status().is_success());
        tokio::time::timeout(Duration::from_secs(5), database.close())
            .await
            .expect("in time")
            .expect("closed");
    }
}
