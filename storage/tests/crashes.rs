//! The power fails at every kind of moment: nothing that was acknowledged is lost, nothing doubled,
//! and the store is sound afterwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;
mod simulation;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fixture::*;
use mailstead_storage::*;
use simulation::*;

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let mut options = small_options(Path::new("simulated"));
    options.segment_bytes_max = 300_000;
    // As on a slow disk: two commits at once.
    options.accept_slow = Duration::ZERO;
    Store::open_on(options, Arc::new(disk.clone()), Arc::new(Silent))
}

/// In every second store a rule has all mail of the domain archived.
fn archived(store: &Store, seed: u64) {
    if seed.is_multiple_of(2) {
        store.add_archive_rule(archive_rule(Some("example.test"), ArchiveDirection::Incoming)).wait().unwrap();
    }
}

/// Each message is in the archive once, of those that are applied and covered by a rule.
fn check_archive(store: &Store, accepted: &HashMap<BlobId, Vec<u8>>, seed: u64) {
    assert_eq!(store.prove_archive(&[], &mut |_| ()).unwrap().breaks, [], "seed {seed}");
    if !store.archive_has_rule_for("example.test") {
        return assert_eq!(store.archive_chains().unwrap(), [], "seed {seed}");
    }
    let mut archived: Vec<BlobId> =
        store.archive_from("example.test", 1, usize::MAX).unwrap().iter().map(|record| record.blob).collect();
    let records = archived.len();
    archived.sort_unstable();
    archived.dedup();
    assert_eq!(archived.len(), records, "seed {seed}: archived twice");
    for id in accepted.keys() {
        assert!(archived.binary_search(id).is_ok(), "seed {seed}: {id} was accepted and is not archived");
    }
}

/// What the power failed in, so that the test knows that it met all of it.
#[derive(Default)]
struct Met {
    /// Bytes that sweeps gave back.
    swept: AtomicU64,
    /// Sweeps that the power failure ended.
    sweeps: AtomicU64,
    /// Stores that had switched segments.
    switched: AtomicU64,
    /// Messages taken back from the journal.
    replayed: AtomicU64,
    /// Power failures while a store got up again.
    starts: AtomicU64,
    /// Of those, while one of the older layout did.
    migrations: AtomicU64,
    /// Stores that had two commits under way at once, of those that were looked at.
    second_lanes: AtomicU64,
}

impl Met {
    fn count(counter: &AtomicU64, what: u64) {
        counter.fetch_add(what, Ordering::Relaxed);
    }

    fn counts(&self) -> [u64; 7] {
        let Met { swept, sweeps, switched, replayed, starts, migrations, second_lanes } = self;
        [swept, sweeps, switched, replayed, starts, migrations, second_lanes]
            .map(|counter| counter.load(Ordering::Relaxed))
    }
}

/// What the world was told before the power failed.
#[derive(Default)]
struct Told {
    accepted: HashMap<BlobId, Vec<u8>>,
    delivered: HashSet<BlobId>,
    /// Copies that were asked for; each may be there or not when it was not acknowledged.
    appended: Vec<(Uid, Vec<u8>)>,
}

