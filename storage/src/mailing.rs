//! What is remembered of mass messages: how many of their letters went where.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{Result, Time};

/// How far a mailing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailingState {
    /// Its letters are being put into the spool.
    Sending,
    /// All of them are in the spool, or out of it again.
    Queued,
    /// The box stopped before all of them were in the spool.
    Interrupted,
}

/// A letter that was sent to many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// Its number.
    pub id: u64,
    /// Its subject.
    pub subject: String,
    /// To whom, in words.
    pub audience: String,
    /// Who sent it.
    pub by: String,
    /// When.
    pub begun: Time,
    /// How far it has come.
    pub state: MailingState,
    /// To how many it goes.
    pub total: u64,
    /// How many were put into the spool.
    pub queued: u64,
    /// How many were delivered.
    pub delivered: u64,
    /// How many could not be delivered.
    pub failed: u64,
}

pub(crate) fn put(tables: &mut Tables, mailing: &Mailing) -> Result<()> {
    tables.begin_writing();
    tables.mailing.insert(mailing.id, encode_json(mailing).as_slice())?;
    Ok(())
}

pub(crate) fn remove(tables: &mut Tables, id: u64) -> Result<()> {
    tables.begin_writing();
    tables.mailing.remove(id)?;
    Ok(())
}

pub(crate) fn list(transaction: &ReadTransaction) -> Result<Vec<Mailing>> {
    transaction.open_table(meta::MAILING)?.iter()?.map(|row| decode_json("mailing", row?.1.value())).collect()
}
