//! A page of the spool in any order: one walk over the rows that reads no more of each than its order needs.

use std::collections::BinaryHeap;

use redb::{ReadTransaction, ReadableTable};

use super::look::{fresh_entry, one_entry};
use super::senders;
use crate::queue::{Fresh, Queue};
use crate::rows::SpoolRow;
use crate::tables::meta;
use crate::{Arrival, BlobId, Result, SpoolEntry, SpoolFilter, SpoolOrder};

/// Bytes at the head of a spool row: version, priority, next attempt, attempts, size.
const HEAD_BYTES: usize = 22;

/// What rows are ordered by. Everything is ascending; what is to descend is turned over.
type Rank = (u64, u64);

/// The parts of a row that an order can be made of.
struct Head {
    priority: u64,
    next_attempt: u64,
    attempts: u64,
    size: u64,
}

impl Head {
    fn of(row: &[u8]) -> Option<Head> {
        let head = row.first_chunk::<HEAD_BYTES>()?;
        let number = |from: usize, length: usize| {
            head[from..from + length].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Some(Head { priority: number(1, 1), next_attempt: number(2, 8), attempts: number(10, 4), size: number(14, 8) })
    }

    fn of_fresh(fresh: &Fresh) -> Head {
        let Arrival { priority, received, .. } = &*fresh.arrival;
        Head { priority: *priority as u64, next_attempt: received.0, attempts: 0, size: fresh.size }
    }
}

impl SpoolFilter {
    /// The number that stands for an entry in this order: what [`SpoolFilter::after_value`] wants.
    pub fn value(&self, entry: &SpoolEntry) -> u64 {
        let SpoolEntry { priority, next_attempt, attempts, size, .. } = entry;
        self.value_of(&Head {
            priority: *priority as u64,
            next_attempt: next_attempt.0,
            attempts: u64::from(*attempts),
            size: *size,
        })
    }

    fn value_of(&self, head: &Head) -> u64 {
        match self.order {
            SpoolOrder::Created => 0,
            SpoolOrder::NextAttempt => head.next_attempt,
            SpoolOrder::Priority => head.priority,
            SpoolOrder::Attempts => head.attempts,
            SpoolOrder::Size => head.size,
        }
    }

    fn rank(&self, value: u64, id: u64) -> Rank {
        if self.descending { (!value, !id) } else { (value, id) }
    }

    /// Is the message within the domains, and in the view?
    fn shows(&self, arrival: &Arrival) -> bool {
        let Some(domains) = &self.domains else { return true };
        let within = |address: &str| {
            address.rsplit_once('@').is_some_and(|(_, domain)| domains.contains(&domain.to_ascii_lowercase()))
        };
        let envelope = &arrival.envelope;
        within(&envelope.reverse_path) || envelope.recipients.iter().any(|recipient| within(&recipient.address))
    }

    fn is_in_view(&self, head: &Head) -> bool {
        self.waiting_at.is_none_or(|now| head.next_attempt > now.0)
    }
}

/// The first rows of the page.
struct Page<'f> {
    filter: &'f SpoolFilter,
    after: Option<Rank>,
    best: BinaryHeap<(Rank, BlobId)>,
}

impl Page<'_> {
    fn has_room_for(&self, rank: Rank) -> bool {
        self.after.is_none_or(|after| rank > after)
            && (self.best.len() < self.filter.limit || self.best.peek().is_some_and(|(worst, _)| rank < *worst))
    }

    fn put(&mut self, rank: Rank, id: BlobId) {
        self.best.push((rank, id));
        if self.best.len() > self.filter.limit {
            self.best.pop();
        }
    }

    fn offer(&mut self, id: u64, row: &[u8]) -> Result<()> {
        let Some(head) = Head::of(row) else { return SpoolRow::decode(row).map(drop) };
        let rank = self.filter.rank(self.filter.value_of(&head), id);
        let fits = self.filter.is_in_view(&head) && self.has_room_for(rank);
        if fits && (self.filter.domains.is_none() || self.filter.shows(&SpoolRow::decode(row)?.arrival)) {
            self.put(rank, BlobId(id));
        }
        Ok(())
    }

    /// Is the page full, where rows come in its own order?
    fn is_full(&self) -> bool {
        self.best.len() == self.filter.limit
    }
}

/// A page of the spool. `fresh` are the messages of the sender, if one is looked for, that have no row yet.
pub(crate) fn list(
    transaction: &ReadTransaction,
    queue: &Queue,
    fresh: &[(Fresh, bool)],
    filter: &SpoolFilter,
) -> Result<Vec<SpoolEntry>> {
    let after = filter.after.map(|id| filter.rank(filter.after_value, id.0));
    let mut page = Page { filter, after, best: BinaryHeap::new() };
    if filter.limit == 0 {
        return Ok(Vec::new());
    }
    let spool = transaction.open_table(meta::SPOOL)?;
    if let Some(sender) = &filter.sender {
        let plain = filter.order == SpoolOrder::Created && !filter.descending && filter.domains.is_none();
        let (first, most) = match plain && filter.waiting_at.is_none() {
            true => (filter.after.map_or(0, |after| after.0.saturating_add(1)), filter.limit),
            false => (0, usize::MAX),
        };
        for id in senders::find(transaction, sender, first, most)? {
            if let Some(row) = spool.get(id.0)? {
                page.offer(id.0, row.value())?;
            }
        }
    } else {
        walk(&spool, &mut page)?;
    }
    // Rows come first where a message stopped being fresh in between.
    for (fresh, _) in fresh.iter().filter(|(fresh, _)| filter.shows(&fresh.arrival)) {
        let head = Head::of_fresh(fresh);
        let rank = filter.rank(filter.value_of(&head), fresh.id.0);
        if filter.is_in_view(&head) && page.has_room_for(rank) && spool.get(fresh.id.0)?.is_none() {
            page.put(rank, fresh.id);
        }
    }
    let ids = page.best.into_sorted_vec().into_iter().map(|(_, id)| id);
    let entries = ids.filter_map(|id| match fresh.iter().find(|(fresh, _)| fresh.id == id) {
        Some((fresh, leased)) => Some(Ok(fresh_entry(fresh.clone(), *leased))),
        None => one_entry(&spool, queue, id).transpose(),
    });
    entries.collect()
}

