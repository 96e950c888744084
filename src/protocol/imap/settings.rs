//! The settings of one IMAP service. The same group is read for `[imap]` and `[imaps]`; only the
//! default of the first key differs.

use std::net::SocketAddr;

use super::Service;
use crate::net::everywhere;
use crate::people::PlaintextAuth;

crate::settings! {
    /// One IMAP service.
    pub struct ImapSettings {
        /// Addresses and ports to listen on.
        listen: Vec<SocketAddr> = everywhere(143), "address:port";
        /// From where passwords are taken without TLS: "never", "loopback" (this machine) or "always".
        plaintext_auth: PlaintextAuth = PlaintextAuth::Loopback, "";
        /// A client that has not logged in is disconnected after this time without a byte.
        login_seconds_max: u64 = 120, "seconds";
        /// A client that has logged in is disconnected after this time without a byte (RFC 3501: 30 minutes at least).
        silent_seconds_max: u64 = 1860, "seconds";
        /// IDLE ends with a disconnect after this time (RFC 2177 lets clients renew it every 29 minutes).
        idle_seconds_max: u64 = 1860, "seconds";
        /// Largest literal of a command; a message's own bytes have the message limit.
        literal_bytes_max: usize = 64 << 10, "bytes";
        /// The session is closed after so many commands in a row that cannot be understood.
        bad_commands_max: u32 = 20, "commands";
        /// The session is closed after so many wrong passwords.
        failed_logins_max: u32 = 3, "attempts";
        /// Addresses of submission servers' accounts: they may fetch what URLs made for submission name (RFC 4467).
        url_submitters: Vec<String> = Vec::new(), "";
        /// Messages that FETCH reads from storage at once.
        fetch_chunk: usize = 256, "messages";
    }
}

impl ImapSettings {
    /// The defaults of this service.
    pub fn of(service: Service) -> ImapSettings {
        let port = match service {
            Service::Imap => 143,
            Service::Imaps => 993,
        };
        ImapSettings { listen: everywhere(port), ..ImapSettings::default() }
    }
}
