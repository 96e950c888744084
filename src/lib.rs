//! The rooms of the mail house. A room uses only rooms of lower rank:
//!
//! | rank | rooms |
//! |---|---|
//! | 0 | [`clock`] [`work`] [`bell`] [`log`] [`settings`] [`service`] [`dns`] |
//! | 1 | [`message`] |
//! | 2 | [`people`] [`authenticity`] [`sieve`] |
//! | 3 | [`intake`] |
//! | 4 | [`archive`] [`guard`] [`mailing`] [`reports`] |
//! | 5 | [`net`] |
//! | 6 | [`protocol`] |
//! | 7 | [`delivery`] |
//!
//! Rooms meet in storage and ring a bell; no room calls a sister of its rank.
//! This crate knows no HTTP, no table layout and has no `main`.

pub mod archive;
pub mod authenticity;
pub mod bell;
pub mod clock;
pub mod delivery;
pub mod dns;
pub mod guard;
pub mod intake;
pub mod log;
pub mod mailing;
pub mod message;
pub mod net;
pub mod people;
pub mod protocol;
pub mod reminders;
pub mod reports;
pub mod service;
pub mod settings;
pub mod sieve;
pub mod work;
