//! Searching.

use tantivy::query::EnableScoring;
use tantivy::{Searcher, SegmentReader};

use super::query::compile;
use super::{Index, Query};
use crate::{AccountId, BlobId, Result};

/// A message that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Which.
    pub blob: BlobId,
    /// How well it fits, more is better; comparable within one search only.
    pub score: f32,
}

impl Index {
    /// Messages of this owner that fit, in no order. Some may not be there any more.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn find(&self, owner: AccountId, query: &Query) -> Result<Vec<BlobId>> {
        let searcher = self.reader.searcher();
        let compiled = compile(&searcher, &self.columns, owner, query, false)?;
        let weight = compiled.weight(EnableScoring::disabled_from_searcher(&searcher))?;
        let mut found = Vec::new();
        for_segments(&searcher, |segment| {
            let blobs = segment.fast_fields().u64("blob")?;
            let alive = segment.alive_bitset();
            weight.for_each_no_score(segment, &mut |documents| {
                let living = documents.iter().filter(|id| alive.is_none_or(|alive| alive.is_alive(**id)));
                found.extend(living.filter_map(|id| blobs.first(*id)).map(BlobId));
            })
        })?;
        Ok(found)
    }

    /// As [`find`](Index::find), and how well each fits.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn rank(&self, owner: AccountId, query: &Query) -> Result<Vec<Hit>> {
        let searcher = self.reader.searcher();
        let compiled = compile(&searcher, &self.columns, owner, query, true)?;
        let weight = compiled.weight(EnableScoring::enabled_from_searcher(&searcher))?;
        let mut found = Vec::new();
        for_segments(&searcher, |segment| {
            let blobs = segment.fast_fields().u64("blob")?;
            let alive = segment.alive_bitset();
            weight.for_each(segment, &mut |id, score| {
                if alive.is_none_or(|alive| alive.is_alive(id)) {
                    found.extend(blobs.first(id).map(|blob| Hit { blob: BlobId(blob), score }));
                }
            })
        })?;
        Ok(found)
    }
}

fn for_segments(searcher: &Searcher, mut look: impl FnMut(&SegmentReader) -> tantivy::Result<()>) -> Result<()> {
    for segment in searcher.segment_readers() {
        look(segment)?;
    }
    Ok(())
}