/// Does things until one fails, which only the power's failure can cause.
fn work(store: &Store, account: AccountId, random: &mut Random, told: &mut Told, met: &Met) -> Result<()> {
    let id = |name: &str| -> Result<MailboxId> {
        let missing = || Error::new(Word::NotFound, "gone");
        Ok(store.mailbox(account, name)?.ok_or_else(missing)?.id)
    };
    let (inbox, sent, trash) = (id("INBOX")?, id("Sent")?, id("Trash")?);
    for round in 0.. {
        match random.below(10) {
            0..=3 => {
                // Several at once, so that commits hold several messages.
                let mut pending = Vec::new();
                for _ in 0..1 + random.below(4) {
                    let size = if random.below(12) == 0 { 300_000 } else { random.below(9000) } as usize;
                    let bytes = body(random.next(), size);
                    let (draft, tail) = draft(store, &bytes)?;
                    pending.push((draft.accept(tail, arrival(&["alice@example.test"])), bytes));
                }
                for (pending, bytes) in pending {
                    told.accepted.insert(pending.wait()?.id, bytes);
                }
            }
            4..=6 => {
                let mut leased = store.lease(1 + random.below(5) as usize, NOW.plus_seconds(round))?;
                if random.below(3) == 0 {
                    leased.reverse();
                }
                // Some are left, so that messages are applied out of the journal's order.
                let left = leased.split_off(leased.len() - random.below(leased.len() as u64 + 1) as usize / 2);
                store.unlease(&left.iter().map(|leased| leased.id).collect::<Vec<_>>());
                let later = |leased: &Leased| deferred(leased, NOW.plus_seconds(round + 5));
                let settlements: Vec<Settlement> = leased
                    .iter()
                    .map(|leased| if random.below(3) == 0 { later(leased) } else { delivered(leased, inbox) })
                    .collect();
                let ids: Vec<BlobId> = settlements.iter().map(|settlement| settlement.id).collect();
                let out = store.settle(settlements).wait()?;
                told.delivered.extend(ids.iter().zip(out).filter(|(_, out)| *out).map(|(id, _)| *id));
            }
            7 => {
                let bytes = body(random.next(), random.below(20_000) as usize);
                let appended = append(store, sent, &bytes, Flags::SEEN)?;
                told.appended.push((last_uid(&appended), bytes));
            }
            8 => {
                let size = random.below(150_000) as usize;
                append(store, trash, &body(round, size), Flags::DELETED)?;
                store.copy(inbox, uids(&[1, 2, 3, 4]), trash, NOW).wait()?;
                let modseq = store.counters(trash)?.modseq;
                let expunged = store.expunge(trash, Some(all()), false).wait()?;
                assert_eq!(store.changes(trash, modseq)?.vanished, expunged.uids);
            }
            _ => {
                let swept = store.sweep();
                Met::count(&met.sweeps, u64::from(swept.is_err()));
                Met::count(&met.swept, swept?);
            }
        }
    }
    Ok(())
}

fn word_of(error: &Error) -> bool {
    matches!(error.word, Word::Io | Word::Closed | Word::Corrupt)
}

fn one_crash(seed: u64, met: &Met) {
    let mut random = Random(seed);
    let disk = SimulatedDisk::default();
    let mut told = Told::default();
    let account = {
        let store = open(&disk).unwrap();
        let account = people(&store);
        archived(&store, seed);
        disk.fail_power_after(1 + random.below(1500));
        let error = work(&store, account, &mut random, &mut told, met).unwrap_err();
        assert!(word_of(&error), "seed {seed}: {error}");
        assert!(!disk.has_power(), "seed {seed}: {error}");
        account
    };
    Met::count(&met.switched, u64::from(disk.names().len() > 2));
    let disk = disk.restart(&mut random);
    if seed.is_multiple_of(16) {
        Met::count(&met.second_lanes, u64::from(layout::has_second_lane(&disk)));
    }
    let disk = get_up(disk, &mut random, met);
    let store = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    check(&store, account, &told, seed, met);
}

/// The power may fail again and again while the store gets up, and a newer program may be the one that
/// opens it.
fn get_up(mut disk: SimulatedDisk, random: &mut Random, met: &Met) -> SimulatedDisk {
    let older = random.below(3) == 0;
    if older {
        layout::take_back_to_1(&disk);
    }
    for _ in 0..random.below(4) {
        disk.fail_power_after(1 + random.below(60));
        let migrates = older && layout::of(&disk).version == 1;
        let _ = open(&disk).map(|store| store.close());
        Met::count(&met.starts, u64::from(!disk.has_power()));
        Met::count(&met.migrations, u64::from(migrates && !disk.has_power()));
        disk = disk.restart(random);
    }
    disk
}

