//! What an index of messages is made from.

use super::Store;
use crate::*;

impl Store {
    /// What has changed since the cursor, until there are `changes_max` changes or a few more.
    pub fn index_log(&self, after: u64, changes_max: usize) -> Result<IndexLog> {
        self.0.shared.look(|transaction| index_log::read(transaction, after, changes_max))
    }

    /// The cursor behind everything that has changed so far.
    pub fn index_log_end(&self) -> Result<u64> {
        self.0.shared.look(index_log::end)
    }

    /// Forgets what has changed up to this cursor: it is in the index.
    pub fn trim_index_log(&self, through: u64) -> Pending<()> {
        self.write(move |tables| index_log::trim(tables, through))
    }

    /// Accounts and domains that have mailboxes, ascending.
    pub fn mailbox_owners(&self) -> Result<Vec<AccountId>> {
        self.0.shared.look(index_log::owners)
    }

    /// An owner's mailboxes by number, ascending; one that is made later comes last.
    pub fn mailbox_ids(&self, owner: AccountId) -> Result<Vec<MailboxId>> {
        self.0.shared.look(|transaction| index_log::mailboxes(transaction, owner))
    }
}
