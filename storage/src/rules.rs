//! What users' rules need kept: their scripts, and what is remembered of messages until it may be forgotten. Knows no
//! Sieve: scripts are texts.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::codec::{Reader, Writer};
use crate::directory::rows::{account, put_account};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Error, Result, Time, Word};

/// Most scripts of an account.
pub const SCRIPTS_MAX: usize = 32;
/// Most bytes of a script.
pub const SCRIPT_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a script's name (RFC 5804 §1.6 asks for 512 at least).
pub const SCRIPT_NAME_BYTES_MAX: usize = 512;
/// Most memories of an account: past it nothing more is remembered until older ones are forgotten.
pub const MEMORIES_MAX: u64 = 100_000;

const VERSION: u8 = 1;
/// Memories that one transaction forgets at most.
const FORGET_ROWS_MAX: usize = 1_000;

/// The script that runs for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveScript {
    /// Its name.
    pub name: String,
    /// Never given twice: another text has another one.
    pub revision: u32,
}

/// A script in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptEntry {
    /// Its name.
    pub name: String,
    /// Is it the one that runs?
    pub active: bool,
}

/// Something about a message that rules want remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Whose rules.
    pub account: AccountId,
    /// What, as a hash.
    pub key: u128,
    /// Until when.
    pub until: Time,
}

fn no_script(name: &str) -> Error {
    Error::new(Word::NotFound, format!("there is no script {name:?}"))
}

/// # Errors
/// `Invalid` (RFC 5804 §1.6).
fn check_name(name: &str) -> Result<()> {
    let is_bad = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    if name.is_empty() || name.len() > SCRIPT_NAME_BYTES_MAX || name.chars().any(is_bad) {
        return Err(Error::new(Word::Invalid, "that is no name for a script"));
    }
    Ok(())
}

// ---- reading -----------------------------------------------------------------------------

pub(crate) fn scripts(transaction: &ReadTransaction, id: AccountId, active: Option<&str>) -> Result<Vec<ScriptEntry>> {
    let mut scripts = Vec::new();
    for row in transaction.open_table(meta::SCRIPT)?.range((id.0, "")..)? {
        let (key, _) = row?;
        let (account, name) = key.value();
        if account != id.0 {
            break;
        }
        scripts.push(ScriptEntry { name: name.to_owned(), active: active == Some(name) });
    }
    Ok(scripts)
}

pub(crate) fn script(transaction: &ReadTransaction, id: AccountId, name: &str) -> Result<Option<String>> {
    let row = transaction.open_table(meta::SCRIPT)?.get((id.0, name))?;
    row.map(|row| Reader::new("script", VERSION, row.value())?.text()).transpose()
}

pub(crate) fn remembers(transaction: &ReadTransaction, id: AccountId, key: u128, now: Time) -> Result<bool> {
    let row = transaction.open_table(meta::MEMORY)?.get((id.0, key))?;
    row.map_or(Ok(false), |row| until(row.value()).map(|until| until > now))
}

pub(crate) fn can_forget(transaction: &ReadTransaction, now: Time) -> Result<bool> {
    let first = transaction.open_table(meta::MEMORY_END)?.first()?.map(|(key, _)| key.value().0);
    Ok(first.is_some_and(|until| until <= now.0))
}

fn until(row: &[u8]) -> Result<Time> {
    Reader::new("memory", VERSION, row)?.u64().map(Time)
}

// ---- scripts -----------------------------------------------------------------------------

pub(crate) fn check_room(tables: &Tables, id: AccountId, name: &str, bytes: usize) -> Result<()> {
    check_name(name)?;
    if bytes > SCRIPT_BYTES_MAX {
        return Err(Error::new(Word::OverQuota, format!("a script may have {SCRIPT_BYTES_MAX} bytes at most")));
    }
    let is_new = tables.script.get((id.0, name))?.is_none();
    let count = tables.script.range((id.0, "")..(id.0 + 1, ""))?.count();
    if is_new && count >= SCRIPTS_MAX {
        return Err(Error::new(Word::Limit, format!("an account may have {SCRIPTS_MAX} scripts at most")));
    }
    Ok(())
}

