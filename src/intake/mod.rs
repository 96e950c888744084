//! The one way in. Whatever becomes a message here (SMTP, submission, APPEND, bounces, messages of
//! the box) passes through an [`Incoming`]: its bytes go to a storage draft in bounded memory, its
//! outline is parsed on the way, once, on the rayon pool.
//!
//! Never delivers, never decides who may send: that was settled before.

use std::sync::Arc;

use mailstead_storage::{Accepted, BlobId, Envelope, Kept, Priority, Provenance, Store};

use crate::clock::Clock;

/// The way in. Cheap to clone.
#[derive(Clone)]
pub struct Intake(());

/// A message whose bytes are coming in. Dropped, it leaves nothing.
pub struct Incoming(());

/// Bytes are durable; the outline goes with them to [`Store::append`].
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

#[expect(unused_variables, reason = "the bodies are being written")]
impl Intake {
    /// A way into this store. `message_bytes_max` is the size limit.
    pub fn new(store: Store, clock: Clock, message_bytes_max: u64) -> Intake {
        todo!()
    }

    /// Begins a message.
    ///
    /// # Errors
    /// `DiskFull`.
    pub fn begin(&self, trace: Trace) -> Result<Incoming, Refusal> {
        todo!()
    }
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl Incoming {
    /// The message's id.
    pub fn id(&self) -> BlobId {
        todo!()
    }

    /// Takes the next bytes of the message, cut anywhere. Waits while storage is behind.
    ///
    /// # Errors
    /// `TooBig`, `Failed`; the message is lost then.
    pub async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        todo!()
    }

    /// The message is complete and becomes the spool's: durable when this resolves.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn accept(self, acceptance: Acceptance) -> Result<Accepted, Refusal> {
        todo!()
    }

    /// The message is complete and durable when this resolves; nothing refers to it yet.
    ///
    /// # Errors
    /// Any refusal; nothing is kept then.
    pub async fn keep(self) -> Result<KeptMessage, Refusal> {
        todo!()
    }
}
