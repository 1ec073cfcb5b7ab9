use environment::Clock;
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

/// The second port that lets tests move the server's clock. Only `--test-control` opens it, only on loopback, and no
/// Lambda binary has such a thing.
#[derive(Clone, Debug)]
pub(crate) struct TestControl {
    /// The clock of the whole process.
    pub(crate) clock: Clock,
}

impl TestControl {
    /// Answers `POST /advance?seconds=N` with the server's time afterwards. `GET /now` only tells it.
    pub(crate) fn answer<B: Body>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if comes_from_a_page(request) {
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
                None => plain(
                    StatusCode::BAD_REQUEST,
                    "seconds must be a whole number, zero or more",
                ),
            },
            _ => plain(StatusCode::NOT_FOUND, "POST /advance?seconds=N, GET /now"),
        }
    }

    fn now(&self) -> Response<Full<Bytes>> {
        let mut response = plain(StatusCode::OK, &json!({ "now": self.clock.now() }).to_string());
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// A browser sends `Origin` with every POST, and a name that was rebound to loopback in `Host`.
fn comes_from_a_page<B>(request: &Request<B>) -> bool {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let own = ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| {
        host.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    !own || request.headers().contains_key(ORIGIN)
}

fn seconds(query: &str) -> Option<i64> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let (name, value) = parameters.next()?;
    let seconds = value.parse::<u32>().ok().filter(|_| name == "seconds")?;
    parameters.next().is_none().then_some(i64::from(seconds))
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(
        control: &TestControl,
        method: Method,
        target: &str,
        more: &[(&'static str, &'static str)],
    ) -> StatusCode {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, "127.0.0.1:9");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        control
            .answer(&request.body(Full::<Bytes>::default()).expect("a request"))
            .status()
    }

    #[test]
    fn a_test_moves_the_clock_of_the_whole_process() {
        let clock = Clock::system();
        let control = TestControl { clock: clock.clone() };
        let before = clock.now();
        assert_eq!(
            ask(&control, Method::POST, "/advance?seconds=3600", &[]),
            StatusCode::OK
        );
        assert!(clock.now().since(before).as_secs() >= 3600);
    }

    #[test]
    fn nonsense_moves_nothing() {
        let control = TestControl {
            clock: Clock::system(),
        };
        for target in [
            "/advance",
            "/advance?seconds=",
            "/advance?seconds=-1",
            "/advance?seconds=1&seconds=2",
            "/advance?minutes=1",
        ] {
            assert_eq!(
                ask(&control, Method::POST, target, &[]),
                StatusCode::BAD_REQUEST,
                "{target}"
            );
        }
        assert_eq!(
            ask(&control, Method::GET, "/advance?seconds=1", &[]),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn a_web_page_cannot_move_the_clock() {
        let control = TestControl {
            clock: Clock::system(),
        };
        let from_a_page = [("origin", "https://evil.example")];
        assert_eq!(
            ask(&control, Method::POST, "/advance?seconds=1", &from_a_page),
            StatusCode::FORBIDDEN
        );
        let rebound = Request::builder()
            .method(Method::POST)
            .uri("/advance?seconds=1")
            .header(HOST, "evil.example");
        let rebound = rebound.body(Full::<Bytes>::default()).expect("a request");
        assert_eq!(control.answer(&rebound).status(), StatusCode::FORBIDDEN);
    }
}