pub(crate) fn put_script(tables: &mut Tables, id: AccountId, name: &str, text: &str) -> Result<()> {
    let owner = owner(tables, id)?;
    check_room(tables, id, name, text.len())?;
    tables.begin_writing();
    let mut row = Writer::new(VERSION, text.len() + 8);
    row.text(text);
    tables.script.insert((id.0, name), row.0.as_slice())?;
    if owner.script.is_some_and(|active| active.name == name) { activate(tables, id, Some(name)) } else { Ok(()) }
}

pub(crate) fn remove_script(tables: &mut Tables, id: AccountId, name: &str) -> Result<()> {
    let owner = owner(tables, id)?;
    if tables.script.get((id.0, name))?.is_none() {
        return Err(no_script(name));
    }
    if owner.script.is_some_and(|active| active.name == name) {
        return Err(Error::new(Word::NotAllowed, "the active script cannot be removed"));
    }
    tables.begin_writing();
    tables.script.remove((id.0, name))?;
    Ok(())
}

pub(crate) fn rename_script(tables: &mut Tables, id: AccountId, from: &str, to: &str) -> Result<()> {
    let owner = owner(tables, id)?;
    check_name(to)?;
    let text = tables.script.get((id.0, from))?.map(|row| row.value().to_vec()).ok_or_else(|| no_script(from))?;
    if from == to {
        return Ok(());
    }
    if tables.script.get((id.0, to))?.is_some() {
        return Err(Error::new(Word::Exists, format!("there is a script {to:?} already")));
    }
    tables.begin_writing();
    tables.script.remove((id.0, from))?;
    tables.script.insert((id.0, to), text.as_slice())?;
    if owner.script.is_some_and(|active| active.name == from) { activate(tables, id, Some(to)) } else { Ok(()) }
}

/// Makes that script the one that runs, or none.
pub(crate) fn activate(tables: &mut Tables, id: AccountId, name: Option<&str>) -> Result<()> {
    let mut owner = owner(tables, id)?;
    if let Some(name) = name
        && tables.script.get((id.0, name))?.is_none()
    {
        return Err(no_script(name));
    }
    owner.script = match name {
        Some(name) => Some(ActiveScript { name: name.to_owned(), revision: tables.next_id("script_next")? }),
        None => None,
    };
    put_account(tables, &owner)
}

fn owner(tables: &Tables, id: AccountId) -> Result<crate::Account> {
    account(tables, id)?.ok_or_else(|| Error::new(Word::NotFound, "there is no such account"))
}

/// Removes all that an account's rules had. What says when to forget goes by itself, in time.
pub(crate) fn remove_all(tables: &mut Tables, id: AccountId) -> Result<()> {
    tables.script.retain_in((id.0, "")..(id.0 + 1, ""), |_, _| false)?;
    tables.memory.retain_in((id.0, 0)..=(id.0, u128::MAX), |_, _| false)?;
    Ok(())
}

// ---- memories ----------------------------------------------------------------------------

/// Remembers, in the transaction that settles the message.
pub(crate) fn remember(tables: &mut Tables, memory: Memory) -> Result<()> {
    let Memory { account, key, until: end } = memory;
    let old = tables.memory.get((account.0, key))?.map(|row| until(row.value())).transpose()?;
    match old {
        Some(old) => drop(tables.memory_end.remove((old.0, account.0, key))?),
        None if tables.memory.range((account.0, 0)..=(account.0, u128::MAX))?.count() as u64 >= MEMORIES_MAX => {
            return Ok(());
        }
        None => {}
    }
    let mut row = Writer::new(VERSION, 9);
    row.raw(&end.0.to_le_bytes());
    tables.memory.insert((account.0, key), row.0.as_slice())?;
    tables.memory_end.insert((end.0, account.0, key), ())?;
    Ok(())
}

/// Forgets what may be forgotten.
pub(crate) fn forget(tables: &mut Tables, now: Time) -> Result<()> {
    let due = tables.memory_end.range(..=(now.0, u32::MAX, u128::MAX))?.take(FORGET_ROWS_MAX);
    let due: Vec<(u64, u32, u128)> = due.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?;
    if due.is_empty() {
        return Ok(());
    }
    tables.begin_writing();
    for (end, account, key) in due {
        tables.memory_end.remove((end, account, key))?;
        tables.memory.remove((account, key))?;
    }
    Ok(())
}
