use std::collections::BTreeMap;
use std::time::Duration;

use hyper::{Method, Request, Response, StatusCode, header};
use openidconnect::url::form_urlencoded;
use openidconnect::{AuthorizationCode, CsrfToken};
use tokio::sync::mpsc;

use crate::Trouble;
use crate::loopback::{Loopback, Serving};

const PATH: &str = "/callback";

/// How long a person may take. The server lets an interaction live about as long.
const PATIENCE: Duration = Duration::from_mins(10);

/// The redirect URI of a native application: a loopback port of the moment (RFC 8252, section 7.3).
pub(crate) struct Callback(Loopback);

/// What the answer must say to be the answer to this agent's request.
#[derive(Clone)]
pub(crate) struct Expected {
    /// The `state` that was sent.
    pub(crate) state: CsrfToken,
    /// The issuer that was asked.
    pub(crate) issuer: String,
    /// Whether that issuer promises `iss` in its answers.
    pub(crate) names_itself: bool,
}

/// Why a request to the redirect URI brings no code.
#[derive(Debug)]
enum Rejected {
    /// It does not belong to this agent's request: somebody else sent the browser here. The agent goes on waiting.
    NotOurs,
    /// It is the answer, and there is no code in it.
    Ends(Trouble),
}

impl Callback {
    /// Takes a free loopback port.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn bind() -> Result<Self, Trouble> {
        Loopback::bind().await.map(Self)
    }

    /// The redirect URI.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}{PATH}", self.0.origin())
    }

    /// Waits until the browser brings the answer.
    ///
    /// # Errors
    /// When the person or the server said no, the answer comes from another issuer, or nobody answers.
    pub(crate) async fn wait(self, expected: Expected) -> Result<AuthorizationCode, Trouble> {
        let (sender, mut answers) = mpsc::channel(1);
        let _serving = self.listen(expected, sender);
        tokio::time::timeout(PATIENCE, answers.recv())
            .await
            .ok()
            .flatten()
            .unwrap_or(Err(Trouble::NobodyAnswered { minutes: PATIENCE.as_secs() / 60 }))
    }

    fn listen(self, expected: Expected, sender: mpsc::Sender<Result<AuthorizationCode, Trouble>>) -> Serving {
        self.0.serve(move |request| {
            let (response, answer) = answer(&request, &expected);
            let sender = sender.clone();
            async move {
                if let Some(answer) = answer {
                    // The first answer counts; whoever comes later finds the channel full or closed.
                    let _ = sender.try_send(answer);
                }
                response
            }
        })
    }
}

/// What the browser sees, and what the agent learns if this is the answer it waits for.
fn answer(
    request: &Request<()>,
    expected: &Expected,
) -> (Response<String>, Option<Result<AuthorizationCode, Trouble>>) {
    if request.method() != Method::GET || request.uri().path() != PATH {
        return (page(StatusCode::NOT_FOUND, "There is nothing here."), None);
    }
    match read(request.uri().query().unwrap_or_default(), expected) {
        Ok(code) => (
            page(
                StatusCode::OK,
                "The agent has its answer. You can close this page and go back to the terminal.",
            ),
            Some(Ok(code)),
        ),
        Err(Rejected::NotOurs) => {
            (page(StatusCode::BAD_REQUEST, "This is not the answer to what the agent asked."), None)
        }
        Err(Rejected::Ends(trouble)) => {
            (page(StatusCode::OK, "The agent got no approval. You can close this page."), Some(Err(trouble)))
        }
    }
}

/// Reads an authorization response (OAuth 2.1, sections 4.1.2 and 4.1.2.1). `state` comes first, since without it
/// nothing else in the response counts; then `iss`, which a mix-up attack cannot fake (RFC 9207, section 2.4).
fn read(query: &str, expected: &Expected) -> Result<AuthorizationCode, Rejected> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Rejected::NotOurs);
        }
    }
    if parameters.get("state") != Some(expected.state.secret()) {
        return Err(Rejected::NotOurs);
    }
    match parameters.get("iss") {
        Some(issuer) if *issuer == expected.issuer => {}
        None if !expected.names_itself => {}
        other => {
            return Err(Rejected::Ends(Trouble::OtherIssuer(
                other.map_or_else(|| "none".to_owned(), Clone::clone),
            )));
        }
    }
    if let Some(error) = parameters.get("error") {
        return Err(Rejected::Ends(Trouble::NotApproved(match parameters.get("error_description") {
            Some(description) => format!("{error}: {description}"),
            None => error.clone(),
        })));
    }
    match parameters.remove("code") {
        Some(code) => Ok(AuthorizationCode::new(code)),
        None => Err(Rejected::NotOurs),
    }
}

fn page(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(format!("{text}\n"));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            state: CsrfToken::new("the-state".into()),
            issuer: "http://localhost:8690".into(),
            names_itself: true,
        }
    }

    const ISS: &str = "iss=http%3A%2F%2Flocalhost%3A8690";

    #[test]
    fn the_answer_to_our_request_brings_the_code() {
        let code = read(&format!("code=abc&state=the-state&{ISS}"), &expected()).expect("ours");
        assert_eq!(code.secret(), "abc");
    }

    #[test]
    fn an_answer_with_another_state_is_ignored_and_the_agent_waits_on() {
        for query in [
            format!("code=abc&state=another&{ISS}"),
            format!("code=abc&{ISS}"),
            format!("error=access_denied&state=another&{ISS}"),
            format!("code=abc&state=the-state&state=the-state&{ISS}"),
            format!("code=a&code=b&state=the-state&{ISS}"),
            format!("state=the-state&{ISS}"),
            String::new(),
        ] {
            assert!(matches!(read(&query, &expected()), Err(Rejected::NotOurs)), "{query}");
        }
    }

    #[test]
    fn a_code_of_another_issuer_is_not_redeemed() {
        for query in [
            "code=abc&state=the-state&iss=http%3A%2F%2Flocalhost%3A6666",
            "code=abc&state=the-state&iss=http%3A%2F%2Flocalhost%3A8690%2F",
            "code=abc&state=the-state",
        ] {
            assert!(
                matches!(read(query, &expected()), Err(Rejected::Ends(Trouble::OtherIssuer(_)))),
                "{query}"
            );
        }
    }

    #[test]
    fn a_server_that_promises_no_iss_may_leave_it_out() {
        let relaxed = Expected { names_itself: false, ..expected() };
        assert!(read("code=abc&state=the-state", &relaxed).is_ok());
    }

    #[test]
    fn a_no_is_told_in_the_servers_words() {
        let query = format!("error=access_denied&error_description=The+person+said+no&state=the-state&{ISS}");
        let Err(Rejected::Ends(trouble)) = read(&query, &expected()) else {
            panic!("it is an answer");
        };
        assert_eq!(trouble.to_string(), "no approval: access_denied: The person said no");
    }

    #[test]
    fn the_page_echoes_nothing_of_the_request() {
        let request =
            Request::builder().uri("/callback?state=x&code=%3Cscript%3E").body(()).expect("a request");
        let (response, outcome) = answer(&request, &expected());
        assert_eq!(response.status(), 400);
        assert!(outcome.is_none() && !response.body().contains("script"));
    }
}
