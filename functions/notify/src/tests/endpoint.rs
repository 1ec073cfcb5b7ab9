//! A client's notification endpoint, which answers as a test wants it to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What an endpoint does with who tells it something.
#[derive(Clone, Debug)]
pub(super) enum Manner {
    /// It says this, and closes.
    Says(String),
    /// It says this, and a gigabyte after it.
    SaysTooMuch(&'static str),
    /// It says nothing.
    IsSilent,
}

impl Manner {
    pub(super) fn status(status: u16) -> Self {
        Self::Says(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))
    }
}

pub(super) struct Endpoint {
    pub(super) url: String,
    manner: Arc<Mutex<Manner>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/told", listener.local_addr().expect("bound"));
        let manner = Arc::new(Mutex::new(Manner::status(204)));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let endpoint = Self { url, manner: manner.clone(), heard: heard.clone() };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (manner, heard) = (manner.lock().expect("sound").clone(), heard.clone());
                tokio::spawn(async move {
                    let request = whole(&mut stream).await;
                    heard.lock().expect("sound").push(request);
                    match manner {
                        Manner::Says(answer) => drop(stream.write_all(answer.as_bytes()).await),
                        Manner::SaysTooMuch(answer) => {
                            let _ = stream.write_all(answer.as_bytes()).await;
                            let zeros = vec![b'0'; 1 << 16];
                            for _ in 0..1 << 14 {
                                if stream.write_all(&zeros).await.is_err() {
                                    return;
                                }
                            }
                        }
                        Manner::IsSilent => tokio::time::sleep(std::time::Duration::from_mins(1)).await,
                    }
                });
            }
        });
        endpoint
    }

    pub(super) fn behaves(&self, manner: Manner) {
        *self.manner.lock().expect("sound") = manner;
    }

    /// Takes the requests that it heard.
    pub(super) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().expect("sound"))
    }
}

/// The whole of a request, up to the length that it names.
async fn whole(stream: &mut TcpStream) -> String {
    let (mut request, mut part) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let length = stream.read(&mut part).await.unwrap_or(0);
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request);
        let complete = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let named = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            named.and_then(|length| length.parse().ok()).is_none_or(|length: usize| body.len() >= length)
        });
        if complete || length == 0 {
            return text.into_owned();
        }
    }
}
