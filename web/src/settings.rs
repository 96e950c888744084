//! The settings of the web service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mailstead_core::people::Lifetime;

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
        /// Addresses that may read `/metrics` without a token.
        metrics_from: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()], "addresses";
    }
}

impl WebSettings {
    /// How long a web session lives.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime {
            idle_seconds: u64::from(self.session_idle_minutes) * 60,
            seconds: u64::from(self.session_hours) * 60 * 60,
        }
    }
}
