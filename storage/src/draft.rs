//! A message whose bytes are coming in: hashing and counting on the caller's thread, so that the
//! accept writer only writes.

use std::sync::Arc;

use crate::accept::{Finish, Job, Purpose};
use crate::mailbox::append::Appending;
use crate::mailbox::redo;
use crate::rows::JournalRow;
use crate::shared::Shared;
use crate::{Accepted, Append, Appended, Arrival, BlobId, Error, Kept, PIECE_BYTES_MAX, Pending, Word};

/// A message whose bytes are coming in. Dropped, it leaves nothing behind that counts.
pub struct Draft {
    shared: Arc<Shared>,
    id: BlobId,
    hasher: blake3::Hasher,
    size: u64,
    pushed: u32,
}

impl Draft {
    pub(crate) fn new(shared: Arc<Shared>, id: BlobId) -> Draft {
        Draft { shared, id, hasher: blake3::Hasher::new(), size: 0, pushed: 0 }
    }

    /// The message's id.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// Bytes pushed so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the next [`PIECE_BYTES_MAX`] bytes, exactly so many. Not durable by itself. Await it
    /// before the next push: that bounds the memory.
    ///
    /// # Errors
    /// `Invalid` when the length is another one, `DiskFull`, `Io`.
    pub fn push(&mut self, piece: Vec<u8>) -> Pending<()> {
        let (promise, pending) = Pending::new();
        if piece.len() != PIECE_BYTES_MAX {
            promise.keep(Err(Error::new(Word::Invalid, "a piece of a message has the wrong length")));
            return pending;
        }
        self.count(&piece);
        let job = Job::Piece { id: self.id, index: self.pushed, bytes: piece, promise: Some(promise) };
        self.pushed += 1;
        self.shared.accept.send(job);
        pending
    }

    /// Ends the message with its last bytes (0 to [`PIECE_BYTES_MAX`], or a whole short message) and
    /// hands it to the spool: when this resolves it is durable and will be delivered.
    ///
    /// # Errors
    /// `DiskFull`, `Io`; then nothing was accepted.
    pub fn accept(mut self, tail: Vec<u8>, arrival: Arrival) -> Pending<Accepted> {
        let (promise, pending) = Pending::new();
        self.count(&tail);
        let hash = *self.hasher.finalize().as_bytes();
        let copies = self.shared.archive.copies(|| self.shared.directory(), &arrival);
        let row = JournalRow::encode(self.id, self.size, &hash, &copies, &arrival);
        self.finish(tail, hash, Purpose::Spool { arrival: Arc::new(arrival), copies, row, promise });
        pending
    }

    /// Ends the message with its last bytes and adds it, and those that come before it, to a mailbox: when this
    /// resolves, they are durable and in the mailbox for everyone who looks. All of it or nothing.
    ///
    /// # Errors
    /// `NotFound`, `OverQuota`, `Limit` (keywords, UIDs), `Invalid`, `NotAllowed` when the message that is replaced is
    /// gone, `DiskFull`, `Io`.
    pub fn append(mut self, tail: Vec<u8>, append: Append) -> Pending<Appended> {
        let (promise, pending) = Pending::new();
        self.count(&tail);
        let hash = *self.hasher.finalize().as_bytes();
        let (appending, pins) = Appending::new(append, self.id, self.size, hash);
        self.finish(tail, hash, Purpose::Append(redo::asked(appending, pins, promise)));
        pending
    }

    /// Ends the message with its last bytes and makes the bytes durable, for an [`Append`] of several.
    ///
    /// # Errors
    /// `DiskFull`, `Io`.
    pub fn keep(mut self, tail: Vec<u8>) -> Pending<Kept> {
        let (promise, pending) = Pending::new();
        self.count(&tail);
        let hash = *self.hasher.finalize().as_bytes();
        self.finish(tail, hash, Purpose::Keep(promise));
        pending
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(mut self, tail: Vec<u8>, hash: [u8; 32], purpose: Purpose) {
        let finish = Finish { id: self.id, size: self.size, hash, pushed: self.pushed, tail, purpose };
        self.pushed = 0;
        self.shared.accept.send(Job::Finish(finish));
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.pushed > 0 {
            self.shared.accept.send(Job::Abandon(self.id));
        }
    }
}
