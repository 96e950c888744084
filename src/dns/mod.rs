//! DNS: what other rooms ask of it, and the resolver that answers.
//!
//! Every answer says whether DNSSEC vouches for it, and every failure whether asking again may help. Names are given
//! and told in ASCII (A-labels), without the last dot.
//!
//! Never decides what an answer means for a message.

#[cfg(test)]
pub mod fake;
mod hickory;
mod settings;

use std::net::IpAddr;
use std::pin::Pin;

pub use hickory::Hickory;
pub use settings::DnsSettings;

/// A lookup under way.
pub type Lookup<'a, T> = Pin<Box<dyn Future<Output = Result<Answer<T>, Fault>> + Send + 'a>>;

/// Asks the DNS.
pub trait Resolver: Send + Sync {
    /// The mail exchangers of a domain, as they come (RFC 5321 §5.1).
    fn mx<'a>(&'a self, domain: &'a str) -> Lookup<'a, Mx>;

    /// The addresses of a host of one family (A or AAAA).
    fn addresses<'a>(&'a self, host: &'a str, family: Family) -> Lookup<'a, IpAddr>;

    /// The texts at a name, the strings of each record joined (RFC 7208 §3.3).
    fn txt<'a>(&'a self, name: &'a str) -> Lookup<'a, Vec<u8>>;

    /// The certificate associations at a name (RFC 6698), as `_25._tcp.mx.example.test`.
    fn tlsa<'a>(&'a self, name: &'a str) -> Lookup<'a, Tlsa>;

    /// The names of an address.
    fn ptr(&self, address: IpAddr) -> Lookup<'_, String>;
}

/// What the DNS holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The records; at least one.
    pub records: Vec<T>,
    /// The name that has them, once all CNAMEs are followed.
    pub canonical: String,
    /// Has DNSSEC validated all of it, CNAMEs included?
    pub secure: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such name.
    NoName,
    /// The name has no such records.
    NoData,
    /// The signatures are wrong: somebody forges the answer, or the zone is broken (RFC 4035 §5.5).
    Bogus,
    /// No answer now, and why. It may come later.
    Temporary(String),
}

impl Fault {
    /// Does the DNS say for sure that there is nothing?
    pub fn is_absence(&self) -> bool {
        matches!(self, Fault::NoName | Fault::NoData)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::NoName => f.write_str("there is no such name"),
            Fault::NoData => f.write_str("the name has no such records"),
            Fault::Bogus => f.write_str("its DNSSEC signatures are wrong"),
            Fault::Temporary(why) => f.write_str(why),
        }
    }
}

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4, A records.
    V4,
    /// IPv6, AAAA records.
    V6,
}

/// One mail exchanger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mx {
    /// The lower, the earlier.
    pub preference: u16,
    /// The host's name; empty in a null MX (RFC 7505).
    pub host: String,
}

/// One certificate association (RFC 6698 §2.1), its numbers as they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// Certificate usage: 2 is DANE-TA, 3 is DANE-EE.
    pub usage: u8,
    /// Selector: 0 is the certificate, 1 its public key.
    pub selector: u8,
    /// Matching type: 0 is the whole, 1 SHA-256, 2 SHA-512.
    pub matching: u8,
    /// What must match.
    pub data: Vec<u8>,
}
