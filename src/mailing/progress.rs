//! How far mailings have come, in memory: which message belongs to which, and the counts. Pure.

use std::collections::{BTreeMap, HashMap};

use mailstead_storage::{BlobId, Mailing, MailingState};

use super::Draft;
use crate::clock::Time;

/// Most mailings that are remembered; the oldest go first.
pub const MAILINGS_MAX: usize = 100;

/// All mailings.
#[derive(Default)]
pub(super) struct Progress {
    mailings: BTreeMap<u64, Mailing>,
    /// Messages in the spool, and to which mailing they belong.
    waiting: HashMap<BlobId, u64>,
}

impl Progress {
    /// What storage has kept. Nobody sends the rest of what was being sent, and nobody waits for what is in the spool.
    pub fn of(kept: Vec<Mailing>) -> Progress {
        let interrupted = |mailing: Mailing| match mailing.state {
            MailingState::Sending => Mailing { state: MailingState::Interrupted, ..mailing },
            _ => mailing,
        };
        let mailings = kept.into_iter().map(|mailing| (mailing.id, interrupted(mailing))).collect();
        Progress { mailings, waiting: HashMap::new() }
    }

    pub fn begin(&mut self, draft: &Draft, now: Time) -> Mailing {
        let id = self.mailings.last_key_value().map_or(1, |(last, _)| last + 1);
        let mailing = Mailing {
            id,
            subject: draft.subject.clone(),
            audience: draft.audience.clone(),
            by: draft.by.clone(),
            begun: now,
            state: MailingState::Sending,
            total: draft.to.len() as u64,
            queued: 0,
            delivered: 0,
            failed: 0,
        };
        self.mailings.insert(id, mailing.clone());
        mailing
    }

    /// Forgets the oldest that are too many. Returns which.
    pub fn forget_oldest(&mut self) -> Vec<u64> {
        let too_many = self.mailings.len().saturating_sub(MAILINGS_MAX);
        let oldest: Vec<u64> = self.mailings.keys().copied().take(too_many).collect();
        oldest.iter().for_each(|id| drop(self.mailings.remove(id)));
        oldest
    }

    /// A message of a mailing is on its way into the spool.
    pub fn begun(&mut self, id: u64, message: BlobId) {
        self.waiting.insert(message, id);
        self.change(id, |mailing| mailing.queued += 1);
    }

    /// A message of a mailing could not even be begun.
    pub fn refused(&mut self, id: u64) {
        self.change(id, |mailing| mailing.failed += 1);
    }

    /// All messages of a mailing are in the spool.
    pub fn all_queued(&mut self, id: u64) {
        self.change(id, |mailing| mailing.state = MailingState::Queued);
    }

    /// A message is out of the spool. Returns its mailing when that was the last one.
    pub fn settled(&mut self, message: BlobId, has_failed: bool) -> Option<Mailing> {
        let id = self.waiting.remove(&message)?;
        self.change(id, |mailing| match has_failed {
            true => mailing.failed += 1,
            false => mailing.delivered += 1,
        });
        let mailing = self.mailings.get(&id)?;
        (mailing.delivered + mailing.failed >= mailing.total).then(|| mailing.clone())
    }

    pub fn one(&self, id: u64) -> Option<Mailing> {
        self.mailings.get(&id).cloned()
    }

    /// All, the latest first.
    pub fn all(&self) -> Vec<Mailing> {
        self.mailings.values().rev().cloned().collect()
    }

    fn change(&mut self, id: u64, change: impl FnOnce(&mut Mailing)) {
        if let Some(mailing) = self.mailings.get_mut(&id) {
            change(mailing);
        }
    }
}
