use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A redirect URI as registered or as asked for: absolute, without a fragment or user information, and
/// `https`, a loopback `http`, or a private-use scheme with a dot in it (OAuth 2.1, sections 2.3 and 8.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads the URI; `None` when a code must never be sent there.
    pub fn parse(text: &str) -> Option<Self> {
        let clean =
            text.len() <= 2048 && !text.contains('#') && text.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(text).ok().filter(|_| clean)?;
        let allowed = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => is_at_loopback(&url),
            "javascript" | "data" | "file" | "blob" | "about" => false,
            private_use => private_use.contains('.'),
        };
        let bare = url.username().is_empty() && url.password().is_none();
        (allowed && bare).then(|| Self(text.to_owned()))
    }

    /// Whether a code may go to `asked` when `self` is registered: the same string, save that the port of a
    /// loopback IP address may differ (OAuth 2.1, sections 2.3.1 and 8.4.2; RFC 8252, section 7.3).
    pub fn permits(&self, asked: &Self) -> bool {
        self == asked
            || self.without_loopback_port().is_some_and(|own| Some(own) == asked.without_loopback_port())
    }

    /// The same for a client whose document is the same for all who run it: it cannot know the port that is free on their
    /// machine, and the port of `localhost` may differ, too (OAuth 2.1, section 2.3.1).
    pub fn permits_any_port_of_localhost(&self, asked: &Self) -> bool {
        let named = |uri: &Self| uri.around_port(|host| matches!(host, Host::Domain("localhost")));
        self.permits(asked) || named(self).is_some_and(|own| Some(own) == named(asked))
    }

    /// The text around the port, when the host is a loopback IP address: `localhost` is matched exactly.
    fn without_loopback_port(&self) -> Option<(String, String)> {
        self.around_port(|host| match host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(_) => false,
        })
    }

    /// Whether the answer stays on the person's own machine, where any program can wait for it: on loopback, or as an app's
    /// scheme, which no one app has to itself (RFC 8252, sections 8.1 and 8.6).
    pub fn stays_on_this_machine(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_of_an_app(&url) || is_at_loopback(&url))
    }

    /// Whether an app's scheme is followed by `//` and what looks like a host. Nothing names it: a private-use URI has one slash
    /// (RFC 8252, section 7.1).
    pub fn pretends_a_host(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_of_an_app(&url) && url.has_authority())
    }

    fn around_port(&self, of_host: impl FnOnce(&Host<&str>) -> bool) -> Option<(String, String)> {
        let url = Url::parse(&self.0).ok().filter(|url| url.scheme() == "http")?;
        let host = url.host().filter(of_host)?;
        let authority = format!("http://{host}");
        let rest = self.0.strip_prefix(&authority)?;
        let end_of_port =
            rest.strip_prefix(':').map_or(0, |port| 1 + port.bytes().take_while(u8::is_ascii_digit).count());
        Some((authority, rest[end_of_port..].to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose hands the code goes into, to be shown: the host with its port, or the scheme of an app. Whatever follows that
    /// scheme is the app's own text.
    pub fn host(&self) -> String {
        let Ok(url) = Url::parse(&self.0) else {
            return self.0.clone();
        };
        match (url.host_str(), url.port()) {
            (Some(host), Some(port)) if !is_of_an_app(&url) => format!("{host}:{port}"),
            (Some(host), None) if !is_of_an_app(&url) => host.to_owned(),
            _ => format!("{}:", url.scheme()),
        }
    }

    /// The origin, or the scheme of an app, as a Content-Security-Policy source expression.
    pub fn source_expression(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => "'none'".to_owned(),
        }
    }

    /// The URI with parameters added to its query (OAuth 2.1, section 4.1.2).
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        for (name, value) in parameters {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, RESERVED));
        }
        url
    }
}

/// All but the unreserved characters (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether the URI has a private-use scheme (RFC 8252, section 7.1).
fn is_of_an_app(url: &Url) -> bool {
    !matches!(url.scheme(), "https" | "http")
}

/// Whether a host is this machine: an address of loopback, or `localhost`.
pub fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

fn is_at_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback(&host))
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("{text:?} is not a redirect URI: https, http on loopback, or an app's scheme with a dot, without fragment")
        })
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap()
    }

    #[test]
    fn the_port_of_a_loopback_address_may_differ_and_nothing_else() {
        let registered = uri("http://127.0.0.1/callback");
        assert!(registered.permits(&uri("http://127.0.0.1:49152/callback")));
        assert!(!registered.permits(&uri("http://127.0.0.1:49152/callback2")));
        assert!(!registered.permits(&uri("http://127.0.0.1:49152/callback?x=1")));
        assert!(!registered.permits(&uri("http://127.0.0.2:49152/callback")));
        assert!(!registered.permits(&uri("http://[::1]:49152/callback")));
        assert!(!uri("http://localhost/callback").permits(&uri("http://localhost:1/callback")));
        let of_a_document = uri("http://localhost/callback");
        assert!(of_a_document.permits_any_port_of_localhost(&uri("http://localhost:1/callback")));
        assert!(!of_a_document.permits_any_port_of_localhost(&uri("http://localhost:1/callback2")));
        assert!(!of_a_document.permits_any_port_of_localhost(&uri("http://127.0.0.1:1/callback")));
        assert!(
            !uri("https://app.example/cb").permits_any_port_of_localhost(&uri("https://app.example:444/cb"))
        );
        assert!(!uri("https://app.example/cb").permits(&uri("https://app.example:444/cb")));
        assert!(!uri("https://app.example/cb").permits(&uri("https://app.example/cb/")));
    }

    /// What stands after an app's scheme is the app's own text: it must not pass for somebody's host.
    #[test]
    fn who_is_answered_is_shown_by_host_or_by_the_apps_scheme() {
        for (text, shown) in [
            ("https://app.example/cb", "app.example"),
            ("https://app.example:8443/cb", "app.example:8443"),
            ("http://127.0.0.1:49152/cb", "127.0.0.1:49152"),
            ("com.evil.app://login.bank.example/cb", "com.evil.app:"),
            ("com.evil.app://login.bank.example:443/cb", "com.evil.app:"),
            ("com.example.app:/cb", "com.example.app:"),
        ] {
            assert_eq!(uri(text).host(), shown, "{text}");
        }
    }

    #[test]
    fn an_answer_to_loopback_or_to_an_app_stays_on_this_machine() {
        for text in ["http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost/cb", "com.example.app:/cb"]
        {
            assert!(uri(text).stays_on_this_machine(), "{text}");
        }
        for text in ["https://app.example/cb", "https://127.0.0.1.app.example/cb"] {
            assert!(!uri(text).stays_on_this_machine(), "{text}");
        }
    }

    #[test]
    fn nowhere_dangerous_is_a_redirect_uri() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "http://app.example/cb",
            "https://app.example/cb#f",
            "https://u:p@app.example/cb",
            "/cb",
            "myapp:/cb",
            "https://app.example/c b",
            "http://127.0.0.1.evil.example/cb",
        ] {
            assert!(RedirectUri::parse(text).is_none(), "{text}");
        }
        assert!(RedirectUri::parse("com.example.app:/cb").is_some());
    }
}
