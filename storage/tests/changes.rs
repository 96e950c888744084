//! What clients change in mailboxes is durable with one sync, and what anyone has seen of it stays as it was: the same
//! UIDs for the same messages, each once, and the same flags at the same modseq, wherever the power fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;
mod simulation;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fixture::*;
use mailstead_storage::*;
use simulation::*;

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let mut options = small_options(Path::new("simulated"));
    options.segment_bytes_max = 200_000;
    // As on a slow disk: two commits at once.
    options.accept_slow = Duration::ZERO;
    Store::open_on(options, Arc::new(disk.clone()), Arc::new(Silent))
}

fn mailbox(store: &Store, account: AccountId, name: &str) -> Result<MailboxId> {
    let missing = || Error::new(Word::NotFound, "gone");
    Ok(store.mailbox(account, name)?.ok_or_else(missing)?.id)
}

/// Records by UID, as somebody saw them.
type Seen = BTreeMap<Uid, Record>;

/// Flags that are only ever set.
const MARKS: [Flags; 3] = [Flags::ANSWERED, Flags::FLAGGED, Flags::DELETED];

/// What the world knew before the power failed.
#[derive(Default)]
struct Known {
    /// What was acknowledged in the mailbox that only grows.
    appended: Vec<(Uid, Vec<u8>)>,
    copied: Vec<Uid>,
    /// Flags that were acknowledged there.
    marked: BTreeMap<Uid, Flags>,
    /// UIDs that are gone from INBOX.
    expunged: Vec<Uid>,
    /// Was a message appended that is moved to and fro?
    has_wanderer: bool,
    /// What another session saw there, and the highest UIDNEXT and HIGHESTMODSEQ.
    seen: Mutex<(Seen, Uid, Modseq)>,
    /// The draft that replaced all others, and those that may have replaced it.
    draft: Option<Vec<u8>>,
    next_draft: Option<Vec<u8>>,
}

impl Known {
    /// Looks at the mailbox as another session does.
    fn look(&self, store: &Store, mailbox: MailboxId) {
        let (Ok(counters), Ok(records)) = (store.counters(mailbox), store.records(mailbox, &all(), usize::MAX)) else {
            return;
        };
        let mut seen = self.seen.lock().unwrap();
        seen.0.extend(records.iter().map(|record| (record.uid, *record)));
        seen.1 = seen.1.max(counters.uid_next);
        seen.2 = seen.2.max(counters.modseq);
    }
}

/// Does things until one fails, which only the power's failure can cause.
fn work(store: &Store, account: AccountId, random: &mut Random, known: &mut Known) -> Result<()> {
    let (sent, drafts, inbox) =
        (mailbox(store, account, "Sent")?, mailbox(store, account, "Drafts")?, mailbox(store, account, "INBOX")?);
    loop {
        match random.below(13) {
            0..=4 => append_some(store, sent, random, known)?,
            5 => {
                // UIDs of the same mailbox, given by another change.
                let copied = store.copy(sent, uids(&[1, 2]), sent, NOW);
                append_some(store, sent, random, known)?;
                known.copied.extend(copied.wait()?.uids.iter().map(|(_, uid)| *uid));
                let expunged = store.expunge(inbox, None, false).wait()?;
                known.expunged.extend(expunged.uids.iter());
            }
            6 => replace_draft(store, drafts, random, known)?,
            7 => {
                accept(store, &body(random.next(), 3000), arrival(&["alice@example.test"]))?;
                let leased = store.lease_fresh(1 + random.below(3) as usize)?;
                // UIDs of that mailbox, given by a transaction that is durable by itself.
                let to = if random.below(2) == 0 { sent } else { inbox };
                store.settle(leased.iter().map(|leased| delivered(leased, to)).collect()).wait()?;
            }
            8 => vanishing_mailbox(store, account, random)?,
            9..=10 => mark_some(store, sent, random, known)?,
            11 => wander(store, account, known)?,
            _ => drop(store.sweep()?),
        }
    }
}

