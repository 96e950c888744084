//! The JSON API under `/api/v1/`: one file for each family, with its rows of the table of routes. What a
//! caller may not see is answered as if it did not exist.
//!
//! Errors are `{"error": {"code": "…", "message": "…"}}`; every change is noted in the audit log.

pub mod activity;
pub mod aliases;
pub mod archive;
pub mod audit;
pub mod credentials;
pub mod dashboard;
pub(crate) mod description;
pub mod dkim;
pub mod domain_check;
pub mod domains;
mod error;
pub(crate) mod extract;
pub mod guard;
pub mod import;
pub mod logs;
pub mod mailings;
pub(crate) mod names;
pub mod passwords;
pub mod reports;
pub mod rules;
pub mod services;
pub mod sessions;
pub mod settings;
pub mod shared;
pub mod size;
pub mod spool;
pub mod status;
pub(crate) mod stream;
#[cfg(test)]
pub(crate) mod tests;
pub mod trace;
pub mod users;
pub mod verify;

pub use error::{ErrorBody, ErrorDetail, Problem};

/// What every handler returns.
pub(crate) type Answer<T> = Result<T, Problem>;
