//! The mailboxes' access keys (RFC 4467).

use redb::ReadTransaction;

use crate::tables::meta;
use crate::write::Tables;
use crate::{AccessKey, MailboxId, Result, rows};

pub(crate) fn read(transaction: &ReadTransaction, mailbox: MailboxId) -> Result<Option<AccessKey>> {
    let row = transaction.open_table(meta::ACCESS_KEY)?.get(mailbox.0)?;
    row.map(|row| rows::decode_access_key(row.value())).transpose()
}

/// Gives the mailbox this key unless it has one.
pub(crate) fn give(tables: &mut Tables, mailbox: MailboxId, key: &AccessKey) -> Result<AccessKey> {
    tables.mailbox(mailbox)?;
    let known = tables.access_key.get(mailbox.0)?.map(|row| rows::decode_access_key(row.value())).transpose()?;
    if let Some(known) = known {
        return Ok(known);
    }
    tables.begin_writing();
    tables.access_key.insert(mailbox.0, rows::encode_access_key(key).as_slice())?;
    Ok(*key)
}

pub(crate) fn take(tables: &mut Tables, mailboxes: &[MailboxId]) -> Result<()> {
    tables.begin_writing();
    for mailbox in mailboxes {
        tables.access_key.remove(mailbox.0)?;
    }
    Ok(())
}
