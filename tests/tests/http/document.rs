use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::agent::{Agent, CALLBACK, Proof};
use crate::stack::Stack;

/// Who publishes documents of clients: a web server on this machine, which says whatever it was told to.
pub(crate) struct Publisher {
    port: u16,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    answers: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
}

impl Publisher {
    pub(crate) fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let pages: Arc<Mutex<Pages>> = Arc::default();
        let own = Arc::clone(&pages);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 8192];
                let length = stream.read(&mut request).unwrap_or(0);
                let head = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let mut pages = own.lock().unwrap_or_else(PoisonError::into_inner);
                let nothing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
                let answer = pages.answers.get(&path).cloned().unwrap_or(nothing);
                pages.asked.push(path);
                drop(pages);
                let _ = stream.write_all(&answer);
            }
        });
        Self { port, pages }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// Answers at a path with these bytes, head and all.
    pub(crate) fn says(&self, path: &str, answer: &[u8]) {
        self.pages().answers.insert(path.to_owned(), answer.to_vec());
    }

    /// Answers at a path with a document, and with more headers.
    pub(crate) fn publishes(&self, path: &str, document: &Value, headers: &str) {
        let text = document.to_string();
        let length = text.len();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}content-length: {length}");
        self.says(path, format!("{head}\r\n\r\n{text}").as_bytes());
    }

    /// A client's document at a path, as it should be.
    pub(crate) fn document(&self, path: &str) -> Value {
        json!({
            "client_id": self.url(path),
            "client_name": "Helpful agent",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        })
    }

    /// An agent whose document is published at a path.
    pub(crate) fn agent<'s>(&self, stack: &'s Stack, path: &str) -> Agent<'s> {
        self.publishes(path, &self.document(path), "");
        Agent { stack, id: self.url(path), proof: Proof::None }
    }

    /// How often somebody asked for a path.
    pub(crate) fn was_asked(&self, path: &str) -> usize {
        self.pages().asked.iter().filter(|asked| *asked == path).count()
    }
}
