//! The settings of the web service.

mailstead_core::settings! {
    /// The status page, later the console.
    pub struct WebSettings {
        /// Addresses to listen on. Plain HTTP: keep it on loopback or put a proxy with TLS in front.
        listen: Vec<String> = vec!["127.0.0.1:8080".into()], "";
        /// Most connections at once; further ones wait.
        connections_max: u32 = 512, "connections";
    }
}
