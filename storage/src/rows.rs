//! Rows of the tables as Rust values: encoding and decoding, nothing else. `tables.rs` describes
//! the layouts.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::archive::rows::{decode_copies, encode_copies};
use crate::archive::rules::ArchiveCopy;
use crate::codec::{Reader, Writer};
use crate::{
    AccessKey, AccountId, Acl, Arrival, BlobId, BodyKind, Counters, Envelope, EnvelopeRecipient, Error, Flags,
    MailboxId, Modseq, Notify, Priority, Provenance, RecipientState, Record, Result, Ret, Rights, SpecialUse, State,
    Time, Told, Uid, UidRange, UidSet, Usage, Verdict, Word,
};

/// Newest version of every row that carries one.
const VERSION: u8 = 1;

/// Bytes of a record in a row of `message`.
const RECORD_BYTES: usize = 40;

/// What is known of a message's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlobRow {
    pub(crate) segment: u32,
    pub(crate) size: u64,
    pub(crate) references: u32,
    pub(crate) hash: [u8; 32],
}

impl BlobRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut row = Writer::new(VERSION, 49);
        row.raw(&self.segment.to_le_bytes());
        row.raw(&self.size.to_le_bytes());
        row.raw(&self.references.to_le_bytes());
        row.raw(&self.hash);
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<BlobRow> {
        let mut row = Reader::new("blob", VERSION, bytes)?;
        Ok(BlobRow { segment: row.u32()?, size: row.u64()?, references: row.u32()?, hash: row.hash()? })
    }
}

/// What is known of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SegmentRow {
    pub(crate) sealed: bool,
    pub(crate) live: u64,
    pub(crate) written: u64,
    pub(crate) last_sequence: u64,
}

impl SegmentRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut row = Writer::new(VERSION, 26);
        row.byte(u8::from(self.sealed));
        row.raw(&self.live.to_le_bytes());
        row.raw(&self.written.to_le_bytes());
        row.raw(&self.last_sequence.to_le_bytes());
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<SegmentRow> {
        let mut row = Reader::new("segment", VERSION, bytes)?;
        Ok(SegmentRow { sealed: row.byte()? == 1, live: row.u64()?, written: row.u64()?, last_sequence: row.u64()? })
    }
}

/// A mailbox without its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailboxRow {
    pub(crate) account: AccountId,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) counters: Counters,
    pub(crate) vanished_rows: u32,
    pub(crate) name: String,
}

impl MailboxRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let counters = &self.counters;
        let mut row = Writer::new(VERSION, 80 + self.name.len());
        row.byte(self.special_use.map_or(0, |special_use| special_use as u8));
        row.raw(&[0; 2]);
        let numbers = [
            self.account.0,
            counters.uid_validity,
            counters.uid_next,
            counters.exists,
            counters.unseen,
            counters.deleted,
            counters.recent_from,
        ];
        for number in numbers {
            row.raw(&number.to_le_bytes());
        }
        for number in [counters.bytes, counters.modseq, counters.vanished_floor] {
            row.raw(&number.to_le_bytes());
        }
        row.raw(&self.vanished_rows.to_le_bytes());
        row.raw(&[0; 20]);
        row.raw(self.name.as_bytes());
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<MailboxRow> {
        let mut row = Reader::new("mailbox", VERSION, bytes)?;
        let special_use = special_use(row.byte()?);
        row.raw(2)?;
        let account = AccountId(row.u32()?);
        let counters = Counters {
            uid_validity: row.u32()?,
            uid_next: row.u32()?,
            exists: row.u32()?,
            unseen: row.u32()?,
            deleted: row.u32()?,
            recent_from: row.u32()?,
            bytes: row.u64()?,
            modseq: row.u64()?,
            vanished_floor: row.u64()?,
        };
        let vanished_rows = row.u32()?;
        row.raw(20)?;
        let wrong = row.corrupt();
        let name = String::from_utf8(row.rest().to_vec()).map_err(|_| wrong)?;
        Ok(MailboxRow { account, special_use, counters, vanished_rows, name })
    }

    pub(crate) fn mailbox(self, id: MailboxId) -> crate::Mailbox {
        let MailboxRow { account, special_use, counters, name, .. } = self;
        crate::Mailbox { id, account, name, special_use, counters }
    }
}

