//! A store of an older layout is opened, and the disk fails at every moment of it: afterwards it has the old
//! layout or the new one, whole, and lacks nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;
mod simulation;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fixture::*;
use flate2::read::GzDecoder;
use mailstead_storage::*;
use simulation::*;

/// The files of a small store of layout 1, as the last program of that layout left them: one message waits in the
/// spool, one is in a mailbox.
const LAYOUT_1: [(&str, &[u8]); 2] = [
    ("meta.redb", include_bytes!("fixture/layout-1/meta.redb.gz")),
    ("segments/00001.redb", include_bytes!("fixture/layout-1/00001.redb.gz")),
];

/// The layout that a store is brought up to.
const NEWEST: u64 = 4;
const SENDERS: [&str; 5] = ["", "News@Shop.example", "bob@example.test", "GRÜSSE@köln.example", "x@y.z"];
const MESSAGES: usize = 150;

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let options = small_options(Path::new("simulated"));
    Store::open_on(options, Arc::new(disk.clone()), Arc::new(Silent))
}

/// A closed store with spool rows of several senders and a few messages that have none yet.
fn newest() -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    people(&store);
    for number in 0..MESSAGES {
        let mut arrival = arrival(&["x@remote.example"]);
        arrival.envelope.reverse_path = SENDERS[number % SENDERS.len()].to_owned();
        accept(&store, &body(number as u64, 500), arrival).unwrap();
    }
    let leased = store.lease(MESSAGES - 10, NOW).unwrap();
    store.settle(leased.iter().map(|leased| deferred(leased, NOW.plus_seconds(60))).collect()).wait().unwrap();
    store.close().unwrap();
    disk
}

/// As [`newest`], of layout 1.
fn older() -> SimulatedDisk {
    let disk = newest();
    layout::take_back_to_1(&disk);
    disk
}

fn listed(store: &Store, sender: &str) -> Vec<BlobId> {
    let filter = SpoolFilter { sender: Some(sender.to_owned()), limit: MESSAGES, ..SpoolFilter::default() };
    store.spool(&filter).unwrap().iter().map(|entry| entry.id).collect()
}

/// What each sender has in the spool, by a walk through all of it.
fn walked(store: &Store) -> BTreeMap<String, Vec<BlobId>> {
    let mut senders: BTreeMap<String, Vec<BlobId>> = BTreeMap::new();
    for entry in store.spool(&SpoolFilter { limit: usize::MAX, ..SpoolFilter::default() }).unwrap() {
        senders.entry(entry.arrival.envelope.reverse_path.clone()).or_default().push(entry.id);
    }
    senders
}

/// The layout is the old one or the new one; the store opens, and nothing of it is missing.
fn check(disk: &SimulatedDisk, before: &layout::Layout, about: &str) -> u64 {
    let found = layout::of(disk);
    assert_eq!(found.spool, before.spool, "{about}");
    assert!((1..=NEWEST).contains(&found.version), "{about}: layout {}", found.version);
    assert_eq!(found.senders, found.version == 3 && before.senders, "{about}");
    let people = (found.version >= 3).then_some(before.people);
    assert_eq!(found.addresses, people, "{about}");
    let store = open(disk).unwrap_or_else(|error| panic!("{about}: {error}"));
    assert_sound(&store);
    let owner = store.directory().domains["example.test"].mailboxes;
    assert!(matches!(store.directory().owner(owner), Some(Owner::Domain(_))), "{about}");
    let walked = walked(&store);
    assert_eq!(walked.values().map(Vec::len).sum::<usize>(), MESSAGES, "{about}");
    for (sender, ids) in walked.iter().filter(|(sender, _)| !sender.is_empty()) {
        assert_eq!(listed(&store, sender), *ids, "{about}: {sender}");
    }
    store.close().unwrap();
    assert_eq!(layout::of(disk).version, NEWEST, "{about}");
    found.version
}

/// Operations of the disk while an older store is opened.
fn operations(older: &SimulatedDisk) -> u64 {
    let disk = older.copy();
    let store = open(&disk).unwrap();
    let operations = disk.operations();
    store.close().unwrap();
    operations
}

#[test]
fn an_older_store_is_brought_up_to_date() {
    let disk = older();
    assert_eq!(check(&disk, &layout::of(&disk), "first"), 1);
    assert_eq!(check(&disk, &layout::of(&disk), "second"), NEWEST);
}

#[test]
fn the_index_of_layout_3_goes() {
    let disk = newest();
    layout::take_back_to_3(&disk);
    let before = layout::of(&disk);
    assert!(before.senders);
    assert_eq!(check(&disk, &before, "first"), 3);
    assert!(!layout::of(&disk).senders);
}

