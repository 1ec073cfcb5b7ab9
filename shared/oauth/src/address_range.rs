use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A range of addresses, as `10.20.0.0/16` (RFC 4632, section 3.1) or `fd12:3456::/32` (RFC 4291, section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange {
    first: IpAddr,
    length: u8,
}

impl AddressRange {
    /// Reads one. Its text begins with its first address: `10.20.3.4/16` says two things, and is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, digits) = text.split_once('/')?;
        let (first, length): (IpAddr, u8) = (first.parse().ok()?, digits.parse().ok()?);
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let range = Self { first, length };
        let is_plain = digits == length.to_string() && length <= longest;
        (is_plain && bits(first) & !range.mask() == 0).then_some(range)
    }

    /// Whether an address lies in it. One of the other family never does, be it mapped or not.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && bits(address) & self.mask() == bits(self.first)
    }

    /// Its first address.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Its last address.
    pub fn last(&self) -> IpAddr {
        let last = bits(self.first) | !self.mask();
        match self.first {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits((last >> 96) as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(last)),
        }
    }

    fn mask(&self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0)
    }
}

/// An address as it is compared: of both families the highest bit is the first.
const fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => (address.to_bits() as u128) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.length)
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for AddressRange {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a range of addresses")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> AddressRange {
        AddressRange::parse(text).expect("a range")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_range_holds_its_first_address_its_last_and_none_beside_them() {
        for (text, last, before, after) in [
            ("10.20.0.0/16", "10.20.255.255", "10.19.255.255", "10.21.0.0"),
            ("192.168.7.4/30", "192.168.7.7", "192.168.7.3", "192.168.7.8"),
            ("10.0.0.7/32", "10.0.0.7", "10.0.0.6", "10.0.0.8"),
            ("fd12:3456::/32", "fd12:3456:ffff:ffff:ffff:ffff:ffff:ffff", "fd12:3455:ffff::", "fd12:3457::"),
            ("fd00::1/128", "fd00::1", "fd00::", "fd00::2"),
        ] {
            let range = range(text);
            assert_eq!(range.last(), address(last), "{text}");
            assert!(range.contains(range.first()) && range.contains(range.last()), "{text}");
            assert!(!range.contains(address(before)) && !range.contains(address(after)), "{text}");
            assert_eq!(range.to_string(), text);
        }
        assert!(range("0.0.0.0/0").contains(address("255.255.255.255")));
        assert!(range("::/0").contains(address("ffff::")));
    }

    #[test]
    fn what_says_no_range_or_two_things_at_once_is_none() {
        for wrong in [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/8/8",
            "10.0.0.1/8",
            "10.0/16",
            "010.0.0.0/8",
            "10.0.0.0 /8",
            "10.0.0.0/256",
            "fd00::/129",
            "fd00::1/64",
            "[fd00::]/64",
            "fd00::%1/64",
            "agents.corp/8",
        ] {
            assert_eq!(AddressRange::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_address_of_the_other_family_lies_in_none() {
        assert!(!range("10.0.0.0/8").contains(address("::ffff:10.0.0.1")));
        assert!(!range("::/0").contains(address("10.0.0.1")));
        assert!(!range("0.0.0.0/0").contains(address("::")));
    }

    proptest! {
        #[test]
        fn a_range_reads_as_it_was_written(one: u32, length in 0_u8..=32) {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            let text = format!("{}/{length}", Ipv4Addr::from_bits(one & mask));
            let read = range(&text);
            prop_assert_eq!(read.to_string(), text.clone());
            let kept = serde_json::to_string(&read).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<AddressRange>(&kept).expect("the same"), read);
            prop_assert!(read.contains(IpAddr::V4(Ipv4Addr::from_bits(one))));
        }
    }
}
