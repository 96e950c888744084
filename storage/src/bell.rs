//! The bell: how the rooms above learn that something they wait for has come.

use crate::{AccountId, BlobId, MailboxId};

/// What a commit changed, told once for each commit.
#[derive(Debug, Default, Clone)]
pub struct News {
    /// Mailboxes with new, changed or vanished messages.
    pub mailboxes: Vec<MailboxId>,
    /// Accounts of which a mailbox was made, removed, renamed or changed, or subscriptions or annotations;
    /// [`AccountId::EVERYONE`] when rights have changed, or annotations of the server.
    pub accounts: Vec<AccountId>,
    /// Messages that were accepted, forced or otherwise became due.
    pub spool: Vec<BlobId>,
    /// Accounts, domains or aliases changed.
    pub directory: bool,
}

/// Hears of each durable change. Called on a writer thread: it must not block.
pub trait Bell: Send + Sync {
    /// Tells that the transaction that made `news` is durable. Comes before the [`Pending`](crate::Pending)s of
    /// that transaction resolve.
    fn ring(&self, news: &News);
}

/// A bell that nobody hears.
pub struct Silent;

impl Bell for Silent {
    fn ring(&self, _: &News) {}
}
