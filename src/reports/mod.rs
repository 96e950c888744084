//! Reports between servers about the authenticity and the encryption of mail: DMARC aggregate reports (RFC 9990) and
//! SMTP TLS reports (RFC 8460). Ours are sent once a day to the domains that ask for them; those of others are
//! recognised when they come, and kept.
//!
//! Never reports anything but counts: no address of a person, no subject, no content.

mod dmarc;
mod incoming;
mod mail;
mod sending;
#[cfg(test)]
mod tests;
mod tls;

pub use incoming::{Incoming, looks_like_one, read};
pub use sending::{Parts, Reports};
