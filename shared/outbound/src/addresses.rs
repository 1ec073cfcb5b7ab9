use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address lies, as far as it matters to who may be sent there (the registries of RFC 6890).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbourhood {
    /// On the Internet.
    Public,
    /// On a company's own network: RFC 1918, RFC 6598, RFC 4193.
    Private,
    /// This machine itself.
    Loopback,
    /// Nowhere that a document could be: link-local (where clouds have their metadata services), multicast, documentation,
    /// and every form that carries an IPv4 address inside it, behind which anything could be.
    Nowhere,
}

/// Where an address lies.
pub fn neighbourhood(address: IpAddr) -> Neighbourhood {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

fn of_v4(address: Ipv4Addr) -> Neighbourhood {
    match address.octets() {
        [127, ..] => Neighbourhood::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Neighbourhood::Private,
        // This network, multicast and all that is reserved; link-local; IETF assignments and documentation; the anycast relay of
        // 6to4; benchmarks; documentation.
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Neighbourhood::Nowhere,
        _ => Neighbourhood::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Neighbourhood {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Neighbourhood::Loopback,
        // A cloud's metadata service and its neighbours; IETF assignments, Teredo among them; documentation; 6to4.
        [0xfd00, 0x0ec2, ..]
        | [0x2001, 0..=0x01ff | 0x0db8, ..]
        | [0x2002, ..]
        | [0x3fff, 0..=0x0fff, ..] => Neighbourhood::Nowhere,
        [0xfc00..=0xfdff, ..] => Neighbourhood::Private,
        // Global unicast (RFC 4291, section 2.4). All else is special: mapped, compatible and translated IPv4 among it.
        [0x2000..=0x3fff, ..] => Neighbourhood::Public,
        _ => Neighbourhood::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Neighbourhood {
        neighbourhood(text.parse().expect("an address"))
    }

    #[test]
    fn the_internet_is_public_and_nothing_else_is() {
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2606:4700::1",
        ] {
            assert_eq!(of(public), Neighbourhood::Public, "{public}");
        }
        for private in
            ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fdab::1"]
        {
            assert_eq!(of(private), Neighbourhood::Private, "{private}");
        }
        for loopback in ["127.0.0.1", "127.255.0.9", "::1"] {
            assert_eq!(of(loopback), Neighbourhood::Loopback, "{loopback}");
        }
        for nowhere in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "100::1",
        ] {
            assert_eq!(of(nowhere), Neighbourhood::Nowhere, "{nowhere}");
        }
    }

    proptest! {
        /// Whatever stands behind it: mapped (RFC 4291), compatible, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo.
        #[test]
        fn no_form_that_carries_an_ipv4_address_is_ever_reached(inner: u32) {
            let [high, low] = [(inner >> 16) as u16, (inner & 0xffff) as u16];
            for form in [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, 0, 1),
            ] {
                prop_assert_ne!(of_v6(form), Neighbourhood::Public);
                prop_assert_ne!(of_v6(form), Neighbourhood::Private);
            }
        }
    }

    #[test]
    fn what_the_standard_library_calls_special_is_never_public() {
        for first in 0..=u16::MAX {
            let [one, two] = first.to_be_bytes();
            for three in [0, 2, 99, 100, 113] {
                let v4 = Ipv4Addr::new(one, two, three, 1);
                let special = v4.is_private()
                    || v4.is_loopback()
                    || v4.is_link_local()
                    || v4.is_multicast()
                    || v4.is_documentation()
                    || v4.is_unspecified();
                assert!(!special || of_v4(v4) != Neighbourhood::Public, "{v4}");
            }
            for second in [0, 1, 0x0db8, u16::MAX] {
                let v6 = Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 1);
                let special = v6.is_loopback()
                    || v6.is_multicast()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local();
                assert!(!special || of_v6(v6) != Neighbourhood::Public, "{v6}");
            }
        }
    }
}