/// Several clients at once, each with one message or several.
fn append_some(store: &Store, sent: MailboxId, random: &mut Random, known: &mut Known) -> Result<()> {
    let mut pending = Vec::new();
    for _ in 0..1 + random.below(4) {
        let mut append = append_of(sent, Flags::SEEN);
        let mut contents = Vec::new();
        for _ in 0..random.below(5) / 3 {
            let bytes = body(random.next(), random.below(20_000) as usize);
            let (draft, tail) = draft(store, &bytes)?;
            append.before.push(NewMessage { kept: draft.keep(tail).wait()?, attributes: attributes(Flags::FLAGGED) });
            contents.push(bytes);
        }
        let size = if random.below(9) == 0 { 150_000 } else { random.below(6000) } as usize;
        contents.push(body(random.next(), size));
        let (draft, tail) = draft(store, contents.last().unwrap())?;
        pending.push((draft.append(tail, append), contents));
    }
    for (pending, contents) in pending {
        let appended = pending.wait()?;
        assert_eq!(appended.uids.count() as usize, contents.len());
        // Whoever is told OK finds the message.
        assert_eq!(store.records(sent, &appended.uids, usize::MAX)?.len(), contents.len());
        known.appended.extend(appended.uids.iter().zip(contents));
    }
    Ok(())
}

/// Two clients set flags at once.
fn mark_some(store: &Store, sent: MailboxId, random: &mut Random, known: &mut Known) -> Result<()> {
    let mut pending = Vec::new();
    for _ in 0..2 {
        let first = 1 + random.below(known.appended.len() as u64 + 1) as Uid;
        let marked: UidSet = [UidRange { first, last: first + 2 }].into_iter().collect();
        let mark = MARKS[random.below(3) as usize];
        let change = FlagChange { mode: FlagMode::Add, system: mark, keywords: vec![format!("k{}", random.below(9))] };
        pending.push((store.store_flags(sent, marked, change, None), mark));
    }
    for (pending, mark) in pending {
        for record in pending.wait()?.records {
            let marks = known.marked.entry(record.uid).or_default();
            *marks = marks.with(mark);
        }
    }
    Ok(())
}

/// A message that is in one of two mailboxes, and goes to the other.
fn wander(store: &Store, account: AccountId, known: &mut Known) -> Result<()> {
    let (here, there) = (mailbox(store, account, "Trash")?, mailbox(store, account, "Junk")?);
    if store.counters(here)?.exists + store.counters(there)?.exists == 0 {
        append(store, here, b"a wanderer", Flags::default())?;
    }
    known.has_wanderer = true;
    store.move_messages(here, all(), there, NOW).wait()?;
    store.move_messages(there, all(), here, NOW).wait()?;
    Ok(())
}

fn replace_draft(store: &Store, drafts: MailboxId, random: &mut Random, known: &mut Known) -> Result<()> {
    let bytes = body(random.next(), random.below(5000) as usize);
    let before = store.records(drafts, &all(), 9)?;
    let mut append = append_of(drafts, Flags::DRAFT);
    append.replaces = before.first().map(|record| (drafts, record.uid));
    known.next_draft = Some(bytes.clone());
    append_with(store, &bytes, append)?;
    (known.draft, known.next_draft) = (Some(bytes), None);
    Ok(())
}

/// A mailbox that is renamed and removed while messages are on their way to it.
fn vanishing_mailbox(store: &Store, account: AccountId, random: &mut Random) -> Result<()> {
    let work = store.create_mailbox(account, "Work", None).wait()?.id;
    let (draft, tail) = draft(store, &body(random.next(), 900))?;
    let appending = draft.append(tail, append_of(work, Flags::default()));
    let renaming = store.rename_mailbox(account, "Work", "Done");
    let late = append_with(store, b"late", append_of(work, Flags::default()));
    renaming.wait()?;
    let deleting = store.delete_mailbox(account, "Done");
    appending.wait()?;
    late?;
    let lost = append_with(store, b"lost", append_of(work, Flags::default()));
    deleting.wait()?;
    match lost {
        Err(error) if error.word != Word::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Messages that were done again from the journal.
fn one_crash(seed: u64, again: &AtomicU64) {
    let mut random = Random(seed);
    let disk = SimulatedDisk::default();
    let mut known = Known::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let sent = mailbox(&store, account, "Sent").unwrap();
    disk.fail_power_after(1 + random.below(700));
    let seen = std::mem::take(&mut known.seen);
    let watched = Known { seen, ..Known::default() };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                watched.look(&store, sent);
                std::thread::yield_now();
            }
        });
        let error = work(&store, account, &mut random, &mut known).unwrap_err();
        over.store(true, Ordering::Relaxed);
        assert!(!disk.has_power(), "seed {seed}: {error}");
    });
    drop(store);
    let mut disk = disk.restart(&mut random);
    // The power may fail again and again while it is done again.
    for _ in 0..random.below(3) {
        disk.fail_power_after(1 + random.below(60));
        if let Ok(store) = open(&disk) {
            watched.look(&store, sent);
        }
        disk = disk.restart(&mut random);
    }
    known.seen = watched.seen;
    let durable = layout::exists(&disk, sent);
    let store = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    again.fetch_add(u64::from(store.counters(sent).unwrap().exists - durable), Ordering::Relaxed);
    check(&store, account, &known, seed);
    // Nothing is done twice, and what comes now takes no UID that was given.
    store.close().unwrap();
    let store = open(&disk).unwrap();
    check(&store, account, &known, seed);
    let next = append(&store, sent, b"next", Flags::default()).unwrap();
    assert!(last_uid(&next) >= known.seen.lock().unwrap().1, "seed {seed}");
    store.close().unwrap();
}

