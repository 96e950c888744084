//! A load generator and meter for mail servers. It speaks SMTP, IMAP and POP3 to any server, meters what
//! the server's processes use, and says the figures as one JSON object.
//!
//! | module | what |
//! |---|---|
//! | [`random`] [`messages`] | the same messages on every machine, from a seed |
//! | [`figures`] | latencies, failures, trends: pure |
//! | [`client`] | the client's side of the three protocols |
//! | [`server`] | CPU, memory, files and disk of the server under load |
//! | [`load`] | one file for each subcommand |
//! | [`options`] [`progress`] [`trouble`] | what all of them share |
//!
//! It runs on one thread, so that a small machine's other cores are left to the server. It never knows
//! which server it speaks to, and nothing of the product depends on it.

pub mod client;
pub mod figures;
pub mod load;
pub mod messages;
pub mod options;
pub mod progress;
pub mod random;
pub mod server;
pub mod trouble;
