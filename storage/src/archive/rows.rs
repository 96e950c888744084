//! Records as bytes. A redb leaf is split in half when it is full, which would leave every page of a table that only
//! grows half empty; so records stand packed in rows that fill a leaf each.
//!
//! The hash of a record is blake3 over its number and its bytes, among which is the hash of the record before it. What
//! stands in the place of records that retention removed is a *gap*: how many they were, when the last of them was
//! archived, what the first of them carried, and the hash of the last.

use crate::archive::rules::ArchiveCopy;
use crate::codec::{Reader, Writer};
use crate::{ArchiveDirection, BlobId, Error, Result, Time, Word};

/// Bytes of a row that fills a leaf of redb. A longer record has a row to itself.
pub(super) const ROW_BYTES_MAX: usize = 4096 - 24;
/// Version of a row of records and of a chain's row.
const VERSION: u8 = 1;
/// Numbers of one chain: the low bits of a key.
const NUMBER_BITS: u32 = 40;
/// The highest of them.
const NUMBER_MAX: u64 = (1 << NUMBER_BITS) - 1;

const RECORD: u8 = 1;
const GAP: u8 = 2;

/// A blake3 hash.
pub(super) type Hash = [u8; 32];

/// Key of a row of `archive`: the chain, and the number of the row's first record.
pub(crate) fn row_key(chain: u32, number: u64) -> u64 {
    u64::from(chain) << NUMBER_BITS | number
}

/// Keys of all rows of a chain.
pub(super) fn chain_keys(chain: u32) -> std::ops::RangeInclusive<u64> {
    row_key(chain, 0)..=row_key(chain, NUMBER_MAX)
}

/// The chain and the first number of a key.
pub(super) fn key_parts(key: u64) -> (u32, u64) {
    ((key >> NUMBER_BITS) as u32, key & NUMBER_MAX)
}

/// What the first record of a domain carries as the hash of the one before it.
pub(super) fn beginning(domain: &str) -> Hash {
    *blake3::hash(domain.as_bytes()).as_bytes()
}

/// The hash of a record.
pub(super) fn hash(number: u64, record: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(record);
    *hasher.finalize().as_bytes()
}

/// What is written of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordRow {
    pub(super) before: Hash,
    pub(super) archived: Time,
    pub(super) direction: ArchiveDirection,
    pub(super) rules: Vec<u32>,
    pub(super) blob: BlobId,
    pub(super) size: u64,
    pub(super) hash: Hash,
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
}

impl RecordRow {
    /// Its bytes, those that are hashed: hash of the one before 32 B, blake3 of the message 32 B, archived ms, direction
    /// u8, blob, size, count and numbers of the rules, sender, count and texts of the recipients.
    pub(super) fn encode(&self) -> Vec<u8> {
        // What a row of the codec begins with is in front of the records' row.
        let mut row = Writer(Vec::with_capacity(160));
        row.raw(&self.before);
        row.raw(&self.hash);
        row.number(self.archived.0);
        row.byte(direction_byte(self.direction));
        row.number(self.blob.0);
        row.number(self.size);
        row.number(self.rules.len() as u64);
        self.rules.iter().for_each(|rule| row.number(u64::from(*rule)));
        row.text(&self.sender);
        row.number(self.recipients.len() as u64);
        self.recipients.iter().for_each(|recipient| row.text(recipient));
        row.0
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<RecordRow> {
        let mut row = Reader::bare("archive", bytes);
        let (before, hash, archived) = (row.hash()?, row.hash()?, Time(row.number()?));
        let direction = direction(row.byte()?).ok_or_else(|| row.corrupt())?;
        let (blob, size, count) = (BlobId(row.number()?), row.number()?, row.count()?);
        let rules = (0..count).map(|_| row.number32()).collect::<Result<_>>()?;
        let (sender, count) = (row.text()?, row.count()?);
        let recipients = (0..count).map(|_| row.text()).collect::<Result<_>>()?;
        match row.is_at_end() {
            true => Ok(RecordRow { before, archived, direction, rules, blob, size, hash, sender, recipients }),
            false => Err(row.corrupt()),
        }
    }
}

fn direction_byte(direction: ArchiveDirection) -> u8 {
    match direction {
        ArchiveDirection::Incoming => 1,
        ArchiveDirection::Outgoing => 2,
        ArchiveDirection::Both => 3,
    }
}

fn direction(byte: u8) -> Option<ArchiveDirection> {
    use ArchiveDirection::{Both, Incoming, Outgoing};
    [Incoming, Outgoing, Both].into_iter().find(|direction| direction_byte(*direction) == byte)
}

/// Records that retention removed, neighbours of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(super) count: u64,
    /// When the last of them was archived.
    pub(super) archived: Time,
    /// What the first of them carried as the hash of the one before it.
    pub(super) before: Hash,
    /// The hash of the last of them.
    pub(super) hash: Hash,
}

