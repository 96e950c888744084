//! The SMTP client: hands a message to the next server (RFC 5321).
//!
//! Speaks PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), CHUNKING and BINARYMIME (3030), DSN (3461),
//! REQUIRETLS (8689), STARTTLS (3207), and AUTH (4954) with SCRAM-SHA-256, PLAIN and LOGIN for smart hosts.
//!
//! Promises:
//! - Pure, like the server's session: bytes and pieces of the message in, turns out.
//! - Each recipient has an answer of its own.
//! - Nothing that was heard before TLS is believed after it, and no password goes out in the clear.
//! - Whatever a server says takes a bounded amount of memory.
//!
//! Never finds the next server, and never decides when to try again.

mod auth;
mod extensions;
mod mail;
mod reply;
mod session;
mod stuffing;
#[cfg(test)]
mod tests;

pub use auth::Credentials;
pub use extensions::Extensions;
pub use mail::{Mail, Rcpt};
pub use reply::{Malformed, Reply, ReplyReader, answer};
pub use session::{ClientSession, Failure, Patience, Report, Terms, Tls, Turn};
