//! Addresses and networks. All are numbers of 128 bits: those of IPv4 as IPv6 maps them (RFC 4291 §2.5.5.2). Pure.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use mailstead_storage::{Error, Word};

/// Where the addresses of IPv4 stand.
const IPV4: u128 = 0xffff << 32;
/// Bits that come before an address of IPv4.
const IPV4_PREFIX: u8 = 96;
/// Bits of an IPv6 address that tell one customer from another (RFC 6177).
const CUSTOMER_PREFIX: u8 = 64;

/// Who is counted as one: an address of IPv4, or a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(u128);

/// A network: all addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    base: u128,
    prefix: u8,
}

impl Origin {
    /// Whose address this is.
    pub fn of(ip: IpAddr) -> Origin {
        let bits = bits_of(ip);
        Origin(if is_ipv4(bits) { bits } else { bits & mask(CUSTOMER_PREFIX) })
    }

    /// The first of its addresses.
    pub fn first(self) -> IpAddr {
        address(self.0)
    }

    pub(super) fn key(self) -> u128 {
        self.0
    }

    /// The network of exactly its addresses.
    pub fn network(self) -> Network {
        Network { base: self.0, prefix: if is_ipv4(self.0) { 128 } else { CUSTOMER_PREFIX } }
    }

    /// This machine? Of IPv6 it is the /64 of `::1`, which nobody else can have.
    pub(super) fn is_loopback(self) -> bool {
        self.0 == 0 || self.first().is_loopback()
    }

    /// A private network (RFC 1918, RFC 4193), or one link (RFC 3927, RFC 4291)?
    pub(super) fn is_private(self) -> bool {
        match self.first() {
            IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        }
    }
}

impl Network {
    /// The network of this address that has so many leading bits, counted as IPv6 counts them.
    fn around(base: u128, prefix: u8) -> Network {
        Network { base: base & mask(prefix), prefix }
    }

    pub(super) fn enclosing(origin: Origin, prefix: u8) -> Network {
        Network::around(origin.0, prefix)
    }

    pub(super) fn prefix(self) -> u8 {
        self.prefix
    }

    /// Does it hold this address?
    pub fn contains(self, origin: Origin) -> bool {
        Network::enclosing(origin, self.prefix) == self
    }

    /// As it is, or the whole /64 of a part of one.
    fn of_customers(self) -> Network {
        match is_ipv4(self.base) || self.prefix <= CUSTOMER_PREFIX {
            true => self,
            false => Network::around(self.base, CUSTOMER_PREFIX),
        }
    }
}

fn bits_of(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn address(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical()
}

fn is_ipv4(bits: u128) -> bool {
    bits >> 32 == IPV4 >> 32
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or_default()
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network().fmt(f)
    }
}

impl fmt::Display for Network {
    /// `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ipv4 = is_ipv4(self.base) && self.prefix >= IPV4_PREFIX;
        match self.prefix {
            128 => address(self.base).fmt(f),
            prefix if is_ipv4 => write!(f, "{}/{}", address(self.base), prefix - IPV4_PREFIX),
            prefix => write!(f, "{}/{prefix}", Ipv6Addr::from_bits(self.base)),
        }
    }
}

impl FromStr for Network {
    type Err = Error;

