//! A page of the spool in any order: one walk over the rows that reads no more of each than its order and what is looked
//! for need, where it lies.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap, HashSet};
use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use memchr::memmem::Finder;
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::glance::Glance;
use super::look::{fresh_entry, one_entry};
use super::senders::{self, fold_into};
use crate::queue::{Fresh, Queue};
use crate::rows::SpoolHead;
use crate::tables::meta;
use crate::{BlobId, Result, SpoolEntry, SpoolFilter, SpoolOrder, SpoolPlace};

/// With more rows than these, two threads look, each through a half of them.
const ROWS_ALONE: u64 = if cfg!(test) { 8 } else { 2000 };
/// How many rows a walk steps over in the time in which one is found by its id.
const GETS_PER_WALK: usize = 4;

impl SpoolFilter {
    /// Where an entry stands in this order.
    pub fn place(&self, entry: &SpoolEntry) -> SpoolPlace {
        let SpoolEntry { id, priority, next_attempt, attempts, size, queue, leased, arrival, .. } = entry;
        let (priority, next_attempt, attempts, size) = (*priority, *next_attempt, *attempts, *size);
        let head = SpoolHead { priority, next_attempt, attempts, size, queue };
        let text = match self.order {
            SpoolOrder::Sender => senders::folded(&arrival.envelope.reverse_path),
            SpoolOrder::Queue => queue.clone(),
            _ => String::new(),
        };
        SpoolPlace { number: self.number(&head, *leased), text, id: *id }
    }

    fn number(&self, head: &SpoolHead, is_leased: bool) -> u64 {
        match self.order {
            SpoolOrder::NextAttempt => head.next_attempt.0,
            SpoolOrder::Priority => head.priority as u64,
            SpoolOrder::Attempts => u64::from(head.attempts),
            SpoolOrder::Size => head.size,
            SpoolOrder::Status if is_leased => 0,
            SpoolOrder::Status => 1 + u64::from(head.next_attempt > self.now),
            SpoolOrder::Created | SpoolOrder::Sender | SpoolOrder::Queue => 0,
        }
    }
}

fn is_within(domains: &BTreeSet<String>, address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| match domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => domains.contains(&domain.to_ascii_lowercase()),
        false => domains.contains(domain),
    })
}

/// A place in a page, the last of which is the greatest.
#[derive(PartialEq, Eq)]
struct Ranked {
    place: SpoolPlace,
    descending: bool,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        turned(self.descending, self.place.cmp(&other.place))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn turned(descending: bool, order: Ordering) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// The first rows of the page.
struct Page<'f> {
    filter: &'f SpoolFilter,
    sender: Option<&'f Finder<'f>>,
    best: BinaryHeap<Ranked>,
    /// The text that is compared, and the sender that is searched; kept, so that not every row needs memory of its own.
    text: String,
    sender_text: String,
}