fn special_use(number: u8) -> Option<SpecialUse> {
    use SpecialUse::{All, Archive, Drafts, Flagged, Junk, Sent, Trash};
    [Drafts, Sent, Junk, Trash, Archive, Flagged, All].into_iter().find(|special_use| *special_use as u8 == number)
}

/// Up to 64 neighbouring records, by UID.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Block(pub(crate) Vec<Record>);

impl Block {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(8 + self.0.len() * RECORD_BYTES);
        let modseq = self.0.iter().map(|record| record.modseq).max().unwrap_or(0);
        row.extend_from_slice(&modseq.to_le_bytes());
        for record in &self.0 {
            row.extend_from_slice(&record.uid.to_le_bytes());
            row.extend_from_slice(&record.flags.0.to_le_bytes());
            row.extend_from_slice(&record.modseq.to_le_bytes());
            row.extend_from_slice(&record.blob.0.to_le_bytes());
            row.extend_from_slice(&record.size.to_le_bytes());
            row.extend_from_slice(&record.internal_date.to_le_bytes());
            row.extend_from_slice(&record.save_date.to_le_bytes());
        }
        row
    }

    pub(crate) fn decode(row: &[u8]) -> Result<Block> {
        Ok(Block(records(row)?.collect()))
    }
}

/// Highest modseq of a row of `message`.
pub(crate) fn block_modseq(row: &[u8]) -> Result<Modseq> {
    let (modseq, _) = row.split_first_chunk().ok_or_else(corrupt_block)?;
    Ok(Modseq::from_le_bytes(*modseq))
}

/// The records of a row of `message`.
pub(crate) fn records(row: &[u8]) -> Result<impl Iterator<Item = Record> + '_> {
    let (records, rest) = row.get(8..).ok_or_else(corrupt_block)?.as_chunks::<RECORD_BYTES>();
    if !rest.is_empty() || records.len() > 64 {
        return Err(corrupt_block());
    }
    Ok(records.iter().map(decode_record))
}

fn corrupt_block() -> Error {
    Error::new(Word::Corrupt, "a message row does not read as one")
}

fn decode_record(bytes: &[u8; RECORD_BYTES]) -> Record {
    fn field<const N: usize>(bytes: &[u8; RECORD_BYTES], at: usize) -> [u8; N] {
        std::array::from_fn(|index| bytes[at + index])
    }
    Record {
        uid: Uid::from_le_bytes(field(bytes, 0)),
        flags: Flags(u64::from_le_bytes(field(bytes, 4))),
        modseq: Modseq::from_le_bytes(field(bytes, 12)),
        blob: BlobId(u64::from_le_bytes(field(bytes, 20))),
        size: u32::from_le_bytes(field(bytes, 28)),
        internal_date: u32::from_le_bytes(field(bytes, 32)),
        save_date: u32::from_le_bytes(field(bytes, 36)),
    }
}

pub(crate) fn encode_uids(uids: &UidSet) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 4 + uids.0.len() * 8);
    row.number(uids.0.len() as u64);
    for range in &uids.0 {
        row.raw(&range.first.to_le_bytes());
        row.raw(&range.last.to_le_bytes());
    }
    row.0
}

pub(crate) fn decode_uids(bytes: &[u8]) -> Result<Vec<UidRange>> {
    let mut row = Reader::new("vanished", VERSION, bytes)?;
    let count = row.count()?;
    (0..count).map(|_| Ok(UidRange { first: row.u32()?, last: row.u32()? })).collect()
}

pub(crate) fn encode_keywords(keywords: &[String]) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 64);
    row.number(keywords.len() as u64);
    keywords.iter().for_each(|keyword| row.text(keyword));
    row.0
}

pub(crate) fn decode_keywords(bytes: &[u8]) -> Result<Vec<String>> {
    let mut row = Reader::new("keyword", VERSION, bytes)?;
    let count = row.count()?;
    (0..count).map(|_| row.text()).collect()
}

pub(crate) fn encode_access_key(key: &AccessKey) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 33);
    row.raw(key);
    row.0
}

pub(crate) fn decode_access_key(bytes: &[u8]) -> Result<AccessKey> {
    Reader::new("access key", VERSION, bytes)?.hash()
}

pub(crate) fn encode_acl(acl: &Acl) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 64);
    row.number(acl.len() as u64);
    for (identifier, rights) in acl.entries() {
        row.text(identifier);
        row.number(rights.bits());
    }
    row.0
}

