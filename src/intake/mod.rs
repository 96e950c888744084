//! The one way in. Whatever becomes a message here (SMTP, submission, APPEND, bounces, messages of
//! the box) passes through an [`Incoming`]: its bytes go to a storage draft in bounded memory, its
//! outline is parsed on the way, once, on the rayon pool.
//!
//! Never delivers, never decides who may send: that was settled before.

mod entry;
mod head;
mod incoming;
mod letter;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mailstead_storage::{Accepted, Envelope, Error, Kept, Priority, Provenance, Store, Word};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use incoming::Incoming;
pub use letter::{Format, Letter, Person, Sealed};

use crate::clock::Clock;
use crate::log::Log;

/// Most bytes on their way to storage at once, all messages together. Who has more waits.
const FLIGHT_BYTES_MAX: usize = 64 << 20;

/// A message that has passed through more servers than this is in a loop (RFC 5321 §6.3).
pub const RECEIVED_FIELDS_MAX: usize = 50;

/// The way in. Cheap to clone.
#[derive(Clone)]
pub struct Intake(Arc<Door>);

/// What all messages on their way in share.
struct Door {
    store: Store,
    clock: Clock,
    log: Log,
    message_bytes_max: u64,
    flight: Semaphore,
}

/// Bytes are durable; the outline goes with them into an [`Append`](mailstead_storage::Append) of several messages.
pub struct KeptMessage {
    /// The bytes.
    pub kept: Kept,
    /// Their outline.
    pub outline: Arc<[u8]>,
}

/// What is known when a message is accepted.
pub struct Acceptance {
    /// From whom to whom.
    pub envelope: Envelope,
    /// By which door.
    pub provenance: Provenance,
    /// Its priority.
    pub priority: Priority,
}

/// What is written before the message's own first byte.
pub enum Trace {
    /// Nothing: APPEND stores what the client sent.
    None,
    /// Return-Path and Received fields (RFC 5321 §4.4). The Return-Path is `reverse_path`.
    Fields {
        /// The reverse-path without angle brackets.
        reverse_path: String,
        /// A complete Received field, folded, CRLF at its end; `{id}` stands for the message's id.
        received: String,
        /// Submission: add Date and Message-ID when they are missing, with this host name (RFC 6409 §8).
        complete_as: Option<String>,
    },
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The disk's reserve is reached (452 4.3.1).
    DiskFull,
    /// More than the size limit (552 5.3.4).
    TooBig,
    /// Passed through too many servers (554 5.4.6, RFC 5321 §6.3).
    Loop,
    /// Storage failed (451 4.3.0): the sentence is for the log.
    Failed(String),
}

impl Intake {
    /// A way into this store. `message_bytes_max` is the size limit.
    pub fn new(store: Store, clock: Clock, message_bytes_max: u64) -> Intake {
        Intake::noted(store, clock, Log::none(), message_bytes_max)
    }

    /// The same, with a log that tells of each message that enters the spool.
    pub fn noted(store: Store, clock: Clock, log: Log, message_bytes_max: u64) -> Intake {
        let flight = Semaphore::new(FLIGHT_BYTES_MAX);
        Intake(Arc::new(Door { store, clock, log, message_bytes_max, flight }))
    }

    /// The size limit, bytes.
    pub fn message_bytes_max(&self) -> u64 {
        self.0.message_bytes_max
    }

    /// Begins a message.
    ///
    /// # Errors
    /// `DiskFull`.
    pub fn begin(&self, trace: Trace) -> Result<Incoming, Refusal> {
        let draft = self.0.store.draft()?;
        Ok(Incoming::new(Arc::clone(&self.0), draft, trace))
    }

    /// Accepts a message that is there as a whole: one that the box itself has written.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn accept_bytes(
        &self,
        trace: Trace,
        bytes: Vec<u8>,
        acceptance: Acceptance,
    ) -> Result<Accepted, Refusal> {
        let mut incoming = self.begin(trace)?;
        incoming.push(bytes).await?;
        incoming.accept(acceptance).await
    }
}

impl Door {
    /// Waits until so many more bytes may be on their way to storage.
    async fn fly(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        self.flight.acquire_many(bytes as u32).await.ok()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error.word {
            Word::DiskFull => Refusal::DiskFull,
            _ => Refusal::Failed(error.detail),
        }
    }
}
