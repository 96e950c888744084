//! IMAP: mailboxes read and changed over the network.
//!
//! What is spoken: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051) with IDLE (2177), NAMESPACE (2342), ID (2971),
//! CHILDREN (3348), MULTIAPPEND (3502), BINARY (3516), UNSELECT (3691), ACL (4314), UIDPLUS (4315), URLAUTH (4467),
//! CATENATE (4469), ESEARCH (4731), SASL-IR (4959), COMPRESS=DEFLATE (4978), WITHIN (5032), ENABLE (5161), SEARCHRES
//! (5182), I18NLEVEL=1 (5255), SORT and THREAD (5256), LIST-EXTENDED (5258), ESORT, CONTEXT=SEARCH and CONTEXT=SORT
//! (5267), METADATA (5464), NOTIFY (5465), URLAUTH=BINARY (5524), LIST-STATUS (5819), SORT=DISPLAY (5957), SPECIAL-USE
//! and CREATE-SPECIAL-USE (6154), SEARCH=FUZZY (6203), MOVE (6851), UTF8=ACCEPT (6855), CONDSTORE and QRESYNC (7162),
//! MULTISEARCH (7377), LITERAL+ (7888), APPENDLIMIT (7889), UNAUTHENTICATE (8437), STATUS=SIZE (8438), LIST-MYRIGHTS
//! (8440), OBJECTID (8474), REPLACE (8508), SAVEDATE (8514), PREVIEW (8970), QUOTA (9208), PARTIAL (9394), INPROGRESS
//! (9585), UIDONLY (9586), LIST-METADATA (9590). Not spoken is FILTERS (5466): no mail program keeps its searches here.
//!
//! Promises:
//! - An extension is announced only when it works whole.
//! - A session's memory does not depend on the size of a message, nor on the number of messages in
//!   a mailbox but for its gaps.
//! - Nothing is told or done that the user's rights do not allow: each answer looks at them, in one place
//!   (`answers/place.rs`). What a selected mailbox allows is known by its session, which hears of every change.
//! - Expunges are told only where the command table allows it ([`command`]), and between commands to who has asked
//!   for that with NOTIFY.
//! - No storage transaction lives while bytes are sent or waited for.

mod answers;
mod arrange;
mod capability;
mod command;
mod context;
mod decoded;
mod filter;
mod frame;
mod fuzzy;
mod header;
mod namespace;
mod notify;
mod pieces;
mod preview;
mod question;
mod search;
mod selected;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod uids;
mod urlauth;
mod wire;

use mailstead_storage::Store;

pub use answers::ImapAnswers;
pub use arrange::{Arrangement, Criterion, Row, SortKey, Token};
pub use question::{
    Answer, Fetched, Found, Known, Listing, Located, Looked, Looks, MailboxStatus, Mark, OpenMailbox, Owner, Question,
    Quota, QuotaOf, Span,
};
pub use session::ImapSession;
pub use settings::ImapSettings;
pub use wire::{Reply, Status, Url};

use crate::bell::Bell;
use crate::clock::Clock;
use crate::intake::Intake;
use crate::log::{Kind, Log};
use crate::net::{Encryption, Peer, Protocol};
use crate::people::People;
use crate::search::Search;
use crate::settings::Live;

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Port 143, STARTTLS.
    Imap,
    /// Port 993, implicit TLS (RFC 8314 §3.2).
    Imaps,
}

impl Service {
    /// Both.
    pub const ALL: [Service; 2] = [Service::Imap, Service::Imaps];

    /// Its name in the settings, in logs and in lists of sessions.
    pub fn name(self) -> &'static str {
        match self {
            Service::Imap => "imap",
            Service::Imaps => "imaps",
        }
    }

    /// What it is, for a person.
    pub fn description(self) -> &'static str {
        match self {
            Service::Imap => "Mailboxes, encrypted by STARTTLS",
            Service::Imaps => "Mailboxes, encrypted from the start",
        }
    }

    /// How its connections are encrypted.
    pub fn encryption(self) -> Encryption {
        match self {
            Service::Imap => Encryption::StartTls,
            Service::Imaps => Encryption::Implicit,
        }
    }
}

/// The rooms of the house that the answers come from.
#[derive(Clone)]
pub struct House {
    /// Who may log in.
    pub people: People,
    /// The way in for APPEND.
    pub intake: Intake,
    /// Mailboxes and messages.
    pub store: Store,
    /// Finds words.
    pub search: Search,
    /// Tells when a mailbox changes.
    pub bell: Bell,
    /// Where events go.
    pub log: Log,
    /// Tells the time.
    pub clock: Clock,
}

/// What all sessions of one service share.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Which service.
    pub service: Service,
    /// Its settings.
    pub settings: ImapSettings,
    /// Largest message that APPEND takes, bytes.
    pub message_bytes_max: u64,
}

/// An IMAP service: makes its sessions.
pub struct Imap {
    rules: Live<Rules>,
    house: House,
}

impl Imap {
    /// A service under these rules in this house.
    pub fn new(rules: impl Into<Live<Rules>>, house: House) -> Imap {
        Imap { rules: rules.into(), house }
    }
}

impl Protocol for Imap {
    type Session = ImapSession;
    type Answers = ImapAnswers;

    fn service(&self) -> &'static str {
        self.rules.get().service.name()
    }

    fn description(&self) -> &'static str {
        self.rules.get().service.description()
    }

    fn kind(&self) -> Kind {
        Kind::Imap
    }

    fn open(&self, peer: &Peer) -> (ImapSession, ImapAnswers) {
        let session = ImapSession::new(self.rules.get(), peer).taking_tokens(self.house.people.takes_tokens());
        (session, ImapAnswers::new(self.house.clone(), peer))
    }
}
