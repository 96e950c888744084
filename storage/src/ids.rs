//! The numbers that name things.

use serde::{Deserialize, Serialize};

/// A user's account, or a domain as the owner of shared mailboxes. Never used again after it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub u32);

impl AccountId {
    /// No account's number: stands for all of them where one is named.
    pub const EVERYONE: AccountId = AccountId(0);
}

/// A mailbox (a folder of one account or domain). Never used again; a rename keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailboxId(pub u32);

/// The bytes of one message, shared by all mailboxes and the spool. It is the
/// message's id in the spool and in logs too, printed as 13 base-32 digits at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlobId(pub u64);

/// IMAP unique identifier of a message in its mailbox (RFC 9051 §2.3.1.1).
pub type Uid = u32;

/// IMAP modification sequence (RFC 7162), counted for each mailbox.
pub type Modseq = u64;

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Time(pub u64);

impl Time {
    /// This moment by the machine's clock.
    pub(crate) fn now() -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time(since.as_millis() as u64)
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The moment `seconds` later.
    pub fn plus_seconds(self, seconds: u64) -> Time {
        Time(self.0 + seconds * 1000)
    }

    /// The moment `millis` milliseconds later.
    pub fn plus_millis(self, millis: u64) -> Time {
        Time(self.0 + millis)
    }

    /// Milliseconds from `earlier` until this moment, 0 when it is not earlier.
    pub fn millis_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut digits = [0u8; 13];
        let mut at = digits.len();
        let mut rest = self.0;
        loop {
            at -= 1;
            digits[at] = DIGITS[(rest % 32) as usize];
            rest /= 32;
            if rest == 0 {
                break;
            }
        }
        f.pad(std::str::from_utf8(&digits[at..]).unwrap_or_default())
    }
}

impl std::str::FromStr for BlobId {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<BlobId> {
        let wrong = || crate::Error::new(crate::Word::Invalid, format!("{text:?} is not a message id"));
        if text.is_empty() || text.len() > 13 {
            return Err(wrong());
        }
        let mut number = 0u64;
        for byte in text.bytes() {
            let digit = DIGITS.iter().position(|d| *d == byte.to_ascii_lowercase()).ok_or_else(wrong)?;
            number = number.checked_mul(32).and_then(|n| n.checked_add(digit as u64)).ok_or_else(wrong)?;
        }
        Ok(BlobId(number))
    }
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for MailboxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
