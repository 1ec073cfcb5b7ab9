use std::sync::Arc;
use std::time::Duration;

use notify::Services;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::StartError;
use crate::database::{TABLE, refused};

/// How often the stream is looked at.
const LOOKS_EVERY: Duration = Duration::from_millis(50);
/// The most records of one batch, as the template says for Lambda.
const MOST_RECORDS: usize = 10;

/// What of the stream is kept, as the template's filter has it: what somebody must hear of. The embedded database keeps its
/// stream in a table of `SQLite` and reads all of that at each write, so that keeping everything would make writes slower and
/// slower. What nobody has heard of within an hour nobody wants to hear of any more.
const FILTER: &str = "
    CREATE TRIGGER IF NOT EXISTS countersign_news AFTER INSERT ON _stream_records
    WHEN json_extract(NEW.new_image, '$.news.S') IS NULL
    BEGIN DELETE FROM _stream_records WHERE rowid = NEW.rowid; END;
    DELETE FROM _stream_records WHERE created_at < unixepoch() - 3600;";

/// Has the database keep of its stream what matters. `place` is what it was opened with.
pub(crate) fn keep_news_alone(place: &str) -> Result<(), StartError> {
    let done = Connection::open(place).and_then(|connection| connection.execute_batch(FILTER));
    done.map_err(|why| refused(place, &why))
}

/// The table's stream, from its beginning: what the last run did not come to is told by this one.
pub(crate) struct Stream {
    database: dynoxide::Database,
    iterator: String,
}

impl Stream {
    pub(crate) fn of(database: &dynoxide::Database) -> Result<Self, StartError> {
        let wrong = |why: &dyn std::fmt::Display| refused(TABLE, why);
        let table = of_json(json!({ "TableName": TABLE }), |request| database.describe_table(request));
        let table = table.map_err(|why| wrong(&why))?;
        let arn = &table["Table"]["LatestStreamArn"];
        let stream = of_json(json!({ "StreamArn": arn }), |request| database.describe_stream(request));
        let stream = stream.map_err(|why| wrong(&why))?;
        let beginning = json!({
            "StreamArn": arn,
            "ShardId": stream["StreamDescription"]["Shards"][0]["ShardId"],
            "ShardIteratorType": "TRIM_HORIZON",
        });
        let beginning = of_json(beginning, |request| database.get_shard_iterator(request));
        let beginning = beginning.map_err(|why| wrong(&why))?;
        let iterator = beginning["ShardIterator"].as_str().ok_or_else(|| wrong(&"it has no stream"))?;
        Ok(Self { database: database.clone(), iterator: iterator.to_owned() })
    }

    /// The records that have come since the last call, at most one batch.
    fn next(&mut self) -> Result<Vec<Value>, String> {
        let request = json!({ "ShardIterator": self.iterator, "Limit": MOST_RECORDS });
        let mut answer = of_json(request, |request| self.database.get_records(request))?;
        if let Some(next) = answer["NextShardIterator"].as_str() {
            next.clone_into(&mut self.iterator);
        }
        match answer["Records"].take() {
            Value::Array(records) => Ok(records),
            other => Err(format!("no records but {other}")),
        }
    }

    /// Calls the function with each batch, as Lambda does with what the stream has.
    pub(crate) async fn follow(mut self, services: Arc<Services>) {
        let mut ticks = tokio::time::interval(LOOKS_EVERY);
        loop {
            ticks.tick().await;
            let looked = tokio::task::spawn_blocking(move || {
                let records = self.next();
                (self, records)
            });
            let Ok((own, records)) = looked.await else {
                tracing::error!(target: "notify", "the stream's reader crashed");
                return;
            };
            self = own;
            match records {
                Ok(records) if records.is_empty() => {}
                Ok(records) => call(&services, records).await,
                Err(why) => tracing::warn!(target: "notify", why, "the stream could not be read"),
            }
        }
    }
}

/// Brings a batch to the function. What it has to be brought again is brought again at once, as by Lambda, but not for ever.
async fn call(services: &Services, mut records: Vec<Value>) {
    for _ in 0..3 {
        let event = json!({ "Records": records }).to_string();
        let failed = match notify::handle(services, &event).await {
            Ok(answer) => answer["batchItemFailures"].clone(),
            Err(fault) => return tracing::error!(target: "notify", %fault, "a batch was not dealt with"),
        };
        let positions: Vec<_> =
            failed.as_array().into_iter().flatten().map(|one| one["itemIdentifier"].clone()).collect();
        records.retain(|record| positions.contains(&record["dynamodb"]["SequenceNumber"]));
        if records.is_empty() {
            return;
        }
    }
}

/// A call of the embedded database in the words of DynamoDB.
fn of_json<Request, Answer>(
    request: Value,
    call: impl FnOnce(Request) -> dynoxide::errors::Result<Answer>,
) -> Result<Value, String>
where
    Request: serde::de::DeserializeOwned,
    Answer: serde::Serialize,
{
    let request = serde_json::from_value(request).map_err(|why| why.to_string())?;
    let answer = call(request).map_err(|why| why.to_string())?;
    serde_json::to_value(answer).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use environment::Dice;

    use super::*;
    use crate::DataFolder;
    use crate::database::open;
    use crate::template::Template;

    fn write(database: &dynoxide::Database, sort_key: &str, news: Option<&str>) {
        let mut item = json!({ "pk": { "S": "AUTHORIZATION#a" }, "sk": { "S": sort_key }, "body": { "S": "{\"news\":1}" } });
        if let Some(news) = news {
            item["news"] = json!({ "S": news });
        }
        of_json(json!({ "TableName": TABLE, "Item": item }), |request| database.put_item(request))
            .expect("written");
    }

    fn news_of(records: &[Value]) -> Vec<&str> {
        records
            .iter()
            .map(|record| record["dynamodb"]["NewImage"]["news"]["S"].as_str().expect("news"))
            .collect()
    }

    #[test]
    fn the_stream_has_what_somebody_must_hear_of_in_its_order_and_nothing_else() {
        let table = Template::built_in().expect("well formed").table;
        let temporary = DataFolder::temporary(&Dice::system()).expect("a folder");
        let lasting = DataFolder::open(&temporary.file("data")).expect("made");
        for folder in [&temporary, &lasting] {
            let database = open(folder, &table, &Dice::system()).expect("opened");
            let mut stream = Stream::of(&database).expect("a stream");
            assert!(stream.next().expect("read").is_empty());
            write(&database, "1", Some("requested"));
            for _ in 0..30 {
                write(&database, "2", None);
            }
            write(&database, "1", Some("approved"));
            let records = stream.next().expect("read");
            assert_eq!(news_of(&records), ["requested", "approved"]);
            assert_eq!(records[0]["eventSource"], "aws:dynamodb");
            assert!(stream.next().expect("read").is_empty());
        }
    }

    #[test]
    fn what_the_last_run_did_not_come_to_is_told_by_the_next() {
        let table = Template::built_in().expect("well formed").table;
        let parent = DataFolder::temporary(&Dice::system()).expect("a folder");
        let folder = DataFolder::open(&parent.file("data")).expect("made");
        let first = open(&folder, &table, &Dice::system()).expect("opened");
        write(&first, "1", Some("requested"));
        drop(first);
        let second = open(&folder, &table, &Dice::system()).expect("opened");
        assert_eq!(news_of(&Stream::of(&second).expect("a stream").next().expect("read")), ["requested"]);
    }
}
