//! The bell between rooms: storage rings it after each commit, and who waits for a mailbox, for the
//! spool or for the directory wakes up. It carries no content; whoever wakes reads from storage.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Waker};

use mailstead_storage::{AccountId, MailboxId, News};
use tokio::sync::Notify;

/// The box's one bell.
#[derive(Clone, Default)]
pub struct Bell(Arc<Tower>);

#[derive(Default)]
struct Tower {
    watches: Mutex<HashMap<Watched, Vec<Weak<Notify>>>>,
    spool: Notify,
    mail: Notify,
    directory: Notify,
}

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Watched {
    Mailbox(MailboxId),
    Account(AccountId),
}

/// Wakes its holder when what is watched changes.
pub struct Watch {
    tower: Weak<Tower>,
    notify: Arc<Notify>,
    watched: Vec<Watched>,
}

impl Bell {
    /// A watch on these mailboxes. A change after this call is never missed.
    pub fn watch(&self, mailboxes: &[MailboxId]) -> Watch {
        self.watch_all(mailboxes.iter().copied().map(Watched::Mailbox).collect())
    }

    /// A watch on all mailboxes of these accounts, whichever there are, on their names, subscriptions and annotations. A
    /// change after this call is never missed.
    pub fn watch_accounts(&self, accounts: &[AccountId]) -> Watch {
        self.watch_all(accounts.iter().copied().map(Watched::Account).collect())
    }

    fn watch_all(&self, watched: Vec<Watched>) -> Watch {
        let notify = Arc::new(Notify::new());
        let mut watches = self.0.watches.lock().unwrap_or_else(PoisonError::into_inner);
        for one in &watched {
            watches.entry(*one).or_default().push(Arc::downgrade(&notify));
        }
        Watch { tower: Arc::downgrade(&self.0), notify, watched }
    }

    /// Resolves once something in the spool may be due. One waiter only: the delivery room.
    pub async fn spool(&self) {
        self.0.spool.notified().await;
    }

    /// Wakes the delivery room without a commit, when a setting of its own changed.
    pub fn ring_spool(&self) {
        self.0.spool.notify_one();
    }

    /// Resolves once messages may have come into or gone from any mailbox. One waiter only: the index.
    pub async fn mail(&self) {
        self.0.mail.notified().await;
    }

    /// Resolves when accounts, domains or aliases change.
    pub async fn directory(&self) {
        self.0.directory.notified().await;
    }
}

impl mailstead_storage::Bell for Bell {
    fn ring(&self, news: &News) {
        if !news.mailboxes.is_empty() || !news.accounts.is_empty() {
            let mailboxes = news.mailboxes.iter().copied().map(Watched::Mailbox);
            let changed = mailboxes.chain(news.accounts.iter().copied().map(Watched::Account));
            let watches = self.0.watches.lock().unwrap_or_else(PoisonError::into_inner);
            for notify in changed.filter_map(|watched| watches.get(&watched)).flatten() {
                if let Some(notify) = notify.upgrade() {
                    notify.notify_one();
                }
            }
        }
        if !news.mailboxes.is_empty() {
            self.0.mail.notify_one();
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
    /// Resolves when something watched has changed since the last time this resolved.
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
        for watched in &self.watched {
            let Some(list) = watches.get_mut(watched) else { continue };
            list.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&self.notify)));
            if list.is_empty() {
                watches.remove(watched);
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
        let account = bell.watch_accounts(&[AccountId(1)]);
        bell.ring(&News { mailboxes: vec![MailboxId(1)], accounts: vec![AccountId(2)], ..News::default() });
        assert!(!account.has_changed());
        bell.ring(&News { accounts: vec![AccountId(1)], ..News::default() });
        assert!(account.has_changed());
        drop((ours, theirs, account));
        assert!(bell.0.watches.lock().expect("no panic").is_empty());
    }
}
