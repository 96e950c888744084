//! The archive: its rules and holds, its records, and the proof that it is whole.

use std::collections::BTreeSet;

use super::Store;
use crate::archive::{filter, look, proof, retention, rules};
use crate::*;

impl Store {
    /// All rules, ended ones included, by number.
    pub fn archive_rules(&self) -> Result<Vec<ArchiveRule>> {
        self.0.shared.look(rules::list)
    }

    /// Does a rule for this very domain take copies? Costs no read.
    pub fn archive_has_rule_for(&self, domain: &str) -> bool {
        self.0.shared.archive.active().iter().any(|rule| rule.is_for(domain))
    }

    /// Makes a rule, whose number is given here: it covers every message that is accepted after this resolves.
    ///
    /// # Errors
    /// `NotFound` (the domain), `Limit`.
    pub fn add_archive_rule(&self, rule: ArchiveRule) -> Pending<u32> {
        self.write_rules(move |tables| rules::add(tables, rule))
    }

    /// Changes for how many days a rule's records are kept; for ever without.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn keep_archive_rule(&self, id: u32, keep_days: Option<u32>) -> Pending<()> {
        self.write_rules(move |tables| rules::change(tables, id, |rule| rule.keep_days = keep_days))
    }

    /// Has a rule take no more copies. Its records are kept for as long as it says.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn end_archive_rule(&self, id: u32, now: Time) -> Pending<()> {
        self.write_rules(move |tables| rules::end(tables, id, now))
    }

    /// Forgets a rule that has ended. Records that name it would be kept for ever then.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed` (it has not ended).
    pub fn forget_archive_rule(&self, id: u32) -> Pending<()> {
        self.write_rules(move |tables| rules::forget(tables, id))
    }

    /// The rules whose copies of accepted messages are no records yet.
    pub fn archive_rules_awaited(&self) -> BTreeSet<u32> {
        self.0.shared.queue.archive_rules()
    }

    fn write_rules<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut write::Tables) -> Result<T> + Send + 'static,
    ) -> Pending<T> {
        let shared = self.0.shared.clone();
        self.0.shared.meta.write_then(job, move |_| shared.reload_archive_rules())
    }

    /// All legal holds, by number.
    pub fn archive_holds(&self) -> Result<Vec<ArchiveHold>> {
        self.0.shared.look(rules::holds)
    }

    /// All legal holds, and the number that a removal has to name which was judged by them.
    pub fn archive_holds_as_of(&self) -> Result<(Vec<ArchiveHold>, u64)> {
        self.0.shared.look(|transaction| {
            let changed = rules::holds_changed(&transaction.open_table(tables::meta::STATE)?)?;
            Ok((rules::holds(transaction)?, changed))
        })
    }

    /// Makes a legal hold, whose number is given here: nothing that it covers is removed after this resolves.
    ///
    /// # Errors
    /// `Limit`.
    pub fn add_archive_hold(&self, hold: ArchiveHold) -> Pending<u32> {
        self.write(move |tables| rules::add_hold(tables, hold))
    }

    /// Ends a legal hold.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_archive_hold(&self, id: u32) -> Pending<()> {
        self.write(move |tables| rules::remove_hold(tables, id))
    }

    /// The chains of all domains that have or had an archive, by domain.
    pub fn archive_chains(&self) -> Result<Vec<ArchiveChain>> {
        self.0.shared.look(look::chains)
    }

    /// One record; `None` when there is none, or it is gone.
    pub fn archive_record(&self, domain: &str, number: u64) -> Result<Option<ArchiveRecord>> {
        self.0.shared.look(|transaction| look::one(transaction, domain, number))
    }

    /// Records of a domain from this number on, the oldest first, `max` at most.
    pub fn archive_from(&self, domain: &str, number: u64, max: usize) -> Result<Vec<ArchiveRecord>> {
        self.0.shared.look(|transaction| look::from(transaction, domain, number, max))
    }

    /// Records of the slice, the newest first, `max` at most, and fewer when there is much to leave out: then the look
    /// tells where to go on.
    pub fn archive_newest(&self, slice: &ArchiveSlice, max: usize) -> Result<ArchiveLook> {
        self.0.shared.look(|transaction| look::newest(transaction, slice, max))
    }

    /// For each domain the first records that have no filter and could have one: as many as
    /// [`ARCHIVE_FILTER_RECORDS`].
    pub fn archive_unfiltered(&self) -> Result<Vec<ArchiveUnfiltered>> {
        self.0.shared.look(filter::unfiltered)
    }

    /// Gives records their filter; tells whether they are still there.
    pub fn put_archive_filter(&self, of: ArchiveUnfiltered, filter: ArchiveFilter) -> Pending<bool> {
        self.write(move |tables| filter::put(tables, &of, &filter))
    }

    /// Removes records of a domain by their numbers; those that are gone are passed over. Returns how many went. What is
    /// left of each is its hash in the chain.
    ///
    /// # Errors
    /// `NotAllowed` when holds have changed since [`archive_holds_as_of`](Store::archive_holds_as_of) told `judged`,
    /// `NotFound` (the domain).
    pub fn remove_archived(&self, domain: &str, numbers: Vec<u64>, judged: u64) -> Pending<u64> {
        let domain = domain.to_owned();
        self.write(move |tables| retention::remove(tables, &domain, numbers, judged))
    }

    /// Proves that the archive is what was written, and had the heads that were published. Reads all archived messages.
    pub fn prove_archive(
        &self,
        published: &[ArchiveHead],
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<ArchiveProof> {
        proof::run(&self.0.shared, published, progress)
    }
}
