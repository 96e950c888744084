//! Mass messages: what is sent to whom, and how many of the letters went where.
//!
//! A letter says in its journal row which one it is ([`Provenance::Letter`]), and is counted in the very transaction that
//! moves it: so the counts hold after a crash, and who goes on with a mailing knows which letter is next.

use redb::{ReadTransaction, ReadableTable};
use serde::{Deserialize, Serialize};

use crate::queue::Fresh;
use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{Error, Provenance, RecipientState, Result, State, Time, Word};

/// Most mailings that are remembered; the oldest that are not being sent go first.
pub const MAILINGS_MAX: usize = 100;

/// How far a mailing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailingState {
    /// Its letters are being put into the spool, now or when the box runs again.
    Sending,
    /// All of them are in the spool, or out of it again.
    Queued,
    /// Somebody has stopped it before all of them were in the spool.
    Cancelled,
}

/// A letter that is sent to many.
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
    /// How many have entered the spool.
    pub queued: u64,
    /// How many were delivered.
    pub delivered: u64,
    /// How many could not be delivered, or not even be written.
    pub failed: u64,
    /// How many were taken out of the spool.
    #[serde(default)]
    pub removed: u64,
    /// The letter that is next: all before it have entered the spool or failed. What the journal has beyond is not in it.
    #[serde(default)]
    pub next: u64,
}

/// A mailing that begins.
#[derive(Debug, Clone)]
pub struct NewMailing {
    /// Its subject.
    pub subject: String,
    /// To whom, in words.
    pub audience: String,
    /// Who sends it.
    pub by: String,
    /// When.
    pub begun: Time,
    /// To how many it goes.
    pub total: u64,
    /// The letter and to whom it goes, opaque here; kept until all have entered the spool.
    pub draft: Vec<u8>,
}

/// Begins a mailing; the oldest are forgotten that are too many. Returns its number.
pub(crate) fn begin(tables: &mut Tables, new: NewMailing) -> Result<u64> {
    let NewMailing { subject, audience, by, begun, total, draft } = new;
    let id = tables.mailing.last()?.map_or(1, |(last, _)| last.value() + 1);
    let mailing = Mailing {
        id,
        subject,
        audience,
        by,
        begun,
        state: MailingState::Sending,
        total,
        queued: 0,
        delivered: 0,
        failed: 0,
        removed: 0,
        next: 0,
    };
    put(tables, &mailing)?;
    tables.mailing_draft.insert(id, draft.as_slice())?;
    forget_oldest(tables)?;
    Ok(id)
}

fn forget_oldest(tables: &mut Tables) -> Result<()> {
    let mut ended = Vec::new();
    let mut count = 0;
    for row in tables.mailing.iter()? {
        let mailing: Mailing = decode_json("mailing", row?.1.value())?;
        count += 1;
        ended.extend((mailing.state != MailingState::Sending).then_some(mailing.id));
    }
    for id in ended.into_iter().take(count.max(MAILINGS_MAX) - MAILINGS_MAX) {
        tables.mailing.remove(id)?;
    }
    Ok(())
}

/// Nothing more of a mailing enters the spool.
///
/// # Errors
/// `NotFound`; `Invalid` when that was so before.
pub(crate) fn end(tables: &mut Tables, id: u64, state: MailingState) -> Result<()> {
    let missing = || Error::new(Word::NotFound, format!("there is no mass message {id}"));
    let mailing = find(tables, id)?.ok_or_else(missing)?;
    if mailing.state != MailingState::Sending {
        return Err(Error::new(Word::Invalid, "this mass message is not being sent any more"));
    }
    put(tables, &Mailing { state, ..mailing })?;
    tables.mailing_draft.remove(id)?;
    Ok(())
}

/// The letter that is next will never enter the spool.
pub(crate) fn skip(tables: &mut Tables, id: u64, letter: u64) -> Result<()> {
    change(tables, id, |mailing| {
        mailing.failed += 1;
        mailing.next = mailing.next.max(letter + 1);
    })
}

// ---- what the spool tells ----------------------------------------------------------------

/// A message has entered the spool.
pub(crate) fn entered(tables: &mut Tables, message: &Fresh) -> Result<()> {
    let Provenance::Letter { mailing, letter } = message.arrival.provenance else { return Ok(()) };
    change(tables, mailing, |mailing| {
        mailing.queued += 1;
        mailing.next = mailing.next.max(letter + 1);
    })
}

/// A message has left the spool, with this outcome.
pub(crate) fn left(tables: &mut Tables, provenance: &Provenance, recipients: &[RecipientState]) -> Result<()> {
    let has_failed = recipients.iter().any(|recipient| recipient.state == State::Failed);
    of_letter(tables, provenance, |mailing| match has_failed {
        true => mailing.failed += 1,
        false => mailing.delivered += 1,
    })
}

/// A message was taken out of the spool.
pub(crate) fn removed(tables: &mut Tables, provenance: &Provenance) -> Result<()> {
    of_letter(tables, provenance, |mailing| mailing.removed += 1)
}

/// A message was put back into the spool.
pub(crate) fn restored(tables: &mut Tables, provenance: &Provenance) -> Result<()> {
    of_letter(tables, provenance, |mailing| mailing.removed = mailing.removed.saturating_sub(1))
}

fn of_letter(tables: &mut Tables, provenance: &Provenance, apply: impl FnOnce(&mut Mailing)) -> Result<()> {
    match *provenance {
        Provenance::Letter { mailing, .. } => change(tables, mailing, apply),
        _ => Ok(()),
    }
}

/// Changes a mailing, unless it was forgotten.
fn change(tables: &mut Tables, id: u64, apply: impl FnOnce(&mut Mailing)) -> Result<()> {
    let Some(mut mailing) = find(tables, id)? else { return Ok(()) };
    apply(&mut mailing);
    put(tables, &mailing)
}

fn find(tables: &Tables, id: u64) -> Result<Option<Mailing>> {
    tables.mailing.get(id)?.map(|row| decode_json("mailing", row.value())).transpose()
}

fn put(tables: &mut Tables, mailing: &Mailing) -> Result<()> {
    tables.begin_writing();
    tables.mailing.insert(mailing.id, encode_json(mailing).as_slice())?;
    Ok(())
}

// ---- reading -----------------------------------------------------------------------------

pub(crate) fn list(transaction: &ReadTransaction) -> Result<Vec<Mailing>> {
    transaction.open_table(meta::MAILING)?.iter()?.map(|row| decode_json("mailing", row?.1.value())).collect()
}

pub(crate) fn draft(transaction: &ReadTransaction, id: u64) -> Result<Option<Vec<u8>>> {
    Ok(transaction.open_table(meta::MAILING_DRAFT)?.get(id)?.map(|row| row.value().to_vec()))
}
