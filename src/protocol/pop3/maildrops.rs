//! Who has which maildrop: one POP3 session at a time (RFC 1939 §4). IMAP sessions and deliveries
//! go on beside it; they cannot harm a snapshot.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use mailstead_storage::MailboxId;

/// The maildrops in use. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Maildrops(Arc<Mutex<HashSet<MailboxId>>>);

/// A maildrop is ours until this is dropped.
pub(super) struct Lock {
    mailbox: MailboxId,
    maildrops: Maildrops,
}

impl Maildrops {
    /// Takes a maildrop, unless another session has it.
    pub(super) fn lock(&self, mailbox: MailboxId) -> Option<Lock> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(mailbox);
        taken.then(|| Lock { mailbox, maildrops: self.clone() })
    }
}

impl Lock {
    /// The mailbox that is the maildrop.
    pub(super) fn mailbox(&self) -> MailboxId {
        self.mailbox
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.maildrops.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.mailbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let maildrops = Maildrops::default();
        let same = maildrops.clone();
        let lock = maildrops.lock(MailboxId(1));
        assert!(lock.is_some());
        assert!(same.lock(MailboxId(1)).is_none());
        assert!(maildrops.lock(MailboxId(2)).is_some());
        drop(lock);
        assert!(maildrops.lock(MailboxId(1)).is_some());
    }
}
