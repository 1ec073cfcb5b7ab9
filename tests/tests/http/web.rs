use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use serde_json::Value;

/// The parameters of a form or query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// With one more, be it there already or not.
    #[must_use]
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another value for what is there already, or one more.
    #[must_use]
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    #[must_use]
    pub(crate) fn joined(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn decoded(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads the whole answer. Redirects are not followed.
    pub(crate) fn to(request: RequestBuilder) -> Self {
        let answer = request.send().expect("an answer");
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().expect("the whole body").to_vec(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the answer {}: {}", self.status, self.text()))
    }

    /// A member of a JSON answer that must be a string.
    pub(crate) fn string(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.text())).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of visible characters"))
    }

    /// Where the answer sends the browser.
    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.text()))
    }

    /// The parameters with which the browser is sent to a redirect URI.
    pub(crate) fn callback(&self, redirect_uri: &str) -> BTreeMap<String, String> {
        assert!(matches!(self.status, 302 | 303), "{} {}", self.status, self.text());
        let query = self
            .location()
            .strip_prefix(redirect_uri)
            .and_then(|rest| rest.strip_prefix(['?', '&']))
            .unwrap_or_else(|| panic!("sent to {} and not to {redirect_uri}", self.location()));
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// The name under which the log knows this request.
    pub(crate) fn request_id(&self) -> &str {
        self.header("x-amzn-requestid").expect("the gateway names each request")
    }

    /// The answer when it is a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(matches!(self.status, 200 | 201), "{} {}", self.status, self.text());
        self
    }

    /// That the answer is this refusal (RFC 6749, section 5.2).
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(error)), "{}", self.text());
    }
}

/// The one HTTP client of the tests. It follows no redirect and keeps no cookie.
pub(crate) fn http() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client without TLS")
    })
}

/// A request with a form.
pub(crate) fn post(url: &str, form: &Parameters) -> RequestBuilder {
    http().post(url).header("content-type", "application/x-www-form-urlencoded").body(form.encoded())
}
