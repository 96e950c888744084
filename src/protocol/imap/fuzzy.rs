//! Searches that find other forms of words too (SEARCH=FUZZY, RFC 6203): answered by the index, for texts, addresses and
//! subjects. What the index has not read yet is not found. Keys that look for no text are what they are without FUZZY.

use std::sync::{Arc, OnceLock};

use mailstead_storage::search::{Field, Query};
use mailstead_storage::{BlobId, Result, Uid};

use crate::search::query::{EVERYWHERE, loosely};

/// A text to look for in the index, and what was found once it has been asked.
#[derive(Debug, Clone)]
pub struct Fuzzy {
    query: Query,
    hits: Arc<OnceLock<Vec<(BlobId, u8)>>>,
}

/// How well messages fit a fuzzy search, by ascending UID (RFC 6203 §4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scores(Vec<(Uid, u8)>);

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

    /// How well this message fits, from 1 to 100; 0 when it does not. The index is asked once.
    ///
    /// # Errors
    /// That of `ask`.
    pub fn score(&self, blob: BlobId, ask: impl FnOnce(&Query) -> Result<Vec<(BlobId, u8)>>) -> Result<u8> {
        let hits = match self.hits.get() {
            Some(hits) => hits,
            None => {
                let mut hits = ask(&self.query)?;
                hits.sort_unstable();
                self.hits.get_or_init(|| hits)
            }
        };
        Ok(hits.binary_search_by_key(&blob, |(hit, _)| *hit).map_or(0, |at| hits[at].1))
    }
}

impl Scores {
    /// Adds a message after all others.
    pub fn push(&mut self, uid: Uid, score: u8) {
        self.0.push((uid, score));
    }

    /// Adds messages that come after these.
    pub fn append(&mut self, mut others: Scores) {
        self.0.append(&mut others.0);
    }

    /// From 1 to 100; 1 for what no index has found.
    pub fn of(&self, uid: Uid) -> u8 {
        self.0.binary_search_by_key(&uid, |(known, _)| *known).map_or(1, |at| self.0[at].1.max(1))
    }
}