impl Page<'_> {
    /// Does a place come behind where the page begins, and before its end so far?
    fn has_room_for(&self, number: u64, text: &str, id: BlobId) -> bool {
        let against = |place: &SpoolPlace| {
            let order = (number, text, id).cmp(&(place.number, place.text.as_str(), place.id));
            turned(self.filter.descending, order)
        };
        self.filter.after.as_ref().is_none_or(|after| against(after).is_gt())
            && (!self.is_full() || self.best.peek().is_some_and(|last| against(&last.place).is_lt()))
    }

    /// The place of a message that the page is to show, as far as is known by now.
    fn place_for(&mut self, id: BlobId, glance: &Glance) -> Result<Option<SpoolPlace>> {
        let filter = self.filter;
        if filter.waiting && glance.head.next_attempt <= filter.now {
            return Ok(None);
        }
        let number = filter.number(&glance.head, glance.is_leased);
        self.text.clear();
        match filter.order {
            SpoolOrder::Sender => drop(fold_into(glance.addresses.sender()?, &mut self.text)),
            SpoolOrder::Queue => self.text.push_str(glance.head.queue),
            _ => {}
        }
        let is_shown = self.has_room_for(number, &self.text, id) && self.is_looked_for(glance)?;
        Ok(is_shown.then(|| SpoolPlace { number, text: self.text.clone(), id }))
    }

    fn put(&mut self, place: SpoolPlace) {
        self.best.push(Ranked { place, descending: self.filter.descending });
        if self.best.len() > self.filter.limit {
            self.best.pop();
        }
    }

    fn offer_row(&mut self, id: BlobId, row: &[u8], leased: &HashSet<BlobId>) -> Result<()> {
        if let Some(place) = self.place_for(id, &Glance::of_row(row, leased.contains(&id))?)? {
            self.put(place);
        }
        Ok(())
    }

    fn is_looked_for(&mut self, glance: &Glance) -> Result<bool> {
        if let Some(finder) = self.sender {
            let sender = fold_into(glance.addresses.sender()?, &mut self.sender_text);
            if finder.find(sender.as_bytes()).is_none() {
                return Ok(false);
            }
        }
        match &self.filter.domains {
            None => Ok(true),
            Some(domains) => glance.addresses.any(|address| is_within(domains, address)),
        }
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
    if filter.limit == 0 {
        return Ok(Vec::new());
    }
    let wanted = filter.sender.as_deref().map(senders::folded);
    let look = Look {
        filter,
        sender: wanted.as_deref().map(|wanted| Finder::new(wanted.as_bytes())),
        leased: if filter.order == SpoolOrder::Status { queue.all_leased() } else { HashSet::new() },
        spool: transaction.open_table(meta::SPOOL)?,
    };
    let rows = look.spool.len()?;
    let mut page = match wanted.as_deref().and_then(|wanted| sent_by(queue, wanted, filter, rows)) {
        Some(ids) => look.among(ids)?,
        None => look.through_all()?,
    };
    // Rows come first where a message stopped being fresh in between.
    for (fresh, is_leased) in fresh {
        let place = page.place_for(fresh.id, &Glance::of_fresh(fresh, *is_leased))?;
        if let Some(place) = place
            && look.spool.get(fresh.id.0)?.is_none()
        {
            page.put(place);
        }
    }
    let ids = page.best.into_sorted_vec().into_iter().map(|ranked| ranked.place.id);
    let entries = ids.filter_map(|id| match fresh.iter().find(|(fresh, _)| fresh.id == id) {
        Some((fresh, leased)) => Some(Ok(fresh_entry(fresh.clone(), *leased))),
        None => one_entry(&look.spool, queue, id).transpose(),
    });
    entries.collect()
}

/// The rows among which the page of a sender is found; `None` when they are so many that a walk is quicker.
fn sent_by(queue: &Queue, wanted: &str, filter: &SpoolFilter, rows: u64) -> Option<Vec<BlobId>> {
    // Memory has the rows in the page's order, and none that the page does not show.
    if filter.order == SpoolOrder::Created && !filter.descending && !filter.waiting && filter.domains.is_none() {
        let first = filter.after.as_ref().map_or(0, |after| after.id.0.saturating_add(1));
        return Some(queue.sent_by(wanted, BlobId(first), filter.limit));
    }
    let few = rows as usize / GETS_PER_WALK;
    Some(queue.sent_by(wanted, BlobId(0), few + 1)).filter(|ids| ids.len() <= few)
}

/// A look at the spool's rows for a page.
struct Look<'t> {
    filter: &'t SpoolFilter,
    /// What the sender is to contain, and how it is found.
    sender: Option<Finder<'t>>,
    leased: HashSet<BlobId>,
    spool: ReadOnlyTable<u64, &'static [u8]>,
}

