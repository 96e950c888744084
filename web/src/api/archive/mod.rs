//! `archive`: searching it, reading and exporting its messages, its rules and legal holds, its heads and the proof that it
//! is whole.
//!
//! A system administrator sees all of it. A domain administrator sees the archive of an own domain, and only while a rule
//! for that very domain stands: without one it is as if there were no archive.

mod exports;
mod holds;
mod proof;
mod records;
mod rules;
#[cfg(test)]
mod tests;

pub use exports::{Export, ExportQuery, Exports, ExportsList};
pub use holds::{HoldRow, Holds, NewHold};
pub use proof::{ArchiveReport, Break, HeadRow, Heads, Prove};
pub use records::{ArchiveList, ArchiveMessage, ArchiveQuery, ArchiveRow};
pub use rules::{Keep, NewRule, RuleRow, Rules};

pub(crate) use exports::list as exports;
pub(crate) use holds::{add as add_hold, list as list_holds, remove as remove_hold};
pub(crate) use proof::heads;
pub(crate) use records::{beginning, find, one};
pub(crate) use rules::{add as add_rule, end as end_rule, keep as keep_rule, list as list_rules};

use super::Problem;
use crate::House;
use crate::door::{Caller, Route, Scope};

pub(crate) fn routes() -> Vec<Route> {
    [records::routes(), exports::routes(), rules::routes(), holds::routes(), proof::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// The domains whose archives the caller sees; all without.
///
/// # Errors
/// As if there were no archive.
fn domains(house: &House, caller: &Caller) -> Result<Option<Vec<String>>, Problem> {
    let Scope::Domains(own) = caller.scope() else {
        return if caller.scope().is_everything() { Ok(None) } else { Err(nothing()) };
    };
    let seen: Vec<String> = own.iter().filter(|domain| house.store.archive_has_rule_for(domain)).cloned().collect();
    if seen.is_empty() { Err(nothing()) } else { Ok(Some(seen)) }
}

fn nothing() -> Problem {
    Problem::not_found("there is no archive here")
}