impl Gap {
    /// This one and the one that follows it.
    pub(super) fn and(self, next: Gap) -> Gap {
        Gap { count: self.count + next.count, before: self.before, ..next }
    }
}

/// What stands at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry<'r> {
    /// A record's bytes.
    Record(&'r [u8]),
    Gap(Gap),
}

impl Entry<'_> {
    /// The numbers it takes.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Entry::Record(_) => 1,
            Entry::Gap(gap) => gap.count,
        }
    }

    /// When it was archived; of a gap, when its last record was.
    pub(super) fn archived(&self) -> Result<Time> {
        match self {
            Entry::Record(bytes) => archived(bytes),
            Entry::Gap(gap) => Ok(gap.archived),
        }
    }
}

/// A row of packed records, being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed(pub(crate) Vec<u8>);

impl Packed {
    pub(super) fn new() -> Packed {
        Packed(vec![VERSION])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() <= 1
    }

    /// Is there room for a record of so many bytes?
    pub(super) fn takes(&self, record: &[u8]) -> bool {
        self.is_empty() || self.0.len() + record.len() + 4 <= ROW_BYTES_MAX
    }

    pub(super) fn push(&mut self, entry: Entry) {
        let mut row = Writer(std::mem::take(&mut self.0));
        match entry {
            Entry::Record(record) => {
                row.byte(RECORD);
                row.bytes(record);
            }
            Entry::Gap(gap) => {
                row.byte(GAP);
                row.number(gap.count);
                row.number(gap.archived.0);
                row.raw(&gap.before);
                row.raw(&gap.hash);
            }
        }
        self.0 = row.0;
    }
}

/// The entries of a row, in the order of their numbers, of which they take no more than there are.
pub(crate) fn entries(row: &[u8]) -> Result<Vec<Entry<'_>>> {
    let mut row = Reader::new("archive", VERSION, row)?;
    let (mut entries, mut count) = (Vec::new(), 0);
    while !row.is_at_end() {
        let entry = entry(&mut row)?;
        count += entry.count();
        if count > NUMBER_MAX {
            return Err(row.corrupt());
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The first entry of a row.
pub(super) fn first(row: &[u8]) -> Result<Entry<'_>> {
    entry(&mut Reader::new("archive", VERSION, row)?)
}

fn entry<'r>(row: &mut Reader<'r>) -> Result<Entry<'r>> {
    match row.byte()? {
        RECORD => Ok(Entry::Record(row.bytes()?)),
        GAP => {
            let (count, archived) = (row.number()?, Time(row.number()?));
            let gap = Gap { count, archived, before: row.hash()?, hash: row.hash()? };
            if (1..=NUMBER_MAX).contains(&count) { Ok(Entry::Gap(gap)) } else { Err(row.corrupt()) }
        }
        _ => Err(row.corrupt()),
    }
}

/// When a record was archived.
fn archived(record: &[u8]) -> Result<Time> {
    let mut row = Reader::bare("archive", record);
    row.raw(2 * size_of::<Hash>())?;
    Ok(Time(row.number()?))
}

