//! Searches that find other forms of words too (SEARCH=FUZZY, RFC 6203): answered by the index, for texts, addresses and
//! subjects. What the index has not read yet is not found. Keys that look for no text are what they are without FUZZY.

use std::sync::{Arc, OnceLock};

use mailstead_storage::search::{Field, Query};
use mailstead_storage::{BlobId, Result};

use crate::search::query::{EVERYWHERE, loosely};

/// A text to look for in the index, and what was found once it has been asked.
#[derive(Debug, Clone)]
pub struct Fuzzy {
    query: Query,
    hits: Arc<OnceLock<Vec<BlobId>>>,
}

impl Fuzzy {
    /// Looks for the words of a text in a place: a header field, `BODY`, or anything else for everywhere.
    pub fn new(place: &str, text: &str) -> Fuzzy {
        let fields: &'static [Field] = match place {
            "FROM" => &[Field::From],
            "TO" => &[Field::To],
            "CC" => &[Field::Cc],
            "BCC" => &[Field::Bcc],
            "SUBJECT" => &[Field::Subject],
            "BODY" => &[Field::Body, Field::Attachment],
            _ => EVERYWHERE,
        };
        Fuzzy { query: loosely(fields, text), hits: Arc::default() }
    }

    /// Is this message among the hits? The index is asked once.
    ///
    /// # Errors
    /// That of `ask`.
    pub fn has(&self, blob: BlobId, ask: impl FnOnce(&Query) -> Result<Vec<BlobId>>) -> Result<bool> {
        if let Some(hits) = self.hits.get() {
            return Ok(hits.binary_search(&blob).is_ok());
        }
        let mut hits = ask(&self.query)?;
        hits.sort_unstable();
        Ok(self.hits.get_or_init(|| hits).binary_search(&blob).is_ok())
    }
}
