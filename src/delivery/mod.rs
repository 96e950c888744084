//! The way out of the spool: takes a lease on what is due, plans it on the rayon pool, and settles a
//! whole batch in one transaction. What is to go elsewhere then waits in the queue of its destination, from
//! where [`remote`] hands it to the next server. What fails for good goes back to its sender.
//!
//! The rules of a recipient run as a part of its plan: they say which mailboxes get the message, and which errands
//! are to be run for it.
//!
//! Never touches a message's bytes to deliver them here: mailboxes share the stored ones. A copy with another header
//! is a message of its own.

mod calendar;
mod errand;
mod noted;
mod notice;
mod outcome;
mod place;
mod plan;
pub mod remote;
mod rules;
mod runner;
mod settings;
mod signing;
#[cfg(test)]
mod tests;
mod tls_reports;
mod traffic;
mod vacation;

pub use runner::{Delivery, Parts};
pub use settings::DeliverySettings;
pub use signing::Signing;
