use environment::Clock;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::faults::{Fault, Faults};

/// Longer than any fault's description.
const LONGEST_BODY: usize = 16 * 1024;

const WORDS: &str = "POST /advance?seconds=N, GET /now, GET or POST or DELETE /faults";

/// The second port that lets tests move the server's clock and break its connection to the table. Only `--test-control` opens it, only on loopback, and no
/// Lambda binary has such a thing.
#[derive(Clone, Debug)]
pub(crate) struct TestControl {
    /// The clock of the whole process.
    pub(crate) clock: Clock,
    /// What goes wrong between us and the table.
    pub(crate) faults: Faults,
}

impl TestControl {
    /// Answers `POST /advance?seconds=N` with the server's time afterwards. `GET /now` only tells it. `POST /faults`
    /// arms the fault that its JSON body describes, `GET /faults` tells which there are and how often each struck,
    /// and `DELETE /faults` disarms all.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if comes_from_a_page(&request) {
            return plain(StatusCode::FORBIDDEN, "not for web pages");
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/now") => self.now(),
            (&Method::POST, "/advance") => match seconds(request.uri().query().unwrap_or_default()) {
                Some(seconds) => {
                    self.clock.advance(seconds);
                    tracing::info!(target: "test-control", seconds, "the clock was moved");
                    self.now()
                }
                None => plain(StatusCode::BAD_REQUEST, "seconds must be a whole number, zero or more"),
            },
            (&Method::GET, "/faults") => self.armed(),
            (&Method::POST, "/faults") => match fault(request.into_body()).await {
                Ok(fault) => {
                    self.faults.arm(fault);
                    self.armed()
                }
                Err(why) => plain(StatusCode::BAD_REQUEST, &why),
            },
            (&Method::DELETE, "/faults") => {
                self.faults.disarm();
                self.armed()
            }
            _ => plain(StatusCode::NOT_FOUND, WORDS),
        }
    }

    fn now(&self) -> Response<Full<Bytes>> {
        json_text(&json!({ "now": self.clock.now() }))
    }

    fn armed(&self) -> Response<Full<Bytes>> {
        json_text(&json!({ "faults": self.faults.list() }))
    }
}

async fn fault<B>(body: B) -> Result<Fault, String>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| format!("not a fault: {error}"))
}

/// A browser sends `Origin` with every POST, and a name that was rebound to loopback in `Host`.
pub(crate) fn comes_from_a_page<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let own = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|own| host.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
    !own || request.headers().contains_key(ORIGIN)
}

fn seconds(query: &str) -> Option<i64> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let (name, value) = parameters.next()?;
    let seconds = value.parse::<u32>().ok().filter(|_| name == "seconds")?;
    parameters.next().is_none().then_some(i64::from(seconds))
}

fn json_text(document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = plain(StatusCode::OK, &document.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control() -> TestControl {
        TestControl { clock: Clock::system(), faults: Faults::default() }
    }

    async fn ask(
        control: &TestControl,
        method: Method,
        target: &str,
        more: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> StatusCode {
        let mut request = Request::builder().method(method).uri(target).header(HOST, "127.0.0.1:9");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        control.answer(request.body(Full::<Bytes>::from(body)).expect("a request")).await.status()
    }

    #[tokio::test]
    async fn a_test_moves_the_clock_of_the_whole_process() {
        let control = control();
        let clock = control.clock.clone();
        let before = clock.now();
        assert_eq!(ask(&control, Method::POST, "/advance?seconds=3600", &[], "").await, StatusCode::OK);
        assert!(clock.now().since(before).as_secs() >= 3600);
    }

    #[tokio::test]
    async fn nonsense_moves_nothing() {
        let control = control();
        for target in [
            "/advance",
            "/advance?seconds=",
            "/advance?seconds=-1",
            "/advance?seconds=1&seconds=2",
            "/advance?minutes=1",
        ] {
            assert_eq!(
                ask(&control, Method::POST, target, &[], "").await,
                StatusCode::BAD_REQUEST,
                "{target}"
            );
        }
        assert_eq!(ask(&control, Method::GET, "/advance?seconds=1", &[], "").await, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_test_arms_and_disarms_faults() {
        let control = control();
        let fault = r#"{"kind": "lose_reply", "operation": "PutItem", "times": 1}"#;
        assert_eq!(ask(&control, Method::POST, "/faults", &[], fault).await, StatusCode::OK);
        assert!(control.faults.strike("PutItem", b"").is_some());
        assert_eq!(json!(control.faults.list())[0]["struck"], 1);
        assert_eq!(ask(&control, Method::DELETE, "/faults", &[], "").await, StatusCode::OK);
        assert!(control.faults.list().is_empty());
        for wrong in ["", "[]", r#"{"kind": "explode"}"#, r#"{"kind": "refuse", "operations": "PutItem"}"#] {
            assert_eq!(
                ask(&control, Method::POST, "/faults", &[], wrong).await,
                StatusCode::BAD_REQUEST,
                "{wrong}"
            );
        }
        assert!(control.faults.list().is_empty());
    }

    #[tokio::test]
    async fn a_web_page_can_neither_move_the_clock_nor_break_anything() {
        let control = control();
        let from_a_page = [("origin", "https://evil.example")];
        for target in ["/advance?seconds=1", "/faults"] {
            let answer = ask(&control, Method::POST, target, &from_a_page, r#"{"kind": "refuse"}"#).await;
            assert_eq!(answer, StatusCode::FORBIDDEN, "{target}");
        }
        let rebound =
            Request::builder().method(Method::POST).uri("/advance?seconds=1").header(HOST, "evil.example");
        let rebound = rebound.body(Full::<Bytes>::default()).expect("a request");
        assert_eq!(control.answer(rebound).await.status(), StatusCode::FORBIDDEN);
        assert!(control.faults.list().is_empty());
    }
}
