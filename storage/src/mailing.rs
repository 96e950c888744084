//! What an administrator writes to many users, and how far it has come. Its text is opaque here.

use redb::{ReadTransaction, ReadableTable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{RecipientState, Result, State, Time};

/// Mailings that are remembered; the oldest that are done go first.
const MAILINGS_MAX: usize = 1_000;

/// A mailing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailing {
    /// When it was begun.
    pub begun: Time,
    /// Whom it goes to.
    pub audience: Audience,
    /// The name beside the sender's address.
    pub from_name: String,
    /// The name beside each recipient's address; empty: the user's own.
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Is the text HTML?
    pub is_html: bool,
}

/// Whom a mailing goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All users.
    All,
    /// All users of a domain.
    Domain(String),
    /// All who administer a domain.
    DomainAdministrators,
    /// One user.
    User(String),
}

/// How far a mailing has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MailingProgress {
    /// Those it is for, as of its beginning.
    pub total: u64,
    /// Those whose message is in the spool, or was.
    pub queued: u64,
    /// Those who have it.
    pub delivered: u64,
    /// Those it could not be delivered to.
    pub failed: u64,
    /// The last address that it was queued for; they come in their order.
    pub reached: String,
    /// Nothing more is queued.
    pub is_complete: bool,
}

/// Begins a mailing; says its number.
pub(crate) fn begin(tables: &mut Tables, mailing: &Mailing, total: u64) -> Result<u64> {
    tables.begin_writing();
    let last = tables.mailing.last()?.map_or(0, |(number, _)| number.value());
    let (number, progress) = (last + 1, MailingProgress { total, ..MailingProgress::default() });
    tables.mailing.insert(number, encode_json(mailing).as_slice())?;
    tables.mailing_progress.insert(number, encode_json(&progress).as_slice())?;
    forget_old(tables)?;
    Ok(number)
}

fn forget_old(tables: &mut Tables) -> Result<()> {
    let surplus = (redb::ReadableTableMetadata::len(&tables.mailing)? as usize).saturating_sub(MAILINGS_MAX);
    let mut old = Vec::new();
    for row in tables.mailing_progress.iter()?.take(surplus) {
        let (number, row) = row?;
        if decode_json::<MailingProgress>("mailing_progress", row.value())?.is_complete {
            old.push(number.value());
        }
    }
    for number in old {
        tables.mailing.remove(number)?;
        tables.mailing_progress.remove(number)?;
    }
    Ok(())
}

/// Changes how far a mailing has come; one that is forgotten stays so.
fn change(tables: &mut Tables, number: u64, change: impl FnOnce(&mut MailingProgress)) -> Result<()> {
    let row = tables.mailing_progress.get(number)?;
    let found = row.map(|row| decode_json::<MailingProgress>("mailing_progress", row.value())).transpose()?;
    let Some(mut progress) = found else { return Ok(()) };
    tables.begin_writing();
    change(&mut progress);
    tables.mailing_progress.insert(number, encode_json(&progress).as_slice())?;
    Ok(())
}

/// Messages were queued, up to the one for `reached`.
pub(crate) fn queued(tables: &mut Tables, number: u64, count: u64, reached: &str, is_complete: bool) -> Result<()> {
    change(tables, number, |progress| {
        progress.queued += count;
        progress.is_complete = is_complete;
        if !reached.is_empty() {
            progress.reached = reached.to_owned();
        }
    })
}

/// A message of a mailing settles: counts who came to an end by that.
pub(crate) fn settled(tables: &mut Tables, number: u64, old: &[RecipientState], new: &[RecipientState]) -> Result<()> {
    let came_to =
        |state: State| old.iter().zip(new).filter(|(old, new)| old.state != state && new.state == state).count() as u64;
    let (delivered, failed) = (came_to(State::Delivered), came_to(State::Failed));
    if delivered + failed == 0 {
        return Ok(());
    }
    change(tables, number, |progress| {
        progress.delivered += delivered;
        progress.failed += failed;
    })
}

/// The latest mailings, the newest first.
pub(crate) fn list(transaction: &ReadTransaction, max: usize) -> Result<Vec<(u64, Mailing, MailingProgress)>> {
    let progresses = transaction.open_table(meta::MAILING_PROGRESS)?;
    let mut found = Vec::new();
    for row in transaction.open_table(meta::MAILING)?.iter()?.rev().take(max) {
        let (number, row) = row?;
        let progress = progresses.get(number.value())?;
        let progress = progress.map(|row| decode_json("mailing_progress", row.value())).transpose()?;
        found.push((number.value(), decode_json("mailing", row.value())?, progress.unwrap_or_default()));
    }
    Ok(found)
}

/// The first mailing that is not complete.
pub(crate) fn next(transaction: &ReadTransaction) -> Result<Option<(u64, Mailing, MailingProgress)>> {
    let mailings = transaction.open_table(meta::MAILING)?;
    for row in transaction.open_table(meta::MAILING_PROGRESS)?.iter()? {
        let (number, row) = row?;
        let progress: MailingProgress = decode_json("mailing_progress", row.value())?;
        if !progress.is_complete
            && let Some(row) = mailings.get(number.value())?
        {
            return Ok(Some((number.value(), decode_json("mailing", row.value())?, progress)));
        }
    }
    Ok(None)
}
