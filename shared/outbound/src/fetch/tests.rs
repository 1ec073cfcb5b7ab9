use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth::Secret;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::Post;

/// The root that vouches for `localhost` and for no other name.
const ROOT: &[u8] = include_bytes!("../../../aws/fixtures/root.der");
const SERVER: &[u8] = include_bytes!("../../../aws/fixtures/server.der");
const SERVER_KEY: &[u8] = include_bytes!("../../../aws/fixtures/server-key.der");

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

const LIMITS: Limits = Limits {
    largest: 64,
    time: Duration::from_secs(2),
    fresh_unsaid: Duration::from_secs(100),
    fresh_at_least: Duration::from_secs(10),
    fresh_at_most: Duration::from_secs(1000),
};

/// A server on loopback that reads a request, says these pieces with a pause before each, and keeps the connection.
async fn server(pieces: Vec<(Duration, Vec<u8>)>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            for (pause, piece) in &pieces {
                tokio::time::sleep(*pause).await;
                let _ = stream.write_all(piece).await;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    port
}

fn local() -> Outbound {
    Outbound::new(&OutboundSettings::default(), Loopback::Allowed).expect("a fetcher")
}

async fn fetch(port: u16, limits: &Limits) -> Result<Fetched, Problem> {
    local().fetch(&format!("http://127.0.0.1:{port}/client.json").parse().expect("a URL"), limits).await
}

async fn said(answer: &str) -> Result<Fetched, Problem> {
    fetch(server(vec![(Duration::ZERO, answer.as_bytes().to_vec())]).await, &LIMITS).await
}

fn with(head: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_document_is_fetched_with_how_long_it_may_be_used() {
    let fetched = said(GOOD).await.expect("a document");
    assert_eq!((fetched.body.as_ref(), fetched.fresh_for), (&b"{}"[..], LIMITS.fresh_unsaid));
    for (line, seconds) in
        [("no-store", 10), ("max-age=50", 50), ("max-age=5", 10), ("max-age=99999999", 1000)]
    {
        let answer = with(&format!("content-type: application/json\r\ncache-control: {line}\r\n"), "{}");
        assert_eq!(said(&answer).await.expect("a document").fresh_for.as_secs(), seconds, "{line}");
    }
}

#[tokio::test]
async fn only_a_200_with_plain_json_is_a_document() {
    for status in [
        "201 Created",
        "204 No Content",
        "206 Partial Content",
        "304 Not Modified",
        "404 Not Found",
        "500 Oops",
    ] {
        let answer = GOOD.replacen("200 OK", status, 1);
        assert!(matches!(said(&answer).await, Err(Problem::Status(_))), "{status}");
    }
    for head in [
        "",
        "content-type: text/html\r\n",
        "content-type: application/jsonp\r\n",
        "content-type: application/+json\r\n",
        "content-type: application/json\r\ncontent-type: text/html\r\n",
        "content-type: application/json\r\ncontent-encoding: gzip\r\n",
    ] {
        assert!(matches!(said(&with(head, "{}")).await, Err(Problem::NotPlainJson(_))), "{head:?}");
    }
    for media in ["application/json; charset=utf-8", "Application/JSON", "application/oauth-client+json"] {
        let answer = with(&format!("content-type: {media}\r\ncontent-encoding: identity\r\n"), "{}");
        assert!(said(&answer).await.is_ok(), "{media}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = server(vec![(Duration::ZERO, GOOD.as_bytes().to_vec())]).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} There\r\nlocation: http://127.0.0.1:{other}/\r\ncontent-length: 0\r\n\r\n"
        );
        assert_eq!(said(&answer).await, Err(Problem::Status(status)));
    }
}

#[tokio::test]
async fn a_document_that_is_too_large_is_not_read_to_its_end() {
    let json = "content-type: application/json\r\n";
    let most = "a".repeat(LIMITS.largest);
    assert!(said(&with(json, &most)).await.is_ok());
    assert_eq!(said(&with(json, &format!("{most}a"))).await, Err(Problem::TooLarge(64)));
    // It says so beforehand, and nothing comes.
    let announced = format!("HTTP/1.1 200 OK\r\n{json}content-length: 99999999999\r\n\r\n");
    assert_eq!(said(&announced).await, Err(Problem::TooLarge(64)));
    // It does not say so: chunks without end.
    let mut bomb = format!("HTTP/1.1 200 OK\r\n{json}transfer-encoding: chunked\r\n\r\n").into_bytes();
    bomb.extend(b"10\r\naaaaaaaaaaaaaaaa\r\n".repeat(1000));
    assert_eq!(fetch(server(vec![(Duration::ZERO, bomb)]).await, &LIMITS).await, Err(Problem::TooLarge(64)));
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
    assert_eq!(said(&many).await, Err(Problem::Broken));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(LARGEST_HEAD));
    assert_eq!(said(&long).await, Err(Problem::Broken));
}

#[tokio::test]
async fn whoever_is_slow_is_given_up() {
    let limits = Limits { time: Duration::from_millis(200), ..LIMITS };
    let late = Err(Problem::Late(limits.time));
    assert_eq!(fetch(server(vec![]).await, &limits).await, late, "no head");
    let drop_by_drop = |text: &str| -> Vec<(Duration, Vec<u8>)> {
        text.bytes().map(|byte| (Duration::from_millis(20), vec![byte])).collect()
    };
    assert_eq!(fetch(server(drop_by_drop(GOOD)).await, &limits).await, late, "a head drop by drop");
    let (head, body) = with("content-type: application/json\r\n", "{                }")
        .split_once("\r\n\r\n")
        .map(|(head, body)| (format!("{head}\r\n\r\n"), body.to_owned()))
        .expect("both");
    let mut pieces = vec![(Duration::ZERO, head.into_bytes())];
    pieces.extend(drop_by_drop(&body));
    assert_eq!(fetch(server(pieces).await, &limits).await, late, "a body drop by drop");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_document() {
    for broken in [
        "HTTP/1.1 200 OK\r\ncontent-ty",
        "\u{1}\u{2}\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{}",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(broken.as_bytes()).await;
        });
        assert_eq!(fetch(port, &LIMITS).await, Err(Problem::Broken), "{broken:?}");
    }
}

