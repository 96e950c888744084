//! Finding mail. A follower reads the change log and keeps an index of what people read in their messages; searches ask
//! the index and look for its hits among the messages that are there. So the index may lag, but what is found is there,
//! with its flags and its mailbox as they are now.
//!
//! Never writes to a mailbox. Never parses a message: structure comes from the outline that was made at intake.

mod document;
mod excerpt;
mod find;
mod follower;
mod language;
mod open;
pub mod query;
mod signals;
mod source;
mod status;
pub mod words;

use std::path::Path;
use std::sync::Arc;

use mailstead_storage::search::{Index, Query};
use mailstead_storage::{AccountId, BlobId, Error, Store};

use crate::bell::Bell;
use crate::clock::Clock;
use crate::log::Log;
use crate::service::{Ready, Run, Service, Stop};
use signals::Signals;

pub use document::document;
pub use excerpt::{Excerpt, PIECES_MAX};
pub use find::{Found, Hit, Order, Page};
pub use open::Opened;
pub use source::Bytes;
pub use status::Status;

/// The folder of the index in the data directory.
pub const FOLDER: &str = "search";

/// What the room uses.
#[derive(Clone)]
pub struct Parts {
    /// What is kept.
    pub store: Store,
    /// Tells when mail comes and goes.
    pub bell: Bell,
    /// Told time.
    pub clock: Clock,
    /// Where failures are told.
    pub log: Log,
}

/// The index, searches in it, and the service that keeps it. Cheap to clone.
#[derive(Clone)]
pub struct Search(Arc<Inner>);

struct Inner {
    parts: Parts,
    index: Index,
    signals: Signals,
    live: status::Live,
}

impl Search {
    /// Opens the index in the data directory. Blocks for the disk.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn open(data: &Path, parts: Parts) -> Result<Search, Error> {
        let index = Index::open(&data.join(FOLDER))?;
        Ok(Search(Arc::new(Inner { parts, index, signals: Signals::default(), live: status::Live::default() })))
    }

    /// Messages of this owner that the index finds, in no order; some may be gone. Blocks for the disk.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn candidates(&self, owner: AccountId, query: &Query) -> Result<Vec<BlobId>, Error> {
        self.0.index.find(owner, query)
    }

    /// As [`candidates`](Search::candidates), with how well each fits: from 1 to 100, the best 100 (RFC 6203 §4).
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn ranked(&self, owner: AccountId, query: &Query) -> Result<Vec<(BlobId, u8)>, Error> {
        let hits = self.0.index.rank(owner, query)?;
        let best = hits.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
        Ok(hits.into_iter().map(|hit| (hit.blob, (hit.score / best * 100.0).clamp(1.0, 100.0) as u8)).collect())
    }

    /// Is there anything that cannot be found yet? Blocks for the disk.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn is_behind(&self) -> Result<bool, Error> {
        if !self.0.signals.is_quiet() {
            return Ok(true);
        }
        let progress = self.0.index.progress()?;
        let behind = || Ok(!self.0.parts.store.index_log(progress.log, 1)?.changes.is_empty());
        if !progress.is_begun() || !progress.owners.is_empty() { Ok(true) } else { behind() }
    }

    /// Has everything that an owner has read again; all owners' with `None`. Done when the service runs.
    pub fn reindex(&self, owner: Option<AccountId>) {
        self.0.signals.reindex(owner);
    }
}

impl Service for Search {
    fn name(&self) -> &'static str {
        "indexing"
    }

    fn description(&self) -> &'static str {
        "index of messages, so that they are found"
    }

    fn run(&self, ready: Ready, stop: Stop) -> Run {
        Box::pin(follower::serve(Arc::clone(&self.0), ready, stop))
    }
}

#[cfg(test)]
mod tests;
