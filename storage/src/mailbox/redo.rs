//! What clients change in mailboxes, by way of the journal.
//!
//! A change's row in the journal is durable, and that is all that a client waits for: what it does to `meta.redb` needs
//! no sync of its own, because it can be done again. For that it must come to the same: it depends on the row and on
//! `meta.redb` alone, never on the time or on anything in memory.

use std::sync::Arc;

use super::append::{self, Appending};
use super::change;
use crate::codec::{Reader, Writer};
use crate::meta::{Answer, Application, Row};
use crate::pending::Promise;
use crate::rows::{decode_uids, encode_uids};
use crate::segments::Pin;
use crate::spool::settle;
use crate::write::Tables;
use crate::{Copied, Error, Expunged, FlagChange, FlagMode, Flags, MailboxId, Modseq, Result, Stored, Time, UidSet};

/// What the first byte of a journal row is when it is one of the changes here. It is none of the versions that the rows
/// of messages have, see [`append::VERSION`] and [`crate::rows::JournalRow`].
const VERSION: u8 = 4;

const STORE: u8 = 1;
const TRANSFER: u8 = 2;
const EXPUNGE: u8 = 3;

/// A change of mailboxes.
pub(crate) trait Change: Send + Sync + 'static {
    /// What it comes to.
    type Done: Send + 'static;

    /// The journal's row.
    fn encode(&self) -> Vec<u8>;

    /// The journal's row is in this segment.
    fn is_in(&mut self, _segment: u32) {}

    /// Does it: checks first and writes then.
    ///
    /// # Errors
    /// What there is against it, or a fault while it writes; the transaction must go then.
    fn make(&self, tables: &mut Tables) -> Result<Self::Done>;
}

/// A change of any kind that may have to be done again.
pub(crate) trait Redo: Send + Sync {
    /// Does it, and notes that the journal's row is applied. Who was refused is refused again; nobody waits for it now.
    ///
    /// # Errors
    /// A fault while it writes; the transaction must go then.
    fn redo(&self, sequence: u64, tables: &mut Tables) -> Result<()>;
}

impl<C: Change> Redo for C {
    fn redo(&self, sequence: u64, tables: &mut Tables) -> Result<()> {
        apply(self, sequence, tables).map(drop)
    }
}

/// Does a change, and notes that the journal's row is applied. Says what it came to, or why it is refused, which ends it
/// too.
fn apply<C: Change>(change: &C, sequence: u64, tables: &mut Tables) -> Result<Result<C::Done>> {
    tables.begin_job();
    let result = change.make(tables);
    if let Err(error) = &result
        && tables.has_written()
    {
        return Err(error.clone());
    }
    settle::apply(tables, sequence)?;
    Ok(result)
}

/// A change that somebody waits for, on its way into the journal.
pub(crate) trait Asked: Send {
    /// Its row.
    fn row(&self) -> &[u8];

    /// It comes to nothing.
    fn refuse(self: Box<Self>, error: &Error);

    /// Its row is durable, in this segment.
    fn written(self: Box<Self>, sequence: u64, segment: u32) -> Application;
}

struct Request<C: Change> {
    change: C,
    row: Vec<u8>,
    /// Of the segments that have the bytes of its messages, until the mailbox refers to them.
    pins: Vec<Pin>,
    promise: Promise<C::Done>,
}

/// A change, and who is told what it came to.
pub(crate) fn asked<C: Change>(change: C, pins: Vec<Pin>, promise: Promise<C::Done>) -> Box<dyn Asked> {
    let row = change.encode();
    Box::new(Request { change, row, pins, promise })
}

impl<C: Change> Asked for Request<C> {
    fn row(&self) -> &[u8] {
        &self.row
    }

    fn refuse(self: Box<Self>, error: &Error) {
        self.promise.keep(Err(error.clone()));
    }

    fn written(self: Box<Self>, sequence: u64, segment: u32) -> Application {
        let Request { mut change, row, pins, promise } = *self;
        change.is_in(segment);
        let change = Arc::new(change);
        let applied = Arc::clone(&change);
        let job = Box::new(move |tables: std::result::Result<&mut Tables, &Error>| {
            let outcome = tables.map_err(Error::clone).and_then(|tables| apply(&*applied, sequence, tables));
            let (result, fault) = match outcome {
                Ok(result) => (result, Ok(())),
                Err(fault) => (Err(fault.clone()), Err(fault)),
            };
            let answer: Answer = Box::new(move |failure| {
                drop(pins);
                promise.keep(failure.map_or(result, |error| Err(error.clone())));
            });
            (fault, answer)
        });
        Application { row: Row { sequence, change, bytes: row.len() }, job }
    }
}

