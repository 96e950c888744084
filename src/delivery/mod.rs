//! The way out of the spool: takes a lease on what is due, plans it on the rayon pool, and settles a
//! whole batch in one transaction. What is to go elsewhere then waits in the queue of its destination, from
//! where [`remote`] hands it to the next server. What fails for good goes back to its sender.
//!
//! Never touches a message's bytes to deliver them here: mailboxes share the stored ones.

mod calendar;
mod notice;
mod plan;
pub mod remote;
mod runner;
mod settings;
mod signing;
mod tls_reports;

pub use runner::{Delivery, Parts};
pub use settings::DeliverySettings;
pub use signing::Signing;
