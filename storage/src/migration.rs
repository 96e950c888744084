//! Bringing `meta.redb` up to this version's layout. The list of steps is empty as long as there is
//! one version; each will be a function that works in the transaction it is given.

use redb::WriteTransaction;

use crate::base::Base;
use crate::tables::{SCHEMA, meta};
use crate::write::Tables;
use crate::{Error, Result, Word};

/// A step from the version that is its place in [`STEPS`] plus one to the next.
type Step = fn(&WriteTransaction) -> Result<()>;

const STEPS: [Step; SCHEMA as usize - 1] = [];

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

/// Makes all tables and runs the steps that are missing, in one transaction. From here on the store
/// counts as not closed.
pub(crate) fn run(base: &Base) -> Result<()> {
    let found = found(base)?;
    base.write(|transaction| {
        if found > 0 {
            STEPS[found as usize - 1..].iter().try_for_each(|step| step(transaction))?;
        }
        let mut tables = Tables::open(transaction)?;
        tables.set_state("schema", SCHEMA)?;
        tables.set_state("clean", 0)?;
        tables.finish().map(drop)
    })
}
