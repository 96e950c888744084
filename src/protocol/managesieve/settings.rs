//! The settings of the ManageSieve service.

use std::net::SocketAddr;
use std::time::Duration;

use crate::net::everywhere;
use crate::people::PlaintextAuth;

crate::settings! {
    /// The service by which users edit the rules for their mail.
    pub struct ManageSieveSettings {
        /// Addresses and ports to listen on.
        listen: Vec<SocketAddr> = everywhere(4190), "address:port";
        /// From where PLAIN is allowed without TLS: "never", "loopback" (this machine) or "always".
        plaintext_auth: PlaintextAuth = PlaintextAuth::Loopback, "";
        /// The session is closed after so many bad commands.
        errors_max: u32 = 20, "commands";
        /// The session is closed after so many wrong passwords.
        auth_failures_max: u32 = 3, "attempts";
        /// How long to wait for the next command (RFC 5804 §1.2 asks for 1800 at least, once logged in).
        idle_seconds_max: u64 = 1800, "seconds";
    }
}

impl ManageSieveSettings {
    /// Patience with commands.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.idle_seconds_max)
    }
}
