//! What becomes of spooled messages: the jobs that write mailboxes, spool rows and the journal's
//! position together.

use std::collections::HashSet;

use super::steer;
use crate::archive::append;
use crate::lane::Lane;
use crate::mailbox::change::{self, Incoming, date};
use crate::mailing;
use crate::queue::Fresh;
use crate::rows::{BlobRow, SpoolRow};
use crate::rules;
use crate::write::Tables;
use crate::{BlobId, Error, LocalDelivery, MailboxId, RecipientState, Result, Settlement, State, Time, Word};

/// What is known of a message that settles.
struct Message {
    /// Its spool row, or what would be in it.
    row: SpoolRow,
    fresh: Option<Fresh>,
}

/// Has this journal row been applied?
pub(crate) fn is_applied(tables: &Tables, sequence: u64) -> Result<bool> {
    Ok(sequence <= Lane::of(sequence).position(tables.state.open()?)? || tables.applied.get(sequence)?.is_some())
}

/// The message, unless an earlier job of the same batch applied it.
pub(super) fn unapplied(tables: &Tables, fresh: Option<Fresh>) -> Result<Option<Fresh>> {
    match fresh {
        Some(fresh) if !is_applied(tables, fresh.sequence)? => Ok(Some(fresh)),
        _ => Ok(None),
    }
}

/// Notes that a journal row is applied. Its lane's position only ever passes rows that are: those applied
/// ahead of it wait in `applied`.
pub(crate) fn apply(tables: &mut Tables, sequence: u64) -> Result<()> {
    tables.begin_writing();
    let lane = Lane::of(sequence);
    let mut position = lane.position(tables.state.open()?)?;
    if sequence != position + 1 {
        tables.applied.insert(sequence, ())?;
        return Ok(());
    }
    position += 1;
    while tables.applied.remove(position + 1)?.is_some() {
        position += 1;
    }
    tables.set_state(lane.position_name(), position)
}

pub(super) fn spool_row(tables: &Tables, id: BlobId) -> Result<Option<SpoolRow>> {
    tables.spool.get(id.0)?.map(|row| SpoolRow::decode(row.value())).transpose()
}

/// The spool row of a message that nobody has tried to deliver yet.
pub(super) fn first_row(fresh: &Fresh) -> SpoolRow {
    SpoolRow {
        priority: fresh.arrival.priority,
        next_attempt: fresh.arrival.received,
        attempts: 0,
        size: fresh.size,
        queue: String::new(),
        arrival: fresh.arrival.clone(),
        recipients: fresh.recipients(),
        since: fresh.arrival.received,
    }
}

/// Applies the journal row of a message that enters the spool, and may leave it at once: the archive gets its records, and
/// the message, if anything refers to it, a row of its own with these references and those of the records.
pub(super) fn enter(tables: &mut Tables, fresh: &Fresh, references: u32) -> Result<()> {
    tables.begin_writing();
    let references = references + append::record(tables, fresh)?;
    if references > 0 {
        let (segment, size, hash) = (fresh.segment, fresh.size, fresh.hash);
        tables.add_blob(fresh.id, BlobRow { segment, size, references, hash }, &fresh.arrival.outline)?;
    }
    apply(tables, fresh.sequence)?;
    mailing::entered(tables, fresh)
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
        Some(fresh) => Some(Message { row: first_row(&fresh), fresh: Some(fresh) }),
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
    let Settlement { id, deliveries, mut recipients, next_attempt, attempts, memories, queue } = settlement;
    let Some(Message { row, fresh }) = message else { return Ok(true) };
    let (mailboxes, gone) = targets(tables, &deliveries, &mut recipients)?;
    let doomed = tables.doomed_message.remove(id.0)?.is_some();
    let queue = if gone { String::new() } else { queue };
    let next_attempt = if gone { Some(now) } else { next_attempt };
    let references = mailboxes.len() as i64 + i64::from(next_attempt.is_some());
    tables.begin_writing();
    match &fresh {
        Some(fresh) => {
            enter(tables, fresh, references as u32)?;
        }
        None => {
            tables.take_spool_row(id, &row)?;
            tables.change_references(id, references - 1)?;
        }
    }
    deliver(tables, id, &row, &mailboxes, now)?;
    memories.into_iter().try_for_each(|memory| rules::remember(tables, memory))?;
    let Some(next_attempt) = next_attempt else {
        mailing::left(tables, &row.arrival.provenance, &recipients)?;
        return Ok(true);
    };
    let row = SpoolRow { next_attempt, attempts, queue, recipients, ..row };
    if doomed {
        steer::put_aside(tables, id, &row, now)?;
    } else {
        tables.put_spool_row(id, &row)?;
    }
    tables.news.spool.push(id);
    Ok(doomed)
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
