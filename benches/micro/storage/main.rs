//! Storage: accepting, and what IMAP reads most.
//!
//! The store lies in the target directory, so that a sync is one of a real disk.

mod counted;
mod filled;
mod waiting;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use counted::CountedDisk;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use filled::{Filled, arrival, message_of};
use mailstead_core::message::search::{Needle, addresses_contain};
use mailstead_core::message::{Envelope, Outline};
use mailstead_storage::{Options, Silent, SpoolFilter, SpoolOrder, Store, Time, UidRange, UidSet};
use waiting::Waiting;

const MESSAGES_PER_ROUND: u64 = 512;

/// Submitters, and syncs for each message: told below divan's table, which has no column for it.
static SYNCS: Mutex<Vec<(u64, f64)>> = Mutex::new(Vec::new());

fn main() {
    divan::main();
    for (submitters, syncs) in SYNCS.lock().expect("no panic").iter() {
        println!("accept, {submitters} submitters: {syncs:.3} syncs for each message");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// So many threads, each with one message at a time on its way to the spool.
#[divan::bench(args = [1, 16, 64], sample_count = 10, sample_size = 1)]
fn accept(bencher: Bencher, submitters: u64) {
    let folder = folder();
    let syncs = Arc::new(AtomicU64::new(0));
    let disk = CountedDisk::new(folder.path(), Arc::clone(&syncs));
    let store = Store::open_on(Options::new(folder.path()), Arc::new(disk), Arc::new(Silent)).expect("a store");
    let (message, arrival) = (message_of(1), arrival(&message_of(1)));
    let accepted = AtomicU64::new(0);
    let before = syncs.load(Ordering::Relaxed);
    bencher.counter(ItemsCount::new(MESSAGES_PER_ROUND)).bench(|| {
        std::thread::scope(|scope| {
            for _ in 0..submitters {
                scope.spawn(|| {
                    for _ in 0..MESSAGES_PER_ROUND / submitters {
                        let draft = store.draft().expect("room");
                        draft.accept(message.clone(), arrival.clone()).wait().expect("accepted");
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
    });
    let (syncs, accepted) = (syncs.load(Ordering::Relaxed) - before, accepted.load(Ordering::Relaxed));
    store.close().expect("closed");
    SYNCS.lock().expect("no panic").push((submitters, syncs as f64 / accepted as f64));
}

/// FETCH 1:* (FLAGS).
#[divan::bench(sample_count = 20)]
fn flags_of_100_000(bencher: Bencher) {
    let filled = Filled::new(folder(), 10, 100_000);
    let all: UidSet = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    bencher.counter(ItemsCount::new(100_000_u64)).bench_local(|| {
        let records = filled.store.records(filled.mailbox, &all, usize::MAX).expect("records");
        assert_eq!(records.len(), 100_000);
        records.iter().fold(0, |sum, record| sum ^ record.flags.0)
    });
}

/// What a client asks that comes back after one change (CHANGEDSINCE).
#[divan::bench(sample_count = 20)]
fn changes_in_100_000(bencher: Bencher) {
    let filled = Filled::new(folder(), 10, 100_000);
    let since = filled.store.counters(filled.mailbox).expect("counters").modseq;
    filled.mark_one();
    bencher.bench_local(|| {
        let changes = filled.store.changes(filled.mailbox, since).expect("changes");
        assert_eq!(changes.records.len(), 1);
    });
}

/// FETCH 1:* (ENVELOPE): the rows, the outlines, and each decoded.
#[divan::bench(sample_count = 10)]
fn envelopes_of_10_000(bencher: Bencher) {
    let filled = Filled::new(folder(), 10_000, 10_000);
    let all: UidSet = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    bencher.counter(ItemsCount::new(10_000_u64)).bench_local(|| {
        let records = filled.store.records(filled.mailbox, &all, usize::MAX).expect("records");
        let mut subjects = 0;
        for chunk in records.chunks(256) {
            let blobs: Vec<_> = chunk.iter().map(|record| record.blob).collect();
            let outlines = filled.store.outlines(&blobs).expect("outlines");
            let decoded =
                outlines.iter().flatten().map(|stored| Outline::decode(black_box(stored)).expect("an outline"));
            subjects += decoded.filter(|outline| outline.envelope.subject.is_some()).count();
        }
        assert_eq!(subjects, 10_000);
    });
}

/// SEARCH FROM: the rows, and of each outline the envelope.
#[divan::bench(sample_count = 50)]
fn from_in_20_000(bencher: Bencher) {
    let filled = Filled::new(folder(), 20_000, 20_000);
    let all: UidSet = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    let needle = Needle::new("nobody@");
    bencher.counter(ItemsCount::new(20_000_u64)).bench_local(|| {
        let records = filled.store.records(filled.mailbox, &all, usize::MAX).expect("records");
        let mut seen = 0;
        for chunk in records.chunks(1024) {
            let blobs: Vec<_> = chunk.iter().map(|record| record.blob).collect();
            for stored in filled.store.outlines(&blobs).expect("outlines").iter().flatten() {
                let (envelope, _) = Envelope::decode(black_box(stored)).expect("an envelope");
                assert!(!addresses_contain(&envelope.from, &needle));
                seen += 1;
            }
        }
        assert_eq!(seen, 20_000);
    });
}

/// A page of one sender's messages, of 100,000 that wait; with few senders, and with one for each message.
#[divan::bench(args = [1_000, 100_000], sample_count = 20)]
fn sender_in_100_000(bencher: Bencher, senders: usize) {
    let waiting = Waiting::new(folder(), 100_000, senders);
    let filter = SpoolFilter { sender: Some("s777@".into()), limit: 50, ..SpoolFilter::default() };
    bencher.bench_local(|| {
        let found = waiting.store.spool(&filter).expect("the spool").len();
        assert_eq!(found, (100_000 / senders).min(50));
    });
}

/// What a page of the console asks of the spool: an order, and what is looked for.
const PAGES: [&str; 8] =
    ["size", "sender", "queue", "status", "waiting", "of a domain", "of a domain by sender", "of a sender by size"];

/// The first page of 100,000 messages that wait, in each order, and with a look at every row that finds nothing else.
#[divan::bench(args = PAGES, sample_count = 20)]
fn page_of_100_000(bencher: Bencher, page: &str) {
    let waiting = Waiting::new(folder(), 100_000, 1_000);
    let nobody = || Some(["nobody.example".to_string()].into());
    let filter = SpoolFilter { limit: 51, ..SpoolFilter::default() };
    let filter = match page {
        "size" => SpoolFilter { order: SpoolOrder::Size, ..filter },
        "sender" => SpoolFilter { order: SpoolOrder::Sender, ..filter },
        "queue" => SpoolFilter { order: SpoolOrder::Queue, ..filter },
        "status" => SpoolFilter { order: SpoolOrder::Status, ..filter },
        "waiting" => SpoolFilter { waiting: true, now: Time(u64::MAX), ..filter },
        "of a domain" => SpoolFilter { domains: nobody(), ..filter },
        "of a domain by sender" => SpoolFilter { domains: nobody(), order: SpoolOrder::Sender, ..filter },
        _ => SpoolFilter { sender: Some("s777@".into()), order: SpoolOrder::Size, ..filter },
    };
    bencher.bench_local(|| black_box(waiting.store.spool(&filter).expect("the spool").len()));
}

/// The next message that is due, of 100,000 for 1,000 destinations, of which 50 take nothing now.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn pick_in_100_000(bencher: Bencher) {
    let waiting = Waiting::for_destinations(folder(), 100_000, 1_000);
    let dead: HashSet<String> = (0..50).map(|number| format!("d{number}.example")).collect();
    let room = |queue: &str| usize::from(!dead.contains(queue));
    bencher.bench_local(|| {
        let picked = waiting.store.lease_from(1, Time(2), &room).expect("leased");
        assert_eq!(picked.len(), 1);
        waiting.store.unlease(&[picked[0].id]);
    });
}
