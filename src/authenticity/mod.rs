//! Whether mail is from whom it says: SPF (RFC 7208), DKIM (RFC 6376, 8301, 8463), ARC (RFC 8617), DMARC (RFC 9989) and
//! iprev (RFC 8601 §3) on what comes in, DKIM signatures on what goes out.
//!
//! The checks are pure functions of the message and of what the DNS has said so far ([`known`]). They compute on the
//! rayon pool and never wait there; questions to the DNS are asked in between. A temporary fault of the DNS is written
//! down as one and refuses nothing.
//!
//! Never decides what becomes of a message beyond [`Findings`], and never keeps or logs a private key in the clear.

mod ask;
mod box_key;
mod checks;
mod finding;
mod findings;
mod forged;
pub mod key_pair;
mod known;
mod message;
pub mod published;
pub mod rotation;
mod sender;
mod settings;
mod signer;
mod spf_record;
mod tallies;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use box_key::{BOX_KEY_FILE, BoxKey};
pub use checks::{Check, Checks};
pub use finding::Finding;
pub use findings::{Dmarc, Findings, Reason, Signature};
pub use sender::Client;
pub use settings::{AuthenticitySettings, Mode, Network};
pub use signer::{Signer, Signers, Signing};
pub use tallies::{DmarcObserved, Observed, Tallies, TlsFailure, TlsObserved, day};

/// The output of a check of `mail_auth`, which waits for nothing but a cache that always answers.
fn at_once<F: Future>(check: F) -> F::Output {
    match pin!(check).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("what is known answers every question"),
    }
}

/// A domain of the directory as the DNS and the wire have it: U-labels as A-labels.
pub fn ascii_domain(domain: &str) -> String {
    use hickory_resolver::proto::rr::Name;
    Name::from_utf8(domain).map_or_else(|_| domain.to_owned(), |name| name.to_ascii().trim_end_matches('.').to_owned())
}
