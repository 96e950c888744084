//! What is known of passwords beyond their hashes: whether they are as they have to be. Which rules there are is not known
//! here.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{AccountId, Result, Time};

/// What is known of an account's password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PasswordRecord {
    /// When it was set; unknown for one that is older than its record.
    #[serde(default)]
    pub since: Option<Time>,
    /// The requirements it was judged by, in a form that says no more than whether they have changed.
    #[serde(default)]
    pub judged_by: String,
    /// The rules it breaks.
    #[serde(default)]
    pub broken: Vec<String>,
    /// Hashes of the ones before it, the latest first.
    #[serde(default)]
    pub former: Vec<String>,
    /// Its owner was told so many days before its end, the last time.
    #[serde(default)]
    pub told_days: Option<u32>,
}

pub(crate) fn put(tables: &mut Tables, account: AccountId, record: &PasswordRecord) -> Result<()> {
    // An account that has been removed meanwhile needs no record.
    if tables.account.get(account.0)?.is_none() {
        return Ok(());
    }
    tables.begin_writing();
    tables.password.insert(account.0, encode_json(record).as_slice())?;
    Ok(())
}

/// The age of a password counts from `now`, unless it is known already.
pub(crate) fn begin_age(tables: &mut Tables, account: AccountId, now: Time) -> Result<()> {
    let kept = tables.password.get(account.0)?.map(|row| decode_json("password", row.value())).transpose()?;
    let kept: PasswordRecord = kept.unwrap_or_default();
    match kept.since {
        Some(_) => Ok(()),
        None => put(tables, account, &PasswordRecord { since: Some(now), ..kept }),
    }
}

pub(crate) fn record(transaction: &ReadTransaction, account: AccountId) -> Result<Option<PasswordRecord>> {
    let row = transaction.open_table(meta::PASSWORD)?.get(account.0)?;
    row.map(|row| decode_json("password", row.value())).transpose()
}

pub(crate) fn all(transaction: &ReadTransaction) -> Result<Vec<(AccountId, PasswordRecord)>> {
    let table = transaction.open_table(meta::PASSWORD)?;
    let row = |row: redb::Result<(_, redb::AccessGuard<'_, &[u8]>), _>| {
        let (account, record): (redb::AccessGuard<'_, u32>, _) = row?;
        Ok((AccountId(account.value()), decode_json("password", record.value())?))
    };
    table.iter()?.map(row).collect()
}

pub(crate) fn forget(tables: &mut Tables, account: AccountId) -> Result<()> {
    tables.password.remove(account.0)?;
    Ok(())
}
