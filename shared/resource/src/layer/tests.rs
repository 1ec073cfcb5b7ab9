use std::convert::Infallible;
use std::future::{Ready, ready};

use serde_json::json;

use super::*;
use crate::stage::{FakeIssuer, Hands, token};
use crate::{AccessToken, WantedDetail};

/// A tool that says who reads.
#[derive(Clone)]
struct Tool;

impl Service<Request<()>> for Tool {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let token = request.extensions().get::<AccessToken>().expect("a token");
        ready(Ok(Response::new(format!("{} reads", token.subject()))))
    }
}

fn get(path: &str, token: Option<&str>) -> Request<()> {
    let request = Request::get(path);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    request.body(()).expect("a request")
}

async fn answer(tool: &mut Guarded<Tool>, request: Request<()>) -> (u16, String) {
    let Ok(answer) = tool.call(request).await;
    (answer.status().as_u16(), answer.into_body())
}

#[tokio::test]
async fn a_tool_behind_the_layer_sees_good_tokens_only_and_who_they_are_for() {
    let guard = FakeIssuer::new().guard(&Hands::new()).build().expect("a guard");
    let mut tool = guard.layer(Demand::new().scope("files.access")).layer(Tool);
    let (good, other) = (token(&json!({})), token(&json!({"scope": "openid"})));
    assert_eq!(answer(&mut tool, get("/", Some(&good))).await, (200, "person-1 reads".to_owned()));
    assert_eq!(answer(&mut tool, get("/", None)).await.0, 401);
    assert_eq!(answer(&mut tool, get("/", Some("junk"))).await.0, 401);
    assert_eq!(answer(&mut tool, get("/", Some(&other))).await.0, 403);
}

/// RFC 9112, section 9.6.
#[tokio::test]
async fn a_refusal_before_the_body_is_read_ends_the_connection() {
    let guard = FakeIssuer::new().guard(&Hands::new()).build().expect("a guard");
    let mut tool = guard.layer(Demand::new().scope("files.access")).layer(Tool);
    let (good, length, version) = (token(&json!({})), "content-length", Version::HTTP_11);
    for (shown, header, version, ends) in [
        ("junk", (length, "7"), version, true),
        ("junk", ("transfer-encoding", "chunked"), version, true),
        ("junk", (length, "0"), version, false),
        ("junk", ("accept", "*/*"), version, false),
        ("junk", (length, "7"), Version::HTTP_2, false),
        (&*good, (length, "7"), version, false),
    ] {
        let mut request = get("/", Some(shown));
        *request.version_mut() = version;
        request.headers_mut().insert(header.0, HeaderValue::from_static(header.1));
        let Ok(answer) = tool.call(request).await;
        let told = answer.headers().get("connection").map(HeaderValue::as_bytes);
        assert_eq!(told, ends.then_some(&b"close"[..]), "{shown} {header:?} {version:?}");
    }
}

#[tokio::test]
async fn what_is_demanded_can_depend_on_the_request() {
    let guard = FakeIssuer::new().guard(&Hands::new()).build().expect("a guard");
    let layer = guard.layer_by(|head| {
        let file = head.uri().path().trim_start_matches('/');
        Demand::new().detail(WantedDetail::of_type("file_access").identifier(file))
    });
    let mut tool = layer.layer(Tool);
    let q4 = token(&json!({"authorization_details": [{"type": "file_access", "identifier": "Q4"}]}));
    assert_eq!(answer(&mut tool, get("/Q4", Some(&q4))).await.0, 200);
    let (status, body) = answer(&mut tool, get("/Q3", Some(&q4))).await;
    assert_eq!(status, 403);
    assert!(body.contains(r#""identifier":"Q3""#), "{body}");
}

/// RFC 9728, sections 3 and 5.1: who comes without a token is told where to read, and reads it without one.
#[tokio::test]
async fn a_tool_that_describes_itself_is_read_about_where_its_challenge_says() {
    let guard = FakeIssuer::new().guard(&Hands::new()).asking_for("files.access").with_metadata();
    let guard = guard.build().expect("a guard");
    let layer = guard.layer(Demand::new().scope("files.access"));
    let mut tool = guard.metadata().named("Files").layer().layer(layer.layer(Tool));
    let Ok(refused) = tool.call(get("/finance", None)).await;
    let challenge = refused.headers()["www-authenticate"].to_str().expect("text").to_owned();
    let (_, place) = challenge.split_once("resource_metadata=\"").expect("where to read");
    let place = place.trim_end_matches('"').strip_prefix(crate::stage::RESOURCE).expect("at the tool itself");
    let Ok(document) = tool.call(get(place, None)).await;
    assert_eq!(document.status(), 200);
    let document: serde_json::Value = serde_json::from_str(document.body()).expect("JSON");
    assert_eq!(document["resource"], crate::stage::RESOURCE);
    assert_eq!(document["authorization_servers"], json!([crate::stage::ISSUER]));
    assert_eq!(
        (&document["scopes_supported"], &document["resource_name"]),
        (&json!(["files.access"]), &json!("Files"))
    );
    let Ok(inside) = tool.call(get("/finance", Some(&token(&json!({}))))).await;
    assert_eq!(inside.into_body(), "person-1 reads", "everything else is for the tool");
}
