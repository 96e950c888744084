//! Bringing `meta.redb` up to this version's layout, a step for each version. A step and the version that it
//! leads to are one transaction: a crash, or a step that fails, leaves the file in one layout or the other.

use redb::{ReadableTable, WriteTransaction};

use crate::base::Base;
use crate::rows::SpoolRow;
use crate::spool::senders;
use crate::tables::{SCHEMA, meta};
use crate::write::Tables;
use crate::{Error, Result, Word};

/// A step from the version that is its place in [`STEPS`] plus one to the next.
type Step = fn(&WriteTransaction) -> Result<()>;

const STEPS: [Step; SCHEMA as usize - 1] = [index_senders];

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
        let mut tables = Tables::open(transaction)?;
        tables.set_state("schema", SCHEMA)?;
        tables.set_state("clean", 0)?;
        tables.finish().map(drop)
    })
}

/// Layout 2: the spool can be searched by sender.
fn index_senders(transaction: &WriteTransaction) -> Result<()> {
    let spool = transaction.open_table(meta::SPOOL)?;
    let mut index = transaction.open_table(meta::SPOOL_SENDER)?;
    for row in spool.iter()? {
        let (id, row) = row?;
        let row = SpoolRow::decode(row.value())?;
        index.insert((senders::folded(&row.arrival.envelope.reverse_path).as_str(), id.value()), ())?;
    }
    Ok(())
}