#[test]
fn senders_are_found_by_any_part_in_any_case_and_page_by_page() {
    let disk = older();
    let store = open(&disk).unwrap();
    let page = |sender: &str, after, limit| -> Vec<u64> {
        let filter = SpoolFilter { sender: Some(sender.to_owned()), after, limit, ..SpoolFilter::default() };
        store.spool(&filter).unwrap().iter().map(|entry| entry.id.0).collect()
    };
    let all = page("", None, 1000);
    assert_eq!(all.len(), MESSAGES);
    let every_fifth = |from: usize| -> Vec<u64> { all.iter().copied().skip(from).step_by(5).collect() };
    assert_eq!(page("news@shop.EXAMPLE", None, 1000), every_fifth(1));
    assert_eq!(page("grüsse@KÖLN", None, 1000), every_fifth(3));
    assert!(page("nobody", None, 1000).is_empty());
    // In two senders.
    let either: Vec<u64> =
        all.iter().copied().enumerate().filter(|(at, _)| [1, 3].contains(&(at % 5))).map(|(_, id)| id).collect();
    assert_eq!(page(".example", None, 1000), either);
    for size in [1, 7, 59, 60, 61] {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let found = page(".example", after, size);
            assert!(found.len() <= size);
            let Some(last) = found.last() else { break };
            after = Some(SpoolPlace::of(BlobId(*last)));
            pages.extend(found);
        }
        assert_eq!(pages, either, "pages of {size}");
    }
}

#[test]
fn a_power_failure_leaves_one_layout_or_the_other() {
    let older = older();
    let before = layout::of(&older);
    let mut found = [0; NEWEST as usize + 1];
    for at in 1..=operations(&older) {
        for seed in 0..6 {
            let mut random = Random(at << 8 | seed);
            let disk = older.copy();
            disk.fail_power_after(at);
            // The last operations may come while the store's threads end.
            let _ = open(&disk).map(|store| store.close());
            let mut disk = disk.restart(&mut random);
            // It may fail again on the way up.
            if seed % 2 == 1 {
                disk.fail_power_after(1 + random.below(operations(&older)));
                let _ = open(&disk).map(|store| store.close());
                disk = disk.restart(&mut random);
            }
            found[check(&disk, &before, &format!("operation {at}, seed {seed}")) as usize] += 1;
        }
    }
    assert!(found[1..].iter().all(|times| *times > 0), "{found:?}");
}

#[test]
fn a_disk_that_is_full_or_refuses_leaves_one_layout_or_the_other() {
    let older = older();
    let before = layout::of(&older);
    for fault in [Fault::Full, Fault::Refusal] {
        let mut refused = 0;
        for at in 1..=operations(&older) {
            let disk = older.copy();
            disk.fail_after(at, fault);
            if let Err(error) = open(&disk).and_then(|store| store.close()) {
                assert!(matches!(error.word, Word::DiskFull | Word::Io | Word::Closed), "{fault:?} at {at}: {error}");
                refused += 1;
            }
            disk.recover();
            check(&disk, &before, &format!("{fault:?} at {at}"));
        }
        assert!(refused > 0, "{fault:?} was never met");
    }
}

#[test]
fn what_the_last_program_of_layout_1_left_is_all_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("segments")).unwrap();
    for (name, packed) in LAYOUT_1 {
        let mut file = std::fs::File::create(folder.path().join(name)).unwrap();
        std::io::copy(&mut GzDecoder::new(packed), &mut file).unwrap();
    }
    let store = Store::open(small_options(folder.path()), Arc::new(Silent)).unwrap();
    let waiting = store.spool(&SpoolFilter { limit: 9, ..SpoolFilter::default() }).unwrap();
    let [entry] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!(entry.arrival.envelope.reverse_path, "s@other.test");
    assert_eq!((entry.attempts, entry.since, entry.queue.as_str()), (1, entry.arrival.received, ""));
    assert_eq!(entry.recipients[0].remaining, ["x@remote.example"]);
    assert_eq!(listed(&store, "OTHER"), [entry.id]);
    assert_eq!(store.lease(9, Time(u64::MAX >> 9)).unwrap().len(), 1);
    let account = store.directory().accounts.values().find(|account| account.address == "u1@example.test").unwrap().id;
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let record = store.records(inbox, &all(), 9).unwrap()[0];
    let text = String::from_utf8(store.read(record.blob, 0, usize::MAX).unwrap()).unwrap();
    assert!(text.contains("Subject: stays\r\n"), "{text}");
    assert_sound(&store);
}
