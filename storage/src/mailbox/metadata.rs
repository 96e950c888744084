//! Annotations of mailboxes and of the server (RFC 5464): those of `/private/` are one account's, those of
//! `/shared/` are everyone's.

use redb::ReadTransaction;

use crate::rows::{decode_annotation, encode_annotation};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Error, MailboxId, Result, Word};

/// Most bytes of an entry's value.
pub const METADATA_VALUE_BYTES_MAX: usize = 16 * 1024;

/// Most bytes of an entry's name.
pub const METADATA_ENTRY_BYTES_MAX: usize = 512;

/// Most entries of one mailbox that are shared, and most that one account has there for itself.
const ENTRIES_MAX: usize = 100;

/// The server's annotations stand where no mailbox is.
const SERVER: u32 = 0;

/// Shared annotations stand where no account is.
const EVERYONE: u32 = AccountId::EVERYONE.0;

/// Stands before the names of shared entries.
const SHARED: &str = "/shared/";

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Its name in lower case, from `/private/` or `/shared/` on.
    pub entry: String,
    /// Its value.
    pub value: Vec<u8>,
}

/// The annotations of a mailbox, or of the server, that the account sees and `wanted` wants, by name.
pub(crate) fn read(
    transaction: &ReadTransaction,
    mailbox: Option<MailboxId>,
    account: AccountId,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<Annotation>> {
    let table = transaction.open_table(meta::METADATA)?;
    let place = mailbox.map_or(SERVER, |mailbox| mailbox.0);
    let mut found = Vec::new();
    for whose in [account.0, EVERYONE] {
        for row in table.range((place, whose, "")..(place, whose + 1, ""))? {
            let (key, row) = row?;
            let entry = key.value().2;
            if wanted(entry) {
                found.push(Annotation { entry: entry.to_owned(), value: decode_annotation(row.value())? });
            }
        }
    }
    Ok(found)
}

/// Sets entries, and removes those without a value: all or nothing.
pub(crate) fn write(
    tables: &mut Tables,
    mailbox: Option<MailboxId>,
    account: AccountId,
    changes: &[(String, Option<Vec<u8>>)],
) -> Result<()> {
    let owner = mailbox.map_or(Ok(AccountId::EVERYONE), |mailbox| tables.mailbox(mailbox).map(|row| row.account))?;
    let place = mailbox.map_or(SERVER, |mailbox| mailbox.0);
    let whose = |entry: &str| if entry.starts_with(SHARED) { EVERYONE } else { account.0 };
    for whom in [account.0, EVERYONE] {
        let mut entries: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        for row in tables.metadata.range((place, whom, "")..(place, whom + 1, ""))? {
            entries.insert(row?.0.value().2.to_owned());
        }
        for (entry, value) in changes.iter().filter(|(entry, _)| whose(entry) == whom) {
            match value {
                Some(_) => entries.insert(entry.clone()),
                None => entries.remove(entry),
            };
        }
        if entries.len() > ENTRIES_MAX {
            return Err(Error::new(Word::Limit, format!("there can be {ENTRIES_MAX} annotations at most")));
        }
    }
    if changes.iter().any(|(entry, value)| {
        entry.len() > METADATA_ENTRY_BYTES_MAX
            || value.as_ref().is_some_and(|value| value.len() > METADATA_VALUE_BYTES_MAX)
    }) {
        return Err(Error::new(Word::Invalid, "an annotation is too long"));
    }
    tables.begin_writing();
    tables.touch_account(owner);
    tables.touch_account(account);
    for (entry, value) in changes {
        let key = (place, whose(entry), entry.as_str());
        match value {
            Some(value) => drop(tables.metadata.insert(key, encode_annotation(value).as_slice())?),
            None => drop(tables.metadata.remove(key)?),
        }
    }
    Ok(())
}

/// Removes the annotations of a mailbox that goes.
pub(crate) fn forget(tables: &mut Tables, mailbox: MailboxId) -> Result<()> {
    tables.metadata.retain_in((mailbox.0, 0, "")..(mailbox.0 + 1, 0, ""), |_, _| false)?;
    Ok(())
}

/// Removes what an account that goes has noted for itself.
pub(crate) fn forget_account(tables: &mut Tables, account: AccountId) -> Result<()> {
    tables.metadata.retain(|(_, whose, _), _| whose != account.0)?;
    Ok(())
}
