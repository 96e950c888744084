//! Filters of records: their addresses and subjects are written into those of neighbouring records, in the form in which
//! they are compared, so that a search reads only the records that may fit.

use mailstead_storage::{
    ARCHIVE_FILTER_RECORDS, ArchiveCriteria, ArchiveFilter, ArchiveUnfiltered, BlobId, Result, Store,
};

use super::judge::subject_of;
use crate::message::Outline;
use crate::message::casemap::folded;

/// Makes all filters that can be made; returns how many.
///
/// # Errors
/// Those of reading and writing.
pub fn make_filters(store: &Store) -> Result<u64> {
    let mut made = 0;
    loop {
        let unfiltered = store.archive_unfiltered()?;
        let before = made;
        for first in unfiltered {
            let filter = filter(store, &first)?;
            made += u64::from(store.put_archive_filter(first, filter).wait()?);
        }
        if made == before {
            return Ok(made);
        }
    }
}

fn filter(store: &Store, of: &ArchiveUnfiltered) -> Result<ArchiveFilter> {
    let mut filter = ArchiveFilter::default();
    let mut records = store.archive_from(&of.domain, of.first, ARCHIVE_FILTER_RECORDS as usize)?;
    records.retain(|record| record.number < of.first + ARCHIVE_FILTER_RECORDS);
    let blobs: Vec<BlobId> = records.iter().map(|record| record.blob).collect();
    for (record, outline) in records.iter().zip(store.outlines(&blobs)?.iter()) {
        let addresses = std::iter::once(&record.sender).chain(&record.recipients);
        addresses.for_each(|address| filter.add(&address_text(address)));
        let subject = outline.and_then(Outline::decode).as_ref().map(subject_of).unwrap_or_default();
        filter.add(&subject_text(&subject));
    }
    Ok(filter)
}

/// What stands in the filters of all records that fit.
pub(super) fn asked(criteria: &ArchiveCriteria) -> Vec<Vec<u8>> {
    let addresses = criteria.sender.iter().chain(&criteria.recipient).map(|part| address_text(part));
    addresses.chain(criteria.subject.iter().map(|subject| subject_text(subject))).collect()
}

/// As [`ArchiveCriteria::fit`] compares addresses.
fn address_text(address: &str) -> Vec<u8> {
    address.to_ascii_lowercase().into_bytes()
}

/// As a [`Needle`](crate::message::search::Needle) is compared.
fn subject_text(subject: &str) -> Vec<u8> {
    folded(subject).into_bytes()
}
