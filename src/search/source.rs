//! Messages as the index and excerpts read them.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mailstead_storage::search::Document;
use mailstead_storage::{BlobId, Error, Store, Word};

use super::document::{HEADER_BYTES_MAX, document};
use crate::message::text::{Texts, texts};
use crate::message::{Outline, Range};

/// A message up to this size is read at once.
const AT_ONCE_BYTES_MAX: usize = 16 * 1024;

/// What reading a message came to.
pub(super) enum Source {
    /// What is indexed.
    Read(Document),
    /// What is indexed, but its texts could not be read.
    Unread(Document),
    /// It is gone.
    Gone,
}

/// Makes the document of a message.
///
/// # Errors
/// `Io`, `Closed`.
pub(super) fn read(store: &Store, blob: BlobId) -> Result<Source, Error> {
    match with(store, blob, |outline, bytes| {
        let header = Range {
            end: outline.root.header.end.min(outline.root.header.start + HEADER_BYTES_MAX),
            ..outline.root.header
        };
        let header = bytes.range(header)?;
        // A fault in a reader of attachments is the message's alone.
        let read = catch_unwind(AssertUnwindSafe(|| texts(outline, |range| bytes.range(range))));
        match read {
            Ok(texts) => Ok(Source::Read(document(outline, &header, &texts?))),
            Err(_) => Ok(Source::Unread(document(outline, &header, &Texts::default()))),
        }
    }) {
        Err(error) if error.word == Word::NotFound => Ok(Source::Gone),
        result => result,
    }
}

/// What people read in a message.
///
/// # Errors
/// `NotFound`, `Io`.
pub(super) fn with<T>(
    store: &Store,
    blob: BlobId,
    read: impl FnOnce(&Outline, &Bytes) -> Result<T, Error>,
) -> Result<T, Error> {
    let stored = store.outline(blob)?;
    let damaged = || Error::new(Word::NotFound, format!("the outline of message {blob} cannot be read"));
    let outline = Outline::decode(&stored).ok_or_else(damaged)?;
    read(&outline, &Bytes::of(store, blob)?)
}

/// A message's bytes, the first of them at hand.
pub struct Bytes<'s> {
    store: &'s Store,
    blob: BlobId,
    start: Vec<u8>,
}

impl<'s> Bytes<'s> {
    /// Reads the first of them.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn of(store: &'s Store, blob: BlobId) -> Result<Bytes<'s>, Error> {
        Ok(Bytes { store, blob, start: store.read(blob, 0, AT_ONCE_BYTES_MAX)? })
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn range(&self, range: Range) -> Result<Cow<'_, [u8]>, Error> {
        if range.end as usize <= self.start.len() || self.start.len() < AT_ONCE_BYTES_MAX {
            return Ok(range.of(&self.start).into());
        }
        self.store.read(self.blob, u64::from(range.start), range.len()).map(Cow::Owned)
    }
}
