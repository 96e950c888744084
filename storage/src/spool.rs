//! The spool: accepted messages that are not yet where they are to go.
//!
//! A message's life here: *accepted* (a journal row in a segment, durable, in memory as *fresh*) →
//! leased → settled. A fresh message whose recipients all settle at once never has a spool row;
//! otherwise a row in `meta.redb` holds what is still to do. Leases live in memory only: after a
//! crash every message is free again.

mod glance;
pub(crate) mod look;
pub(crate) mod page;
pub(crate) mod senders;
pub(crate) mod settle;
pub(crate) mod steer;

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountId, BlobId, Flags, MailboxId, Memory, Time};

/// What a domain has said of TLS to its mail exchangers (RFC 8461), as it was last fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StsPolicy {
    /// The id of the TXT record at that time.
    pub id: String,
    /// When it was fetched.
    pub fetched: Time,
    /// How long it holds, seconds.
    pub max_age: u64,
    /// The policy's text, at most 64 KB.
    pub text: String,
}

/// RET parameter of MAIL (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ret {
    /// A DSN returns the full message.
    Full,
    /// A DSN returns the header only.
    Headers,
}

/// NOTIFY parameter of RCPT (RFC 3461 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Tell of success.
    pub success: bool,
    /// Tell of failure.
    pub failure: bool,
    /// Tell of delay.
    pub delay: bool,
}

impl Notify {
    /// What is done when the parameter is absent.
    pub const DEFAULT: Notify = Notify { success: false, failure: true, delay: true };
    /// `NOTIFY=NEVER`
    pub const NEVER: Notify = Notify { success: false, failure: false, delay: false };
}

/// BODY parameter of MAIL (RFC 6152, 3030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BodyKind {
    /// `7BIT`, or the parameter absent.
    #[default]
    SevenBit,
    /// `8BITMIME`
    EightBit,
    /// `BINARYMIME`
    Binary,
}

impl BodyKind {
    /// The smallest kind that says enough of these bytes, which have lines of text.
    pub fn of(text: &[u8]) -> BodyKind {
        if text.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBit }
    }
}

/// A recipient as RCPT named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeRecipient {
    /// The forward-path's mailbox, `local@domain` in the form given (domain in lower case).
    pub address: String,
    /// What its sender wants to be told.
    pub notify: Notify,
    /// ORCPT parameter with its type (`rfc822;a@b.c`), decoded.
    pub original: Option<String>,
}

impl EnvelopeRecipient {
    /// A recipient without ORCPT.
    pub fn new(address: impl Into<String>, notify: Notify) -> EnvelopeRecipient {
        EnvelopeRecipient { address: address.into(), notify, original: None }
    }
}

/// The SMTP envelope (RFC 5321 §2.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The reverse-path, empty for `<>`.
    pub reverse_path: String,
    /// All recipients of the message, in the order of RCPT.
    pub recipients: Vec<EnvelopeRecipient>,
    /// RET parameter.
    pub ret: Option<Ret>,
    /// ENVID parameter, decoded.
    pub envelope_id: Option<String>,
    /// BODY parameter.
    pub body: BodyKind,
    /// SMTPUTF8 parameter (RFC 6531).
    pub smtputf8: bool,
    /// REQUIRETLS parameter (RFC 8689).
    pub require_tls: bool,
}

impl Envelope {
    /// What MAIL without parameters begins.
    pub fn new(reverse_path: impl Into<String>, recipients: Vec<EnvelopeRecipient>) -> Envelope {
        Envelope {
            reverse_path: reverse_path.into(),
            recipients,
            ret: None,
            envelope_id: None,
            body: BodyKind::SevenBit,
            smtputf8: false,
            require_tls: false,
        }
    }
}

/// By which door a message came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// By SMTP from another server.
    Received,
    /// Submitted by a user of this box who had logged in.
    Submitted(AccountId),
    /// A delivery status notification about that message. Whoever settles it settles that message in
    /// the same transaction, so that its sender is told once.
    Notification(BlobId),
    /// Sent by the rules of a recipient of that message, for its first [errand](RecipientState::errands). Whoever settles
    /// it settles that message in the same transaction, so that the errand is run once.
    Errand(BlobId),
    /// Made by the box itself.
    Box,
    /// A letter of a mass message, which counts what becomes of it.
    Letter {
        /// The mass message.
        mailing: u64,
        /// Which of its letters, from 0.
        letter: u64,
    },
}

/// Order of delivery when several messages are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// First.
    High,
    /// In between.
    #[default]
    Normal,
    /// Last.
    Low,
}

/// What the checks made of a message that came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing speaks against it.
    #[default]
    Welcome,
    /// Its place is Junk, unless its recipient has said otherwise.
    Junk,
}

/// All that is known of a message when it is accepted. Written to the journal beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// From whom to whom.
    pub envelope: Envelope,
    /// By which door.
    pub provenance: Provenance,
    /// When it was accepted.
    pub received: Time,
    /// Its priority.
    pub priority: Priority,
    /// What the checks made of it.
    pub verdict: Verdict,
    /// Length in bytes of the Return-Path field that the stored bytes begin with; a relay sends
    /// what follows it (RFC 5321 §4.4).
    pub return_path_bytes: u32,
    /// The parsed structure, opaque here.
    pub outline: Arc<[u8]>,
}

/// Where a message stands with one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// To be tried (again).
    Pending,
    /// In a mailbox here, or accepted by the next server.
    Delivered,
    /// Given up.
    Failed,
}

/// What the sender has been told of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Told {
    /// Nothing yet.
    #[default]
    Nothing,
    /// That it takes long.
    Delay,
    /// How it ended.
    Outcome,
}

