//! What is counted for reports to other servers, and their reports.

use super::Store;
use crate::*;

impl Store {
    /// Adds to what is counted for reports to other servers.
    pub fn count(&self, tallies: Vec<Tally>) -> Pending<()> {
        self.write(move |tables| report::count(tables, &tallies))
    }

    /// Up to `max` of what was counted on days before `before`, by day and text, from the one after
    /// `after` on.
    pub fn counted(&self, before: u32, after: Option<&(u32, String)>, max: usize) -> Result<Vec<Tally>> {
        self.0.shared.look(|transaction| report::counted(transaction, before, after, max))
    }

    /// Forgets what was counted on days before `before`.
    pub fn forget_counted(&self, before: u32) -> Pending<()> {
        self.write(move |tables| report::forget(tables, before))
    }

    /// Keeps a report from another server; the oldest of very many makes room for it.
    pub fn keep_report(&self, report: Report) -> Pending<()> {
        self.write(move |tables| report::keep(tables, &report))
    }

    /// The newest reports from other servers, newest first.
    pub fn reports(&self, max: usize) -> Result<Vec<Report>> {
        self.0.shared.look(|transaction| report::list(transaction, max))
    }
}
