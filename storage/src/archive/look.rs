//! Reading records: one by its number, those of a domain in their order, and those of several domains together, the
//! newest first. Records of a chain are in the order of time, so a moment is found by halving.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::rows::{ChainRow, Entry, RecordRow, chain_keys, entries, key_parts, row_key};
use crate::tables::meta;
use crate::{ArchiveChain, ArchivePlace, ArchiveRecord, Result, Time};

type Rows = ReadOnlyTable<u64, &'static [u8]>;

/// Which records to list.
#[derive(Debug, Clone, Default)]
pub struct ArchiveSlice {
    /// Only those of these domains.
    pub domains: Option<Vec<String>>,
    /// Only those archived at this moment or later.
    pub from: Option<Time>,
    /// Only those archived before this moment.
    pub until: Option<Time>,
    /// Only those after this place, the newest first.
    pub after: Option<ArchivePlace>,
}

impl ArchiveRecord {
    fn new(domain: &Arc<str>, number: u64, row: RecordRow) -> ArchiveRecord {
        let RecordRow { before, archived, direction, rules, blob, size, hash, sender, recipients } = row;
        let domain = domain.clone();
        ArchiveRecord { domain, number, archived, direction, rules, blob, size, hash, sender, recipients, before }
    }
}

impl ChainRow {
    pub(super) fn told(&self, domain: &str) -> ArchiveChain {
        let ChainRow { last, head, archived, kept, first, .. } = *self;
        ArchiveChain { domain: domain.to_owned(), last, head, archived, first, kept }
    }
}

/// All chains, by domain.
pub(super) fn chain_rows(transaction: &ReadTransaction) -> Result<BTreeMap<String, ChainRow>> {
    let table = transaction.open_table(meta::ARCHIVE_CHAIN)?;
    let rows = table.iter()?.map(|row| {
        let (domain, row) = row?;
        Ok((domain.value().to_owned(), ChainRow::decode(row.value())?))
    });
    rows.collect()
}

/// A domain's chain.
pub(super) fn chain_row(transaction: &ReadTransaction, domain: &str) -> Result<Option<ChainRow>> {
    let row = transaction.open_table(meta::ARCHIVE_CHAIN)?.get(domain)?;
    row.map(|row| ChainRow::decode(row.value())).transpose()
}

/// All chains as they are told, by domain.
pub(crate) fn chains(transaction: &ReadTransaction) -> Result<Vec<ArchiveChain>> {
    Ok(chain_rows(transaction)?.into_iter().map(|(domain, chain)| chain.told(&domain)).collect())
}

/// One record, unless it is gone.
pub(crate) fn one(transaction: &ReadTransaction, domain: &str, number: u64) -> Result<Option<ArchiveRecord>> {
    let Some(chain) = chain_row(transaction, domain)? else { return Ok(None) };
    if !(chain.first..=chain.last).contains(&number) {
        return Ok(None);
    }
    let rows = transaction.open_table(meta::ARCHIVE)?;
    let domain: Arc<str> = domain.into();
    let records = row_with(&rows, &domain, chain.number, number)?;
    Ok(records.into_iter().find(|record| record.number == number))
}

/// Records of a domain from this number on, the oldest first.
pub(crate) fn from(transaction: &ReadTransaction, domain: &str, number: u64, max: usize) -> Result<Vec<ArchiveRecord>> {
    let Some(chain) = chain_row(transaction, domain)? else { return Ok(Vec::new()) };
    let rows = transaction.open_table(meta::ARCHIVE)?;
    let domain: Arc<str> = domain.into();
    let range = *chain_keys(chain.number).start()..=row_key(chain.number, number.min(chain.last));
    let begin = rows.range(range)?.next_back().transpose()?.map_or(0, |(key, _)| key.value());
    let mut records = Vec::new();
    for row in rows.range(begin.max(*chain_keys(chain.number).start())..=*chain_keys(chain.number).end())? {
        let (key, row) = row?;
        let found = unpack(&domain, key.value(), row.value())?;
        records.extend(found.into_iter().filter(|record| record.number >= number));
        if records.len() >= max {
            break;
        }
    }
    records.truncate(max);
    Ok(records)
}

