//! Any bytes, read as the store reads its rows; for `fuzz/` and property tests. What is damaged is refused, without a panic
//! and without memory beyond what its bytes are worth.

use crate::archive::filter::{ArchiveFilter, Asked};
use crate::archive::rows::{ChainRow, Entry, blobs, entries, row_key};
use crate::archive::{look, retention};
use crate::{Result, Time};

/// A row of archived records: it tells of as many records as of messages, and keeps its numbers when records go.
pub fn archive_row(row: &[u8]) {
    let key = row_key(1, 1);
    let records = look::unpack(&"example.test".into(), key, row).map(|records| records.len());
    assert_eq!(records.ok(), blobs(key, row).1.map(|blobs| blobs.len()).ok());
    let Ok((left, ..)) = retention::without(row, 1, &[1, 3]) else { return };
    let numbers = |row: &[u8]| entries(row).map(|entries| entries.iter().map(Entry::count).sum::<u64>());
    assert_eq!(numbers(&left.0), numbers(row));
}

/// A chain: the records that it may still have can be counted.
pub fn archive_chain(row: &[u8]) {
    let _ = ChainRow::decode(row).map(|chain| chain.last + 1 - chain.first);
}

/// A filter of records: does it exclude that this text is in one of them?
///
/// # Errors
/// `Corrupt`, `Newer`.
pub fn archive_filter(row: &[u8], text: &[u8]) -> Result<bool> {
    Asked::new(&[text.to_vec()]).excluded(row).map(|excluded| excluded.is_some())
}

/// As [`archive_filter`], once it is stored.
///
/// # Errors
/// As there.
pub fn archive_filter_of(filter: &ArchiveFilter, text: &[u8]) -> Result<bool> {
    archive_filter(&filter.encode(Time(1)), text)
}
