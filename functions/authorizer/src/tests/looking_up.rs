//! `COUNTERSIGN_LOOK_UP`: the issuer is asked about each token (RFC 7662), over HTTP, by an authorizer that its environment sets up.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use resource::{Clock, Credentials};

use super::*;

const NOW: i64 = 1_800_000_000;
const Q4: &str = "/files/finance/Q4-report.pdf";

/// An issuer on this machine, and what it was asked.
pub(super) struct LookedAt {
    pub(super) url: String,
    says: Arc<Mutex<Option<Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl LookedAt {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
        let issuer = Self { url, says: Arc::default(), asked: Arc::default() };
        let (url, says, asked) = (issuer.url.clone(), issuer.says.clone(), issuer.asked.clone());
        // It ends with this program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer_once(stream, &url, &says, &asked);
            }
        });
        issuer
    }

    /// What it says of each token from now on; `None` where it cannot.
    pub(super) fn says(&self, answer: Option<Value>) {
        *self.says.lock().expect("a lock") = answer;
    }

    fn is_active(&self) {
        let file = json!({
            "type": "file_access", "locations": ["https://files.internal.corp/finance"], "actions": ["read"],
            "identifier": "Q4-report.pdf",
        });
        self.says(Some(json!({"active": true, "scope": "files.access", "authorization_details": [file]})));
    }

    fn times_asked(&self) -> usize {
        self.asked.lock().expect("a lock").len()
    }

    /// An authorizer that looks up, as its environment has it.
    pub(super) fn authorizer(&self) -> Authorizer {
        let settings = Settings::read(|name| {
            let value = match name {
                "COUNTERSIGN_ISSUER" => self.url.clone(),
                "COUNTERSIGN_RESOURCE" => RESOURCE.to_owned(),
                "COUNTERSIGN_SCOPE" => "files.access".to_owned(),
                "COUNTERSIGN_RULES" => rules_as_text(),
                "COUNTERSIGN_CLIENT_ID" => "files-tool".to_owned(),
                "COUNTERSIGN_CLIENT_SECRET" => "top-secret".to_owned(),
                "COUNTERSIGN_LOOK_UP" => "true".to_owned(),
                _ => return None,
            };
            Some(value)
        });
        Authorizer::new(settings.expect("settings")).expect("an authorizer")
    }

    /// The same by a clock that a test moves.
    fn by_the_clock(&self, hands: &Arc<AtomicI64>) -> Authorizer {
        let hands = Arc::clone(hands);
        let clock = Clock::from(move || {
            serde_json::from_value(json!(hands.load(Ordering::Relaxed))).expect("a moment")
        });
        let guard = Guard::of(&self.url, RESOURCE).clock(clock);
        let guard = guard.credentials(Credentials::secret("files-tool", "top-secret"));
        let of_all = OfAll { scope: vec![], looked_up: true };
        Authorizer { guard: guard.build().expect("a guard"), rules: Rules { of_all, ..rules() } }
    }

    /// A token of its own.
    pub(super) fn token(&self, more: &Value) -> String {
        let mut more = more.clone();
        more["iss"] = json!(self.url);
        token_with("files.access", &more)
    }
}

