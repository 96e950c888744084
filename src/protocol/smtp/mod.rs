//! The SMTP server: mail from other servers (`smtp`, port 25), and mail from the people of this box
//! (`submission`, port 587, and `submissions`, port 465). One code, two [`Role`]s.
//!
//! Speaks RFC 5321 and 6409, and PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531),
//! CHUNKING and BINARYMIME (3030), ENHANCEDSTATUSCODES (2034, 3463), DSN (3461), LIMITS (9422),
//! STARTTLS (3207), REQUIRETLS (8689), AUTH (4954) with PLAIN, LOGIN and SCRAM-SHA-256.
//!
//! Promises:
//! - `250` after a message's end is said only when the message is durable.
//! - A message ends at CRLF.CRLF and nowhere else; one with a bare CR or LF is refused whole.
//! - The body streams: a session holds a few pieces of it, whatever its size.
//! - Nobody relays without having logged in, and nobody sends as somebody else.
//! - No password is asked for where others could read it, except as `plaintext_auth` says.

mod answers;
mod arriving;
mod body;
pub mod client;
mod command;
mod frame;
mod question;
mod replies;
mod session;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

use mailstead_storage::Store;

pub use answers::SmtpAnswers;
pub use question::{Answer, Question};
pub use replies::{OVER_QUOTA, Reply, SENDER_NOT_YOURS};
pub use session::{Rules, SmtpSession};
pub use settings::SmtpSettings;

use crate::authenticity::Checks;
use crate::clock::Clock;
use crate::guard::Guard;
use crate::intake::Intake;
use crate::log::{Kind, Log};
use crate::net::{Encryption, Peer, Protocol};
use crate::people::People;
use crate::settings::Live;

/// What a service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes mail for the box's own domains from anyone.
    Receive,
    /// Takes mail for anyone from the people of this box (RFC 6409).
    Submit,
}

/// One of the three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Port 25.
    Smtp,
    /// Port 587, STARTTLS.
    Submission,
    /// Port 465, implicit TLS (RFC 8314 §3.3).
    Submissions,
}

impl Service {
    /// All three.
    pub const ALL: [Service; 3] = [Service::Smtp, Service::Submission, Service::Submissions];

    /// Its name in the settings, in logs and in lists of sessions.
    pub fn name(self) -> &'static str {
        match self {
            Service::Smtp => "smtp",
            Service::Submission => "submission",
            Service::Submissions => "submissions",
        }
    }

    /// What it is, for a person.
    pub fn description(self) -> &'static str {
        match self {
            Service::Smtp => "Mail from other servers",
            Service::Submission => "Mail from users, encrypted by STARTTLS",
            Service::Submissions => "Mail from users, encrypted from the start",
        }
    }

    /// What it is for.
    pub fn role(self) -> Role {
        match self {
            Service::Smtp => Role::Receive,
            Service::Submission | Service::Submissions => Role::Submit,
        }
    }

    /// How its connections are encrypted.
    pub fn encryption(self) -> Encryption {
        match self {
            Service::Smtp | Service::Submission => Encryption::StartTls,
            Service::Submissions => Encryption::Implicit,
        }
    }
}

/// The rooms of the house that the answers come from.
#[derive(Clone)]
pub struct House {
    /// Who is who.
    pub people: People,
    /// The way in.
    pub intake: Intake,
    /// Told of what looks like abuse.
    pub guard: Guard,
    /// Asked for the room that is left on the disk.
    pub store: Store,
    /// Where events go.
    pub log: Log,
    /// Tells the time.
    pub clock: Clock,
    /// Checks mail from other servers; `None` when none is.
    pub checks: Option<Checks>,
}

/// An SMTP service: makes its sessions.
pub struct Smtp {
    rules: Live<Rules>,
    house: House,
}

impl Smtp {
    /// A service under these rules in this house.
    pub fn new(rules: impl Into<Live<Rules>>, house: House) -> Smtp {
        Smtp { rules: rules.into(), house }
    }
}

impl Protocol for Smtp {
    type Session = SmtpSession;
    type Answers = SmtpAnswers;

    fn service(&self) -> &'static str {
        self.rules.get().service.name()
    }

    fn description(&self) -> &'static str {
        self.rules.get().service.description()
    }

    fn kind(&self) -> Kind {
        Kind::Smtp
    }

    fn open(&self, peer: &Peer) -> (SmtpSession, SmtpAnswers) {
        let rules = self.rules.get();
        let checks = self.house.checks.clone().filter(|_| rules.service.role() == Role::Receive);
        let refuses_disabled = rules.settings.refuse_disabled;
        let session = SmtpSession::new(rules, peer.clone());
        let session = session.taking_tokens(self.house.people.takes_tokens());
        (session, SmtpAnswers::new(House { checks, ..self.house.clone() }, peer, refuses_disabled))
    }
}
