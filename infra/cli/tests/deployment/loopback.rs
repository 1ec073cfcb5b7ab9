use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived, its header names in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    raw: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// An HTTP server on loopback, one request a connection, that keeps what arrived.
pub(crate) struct Loopback {
    pub(crate) url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Loopback {
    pub(crate) async fn start(answer: impl Fn(&Arrived) -> Answered + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&arrived), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &kept, &*answer).await });
            }
        });
        Self { url, arrived }
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("not poisoned").clone()
    }
}

/// An answer, or where it is to be fetched.
pub(crate) enum Answered {
    Here(Reply),
    At(String),
}

async fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<Arrived>>,
    answer: &(dyn Fn(&Arrived) -> Answered + Send + Sync),
) -> Option<()> {
    let request = read(&mut stream).await?;
    kept.lock().expect("not poisoned").push(request.clone());
    match answer(&request) {
        Answered::Here(reply) => {
            let headers: String =
                reply.headers.iter().flat_map(|(name, value)| [*name, ": ", value, "\r\n"]).collect();
            let head = format!(
                "HTTP/1.1 {} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
                reply.status,
                reply.body.len()
            );
            stream.write_all((head + &reply.body).as_bytes()).await.ok()?;
        }
        Answered::At(address) => {
            let mut other = TcpStream::connect(address).await.ok()?;
            let line = request.raw.iter().position(|byte| *byte == b'\n')? + 1;
            other.write_all(&request.raw[..line]).await.ok()?;
            other.write_all(b"connection: close\r\n").await.ok()?;
            other.write_all(&request.raw[line..]).await.ok()?;
            tokio::io::copy(&mut other, &mut stream).await.ok()?;
        }
    }
    stream.shutdown().await.ok()
}

async fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let mut raw = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let taken = stream.read(&mut piece).await.ok()?;
        raw.extend_from_slice(&piece[..taken]);
        let text = String::from_utf8_lossy(&raw).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ').map(str::to_owned);
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                let (method, path) = (first.next()?, first.next()?);
                return Some(Arrived { method, path, headers, body: body.to_owned(), raw });
            }
        }
        if taken == 0 {
            return None;
        }
    }
}
