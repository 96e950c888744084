//! Accounts whose messages are held: what they send waits in the spool until an administrator lets it go.

use std::collections::HashMap;
use std::sync::PoisonError;

use mailstead_storage::{AccountId, BlobId, Hold, Provenance, Result, SpoolEntry, SpoolFilter, SpoolPlace, Store};

use super::{Guard, Rule};
use crate::clock::Time;
use crate::work;

/// The answer that a held message shows for its recipients.
pub const HELD: &str = "450 4.7.1 Held: its sender has sent to very many; an administrator has to release it";

/// Rows of the spool that are looked at in one transaction.
const SPOOL_ROWS_AT_ONCE: usize = 256;

/// Whose messages are held.
#[derive(Default)]
pub(super) struct Holds(HashMap<AccountId, Hold>);

impl Holds {
    pub fn of(kept: Vec<Hold>) -> Holds {
        Holds(kept.into_iter().map(|hold| (hold.account, hold)).collect())
    }
}

impl Guard {
    /// Are the messages of this user held?
    pub fn is_held(&self, account: AccountId) -> bool {
        self.0.holds.read().unwrap_or_else(PoisonError::into_inner).0.contains_key(&account)
    }

    /// Whose messages are held, the latest first.
    pub fn holds(&self) -> Vec<Hold> {
        let mut holds: Vec<Hold> =
            self.0.holds.read().unwrap_or_else(PoisonError::into_inner).0.values().cloned().collect();
        holds.sort_unstable_by_key(|hold| (std::cmp::Reverse(hold.since), hold.account));
        holds
    }

    /// Lets go what a user has sent, and all that will be sent. Returns how many messages had waited.
    ///
    /// # Errors
    /// What storage says.
    pub async fn release(&self, account: AccountId) -> Result<usize> {
        self.0.parts.store.remove_hold(account).await?;
        self.0.holds.write().unwrap_or_else(PoisonError::into_inner).0.remove(&account);
        let store = self.0.parts.store.clone();
        let waiting = work::read_long(move || held_messages(&store, account)).await?;
        match waiting.is_empty() {
            true => Ok(0),
            false => self.0.parts.store.spool_force(waiting).await,
        }
    }

    /// Holds what a user sends from now on, and tells the administrators.
    pub(super) fn hold(&self, account: AccountId, now: Time) {
        let rule = Rule::InternalSpammer;
        let why = rule.definition().title.to_owned();
        let hold = Hold { account, since: now, why };
        self.0.holds.write().unwrap_or_else(PoisonError::into_inner).0.insert(account, hold.clone());
        drop(self.0.parts.store.put_hold(hold));
        self.alarm(rule, account, now);
    }
}

/// Does a message of the spool wait until an administrator lets it go?
pub fn waits_for_release(entry: &SpoolEntry) -> bool {
    entry.recipients.iter().any(|recipient| recipient.answer == HELD)
}

/// The messages of a user that wait in the spool.
fn held_messages(store: &Store, account: AccountId) -> Result<Vec<BlobId>> {
    let (mut held, mut after) = (Vec::new(), None);
    loop {
        let filter = SpoolFilter { after, limit: SPOOL_ROWS_AT_ONCE, ..SpoolFilter::default() };
        let rows = store.spool(&filter)?;
        let Some(last) = rows.last() else { return Ok(held) };
        after = Some(SpoolPlace::of(last.id));
        let theirs = rows
            .iter()
            .filter(|row| row.arrival.provenance == Provenance::Submitted(account) && waits_for_release(row));
        held.extend(theirs.map(|row| row.id));
    }
}
