//! What an administrator writes to many users.

use super::Store;
use crate::*;

impl Store {
    /// Begins a mailing that is for so many; says its number.
    pub fn begin_mailing(&self, mailing: Mailing, total: u64) -> Pending<u64> {
        self.write(move |tables| mailing::begin(tables, &mailing, total))
    }

    /// So many messages of a mailing were queued, the last of them for `reached`; `is_complete` when there are no more.
    pub fn mailing_queued(&self, number: u64, count: u64, reached: String, is_complete: bool) -> Pending<()> {
        self.write(move |tables| mailing::queued(tables, number, count, &reached, is_complete))
    }

    /// The latest mailings with their numbers, the newest first.
    pub fn mailings(&self, max: usize) -> Result<Vec<(u64, Mailing, MailingProgress)>> {
        self.0.shared.look(|transaction| mailing::list(transaction, max))
    }

    /// The first mailing of which messages are still to be queued.
    pub fn next_mailing(&self) -> Result<Option<(u64, Mailing, MailingProgress)>> {
        self.0.shared.look(mailing::next)
    }
}
