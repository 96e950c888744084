//! What becomes of spooled messages: the jobs that write mailboxes, spool rows and the journal's
//! position together.

use std::collections::HashSet;

use redb::ReadableTable;

use crate::mailbox::change::{self, Incoming, date};
use crate::queue::{Fresh, Queue};
use crate::rows::{BlobRow, SpoolRow};
use crate::rules;
use crate::tables::due_key;
use crate::write::Tables;
use crate::{BlobId, Error, LocalDelivery, MailboxId, Priority, RecipientState, Result, Settlement, State, Time, Word};

/// What is known of a message that settles.
struct Message {
    /// Its spool row, or what would be in it.
    row: SpoolRow,
    fresh: Option<Fresh>,
}

/// Has this journal row been applied?
pub(crate) fn is_applied(tables: &Tables, sequence: u64) -> Result<bool> {
    Ok(sequence <= tables.state("journal_pos")? || tables.applied.get(sequence)?.is_some())
}

/// The message, unless an earlier job of the same batch applied it.
fn unapplied(tables: &Tables, fresh: Option<Fresh>) -> Result<Option<Fresh>> {
    match fresh {
        Some(fresh) if !is_applied(tables, fresh.sequence)? => Ok(Some(fresh)),
        _ => Ok(None),
    }
}

/// Notes that a journal row is applied. The position only ever passes rows that are: those applied
/// ahead of it wait in `applied`.
pub(crate) fn apply(tables: &mut Tables, sequence: u64) -> Result<()> {
    tables.begin_writing();
    let mut position = tables.state("journal_pos")?;
    if sequence != position + 1 {
        tables.applied.insert(sequence, ())?;
        return Ok(());
    }
    position += 1;
    while tables.applied.remove(position + 1)?.is_some() {
        position += 1;
    }
    tables.set_state("journal_pos", position)
}

fn spool_row(tables: &Tables, id: BlobId) -> Result<Option<SpoolRow>> {
    tables.spool.get(id.0)?.map(|row| SpoolRow::decode(row.value())).transpose()
}

fn put_row(tables: &mut Tables, id: BlobId, row: &SpoolRow) -> Result<()> {
    tables.begin_writing();
    tables.spool.insert(id.0, row.encode().as_slice())?;
    tables.due.insert(due_key(row.priority, row.next_attempt, id), ())?;
    Ok(())
}

/// Removes a spool row without its reference.
fn take_row(tables: &mut Tables, id: BlobId, row: &SpoolRow) -> Result<()> {
    tables.begin_writing();
    tables.spool.remove(id.0)?;
    tables.due.remove(due_key(row.priority, row.next_attempt, id))?;
    Ok(())
}

/// Applies settlements; says of each whether its message is out of the spool.
pub(crate) fn settle(tables: &mut Tables, batch: Vec<(Settlement, Option<Fresh>)>, now: Time) -> Result<Vec<bool>> {
    let mut messages: Vec<(Settlement, Option<Message>)> = Vec::with_capacity(batch.len());
    let mut ids = HashSet::new();
    for (settlement, fresh) in batch {
        if !ids.insert(settlement.id) {
            return Err(Error::new(Word::Invalid, format!("message {} is settled twice at once", settlement.id)));
        }
        let message = find(tables, &settlement, fresh)?;
        messages.push((settlement, message));
    }
    messages.into_iter().map(|(settlement, message)| settle_one(tables, settlement, message, now)).collect()
}

/// The message as it stands, `None` when it is not in the spool any more.
fn find(tables: &Tables, settlement: &Settlement, fresh: Option<Fresh>) -> Result<Option<Message>> {
    let message = match unapplied(tables, fresh)? {
        Some(fresh) => {
            let row = SpoolRow {
                priority: fresh.arrival.priority,
                next_attempt: fresh.arrival.received,
                attempts: 0,
                size: fresh.size,
                arrival: fresh.arrival.clone(),
                recipients: Vec::new(),
            };
            Some(Message { row, fresh: Some(fresh) })
        }
        None => spool_row(tables, settlement.id)?.map(|row| Message { row, fresh: None }),
    };
    if let Some(message) = &message {
        check(settlement, message)?;
    }
    Ok(message)
}

/// # Errors
/// `Invalid` when the settlement does not fit the envelope.
fn check(settlement: &Settlement, message: &Message) -> Result<()> {
    let recipients = message.row.arrival.envelope.recipients.len();
    let named = settlement.deliveries.iter().all(|delivery| delivery.recipient < recipients);
    if settlement.recipients.len() != recipients || !named {
        return Err(Error::new(
            Word::Invalid,
            format!("the settlement of {} does not fit its envelope", settlement.id),
        ));
    }
    if u32::try_from(message.row.size).is_err() {
        return Err(Error::new(Word::Invalid, format!("message {} is too big for a mailbox", settlement.id)));
    }
    Ok(())
}