pub(crate) fn decode_acl(bytes: &[u8]) -> Result<Acl> {
    let mut row = Reader::new("acl", VERSION, bytes)?;
    let mut acl = Acl::default();
    for _ in 0..row.count()? {
        let identifier = row.text()?;
        acl.set(&identifier, Rights::from_bits(row.number()?));
    }
    Ok(acl)
}

pub(crate) fn encode_annotation(value: &[u8]) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 1 + value.len());
    row.raw(value);
    row.0
}

pub(crate) fn decode_annotation(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(Reader::new("metadata", VERSION, bytes)?.rest().to_vec())
}

pub(crate) fn encode_usage(usage: Usage) -> Vec<u8> {
    let mut row = Writer::new(VERSION, 17);
    row.raw(&usage.bytes.to_le_bytes());
    row.raw(&usage.messages.to_le_bytes());
    row.0
}

pub(crate) fn decode_usage(bytes: &[u8]) -> Result<Usage> {
    let mut row = Reader::new("usage", VERSION, bytes)?;
    Ok(Usage { bytes: row.u64()?, messages: row.u64()? })
}

/// A row that is written seldom.
pub(crate) fn encode_json(value: &impl Serialize) -> Vec<u8> {
    let mut row = vec![VERSION];
    serde_json::to_writer(&mut row, value).expect("rows have no keys that JSON lacks, and memory does not fail");
    row
}

pub(crate) fn decode_json<T: DeserializeOwned>(kind: &'static str, bytes: &[u8]) -> Result<T> {
    let row = Reader::new(kind, VERSION, bytes)?;
    let wrong = row.corrupt();
    serde_json::from_slice(row.rest()).map_err(|_| wrong)
}

/// A row of the journal.
pub(crate) struct JournalRow {
    pub(crate) id: BlobId,
    pub(crate) size: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) copies: Vec<ArchiveCopy>,
    pub(crate) arrival: Arrival,
}

/// Version of a journal row of a message of which the archive takes copies; 2 and 4 are changes of mailboxes.
const JOURNAL_COPIES_VERSION: u8 = 3;

impl JournalRow {
    pub(crate) fn encode(id: BlobId, size: u64, hash: &[u8; 32], copies: &[ArchiveCopy], arrival: &Arrival) -> Vec<u8> {
        let version = if copies.is_empty() { VERSION } else { JOURNAL_COPIES_VERSION };
        let mut row = Writer::new(version, 256 + arrival.outline.len());
        row.raw(&id.0.to_le_bytes());
        row.raw(&size.to_le_bytes());
        row.raw(hash);
        if !copies.is_empty() {
            encode_copies(&mut row, copies);
        }
        encode_arrival(&mut row, arrival);
        row.raw(&arrival.outline);
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<JournalRow> {
        let mut row = Reader::new("journal", JOURNAL_COPIES_VERSION, bytes)?;
        let (id, size, hash) = (BlobId(row.u64()?), row.u64()?, row.hash()?);
        let copies = if bytes[0] == JOURNAL_COPIES_VERSION { decode_copies(&mut row)? } else { Vec::new() };
        let mut arrival = decode_arrival(&mut row)?;
        arrival.outline = row.rest().into();
        Ok(JournalRow { id, size, hash, copies, arrival })
    }
}

/// A row of the spool. Its arrival has no outline: that is in `outline`.
#[derive(Clone)]
pub(crate) struct SpoolRow {
    pub(crate) priority: Priority,
    pub(crate) next_attempt: Time,
    pub(crate) attempts: u32,
    pub(crate) size: u64,
    pub(crate) queue: String,
    pub(crate) arrival: Arc<Arrival>,
    pub(crate) recipients: Vec<RecipientState>,
    pub(crate) since: Time,
}

/// Version 1 of a spool row knew neither queues nor servers, and not since when the calendar counts.
const SPOOL_VERSION: u8 = 2;

impl SpoolRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut row = Writer::new(SPOOL_VERSION, 256);
        row.byte(self.priority as u8);
        row.raw(&self.next_attempt.0.to_le_bytes());
        row.raw(&self.attempts.to_le_bytes());
        row.raw(&self.size.to_le_bytes());
        row.text(&self.queue);
        encode_arrival(&mut row, &self.arrival);
        row.number(self.recipients.len() as u64);
        for recipient in &self.recipients {
            let state = match recipient.state {
                State::Pending => 0,
                State::Delivered => 1,
                State::Failed => 2,
            };
            row.byte(state | (recipient.told as u8) << 4);
            row.text(&recipient.answer);
            row.text(&recipient.server);
            row.number(recipient.remaining.len() as u64);
            recipient.remaining.iter().for_each(|address| row.text(address));
            row.number(recipient.errands.len() as u64);
            recipient.errands.iter().for_each(|errand| row.text(errand));
        }
        row.raw(&self.since.0.to_le_bytes());
        row.0
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<SpoolRow> {
        let (SpoolHead { priority, next_attempt, attempts, size, queue }, mut row, version) = SpoolHead::read(bytes)?;
        let queue = queue.to_owned();
        let arrival = Arc::new(decode_arrival(&mut row)?);
        let count = row.count()?;
        let recipients = (0..count).map(|_| decode_recipient_state(&mut row, version)).collect::<Result<_>>()?;
        let since = if version == 1 { arrival.received } else { Time(row.u64()?) };
        Ok(SpoolRow { priority, next_attempt, attempts, size, queue, arrival, recipients, since })
    }
}