/// The chain of a row, and the messages that its records refer to.
pub(crate) fn blobs(key: u64, row: &[u8]) -> (u32, Result<Vec<BlobId>>) {
    let blobs = entries(row).and_then(|entries| {
        let records = entries.into_iter().filter_map(|entry| match entry {
            Entry::Record(bytes) => Some(RecordRow::decode(bytes).map(|record| record.blob)),
            Entry::Gap(_) => None,
        });
        records.collect()
    });
    (key_parts(key).0, blobs)
}

/// A domain's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainRow {
    pub(crate) number: u32,
    /// The number of the last record, 0 when there is none.
    pub(crate) last: u64,
    /// The hash of the last record.
    pub(crate) head: Hash,
    /// When it was archived.
    pub(crate) archived: Time,
    /// Records that are still there.
    pub(crate) kept: u64,
    /// The first number that may still be there.
    pub(crate) first: u64,
    /// The hash before that one.
    pub(crate) anchor: Hash,
}

impl ChainRow {
    pub(super) fn new(number: u32, domain: &str) -> ChainRow {
        let head = beginning(domain);
        ChainRow { number, last: 0, head, archived: Time(0), kept: 0, first: 1, anchor: head }
    }

    /// Version 1, number u32, last u64, archived u64 (ms), kept u64, first u64, head 32 B, anchor 32 B.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row = Writer::new(VERSION, 101);
        row.raw(&self.number.to_le_bytes());
        for number in [self.last, self.archived.0, self.kept, self.first] {
            row.raw(&number.to_le_bytes());
        }
        row.raw(&self.head);
        row.raw(&self.anchor);
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<ChainRow> {
        let mut row = Reader::new("archive chain", VERSION, bytes)?;
        let (number, last, archived) = (row.u32()?, row.u64()?, Time(row.u64()?));
        let (kept, first, head, anchor) = (row.u64()?, row.u64()?, row.hash()?, row.hash()?);
        if last >= NUMBER_MAX || !(1..=last + 1).contains(&first) {
            return Err(row.corrupt());
        }
        Ok(ChainRow { number, last, head, archived, kept, first, anchor })
    }
}

/// The copies that a journal row tells of: count, and for each the domain, direction u8, count and numbers of the rules.
pub(crate) fn encode_copies(row: &mut Writer, copies: &[ArchiveCopy]) {
    row.number(copies.len() as u64);
    for copy in copies {
        row.text(&copy.domain);
        row.byte(direction_byte(copy.direction));
        row.number(copy.rules.len() as u64);
        copy.rules.iter().for_each(|rule| row.number(u64::from(*rule)));
    }
}

pub(crate) fn decode_copies(row: &mut Reader) -> Result<Vec<ArchiveCopy>> {
    let count = row.count()?;
    let copy = |row: &mut Reader| {
        let domain = row.text()?;
        let direction = direction(row.byte()?).ok_or_else(|| row.corrupt())?;
        let count = row.count()?;
        let rules = (0..count).map(|_| row.number32()).collect::<Result<_>>()?;
        Ok(ArchiveCopy { domain, direction, rules })
    };
    (0..count).map(|_| copy(row)).collect()
}

