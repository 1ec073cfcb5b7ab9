use oauth::configuration::Server;

/// Below which path the server explains its errors (`infra/errors.md`).
pub const ERROR_CATALOGUE: &str = "/errors";

/// What answers must know about the server they speak for. It comes from the configuration, never from a
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    issuer: String,
    pages: String,
}

impl Site {
    /// The site of an issuer, whose pages stand below it.
    pub fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self { pages: issuer.clone(), issuer }
    }

    /// The site of a configured server.
    pub fn of(server: &Server) -> Self {
        Self { issuer: server.issuer.clone(), pages: server.pages_url().to_owned() }
    }

    /// The same site with the URL of its pages.
    #[must_use]
    pub fn with_pages(self, pages: impl Into<String>) -> Self {
        Self { pages: pages.into(), ..self }
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether browsers reach the pages by TLS. Anything but https is on loopback: the configuration accepts no other.
    pub fn is_https(&self) -> bool {
        self.pages.starts_with("https://")
    }

    /// Scheme, host and port of the pages, as a browser writes them in `Origin` (RFC 6454, section 6.2).
    pub fn origin(&self) -> &str {
        origin(&self.pages)
    }

    /// The URL of a page, such as `/authorize`.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.pages)
    }

    /// `error_uri`: where the catalogue explains a refusal or fault, by its name. The pages' URL is in its normal
    /// form and a name is letters and hyphens, so the characters are those that an `error_uri` may have
    /// (RFC 6749, section 5.2).
    pub fn error_uri(&self, name: &str) -> String {
        self.page(&format!("{ERROR_CATALOGUE}/{name}"))
    }

    /// Whether `domain` is the issuer's alone, and the pages stand on another.
    pub fn is_for_machines(&self, domain: &str) -> bool {
        let (issuer, pages) = (host(&self.issuer), host(&self.pages));
        issuer != pages && domain.eq_ignore_ascii_case(issuer)
    }
}

/// A URL without its path.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |position| position + 3);
    url[host..].find('/').map_or(url, |path| &url[..host + path])
}

/// The host of a URL; an IPv6 address stands in brackets.
fn host(url: &str) -> &str {
    let authority = origin(url).split_once("://").map_or(url, |(_, authority)| authority);
    let end =
        if authority.starts_with('[') { authority.find(']').map(|at| at + 1) } else { authority.find(':') };
    &authority[..end.unwrap_or(authority.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_that_of_the_pages_without_a_path() {
        for (pages, origin) in [
            ("https://auth.example", "https://auth.example"),
            ("https://auth.example/prod", "https://auth.example"),
            ("http://localhost:8765", "http://localhost:8765"),
        ] {
            assert_eq!(Site::new(pages).origin(), origin);
            assert_eq!(Site::new("https://machines.example/x").with_pages(pages).origin(), origin);
        }
    }

    #[test]
    fn an_error_uri_leads_to_the_entry_among_the_pages() {
        for (site, uri) in [
            (Site::new("https://auth.example"), "https://auth.example/errors/not-utf8"),
            (Site::new("https://auth.example/prod"), "https://auth.example/prod/errors/not-utf8"),
            (apart(), "https://people.example/sign/errors/not-utf8"),
        ] {
            assert_eq!(site.error_uri("not-utf8"), uri);
        }
    }

    #[test]
    fn the_issuers_domain_is_for_machines_where_the_pages_have_another() {
        let is_for_machines =
            |issuer: &str, pages: &str, domain| Site::new(issuer).with_pages(pages).is_for_machines(domain);
        assert!(apart().is_for_machines("machines.example"));
        assert!(apart().is_for_machines("MACHINES.example"));
        assert!(is_for_machines("http://localhost:1", "http://127.0.0.1:1", "localhost"));
        assert!(is_for_machines("http://[::1]:1", "http://127.0.0.1:1", "[::1]"));
        for other in
            ["people.example", "abc.execute-api.eu-central-1.amazonaws.com", "machines.example.evil", ""]
        {
            assert!(!apart().is_for_machines(other), "{other}");
        }
        assert!(!Site::new("https://auth.example").is_for_machines("auth.example"));
        assert!(!is_for_machines("https://auth.example/prod", "https://auth.example:8443", "auth.example"));
    }

    fn apart() -> Site {
        Site::new("https://machines.example/prod").with_pages("https://people.example/sign")
    }
}
