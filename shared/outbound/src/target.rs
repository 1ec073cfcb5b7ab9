use std::net::{IpAddr, SocketAddr};

use oauth::configuration::OutboundSettings;
use oauth::is_loopback;
use url::{Host, Url};

use crate::{Loopback, Neighbourhood, Problem, neighbourhood};

/// More addresses of a name than are ever tried.
const MOST_ADDRESSES: usize = 16;

/// Where a URL leads, and which addresses that may turn out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) is_secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    reaches: Reaches,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaches {
    /// The Internet.
    Public,
    /// The Internet, or the company's own network.
    Private,
    /// This machine, where documents are tried out.
    Loopback,
}

impl Target {
    /// Where the URL leads, if it may be fetched at all.
    pub(crate) fn of(url: &Url, settings: &OutboundSettings, loopback: Loopback) -> Result<Self, Problem> {
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Problem::Url("it has a user or a fragment"));
        }
        let host = url.host().ok_or(Problem::Url("it names no host"))?;
        let port = url.port_or_known_default().ok_or(Problem::Url("it is not https"))?;
        let is_secure = url.scheme() == "https";
        if loopback == Loopback::Allowed && is_loopback(&host) && (is_secure || url.scheme() == "http") {
            return Ok(Self { is_secure, host: plain(&host), port, reaches: Reaches::Loopback });
        }
        if !is_secure {
            return Err(Problem::Url("it is not https"));
        }
        let Host::Domain(name) = host else {
            return Err(Problem::Url("its host is an address and not a name"));
        };
        if settings.private_hosts.iter().any(|own| *own == format!("{name}:{port}")) {
            return Ok(Self { is_secure, host: name.to_owned(), port, reaches: Reaches::Private });
        }
        if port != 443 {
            return Err(Problem::Url("its port is not 443"));
        }
        let is_own = settings.private_hosts.iter().any(|own| own == name);
        let reaches = if is_own { Reaches::Private } else { Reaches::Public };
        Ok(Self { is_secure, host: name.to_owned(), port, reaches })
    }

    /// The addresses of the name, every one of which has been looked at. One that may not be reached spoils them all: whoever
    /// mixes them means harm.
    pub(crate) async fn addresses(&self) -> Result<Vec<SocketAddr>, Problem> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|_| Problem::NoAddress)?.take(MOST_ADDRESSES).collect();
        if addresses.is_empty() {
            return Err(Problem::NoAddress);
        }
        let may_be_reached = |address: &SocketAddr| self.may_be(address.ip());
        if addresses.iter().all(may_be_reached) { Ok(addresses) } else { Err(Problem::AddressNotAllowed) }
    }

    fn may_be(&self, address: IpAddr) -> bool {
        matches!(
            (self.reaches, neighbourhood(address)),
            (Reaches::Public | Reaches::Private, Neighbourhood::Public)
                | (Reaches::Private, Neighbourhood::Private)
                | (Reaches::Loopback, Neighbourhood::Loopback)
        )
    }
}

/// The host as a resolver takes it, without brackets.
fn plain(host: &Host<&str>) -> String {
    match host {
        Host::Ipv6(address) => address.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, private: &[&str], loopback: Loopback) -> Result<Target, Problem> {
        let private_hosts = private.iter().map(|&host| host.to_owned()).collect();
        Target::of(
            &url.parse().expect("a URL"),
            &OutboundSettings { private_hosts, authorities: None },
            loopback,
        )
    }

    #[test]
    fn only_https_to_a_name_at_its_own_port_is_fetched() {
        assert!(of("https://agents.example/a.json", &[], Loopback::Refused).is_ok());
        for url in [
            "http://agents.example/a.json",
            "ftp://agents.example/a.json",
            "file:///etc/passwd",
            "data:application/json,{}",
            "https://agents.example:8443/a.json",
            "https://user@agents.example/a.json",
            "https://:word@agents.example/a.json",
            "https://agents.example/a.json#b",
            "https://127.0.0.1/a.json",
            "https://2130706433/a.json",
            "https://0x7f.1/a.json",
            "https://93.184.216.34/a.json",
            "https://[::1]/a.json",
            "https://[2606:4700::1]/a.json",
            "http://localhost/a.json",
            "http://localhost:8080/a.json",
        ] {
            assert!(matches!(of(url, &[], Loopback::Refused), Err(Problem::Url(_))), "{url}");
        }
    }

    #[test]
    fn a_private_address_is_for_hosts_that_the_configuration_names() {
        let private = "10.1.2.3".parse().expect("an address");
        let public = "93.184.216.34".parse().expect("an address");
        let metadata = "169.254.169.254".parse().expect("an address");
        let loopback = "127.0.0.1".parse().expect("an address");
        let named = of("https://agents.corp/a.json", &["agents.corp"], Loopback::Refused).expect("fetched");
        assert!(named.may_be(private) && named.may_be(public));
        assert!(!named.may_be(metadata) && !named.may_be(loopback));
        let other = of("https://other.corp/a.json", &["agents.corp"], Loopback::Refused).expect("fetched");
        assert!(other.may_be(public) && !other.may_be(private) && !other.may_be(loopback));
        let port = "https://agents.corp:8443/a.json";
        assert!(of(port, &["agents.corp"], Loopback::Refused).is_err());
        assert!(of(port, &["agents.corp:8443"], Loopback::Refused).expect("fetched").may_be(private));
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_leads_nowhere() {
        let target = of("https://localhost/a.json", &[], Loopback::Refused).expect("a name like any other");
        assert_eq!(target.addresses().await, Err(Problem::AddressNotAllowed));
        let named = of("https://localhost/a.json", &["localhost"], Loopback::Refused).expect("a name");
        assert_eq!(named.addresses().await, Err(Problem::AddressNotAllowed), "not even where it is named");
        let tried_out = of("http://localhost:8080/a.json", &[], Loopback::Allowed).expect("for development");
        assert!(tried_out.addresses().await.is_ok());
    }
}
