//! Bringing `meta.redb` up to this version's layout, a step for each version. A step and the version that it
//! leads to are one transaction: a crash, or a step that fails, leaves the file in one layout or the other.

use redb::{ReadableTable, TableDefinition, WriteTransaction};

use crate::base::Base;
use crate::rows::{SpoolRow, decode_json, encode_json};
use crate::tables::{SCHEMA, due_key, meta};
use crate::write::Tables;
use crate::{Account, BlobId, Error, Result, Word, index_log};

/// A step from the version that is its place in [`STEPS`] plus one to the next.
type Step = fn(&WriteTransaction) -> Result<()>;

const STEPS: [Step; SCHEMA as usize - 1] = [layout_2, layout_3, layout_4];

/// The version of the layout of a file, 0 when it is new.
///
/// # Errors
/// `Newer` when a newer program wrote the file.
pub(crate) fn found(base: &Base) -> Result<u64> {
    let found = base.read(|transaction| match transaction.open_table(meta::STATE) {
        Ok(state) => Ok(state.get("schema")?.map_or(0, |value| value.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
        Err(error) => Err(error.into()),
    })?;
    if found > SCHEMA {
        let detail = format!("the store has layout {found}, this program knows up to {SCHEMA}; use a newer one");
        return Err(Error::new(Word::Newer, detail));
    }
    Ok(found)
}

/// Runs the steps that are missing, then makes the tables that are. From here on the store counts as
/// not closed.
pub(crate) fn run(base: &Base) -> Result<()> {
    let found = found(base)?;
    for (version, step) in (2..=SCHEMA).zip(STEPS).filter(|(version, _)| found > 0 && *version > found) {
        base.write(|transaction| {
            step(transaction)?;
            transaction.open_table(meta::STATE)?.insert("schema", version)?;
            Ok(())
        })?;
    }
    base.write(|transaction| {
        let mut tables = Tables::make(transaction)?;
        tables.set_state("schema", SCHEMA)?;
        if tables.state("clean")? == 0 {
            index_log::skip_lost(&mut tables)?;
        }
        tables.set_state("clean", 0)?;
        tables.finish().map(drop)
    })
}

fn layout_2(transaction: &WriteTransaction) -> Result<()> {
    queue_spool(transaction)?;
    number_domains(transaction)
}

/// Accounts are found by address.
fn layout_3(transaction: &WriteTransaction) -> Result<()> {
    let mut addresses = transaction.open_table(meta::ACCOUNT_ADDRESS)?;
    for row in transaction.open_table(meta::ACCOUNT)?.iter()? {
        let (id, row) = row?;
        let account: Account = decode_json("account", row.value())?;
        addresses.insert(account.address.as_str(), id.value())?;
    }
    Ok(())
}

/// Memory knows the spool's senders; the index of them goes.
fn layout_4(transaction: &WriteTransaction) -> Result<()> {
    transaction.delete_table(TableDefinition::<(&str, u64), ()>::new("spool_sender"))?;
    Ok(())
}

/// Every domain gets a number as the owner of shared mailboxes.
fn number_domains(transaction: &WriteTransaction) -> Result<()> {
    let mut state = transaction.open_table(meta::STATE)?;
    let mut domains = transaction.open_table(meta::DOMAIN)?;
    let rows = domains.iter()?.map(|row| {
        let (name, row) = row?;
        Ok((name.value().to_owned(), decode_json::<serde_json::Value>("domain", row.value())?))
    });
    for (name, mut row) in rows.collect::<Result<Vec<_>>>()? {
        let number = state.get("account_next")?.map_or(1, |next| next.value());
        state.insert("account_next", number + 1)?;
        row["mailboxes"] = number.into();
        domains.insert(name.as_str(), encode_json(&row).as_slice())?;
    }
    Ok(())
}

/// The spool waits in queues.
fn queue_spool(transaction: &WriteTransaction) -> Result<()> {
    // It had no queue to tell of.
    transaction.delete_table(TableDefinition::<u128, ()>::new("due"))?;
    let mut due = transaction.open_table(meta::DUE)?;
    let mut spool = transaction.open_table(meta::SPOOL)?;
    let rows = spool.iter()?.map(|row| {
        let (id, row) = row?;
        Ok((id.value(), SpoolRow::decode(row.value())?))
    });
    for (id, row) in rows.collect::<Result<Vec<_>>>()? {
        due.insert(due_key(row.priority, row.next_attempt, BlobId(id)), row.queue.as_str())?;
        spool.insert(id, row.encode().as_slice())?;
    }
    Ok(())
}
