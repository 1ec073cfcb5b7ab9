use std::collections::BTreeMap;

use http_types::header::AUTHORIZATION;
use http_types::{HeaderMap, HeaderValue};
use serde::Deserialize;

/// An event as API Gateway sends it to an authorizer, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// `TOKEN` or `REQUEST`, of a REST API or an HTTP API's payload version 1.
    method_arn: Option<String>,
    /// `TOKEN`: the value of the header.
    authorization_token: Option<String>,
    /// `REQUEST`: as it was sent.
    path: Option<String>,
    /// `REQUEST`: which of the API's resources that is.
    resource: Option<String>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    headers: Option<BTreeMap<String, String>>,
    /// An HTTP API's payload version 2.
    route_arn: Option<String>,
    raw_path: Option<String>,
    route_key: Option<String>,
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
struct RequestContext {
    stage: Option<String>,
    http: Option<Http>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// What is asked about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path beneath the stage.
    pub(crate) path: String,
    /// Whether gateway, authorizer and tool read the path in the same way for sure.
    pub(crate) certain: bool,
}

/// What the request brought to prove that it may.
pub(crate) enum Credential {
    /// Its `Authorization` headers.
    Headers(HeaderMap),
    /// Something that is no header's value.
    Unreadable,
}

impl Event {
    /// Reads an event; `None` when it is none, or names nothing that could be allowed.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let event: Self = serde_json::from_str(json).ok()?;
        (event.method_arn.is_some() || event.wants_simple_answer()).then_some(event)
    }

    /// Whether an HTTP API asks, which takes yes or no instead of a policy.
    pub(crate) fn wants_simple_answer(&self) -> bool {
        self.method_arn.is_none() && self.route_arn.is_some()
    }

    /// What a policy is about: exactly what was asked.
    pub(crate) fn arn(&self) -> &str {
        self.method_arn.as_deref().or(self.route_arn.as_deref()).unwrap_or_default()
    }

    /// The method and the path. `None` denies.
    pub(crate) fn asked(&self) -> Option<Asked> {
        let (method, path) = match &self.method_arn {
            Some(arn) => of_arn(arn)?,
            None => self.of_version_two()?,
        };
        let pattern = match &self.route_key {
            Some(route) => route.split_once(' ').map(|(_, pattern)| pattern),
            None => self.resource.as_deref(),
        };
        let certain = reads_one_way(&path) && self.was_sent_as(&path) && agree(&path, pattern);
        Some(Asked { method, path, certain })
    }

    /// Whether what was sent is the path in the ARN, behind the base path of a domain of one's own. AWS does not say whether
    /// an ARN has a path as it was sent or decoded. A `TOKEN` event has nothing but the ARN: `/a%2Fb` could stand there as
    /// `/a/b`, so that rules, which go by the path, cannot go by that.
    fn was_sent_as(&self, path: &str) -> bool {
        if self.method_arn.is_none() {
            return true;
        }
        self.path.as_deref().is_some_and(|sent| reads_one_way(sent) && (path == "/" || sent.ends_with(path)))
    }

    fn of_version_two(&self) -> Option<(String, String)> {
        let context = self.request_context.as_ref()?;
        let (method, path) = (context.http.as_ref()?.method.clone(), self.raw_path.as_deref()?);
        let path = match context.stage.as_deref() {
            None | Some("$default") => path,
            Some(stage) => path.strip_prefix('/')?.strip_prefix(stage)?,
        };
        path.starts_with('/').then(|| (method, path.to_owned()))
    }

    /// Every `Authorization` header that was sent: two are two, also where the gateway joins them.
    pub(crate) fn credential(&self) -> Credential {
        let is_it = |name: &str| name.eq_ignore_ascii_case("authorization");
        let values: Vec<&str> = if let Some(token) = &self.authorization_token {
            vec![token]
        } else if let Some(headers) = &self.multi_value_headers {
            headers
                .iter()
                .filter(|(name, _)| is_it(name))
                .flat_map(|(_, values)| values)
                .map(String::as_str)
                .collect()
        } else {
            let headers = self.headers.iter().flatten();
            headers.filter(|(name, _)| is_it(name)).map(|(_, value)| value.as_str()).collect()
        };
        let mut headers = HeaderMap::new();
        for value in values {
            let Ok(value) = HeaderValue::from_str(value) else {
                return Credential::Unreadable;
            };
            headers.append(AUTHORIZATION, value);
        }
        Credential::Headers(headers)
    }
}

/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`. A path with a character that means something in a policy would
/// make it one about other paths too.
fn of_arn(arn: &str) -> Option<(String, String)> {
    if arn.contains(['*', '?', '$', '{', '}']) {
        return None;
    }
    let mut parts = arn.splitn(6, ':').nth(5)?.splitn(4, '/');
    let (_api, _stage, method) = (parts.next()?, parts.next()?, parts.next()?);
    Some((method.to_owned(), format!("/{}", parts.next().unwrap_or_default())))
}

/// Whether a path has as many segments as the resource that the gateway chose for it. It has not when an encoded slash was
/// decoded: what looks like a folder and a file here is a single name to the tool.
fn agree(path: &str, pattern: Option<&str>) -> bool {
    let Some(pattern) = pattern.filter(|pattern| !pattern.contains("+}")) else {
        return true;
    };
    segments(path).count() == segments(pattern).count()
}

/// Whether everybody reads a path in the same way (RFC 3986, sections 2.1, 3.3 and 5.2.4): nothing in it is encoded, is cut
/// off, goes up a folder or is left out by some. Only behind the last slash may be nothing.
pub(crate) fn reads_one_way(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"%\\;?#".contains(&byte);
    let mut inner = segments(path.strip_suffix('/').unwrap_or(path));
    path.starts_with('/')
        && path.bytes().all(plain)
        && (path == "/" || inner.all(|segment| !matches!(segment, "" | "." | "..")))
}

/// The parts of a path between its slashes.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests;