fn decode_recipient_state(row: &mut Reader, version: u8) -> Result<RecipientState> {
    let byte = row.byte()?;
    let state = match byte & 0xf {
        0 => State::Pending,
        1 => State::Delivered,
        2 => State::Failed,
        _ => return Err(row.corrupt()),
    };
    let told = match byte >> 4 {
        0 => Told::Nothing,
        1 => Told::Delay,
        2 => Told::Outcome,
        _ => return Err(row.corrupt()),
    };
    let answer = row.text()?;
    let server = if version == 1 { String::new() } else { row.text()? };
    let count = row.count()?;
    let remaining = (0..count).map(|_| row.text()).collect::<Result<_>>()?;
    let errands = match version {
        1 => Vec::new(),
        _ => {
            let count = row.count()?;
            (0..count).map(|_| row.text()).collect::<Result<_>>()?
        }
    };
    Ok(RecipientState { state, answer, server, told, remaining, errands })
}

fn decode_priority(row: &mut Reader) -> Result<Priority> {
    match row.byte()? {
        0 => Ok(Priority::High),
        1 => Ok(Priority::Normal),
        2 => Ok(Priority::Low),
        _ => Err(row.corrupt()),
    }
}

/// An *arrival*: received u64 (ms), priority u8, Return-Path length varint, provenance u8 with a
/// varint for each thing that it names, flags u8 (1 SMTPUTF8, 2 REQUIRETLS, 4 verdict Junk), body u8,
/// RET u8 (0 none), ENVID, reverse-path, count, and for each recipient: address, NOTIFY u8, ORCPT.
fn encode_arrival(row: &mut Writer, arrival: &Arrival) {
    row.raw(&arrival.received.0.to_le_bytes());
    row.byte(arrival.priority as u8);
    row.number(u64::from(arrival.return_path_bytes));
    match arrival.provenance {
        Provenance::Received => row.byte(0),
        Provenance::Submitted(account) => {
            row.byte(1);
            row.number(u64::from(account.0));
        }
        Provenance::Notification(of) => {
            row.byte(2);
            row.number(of.0);
        }
        Provenance::Box => row.byte(3),
        Provenance::Errand(of) => {
            row.byte(4);
            row.number(of.0);
        }
        Provenance::Letter { mailing, letter } => {
            row.byte(5);
            row.number(mailing);
            row.number(letter);
        }
    }
    let envelope = &arrival.envelope;
    let junk = u8::from(arrival.verdict == Verdict::Junk);
    row.byte(u8::from(envelope.smtputf8) | u8::from(envelope.require_tls) << 1 | junk << 2);
    row.byte(match envelope.body {
        BodyKind::SevenBit => 0,
        BodyKind::EightBit => 1,
        BodyKind::Binary => 2,
    });
    row.byte(match envelope.ret {
        None => 0,
        Some(Ret::Full) => 1,
        Some(Ret::Headers) => 2,
    });
    row.optional_text(envelope.envelope_id.as_deref());
    row.text(&envelope.reverse_path);
    row.number(envelope.recipients.len() as u64);
    for recipient in &envelope.recipients {
        let Notify { success, failure, delay } = recipient.notify;
        row.text(&recipient.address);
        row.byte(u8::from(success) | u8::from(failure) << 1 | u8::from(delay) << 2);
        row.optional_text(recipient.original.as_deref());
    }
}

