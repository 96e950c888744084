//! Removing records whose time is over. Each leaves its hash, so that the chain stays provable; neighbours share one,
//! and what is gone at the beginning of a chain is remembered in the chain's own row.

use super::rows::{ChainRow, Entry, Gap, Packed, RecordRow, chain_keys, corrupt, entries, hash, key_parts, row_key};
use super::rules::holds_changed;
use super::{append, filter};
use crate::write::Tables;
use crate::{BlobId, Error, Result, Word};

/// Removes records of a domain by their numbers; those that are gone are passed over. Returns how many went.
///
/// # Errors
/// `NotAllowed` when holds have changed since `judged`: then the caller has to judge anew. `NotFound` (the domain).
pub(crate) fn remove(tables: &mut Tables, domain: &str, mut numbers: Vec<u64>, judged: u64) -> Result<u64> {
    if holds_changed(tables.state.open()?)? != judged {
        return Err(Error::new(Word::NotAllowed, "legal holds have changed meanwhile"));
    }
    append::flush(tables)?;
    let missing = || Error::new(Word::NotFound, format!("{domain} has no archive"));
    let mut chain = append::chain(tables, domain)?.ok_or_else(missing)?;
    numbers.retain(|number| (chain.first..=chain.last).contains(number));
    numbers.sort_unstable();
    tables.begin_writing();
    let mut rest = numbers.as_slice();
    let mut gone = 0;
    while let Some(next) = rest.first() {
        let range = *chain_keys(chain.number).start()..=row_key(chain.number, *next);
        let found = tables.archive.range(range)?.next_back().transpose()?;
        let (key, row) = found.map(|(key, row)| (key.value(), row.value().to_vec())).ok_or(corrupt(domain, *next))?;
        let (row, removed, end) = without(&row, key_parts(key).1, rest)?;
        // A row that the number is not in would be met for ever.
        rest = &rest[rest.partition_point(|number| *number < end.max(*next + 1))..];
        gone += removed.len() as u64;
        tables.archive.insert(key, row.0.as_slice())?;
        removed.into_iter().try_for_each(|blob| tables.change_references(blob, -1))?;
    }
    chain.kept = chain.kept.saturating_sub(gone);
    forget_beginning(tables, &mut chain)?;
    tables.archive_chain.insert(domain, chain.encode().as_slice())?;
    Ok(gone)
}

/// The row without the records of these numbers, the messages that it no longer refers to, and the number after it.
pub(crate) fn without(row: &[u8], first: u64, numbers: &[u64]) -> Result<(Packed, Vec<BlobId>, u64)> {
    let (mut left, mut removed, mut number) = (Packed::new(), Vec::new(), first);
    let mut gap: Option<Gap> = None;
    for entry in entries(row)? {
        let goes = match entry {
            Entry::Gap(goes) => Some(goes),
            Entry::Record(bytes) if numbers.binary_search(&number).is_ok() => {
                let record = RecordRow::decode(bytes)?;
                removed.push(record.blob);
                Some(Gap { count: 1, archived: record.archived, before: record.before, hash: hash(number, bytes) })
            }
            Entry::Record(_) => None,
        };
        number += entry.count();
        match goes {
            Some(goes) => gap = Some(gap.map_or(goes, |gap| gap.and(goes))),
            None => {
                gap.take().into_iter().for_each(|gap| left.push(Entry::Gap(gap)));
                left.push(entry);
            }
        }
    }
    gap.into_iter().for_each(|gap| left.push(Entry::Gap(gap)));
    Ok((left, removed, number))
}

/// Rows at the chain's beginning of which all is gone give way to a hash in the chain's row.
fn forget_beginning(tables: &mut Tables, chain: &mut ChainRow) -> Result<()> {
    loop {
        let first = tables.archive.range(chain_keys(chain.number))?.next().transpose()?;
        let Some((key, row)) = first.map(|(key, row)| (key.value(), row.value().to_vec())) else { return Ok(()) };
        let [Entry::Gap(gap)] = entries(&row)?[..] else { return Ok(()) };
        (chain.first, chain.anchor) = (key_parts(key).1 + gap.count, gap.hash);
        tables.archive.remove(key)?;
        filter::forget(tables, chain.number, chain.first)?;
    }
}