fn walk(spool: &impl ReadableTable<u64, &'static [u8]>, page: &mut Page) -> Result<()> {
    let in_order = page.filter.order == SpoolOrder::Created;
    let (after, descending) = (page.filter.after.filter(|_| in_order).map(|id| id.0), page.filter.descending);
    let mut rows = match (after, descending) {
        (Some(after), false) => spool.range(after.saturating_add(1)..)?,
        (Some(after), true) => spool.range(..after)?,
        (None, _) => spool.iter()?,
    };
    while let Some(row) = if in_order && descending { rows.next_back() } else { rows.next() } {
        let (id, row) = row?;
        page.offer(id.value(), row.value())?;
        if in_order && page.is_full() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        BodyKind, Envelope, EnvelopeRecipient, Leased, Notify, Options, Priority, Provenance, Settlement, Silent,
        Store, Time, Verdict,
    };

    use super::*;

    fn arrival(number: u64) -> Arrival {
        let recipient =
            EnvelopeRecipient { address: format!("x@d{}.test", number % 3), notify: Notify::DEFAULT, original: None };
        Arrival {
            envelope: Envelope {
                reverse_path: format!("s{}@from.test", number % 2),
                recipients: vec![recipient],
                ret: None,
                envelope_id: None,
                body: BodyKind::SevenBit,
                smtputf8: false,
                require_tls: false,
            },
            provenance: Provenance::Box,
            received: Time(1),
            priority: [Priority::High, Priority::Normal, Priority::Low][number as usize % 3],
            return_path_bytes: 0,
            verdict: Verdict::default(),
            outline: Arc::default(),
        }
    }

    /// Messages of which the sizes rise and the next attempts fall; the last two are fresh.
    fn filled(folder: &tempfile::TempDir, count: u64) -> (Store, Vec<BlobId>) {
        let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("opens");
        let put = |number| {
            let bytes = vec![b'x'; number as usize + 1];
            store.draft().expect("room").accept(bytes, arrival(number)).wait().expect("accepted").id
        };
        let mut ids: Vec<BlobId> = (0..count - 2).map(put).collect();
        let leased = store.lease_fresh(usize::MAX).expect("leases");
        let hold = |(number, leased): (usize, Leased)| Settlement {
            id: leased.id,
            deliveries: Vec::new(),
            recipients: leased.recipients,
            next_attempt: Some(Time(10_000 - number as u64)),
            attempts: number as u32 % 4,
            memories: Vec::new(),
            queue: String::new(),
        };
        store.settle(leased.into_iter().enumerate().map(hold).collect()).wait().expect("settled");
        ids.extend((count - 2..count).map(put));
        (store, ids)
    }

    /// All ids, read page by page.
    fn paged(store: &Store, filter: &SpoolFilter) -> Vec<BlobId> {
        let (mut all, mut filter) = (Vec::new(), filter.clone());
        loop {
            let page = store.spool(&filter).expect("reads");
            let Some(last) = page.last() else { return all };
            (filter.after, filter.after_value) = (Some(last.id), filter.value(last));
            all.extend(page.iter().map(|entry| entry.id));
        }
    }

    #[test]
    fn every_order_shows_each_message_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, ids) = filled(&folder, 20);
        for order in SpoolOrder::ALL {
            for descending in [false, true] {
                let filter = SpoolFilter { order, descending, limit: 3, ..SpoolFilter::default() };
                let whole = store.spool(&SpoolFilter { limit: 99, ..filter.clone() }).expect("reads");
                let mut values: Vec<u64> = whole.iter().map(|entry| filter.value(entry)).collect();
                if descending {
                    values.reverse();
                }
                assert!(values.is_sorted(), "{order:?} {descending}");
                let found = paged(&store, &filter);
                assert_eq!(found, whole.iter().map(|entry| entry.id).collect::<Vec<_>>(), "{order:?} {descending}");
                let mut sorted = found.clone();
                sorted.sort();
                assert_eq!(sorted, ids, "{order:?} {descending}");
            }
        }
    }

    #[test]
    fn a_page_holds_what_it_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, ids) = filled(&folder, 20);
        let by = |filter: SpoolFilter| paged(&store, &SpoolFilter { limit: 4, ..filter });
        let every = |step: usize, from: usize| ids.iter().skip(from).step_by(step).copied().collect::<Vec<_>>();
        assert_eq!(by(SpoolFilter { sender: Some("S1@".into()), ..SpoolFilter::default() }), every(2, 1));
        let domains = Some(["d2.test".to_string()].into());
        assert_eq!(by(SpoolFilter { domains, ..SpoolFilter::default() }), every(3, 2));
        let waiting = by(SpoolFilter { waiting_at: Some(Time(5000)), ..SpoolFilter::default() });
        assert_eq!(waiting, ids[..18], "those that are fresh are due");
    }
}