fn check(store: &Store, account: AccountId, known: &Known, seed: u64) {
    let sent = mailbox(store, account, "Sent").unwrap();
    let records: Seen =
        store.records(sent, &all(), usize::MAX).unwrap().iter().map(|record| (record.uid, *record)).collect();
    let (seen, uid_next, modseq) = &*known.seen.lock().unwrap();
    for (uid, seen) in seen {
        let now = records.get(uid).unwrap_or_else(|| panic!("seed {seed}: {uid} was seen"));
        assert!(now.blob == seen.blob && now.modseq >= seen.modseq, "seed {seed}: {uid} was seen");
        assert!(now.modseq > seen.modseq || now == seen, "seed {seed}: {uid} was seen");
    }
    for (uid, marks) in &known.marked {
        assert!(records[uid].flags.has(*marks), "seed {seed}: {uid} was marked");
    }
    let inbox = store.records(mailbox(store, account, "INBOX").unwrap(), &all(), usize::MAX).unwrap();
    assert!(inbox.iter().all(|record| !known.expunged.contains(&record.uid)), "seed {seed}: expunged");
    let wanderers =
        ["Trash", "Junk"].map(|name| store.counters(mailbox(store, account, name).unwrap()).unwrap().exists);
    let count = wanderers.iter().sum::<u32>();
    // It may be there before anyone was told.
    assert!(count == 1 || (count == 0 && !known.has_wanderer), "seed {seed}: {wanderers:?} wanderers");
    let counters = store.counters(sent).unwrap();
    assert!(counters.uid_next >= *uid_next && counters.modseq >= *modseq, "seed {seed}: {counters:?}");
    for (uid, bytes) in &known.appended {
        let record = records.get(uid).unwrap_or_else(|| panic!("seed {seed}: {uid} was appended"));
        assert_eq!(&store.read(record.blob, 0, usize::MAX).unwrap(), bytes, "seed {seed}: {uid} was appended");
    }
    assert!(known.copied.iter().all(|uid| records.contains_key(uid)), "seed {seed}: copied");
    let drafts = store.records(mailbox(store, account, "Drafts").unwrap(), &all(), 9).unwrap();
    let drafts: Vec<_> = drafts.iter().map(|record| store.read(record.blob, 0, usize::MAX).unwrap()).collect();
    let is_there = |draft: &Option<Vec<u8>>| drafts == draft.iter().cloned().collect::<Vec<_>>();
    let may_be_next = known.next_draft.is_some() && is_there(&known.next_draft);
    assert!(is_there(&known.draft) || may_be_next, "seed {seed}: {} drafts", drafts.len());
    let report = store.verify(&mut |_| ()).unwrap();
    assert_eq!(report.findings, [], "seed {seed}");
}

#[test]
fn what_anyone_saw_of_a_mailbox_stays_so() {
    let again = AtomicU64::new(0);
    for_each_seed(stores(), |seed| one_crash(seed, &again));
    println!("{} stores; {} messages done again from the journal", stores(), again.load(Ordering::Relaxed));
    assert!(again.load(Ordering::Relaxed) > 0, "nothing was ever done again");
}

