//! Domains, accounts and aliases as rows: writing them, and reading all of them at once.

use std::collections::HashMap;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable};

use crate::mailbox::{metadata, names, sharing};
use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{
    Account, AccountId, Alias, Directory, Domain, Error, IndexChange, LastLogin, NewAccount, Quota, Result, SpecialUse,
    Time, Word,
};
use crate::{credentials, guard, password, rules};

/// Most bytes of a domain's name or an address; a redb key has to be short.
const ADDRESS_BYTES_MAX: usize = 1000;

/// The mailboxes every account begins with, INBOX aside.
const SPECIAL_MAILBOXES: [(&str, SpecialUse); 5] = [
    ("Drafts", SpecialUse::Drafts),
    ("Sent", SpecialUse::Sent),
    ("Junk", SpecialUse::Junk),
    ("Trash", SpecialUse::Trash),
    ("Archive", SpecialUse::Archive),
];

fn not_found(what: &str, name: &str) -> Error {
    Error::new(Word::NotFound, format!("there is no {what} {name:?}"))
}

fn exists(what: &str, name: &str) -> Error {
    Error::new(Word::Exists, format!("there is {what} {name:?} already"))
}

/// All of it, as of the transaction.
pub(crate) fn read(transaction: &ReadTransaction) -> Result<Directory> {
    let mut directory = Directory::default();
    for row in transaction.open_table(meta::DOMAIN)?.iter()? {
        let domain: Domain = decode_json("domain", row?.1.value())?;
        directory.domains.insert(domain.name.clone(), Arc::new(domain));
    }
    for row in transaction.open_table(meta::ACCOUNT)?.iter()? {
        let account: Arc<Account> = Arc::new(decode_json("account", row?.1.value())?);
        directory.by_address.insert(account.address.clone(), account.clone());
        directory.accounts.insert(account.id, account);
    }
    for row in transaction.open_table(meta::ALIAS)?.iter()? {
        let alias: Alias = decode_json("alias", row?.1.value())?;
        directory.aliases.insert(alias.address.clone(), Arc::new(alias));
    }
    Ok(directory)
}

/// The last login that is durable.
pub(crate) fn last_login(transaction: &ReadTransaction, account: AccountId) -> Result<Option<LastLogin>> {
    let row = transaction.open_table(meta::LOGIN)?.get(account.0)?;
    row.map(|row| decode_json("login", row.value())).transpose()
}

/// When each account has last logged in, as far as durable.
pub(crate) fn last_logins(transaction: &ReadTransaction) -> Result<HashMap<AccountId, Time>> {
    /// The rest of a row is stepped over.
    #[derive(serde::Deserialize)]
    struct Moment {
        at: Time,
    }
    let table = transaction.open_table(meta::LOGIN)?;
    let rows = table.iter()?.map(|row| {
        let (account, row) = row?;
        Ok((AccountId(account.value()), decode_json::<Moment>("login", row.value())?.at))
    });
    rows.collect()
}