/// A change of a row of the journal in this segment; `None` when the row is of a message for the spool.
pub(crate) fn decode(bytes: &[u8], segment: u32) -> Result<Option<Box<dyn Redo>>> {
    Ok(Some(match bytes.first() {
        Some(&append::VERSION) => Box::new(Appending::decode(bytes, segment)?),
        Some(&VERSION) => decode_change(bytes)?,
        _ => return Ok(None),
    }))
}

fn decode_change(bytes: &[u8]) -> Result<Box<dyn Redo>> {
    let mut row = Reader::new("journal", VERSION, bytes)?;
    Ok(match row.byte()? {
        STORE => Box::new(StoreFlags::decode(&mut row)?),
        TRANSFER => Box::new(Transfer::decode(&mut row)?),
        EXPUNGE => Box::new(Expunge::decode(&mut row)?),
        _ => return Err(row.corrupt()),
    })
}

fn begin(kind: u8) -> Writer {
    let mut row = Writer::new(VERSION, 64);
    row.byte(kind);
    row
}

fn uids(row: &mut Reader) -> Result<UidSet> {
    let ranges = decode_uids(row.bytes()?)?;
    if ranges.iter().any(|range| range.first > range.last) {
        return Err(row.corrupt());
    }
    Ok(UidSet(ranges))
}

// ---- STORE -------------------------------------------------------------------------------

/// A change of flags (RFC 9051 §6.4.6, RFC 7162 §3.1.3).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoreFlags {
    pub(crate) mailbox: MailboxId,
    pub(crate) uids: UidSet,
    pub(crate) change: FlagChange,
    pub(crate) unchanged_since: Option<Modseq>,
}

impl StoreFlags {
    fn decode(row: &mut Reader) -> Result<StoreFlags> {
        let (mailbox, uids) = (MailboxId(row.u32()?), uids(row)?);
        let mode = match row.byte()? {
            0 => FlagMode::Replace,
            1 => FlagMode::ReplaceWithin(Flags(row.u64()?)),
            2 => FlagMode::Add,
            3 => FlagMode::Remove,
            _ => return Err(row.corrupt()),
        };
        let system = Flags(row.u64()?);
        let count = row.count()?;
        let keywords = (0..count).map(|_| row.text()).collect::<Result<_>>()?;
        let unchanged_since = match row.byte()? {
            0 => None,
            _ => Some(row.u64()?),
        };
        Ok(StoreFlags { mailbox, uids, change: FlagChange { mode, system, keywords }, unchanged_since })
    }
}

impl Change for StoreFlags {
    type Done = Stored;

    fn encode(&self) -> Vec<u8> {
        let FlagChange { mode, system, keywords } = &self.change;
        let mut row = begin(STORE);
        row.raw(&self.mailbox.0.to_le_bytes());
        row.bytes(&encode_uids(&self.uids));
        match mode {
            FlagMode::Replace => row.byte(0),
            FlagMode::ReplaceWithin(within) => {
                row.byte(1);
                row.raw(&within.0.to_le_bytes());
            }
            FlagMode::Add => row.byte(2),
            FlagMode::Remove => row.byte(3),
        }
        row.raw(&system.0.to_le_bytes());
        row.number(keywords.len() as u64);
        keywords.iter().for_each(|keyword| row.text(keyword));
        row.byte(u8::from(self.unchanged_since.is_some()));
        if let Some(since) = self.unchanged_since {
            row.raw(&since.to_le_bytes());
        }
        row.0
    }

    fn make(&self, tables: &mut Tables) -> Result<Stored> {
        change::store_flags(tables, self.mailbox, &self.uids, &self.change, self.unchanged_since)
    }
}

// ---- COPY and MOVE -----------------------------------------------------------------------

/// Messages that go from one mailbox to another (RFC 9051 §6.4.7 and §6.4.8).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transfer {
    pub(crate) from: MailboxId,
    pub(crate) uids: UidSet,
    pub(crate) to: MailboxId,
    /// Do they leave where they were?
    pub(crate) moved: bool,
    /// The flags that go along.
    pub(crate) kept: Flags,
    pub(crate) now: Time,
}

impl Transfer {
    fn decode(row: &mut Reader) -> Result<Transfer> {
        Ok(Transfer {
            from: MailboxId(row.u32()?),
            uids: uids(row)?,
            to: MailboxId(row.u32()?),
            moved: row.byte()? != 0,
            kept: Flags(row.u64()?),
            now: Time(row.u64()?),
        })
    }
}

impl Change for Transfer {
    type Done = Copied;