/// The rows of a chain do not fit its numbers.
pub(super) fn corrupt(domain: &str, number: u64) -> Error {
    Error::new(Word::Corrupt, format!("record {number} of the archive of {domain} is not where it belongs"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing;

    fn record() -> RecordRow {
        RecordRow {
            before: [7; 32],
            archived: Time(1_800_000_000_000),
            direction: ArchiveDirection::Both,
            rules: vec![1, 300],
            blob: BlobId(1 << 33),
            size: 70_000,
            hash: [9; 32],
            sender: "ann@a.test".into(),
            recipients: vec!["bob@b.test".into(), String::new()],
        }
    }

    #[test]
    fn rows_come_back_and_broken_ones_do_not() {
        let bytes = record().encode();
        assert_eq!(RecordRow::decode(&bytes), Ok(record()));
        for end in 0..bytes.len() {
            assert!(RecordRow::decode(&bytes[..end]).is_err(), "{end}");
        }
        let gap = Gap { count: 1000, archived: Time(5), before: [2; 32], hash: [1; 32] };
        let mut row = Packed::new();
        row.push(Entry::Gap(gap));
        row.push(Entry::Record(&bytes));
        assert_eq!(entries(&row.0), Ok(vec![Entry::Gap(gap), Entry::Record(&bytes)]));
        assert!(entries(&row.0[..row.0.len() - 1]).is_err());
        assert!(entries(&[VERSION, 9]).is_err());
        let of = |gaps: &[u64]| {
            let mut row = Packed::new();
            gaps.iter().for_each(|count| row.push(Entry::Gap(Gap { count: *count, ..gap })));
            entries(&row.0).is_ok()
        };
        assert!(of(&[1, NUMBER_MAX - 1]) && !of(&[0]) && !of(&[u64::MAX]) && !of(&[NUMBER_MAX, NUMBER_MAX]));
        let chain = ChainRow { last: 5, kept: 3, first: 2, ..ChainRow::new(7, "a.test") };
        assert_eq!(ChainRow::decode(&chain.encode()), Ok(chain.clone()));
        for (first, last) in [(0, 5), (7, 5), (1, u64::MAX), (u64::MAX, 5)] {
            assert!(ChainRow::decode(&ChainRow { first, last, ..chain.clone() }.encode()).is_err(), "{first}..={last}");
        }
    }

    fn any_record() -> impl Strategy<Value = RecordRow> {
        let direction =
            prop::sample::select(vec![ArchiveDirection::Incoming, ArchiveDirection::Outgoing, ArchiveDirection::Both]);
        let texts = prop::collection::vec(any::<String>(), 0..4);
        let numbers = (any::<u64>(), any::<u64>(), any::<u64>(), prop::collection::vec(any::<u32>(), 0..4));
        (any::<[Hash; 2]>(), numbers, direction, any::<String>(), texts).prop_map(
            |([before, hash], (archived, blob, size, rules), direction, sender, recipients)| {
                let (archived, blob) = (Time(archived), BlobId(blob));
                RecordRow { before, archived, direction, rules, blob, size, hash, sender, recipients }
            },
        )
    }

    proptest! {
        #[test]
        fn any_record_comes_back(record in any_record()) {
            let bytes = record.encode();
            prop_assert_eq!(archived(&bytes), Ok(record.archived));
            prop_assert_eq!(RecordRow::decode(&bytes), Ok(record));
        }

        #[test]
        fn damaged_rows_read_or_are_refused(
            records in prop::collection::vec(any_record(), 1..4),
            gap in any::<(u64, u64, Hash, Hash)>(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            end: prop::sample::Index,
        ) {
            let mut row = Packed::new();
            records.iter().for_each(|record| row.push(Entry::Record(&record.encode())));
            row.push(Entry::Gap(Gap { count: gap.0, archived: Time(gap.1), before: gap.2, hash: gap.3 }));
            let mut bytes = row.0;
            for (at, byte) in damage {
                *at.get_mut(&mut bytes) = byte;
            }
            let length = bytes.len();
            fuzzing::archive_row(&bytes);
            fuzzing::archive_row(&bytes[..end.index(length)]);
        }

        #[test]
        fn any_bytes_are_a_row_or_refused(bytes: Vec<u8>) {
            fuzzing::archive_row(&bytes);
            fuzzing::archive_row(&[&[VERSION], bytes.as_slice()].concat());
            fuzzing::archive_chain(&bytes);
        }

        #[test]
        fn a_damaged_chain_is_refused_or_can_be_walked(at in 0..101usize, byte: u8) {
            let mut bytes = ChainRow { last: 5, kept: 3, first: 2, ..ChainRow::new(7, "a.test") }.encode();
            bytes[at] = byte;
            fuzzing::archive_chain(&bytes);
        }
    }

    #[test]
    fn keys_tell_chain_and_number() {
        for (chain, number) in [(1, 1), (7, 1 << 39), (u32::MAX >> 8, 99)] {
            assert_eq!(key_parts(row_key(chain, number)), (chain, number));
            assert!(chain_keys(chain).contains(&row_key(chain, number)));
        }
    }
}
