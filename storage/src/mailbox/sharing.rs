//! Lists of rights as rows, and the index of which mailboxes name whom.

use std::collections::BTreeSet;

use redb::{ReadTransaction, ReadableTable};

use super::look;
use crate::directory;
use crate::rows::{MailboxRow, decode_acl, encode_acl};
use crate::sharing::{ANYONE, Acl, Rights, RightsChange};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Error, Mailbox, MailboxId, Result, Word};

/// Most entries of one list.
const IDENTIFIERS_MAX: usize = 1000;

/// Most bytes of an identifier.
const IDENTIFIER_BYTES_MAX: usize = 1000;

fn read(table: &impl ReadableTable<u32, &'static [u8]>, id: MailboxId) -> Result<Acl> {
    table.get(id.0)?.map_or(Ok(Acl::default()), |row| decode_acl(row.value()))
}

// ---- looking -----------------------------------------------------------------------------

/// Lists of mailboxes, in their order.
pub(crate) fn all(transaction: &ReadTransaction, ids: &[MailboxId]) -> Result<Vec<Acl>> {
    let table = transaction.open_table(meta::ACL)?;
    ids.iter().map(|id| read(&table, *id)).collect()
}

/// A mailbox by its exact, normal name, with its list.
pub(crate) fn by_name(transaction: &ReadTransaction, account: AccountId, name: &str) -> Result<Option<(Mailbox, Acl)>> {
    let Some(mailbox) = look::by_name(transaction, account, name)? else { return Ok(None) };
    let acl = read(&transaction.open_table(meta::ACL)?, mailbox.id)?;
    Ok(Some((mailbox, acl)))
}

/// A mailbox by its number, with its list.
pub(crate) fn by_id(transaction: &ReadTransaction, id: MailboxId) -> Result<(Mailbox, Acl)> {
    let mailbox = look::mailbox(transaction, id)?;
    let acl = read(&transaction.open_table(meta::ACL)?, id)?;
    Ok((mailbox, acl))
}

/// The mailboxes whose list names this address or [`ANYONE`], with their lists.
pub(crate) fn naming(transaction: &ReadTransaction, address: &str) -> Result<Vec<(Mailbox, Acl)>> {
    let index = transaction.open_table(meta::SHARED)?;
    let mut ids = BTreeSet::new();
    for identifier in [ANYONE, address] {
        for row in index.range((identifier, 0)..=(identifier, u32::MAX))? {
            ids.insert(row?.0.value().1);
        }
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (mailboxes, acls) = (transaction.open_table(meta::MAILBOX)?, transaction.open_table(meta::ACL)?);
    let mut found = Vec::with_capacity(ids.len());
    for id in ids.into_iter().map(MailboxId) {
        if let Some(row) = mailboxes.get(id.0)? {
            found.push((MailboxRow::decode(row.value())?.mailbox(id), read(&acls, id)?));
        }
    }
    Ok(found)
}

// ---- changing ----------------------------------------------------------------------------

/// Changes the rights of one identifier. Until the first change, a user's mailbox is the owner's alone; from then
/// on the owner has an entry as well.
pub(crate) fn set_rights(
    tables: &mut Tables,
    mailbox: MailboxId,
    identifier: &str,
    change: RightsChange,
) -> Result<()> {
    if identifier.trim_start_matches('-').is_empty() || identifier.len() > IDENTIFIER_BYTES_MAX {
        return Err(Error::new(Word::Invalid, "that identifier is not allowed"));
    }
    let row = tables.mailbox(mailbox)?;
    let owner = directory::rows::account(tables, row.account)?.map(|account| account.address);
    let old = read(tables.acl.open()?, mailbox)?;
    let mut new = old.clone();
    if let Some(owner) = owner.as_deref().filter(|_| old.is_empty()) {
        new.set(owner, Rights::ALL);
    }
    let mut rights = change.of(new.entry(identifier));
    if owner.as_deref() == Some(identifier) {
        rights = rights.with(Rights::OWNER);
    }
    new.set(identifier, rights);
    if new.len() > IDENTIFIERS_MAX {
        return Err(Error::new(Word::Limit, format!("a mailbox can name {IDENTIFIERS_MAX} identifiers at most")));
    }
    if owner.is_some_and(|owner| new.len() == 1 && new.entry(&owner) == Rights::ALL) {
        new = Acl::default();
    }
    put(tables, mailbox, &old, &new)?;
    tables.put_mailbox(mailbox, row);
    tables.touch_account(AccountId::EVERYONE);
    Ok(())
}

/// A new mailbox takes over the list of the one above it.
pub(crate) fn inherit(tables: &mut Tables, above: MailboxId, mailbox: MailboxId) -> Result<()> {
    let acl = read(tables.acl.open()?, above)?;
    if acl.is_empty() { Ok(()) } else { put(tables, mailbox, &Acl::default(), &acl) }
}

/// Removes the list of a mailbox that goes.
pub(crate) fn forget(tables: &mut Tables, mailbox: MailboxId) -> Result<()> {
    let old = read(tables.acl.open()?, mailbox)?;
    if old.is_empty() { Ok(()) } else { put(tables, mailbox, &old, &Acl::default()) }
}

/// Removes an address that goes from all lists: whoever has it later is somebody else.
pub(crate) fn forget_address(tables: &mut Tables, address: &str) -> Result<()> {
    for identifier in [address.to_owned(), format!("-{address}")] {
        let range = tables.shared.range((identifier.as_str(), 0)..=(identifier.as_str(), u32::MAX))?;
        let mailboxes: Vec<u32> = range.map(|row| Ok(row?.0.value().1)).collect::<Result<_>>()?;
        for mailbox in mailboxes.into_iter().map(MailboxId) {
            let old = read(tables.acl.open()?, mailbox)?;
            let mut new = old.clone();
            new.set(&identifier, Rights::NONE);
            put(tables, mailbox, &old, &new)?;
            if let Some(row) = tables.find_mailbox(mailbox)? {
                tables.put_mailbox(mailbox, row);
            }
        }
    }
    Ok(())
}

fn put(tables: &mut Tables, mailbox: MailboxId, old: &Acl, new: &Acl) -> Result<()> {
    tables.begin_writing();
    for (identifier, _) in old.entries().filter(|(identifier, _)| new.entry(identifier).is_empty()) {
        tables.shared.remove((identifier, mailbox.0))?;
    }
    for (identifier, _) in new.entries().filter(|(identifier, _)| old.entry(identifier).is_empty()) {
        tables.shared.insert((identifier, mailbox.0), ())?;
    }
    if new.is_empty() {
        tables.acl.remove(mailbox.0)?;
    } else {
        tables.acl.insert(mailbox.0, encode_acl(new).as_slice())?;
    }
    Ok(())
}
