//! The settings of authenticity.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is done with one kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing is checked.
    Off,
    /// The result stands in the header; nothing else follows from it.
    Mark,
    /// What fails is refused, or goes to Junk.
    Obey,
}

crate::settings! {
    /// Whether mail is from whom it says: checks of what comes in, signatures and reports on what goes out.
    pub struct AuthenticitySettings {
        /// Does the client's address have a name that leads back to it? "off", "mark" (say so in the header), or "obey"
        /// (refuse if not).
        iprev: Mode = Mode::Mark, "";
        /// SPF, may the client send for the reverse-path: "off", "mark", or "obey" (refuse on fail). DMARC needs it.
        spf: Mode = Mode::Mark, "";
        /// DKIM signatures: "off", "mark", or "obey" (refuse when there are some and none is good). DMARC needs it.
        dkim: Mode = Mode::Mark, "";
        /// The chain of those that passed the message on (ARC): "off" or "mark".
        arc: Mode = Mode::Mark, "";
        /// DMARC, what the domain of From asks for: "off", "mark", or "obey" (refuse, or deliver to Junk).
        dmarc: Mode = Mode::Obey, "";
        /// Networks whose mail is not checked.
        trusted: Vec<Network> = vec![Network::of([127, 0, 0, 0], 8), Network::loopback()], "address/bits";
        /// What the DNS has not answered in this time after a message's end counts as a temporary fault of its own.
        check_seconds_max: u64 = 15, "seconds";
        /// Most DKIM signatures of a message that are checked.
        signatures_max: usize = 10, "signatures";
        /// Memory for messages that wait for their checks, all together. What finds no room is checked by SPF alone.
        held_bytes_max: usize = 128 << 20, "bytes";
        /// Sign outgoing mail of the domains that have keys.
        sign: bool = true, "";
        /// Count what DMARC found, and send a report to the domains that ask for it, once a day.
        dmarc_reports: bool = false, "";
        /// Count how TLS went with other servers, and send a report to the domains that ask for it, once a day.
        tls_reports: bool = false, "";
    }
}

impl AuthenticitySettings {
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.check_seconds_max)
    }

    /// Is mail from this address checked?
    pub(super) fn concerns(&self, client: IpAddr) -> bool {
        let modes = [self.iprev, self.spf, self.dkim, self.arc, self.dmarc];
        let client = client.to_canonical();
        modes.iter().any(|mode| *mode != Mode::Off) && !self.trusted.iter().any(|network| network.holds(client))
    }
}

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn of(address: [u8; 4], bits: u8) -> Network {
        Network { address: address.into(), bits }
    }

    fn loopback() -> Network {
        Network { address: std::net::Ipv6Addr::LOCALHOST.into(), bits: 128 }
    }

    /// Is the address in it?
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Network, String> {
        let wrong = || format!("{text:?} is not a network; write it like 192.0.2.0/24 or 2001:db8::/32");
        let (address, bits) =
            text.split_once('/').map_or((text.as_str(), None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        format!("{}/{}", network.address, network.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let check = |network: &str, address: &str, expected: Result<bool, ()>| {
            let found = Network::try_from(network.to_owned()).map_err(|_| ());
            let address = address.parse().expect("an address");
            assert_eq!(found.map(|network| network.holds(address)), expected, "{network} {address}");
        };
        check("192.0.2.0/24", "192.0.2.255", Ok(true));
        check("192.0.2.0/24", "192.0.3.0", Ok(false));
        check("192.0.2.1", "192.0.2.1", Ok(true));
        check("192.0.2.1", "192.0.2.0", Ok(false));
        check("0.0.0.0/0", "8.8.8.8", Ok(true));
        check("0.0.0.0/0", "::1", Ok(false));
        check("2001:db8::/32", "2001:db8:ffff::1", Ok(true));
        check("2001:db8::/32", "2001:db9::", Ok(false));
        for wrong in ["", "x/8", "1.2.3.4/33", "::/129", "1.2.3.4/-1"] {
            check(wrong, "::", Err(()));
        }
    }
}
