//! Reading records: one by its number, those of a domain in their order, and those of several domains together, the
//! newest first. Records of a chain are in the order of time, so a moment is found by halving.
//!
//! Rows that the filter of their records excludes are stepped over; in the others, parts of addresses are looked for
//! before any record is read.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use memchr::memmem::Finder;
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::filter::{self, Asked};
use super::rows::{ChainRow, Entry, RecordRow, chain_keys, entries, first, key_parts, row_key};
use crate::tables::meta;
use crate::{ArchiveChain, ArchivePlace, ArchiveRecord, Result, Time};

type Rows = ReadOnlyTable<u64, &'static [u8]>;

/// Rows that one look reads at most, and a few more.
const LOOK_ROWS_MAX: usize = 4096;

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
    /// Records whose addresses do not hold all of these parts, in any case of ASCII, may be left out.
    pub parts: Vec<String>,
    /// Records may be left out when not all of these stand in the texts that their filter was made of.
    pub texts: Vec<Vec<u8>>,
}

/// What a look came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveLook {
    /// Records and their places, the newest first.
    pub records: Vec<(ArchivePlace, ArchiveRecord)>,
    /// How many numbers were passed, those that were left out among them.
    pub passed: u64,
    /// Go on after this place; nothing when all was looked at.
    pub next: Option<ArchivePlace>,
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

/// The records of the slice, the newest first, `max` at most.
pub(crate) fn newest(transaction: &ReadTransaction, slice: &ArchiveSlice, max: usize) -> Result<ArchiveLook> {
    let rows = transaction.open_table(meta::ARCHIVE)?;
    let parts: Vec<String> = slice.parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let mut view = View {
        rows,
        filters: transaction.open_table(meta::ARCHIVE_FILTER)?,
        asked: Asked::new(&slice.texts),
        slice,
        parts: parts.iter().map(|part| Finder::new(part.as_bytes())).collect(),
        rows_left: LOOK_ROWS_MAX,
        passed: 0,
    };
    let mut chains = Vec::new();
    for (domain, chain) in chosen(transaction, slice)? {
        chains.push(Backwards::new(&view.rows, domain.as_str().into(), &chain, slice)?);
    }
    let mut heads: BinaryHeap<(Next, usize)> = BinaryHeap::new();
    for (index, chain) in chains.iter_mut().enumerate() {
        heads.extend(chain.next(&mut view)?.map(|next| (next, index)));
    }
    let mut look = ArchiveLook::default();
    while let Some((next, index)) = heads.pop() {
        if !next.is_read {
            look.next = Some(next.place);
            break;
        }
        if look.records.len() == max {
            look.next = look.records.last().map(|(place, _)| *place);
            break;
        }
        let chain = &mut chains[index];
        look.records.extend(chain.waiting.pop().map(|record| (next.place, record)));
        heads.extend(chain.next(&mut view)?.map(|next| (next, index)));
    }
    look.passed = view.passed;
    Ok(look)
}

/// What is read, and how much more of it.
struct View<'s> {
    rows: Rows,
    filters: Rows,
    asked: Asked,
    slice: &'s ArchiveSlice,
    parts: Vec<Finder<'s>>,
    rows_left: usize,
    passed: u64,
}

impl View<'_> {
    /// The place of the first record of the filter that this one belongs to, when none of them is wanted.
    fn excluded(&self, chain: u32, number: u64) -> Result<Option<ArchivePlace>> {
        if self.asked.is_empty() {
            return Ok(None);
        }
        let key = filter::key_of(chain, number);
        let Some(row) = self.filters.get(key)? else { return Ok(None) };
        let (_, number) = key_parts(key);
        Ok(self.asked.excluded(row.value())?.map(|archived| ArchivePlace { archived, chain, number }))
    }

    /// May a record of this row hold all parts?
    fn may_hold(&self, row: &[u8]) -> bool {
        if self.parts.is_empty() {
            return true;
        }
        let row = row.to_ascii_lowercase();
        self.parts.iter().all(|part| part.find(&row).is_some())
    }
}

