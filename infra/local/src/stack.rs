use std::convert::Infallible;
use std::sync::Arc;

use cli::KEY_FILE;
use environment::{Clock, Dice};
use serde_json::json;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::checkpoints::Checkpoints;
use crate::database::TABLE;
use crate::fault_proxy::FaultProxy;
use crate::faults::Faults;
use crate::functions::{self, Surroundings};
use crate::gateway::Gateway;
use crate::inbox::Inbox;
use crate::key_watch::{KeyWatch, Version};
use crate::routes::Routes;
use crate::server::{Listeners, serve};
use crate::shelf::Shelf;
use crate::template::Template;
use crate::test_control::TestControl;
use crate::{
    Arguments, Banner, DataFolder, Database, Secrets, StartError, checkpoints, configuration, log,
    signing_keys,
};

/// Where a running server can be found, for the command line and for tests. Gone when it has ended.
const RUNNING: &str = "running.json";

/// The running server: gateway, functions, table and keys in one process.
pub struct Stack {
    banner: Banner,
    folder: DataFolder,
    database: Database,
    /// Under the SDK, for tests alone.
    fault_proxy: Option<FaultProxy>,
    key_watch: JoinHandle<()>,
    checkpoints: JoinHandle<()>,
    /// Who brings news to people and clients.
    messengers: [JoinHandle<()>; 2],
    servers: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Stack {
    /// Starts everything: the sockets first, so that a port in use is met before anything is written.
    ///
    /// # Errors
    /// [`StartError`]: one line that names what stands in the way.
    pub async fn start(arguments: &Arguments, folder: DataFolder) -> Result<Self, StartError> {
        let template = Template::built_in()?;
        let listeners = Listeners::bind(arguments.port, "--port").await?;
        let inbox_listeners = inbox_listeners(arguments, listeners.port()).await?;
        let control_listeners = match arguments.test_control {
            Some(port) => Some(Listeners::bind(port, "--test-control").await?),
            None => None,
        };
        let (clock, dice) = (Clock::system(), Dice::system());
        let database = Database::open(&folder, &template.table, &dice).await?;
        let faults = Faults::default();
        let fault_proxy = match control_listeners {
            Some(_) => Some(FaultProxy::start(database.endpoint(), faults.clone()).await?),
            None => None,
        };
        let table_endpoint = fault_proxy.as_ref().map_or_else(|| database.endpoint(), FaultProxy::endpoint);
        let key_path = folder.file(KEY_FILE);
        let key_version = Version::of(&key_path);
        let key_file = signing_keys::load_or_make(&key_path, clock.now(), &dice)?;
        let keys = keys::Keys::from_file(&key_file)
            .map_err(|fault| StartError::Content { path: key_path.clone(), why: fault.to_string() })?;
        let surroundings = Surroundings {
            issuer: format!("http://localhost:{}{}", listeners.port(), arguments.base_path),
            store: Store::reached_by(&aws::local(table_endpoint), TABLE),
            keys,
            clock,
            dice,
        };
        let mut secrets = Secrets::load(&folder)?;
        let demo = configuration::apply(arguments, &surroundings, &mut secrets, &folder).await?;

        let banner = Banner {
            issuer: surroundings.issuer.clone(),
            inbox: format!("http://localhost:{}", inbox_listeners.port()),
            data: (!folder.is_temporary()).then(|| folder.path().to_owned()),
            log: folder.file(log::FILE),
            table_endpoint: database.endpoint().to_owned(),
            test_control: control_listeners
                .as_ref()
                .map(|control| format!("http://127.0.0.1:{}", control.port())),
            demo,
        };
        folder.replace(RUNNING, &running(&banner))?;

        let key_watch = KeyWatch::new(key_path, surroundings.keys.clone(), key_version);
        let key_watch = tokio::spawn(key_watch.run());
        // Not through the proxy: what a test breaks is for the requests that it makes.
        let checkpoints = tokio::spawn(
            Checkpoints {
                path: folder.file(checkpoints::FILE),
                store: Store::reached_by(&aws::local(database.endpoint()), TABLE),
                clock: surroundings.clock.clone(),
                dice: surroundings.dice.clone(),
            }
            .run(),
        );

        let shelf = Arc::new(Shelf::new(surroundings.clock.clone()));
        let inbox = Arc::new(Inbox::new(surroundings.clock.clone(), Arc::clone(&shelf)));
        let notify = Arc::new(functions::notify(&surroundings, inbox.clone(), shelf.clone()));
        let messengers = [
            tokio::spawn(database.stream()?.follow(Arc::clone(&notify))),
            tokio::spawn(shelf.follow(notify)),
        ];

        let (stop, stopped) = watch::channel(false);
        let gateway = Arc::new(Gateway {
            routes: Routes::of(&template.functions),
            functions: functions::all(&surroundings, inbox.clone()),
            event_version: arguments.event_version,
            every_body_is_binary: template.every_body_is_binary,
            base_path: arguments.base_path.clone(),
            port: listeners.port(),
            clock: surroundings.clock.clone(),
            dice: surroundings.dice,
        });
        let mut servers = vec![tokio::spawn(serve(
            listeners,
            move |request, source| {
                let gateway = Arc::clone(&gateway);
                async move { Ok::<_, Infallible>(gateway.answer(request, source).await) }
            },
            stopped.clone(),
        ))];
        let show = move |request, _| {
            let inbox = Arc::clone(&inbox);
            async move { Ok::<_, Infallible>(inbox.answer(&request)) }
        };
        servers.push(tokio::spawn(serve(inbox_listeners, show, stopped.clone())));
        if let Some(listeners) = control_listeners {
            let control = TestControl { clock: surroundings.clock, faults };
            let answer = move |request, _| {
                let control = control.clone();
                async move { Ok::<_, Infallible>(control.answer(request).await) }
            };
            servers.push(tokio::spawn(serve(listeners, answer, stopped)));
        }
        Ok(Self { banner, folder, database, fault_proxy, key_watch, checkpoints, messengers, servers, stop })
    }

    /// What to tell the person who started it.
    pub const fn banner(&self) -> &Banner {
        &self.banner
    }

    /// Ends it: no new requests, those under way are answered, then the table is closed.
    ///
    /// # Errors
    /// When the table did not close, or the folder cannot be tidied.
    pub async fn end(self) -> Result<(), StartError> {
        // Nobody listening any more is what we want.
        let _ = self.stop.send(true);
        for server in self.servers {
            if let Err(error) = server.await {
                tracing::error!(target: "gateway", %error, "a server had crashed");
            }
        }
        self.key_watch.abort();
        self.checkpoints.abort();
        self.messengers.iter().for_each(JoinHandle::abort);
        if let Some(proxy) = self.fault_proxy {
            proxy.end().await;
        }
        self.database.close().await?;
        self.folder.remove(RUNNING)
    }
}

/// Where the inbox is seen: at the port that was asked for, or beside the issuer, so that it is found again; if somebody else
/// is there, at any.
async fn inbox_listeners(arguments: &Arguments, port: u16) -> Result<Listeners, StartError> {
    const OPTION: &str = "--inbox";
    if let Some(asked) = arguments.inbox {
        return Listeners::bind(asked, OPTION).await;
    }
    let beside = if arguments.port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) };
    match Listeners::bind(beside, OPTION).await {
        Err(StartError::PortInUse { .. }) => Listeners::bind(0, OPTION).await,
        bound => bound,
    }
}

