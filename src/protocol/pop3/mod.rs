//! The POP3 server: `pop3` (port 110) and `pop3s` (port 995).
//!
//! Speaks RFC 1939 without APOP, CAPA and response codes (2449, 3206), STLS (2595), AUTH (5034) with
//! PLAIN, LOGIN and SCRAM-SHA-256, UTF8 (6856; messages are sent as they are, with or without it).
//!
//! Promises:
//! - The maildrop is INBOX as it was at login; one POP3 session has it at a time, IMAP is not hindered.
//! - Messages go at QUIT only, and `+OK` to it is said only when that is durable.
//! - A message streams: a session holds a few pieces, whatever its size.
//! - Sizes are those stored. Every line goes out with CRLF, also where a message appended by IMAP has a
//!   bare LF; only then is what is sent larger than its size.
//! - No password is asked for where others could read it, except as `plaintext_auth` says.

mod answers;
mod command;
mod frame;
mod maildrop;
mod maildrops;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod transaction;
mod wire;

use std::sync::Arc;

use mailstead_storage::Store;

pub use answers::Pop3Answers;
pub use maildrop::{Entry, Maildrop};
pub use maildrops::Maildrops;
pub use session::{Answer, Opened, Pop3Session, Question, Refused, Secret};
pub use settings::Pop3Settings;

use crate::log::{Kind, Log};
use crate::net::{Encryption, Peer, Protocol};
use crate::people::People;
use crate::settings::Live;

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Port 110, STLS.
    Pop3,
    /// Port 995, implicit TLS (RFC 8314 §3.3).
    Pop3s,
}

impl Service {
    /// Both.
    pub const ALL: [Service; 2] = [Service::Pop3, Service::Pop3s];

    /// Its name in the settings, in logs and in lists of sessions.
    pub fn name(self) -> &'static str {
        match self {
            Service::Pop3 => "pop3",
            Service::Pop3s => "pop3s",
        }
    }

    /// How its connections begin.
    pub fn encryption(self) -> Encryption {
        match self {
            Service::Pop3 => Encryption::StartTls,
            Service::Pop3s => Encryption::Implicit,
        }
    }
}

/// What both services use of the house. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// Where the maildrops are.
    pub store: Store,
    /// Who may log in.
    pub people: People,
    /// Which maildrops are in use; one for both services.
    pub maildrops: Maildrops,
    /// Where logins are logged.
    pub log: Log,
    /// The name in the greeting.
    pub hostname: Arc<str>,
}

/// Makes the sessions of one POP3 service.
pub struct Pop3 {
    service: Service,
    settings: Live<Pop3Settings>,
    house: House,
}

impl Pop3 {
    /// The service with these settings.
    pub fn new(service: Service, settings: impl Into<Live<Pop3Settings>>, house: House) -> Pop3 {
        Pop3 { service, settings: settings.into(), house }
    }
}

impl Protocol for Pop3 {
    type Session = Pop3Session;
    type Answers = Pop3Answers;

    fn service(&self) -> &'static str {
        self.service.name()
    }

    fn description(&self) -> &'static str {
        match self.service {
            Service::Pop3 => "Fetching mail, encrypted by STLS",
            Service::Pop3s => "Fetching mail, encrypted from the start",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Pop3
    }

    fn open(&self, peer: &Peer) -> (Pop3Session, Pop3Answers) {
        let (settings, hostname) = (self.settings.get(), Arc::clone(&self.house.hostname));
        let messages_max = settings.messages_max;
        let session = Pop3Session::new(settings, hostname, peer.address.ip(), peer.tls.is_some());
        let session = session.taking_tokens(self.house.people.takes_tokens());
        (session, Pop3Answers::new(self.house.clone(), peer, messages_max))
    }
}
