//! The change log: what came into mailboxes and what went, for whoever keeps an index of messages. Written in the very
//! transaction that makes the change, read from a cursor, and cut off by the reader behind it.
//!
//! A reader that stays away does not make it grow without bound: past [`ROWS_MAX`] all of it is dropped, and its floor
//! tells the reader that there is nothing to go on from.

use redb::{ReadTransaction, ReadableTableMetadata};

use crate::codec::{Reader, Writer};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, BlobId, MailboxId, Result};

/// Most rows of the log: a few dozen megabytes.
const ROWS_MAX: u64 = 1_000_000;
/// Most changes of one row.
const ROW_CHANGES_MAX: usize = 1024;
/// What a crash may take back of the numbers that a reader has seen: they are not given again.
const CRASH_GAP: u64 = 1 << 32;

const NEXT: &str = "index_log_next";
const FLOOR: &str = "index_log_floor";

const CAME: u8 = 1;
const GONE: u8 = 2;
const OWNER_GONE: u8 = 3;

/// One change that concerns an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexChange {
    /// A message came into a mailbox of this owner; it may have been in another one of them before.
    Came {
        /// Whose mailbox.
        owner: AccountId,
        /// Which message.
        blob: BlobId,
    },
    /// Nothing refers to the message any more, and its bytes are no longer read.
    Gone(BlobId),
    /// An account or a domain's mailboxes were removed.
    OwnerGone(AccountId),
}

/// A piece of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexLog {
    /// The cursor after these changes.
    pub last: u64,
    /// Who stands before this cursor has missed changes, and begins anew.
    pub floor: u64,
    /// The changes, oldest first.
    pub changes: Vec<IndexChange>,
    /// Rows that are left behind this piece.
    pub rows_left: u64,
}

/// Writes what the transaction has changed.
pub(crate) fn write(tables: &mut Tables) -> Result<()> {
    let changes = std::mem::take(&mut tables.index_changes);
    if changes.is_empty() {
        return Ok(());
    }
    let mut next = tables.state(NEXT)?.max(1);
    if tables.index_log.len()? >= ROWS_MAX {
        tables.index_log.retain(|_, _| false)?;
        tables.set_state(FLOOR, next - 1)?;
    }
    for row in changes.chunks(ROW_CHANGES_MAX) {
        tables.index_log.insert(next, encode(row).as_slice())?;
        next += 1;
    }
    tables.set_state(NEXT, next)
}

/// Forgets the rows up to this one.
pub(crate) fn trim(tables: &mut Tables, through: u64) -> Result<()> {
    if tables.index_log.first()?.is_some_and(|(first, _)| first.value() <= through) {
        tables.begin_writing();
        tables.index_log.retain_in(..=through, |_, _| false)?;
    }
    Ok(())
}

/// The store was not closed: a reader may have seen rows that are lost.
pub(crate) fn skip_lost(tables: &mut Tables) -> Result<()> {
    let next = tables.state(NEXT)?.max(1);
    tables.set_state(NEXT, next + CRASH_GAP)
}

/// Rows after the cursor, until there are `changes_max` changes.
pub(crate) fn read(transaction: &ReadTransaction, after: u64, changes_max: usize) -> Result<IndexLog> {
    let state = transaction.open_table(meta::STATE)?;
    let number = |name| -> Result<u64> { Ok(state.get(name)?.map_or(0, |value| value.value())) };
    let mut log = IndexLog { last: after, floor: number(FLOOR)?, ..IndexLog::default() };
    let table = transaction.open_table(meta::INDEX_LOG)?;
    let mut rows = 0;
    for row in table.range(after.saturating_add(1)..)? {
        if log.changes.len() >= changes_max {
            break;
        }
        let (sequence, row) = row?;
        decode(row.value(), &mut log.changes)?;
        log.last = sequence.value();
        rows += 1;
    }
    log.rows_left = table.len()?.saturating_sub(rows);
    Ok(log)
}

/// The cursor behind everything that is written now.
pub(crate) fn end(transaction: &ReadTransaction) -> Result<u64> {
    let next = transaction.open_table(meta::STATE)?.get(NEXT)?.map_or(1, |value| value.value());
    Ok(next.max(1) - 1)
}

/// All owners of mailboxes.
pub(crate) fn owners(transaction: &ReadTransaction) -> Result<Vec<AccountId>> {
    let names = transaction.open_table(meta::MAILBOX_NAME)?;
    let mut owners = Vec::new();
    let mut next = 0;
    while let Some((key, _)) = names.range((next, "")..)?.next().transpose()? {
        let owner = key.value().0;
        owners.push(AccountId(owner));
        next = owner + 1;
    }
    Ok(owners)
}

/// The ids of an owner's mailboxes, ascending: numbers are given once, so new ones come last.
pub(crate) fn mailboxes(transaction: &ReadTransaction, owner: AccountId) -> Result<Vec<MailboxId>> {
    let names = transaction.open_table(meta::MAILBOX_NAME)?;
    let rows = names.range((owner.0, "")..(owner.0.saturating_add(1), ""))?;
    let mut ids = rows.map(|row| Ok(MailboxId(row?.1.value()))).collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    Ok(ids)
}

fn encode(changes: &[IndexChange]) -> Vec<u8> {
    let mut row = Writer::new(1, 16 * changes.len());
    for change in changes {
        match change {
            IndexChange::Came { owner, blob } => {
                row.byte(CAME);
                row.number(u64::from(owner.0));
                row.number(blob.0);
            }
            IndexChange::Gone(blob) => {
                row.byte(GONE);
                row.number(blob.0);
            }
            IndexChange::OwnerGone(owner) => {
                row.byte(OWNER_GONE);
                row.number(u64::from(owner.0));
            }
        }
    }
    row.0
}

fn decode(row: &[u8], changes: &mut Vec<IndexChange>) -> Result<()> {
    let mut row = Reader::new("index log", 1, row)?;
    while !row.is_at_end() {
        let kind = row.byte()?;
        let first = row.number()?;
        let owner = u32::try_from(first).map(AccountId).map_err(|_| row.corrupt());
        changes.push(match kind {
            CAME => IndexChange::Came { owner: owner?, blob: BlobId(row.number()?) },
            GONE => IndexChange::Gone(BlobId(first)),
            OWNER_GONE => IndexChange::OwnerGone(owner?),
            _ => return Err(row.corrupt()),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Word;

    #[test]
    fn rows_come_back_and_broken_ones_do_not() {
        let changes = [
            IndexChange::Came { owner: AccountId(7), blob: BlobId(u64::MAX) },
            IndexChange::Gone(BlobId(300)),
            IndexChange::OwnerGone(AccountId(u32::MAX)),
        ];
        let row = encode(&changes);
        let mut read = Vec::new();
        decode(&row, &mut read).unwrap();
        assert_eq!(read, changes);
        for end in [2, 3, row.len() - 1] {
            let result = decode(&row[..end], &mut Vec::new());
            assert_eq!(result.map_err(|error| error.word), Err(Word::Corrupt), "{end}");
        }
        assert!(decode(&[1, 9, 1], &mut Vec::new()).is_err());
        assert!(decode(&[2], &mut Vec::new()).is_err_and(|error| error.word == Word::Newer));
    }
}