impl Look<'_> {
    fn page(&self) -> Page<'_> {
        let (text, sender_text) = (String::new(), String::new());
        Page { filter: self.filter, sender: self.sender.as_ref(), best: BinaryHeap::new(), text, sender_text }
    }

    fn among(&self, ids: Vec<BlobId>) -> Result<Page<'_>> {
        let mut page = self.page();
        for id in ids {
            if let Some(row) = self.spool.get(id.0)? {
                page.offer_row(id, row.value(), &self.leased)?;
            }
        }
        Ok(page)
    }

    /// Two threads go through many rows, each through a half.
    fn through_all(&self) -> Result<Page<'_>> {
        let Some((first, last)) = self.ends()? else { return Ok(self.page()) };
        let (is_enough, middle) = (AtomicBool::new(false), first.midpoint(last));
        if self.spool.len()? < ROWS_ALONE {
            return self.through(first..=last, &is_enough);
        }
        let (near, far) = match self.filter.descending {
            false => (first..=middle, middle + 1..=last),
            true => (middle + 1..=last, first..=middle),
        };
        let (near, far) = thread::scope(|scope| {
            let far = scope.spawn(|| self.through(far, &is_enough));
            let near = self.through(near, &AtomicBool::new(false));
            is_enough.store(near.as_ref().is_ok_and(|page| self.is_in_order() && page.is_full()), Relaxed);
            (near, far.join())
        });
        let mut page = near?;
        far.unwrap_or_else(|panic| resume_unwind(panic))?.best.into_iter().for_each(|ranked| page.put(ranked.place));
        Ok(page)
    }

    /// Do the rows lie in the page's order, or against it?
    fn is_in_order(&self) -> bool {
        self.filter.order == SpoolOrder::Created
    }

    /// The ids of the first row and of the last that may be in the page.
    fn ends(&self) -> Result<Option<(u64, u64)>> {
        let after = self.filter.after.as_ref().filter(|_| self.is_in_order()).map(|after| after.id.0);
        let mut rows = match after {
            Some(after) if self.filter.descending => self.spool.range(..after)?,
            Some(after) => self.spool.range(after.saturating_add(1)..)?,
            None => self.spool.iter()?,
        };
        let Some(first) = rows.next().transpose()?.map(|row| row.0.value()) else { return Ok(None) };
        let last = rows.next_back().transpose()?.map_or(first, |row| row.0.value());
        Ok(Some((first, last)))
    }

    /// What the page has of these rows. In order of creation it goes only as far as the page, and until it `is_enough`.
    fn through(&self, ids: RangeInclusive<u64>, is_enough: &AtomicBool) -> Result<Page<'_>> {
        let mut page = self.page();
        let mut rows = self.spool.range(ids)?;
        while let Some(row) = if self.filter.descending { rows.next_back() } else { rows.next() } {
            let (id, row) = row?;
            page.offer_row(BlobId(id.value()), row.value(), &self.leased)?;
            if is_enough.load(Relaxed) || self.is_in_order() && page.is_full() {
                break;
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        Arrival, Envelope, EnvelopeRecipient, Leased, Notify, Options, Priority, Provenance, Settlement, Silent, Store,
        Time, Verdict,
    };

    use super::*;

    fn arrival(number: u64) -> Arrival {
        let recipient =
            EnvelopeRecipient { address: format!("x@d{}.test", number % 3), notify: Notify::DEFAULT, original: None };
        Arrival {
            envelope: Envelope::new(format!("s{}@from.test", number % 2), vec![recipient]),
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
            queue: format!("q{}.test", number % 5),
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
            filter.after = Some(filter.place(last));
            all.extend(page.iter().map(|entry| entry.id));
        }
    }

    #[test]
    fn every_order_shows_each_message_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, ids) = filled(&folder, 20);
        for order in SpoolOrder::ALL {
            for descending in [false, true] {
                let now = Time(9_990);
                let filter = SpoolFilter { order, descending, limit: 3, now, ..SpoolFilter::default() };
                let whole = store.spool(&SpoolFilter { limit: 99, ..filter.clone() }).expect("reads");
                let mut places: Vec<SpoolPlace> = whole.iter().map(|entry| filter.place(entry)).collect();
                if descending {
                    places.reverse();
                }
                assert!(places.is_sorted(), "{order:?} {descending}");
                let found = paged(&store, &filter);
                assert_eq!(found, whole.iter().map(|entry| entry.id).collect::<Vec<_>>(), "{order:?} {descending}");
                let mut sorted = found.clone();
                sorted.sort();
                assert_eq!(sorted, ids, "{order:?} {descending}");
            }
        }
    }

    #[test]
    fn texts_and_standings_give_an_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, ids) = filled(&folder, 6);
        assert_eq!(store.lease_fresh(9).expect("leases").len(), 2);
        for (order, expected) in [
            (SpoolOrder::Sender, [0, 2, 4, 1, 3, 5]),
            (SpoolOrder::Queue, [4, 5, 0, 1, 2, 3]),
            (SpoolOrder::Status, [4, 5, 3, 0, 1, 2]),
        ] {
            let filter = SpoolFilter { order, now: Time(9_997), limit: 9, ..SpoolFilter::default() };
            let found: Vec<BlobId> = store.spool(&filter).expect("reads").iter().map(|entry| entry.id).collect();
            assert_eq!(found, expected.map(|number| ids[number]), "{order:?}");
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
        let by_size = SpoolFilter { order: SpoolOrder::Size, descending: true, ..SpoolFilter::default() };
        let backwards = by(SpoolFilter { sender: Some("S1@".into()), ..by_size });
        assert_eq!(backwards, every(2, 1).into_iter().rev().collect::<Vec<_>>());
        let waiting = by(SpoolFilter { waiting: true, now: Time(5000), ..SpoolFilter::default() });
        assert_eq!(waiting, ids[..18], "those that are fresh are due");
    }
}
