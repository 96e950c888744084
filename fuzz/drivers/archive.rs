//! Any bytes as a row of archived records, of a chain, and as a filter of records: they are read as what they are or
//! refused, and what is in a filter is never excluded by it.

use mailstead_storage::ArchiveFilter;
use mailstead_storage::fuzzing::{archive_chain, archive_filter, archive_filter_of, archive_row};

/// Runs one case.
pub fn run(input: &[u8]) {
    archive_row(input);
    archive_chain(input);
    let _ = archive_filter(input, input);
    let mut filter = ArchiveFilter::default();
    filter.add(input);
    assert_eq!(archive_filter_of(&filter, &input[input.len() / 2..]), Ok(false));
}