fn check(store: &Store, account: AccountId, told: &Told, seed: u64, met: &Met) {
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let sent = store.mailbox(account, "Sent").unwrap().unwrap().id;
    let mut seen: HashMap<BlobId, usize> = HashMap::new();
    for record in store.records(inbox, &all(), usize::MAX).unwrap() {
        *seen.entry(record.blob).or_default() += 1;
    }
    for id in &told.delivered {
        assert_eq!(seen.get(id), Some(&1), "seed {seed}: {id} was delivered");
        assert!(store.spool_entry(*id).unwrap().is_none(), "seed {seed}: {id} is still in the spool");
    }
    for (uid, bytes) in &told.appended {
        let record = store.records(sent, &uids(&[*uid]), 1).unwrap()[0];
        assert_eq!(&store.read(record.blob, 0, usize::MAX).unwrap(), bytes, "seed {seed}: appended {uid}");
    }
    let report = store.verify(&mut |_| ()).unwrap();
    assert_eq!(report.findings, [], "seed {seed}");
    // All the rest can be delivered now, each once.
    loop {
        let leased = store.lease(7, NOW.plus_seconds(1_000_000)).unwrap();
        if leased.is_empty() {
            break;
        }
        Met::count(&met.replayed, leased.iter().filter(|leased| leased.fresh).count() as u64);
        for leased in &leased {
            *seen.entry(leased.id).or_default() += 1;
        }
        let settlements = leased.iter().map(|leased| delivered(leased, inbox)).collect();
        assert_eq!(store.settle(settlements).wait().unwrap(), vec![true; leased.len()]);
    }
    let counts: HashSet<usize> = seen.values().copied().collect();
    assert!(counts.is_subset(&HashSet::from([1])), "seed {seed}: doubled");
    for (id, bytes) in &told.accepted {
        assert_eq!(seen.get(id), Some(&1), "seed {seed}: {id} was accepted");
        assert_eq!(&store.read(*id, 0, usize::MAX).unwrap(), bytes, "seed {seed}: bytes of {id}");
    }
    check_archive(store, &told.accepted, seed);
    store.close().unwrap();
}

#[test]
fn power_failures_lose_and_double_nothing() {
    let met = Met::default();
    for_each_seed(stores(), |seed| one_crash(seed, &met));
    let counts = met.counts();
    println!("{} stores; swept, sweeps, switched, replayed, starts, migrations, second lanes: {counts:?}", stores());
    assert!(!counts.contains(&0), "something was never met: {counts:?}");
}

/// A disk that is full, or refuses to work, at any moment, and then is well again.
#[test]
fn faults_that_pass_lose_and_double_nothing() {
    let met = Met::default();
    for_each_seed(stores() / 3, |seed| {
        let mut random = Random(seed);
        let disk = SimulatedDisk::default();
        let mut told = Told::default();
        let store = open(&disk).unwrap();
        let account = people(&store);
        archived(&store, seed);
        let fault = if random.below(2) == 0 { Fault::Full } else { Fault::Refusal };
        disk.fail_after(1 + random.below(1000), fault);
        let error = work(&store, account, &mut random, &mut told, &met).unwrap_err();
        assert!(matches!(error.word, Word::DiskFull | Word::Io | Word::Closed), "seed {seed}, {fault:?}: {error}");
        disk.recover();
        check(&store, account, &told, seed, &met);
    });
}

