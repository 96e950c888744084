//! The settings of the spool and of the way to other servers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::remote::{Preference, Route, TlsRule};

crate::settings! {
    /// The spool: how accepted mail goes on its way.
    pub struct DeliverySettings {
        /// Messages that are worked on at once.
        deliveries_max: usize = 256, "messages";
        /// Waits between the attempts of one message; the last one is used again and again.
        retry_minutes: Vec<u32> = vec![5, 10, 20, 40, 60, 120, 240, 360], "minutes";
        /// The sender is told of a delay after so long.
        delay_notice_hours: u32 = 4, "hours";
        /// A message that could not be delivered for so long is given up.
        give_up_hours: u32 = 120, "hours";
        /// A message that comes back to its sender is returned whole up to this size, beyond it only its header.
        returned_bytes_max: u64 = 50_000, "bytes";
        /// The name that other servers are told (EHLO). Empty: the host name.
        hello: String = String::new(), "";
        /// The port of other servers.
        port: u16 = 25, "";
        /// The addresses of this machine that connections go out from, one of each family at most. Empty: the system's choice.
        source_addresses: Vec<IpAddr> = Vec::new(), "";
        /// Which addresses of other servers are used: "ipv6_first", "ipv4_first", "ipv6_only" or "ipv4_only".
        addresses: Preference = Preference::Ipv6First, "";
        /// The server that takes all mail for elsewhere, as { host = "relay.example:587", user = "u", password = "p",
        /// tls = "verify" }; with port 465, or implicit_tls = true, TLS comes first. An empty host: each
        /// message goes to the mail exchangers of its domain.
        smart_host: Route = Route::default(), "";
        /// Other ways for some domains, as { "example.test" = { tls = "verify" }, ".example.test" = { host = "10.1.2.3" } };
        /// a leading dot means all below it. They may have retry_minutes, delay_notice_hours and give_up_hours of their own.
        domains: BTreeMap<String, Route> = BTreeMap::new(), "";
        /// TLS to other servers: "auto" (DANE and MTA-STS where a domain has them, else any certificate, else none), "require"
        /// (any certificate), "verify" (a certificate that is valid) or "off".
        tls: TlsRule = TlsRule::Auto, "";
        /// Obey DANE (RFC 7672). Needs [dns] dnssec.
        dane: bool = true, "";
        /// Obey MTA-STS (RFC 8461).
        mta_sts: bool = true, "";
        /// The port that MTA-STS policies are fetched from.
        mta_sts_port: u16 = 443, "";
        /// A PEM file of certificates that are trusted beside the public authorities. Empty: none.
        trusted_certificates: PathBuf = PathBuf::new(), "";
        /// Messages on their way to other servers at once.
        remote_deliveries_max: usize = 200, "messages";
        /// Connections to one destination at once.
        destination_connections_max: usize = 10, "connections";
        /// Messages to one destination in a minute; 0 means no limit.
        destination_messages_per_minute_max: u32 = 0, "messages";
        /// A destination that does not answer is left alone for so long, each time twice as long.
        backoff_seconds: u64 = 60, "seconds";
        /// And so long at most.
        backoff_seconds_max: u64 = 3600, "seconds";
        /// A connection that has nothing to do is kept for so long.
        idle_seconds: u64 = 10, "seconds";
        /// Messages on one connection.
        connection_messages_max: u32 = 100, "messages";
        /// Recipients of one transaction (RFC 5321 §4.5.3.1.8 asks servers to take 100).
        transaction_recipients_max: usize = 100, "recipients";
        /// How long to wait for a connection.
        connect_seconds: u64 = 30, "seconds";
        /// How long to wait for the greeting (RFC 5321 §4.5.3.2.1).
        greeting_seconds: u64 = 300, "seconds";
        /// How long to wait for the reply to a command (RFC 5321 §4.5.3.2.2).
        command_seconds: u64 = 300, "seconds";
        /// How long to wait for the reply to DATA (RFC 5321 §4.5.3.2.4).
        data_seconds: u64 = 120, "seconds";
        /// How long a piece of a message may take to be sent (RFC 5321 §4.5.3.2.5).
        piece_seconds: u64 = 180, "seconds";
        /// How long to wait for the reply to a message's end (RFC 5321 §4.5.3.2.6).
        end_seconds: u64 = 600, "seconds";
    }
}