    fn encode(&self) -> Vec<u8> {
        let mut row = begin(TRANSFER);
        row.raw(&self.from.0.to_le_bytes());
        row.bytes(&encode_uids(&self.uids));
        row.raw(&self.to.0.to_le_bytes());
        row.byte(u8::from(self.moved));
        row.raw(&self.kept.0.to_le_bytes());
        row.raw(&self.now.0.to_le_bytes());
        row.0
    }

    fn make(&self, tables: &mut Tables) -> Result<Copied> {
        if self.moved { change::move_messages(tables, self) } else { change::copy(tables, self) }
    }
}

// ---- EXPUNGE -----------------------------------------------------------------------------

/// Messages that go (RFC 9051 §6.4.3, RFC 1939 §6).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expunge {
    pub(crate) mailbox: MailboxId,
    /// Which; of all when there is nothing here.
    pub(crate) uids: Option<UidSet>,
    /// Only those with `\Deleted`?
    pub(crate) deleted_only: bool,
}

impl Expunge {
    fn decode(row: &mut Reader) -> Result<Expunge> {
        let (mailbox, deleted_only) = (MailboxId(row.u32()?), row.byte()? != 0);
        let uids = if row.is_at_end() { None } else { Some(uids(row)?) };
        Ok(Expunge { mailbox, uids, deleted_only })
    }
}

impl Change for Expunge {
    type Done = Expunged;

    fn encode(&self) -> Vec<u8> {
        let mut row = begin(EXPUNGE);
        row.raw(&self.mailbox.0.to_le_bytes());
        row.byte(u8::from(self.deleted_only));
        if let Some(uids) = &self.uids {
            row.bytes(&encode_uids(uids));
        }
        row.0
    }

    fn make(&self, tables: &mut Tables) -> Result<Expunged> {
        change::expunge(tables, self.mailbox, self.uids.as_ref(), self.deleted_only)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{UidRange, Word};

    fn some_uids() -> impl Strategy<Value = UidSet> {
        let ranges = proptest::collection::vec((1..1000u32, 0..9u32), 0..5);
        ranges
            .prop_map(|ranges| ranges.into_iter().map(|(first, more)| UidRange { first, last: first + more }).collect())
    }

    fn some_mode() -> impl Strategy<Value = FlagMode> {
        prop_oneof![
            Just(FlagMode::Replace),
            any::<u64>().prop_map(|within| FlagMode::ReplaceWithin(Flags(within))),
            Just(FlagMode::Add),
            Just(FlagMode::Remove),
        ]
    }

    prop_compose! {
        fn some_store()(
            mailbox: u32, uids in some_uids(), mode in some_mode(), system: u64,
            keywords in proptest::collection::vec(".{0,9}", 0..4), unchanged_since: Option<u64>,
        ) -> StoreFlags {
            let change = FlagChange { mode, system: Flags(system), keywords };
            StoreFlags { mailbox: MailboxId(mailbox), uids, change, unchanged_since }
        }
    }

    prop_compose! {
        fn some_transfer()(
            from: u32, uids in some_uids(), to: u32, moved: bool, kept: u64, now: u64,
        ) -> Transfer {
            Transfer { from: MailboxId(from), uids, to: MailboxId(to), moved, kept: Flags(kept), now: Time(now) }
        }
    }

    prop_compose! {
        fn some_expunge()(
            mailbox: u32, uids in proptest::option::of(some_uids()), deleted_only: bool,
        ) -> Expunge {
            Expunge { mailbox: MailboxId(mailbox), uids, deleted_only }
        }
    }

    /// What is behind a row's version and kind.
    fn fields<T>(row: &[u8], decode: impl FnOnce(&mut Reader) -> Result<T>) -> Result<T> {
        let mut row = Reader::new("journal", VERSION, row)?;
        row.byte()?;
        decode(&mut row)
    }

    proptest! {
        #[test]
        fn rows_come_back(store in some_store(), transfer in some_transfer(), expunge in some_expunge()) {
            prop_assert_eq!(&fields(&store.encode(), StoreFlags::decode).unwrap(), &store);
            prop_assert_eq!(&fields(&transfer.encode(), Transfer::decode).unwrap(), &transfer);
            prop_assert_eq!(&fields(&expunge.encode(), Expunge::decode).unwrap(), &expunge);
            for row in [store.encode(), transfer.encode(), expunge.encode()] {
                prop_assert!(decode(&row, 7).unwrap().is_some());
            }
        }

        #[test]
        fn damaged_rows_are_refused(store in some_store(), cut: prop::sample::Index, mut noise: Vec<u8>) {
            let row = store.encode();
            let cut = cut.index(row.len() - 1) + 1;
            prop_assert_eq!(decode(&row[..cut], 7).map(|_| ()).map_err(|error| error.word), Err(Word::Corrupt));
            noise.insert(0, VERSION);
            let _ = decode(&noise, 7);
        }
    }
}