fn running(banner: &Banner) -> String {
    json!({
        "issuer": banner.issuer,
        "inbox": banner.inbox,
        "table": TABLE,
        "table_endpoint": banner.table_endpoint,
        "test_control": banner.test_control,
        "process": std::process::id(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use oauth::configuration::SigningAlgorithm;
    use serde_json::Value;

    use super::*;

    /// A data folder of this test's own.
    struct Place(DataFolder);

    impl Place {
        fn new() -> Self {
            Self(DataFolder::temporary(&Dice::system()).expect("a folder"))
        }

        /// Starts with the demo's configuration on a free port, unless `more` says otherwise.
        async fn start(&self, more: &[&str]) -> Result<Stack, StartError> {
            let data = self.0.file("data").display().to_string();
            let mut words = vec!["countersign-local"];
            words.extend(more);
            if !more.contains(&"--port") {
                words.extend(["--port", "0"]);
            }
            if !more.contains(&"--ephemeral") {
                words.extend(["--data", &data]);
            }
            let arguments = Arguments::try_parse_from(words).expect("arguments");
            Stack::start(&arguments, DataFolder::of(&arguments)?).await
        }
    }

    fn running_file(stack: &Stack) -> Value {
        let text = stack.folder.read(RUNNING).expect("readable").expect("there");
        serde_json::from_str(&text).expect("JSON")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_answers_over_http_and_ends_cleanly() {
        let place = Place::new();
        let stack = place.start(&[]).await.expect("started");
        let issuer = stack.banner().issuer.clone();
        assert_eq!(running_file(&stack)["issuer"], issuer.as_str());
        let unknown = reqwest::get(format!("{issuer}/nowhere")).await.expect("an answer");
        assert_eq!(unknown.status(), 403);
        assert_eq!(unknown.text().await.expect("a body"), r#"{"message":"Missing Authentication Token"}"#);
        let known = reqwest::get(format!("{issuer}/token")).await.expect("an answer");
        assert_ne!(known.status(), 403, "a function answers");
        stack.end().await.expect("ended");
        assert!(!place.0.file("data").join(RUNNING).exists());
        assert!(reqwest::get(format!("{issuer}/token")).await.is_err(), "nobody listens any more");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_start_finds_the_data_and_prints_the_same_password() {
        let place = Place::new();
        let item = r#"{"TableName":"countersign","Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}"#;
        let key = r#"{"TableName":"countersign","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}"#;

        let first = place.start(&[]).await.expect("started");
        call_table(&first, "PutItem", item).await;
        let (password, request) = demo(&first);
        first.end().await.expect("ended");

        let second = place.start(&[]).await.expect("started again");
        assert_eq!(demo(&second).0, password);
        assert!(second.banner().to_string().contains(&password));
        let secret = |request: &str| {
            request.split(' ').find(|word| word.starts_with("nightly-agent:")).map(str::to_owned)
        };
        assert!(secret(&request).is_some());
        assert_eq!(secret(&demo(&second).1), secret(&request), "the client's secret is the same, too");
        assert!(call_table(&second, "GetItem", key).await.contains(r#""pk":{"S":"a"}"#));
        second.end().await.expect("ended");
    }

    /// The demo's password and first request.
    fn demo(stack: &Stack) -> (String, String) {
        let demo = stack.banner().demo.as_ref().expect("the demo's configuration is in force");
        (
            demo.password.as_ref().expect("made at the first start").expose().clone(),
            demo.first_request.clone(),
        )
    }

    async fn issuer_told_by(stack: &Stack) -> String {
        let told = get(&format!("{}/.well-known/openid-configuration", stack.banner().issuer)).await;
        told["issuer"].as_str().expect("an issuer").to_owned()
    }

    async fn get(url: &str) -> Value {
        let text = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_port_is_another_issuer_on_the_same_data() {
        let place = Place::new();
        let mut issuers = Vec::new();
        for _ in 0..2 {
            let port = Listeners::bind(0, "--port").await.expect("a free port").port().to_string();
            let stack = place.start(&["--port", &port]).await.expect("started");
            assert_eq!(stack.banner().issuer, format!("http://localhost:{port}"));
            assert_eq!(issuer_told_by(&stack).await, stack.banner().issuer);
            issuers.push(stack.banner().issuer.clone());
            stack.end().await.expect("ended");
        }
        assert_ne!(issuers[0], issuers[1]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_jwks_is_kept_no_longer_than_a_new_key_waits() {
        let stack = Place::new().start(&["--ephemeral"]).await.expect("started");
        let jwks = reqwest::get(format!("{}/jwks.json", stack.banner().issuer)).await.expect("an answer");
        let cached = format!("public, max-age={}", keys::JWKS_MAX_AGE.as_secs());
        assert_eq!(jwks.headers()["cache-control"], cached.as_str());
        stack.end().await.expect("ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_running_server_notices_a_rotation() {
        let place = Place::new();
        let stack = place.start(&[]).await.expect("started");
        let jwks = format!("{}/jwks.json", stack.banner().issuer);
        let published = async || get(&jwks).await["keys"].as_array().expect("keys").len();
        assert_eq!(published().await, 2);
        let both = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
        cli::rotate_keys(&stack.folder.file(KEY_FILE), &both, Clock::system().now()).expect("rotated");
        let noticed = async {
            while published().await != 4 {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(cli::NOTICED_WITHIN, noticed).await.expect("in time");
        stack.end().await.expect("ended");
    }

    async fn call_table(stack: &Stack, operation: &str, body: &str) -> String {
        let answer = reqwest::Client::new()
            .post(stack.database.endpoint())
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(body.to_owned())
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{status}: {text}");
        text
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_servers_cannot_have_the_same_data() {
        let place = Place::new();
        let first = place.start(&[]).await.expect("started");
        let refusal = place.start(&[]).await.err().expect("refused").to_string();
        assert!(refusal.contains("data") && refusal.contains("--data"), "{refusal}");
        first.end().await.expect("ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_ephemeral_server_leaves_nothing_behind() {
        let stack = Place::new().start(&["--ephemeral"]).await.expect("started");
        let path = stack.folder.path().to_owned();
        assert!(path.exists() && stack.banner().data.is_none());
        stack.end().await.expect("ended");
        assert!(!path.exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_configuration_that_is_not_there_is_named() {
        let place = Place::new();
        let config = place.0.file("config").display().to_string();
        let refusal = place.start(&["--config", &config]).await.err().expect("refused").to_string();
        let first_line = refusal.lines().next().expect("a line");
        assert!(first_line.contains(&config) && refusal.contains("no such folder"), "{refusal}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_wrong_configuration_is_named_with_file_and_line() {
        let place = Place::new();
        let config = place.0.file("config");
        std::fs::create_dir(&config).expect("made");
        std::fs::write(config.join("server.toml"), "nme = \"x\"\n").expect("written");
        let config = config.display().to_string();
        let refusal = place.start(&["--config", &config]).await.err().expect("refused").to_string();
        let first_line = refusal.lines().next().expect("a line");
        assert!(first_line.contains(&config), "{refusal}");
        assert!(refusal.contains("server.toml:1") && refusal.contains("nme"), "{refusal}");
        place.start(&[]).await.expect("the folder is free again").end().await.expect("ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_table_that_answers_nothing_is_told_as_temporarily_unavailable() {
        let place = Place::new();
        let stack = place.start(&["--test-control", "0"]).await.expect("started");
        let banner = stack.banner();
        let control = banner.test_control.as_ref().expect("an address");
        let client = reqwest::Client::new();
        let arm = client.post(format!("{control}/faults")).body(r#"{"kind": "refuse"}"#);
        assert_eq!(arm.send().await.expect("an answer").status(), 200);
        let refused = client
            .post(format!("{}/par", banner.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("client_id=browser-app&response_type=code")
            .send();
        let refused = refused.await.expect("an answer");
        assert_eq!(refused.status(), 503);
        assert!(refused.text().await.expect("a body").contains("temporarily_unavailable"));
        stack.end().await.expect("ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn tests_can_move_the_clock_through_a_port_of_its_own() {
        let place = Place::new();
        let stack = place.start(&["--test-control", "0"]).await.expect("started");
        let control = running_file(&stack)["test_control"].as_str().expect("an address").to_owned();
        let client = reqwest::Client::new();
        let now = async |request: reqwest::RequestBuilder| -> i64 {
            let text = request.send().await.expect("an answer").text().await.expect("a body");
            serde_json::from_str::<Value>(&text).expect("JSON")["now"].as_i64().expect("a time")
        };
        let before = now(client.get(format!("{control}/now"))).await;
        let after = now(client.post(format!("{control}/advance?seconds=86400"))).await;
        assert!(after >= before + 86400);
        let issuer = stack.banner().issuer.clone();
        let answer = client.post(format!("{issuer}/advance?seconds=1")).send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "the server's own port knows no such thing");
        stack.end().await.expect("ended");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_base_path_is_part_of_the_issuer() {
        let place = Place::new();
        let stack = place.start(&["--base-path", "/prod"]).await.expect("started");
        let issuer = stack.banner().issuer.clone();
        assert!(issuer.ends_with("/prod"));
        let answer = reqwest::get(format!("{issuer}/token")).await.expect("an answer");
        assert_ne!(answer.status(), 403);
        stack.end().await.expect("ended");
    }
}
