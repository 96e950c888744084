//! The settings of the web service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use mailstead_core::authenticity::Network;
use mailstead_core::people::Lifetime;
use serde::{Deserialize, Serialize};

/// In which header a proxy tells for whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

mailstead_core::settings! {
    /// The console and the API.
    pub struct WebSettings {
        /// Addresses to listen on. Plain HTTP: keep it on loopback or put a proxy with TLS in front.
        listen: Vec<SocketAddr> = vec![(Ipv4Addr::LOCALHOST, 8080).into()], "address:port";
        /// Addresses to listen on for HTTPS, with the certificate of `[tls]`.
        tls_listen: Vec<SocketAddr> = Vec::new(), "address:port";
        /// Most connections at once on each address; further ones wait.
        connections_max: u32 = 512, "connections";
        /// Who makes no request for so long is signed out.
        session_idle_minutes: u32 = 30, "minutes";
        /// Who signed in so long ago is signed out.
        session_hours: u32 = 12, "hours";
        /// Proxies in front of this service: who asks through one of them is known by the address that it tells.
        trusted_proxies: Vec<Network> = Vec::new(), "address/bits";
        /// The header in which they tell it: "x-forwarded-for" or "forwarded" (RFC 7239). They must not let one pass that
        /// the client has sent.
        proxy_header: ProxyHeader = ProxyHeader::XForwardedFor, "";
        /// A file with the texts of the console in another language, named after it, as de.ftl. `mailstead config texts`
        /// prints the English ones to begin with. Empty: English.
        translation: PathBuf = PathBuf::new(), "";
        /// Addresses that may read `/metrics` without a token.
        metrics_from: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()], "addresses";
    }
}

impl WebSettings {
    /// Is this the address of a proxy that is trusted?
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.holds(address))
    }

    /// How long a web session lives.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime {
            idle_seconds: u64::from(self.session_idle_minutes) * 60,
            seconds: u64::from(self.session_hours) * 60 * 60,
        }
    }
}
