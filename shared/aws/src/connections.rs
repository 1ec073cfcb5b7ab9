use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Response;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::origin::{Origin, Outgoing, outgoing};

/// How long a connection may lie idle, by the clock on the wall: a process that was frozen for hours does not try the
/// connections that it had, whose other side has long gone, perhaps without a word.
const LONGEST_IDLE: Duration = Duration::from_mins(1);

/// How many connections are kept. A function has one or two; the local server has one for each request at a time.
const MOST_IDLE: usize = 32;

/// The largest answer. DynamoDB's and KMS's own limit is a megabyte of content.
const LARGEST_ANSWER: usize = 4 << 20;

/// The connections to AWS, which the SDK's clients share: HTTP/1.1 (RFC 9112), which is all that DynamoDB and KMS speak,
/// over TLS where the endpoint says `https`. A request goes by a connection that is open already or by a new one. What
/// fails is told to the SDK, which knows how often and when to try again.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Shared>);

struct Shared {
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    to: Origin,
    since: SystemTime,
    sender: Sender,
}

type Sender = SendRequest<Full<Bytes>>;

/// What became of a request.
enum Failed {
    /// The connection was closed before anything of it was sent: another connection may have it.
    Unsent(Box<Outgoing>),
    /// Nobody knows what arrived.
    Underway(ConnectorError),
}

impl Connections {
    /// Connections over TLS, or without it to an endpoint that says `http`.
    pub(crate) fn new(tls: TlsConnector) -> Self {
        Self::with(Some(tls))
    }

    /// Connections without TLS: an endpoint that says `https` cannot be reached.
    pub(crate) fn without_tls() -> Self {
        Self::with(None)
    }

    fn with(tls: Option<TlsConnector>) -> Self {
        Self(Arc::new(Shared { tls, idle: Mutex::default() }))
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        connect_within: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        let (to, mut request) = outgoing(request).map_err(ConnectorError::user)?;
        while let Some(sender) = self.idle(&to) {
            let doubt = Doubt { connections: self, to: &to };
            let sent = self.send(&to, sender, request).await;
            match sent {
                Ok(response) => {
                    doubt.dispel();
                    return Ok(response);
                }
                Err(Failed::Unsent(returned)) => {
                    doubt.dispel();
                    request = *returned;
                }
                Err(Failed::Underway(error)) => return Err(error),
            }
        }
        let sender = self.connect(&to, connect_within).await?;
        match self.send(&to, sender, request).await {
            Ok(response) => Ok(response),
            Err(Failed::Underway(error)) => Err(error),
            Err(Failed::Unsent(_)) => Err(ConnectorError::io("a new connection was closed at once".into())),
        }
    }

    async fn send(&self, to: &Origin, mut sender: Sender, request: Outgoing) -> Result<HttpResponse, Failed> {
        let broken =
            |error: Box<dyn std::error::Error + Send + Sync>| Failed::Underway(ConnectorError::io(error));
        if sender.ready().await.is_err() {
            return Err(Failed::Unsent(Box::new(request)));
        }
        let answer = match sender.try_send_request(request).await {
            Ok(answer) => answer,
            Err(mut error) => {
                return Err(match error.take_message() {
                    Some(request) => Failed::Unsent(Box::new(request)),
                    None => broken(error.into_error().into()),
                });
            }
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await.map_err(broken)?.to_bytes();
        // A host that fails is left: the next attempt may reach another.
        if !head.status.is_server_error() {
            self.keep(to, sender);
        }
        HttpResponse::try_from(Response::from_parts(head, SdkBody::from(body)))
            .map_err(|error| broken(error.into()))
    }

    async fn connect(&self, to: &Origin, within: Option<Duration>) -> Result<Sender, ConnectorError> {
        let opened = match within {
            Some(limit) => timeout(limit, self.open(to))
                .await
                .map_err(|late| ConnectorError::timeout(late.into()).never_connected())?,
            None => self.open(to).await,
        };
        opened.map_err(|error| ConnectorError::io(error).never_connected())
    }

    async fn open(&self, to: &Origin) -> Result<Sender, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect((to.host.as_str(), to.port)).await?;
        stream.set_nodelay(true)?;
        if !to.is_secure {
            return Ok(begin(stream).await?);
        }
        let tls = self.0.tls.as_ref().ok_or("there is no TLS here")?;
        let name = ServerName::try_from(to.host.clone())?;
        Ok(begin(tls.connect(name, stream).await?).await?)
    }