fn settle_one(tables: &mut Tables, settlement: Settlement, message: Option<Message>, now: Time) -> Result<bool> {
    let Settlement { id, deliveries, mut recipients, next_attempt, attempts, memories } = settlement;
    let Some(Message { row, fresh }) = message else { return Ok(true) };
    let (mailboxes, gone) = targets(tables, &deliveries, &mut recipients)?;
    let doomed = tables.doomed_message.remove(id.0)?.is_some();
    let next_attempt = if gone { Some(now) } else { next_attempt }.filter(|_| !doomed);
    let stays = next_attempt.is_some();
    let references = mailboxes.len() as i64 + i64::from(stays);
    tables.begin_writing();
    match &fresh {
        Some(fresh) => {
            if references > 0 {
                let (segment, size, hash) = (fresh.segment, fresh.size, fresh.hash);
                let blob = BlobRow { segment, size, references: references as u32, hash };
                tables.add_blob(id, blob, &fresh.arrival.outline)?;
            }
            apply(tables, fresh.sequence)?;
        }
        None => {
            take_row(tables, id, &row)?;
            tables.change_references(id, references - 1)?;
        }
    }
    deliver(tables, id, &row, &mailboxes, now)?;
    memories.into_iter().try_for_each(|memory| rules::remember(tables, memory))?;
    if let Some(next_attempt) = next_attempt {
        let arrival = row.arrival;
        put_row(tables, id, &SpoolRow { next_attempt, attempts, recipients, arrival, ..row })?;
        tables.news.spool.push(id);
    }
    Ok(!stays)
}

/// The mailboxes that get the message, each once. A recipient whose mailbox is gone stays pending;
/// the flag says that there was one.
fn targets<'d>(
    tables: &Tables,
    deliveries: &'d [LocalDelivery],
    recipients: &mut [RecipientState],
) -> Result<(Vec<&'d LocalDelivery>, bool)> {
    let (mut targets, mut gone): (Vec<&LocalDelivery>, _) = (Vec::new(), false);
    for delivery in deliveries {
        if targets.iter().any(|target| target.mailbox == delivery.mailbox) {
            continue;
        }
        let row = tables.find_mailbox(delivery.mailbox)?;
        if row.is_some_and(|row| change::check_uids_left(&row, 1).is_ok()) {
            targets.push(delivery);
        } else {
            let recipient = &mut recipients[delivery.recipient];
            recipient.state = State::Pending;
            // Its rules run again, and say anew what they want sent.
            recipient.errands.clear();
            gone = true;
        }
    }
    Ok((targets, gone))
}

fn deliver(tables: &mut Tables, id: BlobId, row: &SpoolRow, targets: &[&LocalDelivery], now: Time) -> Result<()> {
    for delivery in targets {
        let mailbox: MailboxId = delivery.mailbox;
        let mut mailbox_row = tables.mailbox(mailbox)?;
        let incoming = Incoming {
            blob: id,
            size: row.size as u32,
            flags: change::with_keywords(tables, mailbox, delivery.flags, &delivery.keywords)?,
            internal_date: date(row.arrival.received),
            save_date: date(now),
        };
        let modseq = mailbox_row.counters.modseq + 1;
        change::add(tables, mailbox, &mut mailbox_row, modseq, incoming)?;
        tables.put_mailbox(mailbox, mailbox_row);
    }
    Ok(())
}

/// Removes a message's spool row with its reference; false when there is none.
fn drop_row(tables: &mut Tables, id: BlobId) -> Result<bool> {
    let Some(row) = spool_row(tables, id)? else { return Ok(false) };
    take_row(tables, id, &row)?;
    tables.change_references(id, -1)?;
    Ok(true)
}

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
            take_row(tables, *id, &row)?;
            change(&mut row);
            put_row(tables, *id, &row)?;
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

/// Takes messages out of the spool. What is leased is marked instead and goes when it settles.
/// Returns how many there were. The leases of those in `went` are held by this job.
pub(crate) fn delete(tables: &mut Tables, queue: &Queue, ids: &[BlobId], went: &mut Vec<BlobId>) -> Result<usize> {
    let mut count = 0;
    for id in ids {
        let fresh = unapplied(tables, queue.fresh(*id))?;
        if fresh.is_none() && spool_row(tables, *id)?.is_none() {
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
        match fresh {
            Some(fresh) => apply(tables, fresh.sequence)?,
            None => drop(drop_row(tables, *id)?),
        }
        tables.doomed_message.remove(id.0)?;
    }
    Ok(count)
}