/// What a spool row says ahead of its arrival, where it lies.
pub(crate) struct SpoolHead<'a> {
    pub(crate) priority: Priority,
    pub(crate) next_attempt: Time,
    pub(crate) attempts: u32,
    pub(crate) size: u64,
    pub(crate) queue: &'a str,
}

impl<'a> SpoolHead<'a> {
    /// The head, the reader before the arrival, and the row's version.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<(SpoolHead<'a>, Reader<'a>, u8)> {
        let mut row = Reader::new("spool", SPOOL_VERSION, bytes)?;
        let version = bytes[0];
        let priority = decode_priority(&mut row)?;
        let (next_attempt, attempts, size) = (Time(row.u64()?), row.u32()?, row.u64()?);
        let queue = if version == 1 { "" } else { row.str()? };
        Ok((SpoolHead { priority, next_attempt, attempts, size, queue }, row, version))
    }
}

/// Takes an arrival's sender and recipients off a row, where they lie, until `is_enough` says so of one: the sender comes
/// first.
pub(crate) fn envelope_addresses<'a>(mut row: Reader<'a>, mut is_enough: impl FnMut(&'a str) -> bool) -> Result<bool> {
    row.raw(9)?;
    row.number()?;
    decode_provenance(&mut row)?;
    row.raw(3)?;
    row.optional_str()?;
    if is_enough(row.str()?) {
        return Ok(true);
    }
    for _ in 0..row.count()? {
        if is_enough(row.str()?) {
            return Ok(true);
        }
        row.byte()?;
        row.optional_str()?;
    }
    Ok(false)
}

fn decode_provenance(row: &mut Reader) -> Result<Provenance> {
    match row.byte()? {
        0 => Ok(Provenance::Received),
        1 => Ok(Provenance::Submitted(AccountId(row.number()? as u32))),
        2 => Ok(Provenance::Notification(BlobId(row.number()?))),
        3 => Ok(Provenance::Box),
        4 => Ok(Provenance::Errand(BlobId(row.number()?))),
        5 => Ok(Provenance::Letter { mailing: row.number()?, letter: row.number()? }),
        _ => Err(row.corrupt()),
    }
}

fn decode_arrival(row: &mut Reader) -> Result<Arrival> {
    let received = Time(row.u64()?);
    let priority = decode_priority(row)?;
    let return_path_bytes = row.number()? as u32;
    let provenance = decode_provenance(row)?;
    let (envelope, verdict) = decode_envelope(row)?;
    Ok(Arrival { envelope, provenance, received, priority, verdict, return_path_bytes, outline: Arc::default() })
}

/// The envelope, and the verdict that stands among its flags.
fn decode_envelope(row: &mut Reader) -> Result<(Envelope, Verdict)> {
    let flags = row.byte()?;
    let body = match row.byte()? {
        0 => BodyKind::SevenBit,
        1 => BodyKind::EightBit,
        2 => BodyKind::Binary,
        _ => return Err(row.corrupt()),
    };
    let ret = match row.byte()? {
        0 => None,
        1 => Some(Ret::Full),
        2 => Some(Ret::Headers),
        _ => return Err(row.corrupt()),
    };
    let envelope_id = row.optional_text()?;
    let reverse_path = row.text()?;
    let count = row.count()?;
    let recipients = (0..count).map(|_| decode_recipient(row)).collect::<Result<_>>()?;
    let (smtputf8, require_tls) = (flags & 1 != 0, flags & 2 != 0);
    let verdict = if flags & 4 == 0 { Verdict::Welcome } else { Verdict::Junk };
    let envelope = Envelope { reverse_path, recipients, ret, envelope_id, body, smtputf8, require_tls };
    Ok((envelope, verdict))
}

fn decode_recipient(row: &mut Reader) -> Result<EnvelopeRecipient> {
    let address = row.text()?;
    let bits = row.byte()?;
    let notify = Notify { success: bits & 1 != 0, failure: bits & 2 != 0, delay: bits & 4 != 0 };
    Ok(EnvelopeRecipient { address, notify, original: row.optional_text()? })
}
