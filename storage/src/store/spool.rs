//! The spool: leases, settlements, and what an administrator does with messages that wait.

use super::{Store, undone_since};
use crate::{spool, *};

impl Store {
    /// Leases up to `max` messages to work on: fresh ones in the order of acceptance, then those due
    /// at `now` by priority, the queues in turn.
    pub fn lease(&self, max: usize, now: Time) -> Result<Vec<Leased>> {
        self.lease_from(max, now, &|_| usize::MAX)
    }

    /// As [`lease`](Store::lease), but of each queue only as many as there is `room` for, which is asked by the queue's
    /// name and must neither wait nor call the store.
    pub fn lease_from(&self, max: usize, now: Time, room: &dyn Fn(&str) -> usize) -> Result<Vec<Leased>> {
        let fresh = self.lease_fresh(max)?;
        match self.lease_due(max - fresh.len(), now, room) {
            Ok(due) => Ok(fresh.into_iter().chain(due).collect()),
            Err(error) => {
                // Nobody gets them now, so nobody would ever give them back.
                self.unlease(&fresh.iter().map(|leased| leased.id).collect::<Vec<_>>());
                Err(error)
            }
        }
    }

    fn lease_due(&self, max: usize, now: Time, room: &dyn Fn(&str) -> usize) -> Result<Vec<Leased>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let shared = &self.0.shared;
        let ours = shared.queue.lease_due(max, now, room);
        let rows = shared.look(|transaction| spool::look::leased(transaction, &ours, now));
        let kept = rows.as_ref().map(Vec::as_slice).unwrap_or_default();
        let others = ours.iter().filter(|id| !kept.iter().any(|leased| leased.id == **id));
        self.unlease(&others.copied().collect::<Vec<_>>());
        rows
    }

    /// Leases fresh messages only (what a stopped spool does, to write their spool rows).
    pub fn lease_fresh(&self, max: usize) -> Result<Vec<Leased>> {
        self.0.shared.check_open()?;
        Ok(self.0.shared.queue.lease_fresh(max).into_iter().map(spool::look::leased_fresh).collect())
    }

    /// Gives leases back unused.
    pub fn unlease(&self, ids: &[BlobId]) {
        let doomed = self.0.shared.queue.release(ids.iter().copied());
        if !doomed.is_empty() {
            drop(self.spool_delete(doomed));
        }
    }

    /// Writes what came of the attempts, all in one transaction, and frees the leases. Returns, in the same order, whether each
    /// message is out of the spool.
    pub fn settle(&self, settlements: Vec<Settlement>) -> Pending<Vec<bool>> {
        let shared = self.0.shared.clone();
        let ids: Vec<BlobId> = settlements.iter().map(|settlement| settlement.id).collect();
        let queue = shared.queue.clone();
        let batch = settlements.into_iter().map(|settlement| {
            let fresh = queue.fresh(settlement.id);
            (settlement, fresh)
        });
        let batch = batch.collect();
        let meta = shared.clone();
        meta.meta.write_then(
            move |tables| spool::settle::settle(tables, batch, Time::now()),
            move |result| {
                let doomed = if result.is_ok() { shared.queue.forget(&ids) } else { shared.queue.release(ids) };
                if !doomed.is_empty() {
                    shared.delete_messages(doomed, |_| ());
                }
            },
        )
    }

    /// Writes how far an attempt has come whose message stays leased; a fresh one is not fresh any more. Says whether the
    /// message is still in the spool.
    pub fn progress(&self, settlement: Settlement) -> Pending<bool> {
        let shared = self.0.shared.clone();
        let (id, fresh) = (settlement.id, shared.queue.fresh(settlement.id));
        let meta = shared.clone();
        meta.meta.write_then(
            move |tables| {
                let gone = spool::settle::settle(tables, vec![(settlement, fresh)], Time::now())?;
                Ok(!gone.contains(&true))
            },
            move |result| {
                if result.is_ok() {
                    shared.queue.forget_fresh(&[id]);
                }
            },
        )
    }

    /// When the next message that is not leased becomes due, of the queues that are `open`, which is asked by the
    /// queue's name and must neither wait nor call the store.
    pub fn next_due(&self, open: &dyn Fn(&str) -> bool) -> Result<Option<Time>> {
        let shared = &self.0.shared;
        shared.check_open()?;
        Ok(shared.queue.first_free().into_iter().chain(shared.queue.next_due(open)).min())
    }

    /// Number of messages in the spool, fresh ones included.
    pub fn spool_depth(&self) -> Result<u64> {
        let fresh = self.0.shared.queue.fresh_count() as u64;
        Ok(fresh + self.0.shared.look(spool::look::depth)?)
    }

    /// A number that is another one after every change of what the spool shows. Costs nothing.
    pub fn spool_changes(&self) -> u64 {
        self.0.shared.queue.changes()
    }

    /// The longest queues of other servers, the longest first. Costs no read.
    pub fn spool_queues(&self, max: usize) -> Vec<SpoolQueue> {
        self.0.shared.queue.longest(max)
    }

    /// A page of the spool.
    pub fn spool(&self, filter: &SpoolFilter) -> Result<Vec<SpoolEntry>> {
        let shared = &self.0.shared;
        let fresh = shared.queue.list_fresh(filter);
        shared.look(|transaction| spool::page::list(transaction, &shared.queue, &fresh, filter))
    }

    /// One message of the spool.
    pub fn spool_entry(&self, id: BlobId) -> Result<Option<SpoolEntry>> {
        let shared = &self.0.shared;
        if let Some(fresh) = shared.queue.fresh(id) {
            return Ok(Some(spool::look::fresh_entry(fresh, shared.queue.is_leased(id))));
        }
        shared.look(|transaction| spool::look::one(transaction, &shared.queue, id))
    }

    /// Next attempt now. Returns how many of them are in the spool.
    pub fn spool_force(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::force(tables, &queue, &ids, Time::now()))
    }

    /// Sets the priority. Returns how many of them are in the spool.
    pub fn spool_priority(&self, ids: Vec<BlobId>, priority: Priority) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::set_priority(tables, &queue, &ids, priority))
    }

    /// Has the delivery of messages start over: no attempt made, due now, all the time of the calendar
    /// left. Returns how many of them are in the spool.
    pub fn spool_reset(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::reset(tables, &queue, &ids, Time::now()))
    }

    /// Puts messages back that were taken out within [`crate::UNDO_SECONDS`]. Returns how many of them could be.
    pub fn spool_restore(&self, ids: Vec<BlobId>) -> Pending<usize> {
        self.write(move |tables| spool::steer::restore(tables, &ids, undone_since(Time::now())))
    }

    /// Messages that can be put back, the latest first.
    pub fn spool_removed(&self, limit: usize) -> Result<Vec<RemovedEntry>> {
        let since = undone_since(Time::now());
        self.0.shared.look(|transaction| spool::look::removed(transaction, since, limit))
    }

    /// Takes messages out of the spool; they can be put back for [`crate::UNDO_SECONDS`]. A leased one
    /// goes when its attempt ends. Returns how many there were.
    pub fn spool_delete(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let (promise, pending) = Pending::new();
        self.0.shared.delete_messages(ids, |result| promise.keep(result));
        pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Envelope, EnvelopeRecipient, Notify, Provenance, Silent, Verdict};

    fn arrival() -> Arrival {
        let recipient = EnvelopeRecipient::new("x@a.test", Notify::DEFAULT);
        Arrival {
            envelope: Envelope::new("y@b.test", vec![recipient]),
            provenance: Provenance::Box,
            received: Time(1),
            priority: Priority::Normal,
            return_path_bytes: 0,
            verdict: Verdict::default(),
            outline: Arc::default(),
        }
    }

    #[test]
    fn what_was_taken_out_is_forgotten_with_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("opens");
        let id = store.draft().expect("room").accept(b"gone".to_vec(), arrival()).wait().expect("accepted").id;
        assert_eq!(store.spool_delete(vec![id]).wait(), Ok(1));
        store.sweep().expect("sweeps");
        assert_eq!(store.spool_removed(9).expect("reads").len(), 1, "it is too early");
        store.write(|tables| spool::steer::forget(tables, Time(u64::MAX))).wait().expect("forgets");
        assert!(store.spool_removed(9).expect("reads").is_empty());
        assert!(store.outline(id).is_err());
        assert_eq!(store.verify(&mut |_| ()).expect("verifies").findings.len(), 0);
    }
}
