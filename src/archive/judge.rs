//! Does a record fit what is looked for? Addresses and dates are the record's, the subject is the stored outline's, and
//! words of the text are looked for in the message itself, as IMAP's SEARCH TEXT does: exact, in any case, encodings
//! undone.

use mailstead_storage::{ArchiveCriteria, ArchiveRecord, Result, Store};

use crate::message::search::{Needle, Scope, contains};
use crate::message::{Outline, words};

/// What is looked for, made ready for many records.
pub struct Judge {
    criteria: ArchiveCriteria,
    subject: Option<Needle>,
    /// All of them have to be there.
    words: Vec<Needle>,
}

impl Judge {
    /// A judge by these criteria.
    pub fn new(criteria: ArchiveCriteria) -> Judge {
        let subject = criteria.subject.as_deref().map(Needle::new);
        let words = criteria.text.as_deref().unwrap_or_default().split_whitespace().map(Needle::new).collect();
        Judge { criteria, subject, words }
    }

    /// Is the record enough to say no?
    pub fn excludes(&self, record: &ArchiveRecord) -> bool {
        !self.criteria.fit(record)
    }

    /// Does the record fit? Reads the message when words of its text are looked for.
    ///
    /// # Errors
    /// Those of reading the message.
    pub fn fits(&self, store: &Store, record: &ArchiveRecord, outline: Option<&[u8]>) -> Result<bool> {
        if self.excludes(record) {
            return Ok(false);
        }
        if self.subject.is_none() && self.words.is_empty() {
            return Ok(true);
        }
        let Some(outline) = outline.and_then(Outline::decode) else { return Ok(false) };
        if self.subject.as_ref().is_some_and(|subject| !subject.is_in(&subject_of(&outline))) {
            return Ok(false);
        }
        let read = |range: crate::message::Range| store.read(record.blob, u64::from(range.start), range.len());
        for word in &self.words {
            if !contains(&outline, Scope::Text, word, read)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The subject as people read it.
pub(super) fn subject_of(outline: &Outline) -> String {
    outline.envelope.subject.as_deref().map(words::decode).unwrap_or_default()
}
