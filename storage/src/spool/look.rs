//! Reading the spool: leasing what is due, and listing it.

use redb::{ReadTransaction, ReadableTableMetadata};

use crate::queue::{Fresh, Queue};
use crate::rows::SpoolRow;
use crate::tables::meta;
use crate::{BlobId, Leased, Result, SpoolEntry, SpoolFilter, Time};

/// The messages as leased; those that are no longer due are missing. The caller holds the leases
/// since before this transaction began, so nothing can have settled in between.
pub(crate) fn leased(transaction: &ReadTransaction, ids: &[BlobId], now: Time) -> Result<Vec<Leased>> {
    let spool = transaction.open_table(meta::SPOOL)?;
    let outlines = transaction.open_table(meta::OUTLINE)?;
    let mut leased = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(row) = spool.get(id.0)? else { continue };
        let SpoolRow { size, mut arrival, recipients, attempts, next_attempt, priority, queue } =
            SpoolRow::decode(row.value())?;
        if next_attempt > now {
            continue;
        }
        let outline = outlines.get(id.0)?.map(|row| row.value().into()).unwrap_or_default();
        let filled = std::sync::Arc::make_mut(&mut arrival);
        (filled.outline, filled.priority) = (outline, priority);
        leased.push(Leased { id: *id, size, arrival, recipients, attempts, queue, fresh: false });
    }
    Ok(leased)
}

pub(crate) fn leased_fresh(fresh: Fresh) -> Leased {
    let recipients = fresh.recipients();
    let Fresh { id, size, arrival, .. } = fresh;
    Leased { id, size, arrival, recipients, attempts: 0, queue: String::new(), fresh: true }
}

/// Number of spool rows.
pub(crate) fn depth(transaction: &ReadTransaction) -> Result<u64> {
    Ok(transaction.open_table(meta::SPOOL)?.len()?)
}

fn matches(filter: &SpoolFilter, reverse_path: &str) -> bool {
    filter.sender.as_ref().is_none_or(|sender| reverse_path.to_lowercase().contains(&sender.to_lowercase()))
}

fn entry(id: BlobId, row: SpoolRow, leased: bool) -> SpoolEntry {
    let SpoolRow { priority, next_attempt, attempts, size, queue, arrival, recipients } = row;
    SpoolEntry { id, size, arrival, recipients, attempts, priority, next_attempt, queue, leased }
}

pub(crate) fn fresh_entry(fresh: Fresh, leased: bool) -> SpoolEntry {
    let recipients = fresh.recipients();
    let Fresh { id, size, arrival, .. } = fresh;
    let (priority, next_attempt) = (arrival.priority, arrival.received);
    SpoolEntry { id, size, arrival, recipients, attempts: 0, priority, next_attempt, queue: String::new(), leased }
}

/// One message with a spool row.
pub(crate) fn one(transaction: &ReadTransaction, queue: &Queue, id: BlobId) -> Result<Option<SpoolEntry>> {
    let row = transaction.open_table(meta::SPOOL)?.get(id.0)?;
    row.map(|row| Ok(entry(id, SpoolRow::decode(row.value())?, queue.is_leased(id)))).transpose()
}

/// Messages in the order of creation.
pub(crate) fn list(
    transaction: &ReadTransaction,
    queue: &Queue,
    fresh: &[(Fresh, bool)],
    filter: &SpoolFilter,
) -> Result<Vec<SpoolEntry>> {
    let mut entries = Vec::new();
    let from = filter.after.map_or(0, |after| after.0.saturating_add(1));
    for row in transaction.open_table(meta::SPOOL)?.range(from..)? {
        if entries.len() == filter.limit {
            break;
        }
        let (id, row) = row?;
        let row = SpoolRow::decode(row.value())?;
        if matches(filter, &row.arrival.envelope.reverse_path) {
            let id = BlobId(id.value());
            entries.push(entry(id, row, queue.is_leased(id)));
        }
    }
    // Rows come first where a message stopped being fresh in between.
    let fresh = fresh.iter().filter(|(fresh, _)| matches(filter, &fresh.arrival.envelope.reverse_path));
    entries.extend(fresh.map(|(fresh, leased)| fresh_entry(fresh.clone(), *leased)));
    entries.sort_by_key(|entry| entry.id);
    entries.dedup_by_key(|entry| entry.id);
    entries.truncate(filter.limit);
    Ok(entries)
}
