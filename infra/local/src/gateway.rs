use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use environment::{Clock, Dice};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use percent_encoding::percent_decode_str;

use crate::EventVersion;
use crate::functions::Handler;
use crate::gateway_answer;
use crate::gateway_event::Received;
use crate::gateway_refusal::{BODY_LIMIT, EVENT_LIMIT, GatewayRefusal, HEADERS_LIMIT};
use crate::invocation::{InvocationError, invoke};
use crate::routes::Routes;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Stands where API Gateway stands: takes HTTP, tells it to a function as an event, and gives its answer back.
pub(crate) struct Gateway {
    /// Which function answers what.
    pub(crate) routes: Routes,
    /// The functions themselves, by name.
    pub(crate) functions: BTreeMap<&'static str, Handler>,
    /// The payload format of the events.
    pub(crate) event_version: EventVersion,
    /// Whether bodies travel as base64 whatever they are.
    pub(crate) every_body_is_binary: bool,
    /// Empty, or `/stage`.
    pub(crate) base_path: String,
    /// The port that the issuer names.
    pub(crate) port: u16,
    /// Tells when a request came.
    pub(crate) clock: Clock,
    /// Names requests.
    pub(crate) dice: Dice,
}

impl Gateway {
    /// Answers one request. Whatever happens, there is an answer, and a line in the log that holds neither query nor
    /// headers, for secrets are in them: the function's own, or one of ours when the function was not asked or failed.
    pub(crate) async fn answer<B>(&self, request: Request<B>, source: SocketAddr) -> Response<Full<Bytes>>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let request_id = self.request_id();
        let method = request.method().clone();
        // The function that runs; empty when none does.
        let mut function = "";
        let mut response = match self.pass(request, source, &request_id, &mut function).await {
            Ok(response) => response,
            Err(refusal) => {
                let response = refusal.response(self.event_version);
                let status = response.status().as_u16();
                tracing::info!(target: "gateway", request_id, %method, function, status);
                response
            }
        };
        if let Ok(value) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    async fn pass<'a, B>(
        &'a self,
        request: Request<B>,
        source: SocketAddr,
        request_id: &str,
        function: &mut &'a str,
    ) -> Result<Response<Full<Bytes>>, GatewayRefusal>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = request.into_parts();
        // Whatever is refused: what is left of a body would be read as the connection's next request, or end it.
        let body = whole(body).await;
        check_headers(&parts)?;
        let domain_name = own_name(&parts)?;
        let whole_path = percent_decode_str(parts.uri.path())
            .decode_utf8()
            .map_err(|_| GatewayRefusal::NotText)?
            .into_owned();
        let path = whole_path.strip_prefix(&self.base_path).ok_or(GatewayRefusal::UnknownRoute)?;
        let destination = self.routes.find(&parts.method, path).ok_or(GatewayRefusal::UnknownRoute)?;
        *function = destination.function;
        let body = body?;
        self.say_who_forwards(&mut parts, source);

        let received = Received {
            method: &parts.method,
            path,
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: &body,
            destination: &destination,
            source: source.ip(),
            request_id,
            now: self.clock.now(),
            base_path: &self.base_path,
            domain_name: &domain_name,
        };
        let event = match self.event_version {
            EventVersion::One => received.version_1(self.every_body_is_binary),
            EventVersion::Two => received.version_2(),
        };
        self.invoke(&event.to_string(), request_id, destination.function).await
    }

    async fn invoke(
        &self,
        event: &str,
        request_id: &str,
        function: &str,
    ) -> Result<Response<Full<Bytes>>, GatewayRefusal> {
        if event.len() > EVENT_LIMIT {
            return Err(GatewayRefusal::BodyTooLong);
        }
        let handler = self.functions.get(function).ok_or(GatewayRefusal::FunctionFailed)?;
        let answer = invoke(function, handler, event, request_id).await.map_err(|error| {
            tracing::error!(target: "gateway", request_id, function, %error);
            match error {
                InvocationError::TimedOut => GatewayRefusal::FunctionTimedOut,
                InvocationError::Answer(_) => GatewayRefusal::FunctionFailed,
            }
        })?;
        if answer.len() > EVENT_LIMIT {
            tracing::error!(target: "gateway", request_id, function, "the answer is longer than Lambda takes");
            return Err(GatewayRefusal::FunctionFailed);
        }
        gateway_answer::read(&answer).map_err(|error| {
            tracing::error!(target: "gateway", request_id, function, %error);
            GatewayRefusal::FunctionFailed
        })
    }

    /// Sets what API Gateway sets, over whatever the caller claimed.
    fn say_who_forwards(&self, parts: &mut Parts, source: SocketAddr) {
        let claimed = parts.headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        let chain = match claimed {
            Some(before) => format!("{before}, {}", source.ip()),
            None => source.ip().to_string(),
        };
        for (name, value) in [
            ("x-forwarded-for", chain),
            ("x-forwarded-proto", "http".to_owned()),
            ("x-forwarded-port", self.port.to_string()),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                parts.headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// A fresh name for a request: a UUID, version 4.
    fn request_id(&self) -> String {
        let mut bytes = self.dice.roll::<16>();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

fn check_headers(parts: &Parts) -> Result<(), GatewayRefusal> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if parts.method.as_str().len() + target + headers > HEADERS_LIMIT {
        return Err(GatewayRefusal::HeadersTooLong);
    }
    if parts.headers.values().any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
        return Err(GatewayRefusal::NotText);
    }
    Ok(())
}

/// The name in `Host`, which must be one of the loopback interface's and appear once.
fn own_name(parts: &Parts) -> Result<String, GatewayRefusal> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(GatewayRefusal::ForeignHost);
    };
    let authority: hyper::http::uri::Authority =
        host.as_bytes().try_into().map_err(|_| GatewayRefusal::ForeignHost)?;
    let port_is_one = match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    };
    let name = authority.host();
    if port_is_one && ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(GatewayRefusal::ForeignHost)
    }
}