/// One recipient of a spooled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientState {
    /// Where it stands.
    pub state: State,
    /// The last answer, in the form `250 2.0.0 text` (RFC 3463 code); empty before the first attempt.
    pub answer: String,
    /// The server whose answer it is; empty when it is this box's own.
    pub server: String,
    /// What the sender has been told of it.
    pub told: Told,
    /// Where it is still to go, once an alias or a forwarding has led elsewhere. Empty before: the
    /// recipient's own address stands.
    pub remaining: Vec<String>,
    /// What its rules want sent and is not sent yet, one message each, opaque here. Who has any is pending.
    pub errands: Vec<String>,
}

/// A message leased for an attempt. Nobody else gets it until it is settled or the lease is dropped
/// with [`crate::Store::unlease`].
#[derive(Debug, Clone)]
pub struct Leased {
    /// The message.
    pub id: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// Envelope, outline and the rest.
    pub arrival: Arc<Arrival>,
    /// One for each recipient of the envelope, in its order.
    pub recipients: Vec<RecipientState>,
    /// Attempts made before this one.
    pub attempts: u32,
    /// Since when the retry calendar counts: when it was accepted, or its retries were last reset.
    pub since: Time,
    /// The queue it waited in; empty for the box's own.
    pub queue: String,
    /// Has it no spool row yet?
    pub fresh: bool,
}

/// A mailbox that gets the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDelivery {
    /// Which recipient of the envelope asked for it.
    pub recipient: usize,
    /// Where to. A mailbox that is gone leaves the recipient pending.
    pub mailbox: MailboxId,
    /// With which system flags.
    pub flags: Flags,
    /// With which keywords; those that the mailbox cannot take are left out.
    pub keywords: Vec<String>,
}

/// What came of an attempt. Applied in one transaction.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The message leased.
    pub id: BlobId,
    /// The mailboxes that get it now. One mailbox named twice gets it once.
    pub deliveries: Vec<LocalDelivery>,
    /// The recipients' states now, in the order of the envelope.
    pub recipients: Vec<RecipientState>,
    /// When to try again: `None` removes the message from the spool.
    pub next_attempt: Option<Time>,
    /// Attempts made, this one included.
    pub attempts: u32,
    /// What rules want remembered of it.
    pub memories: Vec<Memory>,
    /// The queue it waits in: the name of the destination that is next, or empty when the next step is this box's
    /// own. Queues are leased from by themselves, so that a destination which takes nothing holds up no other.
    pub queue: String,
}

/// A message as the spool's list shows it.
#[derive(Debug, Clone)]
pub struct SpoolEntry {
    /// The message.
    pub id: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// Envelope and the rest.
    pub arrival: Arc<Arrival>,
    /// One for each recipient of the envelope, in its order.
    pub recipients: Vec<RecipientState>,
    /// Attempts made.
    pub attempts: u32,
    /// Its priority now.
    pub priority: Priority,
    /// When it is due.
    pub next_attempt: Time,
    /// Since when the retry calendar counts.
    pub since: Time,
    /// The queue it waits in; empty for the box's own.
    pub queue: String,
    /// Is it leased at this moment?
    pub leased: bool,
}

/// Which messages to list.
#[derive(Debug, Clone, Default)]
pub struct SpoolFilter {
    /// Only those whose sender contains this, without regard to case.
    pub sender: Option<String>,
    /// Only those with a sender or a recipient in one of these domains.
    pub domains: Option<BTreeSet<String>>,
    /// Only those whose next attempt is still to come.
    pub waiting: bool,
    /// The moment that divides what is due from what waits.
    pub now: Time,
    /// What comes first.
    pub order: SpoolOrder,
    /// The other way round.
    pub descending: bool,
    /// Only those after this place in this order ([`SpoolFilter::place`]).
    pub after: Option<SpoolPlace>,
    /// Most entries to return.
    pub limit: usize,
}

/// Where a message stands in an order: by number, then by text, then by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpoolPlace {
    /// Its number in an order of numbers, else 0.
    pub number: u64,
    /// Its text in an order of texts, else empty.
    pub text: String,
    /// The message.
    pub id: BlobId,
}

impl SpoolPlace {
    /// The place in the order of creation.
    pub fn of(id: BlobId) -> SpoolPlace {
        SpoolPlace { number: 0, text: String::new(), id }
    }
}

/// The messages that wait for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolQueue {
    /// The destination.
    pub name: String,
    /// How many.
    pub messages: u64,
    /// The next of them.
    pub first: BlobId,
}

/// An order of messages; those that are equal come in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpoolOrder {
    /// The oldest first.
    #[default]
    Created,
    /// The next to be tried first.
    NextAttempt,
    /// High before low.
    Priority,
    /// The least often tried first.
    Attempts,
    /// The smallest first.
    Size,
    /// By sender, in lower case.
    Sender,
    /// By queue, the box's own first.
    Queue,
    /// What is being delivered first, then what is due, then what waits.
    Status,
}

impl SpoolOrder {
    /// All of them.
    pub const ALL: [SpoolOrder; 8] = {
        use SpoolOrder::{Attempts, Created, NextAttempt, Priority, Queue, Sender, Size, Status};
        [Created, NextAttempt, Priority, Attempts, Size, Sender, Queue, Status]
    };
}

/// A message that was taken out of the spool and can still be put back.
#[derive(Debug, Clone)]
pub struct RemovedEntry {
    /// When it was taken out.
    pub removed: Time,
    /// The message as it was.
    pub entry: SpoolEntry,
}

/// How long a message that was taken out of the spool can be put back.
pub const UNDO_SECONDS: u64 = 600;
