//! IMAP: mailboxes read and changed over the network.
//!
//! What is spoken: IMAP4rev1 (RFC 3501) with IDLE (2177), NAMESPACE (2342), ID (2971), CHILDREN (3348),
//! UNSELECT (3691), UIDPLUS (4315), ESEARCH (4731), SASL-IR (4959), ENABLE (5161), SPECIAL-USE (6154),
//! MOVE (6851), CONDSTORE (7162), LITERAL+ (7888), APPENDLIMIT (7889), STATUS=SIZE (8438).
//!
//! Promises:
//! - An extension is announced only when it works whole.
//! - A session's memory does not depend on the size of a message, nor on the number of messages in
//!   a mailbox but for its gaps.
//! - Expunges are told only where the command table allows it ([`command`]).
//! - No storage transaction lives while bytes are sent or waited for.

mod answers;
mod capability;
mod command;
mod frame;
mod header;
mod pieces;
mod question;
mod search;
mod selected;
mod session;
mod settings;
mod tree;
mod uids;
mod wire;

use std::sync::Arc;

use mailstead_storage::Store;

pub use answers::ImapAnswers;
pub use question::{Answer, Question};
pub use session::ImapSession;
pub use settings::{ImapSettings, ImapsSettings};

use crate::bell::Bell;
use crate::intake::Intake;
use crate::log::Log;
use crate::net::{Encryption, Peer, Protocol};
use crate::people::People;

/// What of the house IMAP needs.
#[derive(Clone)]
pub struct House {
    /// Mailboxes and messages.
    pub store: Store,
    /// Who may log in.
    pub people: People,
    /// The way in for APPEND.
    pub intake: Intake,
    /// Tells when a mailbox changes.
    pub bell: Bell,
    /// Where events go.
    pub log: Log,
}

/// What all sessions of one service share and never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The settings.
    pub settings: ImapSettings,
    /// Is STARTTLS offered?
    pub starttls: bool,
    /// Largest message that APPEND takes, bytes.
    pub message_bytes_max: u64,
}

/// The service `imap` or `imaps`.
pub struct Imap {
    encryption: Encryption,
    rules: Arc<Rules>,
    house: House,
}

impl Imap {
    /// The service with that kind of encryption. `message_bytes_max` is the largest message that APPEND
    /// takes.
    pub fn new(encryption: Encryption, settings: ImapSettings, message_bytes_max: u64, house: House) -> Imap {
        let rules = Rules { settings, starttls: encryption == Encryption::StartTls, message_bytes_max };
        Imap { encryption, rules: Arc::new(rules), house }
    }
}

impl Protocol for Imap {
    type Session = ImapSession;
    type Answers = ImapAnswers;

    fn service(&self) -> &'static str {
        match self.encryption {
            Encryption::StartTls => "imap",
            Encryption::Implicit => "imaps",
        }
    }

    fn open(&self, peer: &Peer) -> (ImapSession, ImapAnswers) {
        (ImapSession::new(Arc::clone(&self.rules), peer), ImapAnswers::new(self.house.clone(), peer))
    }
}