async fn whole<B>(body: B) -> Result<Bytes, GatewayRefusal>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(GatewayRefusal::BodyTooLong);
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(GatewayRefusal::BodyTooLong),
        Err(_) => Err(GatewayRefusal::BodyBrokeOff),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use http::request::arrival;
    use hyper::header::WWW_AUTHENTICATE;
    use hyper::{Method, StatusCode};
    use lambda_http::Body as LambdaBody;
    use serde_json::{Value, json};

    use super::*;
    use crate::functions::Answer;
    use crate::template::Template;

    /// Answers with what it was asked, or misbehaves on demand.
    fn mirror(request: http::Request) -> Answer {
        Box::pin(async move {
            match request.uri().query() {
                Some("do=crash") => panic!("on demand"),
                Some("do=challenge") => {
                    return lambda_http::Response::builder()
                        .status(401)
                        .header(WWW_AUTHENTICATE, "Bearer")
                        .body(LambdaBody::Empty)
                        .expect("a response");
                }
                _ => {}
            }
            let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
            let seen = json!({
                "method": request.method().as_str(),
                "route": arrival(&request).route,
                "path": arrival(&request).path,
                "query": request.uri().query(),
                "file": arrival(&request).path_parameters.get("file"),
                "source": arrival(&request).source_ip,
                "forwarded": header("x-forwarded-for"),
                "scheme": header("x-forwarded-proto"),
                "request_id": arrival(&request).request_id,
                "body": String::from_utf8_lossy(request.body().as_ref()),
            });
            lambda_http::Response::new(LambdaBody::Text(seen.to_string()))
        })
    }

    fn gateway(event_version: EventVersion, base_path: &str) -> Gateway {
        let template = Template::built_in().expect("well formed");
        let names = ["discovery", "token", "authorize", "par"];
        Gateway {
            routes: Routes::of(&template.functions),
            functions: names.into_iter().map(|name| (name, Arc::new(mirror) as Handler)).collect(),
            event_version,
            every_body_is_binary: template.every_body_is_binary,
            base_path: base_path.into(),
            port: 8690,
            clock: Clock::system(),
            dice: Dice::system(),
        }
    }

    fn asking(method: Method, target: &str) -> Request<Full<Bytes>> {
        Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, "localhost:8690")
            .body(Full::from("scope=read"))
            .expect("a request")
    }

    async fn answer(gateway: &Gateway, request: Request<Full<Bytes>>) -> (StatusCode, Value) {
        let response = gateway.answer(request, SocketAddr::from(([127, 0, 0, 1], 5))).await;
        assert!(response.headers().contains_key(REQUEST_ID));
        let status = response.status();
        let Ok(body) = response.into_body().collect().await;
        (status, serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null))
    }

    /// A client that keeps its connection sends the next request behind the body.
    #[tokio::test]
    async fn the_body_of_what_is_refused_is_taken_off_the_connection() {
        let gateway = gateway(EventVersion::One, "");
        for (host, path, status) in [
            ("localhost:8690", "/nowhere", StatusCode::FORBIDDEN),
            ("evil.test", "/token", StatusCode::FORBIDDEN),
            ("localhost:8690", "/token%ff", StatusCode::BAD_REQUEST),
        ] {
            let is_read = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&is_read);
            let body = Full::<Bytes>::from("scope=read").map_frame(move |frame| {
                seen.store(true, Ordering::Relaxed);
                frame
            });
            let request = Request::post(path).header(HOST, host).body(body).expect("a request");
            let answer = gateway.answer(request, SocketAddr::from(([127, 0, 0, 1], 5))).await;
            assert_eq!(answer.status(), status, "{host}{path}");
            assert!(is_read.load(Ordering::Relaxed), "{host}{path}");
        }
    }

    #[tokio::test]
    async fn a_request_goes_through_the_function_and_back_in_both_versions() {
        for version in [EventVersion::One, EventVersion::Two] {
            let (status, seen) = answer(&gateway(version, ""), asking(Method::POST, "/token?a=1&a=2")).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(seen["method"], "POST");
            assert_eq!(seen["path"], "/token");
            assert_eq!(seen["query"], "a=1&a=2");
            assert_eq!(seen["body"], "scope=read");
            assert_eq!(seen["forwarded"], "127.0.0.1");
            assert_eq!(seen["source"], "127.0.0.1");
            assert_eq!(seen["request_id"].as_str().map(str::len), Some(36));
        }
    }

    #[tokio::test]
    async fn a_path_parameter_arrives() {
        for version in [EventVersion::One, EventVersion::Two] {
            let (_, seen) = answer(&gateway(version, ""), asking(Method::GET, "/assets/style.css")).await;
            assert_eq!(seen["file"], "style.css");
            assert_eq!(seen["route"], "/assets/{file}");
        }
    }

    #[tokio::test]
    async fn under_a_base_path_only_that_path_answers() {
        let gateway = gateway(EventVersion::One, "/prod");
        assert_eq!(answer(&gateway, asking(Method::POST, "/prod/token")).await.0, StatusCode::OK);
        for outside in ["/token", "/prodtoken", "/prod", "/other/token"] {
            assert_eq!(
                answer(&gateway, asking(Method::POST, outside)).await.0,
                StatusCode::FORBIDDEN,
                "{outside}"
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_path_is_answered_as_each_kind_of_api_does() {
        let (status, body) = answer(&gateway(EventVersion::One, ""), asking(Method::GET, "/nowhere")).await;
        assert_eq!(
            (status, body),
            (StatusCode::FORBIDDEN, json!({ "message": "Missing Authentication Token" }))
        );
        let (status, body) = answer(&gateway(EventVersion::Two, ""), asking(Method::GET, "/nowhere")).await;
        assert_eq!((status, body), (StatusCode::NOT_FOUND, json!({ "message": "Not Found" })));
    }

    #[tokio::test]
    async fn a_name_that_is_not_ours_is_refused_so_that_no_web_page_can_rebind_its_own_to_us() {
        let gateway = gateway(EventVersion::One, "");
        for host in [
            "evil.example",
            "evil.example:8690",
            "localhost.evil.example",
            "localhost:99999",
            "user@localhost",
            "",
            "[::1",
            "local host",
        ] {
            let mut request = asking(Method::POST, "/token");
            request.headers_mut().insert(HOST, HeaderValue::from_str(host).expect("a header"));
            assert_eq!(answer(&gateway, request).await.0, StatusCode::FORBIDDEN, "{host}");
        }
        for host in ["localhost", "LOCALHOST:8690", "127.0.0.1:8690", "[::1]:8690"] {
            let mut request = asking(Method::POST, "/token");
            request.headers_mut().insert(HOST, HeaderValue::from_str(host).expect("a header"));
            assert_eq!(answer(&gateway, request).await.0, StatusCode::OK, "{host}");
        }
    }

    #[tokio::test]
    async fn two_host_headers_or_none_are_refused() {
        let gateway = gateway(EventVersion::One, "");
        let mut two = asking(Method::POST, "/token");
        two.headers_mut().append(HOST, HeaderValue::from_static("localhost"));
        assert_eq!(answer(&gateway, two).await.0, StatusCode::FORBIDDEN);
        let mut none = asking(Method::POST, "/token");
        none.headers_mut().remove(HOST);
        assert_eq!(answer(&gateway, none).await.0, StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn a_scheme_claimed_by_the_caller_does_not_count() {
        let mut request = asking(Method::POST, "/token");
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("javascript:"));
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
        let (status, seen) = answer(&gateway(EventVersion::One, ""), request).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(seen["scheme"], "http");
        assert_eq!(seen["forwarded"], "10.0.0.1, 127.0.0.1");
    }

    #[tokio::test]
    async fn long_headers_are_refused_and_those_at_the_limit_pass() {
        let gateway = gateway(EventVersion::One, "");
        for (length, expected) in [
            (HEADERS_LIMIT - 60, StatusCode::OK),
            (HEADERS_LIMIT, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        ] {
            let mut request = asking(Method::POST, "/token");
            let long = "x".repeat(length);
            request.headers_mut().insert("authorization", HeaderValue::from_str(&long).expect("a header"));
            assert_eq!(answer(&gateway, request).await.0, expected, "{length}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_what_the_gateway_or_lambda_takes_is_refused() {
        let gateway = gateway(EventVersion::One, "");
        for (length, expected) in [
            (1024 * 1024, StatusCode::OK),
            (EVENT_LIMIT, StatusCode::PAYLOAD_TOO_LARGE),
            (BODY_LIMIT + 1, StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let mut request = asking(Method::POST, "/token");
            *request.body_mut() = Full::from(vec![b'x'; length]);
            assert_eq!(answer(&gateway, request).await.0, expected, "{length}");
        }
    }

    #[tokio::test]
    async fn a_header_or_a_path_that_is_not_utf8_is_refused() {
        let gateway = gateway(EventVersion::One, "");
        let mut request = asking(Method::POST, "/token");
        request.headers_mut().insert("x-odd", HeaderValue::from_bytes(b"\xff").expect("a header"));
        assert_eq!(answer(&gateway, request).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(answer(&gateway, asking(Method::GET, "/assets/%FF")).await.0, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_crash_is_a_server_error_that_tells_nothing_and_the_server_goes_on() {
        let gateway = gateway(EventVersion::One, "");
        let (status, body) = answer(&gateway, asking(Method::POST, "/token?do=crash")).await;
        assert_eq!((status, &body["error"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("server_error")));
        assert!(!body.to_string().contains("on demand"));
        assert_eq!(answer(&gateway, asking(Method::POST, "/token")).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_challenge_keeps_its_name_here() {
        let request = asking(Method::POST, "/token?do=challenge");
        let response =
            gateway(EventVersion::One, "").answer(request, SocketAddr::from(([127, 0, 0, 1], 5))).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }

    #[test]
    fn request_ids_are_uuids_and_differ() {
        let gateway = gateway(EventVersion::One, "");
        let (one, two) = (gateway.request_id(), gateway.request_id());
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert_ne!(one, two);
    }
}
