//! Filters (Bloom, with one hash): which runs of three bytes stand in the texts of neighbouring records, so that a search
//! steps over those in which what it looks for cannot be, without reading them.
//!
//! A filter may say yes where there is nothing, never no where there is something. It is written once, when its
//! records are all there; records that have none yet are read. What is taken away from its records later only makes it
//! say yes too often.

use redb::ReadTransaction;

use super::rows::{chain_keys, entries, key_parts, row_key};
use super::{append, look};
use crate::codec::{Reader, Writer};
use crate::tables::meta;
use crate::write::Tables;
use crate::{ArchiveUnfiltered, Result, Time};

/// Records of one filter: those of a chain from one number on, by whole multiples.
pub const ARCHIVE_FILTER_RECORDS: u64 = 256;
/// Bytes of bits, so that a row fills a leaf of redb.
const BYTES: usize = 4000;
const VERSION: u8 = 1;
/// Bytes of which runs are made.
const RUN: usize = 3;

/// The filter of neighbouring records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFilter(Vec<u8>);

impl Default for ArchiveFilter {
    fn default() -> ArchiveFilter {
        ArchiveFilter(vec![0; BYTES])
    }
}

impl ArchiveFilter {
    /// Takes in a text, as it is compared in a search.
    pub fn add(&mut self, text: &[u8]) {
        runs(text).for_each(|bit| self.0[bit / 8] |= 1 << (bit % 8));
    }

    /// Version 1, when the first of the records was archived ms u64, the bits.
    pub(crate) fn encode(&self, archived: Time) -> Vec<u8> {
        let mut row = Writer::new(VERSION, 9 + BYTES);
        row.raw(&archived.0.to_le_bytes());
        row.raw(&self.0);
        row.0
    }
}

/// The bits of a text.
fn runs(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    text.windows(RUN).map(|run| {
        let number = run.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        // Fibonacci hashing: neighbours in the alphabet come far from each other.
        (number.wrapping_mul(0x9E37_79B1) >> 8) as usize % (BYTES * 8)
    })
}

/// What filters are asked for.
pub(crate) struct Asked(Vec<usize>);

impl Asked {
    /// For all of these texts.
    pub(crate) fn new(texts: &[Vec<u8>]) -> Asked {
        let mut bits: Vec<usize> = texts.iter().flat_map(|text| runs(text)).collect();
        bits.sort_unstable();
        bits.dedup();
        Asked(bits)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When none of the filter's records can be meant: the moment at which the first of them was archived.
    pub(crate) fn excluded(&self, row: &[u8]) -> Result<Option<Time>> {
        let mut row = Reader::new("archive filter", VERSION, row)?;
        let (archived, bits) = (Time(row.u64()?), row.raw(BYTES)?);
        let may_hold = self.0.iter().all(|bit| bits[bit / 8] & 1 << (bit % 8) != 0);
        Ok((!may_hold).then_some(archived))
    }
}

/// The key of the filter that a record belongs to.
pub(super) fn key_of(chain: u32, number: u64) -> u64 {
    row_key(chain, (number.max(1) - 1) / ARCHIVE_FILTER_RECORDS * ARCHIVE_FILTER_RECORDS + 1)
}

/// The first records that have no filter and could have one, one for each chain that has some.
pub(crate) fn unfiltered(transaction: &ReadTransaction) -> Result<Vec<ArchiveUnfiltered>> {
    let filters = transaction.open_table(meta::ARCHIVE_FILTER)?;
    let mut unfiltered = Vec::new();
    for (domain, chain) in look::chain_rows(transaction)? {
        let last = filters.range(chain_keys(chain.number))?.next_back().transpose()?;
        let after = last.map_or(0, |(key, _)| key_parts(key.value()).1 + ARCHIVE_FILTER_RECORDS);
        let (_, first) = key_parts(key_of(chain.number, chain.first.max(after)));
        if first + ARCHIVE_FILTER_RECORDS <= chain.last + 1 {
            unfiltered.push(ArchiveUnfiltered { domain, first });
        }
    }
    Ok(unfiltered)
}

/// Writes the filter of the records from this number on; tells whether they are still there.
pub(crate) fn put(tables: &mut Tables, of: &ArchiveUnfiltered, filter: &ArchiveFilter) -> Result<bool> {
    let Some(chain) = append::chain(tables, &of.domain)? else { return Ok(false) };
    let key = key_of(chain.number, of.first);
    let Some(archived) = archived_at(tables, key)? else { return Ok(false) };
    tables.begin_writing();
    tables.archive_filter.insert(key, filter.encode(archived).as_slice())?;
    Ok(true)
}

/// When the record with this key was archived; when it is gone, a moment after that, which no later record comes before.
/// Nothing when all records from there on are gone.
fn archived_at(tables: &Tables, key: u64) -> Result<Option<Time>> {
    let (chain, number) = key_parts(key);
    let keys = chain_keys(chain);
    let before = tables.archive.range(*keys.start()..=key)?.next_back().transpose()?;
    for row in before.into_iter().map(Ok).chain(tables.archive.range(key + 1..=*keys.end())?) {
        let (begin, row) = row?;
        let mut end = key_parts(begin.value()).1;
        for entry in entries(row.value())? {
            end += entry.count();
            if number < end {
                return entry.archived().map(Some);
            }
        }
    }
    Ok(None)
}

/// Takes away the filters of records that are all gone: those before this number.
pub(super) fn forget(tables: &mut Tables, chain: u32, first: u64) -> Result<()> {
    let gone = *chain_keys(chain).start()..key_of(chain, first);
    tables.archive_filter.retain_in(gone, |_, _| false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_there_is_never_excluded(texts in prop::collection::vec("[a-d@.é]{0,30}", 1..20), at: prop::sample::Index, cut in 0..30usize) {
            let mut filter = ArchiveFilter::default();
            texts.iter().for_each(|text| filter.add(text.as_bytes()));
            let text = at.get(&texts).as_bytes();
            let part = text[cut.min(text.len())..].to_vec();
            prop_assert_eq!(Asked::new(&[part, Vec::new()]).excluded(&filter.encode(Time(7))), Ok(None));
        }

        #[test]
        fn any_bytes_are_a_filter_or_refused(row: Vec<u8>, text: Vec<u8>, full: bool) {
            let bits = if full { BYTES } else { row.len() };
            let row = [&[VERSION], row.as_slice(), &vec![0xff; bits]].concat();
            let excluded = Asked::new(&[text]).excluded(&row);
            prop_assert!(excluded.is_ok() == (row.len() >= 9 + BYTES), "{excluded:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_excluded() {
        let mut filter = ArchiveFilter::default();
        (0..ARCHIVE_FILTER_RECORDS).for_each(|number| filter.add(format!("sender{number}@example.test").as_bytes()));
        let row = filter.encode(Time(7));
        let excluded = |text: &str| Asked::new(&[text.into()]).excluded(&row).expect("a filter");
        assert_eq!(excluded("nobody@elsewhere.test"), Some(Time(7)));
        assert_eq!(excluded("sender7@"), None);
        assert_eq!(excluded("no"), None, "two letters say nothing");
        assert!(Asked::new(&["no".into()]).is_empty());
        assert!(Asked::new(&[]).excluded(&row[..row.len() - 1]).is_err());
        let ones: u32 = filter.0.iter().map(|byte| byte.count_ones()).sum();
        assert!(ones < 1000, "{ones} bits are set");
    }
}
