use std::net::{IpAddr, SocketAddr};

use oauth::configuration::{AddressRange, OutboundSettings};
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
    /// Where else on the company's own network.
    ranges: Vec<AddressRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaches {
    /// The Internet.
    Public,
    /// The Internet, or the company's own network.
    Private,
    /// What lies in the ranges, and nothing else.
    Ranges,
    /// This machine, where documents are tried out.
    Loopback,
}

impl Target {
    /// Where the URL of a document leads, which a stranger may have named, if it may be fetched at all.
    pub(crate) fn of_document(
        url: &Url,
        settings: &OutboundSettings,
        loopback: Loopback,
    ) -> Result<Self, Problem> {
        Self::within(&[], url, settings, loopback)
    }

    /// Where an endpoint is that the configuration names, if it may be told anything at all.
    pub(crate) fn of_endpoint(
        url: &Url,
        settings: &OutboundSettings,
        loopback: Loopback,
    ) -> Result<Self, Problem> {
        Self::within(&settings.private_ranges, url, settings, loopback)
    }

    fn within(
        ranges: &[AddressRange],
        url: &Url,
        settings: &OutboundSettings,
        loopback: Loopback,
    ) -> Result<Self, Problem> {
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Problem::Url("it has a user or a fragment"));
        }
        let host = url.host().ok_or(Problem::Url("it names no host"))?;
        let port = url.port_or_known_default().ok_or(Problem::Url("it is not https"))?;
        let is_secure = url.scheme() == "https";
        let leads = |host: String, reaches| Self { is_secure, host, port, reaches, ranges: ranges.to_vec() };
        if loopback == Loopback::Allowed && is_loopback(&host) && (is_secure || url.scheme() == "http") {
            return Ok(leads(plain(&host), Reaches::Loopback));
        }
        if !is_secure {
            return Err(Problem::Url("it is not https"));
        }
        let Host::Domain(name) = host else {
            return Err(Problem::Url("its host is an address and not a name"));
        };
        if settings.private_hosts.iter().any(|own| *own == format!("{name}:{port}")) {
            return Ok(leads(name.to_owned(), Reaches::Private));
        }
        let is_own = settings.private_hosts.iter().any(|own| own == name);
        let reaches = match (port, is_own) {
            (443, true) => Reaches::Private,
            (443, false) => Reaches::Public,
            _ if ranges.is_empty() => return Err(Problem::Url("its port is not 443")),
            _ => Reaches::Ranges,
        };
        Ok(leads(name.to_owned(), reaches))
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
        match neighbourhood(address) {
            Neighbourhood::Public => matches!(self.reaches, Reaches::Public | Reaches::Private),
            Neighbourhood::Private => {
                self.reaches == Reaches::Private || self.ranges.iter().any(|range| range.contains(address))
            }
            Neighbourhood::Loopback => self.reaches == Reaches::Loopback,
            // Whatever ranges are named: a cloud's metadata service is no client.
            Neighbourhood::Nowhere => false,
        }
    }
}

/// Why nothing is ever told at an endpoint, as far as its URL says it; `None` where its addresses decide.
pub fn endpoint_problem(url: &Url, settings: &OutboundSettings, loopback: Loopback) -> Option<Problem> {
    Target::of_endpoint(url, settings, loopback).err()
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
        let settings = OutboundSettings { private_hosts, ..OutboundSettings::default() };
        Target::of_document(&url.parse().expect("a URL"), &settings, loopback)
    }

    /// Private ranges, in the configuration of somebody who named too much.
    fn with_ranges(ranges: &[&str]) -> OutboundSettings {
        let private_ranges = ranges.iter().map(|text| AddressRange::parse(text).expect("a range")).collect();
        OutboundSettings { private_ranges, ..OutboundSettings::default() }
    }

    fn endpoint(url: &str, settings: &OutboundSettings) -> Result<Target, Problem> {
        Target::of_endpoint(&url.parse().expect("a URL"), settings, Loopback::Refused)
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

    #[test]
    fn an_endpoint_of_a_client_may_lie_in_a_range_that_the_configuration_names_and_a_document_may_not() {
        let settings = with_ranges(&["10.20.0.0/16", "fd12:3456::/32"]);
        let told = endpoint("https://agents.corp/told", &settings).expect("told");
        let document = Target::of_document(
            &"https://agents.corp/a.json".parse().expect("a URL"),
            &settings,
            Loopback::Refused,
        );
        let document = document.expect("fetched, from the Internet");
        for (address, may_be) in [
            ("10.20.3.4", true),
            ("fd12:3456::7", true),
            ("93.184.216.34", true),
            ("10.21.0.1", false),
            ("192.168.1.1", false),
            ("fd12:3457::7", false),
            ("::ffff:10.20.3.4", false),
            ("64:ff9b::a14:304", false),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(told.may_be(address), may_be, "{address}");
            let is_public = neighbourhood(address) == Neighbourhood::Public;
            assert_eq!(document.may_be(address), is_public, "{address}");
        }
    }

    #[test]
    fn an_endpoint_at_another_port_lies_in_a_range_or_nowhere() {
        let elsewhere = "https://agents.corp:8443/told";
        assert!(endpoint(elsewhere, &OutboundSettings::default()).is_err());
        let told = endpoint(elsewhere, &with_ranges(&["10.20.0.0/16"])).expect("told");
        assert!(told.may_be("10.20.3.4".parse().expect("an address")));
        assert!(!told.may_be("93.184.216.34".parse().expect("an address")));
    }

    /// Such a range is refused when it is applied; what is in force goes by this all the same.
    #[test]
    fn no_range_makes_this_machine_or_a_clouds_metadata_service_an_endpoint() {
        let all =
            with_ranges(&["0.0.0.0/0", "::/0", "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"]);
        for url in ["https://agents.corp/told", "https://agents.corp:8443/told"] {
            let told = endpoint(url, &all).expect("told");
            for address in [
                "127.0.0.1",
                "::1",
                "0.0.0.0",
                "::",
                "169.254.169.254",
                "169.254.170.2",
                "fd00:ec2::254",
                "fe80::1",
                "fec0::1",
                "224.0.0.1",
                "ff02::1",
                "::ffff:127.0.0.1",
                "::ffff:169.254.169.254",
                "64:ff9b::a9fe:a9fe",
                "2002:7f00:1::",
            ] {
                assert!(!told.may_be(address.parse().expect("an address")), "{address} of {url}");
            }
            assert!(told.may_be("10.1.2.3".parse().expect("an address")));
        }
        assert!(endpoint("https://10.1.2.3/told", &all).is_err(), "a name is what a certificate is for");
        assert!(endpoint("http://agents.corp/told", &all).is_err());
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
