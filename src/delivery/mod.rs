//! The way out of the spool: takes a lease on what is due, plans it on the rayon pool, and settles a
//! whole batch in one transaction. What is to go elsewhere is handed to the next server at once by [`remote`], or waits for
//! that in the queue of its destination. What fails for good goes back to its sender.
//!
//! The rules of a recipient run as a part of its plan: they say which mailboxes get the message, and which errands
//! are to be run for it.
//!
//! Never touches a message's bytes to deliver them here: mailboxes share the stored ones. A copy with another header
//! is a message of its own.

mod calendar;
mod errand;
mod line;
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

use std::time::Duration;

pub use runner::{Delivery, Parts};
pub use settings::DeliverySettings;
pub use signing::Signing;

/// A fresh message that still waits for a place, or is still on its way, after so long gets its row in the spool: what is
/// accepted after it must not wait for it with the journal's position.
const UNWRITTEN_MAX: Duration = Duration::from_secs(5);
