//! Reading mailboxes: each function is one read transaction's work, its result copied out.

use std::ops::RangeInclusive;
use std::sync::Arc;

use redb::ReadTransaction;

use crate::rows::{self, MailboxRow};
use crate::tables::{Definition, message_key, message_keys, meta, vanished_key};
use crate::{
    AccountId, BlobId, Bundle, Changes, Counters, Error, Flags, Mailbox, MailboxId, Modseq, Opened, Record, Result,
    Uid, UidSet, Word,
};

/// Rows that a walk steps over for each that it is after.
const STEPS_MAX: u64 = 4;

/// All mailboxes of an account, by name.
pub(crate) fn all(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<Mailbox>> {
    let names = transaction.open_table(meta::MAILBOX_NAME)?;
    let mailboxes = transaction.open_table(meta::MAILBOX)?;
    let mut all = Vec::new();
    for row in names.range((account.0, "")..(account.0 + 1, ""))? {
        let id = MailboxId(row?.1.value());
        if let Some(row) = mailboxes.get(id.0)? {
            all.push(MailboxRow::decode(row.value())?.mailbox(id));
        }
    }
    Ok(all)
}

/// The mailbox of that exact, normal name.
pub(crate) fn by_name(transaction: &ReadTransaction, account: AccountId, name: &str) -> Result<Option<Mailbox>> {
    let names = transaction.open_table(meta::MAILBOX_NAME)?;
    let Some(id) = names.get((account.0, name))?.map(|id| MailboxId(id.value())) else { return Ok(None) };
    let row = transaction.open_table(meta::MAILBOX)?.get(id.0)?;
    row.map(|row| Ok(MailboxRow::decode(row.value())?.mailbox(id))).transpose()
}

pub(crate) fn subscriptions(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<String>> {
    let table = transaction.open_table(meta::SUBSCRIPTION)?;
    let rows = table.range((account.0, "")..(account.0 + 1, ""))?;
    rows.map(|row| Ok(row?.0.value().1.to_owned())).collect()
}

pub(crate) fn mailbox(transaction: &ReadTransaction, id: MailboxId) -> Result<Mailbox> {
    let missing = || Error::new(Word::NotFound, "the mailbox does not exist");
    let row = transaction.open_table(meta::MAILBOX)?.get(id.0)?.ok_or_else(missing)?;
    Ok(MailboxRow::decode(row.value())?.mailbox(id))
}

pub(crate) fn counters(transaction: &ReadTransaction, id: MailboxId) -> Result<Counters> {
    Ok(mailbox(transaction, id)?.counters)
}

fn keywords(transaction: &ReadTransaction, id: MailboxId) -> Result<Vec<String>> {
    let row = transaction.open_table(meta::KEYWORD)?.get(id.0)?;
    row.map_or(Ok(Vec::new()), |row| rows::decode_keywords(row.value()))
}

pub(crate) fn open(transaction: &ReadTransaction, id: MailboxId) -> Result<Opened> {
    let mailbox = mailbox(transaction, id)?;
    let messages = transaction.open_table(meta::MESSAGE)?;
    let (mut uids, mut first_unseen) = (UidSet::default(), None);
    for row in messages.range(message_keys(id))? {
        for record in rows::records(row?.1.value())? {
            uids.push(record.uid);
            if first_unseen.is_none() && !record.flags.has(Flags::SEEN) {
                first_unseen = Some(record.uid);
            }
        }
    }
    Ok(Opened { mailbox, keywords: keywords(transaction, id)?, uids, first_unseen })
}

pub(crate) fn changes(transaction: &ReadTransaction, id: MailboxId, since: Modseq) -> Result<Changes> {
    let counters = mailbox(transaction, id)?.counters;
    let mut records = Vec::new();
    if counters.modseq > since {
        for row in transaction.open_table(meta::MESSAGE)?.range(message_keys(id))? {
            let (_, row) = row?;
            if rows::block_modseq(row.value())? > since {
                records.extend(rows::records(row.value())?.filter(|record| record.modseq > since));
            }
        }
    }
    let mut vanished = Vec::new();
    let later = vanished_key(id, since.saturating_add(1))..=vanished_key(id, Modseq::MAX);
    for row in transaction.open_table(meta::VANISHED)?.range(later)? {
        vanished.extend(rows::decode_uids(row?.1.value())?);
    }
    let keywords = keywords(transaction, id)?;
    Ok(Changes { counters, keywords, records, vanished: vanished.into_iter().collect() })
}

pub(crate) fn records(
    transaction: &ReadTransaction,
    id: MailboxId,
    uids: &UidSet,
    limit: usize,
) -> Result<Vec<Record>> {
    let messages = transaction.open_table(meta::MESSAGE)?;
    let mut found: Vec<Record> = Vec::new();
    // The next UID to look at: a row may serve several ranges, but is read once.
    let mut from: Uid = 0;
    for range in &uids.0 {
        if range.last < from {
            continue;
        }
        let keys = message_key(id, range.first.max(from))..=message_key(id, range.last);
        for row in messages.range(keys)? {
            let (key, row) = row?;
            for record in rows::records(row.value())?.filter(|record| uids.contains(record.uid)) {
                if found.len() == limit {
                    return Ok(found);
                }
                found.push(record);
            }
            from = (key.value() as Uid | 63).saturating_add(1);
        }
    }
    Ok(found)
}

/// The rows of many messages, in their order; for those that have none, what is not written yet. Those of neighbours are
/// met by one walk over the table.
pub(crate) fn rows_of(
    transaction: &ReadTransaction,
    table: Definition<u64, &[u8]>,
    blobs: &[BlobId],
    unwritten: &[Option<Arc<[u8]>>],
) -> Result<Bundle> {
    let table = transaction.open_table(table)?;
    let mut found = Bundle::new(blobs.len());
    for (index, row) in unwritten.iter().enumerate() {
        row.iter().for_each(|row| found.put(index, row));
    }
    let mut wanted: Vec<(u64, usize)> = blobs.iter().enumerate().map(|(index, blob)| (blob.0, index)).collect();
    wanted.sort_unstable();
    let Some(range) = neighbours(&wanted) else {
        for (blob, index) in wanted {
            table.get(blob)?.iter().for_each(|row| found.put(index, row.value()));
        }
        return Ok(found);
    };
    let mut wanted = wanted.into_iter().peekable();
    for row in table.range(range)? {
        let (key, row) = row?;
        while wanted.next_if(|(blob, _)| *blob < key.value()).is_some() {}
        while let Some((_, index)) = wanted.next_if(|(blob, _)| *blob == key.value()) {
            found.put(index, row.value());
        }
    }
    Ok(found)
}

/// From the first to the last of these, which ascend, when few others can stand between them: then to step over those
/// costs less than to look each up.
fn neighbours(wanted: &[(u64, usize)]) -> Option<RangeInclusive<u64>> {
    let ((first, _), (last, _)) = (*wanted.first()?, *wanted.last()?);
    (first < last && last - first < STEPS_MAX * wanted.len() as u64).then_some(first..=last)
}
