use std::time::Duration;

use environment::Fault;
use lambda_http::http::{HeaderValue, header};

use crate::request::Request;
use crate::{Response, Site};

/// A cookie of ours: out of reach of scripts, not sent along with other sites' requests, and on https bound
/// to this very host by the `__Host-` prefix (RFC 6265bis, section 4.1.3.2), so that no neighbour can
/// set it. On a loopback issuer it has its plain name and no `Secure`.
pub struct Cookie {
    name: &'static str,
    value: String,
    lifetime: Option<Duration>,
}

impl Cookie {
    /// A cookie that lives as long as the browser runs.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), lifetime: None }
    }

    /// A cookie that lives for `lifetime`.
    #[must_use]
    pub const fn lasting(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// What makes the browser forget a cookie.
    pub fn forgotten(name: &'static str) -> Self {
        Self::new(name, "").lasting(Duration::ZERO)
    }

    /// The value of `Set-Cookie`.
    ///
    /// # Errors
    /// [`Fault::Broken`] when the value has characters that a cookie cannot have (RFC 6265, section 4.1.1).
    fn header(&self, site: &Site) -> Result<HeaderValue, Fault> {
        if !self.value.bytes().all(is_cookie_octet) {
            return Err(Fault::broken(
                "cookie",
                format!("{} has a value that no cookie can have", self.name),
            ));
        }
        let secure = if site.is_https() { "; Secure" } else { "" };
        let lifetime = self.lifetime.map(|span| format!("; Max-Age={}", span.as_secs())).unwrap_or_default();
        let text = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{lifetime}",
            full_name(site, self.name),
            self.value
        );
        let mut header = HeaderValue::try_from(text).map_err(|error| Fault::broken("cookie", error))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// Gives the browser a cookie.
///
/// # Errors
/// [`Fault::Broken`] when the value has characters that a cookie cannot have.
pub fn set_cookie(response: &mut Response, site: &Site, cookie: &Cookie) -> Result<(), Fault> {
    response.headers_mut().append(header::SET_COOKIE, cookie.header(site)?);
    Ok(())
}

/// The value of one of our cookies. A name that comes twice is no cookie at all: somebody put a second one
/// beside ours, and which of them comes first is theirs to choose.
pub fn read_cookie<'a>(request: &'a Request, site: &Site, name: &str) -> Option<&'a str> {
    let full_name = full_name(site, name);
    let mut values = request
        .headers()
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == full_name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Some(value),
        _ => None,
    }
}

fn full_name(site: &Site, name: &str) -> String {
    if site.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::http::StatusCode;

    use super::*;
    use crate::answer::empty;

    fn deployed() -> Site {
        Site::new("https://auth.example/prod")
    }

    fn local() -> Site {
        Site::new("http://localhost:8765")
    }

    fn written(site: &Site, cookie: &Cookie) -> String {
        let mut response = empty(StatusCode::OK);
        set_cookie(&mut response, site, cookie).expect("a cookie");
        response.headers()[header::SET_COOKIE].to_str().expect("ASCII").to_owned()
    }

    fn sent(cookies: &[&str]) -> Request {
        let mut builder = lambda_http::http::Request::builder();
        for cookie in cookies {
            builder = builder.header(header::COOKIE, *cookie);
        }
        builder.body(Body::Empty).expect("a request")
    }

    #[test]
    fn a_cookie_is_bound_to_the_host_and_out_of_reach() {
        assert_eq!(
            written(&deployed(), &Cookie::new("session", "a.b").lasting(Duration::from_mins(1))),
            "__Host-session=a.b; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
        );
        assert_eq!(
            written(&local(), &Cookie::new("session", "a.b")),
            "session=a.b; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(written(&deployed(), &Cookie::forgotten("session")).ends_with("Max-Age=0"));
    }

    #[test]
    fn a_value_cannot_smuggle_attributes() {
        for value in ["a; Domain=example", "a\r\nb", "a b", "a,b", "a\"b", "ä"] {
            assert!(Cookie::new("session", value).header(&deployed()).is_err(), "{value}");
        }
    }

    #[test]
    fn a_cookie_is_read_by_the_name_that_it_was_written_under() {
        let request = sent(&["other=1; __Host-session=a.b", "third=3"]);
        assert_eq!(read_cookie(&request, &deployed(), "session"), Some("a.b"));
        assert_eq!(read_cookie(&request, &deployed(), "other"), None);
        assert_eq!(read_cookie(&request, &local(), "third"), Some("3"));
        assert_eq!(read_cookie(&request, &local(), "session"), None);
    }

    #[test]
    fn a_plain_cookie_does_not_stand_for_a_host_cookie() {
        assert_eq!(read_cookie(&sent(&["session=tossed"]), &deployed(), "session"), None);
    }

    #[test]
    fn a_cookie_that_comes_twice_is_no_cookie() {
        for cookies in [&["session=a; session=b"][..], &["session=a", "session=b"], &["session="]] {
            assert_eq!(read_cookie(&sent(cookies), &local(), "session"), None);
        }
    }
}
