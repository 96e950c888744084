//! The archive with a million records: what a record costs on disk, and how long the first page of a search takes.
//!
//! `ARCHIVE_RECORDS` says how many records, a million without it. The store lies in the target directory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailstead_core::archive::{Query, find, forget_rules, make_filters, sweep};
use mailstead_core::message::Outline;
use mailstead_storage::*;
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};

const BEGIN: Time = Time(1_800_000_000_000);
/// Messages that are accepted, and then settled, together.
const BATCH: u64 = 1024;
const DOMAIN: &str = "example.test";
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    // `cargo bench` and `cargo test` say how they run it; a test needs no million.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let records = std::env::var("ARCHIVE_RECORDS").ok().and_then(|count| count.parse().ok());
    let records: u64 = records.unwrap_or(if is_bench { 1_000_000 } else { 2_000 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let options = Options { disk_free_bytes_min: 0, ..Options::new(folder.path()) };
    let store = Store::open(options.clone(), Arc::new(Silent)).expect("a store");
    fill(&store, records);
    let begun = Instant::now();
    let filters = make_filters(&store).expect("makes filters");
    println!("{filters} filters, {:?} each", begun.elapsed() / u32::try_from(filters.max(1)).unwrap_or(1));
    search(&store, records);
    store.close().expect("closes");
    let database = Database::create(folder.path().join("meta.redb")).expect("opens");
    let transaction = database.begin_read().expect("reads");
    let bytes = ["archive", "archive_filter"].map(|name| {
        let table = transaction.open_table(TableDefinition::<u64, &[u8]>::new(name)).expect("a table");
        let stats = table.stats().expect("stats");
        stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes()
    });
    println!("{:.1} bytes for each record", bytes.iter().sum::<u64>() as f64 / records as f64);
    drop((transaction, database));
    let store = Store::open(options, Arc::new(Silent)).expect("a store");
    keep(&store, records);
}

/// What retention does every hour.
fn keep(store: &Store, records: u64) {
    let mut now = BEGIN.plus_seconds(records);
    let unused = add_rule(store);
    store.end_archive_rule(unused, now).wait().expect("ends");
    now = now.plus_seconds(2 * 86_400);
    let timed = |what: &str, done: &dyn Fn() -> usize| {
        let begun = Instant::now();
        let count = done();
        println!("{what}: {count}, {:?}", begun.elapsed());
    };
    timed("rules forgotten that no record names", &|| forget_rules(store, now).expect("forgets").len());
    let removed = |now| sweep(store, now).expect("sweeps").iter().map(|swept| swept.records as usize).sum();
    timed("removed, where all is kept for ever", &|| removed(now));
    store.keep_archive_rule(1, Some(1)).wait().expect("is kept for a day");
    timed("removed, where all is over", &|| removed(now));
}

fn add_rule(store: &Store) -> u32 {
    let (direction, domain, by) = (ArchiveDirection::Both, Some(DOMAIN.to_owned()), String::new());
    let rule = ArchiveRule { id: 0, domain, direction, keep_days: None, created: BEGIN, by, ended: None };
    store.add_archive_rule(rule).wait().expect("a rule")
}

fn fill(store: &Store, records: u64) {
    store.add_domain(DOMAIN, BEGIN).wait().expect("a domain");
    add_rule(store);
    let begun = Instant::now();
    let mut number = 0;
    while number < records {
        let batch = number..(number + BATCH).min(records);
        number = batch.end;
        let accepted: Vec<_> = batch.map(|number| accept(store, number)).collect();
        for accepted in accepted {
            accepted.wait().expect("accepted");
        }
        let settlements = store.lease(BATCH as usize, BEGIN).expect("leases").into_iter().map(done).collect();
        store.settle(settlements).wait().expect("settles");
    }
    let each = begun.elapsed() / u32::try_from(records).unwrap_or(u32::MAX);
    println!("{records} messages archived, {each:?} each");
}

fn accept(store: &Store, number: u64) -> Pending<Accepted> {
    // A hundred senders and a thousand recipients, and now and then one of each that is rare.
    let from = if number.is_multiple_of(100_003) { "rare".into() } else { format!("sender{}", number % 100) };
    let (from, to) = (format!("{from}@elsewhere.test"), format!("recipient{}@{DOMAIN}", number * 7919 % 1000));
    let text = format!("From: {from}\r\nTo: {to}\r\nSubject: Offer number {number} of the season\r\n\r\nHello.\r\n");
    let recipient = EnvelopeRecipient::new(to, Notify::DEFAULT);
    let envelope = Envelope::new(from, vec![recipient]);
    let arrival = Arrival {
        envelope,
        provenance: Provenance::Received,
        received: BEGIN.plus_seconds(number),
        priority: Priority::Normal,
        verdict: Verdict::Welcome,
        return_path_bytes: 0,
        outline: Outline::of(text.as_bytes()).encode().into(),
    };
    store.draft().expect("room").accept(text.into_bytes(), arrival)
}

/// It leaves the spool; what is left of it is in the archive.
fn done(leased: Leased) -> Settlement {
    let Leased { id, recipients, attempts, .. } = leased;
    let (memories, queue) = (Vec::new(), String::new());
    Settlement { id, deliveries: Vec::new(), recipients, next_attempt: None, attempts, memories, queue }
}

fn search(store: &Store, records: u64) {
    let middle = BEGIN.plus_seconds(records / 2).0;
    let criteria = ArchiveCriteria::default;
    let searches = [
        ("the newest", criteria()),
        ("a day in the middle", ArchiveCriteria { until: Some(middle), ..criteria() }),
        ("a sender", ArchiveCriteria { sender: Some("sender7@".into()), ..criteria() }),
        ("a recipient", ArchiveCriteria { recipient: Some("recipient77@".into()), ..criteria() }),
        ("a rare sender", ArchiveCriteria { sender: Some("rare@".into()), ..criteria() }),
        ("a sender who is not there", ArchiveCriteria { sender: Some("nobody@".into()), ..criteria() }),
        ("a subject", ArchiveCriteria { subject: Some("number 77".into()), ..criteria() }),
        ("one subject", ArchiveCriteria { subject: Some("number 77777 of".into()), ..criteria() }),
        ("a subject that is not there", ArchiveCriteria { subject: Some("winter".into()), ..criteria() }),
    ];
    for (what, criteria) in searches {
        let query = Query { criteria, records_max: 50, ..Query::default() };
        let mut times: Vec<Duration> = Vec::new();
        let mut found = 0;
        for _ in 0..5 {
            let begun = Instant::now();
            found = find(store, &query, PATIENCE).expect("finds").found.len();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        println!("{what}: {found} found, {:?} (the middle of five)", times[2]);
    }
}
