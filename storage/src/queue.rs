//! What of the spool lives in memory: fresh messages in the order in which they came, when the others are due, and who
//! has what on lease. After a crash the journal and the spool's rows bring it back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::ReadTransaction;

use crate::agenda::Agenda;
use crate::archive::rules::ArchiveCopy;
use crate::base::lock;
use crate::spool::senders::{Senders, folded};
use crate::tables::due_parts;
use crate::{
    Arrival, BlobId, Priority, Provenance, RecipientState, Result, SpoolFilter, SpoolQueue, State, Time, Told,
};

/// A spool row came or went. Told to memory once its transaction is durable.
pub(crate) enum Change {
    Comes { queue: String, due: u128, sender: String },
    Goes { queue: String, due: u128 },
}

/// An accepted message that has no row in `meta.redb` yet.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    pub(crate) sequence: u64,
    pub(crate) id: BlobId,
    pub(crate) size: u64,
    pub(crate) segment: u32,
    pub(crate) hash: [u8; 32],
    pub(crate) arrival: Arc<Arrival>,
    /// What the archive takes of it.
    pub(crate) copies: Vec<ArchiveCopy>,
}

impl Fresh {
    /// The recipients' states before any attempt.
    pub(crate) fn recipients(&self) -> Vec<RecipientState> {
        let untried = RecipientState {
            state: State::Pending,
            answer: String::new(),
            server: String::new(),
            told: Told::Nothing,
            remaining: Vec::new(),
            errands: Vec::new(),
        };
        vec![untried; self.arrival.envelope.recipients.len()]
    }
}

/// What memory keeps of the spool's rows.
pub(crate) struct Rows {
    agenda: Agenda,
    senders: Senders,
}

impl Rows {
    /// The rows as the file has them.
    pub(crate) fn read(transaction: &ReadTransaction) -> Result<Rows> {
        Ok(Rows { agenda: Agenda::read(transaction)?, senders: Senders::read(transaction)? })
    }
}

#[derive(Default)]
struct Inner {
    /// By the order in which they came.
    fresh: BTreeMap<u64, Fresh>,
    orders: HashMap<BlobId, u64>,
    next_order: u64,
    /// Fresh messages nobody has leased.
    free: BTreeSet<u64>,
    /// Leased messages, fresh or not.
    leased: HashSet<BlobId>,
    /// Leased messages that go when their lease ends.
    doomed: HashSet<BlobId>,
    /// When those that are not fresh are due.
    agenda: Agenda,
    /// Counts what changed.
    changes: u64,
}

/// Fresh messages and leases.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// Of the messages that are not fresh. Apart, so that who searches them holds up nobody.
    senders: Mutex<Senders>,
}

impl Queue {
    /// A number that is another one after every change of what the spool shows.
    pub(crate) fn changes(&self) -> u64 {
        lock(&self.inner).changes
    }

