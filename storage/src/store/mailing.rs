//! Mass messages.

use super::Store;
use crate::*;

impl Store {
    /// Begins a mass message. Returns its number.
    pub fn begin_mailing(&self, new: NewMailing) -> Pending<u64> {
        self.write(move |tables| mailing::begin(tables, new))
    }

    /// Nothing more of a mass message enters the spool: all of it has, or somebody stops it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when that was so before.
    pub fn end_mailing(&self, id: u64, state: MailingState) -> Pending<()> {
        self.write(move |tables| mailing::end(tables, id, state))
    }

    /// The letter that is next cannot be written: it has failed.
    pub fn skip_letter(&self, id: u64, letter: u64) -> Pending<()> {
        self.write(move |tables| mailing::skip(tables, id, letter))
    }

    /// The mass messages that are kept, by number.
    pub fn mailings(&self) -> Result<Vec<Mailing>> {
        self.0.shared.look(mailing::list)
    }

    /// The letter and to whom it goes, while the mass message is being sent.
    pub fn mailing_draft(&self, id: u64) -> Result<Option<Vec<u8>>> {
        self.0.shared.look(|transaction| mailing::draft(transaction, id))
    }

    /// The first letter that was not accepted. Holds when letters are handed in one after the other in their order, each
    /// accepted before the next, and none is on its way now.
    pub fn next_letter(&self, id: u64) -> Result<u64> {
        // First: what is applied in between is in the row.
        let waiting = self.0.shared.queue.next_letter(id);
        let kept = self.mailings()?.into_iter().find(|mailing| mailing.id == id).map_or(0, |mailing| mailing.next);
        Ok(waiting.max(kept))
    }
}
