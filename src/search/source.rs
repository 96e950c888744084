//! Messages as the index and excerpts read them.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mailstead_storage::search::Document;
use mailstead_storage::{BlobId, Error, Store, Word};

use super::document::{HEADER_BYTES_MAX, document};
use crate::message::search::TextFilter;
use crate::message::text::{Texts, texts};
use crate::message::{Outline, Range};

/// A message up to this size is read at once.
const AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// What searches need of a message.
pub(super) struct Source {
    /// What is indexed.
    pub(super) document: Document,
    /// Could its texts be read?
    pub(super) has_texts: bool,
    /// What tells that a text is not in it.
    pub(super) filter: Vec<u8>,
}

/// Reads a message; `None` when it is gone.
///
/// # Errors
/// `Io`, `Closed`.
pub(super) fn read(store: &Store, blob: BlobId) -> Result<Option<Source>, Error> {
    match with(store, blob, |outline, bytes| {
        let header = Range {
            end: outline.root.header.end.min(outline.root.header.start + HEADER_BYTES_MAX),
            ..outline.root.header
        };
        let header = bytes.range(header)?;
        // A fault in a reader of attachments is the message's alone.
        let read = catch_unwind(AssertUnwindSafe(|| texts(outline, |range| bytes.range(range))));
        let (has_texts, texts) = (read.is_ok(), read.unwrap_or_else(|_| Ok(Texts::default()))?);
        let filter = TextFilter::make(outline, |range| bytes.range(range))?;
        Ok(Source { document: document(outline, &header, &texts), has_texts, filter })
    }) {
        Err(error) if error.word == Word::NotFound => Ok(None),
        result => result.map(Some),
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