/// The records of the slice, the newest first, `max` at most, and each one's place.
pub(crate) fn newest(
    transaction: &ReadTransaction,
    slice: &ArchiveSlice,
    max: usize,
) -> Result<Vec<(ArchivePlace, ArchiveRecord)>> {
    let rows = transaction.open_table(meta::ARCHIVE)?;
    let mut chains = Vec::new();
    for (domain, chain) in chosen(transaction, slice)? {
        chains.push(Backwards::new(&rows, domain.as_str().into(), &chain, slice)?);
    }
    let mut heads: BinaryHeap<(ArchivePlace, usize)> = BinaryHeap::new();
    for (index, chain) in chains.iter_mut().enumerate() {
        heads.extend(chain.place(&rows, slice)?.map(|place| (place, index)));
    }
    let mut records = Vec::new();
    while records.len() < max
        && let Some((place, index)) = heads.pop()
    {
        let chain = &mut chains[index];
        records.extend(chain.waiting.pop().map(|record| (place, record)));
        heads.extend(chain.place(&rows, slice)?.map(|place| (place, index)));
    }
    Ok(records)
}

fn chosen(transaction: &ReadTransaction, slice: &ArchiveSlice) -> Result<Vec<(String, ChainRow)>> {
    let Some(domains) = &slice.domains else { return Ok(chain_rows(transaction)?.into_iter().collect()) };
    let mut chosen = Vec::new();
    for domain in domains {
        chosen.extend(chain_row(transaction, domain)?.map(|chain| (domain.clone(), chain)));
    }
    Ok(chosen)
}

/// A chain that is read from its end.
struct Backwards {
    domain: Arc<str>,
    chain: u32,
    /// Rows with a lower key are still to be read.
    key: u64,
    /// Records that were read, the newest last.
    waiting: Vec<ArchiveRecord>,
}

impl Backwards {
    fn new(rows: &Rows, domain: Arc<str>, chain: &ChainRow, slice: &ArchiveSlice) -> Result<Backwards> {
        let newest = slice.after.map(|after| after.archived).into_iter().chain(slice.until).min();
        let key = match newest {
            Some(newest) if newest < chain.archived => row_after(rows, chain, newest)?,
            _ => *chain_keys(chain.number).end(),
        };
        Ok(Backwards { domain, chain: chain.number, key, waiting: Vec::new() })
    }

    /// The place of its next record of the slice, which then is the last that waits.
    fn place(&mut self, rows: &Rows, slice: &ArchiveSlice) -> Result<Option<ArchivePlace>> {
        loop {
            let Some(record) = self.waiting.last() else {
                let range = *chain_keys(self.chain).start()..self.key;
                let Some((key, row)) = rows.range(range)?.next_back().transpose()? else { return Ok(None) };
                self.key = key.value();
                self.waiting = unpack(&self.domain, self.key, row.value())?;
                continue;
            };
            let place = ArchivePlace { archived: record.archived, chain: self.chain, number: record.number };
            if slice.from.is_some_and(|from| place.archived < from) {
                return Ok(None);
            }
            let is_later = slice.until.is_some_and(|until| place.archived >= until)
                || slice.after.is_some_and(|after| place >= after);
            if !is_later {
                return Ok(Some(place));
            }
            self.waiting.pop();
        }
    }
}

/// A key above all rows that begin at this moment or before, and not far above.
fn row_after(rows: &Rows, chain: &ChainRow, moment: Time) -> Result<u64> {
    let (mut low, mut high) = (chain.first, chain.last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let range = *chain_keys(chain.number).start()..=row_key(chain.number, middle);
        let found = rows.range(range)?.next_back().transpose()?;
        match found {
            Some((key, row)) if begins_after(row.value(), moment)? => high = key_parts(key.value()).1.max(low),
            _ => low = middle + 1,
        }
    }
    Ok(row_key(chain.number, high))
}

fn begins_after(row: &[u8], moment: Time) -> Result<bool> {
    Ok(match entries(row)?.first() {
        Some(Entry::Record(bytes)) => RecordRow::decode(bytes)?.archived > moment,
        Some(Entry::Gap(gap)) => gap.archived > moment,
        None => false,
    })
}

fn row_with(rows: &Rows, domain: &Arc<str>, chain: u32, number: u64) -> Result<Vec<ArchiveRecord>> {
    let range = *chain_keys(chain).start()..=row_key(chain, number);
    let found = rows.range(range)?.next_back().transpose()?;
    found.map_or(Ok(Vec::new()), |(key, row)| unpack(domain, key.value(), row.value()))
}

/// The records of a row.
pub(super) fn unpack(domain: &Arc<str>, key: u64, row: &[u8]) -> Result<Vec<ArchiveRecord>> {
    let (_, mut number) = key_parts(key);
    let mut records = Vec::new();
    for entry in entries(row)? {
        if let Entry::Record(bytes) = entry {
            records.push(ArchiveRecord::new(domain, number, RecordRow::decode(bytes)?));
        }
        number += entry.count();
    }
    Ok(records)
}
