//! The client's side of SMTP, IMAP and POP3: as much of each as a load needs; TLS for IMAP alone.

mod connection;
pub mod imap;
pub mod pop3;
pub mod smtp;
mod tls;

pub use connection::Connection;
