//! The settings of one POP3 service. The same group is read for `[pop3]` and `[pop3s]`; only the
//! default of `listen` differs.

use std::net::SocketAddr;
use std::time::Duration;

use super::Service;
use crate::net::everywhere;
use crate::people::PlaintextAuth;

crate::settings! {
    /// One POP3 service.
    pub struct Pop3Settings {
        /// Addresses and ports to listen on.
        listen: Vec<SocketAddr> = everywhere(110), "address:port";
        /// From where USER, PLAIN and LOGIN are allowed without TLS: "never", "loopback" (this machine) or "always".
        plaintext_auth: PlaintextAuth = PlaintextAuth::Loopback, "";
        /// Longest command line, its end included (RFC 2449 §4 asks for 255). AUTH has a limit of its own (RFC 5034 §4).
        command_bytes_max: usize = 512, "bytes";
        /// The session is closed after so many bad commands.
        errors_max: u32 = 20, "commands";
        /// The session is closed after so many wrong passwords.
        auth_failures_max: u32 = 3, "attempts";
        /// How long to wait for the next command (RFC 1939 §3 asks for 600 at least).
        idle_seconds_max: u64 = 600, "seconds";
        /// Most messages that one session shows; the newer ones show when older ones are gone.
        messages_max: usize = 250_000, "messages";
    }
}

impl Pop3Settings {
    /// The defaults of this service.
    pub fn of(service: Service) -> Pop3Settings {
        let port = match service {
            Service::Pop3 => 110,
            Service::Pop3s => 995,
        };
        Pop3Settings { listen: everywhere(port), ..Pop3Settings::default() }
    }

    /// Patience with commands.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.idle_seconds_max)
    }
}
