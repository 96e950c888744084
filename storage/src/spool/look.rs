//! Reading the spool: leasing what is due, and listing it.

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use crate::queue::{Fresh, Queue};
use crate::rows::SpoolRow;
use crate::tables::{meta, removed_key, removed_parts};
use crate::{BlobId, Leased, RemovedEntry, Result, SpoolEntry, Time};

/// The messages as leased; those that are no longer due are missing. The caller holds the leases
/// since before this transaction began, so nothing can have settled in between.
pub(crate) fn leased(transaction: &ReadTransaction, ids: &[BlobId], now: Time) -> Result<Vec<Leased>> {
    let spool = transaction.open_table(meta::SPOOL)?;
    let outlines = transaction.open_table(meta::OUTLINE)?;
    let mut leased = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(row) = spool.get(id.0)? else { continue };
        let SpoolRow { size, mut arrival, recipients, attempts, next_attempt, priority, queue, since } =
            SpoolRow::decode(row.value())?;
        if next_attempt > now {
            continue;
        }
        let outline = outlines.get(id.0)?.map(|row| row.value().into()).unwrap_or_default();
        let filled = std::sync::Arc::make_mut(&mut arrival);
        (filled.outline, filled.priority) = (outline, priority);
        leased.push(Leased { id: *id, size, arrival, recipients, attempts, since, queue, fresh: false });
    }
    Ok(leased)
}

pub(crate) fn leased_fresh(fresh: Fresh) -> Leased {
    let recipients = fresh.recipients();
    let Fresh { id, size, arrival, .. } = fresh;
    let since = arrival.received;
    Leased { id, size, arrival, recipients, attempts: 0, since, queue: String::new(), fresh: true }
}

/// Number of spool rows.
pub(crate) fn depth(transaction: &ReadTransaction) -> Result<u64> {
    Ok(transaction.open_table(meta::SPOOL)?.len()?)
}

fn entry(id: BlobId, row: SpoolRow, leased: bool) -> SpoolEntry {
    let SpoolRow { priority, next_attempt, attempts, size, queue, arrival, recipients, since } = row;
    SpoolEntry { id, size, arrival, recipients, attempts, priority, next_attempt, since, queue, leased }
}

pub(crate) fn fresh_entry(fresh: Fresh, leased: bool) -> SpoolEntry {
    let recipients = fresh.recipients();
    let Fresh { id, size, arrival, .. } = fresh;
    let (priority, since, queue) = (arrival.priority, arrival.received, String::new());
    SpoolEntry { id, size, arrival, recipients, attempts: 0, priority, next_attempt: since, since, queue, leased }
}

/// One message with a spool row.
pub(crate) fn one(transaction: &ReadTransaction, queue: &Queue, id: BlobId) -> Result<Option<SpoolEntry>> {
    one_entry(&transaction.open_table(meta::SPOOL)?, queue, id)
}

/// As [`one`], in the table that is open.
pub(super) fn one_entry(
    spool: &impl ReadableTable<u64, &'static [u8]>,
    queue: &Queue,
    id: BlobId,
) -> Result<Option<SpoolEntry>> {
    let row = spool.get(id.0)?;
    row.map(|row| Ok(entry(id, SpoolRow::decode(row.value())?, queue.is_leased(id)))).transpose()
}

/// Messages that were taken out of the spool since `since`, the latest first.
pub(crate) fn removed(transaction: &ReadTransaction, since: Time, limit: usize) -> Result<Vec<RemovedEntry>> {
    let table = transaction.open_table(meta::REMOVED)?;
    let rows = table.range(removed_key(since, BlobId(0))..)?.rev().take(limit);
    rows.map(|row| {
        let (key, row) = row?;
        let (removed, id) = removed_parts(key.value());
        Ok(RemovedEntry { removed, entry: entry(id, SpoolRow::decode(row.value())?, false) })
    })
    .collect()
}

/// Is there a message that was taken out before `before`? A box that rests then writes nothing to forget it.
pub(crate) fn can_forget(transaction: &ReadTransaction, before: Time) -> Result<bool> {
    let table = transaction.open_table(meta::REMOVED)?;
    Ok(table.range(..removed_key(before, BlobId(0)))?.next().transpose()?.is_some())
}
