use oauth::configuration::Server;

/// Below which path the server explains its errors (`infra/errors.md`).
pub const ERROR_CATALOGUE: &str = "/errors";

/// What answers must know about the server they speak for. It comes from the configuration, never from a
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    issuer: String,
}

impl Site {
    /// The site of an issuer.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into() }
    }

    /// The site of a configured server.
    pub fn of(server: &Server) -> Self {
        Self::new(server.issuer.clone())
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

    /// `error_uri`: where the catalogue explains a refusal or fault, by its name. An issuer is a URL in its normal
    /// form and a name is letters and hyphens, so the characters are those that an `error_uri` may have
    /// (RFC 6749, section 5.2).
    pub fn error_uri(&self, name: &str) -> String {
        format!("{}{ERROR_CATALOGUE}/{name}", self.issuer)
    }
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
    fn an_error_uri_leads_to_the_entry_below_the_issuer() {
        for (issuer, uri) in [
            ("https://auth.example", "https://auth.example/errors/not-utf8"),
            ("https://auth.example/prod", "https://auth.example/prod/errors/not-utf8"),
        ] {
            assert_eq!(Site::new(issuer).error_uri("not-utf8"), uri);
        }
    }
}
