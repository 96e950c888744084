//! Every message's bytes against their checksum.

use std::collections::{BTreeMap, HashSet};

use redb::ReadableTable;

use super::Check;
use crate::rows::{self, BlobRow};
use crate::segments::file_name;
use crate::tables::meta;
use crate::{Account, AccountId, BlobId, MailboxId, Result, SpoolFilter, Uid};

/// Most rows looked at in one read transaction.
const LOOK_ROWS_MAX: usize = 256;

/// Hashes all messages.
pub(super) fn run(check: &mut Check) -> Result<()> {
    let mut from = Some(0);
    while let Some(first) = from {
        let (rows, next) = check.shared.look(|transaction| {
            let (mut rows, mut next) = (Vec::new(), None);
            for row in transaction.open_table(meta::BLOB)?.range(first..)? {
                let (id, row) = row?;
                if rows.len() == LOOK_ROWS_MAX {
                    next = Some(id.value());
                    break;
                }
                rows.push((BlobId(id.value()), BlobRow::decode(row.value())));
            }
            Ok((rows, next))
        })?;
        for (id, row) in rows {
            match row {
                Ok(row) => one(check, id, row),
                Err(error) => check.find(super::META, Some(id), error.detail),
            }
            check.step();
        }
        from = next;
    }
    let fresh = check.shared.queue.list_fresh(&SpoolFilter { limit: usize::MAX, ..SpoolFilter::default() });
    for (fresh, _) in fresh {
        let (segment, size, hash) = (fresh.segment, fresh.size, fresh.hash);
        one(check, fresh.id, BlobRow { segment, size, hash, references: 0 });
    }
    Ok(())
}

fn one(check: &mut Check, id: BlobId, row: BlobRow) {
    check.report.blobs += 1;
    check.report.bytes += row.size;
    let wrong = match check.shared.segments.hash(row.segment, id, row.size) {
        Ok(hash) if hash == row.hash => return,
        Ok(_) => "the bytes do not match their checksum".to_owned(),
        Err(error) => error.detail,
    };
    // It may have been removed or moved in between.
    let still = check.shared.locate(id).is_ok_and(|(segment, _)| segment == row.segment);
    if still {
        check.find(&file_name(row.segment), Some(id), wrong);
    }
}

/// Fills in which mailboxes show the messages that were hit.
pub(super) fn say_where(check: &mut Check) -> Result<()> {
    let hit: HashSet<BlobId> = check.report.findings.iter().filter_map(|finding| finding.blob).collect();
    let seen = check.shared.look(|transaction| {
        let mut seen: BTreeMap<BlobId, Vec<(String, String, Uid)>> = BTreeMap::new();
        let mailboxes = transaction.open_table(meta::MAILBOX)?;
        let accounts = transaction.open_table(meta::ACCOUNT)?;
        let address = |account: AccountId| -> Result<String> {
            let row = accounts.get(account.0)?;
            let account: Option<Account> = row.map(|row| rows::decode_json("account", row.value())).transpose()?;
            Ok(account.map(|account| account.address).unwrap_or_default())
        };
        for row in transaction.open_table(meta::MESSAGE)?.iter()? {
            let (key, row) = row?;
            let Ok(records) = rows::records(row.value()) else { continue };
            for record in records.filter(|record| hit.contains(&record.blob)) {
                let mailbox = MailboxId((key.value() >> 32) as u32);
                let Some(row) = mailboxes.get(mailbox.0)? else { continue };
                let row = rows::MailboxRow::decode(row.value())?;
                let place = (address(row.account)?, row.name, record.uid);
                seen.entry(record.blob).or_default().push(place);
            }
        }
        Ok(seen)
    })?;
    for finding in &mut check.report.findings {
        if let Some(places) = finding.blob.and_then(|blob| seen.get(&blob)) {
            finding.seen_in.clone_from(places);
        }
    }
    Ok(())
}