#[test]
fn a_change_takes_one_sync() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let sent = mailbox(&store, account, "Sent").unwrap();
    append(&store, sent, b"makes the segment", Flags::default()).unwrap();
    // What `meta.redb` owes is synced once in a while.
    store.subscribe(account, "Sent", true).wait().unwrap();
    let before = disk.syncs();
    let drafts = mailbox(&store, account, "Drafts").unwrap();
    for number in 0..10 {
        append(&store, sent, &body(number, 2000), Flags::default()).unwrap();
        let change = FlagChange { mode: FlagMode::Add, system: Flags::SEEN, keywords: Vec::new() };
        store.store_flags(sent, all(), change, None).wait().unwrap();
        store.copy(sent, uids(&[1]), drafts, NOW).wait().unwrap();
        store.move_messages(drafts, uids(&[1 + 2 * number as Uid]), sent, NOW).wait().unwrap();
        store.expunge(drafts, Some(uids(&[1])), true).wait().unwrap();
    }
    let syncs = disk.syncs() - before;
    assert!((50..=53).contains(&syncs), "{syncs} syncs for 50 changes");
}

/// A disk that refuses to work for a while, and then is well again, with nobody having died.
#[test]
fn faults_that_pass_take_nothing_away() {
    for_each_seed(stores() / 3, |seed| {
        let mut random = Random(seed);
        let disk = SimulatedDisk::default();
        let mut known = Known::default();
        let store = open(&disk).unwrap();
        let account = people(&store);
        let sent = mailbox(&store, account, "Sent").unwrap();
        for _ in 0..1 + random.below(4) {
            let fault = if random.below(2) == 0 { Fault::Full } else { Fault::Refusal };
            disk.fail_after(1 + random.below(400), fault);
            let error = work(&store, account, &mut random, &mut known).unwrap_err();
            assert!(matches!(error.word, Word::DiskFull | Word::Io), "seed {seed}, {fault:?}: {error}");
            disk.recover();
            known.look(&store, sent);
            known.seen.lock().unwrap().0.retain(|uid, _| !known.copied.contains(uid));
            let is_draft = |bytes: &Vec<u8>| {
                let drafts = mailbox(&store, account, "Drafts").unwrap();
                let records = store.records(drafts, &all(), 9).unwrap();
                records.iter().any(|record| &store.read(record.blob, 0, usize::MAX).unwrap() == bytes)
            };
            // One that was refused may be there all the same.
            if let Some(next) = known.next_draft.take_if(|next| is_draft(next)) {
                known.draft = Some(next);
            }
            // What was asked for when the disk failed may go on until now.
            for name in ["Work", "Done"] {
                drop(store.delete_mailbox(account, name).wait());
            }
        }
        check(&store, account, &known, seed);
        store.close().unwrap();
        check(&open(&disk).unwrap(), account, &known, seed);
    });
}

/// A change that meets damage is refused, and keeps nothing from starting, wherever the power fails meanwhile.
#[test]
fn damage_that_a_change_meets_does_not_stop_a_start() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let (sent, drafts) = (mailbox(&store, account, "Sent").unwrap(), mailbox(&store, account, "Drafts").unwrap());
    append(&store, sent, b"damaged", Flags::default()).unwrap();
    append(&store, sent, b"whole", Flags::default()).unwrap();
    let damaged = store.records(sent, &uids(&[1]), 1).unwrap()[0].blob;
    store.close().unwrap();
    layout::lose(&disk, damaged);
    let mut was_refused = false;
    for operations in 1..60 {
        let disk = disk.copy();
        let Ok(store) = open(&disk) else { panic!("the damage alone stops a start") };
        disk.fail_power_after(operations);
        let copies = [1, 2, 1].map(|uid| store.copy(sent, uids(&[uid]), drafts, NOW));
        let outcomes = copies.map(|copied| copied.wait().map_err(|error| error.word));
        was_refused |= outcomes.contains(&Err(Word::Corrupt));
        drop(store);
        let disk = disk.restart(&mut Random(operations));
        let store = open(&disk).unwrap_or_else(|error| panic!("{operations}: {error}"));
        let exists = store.counters(drafts).unwrap().exists;
        assert!(exists <= 1 && (outcomes[1].is_err() || exists == 1), "{operations}: {outcomes:?}, {exists}");
        append(&store, sent, b"next", Flags::default()).unwrap();
        store.close().unwrap();
    }
    assert!(was_refused, "no copy ever met the damage");
}
