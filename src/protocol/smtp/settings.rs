//! The settings of one SMTP service. The same group is read for `[smtp]`, `[submission]` and
//! `[submissions]`; only the defaults of the first two keys differ.

use std::net::SocketAddr;
use std::time::Duration;

use super::Service;
use crate::net::everywhere;
use crate::people::PlaintextAuth;

crate::settings! {
    /// One SMTP service.
    pub struct SmtpSettings {
        /// Addresses and ports to listen on.
        listen: Vec<SocketAddr> = everywhere(25), "address:port";
        /// From where PLAIN and LOGIN are allowed without TLS: "never", "loopback" (this machine) or "always".
        plaintext_auth: PlaintextAuth = PlaintextAuth::Never, "";
        /// Most recipients of one message; more are told to wait for the next one (452 4.5.3).
        recipients_max: usize = 1000, "recipients";
        /// Refuse mail for users who are disabled. Without this it is received, and waits for them.
        refuse_disabled: bool = false, "";
        /// Longest command line, its end included. AUTH has a limit of its own (RFC 4954).
        command_bytes_max: usize = 4096, "bytes";
        /// The session is closed after so many bad commands since the last message.
        errors_max: u32 = 20, "commands";
        /// The session is closed after so many refused recipients since the last message.
        recipients_refused_max: u32 = 100, "recipients";
        /// The session is closed after so many wrong passwords.
        auth_failures_max: u32 = 3, "attempts";
        /// How long to wait for the next command (RFC 5321 §4.5.3.2.7).
        command_seconds_max: u64 = 300, "seconds";
        /// How long to wait for the next bytes of a message (RFC 5321 §4.5.3.2.5).
        data_seconds_max: u64 = 180, "seconds";
    }
}

impl SmtpSettings {
    /// The defaults of this service.
    pub fn of(service: Service) -> SmtpSettings {
        let (port, plaintext_auth) = match service {
            Service::Smtp => (25, PlaintextAuth::Never),
            Service::Submission => (587, PlaintextAuth::Loopback),
            Service::Submissions => (465, PlaintextAuth::Loopback),
        };
        SmtpSettings { listen: everywhere(port), plaintext_auth, ..SmtpSettings::default() }
    }

    /// Patience with commands.
    pub(super) fn command_patience(&self) -> Duration {
        Duration::from_secs(self.command_seconds_max)
    }

    /// Patience with a message's bytes.
    pub(super) fn data_patience(&self) -> Duration {
        Duration::from_secs(self.data_seconds_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Group as _;

    #[test]
    fn what_is_not_written_stays_as_the_service_has_it() {
        let table = "recipients_max = 7".parse().expect("TOML");
        let settings = SmtpSettings::of(Service::Submission).read_over(&table, "submission").expect("good settings");
        assert_eq!((settings.recipients_max, settings.plaintext_auth), (7, PlaintextAuth::Loopback));
        assert_eq!(settings.listen[0].port(), 587);
    }
}
