//! What the follower's thread is told while it works or waits.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailstead_storage::AccountId;

/// Told from any thread; heard by one.
#[derive(Default)]
pub(super) struct Signals {
    told: Mutex<Told>,
    more: Condvar,
}

/// What was told since the last time.
#[derive(Default)]
pub(super) struct Told {
    /// It is to end.
    pub(super) stop: bool,
    /// Something may have changed.
    pub(super) woken: bool,
    /// Everything is to be read again.
    pub(super) reindex_all: bool,
    /// Everything of these is to be read again.
    pub(super) reindex: BTreeSet<AccountId>,
    /// Whoever hears it is at work.
    busy: bool,
}

impl Signals {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        self.told().stop = false;
    }

    pub(super) fn stop(&self) {
        self.told().stop = true;
        self.more.notify_one();
    }

    pub(super) fn wake(&self) {
        self.told().woken = true;
        self.more.notify_one();
    }

    pub(super) fn reindex(&self, owner: Option<AccountId>) {
        let mut told = self.told();
        match owner {
            Some(owner) => drop(told.reindex.insert(owner)),
            None => told.reindex_all = true,
        }
        told.woken = true;
        self.more.notify_one();
    }

    /// Is it to end?
    pub(super) fn is_ending(&self) -> bool {
        self.told().stop
    }

    /// Has all that was told been done?
    pub(super) fn is_quiet(&self) -> bool {
        let told = self.told();
        !told.busy && !told.woken
    }

    /// Waits for so long, what is told being kept; gives up when it is to end, and says so.
    pub(super) fn pause(&self, length: Duration) -> bool {
        let mut told = self.told();
        told.busy = false;
        let waited = self.more.wait_timeout_while(told, length, |told| !told.stop);
        let mut told = waited.unwrap_or_else(PoisonError::into_inner).0;
        told.busy = !told.stop;
        told.stop
    }

    /// Takes what was told; waits for it as long as that, for ever with `None`.
    pub(super) fn wait(&self, patience: Option<Duration>) -> Told {
        let quiet = |told: &mut Told| !told.stop && !told.woken;
        let mut told = self.told();
        told.busy = false;
        let mut told = match patience {
            None => self.more.wait_while(told, quiet).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.more.wait_timeout_while(told, patience, quiet).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let stop = told.stop;
        std::mem::replace(&mut *told, Told { stop, busy: !stop, ..Told::default() })
    }
}
