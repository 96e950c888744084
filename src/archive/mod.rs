//! The archive of mail, as the law asks for it: searching it, taking messages out as files, letting records go when their
//! time is over, and publishing the heads of its chains.
//!
//! What is archived is written by storage, in the transaction that accepts a message. Nothing here ever adds a record or
//! changes one, and only the [`Keeper`] removes any: when all rules of a record say so and no legal hold covers it.

mod export;
mod filters;
mod find;
mod heads;
mod judge;
mod keeper;
#[cfg(test)]
mod tests;

pub use export::{Exported, Format, eml, export};
pub use filters::make_filters;
pub use find::{Found, Page, Query, find};
pub use heads::{head_of, head_text};
pub use judge::Judge;
pub use keeper::{Keeper, Swept, forget_rules, sweep};
