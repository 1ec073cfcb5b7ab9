use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use serde_json::{Map, Value, json};

/// A request as a client or a browser sends it.
#[derive(Clone)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    /// What its route calls the last part of the path, if that is any.
    placeholder: Option<&'static str>,
    /// The network address that it comes from.
    source: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    /// A request for a path, which may have a query.
    pub(crate) fn get(address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        Self {
            method: "GET",
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            placeholder: None,
            source: "127.0.0.1".to_owned(),
            headers: vec![("accept", "*/*".to_owned()), ("accept-language", "en".to_owned())],
            body: None,
        }
    }

    /// A form that is sent.
    pub(crate) fn post<T: AsRef<str>>(path: &str, form: &[(&str, T)]) -> Self {
        let mut body = Serializer::new(String::new());
        for (name, value) in form {
            body.append_pair(name, value.as_ref());
        }
        let request = Self { method: "POST", body: Some(body.finish()), ..Self::get(path) };
        request.header("content-type", "application/x-www-form-urlencoded")
    }

    /// The same by another method, with JSON or nothing in it.
    pub(crate) fn instead(&self, method: &'static str, body: Option<&Value>) -> Self {
        let request = Self { method, body: body.map(Value::to_string), ..self.clone() };
        if body.is_some() { request.header("content-type", "application/json") } else { request }
    }

    /// On a route whose last part is a placeholder.
    pub(crate) fn routed_by(self, placeholder: &'static str) -> Self {
        Self { placeholder: Some(placeholder), ..self }
    }

    pub(crate) fn from(self, address: &str) -> Self {
        Self { source: address.to_owned(), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With `client_secret_basic` (RFC 6749, section 2.3.1). The secrets of these tests have nothing to escape.
    pub(crate) fn by(self, client: &str, secret: &str) -> Self {
        self.header("authorization", format!("Basic {}", STANDARD.encode(format!("{client}:{secret}"))))
    }

    /// The event of a REST API, payload version 1.0
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>). The body is
    /// in base64, as with an API whose binary media types are `*/*`.
    pub(crate) fn event(&self) -> Value {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let query: Vec<(&str, &str)> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (route, path_parameters) = self.route();
        json!({
            "resource": route,
            "path": self.path,
            "httpMethod": self.method,
            "headers": last_of_each(&headers),
            "multiValueHeaders": all_of_each(&headers),
            "queryStringParameters": last_of_each(&query),
            "multiValueQueryStringParameters": all_of_each(&query),
            "pathParameters": path_parameters,
            "stageVariables": null,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "functions",
                "domainName": "localhost",
                "httpMethod": self.method,
                "identity": { "sourceIp": self.source, "userAgent": "tests" },
                "path": self.path,
                "protocol": "HTTP/1.1",
                "requestId": "functions",
                "resourceId": "functions",
                "resourcePath": route,
                "stage": "prod",
            },
            "body": self.body.as_ref().map(|body| STANDARD.encode(body)),
            "isBase64Encoded": self.body.is_some(),
        })
    }

    /// The route as the template writes it, and what its placeholder stands for.
    fn route(&self) -> (String, Value) {
        match (self.placeholder, self.path.rsplit_once('/')) {
            (Some(name), Some((folder, last))) => (format!("{folder}/{{{name}}}"), json!({ (name): last })),
            _ => (self.path.clone(), Value::Null),
        }
    }
}

fn last_of_each(pairs: &[(&str, &str)]) -> Value {
    let all: Map<String, Value> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    if all.is_empty() { Value::Null } else { Value::Object(all) }
}

fn all_of_each(pairs: &[(&str, &str)]) -> Value {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    if all.is_empty() { Value::Null } else { json!(all) }
}

/// What the caller hears.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: String,
    /// From the moment the function got the event.
    pub(crate) took: Duration,
}

impl Reply {
    /// Reads what the function has posted: a reply of payload version 1.0.
    pub(crate) fn read(posted: &[u8], took: Duration) -> Self {
        let posted: Value = serde_json::from_slice(posted).expect("JSON");
        let text = posted["body"].as_str().unwrap_or_default();
        let body = if posted["isBase64Encoded"] == true {
            String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text")
        } else {
            text.to_owned()
        };
        let status = posted["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        Self {
            status: status.expect("a status"),
            headers: serde_json::from_value(posted["multiValueHeaders"].clone()).unwrap_or_default(),
            body,
            took,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|values| values.first()).map(String::as_str)
    }

    /// The body when it is JSON, else null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A member of the JSON that is a string; empty when it is not there.
    pub(crate) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// The value of the first form field with this name; empty when there is none.
    pub(crate) fn field(&self, name: &str) -> String {
        self.fields(name).into_iter().next().unwrap_or_default()
    }

    /// The values of all form fields with this name.
    pub(crate) fn fields(&self, name: &str) -> Vec<String> {
        let marker = format!("name=\"{name}\" value=\"");
        let values = self.body.split(&marker).skip(1);
        values.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    }

    /// Whether the page has a form that is sent to this path.
    pub(crate) fn has_form(&self, path: &str) -> bool {
        self.status == 200 && self.body.contains(&format!("{path}\""))
    }

    /// A parameter with which the browser is sent elsewhere.
    pub(crate) fn callback(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("location")?.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Whether the browser is sent back to a page that says this.
    pub(crate) fn notices(&self, what: &str) -> bool {
        self.status == 303 && self.callback("notice").as_deref() == Some(what)
    }

    /// The code that a page shows for somebody to say.
    pub(crate) fn shown_code(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("class=\"code\" translate=\"no\">")?;
        rest.split('<').next().map(str::to_owned)
    }

    /// What it is, for a message of a test, without what it carries.
    pub(crate) fn outline(&self) -> String {
        let error = self.member("error");
        let text: String = if error.is_empty() && self.status >= 400 {
            self.body
                .split('<')
                .filter_map(|part| part.split_once('>'))
                .map(|(_, text)| text.trim())
                .collect()
        } else {
            self.member("error_uri")
        };
        let text: String = text.chars().take(300).collect();
        format!("{} {error} {text} after {:?}", self.status, self.took)
    }
}