/// What comes next in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    place: ArchivePlace,
    /// Is a record there that was read? If not, what is left of the chain comes after this place.
    is_read: bool,
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
    /// The place of the first record of the last row that was read.
    begun: Option<ArchivePlace>,
    /// Records that were read, the newest last.
    waiting: Vec<ArchiveRecord>,
}

impl Backwards {
    fn new(rows: &Rows, domain: Arc<str>, chain: &ChainRow, slice: &ArchiveSlice) -> Result<Backwards> {
        let newest = slice.after.map(|after| after.archived).into_iter().chain(slice.until).min();
        let key = match newest {
            Some(newest) if newest < chain.archived => row_after(rows, chain, newest)?,
            _ => row_key(chain.number, chain.last + 1),
        };
        Ok(Backwards { domain, chain: chain.number, key, begun: None, waiting: Vec::new() })
    }

    /// The place of its next record of the slice, which then is the last that waits.
    fn next(&mut self, view: &mut View) -> Result<Option<Next>> {
        let slice = view.slice;
        loop {
            let Some(record) = self.waiting.last() else {
                if let Some(place) = self.begun {
                    if slice.from.is_some_and(|from| place.archived < from) {
                        return Ok(None);
                    }
                    if view.rows_left == 0 {
                        return Ok(Some(Next { place, is_read: false }));
                    }
                }
                if !self.read(view)? {
                    return Ok(None);
                }
                continue;
            };
            let place = ArchivePlace { archived: record.archived, chain: self.chain, number: record.number };
            if slice.from.is_some_and(|from| place.archived < from) {
                return Ok(None);
            }
            let is_later = slice.until.is_some_and(|until| place.archived >= until)
                || slice.after.is_some_and(|after| place >= after);
            if !is_later {
                return Ok(Some(Next { place, is_read: true }));
            }
            self.waiting.pop();
        }
    }

    /// Reads the row before, or steps over those that are excluded; false when there is none.
    fn read(&mut self, view: &mut View) -> Result<bool> {
        let (_, number) = key_parts(self.key);
        if number <= 1 {
            return Ok(false);
        }
        view.rows_left = view.rows_left.saturating_sub(1);
        if let Some(place) = view.excluded(self.chain, number - 1)? {
            view.passed += number - place.number;
            self.key = row_key(self.chain, place.number);
            self.begun = Some(place);
            return Ok(true);
        }
        let range = *chain_keys(self.chain).start()..self.key;
        let Some((key, row)) = view.rows.range(range)?.next_back().transpose()? else { return Ok(false) };
        let (key, row) = (key.value(), row.value());
        let (_, number) = key_parts(key);
        view.passed += self.key - key;
        self.key = key;
        self.begun = Some(ArchivePlace { archived: begin(row)?, chain: self.chain, number });
        if view.may_hold(row) {
            self.waiting = unpack(&self.domain, key, row)?;
        }
        Ok(true)
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
            Some((key, row)) if begin(row.value())? > moment => high = key_parts(key.value()).1.max(low),
            _ => low = middle + 1,
        }
    }
    Ok(row_key(chain.number, high))
}

/// When the first record of a row was archived, or the last of the gap that it begins with.
fn begin(row: &[u8]) -> Result<Time> {
    first(row)?.archived()
}

fn row_with(rows: &Rows, domain: &Arc<str>, chain: u32, number: u64) -> Result<Vec<ArchiveRecord>> {
    let range = *chain_keys(chain).start()..=row_key(chain, number);
    let found = rows.range(range)?.next_back().transpose()?;
    found.map_or(Ok(Vec::new()), |(key, row)| unpack(domain, key.value(), row.value()))
}

/// The records of a row.
pub(crate) fn unpack(domain: &Arc<str>, key: u64, row: &[u8]) -> Result<Vec<ArchiveRecord>> {
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
