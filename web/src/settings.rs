//! The settings of the web service.

use std::net::{Ipv4Addr, SocketAddr};

mailstead_core::settings! {
    /// The status page, later the console.
    pub struct WebSettings {
        /// Addresses to listen on. Plain HTTP: keep it on loopback or put a proxy with TLS in front.
        listen: Vec<SocketAddr> = vec![(Ipv4Addr::LOCALHOST, 8080).into()], "address:port";
        /// Most connections at once; further ones wait.
        connections_max: u32 = 512, "connections";
    }
}