    /// The connection that was used last, which has had the least time to be closed.
    fn idle(&self, to: &Origin) -> Option<Sender> {
        let now = now();
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| {
            let age = now.duration_since(kept.since);
            age.is_ok_and(|age| age < LONGEST_IDLE) && !kept.sender.is_closed()
        });
        let last = idle.iter().rposition(|kept| kept.to == *to)?;
        Some(idle.remove(last).sender)
    }

    fn keep(&self, to: &Origin, sender: Sender) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(Idle { to: to.clone(), since: now(), sender });
        }
    }

    fn forget(&self, to: &Origin) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.to != *to);
    }
}

/// What has ended one connection, or made it silent, may have ended the others: when a request on one fails or is given up,
/// the next goes by a new one.
struct Doubt<'a> {
    connections: &'a Connections,
    to: &'a Origin,
}

impl Doubt<'_> {
    fn dispel(self) {
        std::mem::forget(self);
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.connections.forget(self.to);
    }
}

fn now() -> SystemTime {
    SystemTimeSource::new().now()
}

async fn begin<S>(stream: S) -> Result<Sender, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender, or with the other side; whoever sends hears of it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connections")
    }
}

impl HttpClient for Connections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connections = self.clone();
        SharedHttpConnector::new(Connector { connections, connect_within: settings.connect_timeout() })
    }
}