#[tokio::test]
async fn what_is_sent_names_the_host_and_nothing_of_us() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.expect("a request");
        stream.write_all(GOOD.as_bytes()).await.expect("answered");
        String::from_utf8(request[..length].to_vec()).expect("text")
    });
    fetch(port, &LIMITS).await.expect("a document");
    let expected = format!(
        "GET /client.json HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: application/json\r\nuser-agent: countersign\r\n\r\n"
    );
    assert_eq!(heard.await.expect("heard"), expected);
}

#[tokio::test]
async fn nobody_answers_for_a_host_but_who_a_trusted_authority_vouches_for() {
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
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(GOOD.as_bytes()).await;
        }
    });
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(ROOT));
    let settings = OutboundSettings { authorities: Some(pem), ..OutboundSettings::default() };
    let trusting = Outbound::new(&settings, Loopback::Allowed).expect("a fetcher");
    let url = |host: &str| format!("https://{host}:{port}/client.json").parse::<Url>().expect("a URL");
    assert!(trusting.fetch(&url("localhost"), &LIMITS).await.is_ok());
    assert!(
        matches!(trusting.fetch(&url("127.0.0.1"), &LIMITS).await, Err(Problem::NotReached(_))),
        "another name"
    );
    assert!(
        matches!(local().fetch(&url("localhost"), &LIMITS).await, Err(Problem::NotReached(_))),
        "another root"
    );
    // What is told is told to the same alone.
    let bearer = Secret::new("8d67dc78-7faa-4d41".to_owned());
    let told = Post { json: "{}", bearer: &bearer };
    assert_eq!(trusting.post(&url("localhost"), &told, LIMITS.time).await, Ok(200));
    assert!(
        matches!(local().post(&url("localhost"), &told, LIMITS.time).await, Err(Problem::NotReached(_))),
        "another root"
    );
    let deployed = Outbound::new(&settings, Loopback::Refused).expect("a fetcher");
    assert!(deployed.fetch(&url("localhost"), &LIMITS).await.is_err(), "this machine is not the Internet");
}

#[test]
fn authorities_that_are_no_certificates_are_refused() {
    for wrong in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let authorities = Some(wrong.to_owned());
        let settings = OutboundSettings { authorities, ..OutboundSettings::default() };
        assert!(Outbound::new(&settings, Loopback::Refused).is_err(), "{wrong}");
    }
}