    /// An address, or an address and the number of its leading bits (RFC 4632 §3.1); the other bits may be anything. A
    /// part of a /64 of IPv6 stands for all of it.
    fn from_str(text: &str) -> Result<Network, Error> {
        let wrong = || {
            let message = format!("{text:?} is no network; write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32");
            Error::new(Word::Invalid, message)
        };
        let (ip, length) = text.trim().split_once('/').map_or((text.trim(), None), |(ip, length)| (ip, Some(length)));
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let before = if ip.is_ipv4() { IPV4_PREFIX } else { 0 };
        let is_number = |length: &str| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match length {
            None => 128,
            Some(length) if is_number(length) => {
                let length: u8 = length.parse().map_err(|_| wrong())?;
                length.checked_add(before).filter(|prefix| *prefix <= 128).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        Ok(Network::around(bits_of(ip), prefix).of_customers())
    }
}

impl FromStr for Origin {
    type Err = Error;

    /// As it is displayed: an address, or a /64 of IPv6. A whole address of IPv6 stands for its /64.
    fn from_str(text: &str) -> Result<Origin, Error> {
        let network: Network = text.parse()?;
        let origin = Origin(network.base);
        match network == origin.network() {
            true => Ok(origin),
            false => Err(Error::new(Word::Invalid, format!("{text:?} is more than one address"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(ip: &str) -> Origin {
        Origin::of(ip.parse().expect("an address"))
    }

    #[test]
    fn networks_are_read_and_written() {
        let check = |text: &str, expected: &str| {
            let told = text.parse::<Network>().map_or_else(|_| "wrong".into(), |network| network.to_string());
            assert_eq!(told, expected, "{text}");
        };
        check("192.0.2.1", "192.0.2.1");
        check(" 192.0.2.1/32 ", "192.0.2.1");
        check("192.0.2.77/24", "192.0.2.0/24");
        check("0.0.0.0/0", "0.0.0.0/0");
        check("2001:db8:1:2:3::4", "2001:db8:1:2::/64");
        check("2001:db8:1:2::/48", "2001:db8:1::/48");
        check("2001:db8:1:2:3::4/64", "2001:db8:1:2::/64");
        check("::/0", "::/0");
        check("::ffff:192.0.2.1", "192.0.2.1");
        for wrong in
            ["", "x", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/+8", "::/129", "::/1/2", "1.2.3.4/256"]
        {
            check(wrong, "wrong");
        }
    }

    #[test]
    fn a_network_holds_its_addresses() {
        let check = |network: &str, ip: &str, expected: bool| {
            let network: Network = network.parse().expect("a network");
            assert_eq!(network.contains(origin(ip)), expected, "{network} {ip}");
        };
        check("192.0.2.0/24", "192.0.2.255", true);
        check("192.0.2.0/24", "192.0.3.0", false);
        check("192.0.2.0/24", "::ffff:192.0.2.9", true);
        check("0.0.0.0/0", "192.0.2.1", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("::/0", "192.0.2.1", true);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::5", "2001:db8::6", true);
        check("2001:db8::5", "2001:db8:0:1::5", false);
    }

    #[test]
    fn who_is_one() {
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:0:0:9"));
        assert_ne!(origin("2001:db8:0:1::1"), origin("2001:db8::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_eq!(origin("2001:db8::1").to_string(), "2001:db8::/64");
        assert_eq!("2001:db8::7".parse(), Ok(origin("2001:db8::1")));
        assert!("192.0.2.0/24".parse::<Origin>().is_err());
        for (ip, loopback, private) in [
            ("127.0.0.1", true, false),
            ("127.9.9.9", true, false),
            ("::1", true, false),
            ("10.1.2.3", false, true),
            ("172.31.0.1", false, true),
            ("192.168.1.1", false, true),
            ("169.254.1.1", false, true),
            ("fd00::1", false, true),
            ("fe80::1", false, true),
            ("192.0.2.1", false, false),
            ("2001:db8::1", false, false),
        ] {
            assert_eq!((origin(ip).is_loopback(), origin(ip).is_private()), (loopback, private), "{ip}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(base in any::<u128>(), v4 in any::<bool>(), prefix in 0u8..=128) {
            let (base, prefix) =
                if v4 { (IPV4 | base >> 96, prefix.max(IPV4_PREFIX)) } else { (base, prefix.min(CUSTOMER_PREFIX)) };
            let network = Network::around(base, prefix);
            prop_assert_eq!(network.to_string().parse(), Ok(network));
            let origin = Origin::of(address(base));
            prop_assert!(network.contains(origin));
            prop_assert!(origin.network().contains(origin));
            prop_assert_eq!(origin.to_string().parse(), Ok(origin));
        }

        #[test]
        fn no_text_does_harm(text in "[0-9a-f:./+ x]{0,60}") {
            if let Ok(network) = text.parse::<Network>() {
                prop_assert_eq!(network.to_string().parse(), Ok(network));
            }
        }
    }
}