#[test]
fn concurrent_accepts_share_their_syncs() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    people(&store);
    let before = disk.syncs();
    let pending: Vec<_> = (0..100u64)
        .map(|number| store.draft().unwrap().accept(body(number, 1000), arrival(&["alice@example.test"])))
        .collect();
    let mut ids: Vec<BlobId> = pending.into_iter().map(|pending| pending.wait().unwrap().id).collect();
    let syncs = disk.syncs() - before;
    assert!(syncs < 30, "{syncs} syncs for 100 messages");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_full_disk_refuses_and_then_goes_on() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let mut told = Told::default();
    let first = accept(&store, b"first", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(first.id, b"first".to_vec());
    disk.set_full(true);
    for _ in 0..3 {
        let refused = store.draft().and_then(|draft| draft.accept(b"refused".to_vec(), arrival(&["x@y.z"])).wait());
        assert_eq!(refused.map_err(|error| error.word), Err(Word::DiskFull));
        let refused = store.set_setting("colour", Some("red".into())).wait();
        assert_eq!(refused.map_err(|error| error.word), Err(Word::DiskFull));
    }
    disk.set_full(false);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let second = accept(&store, b"second", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(second.id, b"second".to_vec());
    store.set_setting("colour", Some("blue".into())).wait().unwrap();
    assert_eq!(store.setting("colour"), Ok(Some("blue".into())));
    assert_eq!(store.spool_depth(), Ok(2));
    check(&store, account, &told, 0, &Met::default());
}

#[test]
fn a_disk_that_fails_for_a_while_is_used_again() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let mut told = Told::default();
    let first = accept(&store, b"first", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(first.id, b"first".to_vec());
    disk.set_failing(true);
    let refused = store.draft().and_then(|draft| draft.accept(b"refused".to_vec(), arrival(&["x@y.z"])).wait());
    assert_eq!(refused.map_err(|error| error.word), Err(Word::Io));
    let leased = store.lease_fresh(1).unwrap();
    let inbox_delivery = delivered(&leased[0], MailboxId(1));
    let refused = store.settle(vec![inbox_delivery]).wait();
    assert_eq!(refused.map_err(|error| error.word), Err(Word::Io));
    disk.set_failing(false);
    assert_eq!(store.read(first.id, 0, 9).unwrap(), b"first");
    assert_eq!(store.lease_fresh(2).unwrap().len(), 1, "a failed settlement frees the lease");
    store.unlease(&[first.id]);
    let second = accept(&store, b"second", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(second.id, b"second".to_vec());
    check(&store, account, &told, 0, &Met::default());
}

#[test]
fn what_was_refused_is_not_there_after_a_restart() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    people(&store);
    // The message makes the segment, so that the next sync is a commit's.
    accept(&store, b"first", arrival(&["alice@example.test"])).unwrap();
    disk.fail_syncs(1);
    assert!(accept(&store, b"refused", arrival(&["alice@example.test"])).is_err());
    store.close().unwrap();
    assert_eq!(open(&disk).unwrap().spool_depth(), Ok(1));
}

/// After a failed sync the transaction may be in the file all the same.
#[test]
fn what_a_failed_sync_left_behind_does_not_count() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let mut told = Told::default();
    // The first message makes the segment, so that the next sync is a commit's.
    let first = accept(&store, b"first", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(first.id, b"first".to_vec());
    disk.fail_syncs(1);
    let refused: Vec<_> = (0..20u8)
        .map(|number| store.draft().unwrap().accept(vec![number; 9], arrival(&["alice@example.test"])))
        .collect();
    let refused = refused.into_iter().map(|pending| pending.wait().is_err()).filter(|refused| *refused).count();
    assert!(refused > 0);
    let mut accepted = 21 - refused;
    assert_eq!(store.spool_depth(), Ok(accepted as u64));
    let second = accept(&store, b"second", arrival(&["alice@example.test"])).unwrap();
    told.accepted.insert(second.id, b"second".to_vec());
    accepted += 1;
    let leased = store.lease(1, NOW).unwrap();
    disk.fail_syncs(1);
    assert!(store.settle(vec![delivered(&leased[0], inbox)]).wait().is_err());
    // Delivered or not, it is delivered once in the end.
    store.close().unwrap();
    let store = open(&disk).unwrap();
    let there = store.counters(inbox).unwrap().exists as usize + store.spool_depth().unwrap() as usize;
    assert_eq!(there, accepted);
    check(&store, account, &told, 0, &Met::default());
}
