//! The index of messages: one for the box, in a folder of its own beside the tables. Made of prepared texts that the
//! rooms above hand over; knows no mail, no language and no rule for what a word is: a text's words are what stands
//! between its spaces.
//!
//! It may lag behind what is stored and never decides what is there: who asks looks for the hits among the owner's
//! messages. It can be thrown away at any time; what was in it is read again.

mod fields;
mod hits;
mod inversion;
mod query;
mod segment;
mod writer;

use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, ReloadPolicy};

use crate::{Error, Result, Word};
use fields::Columns;

pub use fields::{Document, Field};
pub use hits::Hit;
pub use query::{Query, Test};
pub use writer::{Place, Progress, Writer};

/// An open index. Searches see it as of its last commit.
pub struct Index {
    index: tantivy::Index,
    columns: Columns,
    reader: IndexReader,
}

impl Index {
    /// Opens the index in this folder. One that cannot be used (of another version, or damaged) is thrown away, and an
    /// empty one is made.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn open(folder: &Path) -> Result<Index> {
        std::fs::create_dir_all(folder)?;
        Index::open_as_it_is(folder).or_else(|_| {
            std::fs::remove_dir_all(folder)?;
            std::fs::create_dir_all(folder)?;
            Index::open_as_it_is(folder)
        })
    }

    fn open_as_it_is(folder: &Path) -> Result<Index> {
        let directory = MmapDirectory::open(folder).map_err(|error| Error::new(Word::Io, error.to_string()))?;
        let (schema, columns) = fields::schema();
        let index = tantivy::Index::open_or_create(directory, schema)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Index { index, columns, reader })
    }

    /// How far the index has come, as of its last commit.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn progress(&self) -> Result<Progress> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()).unwrap_or_default())
    }

    /// Documents in it.
    pub fn documents(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.reader.searcher().space_usage().map_or(0, |usage| usage.total().get_bytes())
    }
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Error {
        use tantivy::TantivyError as Tantivy;
        match error {
            Tantivy::IoError(error) => std::io::Error::new(error.kind(), error.to_string()).into(),
            Tantivy::LockFailure(..) => Error::new(Word::Locked, "the index is written to by somebody else"),
            Tantivy::DataCorruption(_) | Tantivy::IncompatibleIndex(_) | Tantivy::SchemaError(_) => {
                Error::new(Word::Corrupt, format!("the index cannot be read: {error}"))
            }
            // What its threads met is not told; as a rule that they could not write.
            Tantivy::ErrorInThread(_) => Error::new(Word::Io, "the index could not be written; is the disk full?"),
            error => Error::new(Word::Io, format!("the index: {error}")),
        }
    }
}

#[cfg(test)]
mod tests;
