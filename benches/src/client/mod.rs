//! The client's side of SMTP, IMAP and POP3: as much of each as a load needs, without TLS.

mod connection;
pub mod imap;
pub mod pop3;
pub mod smtp;

pub use connection::Connection;
