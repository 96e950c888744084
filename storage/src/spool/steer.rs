//! What an administrator does with spooled messages: the jobs that force, delay, take out and put back.

use std::collections::HashSet;

use super::settle::{enter, first_row, spool_row, unapplied};
use crate::mailing;
use crate::queue::Queue;
use crate::rows::SpoolRow;
use crate::tables::{removed_key, removed_parts};
use crate::write::Tables;
use crate::{BlobId, Priority, Result, Time};

/// Rows that one transaction forgets at most.
const FORGET_ROWS_MAX: usize = 1024;

/// Changes each row that is there; returns how many, fresh ones included.
fn change_rows(
    tables: &mut Tables,
    queue: &Queue,
    ids: &[BlobId],
    change: impl Fn(&mut SpoolRow),
    fresh: impl Fn(BlobId) -> bool,
) -> Result<usize> {
    let mut count = 0;
    for id in ids {
        if let Some(mut row) = spool_row(tables, *id)? {
            tables.take_spool_row(*id, &row)?;
            change(&mut row);
            tables.put_spool_row(*id, &row)?;
            count += 1;
        } else if unapplied(tables, queue.fresh(*id))?.is_some() && fresh(*id) {
            count += 1;
        }
        tables.news.spool.push(*id);
    }
    Ok(count)
}

pub(crate) fn force(tables: &mut Tables, queue: &Queue, ids: &[BlobId], now: Time) -> Result<usize> {
    change_rows(tables, queue, ids, |row| row.next_attempt = now, |_| true)
}

pub(crate) fn set_priority(tables: &mut Tables, queue: &Queue, ids: &[BlobId], priority: Priority) -> Result<usize> {
    change_rows(tables, queue, ids, |row| row.priority = priority, |id| queue.set_priority(id, priority))
}

/// Has the delivery of messages start over: no attempt made, due now, all the time of the calendar left.
pub(crate) fn reset(tables: &mut Tables, queue: &Queue, ids: &[BlobId], now: Time) -> Result<usize> {
    let start_over = |row: &mut SpoolRow| {
        row.attempts = 0;
        row.next_attempt = now;
        row.since = now;
    };
    change_rows(tables, queue, ids, start_over, |_| true)
}

/// Takes messages out of the spool; they can be put back for a while. What is leased is marked
/// instead and goes when it settles. Returns how many there were. The leases of those in `went` are
/// held by this job.
pub(crate) fn delete(
    tables: &mut Tables,
    queue: &Queue,
    ids: &[BlobId],
    went: &mut Vec<BlobId>,
    now: Time,
) -> Result<usize> {
    let mut count = 0;
    for id in ids {
        let fresh = unapplied(tables, queue.fresh(*id))?;
        let row = spool_row(tables, *id)?;
        if fresh.is_none() && row.is_none() {
            tables.doomed_message.remove(id.0)?;
            continue;
        }
        count += 1;
        tables.begin_writing();
        if !queue.lease(*id) {
            tables.doomed_message.insert(id.0, ())?;
            queue.doom(*id);
            continue;
        }
        went.push(*id);
        if let Some(fresh) = fresh {
            enter(tables, &fresh, 1)?;
            put_aside(tables, *id, &first_row(&fresh), now)?;
        } else if let Some(row) = row {
            tables.take_spool_row(*id, &row)?;
            put_aside(tables, *id, &row, now)?;
        }
        tables.doomed_message.remove(id.0)?;
        tables.news.spool.push(*id);
    }
    Ok(count)
}

/// Keeps a message, with its reference, from where it can be put back into the spool.
pub(super) fn put_aside(tables: &mut Tables, id: BlobId, row: &SpoolRow, now: Time) -> Result<()> {
    tables.removed.insert(removed_key(now, id), row.encode().as_slice())?;
    mailing::removed(tables, &row.arrival.provenance)
}

/// Puts messages back into the spool as they were. Returns how many of them could be.
pub(crate) fn restore(tables: &mut Tables, ids: &[BlobId], since: Time) -> Result<usize> {
    let wanted: HashSet<BlobId> = ids.iter().copied().collect();
    let mut rows = Vec::new();
    for row in tables.removed.range(removed_key(since, BlobId(0))..)? {
        let (key, row) = row?;
        let (_, id) = removed_parts(key.value());
        if wanted.contains(&id) {
            rows.push((key.value(), id, SpoolRow::decode(row.value())?));
        }
    }
    for (key, id, row) in &rows {
        tables.begin_writing();
        tables.removed.remove(key)?;
        tables.put_spool_row(*id, row)?;
        mailing::restored(tables, &row.arrival.provenance)?;
        tables.news.spool.push(*id);
    }
    Ok(rows.len())
}

/// Forgets messages that were taken out before `before`, [`FORGET_ROWS_MAX`] at most.
pub(crate) fn forget(tables: &mut Tables, before: Time) -> Result<()> {
    let keys = tables.removed.range(..removed_key(before, BlobId(0)))?.take(FORGET_ROWS_MAX);
    let keys: Vec<u128> = keys.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?;
    for key in &keys {
        tables.begin_writing();
        tables.removed.remove(key)?;
        tables.change_references(removed_parts(*key).1, -1)?;
    }
    Ok(())
}
