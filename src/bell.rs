//! The bell between rooms: storage rings it after each commit, and who waits for a mailbox, for the
//! spool or for the directory wakes up. It carries no content; whoever wakes reads from storage.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Waker};

use mailstead_storage::{MailboxId, News};
use tokio::sync::Notify;

/// The box's one bell.
#[derive(Clone, Default)]
pub struct Bell(Arc<Tower>);

#[derive(Default)]
struct Tower {
    watches: Mutex<HashMap<MailboxId, Vec<Weak<Notify>>>>,
    spool: Notify,
    directory: Notify,
}

/// Wakes its holder when a watched mailbox changes.
pub struct Watch {
    tower: Weak<Tower>,
    notify: Arc<Notify>,
    mailboxes: Vec<MailboxId>,
}

impl Bell {
    /// A watch on these mailboxes. A change after this call is never missed.
    pub fn watch(&self, mailboxes: &[MailboxId]) -> Watch {
        let notify = Arc::new(Notify::new());
        let mut watches = self.0.watches.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in mailboxes {
            watches.entry(*mailbox).or_default().push(Arc::downgrade(&notify));
        }
        Watch { tower: Arc::downgrade(&self.0), notify, mailboxes: mailboxes.to_vec() }
    }

    /// Resolves once something in the spool may be due. One waiter only: the delivery room.
    pub async fn spool(&self) {
        self.0.spool.notified().await;
    }

    /// Wakes the delivery room without a commit, when a setting of its own changed.
    pub fn ring_spool(&self) {
        self.0.spool.notify_one();
    }

    /// Resolves when accounts, domains or aliases change.
    pub async fn directory(&self) {
        self.0.directory.notified().await;
    }
}

impl mailstead_storage::Bell for Bell {
    fn ring(&self, news: &News) {
        if !news.mailboxes.is_empty() {
            let watches = self.0.watches.lock().unwrap_or_else(PoisonError::into_inner);
            for notify in news.mailboxes.iter().filter_map(|mailbox| watches.get(mailbox)).flatten() {
                if let Some(notify) = notify.upgrade() {
                    notify.notify_one();
                }
            }
        }
        if !news.spool.is_empty() {
            self.0.spool.notify_one();
        }
        if news.directory {
            self.0.directory.notify_waiters();
        }
    }
}

impl Watch {
    /// Resolves when a watched mailbox has changed since the last time this resolved.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    /// As [`changed`](Watch::changed), but says at once whether something has changed.
    pub fn has_changed(&self) -> bool {
        let changed = std::pin::pin!(self.notify.notified());
        changed.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(tower) = self.tower.upgrade() else { return };
        let mut watches = tower.watches.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in &self.mailboxes {
            let Some(list) = watches.get_mut(mailbox) else { continue };
            list.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&self.notify)));
            if list.is_empty() {
                watches.remove(mailbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mailstead_storage::Bell as _;

    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_kept_and_others_stay_quiet() {
        let bell = Bell::default();
        let (ours, theirs) = (bell.watch(&[MailboxId(1)]), bell.watch(&[MailboxId(2)]));
        bell.ring(&News { mailboxes: vec![MailboxId(1)], ..News::default() });
        ours.changed().await;
        assert!(!ours.has_changed());
        bell.ring(&News { mailboxes: vec![MailboxId(1)], ..News::default() });
        assert!(ours.has_changed());
        assert!(!ours.has_changed());
        let quiet = tokio::time::timeout(std::time::Duration::from_millis(10), theirs.changed()).await;
        assert!(quiet.is_err());
        drop((ours, theirs));
        assert!(bell.0.watches.lock().expect("no panic").is_empty());
    }
}