    fn change(&self) -> MutexGuard<'_, Inner> {
        let mut inner = lock(&self.inner);
        inner.changes += 1;
        inner
    }

    /// Takes in accepted messages.
    pub(crate) fn arrive(&self, messages: impl IntoIterator<Item = Fresh>) {
        let mut inner = self.change();
        for fresh in messages {
            let order = inner.next_order;
            inner.next_order += 1;
            inner.free.insert(order);
            inner.orders.insert(fresh.id, order);
            inner.fresh.insert(order, fresh);
        }
    }

    /// Leases the oldest fresh messages.
    pub(crate) fn lease_fresh(&self, max: usize) -> Vec<Fresh> {
        let mut guard = lock(&self.inner);
        let inner = &mut *guard;
        let orders: Vec<u64> = inner.free.iter().take(max).copied().collect();
        inner.changes += orders.len() as u64;
        orders
            .into_iter()
            .filter_map(|order| {
                inner.free.remove(&order);
                let fresh = inner.fresh.get(&order)?;
                inner.leased.insert(fresh.id);
                Some(fresh.clone())
            })
            .collect()
    }

    /// What the spool's rows say, read from the file.
    pub(crate) fn plan(&self, rows: Rows) {
        lock(&self.inner).agenda = rows.agenda;
        *lock(&self.senders) = rows.senders;
    }

    /// Spool rows came and went.
    pub(crate) fn note(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        // Not under both locks: who waits for a search of the senders must not hold up those who need the queue.
        let mut senders = lock(&self.senders);
        for change in &changes {
            match change {
                Change::Comes { due, sender, .. } => senders.put(due_parts(*due).1, sender),
                Change::Goes { due, .. } => senders.remove(due_parts(*due).1),
            }
        }
        drop(senders);
        let mut inner = self.change();
        for change in changes {
            match change {
                Change::Comes { queue, due, .. } => inner.agenda.insert(queue, due),
                Change::Goes { queue, due } => inner.agenda.remove(&queue, due),
            }
        }
    }

    /// The first messages that are not fresh, from the id `first` on, of the senders that contain `wanted`.
    pub(crate) fn sent_by(&self, wanted: &str, first: BlobId, limit: usize) -> Vec<BlobId> {
        lock(&self.senders).find(wanted, first, limit)
    }

    /// Leases messages that are due; `room` says how many more a queue may have out.
    pub(crate) fn lease_due(&self, max: usize, now: Time, room: &dyn Fn(&str) -> usize) -> Vec<BlobId> {
        let mut guard = lock(&self.inner);
        let inner = &mut *guard;
        let picked = inner.agenda.pick(&inner.leased, max, now, room);
        inner.leased.extend(&picked);
        inner.changes += picked.len() as u64;
        picked
    }

    /// When the first message of the open queues is due that nobody has leased.
    pub(crate) fn next_due(&self, open: &dyn Fn(&str) -> bool) -> Option<Time> {
        let inner = lock(&self.inner);
        inner.agenda.next_due(&inner.leased, open)
    }

    /// Leases a message, unless somebody has it.
    pub(crate) fn lease(&self, id: BlobId) -> bool {
        let mut inner = lock(&self.inner);
        let leased = inner.leased.insert(id);
        if let Some(order) = inner.orders.get(&id).copied() {
            inner.free.remove(&order);
        }
        leased
    }

    /// Has a leased message go when its lease ends.
    pub(crate) fn doom(&self, id: BlobId) {
        lock(&self.inner).doomed.insert(id);
    }

    pub(crate) fn is_leased(&self, id: BlobId) -> bool {
        lock(&self.inner).leased.contains(&id)
    }

    /// Frees leases. Returns the messages that are to go now.
    pub(crate) fn release(&self, ids: impl IntoIterator<Item = BlobId>) -> Vec<BlobId> {
        let mut inner = self.change();
        let mut doomed = Vec::new();
        for id in ids {
            if inner.doomed.remove(&id) {
                doomed.push(id);
            }
            if inner.leased.remove(&id)
                && let Some(order) = inner.orders.get(&id).copied()
            {
                inner.free.insert(order);
            }
        }
        doomed
    }

    /// Forgets that messages were fresh and leased: they are settled. Returns those that were doomed
    /// meanwhile.
    pub(crate) fn forget(&self, ids: &[BlobId]) -> Vec<BlobId> {
        self.forget_fresh(ids);
        self.release(ids.iter().copied())
    }

    /// Forgets that messages were fresh: they are applied.
    pub(crate) fn forget_fresh(&self, ids: &[BlobId]) {
        let mut inner = self.change();
        for id in ids {
            if let Some(order) = inner.orders.remove(id) {
                inner.free.remove(&order);
                inner.fresh.remove(&order);
            }
        }
    }

    /// Ids and sequences of all fresh messages.
    pub(crate) fn fresh_sequences(&self) -> Vec<(BlobId, u64)> {
        lock(&self.inner).fresh.values().map(|fresh| (fresh.id, fresh.sequence)).collect()
    }

    pub(crate) fn fresh(&self, id: BlobId) -> Option<Fresh> {
        let inner = lock(&self.inner);
        inner.orders.get(&id).and_then(|order| inner.fresh.get(order)).cloned()
    }

    /// Outlines of those of these messages that are fresh.
    pub(crate) fn fresh_outlines(&self, ids: &[BlobId]) -> Vec<Option<Arc<[u8]>>> {
        let inner = lock(&self.inner);
        let fresh = |id| inner.orders.get(id).and_then(|order| inner.fresh.get(order));
        ids.iter().map(|id| fresh(id).map(|fresh| fresh.arrival.outline.clone())).collect()
    }

    pub(crate) fn fresh_count(&self) -> usize {
        lock(&self.inner).fresh.len()
    }

    /// The archive's rules that cover fresh messages.
    pub(crate) fn archive_rules(&self) -> BTreeSet<u32> {
        lock(&self.inner).fresh.values().flat_map(|fresh| &fresh.copies).flat_map(|copy| &copy.rules).copied().collect()
    }

    /// The letter after the last one of a mass message that is fresh; 0 when none is.
    pub(crate) fn next_letter(&self, of: u64) -> u64 {
        let inner = lock(&self.inner);
        let letters = inner.fresh.values().filter_map(|fresh| match fresh.arrival.provenance {
            Provenance::Letter { mailing, letter } if mailing == of => Some(letter + 1),
            _ => None,
        });
        letters.max().unwrap_or(0)
    }

    /// When the oldest fresh message that nobody has leased was accepted.
    pub(crate) fn first_free(&self) -> Option<crate::Time> {
        let inner = lock(&self.inner);
        let order = inner.free.first()?;
        inner.fresh.get(order).map(|fresh| fresh.arrival.received)
    }

    /// The longest queues of other servers.
    pub(crate) fn longest(&self, max: usize) -> Vec<SpoolQueue> {
        lock(&self.inner).agenda.longest(max)
    }

    /// The fresh messages of the sender that is looked for, and who of them is leased.
    pub(crate) fn list_fresh(&self, filter: &SpoolFilter) -> Vec<(Fresh, bool)> {
        let wanted = filter.sender.as_deref().map(folded);
        let inner = lock(&self.inner);
        let sent = |fresh: &&Fresh| {
            let sender = &fresh.arrival.envelope.reverse_path;
            wanted.as_ref().is_none_or(|wanted| folded(sender).contains(wanted))
        };
        inner.fresh.values().filter(sent).map(|fresh| (fresh.clone(), inner.leased.contains(&fresh.id))).collect()
    }

    /// All that are leased, fresh or not.
    pub(crate) fn all_leased(&self) -> HashSet<BlobId> {
        lock(&self.inner).leased.clone()
    }

    /// Changes the priority of a fresh message; false when it is not fresh.
    pub(crate) fn set_priority(&self, id: BlobId, priority: Priority) -> bool {
        let mut guard = self.change();
        let inner = &mut *guard;
        let Some(fresh) = inner.orders.get(&id).and_then(|order| inner.fresh.get_mut(order)) else {
            return false;
        };
        Arc::make_mut(&mut fresh.arrival).priority = priority;
        true
    }
}