/// The last login from each address, as far as durable.
pub(crate) fn sources(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<LastLogin>> {
    let table = transaction.open_table(meta::LOGIN_FROM)?;
    let rows = table.range((account.0, "")..(account.0 + 1, ""))?;
    rows.map(|row| decode_json("login_from", row?.1.value())).collect()
}

/// Notes from where an account has logged in; the oldest of very many addresses makes room for it.
pub(crate) fn note_source(tables: &mut Tables, id: AccountId, login: &LastLogin) -> Result<()> {
    if tables.account.get(id.0)?.is_none() {
        return Ok(());
    }
    tables.login_from.insert((id.0, login.from.as_str()), encode_json(login).as_slice())?;
    let rows = tables.login_from.range((id.0, "")..(id.0 + 1, ""))?;
    let mut known: Vec<LastLogin> = rows.map(|row| decode_json("login_from", row?.1.value())).collect::<Result<_>>()?;
    known.sort_by_key(|login| login.at);
    for old in &known[..known.len().saturating_sub(guard::LOGINS_MAX)] {
        tables.login_from.remove((id.0, old.from.as_str()))?;
    }
    Ok(())
}

// ---- domains -----------------------------------------------------------------------------

fn changing(tables: &mut Tables) {
    tables.begin_writing();
    tables.news.directory = true;
}

fn put_domain(tables: &mut Tables, domain: &Domain) -> Result<()> {
    changing(tables);
    tables.domain.insert(domain.name.as_str(), encode_json(domain).as_slice())?;
    Ok(())
}

pub(crate) fn add_domain(tables: &mut Tables, name: String, now: Time) -> Result<()> {
    if name.is_empty() || name.len() > ADDRESS_BYTES_MAX {
        return Err(Error::new(Word::Invalid, "that is not a domain name"));
    }
    if tables.domain.get(name.as_str())?.is_some() {
        return Err(exists("a domain", &name));
    }
    let mailboxes = AccountId(tables.next_id("account_next")?);
    let (catch_all, signing_keys) = (None, Vec::new());
    let domain = Domain { name, catch_all, signing_keys, mailboxes, quota_bytes: 0, quota_messages: 0, created: now };
    put_domain(tables, &domain)
}

pub(crate) fn update_domain(tables: &mut Tables, domain: &Domain) -> Result<()> {
    let old = find_domain(tables, &domain.name)?.ok_or_else(|| not_found("domain", &domain.name))?;
    if old.mailboxes != domain.mailboxes {
        return Err(Error::new(Word::Invalid, "the number of a domain's mailboxes cannot be changed"));
    }
    put_domain(tables, domain)
}

pub(crate) fn remove_domain(tables: &mut Tables, name: &str) -> Result<()> {
    let domain = find_domain(tables, name)?.ok_or_else(|| not_found("domain", name))?;
    let of_domain = |address: &str| domain_of(address) == name;
    let mut used = false;
    for row in tables.account_address.iter()? {
        used |= of_domain(row?.0.value());
    }
    for row in tables.alias.iter()? {
        used |= of_domain(row?.0.value());
    }
    if used {
        return Err(Error::new(Word::NotAllowed, format!("the domain {name:?} has accounts or aliases")));
    }
    if names::has_any(tables, domain.mailboxes)? {
        return Err(Error::new(Word::NotAllowed, format!("the domain {name:?} has shared mailboxes")));
    }
    changing(tables);
    tables.domain.remove(name)?;
    tables.index_changes.push(IndexChange::OwnerGone(domain.mailboxes));
    tables.remove_usage(domain.mailboxes)
}

fn find_domain(tables: &Tables, name: &str) -> Result<Option<Domain>> {
    let row = tables.domain.get(name)?;
    row.map(|row| decode_json("domain", row.value())).transpose()
}

/// The domain whose shared mailboxes have this owner.
fn domain_with_mailboxes(tables: &Tables, owner: AccountId) -> Result<Option<Domain>> {
    for row in tables.domain.iter()? {
        let domain: Domain = decode_json("domain", row?.1.value())?;
        if domain.mailboxes == owner {
            return Ok(Some(domain));
        }
    }
    Ok(None)
}

/// Can mailboxes be this one's?
pub(crate) fn is_owner(tables: &Tables, id: AccountId) -> Result<bool> {
    Ok(tables.account.get(id.0)?.is_some() || domain_with_mailboxes(tables, id)?.is_some())
}

/// What the mailboxes of an owner may hold.
pub(crate) fn quota(tables: &Tables, owner: AccountId) -> Result<Quota> {
    if let Some(account) = account(tables, owner)? {
        return Ok(account.quota());
    }
    Ok(domain_with_mailboxes(tables, owner)?.map_or(Quota::default(), |domain| domain.quota()))
}

pub(crate) fn set_quota(tables: &mut Tables, owner: AccountId, quota: Quota) -> Result<()> {
    if let Some(old) = account(tables, owner)? {
        let new = Account { quota_bytes: quota.bytes, quota_messages: quota.messages, ..old };
        return update_account(tables, &new);
    }
    let missing = || Error::new(Word::NotFound, "there is no such owner of mailboxes");
    let old = domain_with_mailboxes(tables, owner)?.ok_or_else(missing)?;
    put_domain(tables, &Domain { quota_bytes: quota.bytes, quota_messages: quota.messages, ..old })
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// # Errors
/// `Invalid`, `NotFound` (the domain).
fn check_address(tables: &Tables, address: &str) -> Result<()> {
    let domain = domain_of(address);
    if address.len() > ADDRESS_BYTES_MAX || address.len() < domain.len() + 2 || domain.is_empty() {
        return Err(Error::new(Word::Invalid, format!("{address:?} is not an address")));
    }
    if tables.domain.get(domain)?.is_none() {
        return Err(not_found("domain", domain));
    }
    Ok(())
}

// ---- accounts ----------------------------------------------------------------------------

pub(crate) fn account(tables: &Tables, id: AccountId) -> Result<Option<Account>> {
    let row = tables.account.get(id.0)?;
    row.map(|row| decode_json("account", row.value())).transpose()
}

fn has_account(tables: &Tables, address: &str) -> Result<bool> {
    Ok(tables.account_address.get(address)?.is_some())
}

pub(crate) fn add_account(tables: &mut Tables, new: NewAccount, now: Time) -> Result<AccountId> {
    check_address(tables, &new.address)?;
    if has_account(tables, &new.address)? || tables.alias.get(new.address.as_str())?.is_some() {
        return Err(exists("an account or alias", &new.address));
    }
    changing(tables);
    let id = AccountId(tables.next_id("account_next")?);
    let NewAccount { address, name, role, quota_bytes, quota_messages, password, scram } = new;
    let account = Account {
        id,
        address,
        name,
        enabled: true,
        role,
        quota_bytes,
        quota_messages,
        password,
        scram,
        forward: Vec::new(),
        forward_keep: true,
        away: None,
        script: None,
        app_passwords: Vec::new(),
        second_factor: None,
        created: now,
    };
    tables.account.insert(id.0, encode_json(&account).as_slice())?;
    tables.account_address.insert(account.address.as_str(), id.0)?;
    let inbox = ("INBOX", None);
    let special = SPECIAL_MAILBOXES.into_iter().map(|(name, special_use)| (name, Some(special_use)));
    for (name, special_use) in std::iter::once(inbox).chain(special) {
        names::create(tables, id, name, special_use)?;
        names::subscribe(tables, id, name, true)?;
    }
    Ok(id)
}

pub(crate) fn update_account(tables: &mut Tables, new: &Account) -> Result<()> {
    let old = account(tables, new.id)?.ok_or_else(|| not_found("account", &new.address))?;
    if old.address != new.address {
        return Err(Error::new(Word::Invalid, "the address of an account cannot be changed"));
    }
    put_account(tables, &Account { script: old.script, ..new.clone() })?;
    credentials::forget_uses(tables, &old.app_passwords, &new.app_passwords)
}

/// Writes an account's row.
pub(crate) fn put_account(tables: &mut Tables, account: &Account) -> Result<()> {
    changing(tables);
    tables.account.insert(account.id.0, encode_json(account).as_slice())?;
    Ok(())
}

pub(crate) fn remove_account(tables: &mut Tables, id: AccountId) -> Result<()> {
    let missing = || Error::new(Word::NotFound, "there is no such account");
    let old = account(tables, id)?.ok_or_else(missing)?;
    changing(tables);
    names::delete_all(tables, id)?;
    rules::remove_all(tables, id)?;
    sharing::forget_address(tables, &old.address)?;
    metadata::forget_account(tables, id)?;
    guard::forget_account(tables, id)?;
    password::forget(tables, id)?;
    tables.account.remove(id.0)?;
    tables.account_address.remove(old.address.as_str())?;
    tables.login.remove(id.0)?;
    credentials::remove_all(tables, id)?;
    credentials::forget_uses(tables, &old.app_passwords, &[])?;
    tables.index_changes.push(IndexChange::OwnerGone(id));
    tables.remove_usage(id)
}

// ---- aliases -----------------------------------------------------------------------------

pub(crate) fn put_alias(tables: &mut Tables, address: String, targets: Vec<String>, now: Time) -> Result<()> {
    check_address(tables, &address)?;
    if has_account(tables, &address)? {
        return Err(exists("an account", &address));
    }
    let old: Option<Alias> =
        tables.alias.get(address.as_str())?.map(|row| decode_json("alias", row.value())).transpose()?;
    let alias = Alias { address, targets, created: old.map_or(now, |old| old.created) };
    changing(tables);
    tables.alias.insert(alias.address.as_str(), encode_json(&alias).as_slice())?;
    Ok(())
}

pub(crate) fn remove_alias(tables: &mut Tables, address: &str) -> Result<()> {
    if tables.alias.get(address)?.is_none() {
        return Err(not_found("alias", address));
    }
    changing(tables);
    tables.alias.remove(address)?;
    Ok(())
}