/// The connections, as an operation with its own timeout uses them.
#[derive(Debug)]
struct Connector {
    connections: Connections,
    connect_within: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connections, connect_within) = (self.connections.clone(), self.connect_within);
        HttpConnectorFuture::new(async move { connections.exchange(request, connect_within).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::ServerConfig;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::configuration::tls;

    /// The root that vouches for `localhost` and for no other name, until 2126.
    const ROOT: &[u8] = include_bytes!("../fixtures/root.der");
    const SERVER: &[u8] = include_bytes!("../fixtures/server.der");
    const SERVER_KEY: &[u8] = include_bytes!("../fixtures/server-key.der");

    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood";

    /// A server on loopback: what it says to each request of a connection, after which it closes it.
    struct Server {
        port: u16,
        accepted: Arc<AtomicUsize>,
    }

    impl Server {
        async fn saying(answers: &'static [&'static str]) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("bound").port();
            let accepted = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&accepted);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(answer(stream, answers));
                }
            });
            Self { port, accepted }
        }

        async fn with_tls() -> Self {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let configuration = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(
                    vec![CertificateDer::from(SERVER)],
                    PrivateKeyDer::try_from(SERVER_KEY).expect("a key"),
                )
                .expect("a pair");
            let acceptor = TlsAcceptor::from(Arc::new(configuration));
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("bound").port();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        tokio::spawn(answer(stream, &[GOOD]));
                    }
                }
            });
            Self { port, accepted: Arc::default() }
        }

        fn url(&self) -> String {
            format!("http://127.0.0.1:{}/", self.port)
        }

        fn accepted(&self) -> usize {
            self.accepted.load(Ordering::Relaxed)
        }
    }

    async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: &'static [&'static str]) {
        for answer in answers {
            let mut request = [0; 4096];
            if stream.read(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.flush().await;
        }
    }

    fn request(url: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from("{}"));
        request.set_uri(url).expect("a URL");
        request.set_method("POST").expect("a method");
        request
    }

    async fn ask(connections: &Connections, url: &str) -> Result<String, ConnectorError> {
        let answer = connections.exchange(request(url), Some(Duration::from_secs(5))).await?;
        Ok(String::from_utf8(answer.body().bytes().expect("in memory").to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn one_connection_serves_one_request_after_another() {
        let server = Server::saying(&[GOOD, GOOD, GOOD]).await;
        let connections = Connections::without_tls();
        for _ in 0..3 {
            assert_eq!(ask(&connections, &server.url()).await.expect("answered"), "good");
        }
        assert_eq!(server.accepted(), 1);
    }

    #[tokio::test]
    async fn requests_at_the_same_time_have_a_connection_each() {
        let server = Server::saying(&[GOOD, GOOD]).await;
        let (connections, url) = (Connections::without_tls(), server.url());
        let (one, other) = tokio::join!(ask(&connections, &url), ask(&connections, &url));
        assert_eq!((one.expect("answered").as_str(), other.expect("answered").as_str()), ("good", "good"));
        assert_eq!(server.accepted(), 2);
    }

    #[tokio::test]
    async fn a_connection_that_the_other_side_has_closed_costs_no_attempt() {
        let server = Server::saying(&[GOOD]).await;
        let connections = Connections::without_tls();
        for round in 1..=3 {
            assert_eq!(ask(&connections, &server.url()).await.expect("answered"), "good");
            assert_eq!(server.accepted(), round);
        }
    }

    #[tokio::test]
    async fn a_connection_that_lay_idle_for_long_is_not_tried() {
        let server = Server::saying(&[GOOD, GOOD]).await;
        let connections = Connections::without_tls();
        ask(&connections, &server.url()).await.expect("answered");
        connections.0.idle.lock().expect("free")[0].since -= LONGEST_IDLE;
        ask(&connections, &server.url()).await.expect("answered");
        assert_eq!(server.accepted(), 2);
    }

    #[tokio::test]
    async fn when_one_connection_has_gone_silent_none_of_the_old_ones_is_tried_again() {
        // Two answers each, then silence.
        let server = Server::saying(&[GOOD, "", GOOD]).await;
        let (connections, url) = (Connections::without_tls(), server.url());
        let (one, other) = tokio::join!(ask(&connections, &url), ask(&connections, &url));
        assert!(one.is_ok() && other.is_ok());
        let late = timeout(Duration::from_millis(50), ask(&connections, &url)).await;
        assert!(late.is_err(), "silence is waited for as long as the SDK wants");
        assert_eq!(ask(&connections, &url).await.expect("answered"), "good");
        assert_eq!(server.accepted(), 3);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error_and_its_connection_is_left() {
        for broken in [
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ngood",
            "HTTP/1.1 200 OK\r\ncontent-le",
            "\u{1}\u{2}\r\n\r\n",
        ] {
            let answers: &'static [&'static str] = Vec::leak(vec![broken]);
            let server = Server::saying(answers).await;
            let connections = Connections::without_tls();
            let error = ask(&connections, &server.url()).await.expect_err(broken);
            assert!(error.is_io(), "{error:?}");
            assert!(connections.0.idle.lock().expect("free").is_empty());
        }
    }

    #[tokio::test]
    async fn an_answer_beyond_all_limits_is_not_read_to_its_end() {
        let server = Server::saying(&["HTTP/1.1 200 OK\r\ncontent-length: 4194305\r\n\r\n"]).await;
        let error = ask(&Connections::without_tls(), &server.url()).await.expect_err("too large");
        assert!(error.is_io(), "{error:?}");
    }

    #[tokio::test]
    async fn a_host_that_fails_is_left() {
        const FAILED: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n";
        let server = Server::saying(&[FAILED, FAILED]).await;
        let connections = Connections::without_tls();
        for _ in 0..2 {
            ask(&connections, &server.url()).await.expect("answered");
        }
        assert_eq!(server.accepted(), 2);
    }

    #[tokio::test]
    async fn a_server_that_accepts_nobody_is_given_up_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let connections = Connections::new(tls(&[ROOT]).expect("a client"));
        let url = format!("https://localhost:{port}/");
        let error = connections.exchange(request(&url), Some(Duration::from_millis(50))).await;
        assert!(error.expect_err("no handshake").is_timeout());
    }

    #[tokio::test]
    async fn nobody_is_trusted_but_who_a_root_vouches_for_by_that_name() {
        let server = Server::with_tls().await;
        let url = |host: &str| format!("https://{host}:{}/", server.port);
        let trusting = Connections::new(tls(&[ROOT]).expect("a client"));
        assert_eq!(ask(&trusting, &url("localhost")).await.expect("trusted"), "good");
        assert!(ask(&trusting, &url("127.0.0.1")).await.expect_err("another name").is_io());

        let of_a_function = Connections::new(tls(&crate::configuration::AMAZON_ROOTS).expect("a client"));
        assert!(ask(&of_a_function, &url("localhost")).await.expect_err("another root").is_io());
        let plain = format!("http://localhost:{}/", server.port);
        assert!(ask(&of_a_function, &plain).await.is_err(), "no answer without TLS");
        assert!(ask(&Connections::without_tls(), &url("localhost")).await.expect_err("no TLS").is_io());
    }
}
