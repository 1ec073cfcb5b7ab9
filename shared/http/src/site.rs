use oauth::configuration::Server;

/// What answers must know about the server they speak for. It comes from the configuration, never from a
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    issuer: String,
    error_catalogue: Option<String>,
}

impl Site {
    /// The site of an issuer.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            error_catalogue: None,
        }
    }

    /// The site of a configured server.
    pub fn of(server: &Server) -> Self {
        Self::new(server.issuer.clone())
    }

    /// Where the operator has put the error catalogue. Answers then carry an `error_uri` (RFC 6749,
    /// section 5.2) that points into it; without it they carry none.
    #[must_use]
    pub fn with_error_catalogue(mut self, url: Option<String>) -> Self {
        self.error_catalogue = url.filter(|url| is_error_uri(url));
        self
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether browsers reach the site by TLS. Anything but https is a loopback issuer: the configuration
    /// accepts no other.
    pub fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }

    /// Scheme, host and port, as a browser writes them in `Origin` (RFC 6454, section 6.2).
    pub fn origin(&self) -> &str {
        let host = self.issuer.find("://").map_or(0, |position| position + 3);
        match self.issuer[host..].find('/') {
            Some(path) => &self.issuer[..host + path],
            None => &self.issuer,
        }
    }

    /// The catalogue's entry about a refusal.
    pub(crate) fn error_uri(&self, name: &str) -> Option<String> {
        self.error_catalogue
            .as_ref()
            .map(|catalogue| format!("{catalogue}#{name}"))
    }
}

/// RFC 6749, section 5.2: `error_uri` must not have characters outside %x21 / %x23-5B / %x5D-7E.
fn is_error_uri(url: &str) -> bool {
    !url.contains('#')
        && url
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        && (url.starts_with("https://") || url.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_the_issuer_without_its_path() {
        for (issuer, origin) in [
            ("https://auth.example", "https://auth.example"),
            ("https://auth.example/prod", "https://auth.example"),
            ("http://localhost:8765", "http://localhost:8765"),
        ] {
            assert_eq!(Site::new(issuer).origin(), origin);
        }
    }

    #[test]
    fn an_error_uri_is_sent_only_where_a_catalogue_is_hosted() {
        let site = Site::new("https://auth.example");
        assert_eq!(site.error_uri("not-utf8"), None);
        let site = site.with_error_catalogue(Some("https://docs.example/errors".to_owned()));
        assert_eq!(
            site.error_uri("not-utf8").as_deref(),
            Some("https://docs.example/errors#not-utf8")
        );
        let site = site.with_error_catalogue(Some("https://docs.example/\"errors".to_owned()));
        assert_eq!(site.error_uri("not-utf8"), None);
    }
}
