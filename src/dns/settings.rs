//! The settings of the DNS.

use std::net::SocketAddr;
use std::path::PathBuf;

crate::settings! {
    /// The DNS: where other servers' addresses, keys and policies are looked up.
    pub struct DnsSettings {
        /// The DNS servers that are asked. Empty: those of the machine (/etc/resolv.conf).
        servers: Vec<SocketAddr> = Vec::new(), "address:port";
        /// Check DNSSEC signatures, which DANE needs. The DNS servers must pass them on; set to false where they do not.
        dnssec: bool = true, "";
        /// A file of DNSKEY records that is trusted instead of the root's keys. Empty: the root's.
        trust_anchor: PathBuf = PathBuf::new(), "";
        /// Answers that are kept in memory at most.
        cache_answers_max: u64 = 16_384, "answers";
        /// How long to wait for a DNS server before the next is asked.
        timeout_seconds: u64 = 5, "seconds";
    }
}
