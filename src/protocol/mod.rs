//! One folder per line protocol. No folder imports a sister.
//!
//! Each has the same parts: `mod.rs` (what we speak, RFCs, promises), `frame.rs` (bytes → lines and
//! literals), `wire/` (commands and replies: parse, print), `session.rs` (the states; pure),
//! `command/` (one file per command and one table), `answers.rs` (the only file with handles),
//! `settings.rs`.

pub mod imap;
pub mod managesieve;
pub mod pop3;
pub mod smtp;