/// Reads one request and answers it.
fn answer_once(
    mut stream: TcpStream,
    url: &str,
    says: &Mutex<Option<Value>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let (mut head, mut line) = (String::new(), String::new());
    while request.read_line(&mut line)? > 2 {
        head.push_str(&std::mem::take(&mut line));
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    });
    let mut body = String::new();
    request.take(length.unwrap_or_default()).read_to_string(&mut body)?;
    let answer = match head.split(' ').nth(1) {
        Some("/introspect") => {
            asked.lock().expect("a lock").push(format!("{head}\n{body}"));
            says.lock().expect("a lock").clone()
        }
        Some("/jwks.json") => {
            Some(json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": X, "y": Y}]}))
        }
        _ => Some(json!({
            "issuer": url, "jwks_uri": format!("{url}/jwks.json"),
            "introspection_endpoint": format!("{url}/introspect"),
        })),
    };
    let (status, body) = match answer {
        Some(answer) => ("200 OK", answer.to_string()),
        None => ("503 Service Unavailable", "{}".to_owned()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A REST API's answer, in short.
async fn effect(authorizer: &Authorizer, token: &str) -> Result<String, &'static str> {
    let answer = authorizer.handle(&asks("GET", Q4, token).to_string()).await?;
    Ok(answer["policyDocument"]["Statement"][0]["Effect"].as_str().expect("an effect").to_owned())
}

/// An HTTP API's answer.
async fn yes_or_no(authorizer: &Authorizer, token: &str) -> Result<Value, &'static str> {
    authorizer.handle(&asks_of_http_api(Q4, token).to_string()).await
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_refused_before_it_expires() {
    let issuer = LookedAt::start();
    let authorizer = issuer.authorizer();
    issuer.is_active();
    let good = issuer.token(&json!({"jti": "good"}));
    assert_eq!(effect(&authorizer, &good).await.as_deref(), Ok("Allow"));
    let asked = issuer.asked.lock().expect("a lock").clone();
    let [question] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(question.contains(&format!("token={good}")), "{question}");
    assert!(question.contains("Basic ZmlsZXMtdG9vbDp0b3Atc2VjcmV0"), "{question}");

    issuer.says(Some(json!({"active": false})));
    for jti in ["revoked", "its authorization has ended"] {
        let revoked = issuer.token(&json!({"jti": jti}));
        assert_eq!(effect(&authorizer, &revoked).await, Err("Unauthorized"), "{jti}");
        let no = yes_or_no(&authorizer, &revoked).await.expect("an answer");
        assert_eq!(no["isAuthorized"], false, "{jti}");
        assert!(
            no["context"]["challenge"].as_str().is_some_and(|text| text.contains("invalid_token")),
            "{no}"
        );
    }
}

/// Of a token whose signature does not hold, or that is for somebody else, the issuer is asked nothing.
#[tokio::test]
async fn only_a_token_that_is_good_otherwise_is_looked_up() {
    let issuer = LookedAt::start();
    let authorizer = issuer.authorizer();
    issuer.is_active();
    let for_another = issuer.token(&json!({"aud": "https://mail.internal.corp"}));
    let forged = format!("{}AAAA", &for_another[..for_another.len() - 4]);
    for token in ["junk", &for_another, &forged, &issuer.token(&json!({"exp": 2}))] {
        assert_eq!(effect(&authorizer, token).await, Err("Unauthorized"), "{token}");
    }
    assert_eq!(issuer.times_asked(), 0);
}

/// Deny by default: what is not known to be good lets nobody in, and nobody is told that their token were bad.
#[tokio::test]
async fn while_the_issuer_cannot_say_nobody_is_let_in() {
    let issuer = LookedAt::start();
    let authorizer = issuer.authorizer();
    let token = issuer.token(&json!({}));
    for answer in
        [None, Some(json!({})), Some(json!({"scope": "files.access"})), Some(json!({"active": "true"}))]
    {
        issuer.says(answer.clone());
        assert_eq!(effect(&authorizer, &token).await, Err(FAILED), "{answer:?}");
        assert_eq!(yes_or_no(&authorizer, &token).await, Err(FAILED), "{answer:?}");
    }
    assert_eq!(issuer.times_asked(), 8, "that it could not say is not remembered");
    issuer.is_active();
    assert_eq!(effect(&authorizer, &token).await.as_deref(), Ok("Allow"));
}

#[tokio::test]
async fn an_answer_is_remembered_for_ten_seconds_and_never_past_the_token_s_end() {
    let (issuer, hands) = (LookedAt::start(), Arc::new(AtomicI64::new(NOW)));
    let authorizer = issuer.by_the_clock(&hands);
    issuer.is_active();
    let long = issuer.token(&json!({"exp": NOW + 300}));
    let short = issuer.token(&json!({"exp": NOW + 3, "jti": "short"}));
    for token in [&long, &short, &long] {
        assert_eq!(effect(&authorizer, token).await.as_deref(), Ok("Allow"));
    }
    assert_eq!(issuer.times_asked(), 2);
    issuer.says(Some(json!({"active": false})));
    hands.fetch_add(3, Ordering::Relaxed);
    // Clocks may differ, so that it has not expired here.
    assert_eq!(effect(&authorizer, &short).await, Err("Unauthorized"));
    hands.fetch_add(6, Ordering::Relaxed);
    assert_eq!(effect(&authorizer, &long).await.as_deref(), Ok("Allow"), "the ninth second");
    hands.fetch_add(1, Ordering::Relaxed);
    assert_eq!(effect(&authorizer, &long).await, Err("Unauthorized"), "the tenth");
}

/// What the issuer leaves out is gone, also where the token still says it.
#[tokio::test]
async fn scope_and_details_that_were_taken_away_are_denied() {
    let issuer = LookedAt::start();
    let authorizer = issuer.authorizer();
    for (said, error) in [
        (json!({"active": true}), "insufficient_scope"),
        (json!({"active": true, "scope": "files.read"}), "insufficient_scope"),
        (json!({"active": true, "scope": "files.access"}), "insufficient_authorization"),
    ] {
        issuer.says(Some(said.clone()));
        let token = issuer.token(&json!({"jti": said.to_string()}));
        let no = yes_or_no(&authorizer, &token).await.expect("an answer");
        assert_eq!(no["isAuthorized"], false, "{said}");
        assert!(no["context"]["challenge"].as_str().is_some_and(|text| text.contains(error)), "{said}: {no}");
    }
}
