//! Settings of the services `imap` and `imaps`.

use std::net::{Ipv6Addr, SocketAddr};

use crate::people::PlaintextAuth;

crate::settings! {
    /// IMAP with STARTTLS, and what both IMAP services share.
    pub struct ImapSettings {
        /// Addresses to listen on.
        listen: Vec<SocketAddr> = vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, 143))], "";
        /// Where passwords may travel without TLS: never, loopback or always.
        plaintext_auth: PlaintextAuth = PlaintextAuth::Loopback, "";
        /// A client that has not logged in is disconnected after this time without a byte.
        login_seconds_max: u64 = 120, "seconds";
        /// A client that has logged in is disconnected after this time without a command (RFC 3501 asks for at least 30 minutes).
        silent_seconds_max: u64 = 1860, "seconds";
        /// IDLE ends with a disconnect after this time (RFC 2177 lets clients renew it every 29 minutes).
        idle_seconds_max: u64 = 1860, "seconds";
        /// Largest literal of a command, a message's own bytes apart.
        literal_bytes_max: usize = 64 << 10, "bytes";
        /// Commands that cannot be understood, in a row, before the client is disconnected.
        bad_commands_max: u32 = 20, "commands";
        /// Logins that fail before the client is disconnected.
        failed_logins_max: u32 = 3, "logins";
        /// Messages that FETCH reads from storage at once.
        fetch_chunk: usize = 256, "messages";
    }
}

crate::settings! {
    /// IMAP with TLS from the first byte. Everything else is as in `[imap]`.
    pub struct ImapsSettings {
        /// Addresses to listen on.
        listen: Vec<SocketAddr> = vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, 993))], "";
    }
}
