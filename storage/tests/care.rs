//! `verify` and `sweep`: what is damaged is found and named, what is dead is given back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;
mod simulation;

use std::path::Path;
use std::sync::Arc;

use fixture::*;
use mailstead_storage::*;
use simulation::*;

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let mut options = small_options(Path::new("simulated"));
    options.segment_bytes_max = 200_000;
    Store::open_on(options, Arc::new(disk.clone()), Arc::new(Silent))
}

/// A closed store with two segments and a message for each of several uses.
fn damaged(damage: impl Fn(&SimulatedDisk)) -> (Result<Store>, SimulatedDisk) {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    for number in 0..12u8 {
        append(&store, inbox, &[b'A' + number; 30_000], Flags::default()).unwrap();
    }
    accept(&store, &[b'Z'; 5000], arrival(&["alice@example.test"])).unwrap();
    assert_sound(&store);
    store.close().unwrap();
    drop(store);
    damage(&disk);
    (open(&disk), disk)
}

fn find(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).position(|window| window == needle).unwrap()
}

#[test]
fn a_flipped_bit_in_a_message_is_found_and_named() {
    fn check(file: &str, letter: u8, uid: Option<Uid>) {
        let (store, disk) = damaged(|disk| {
            let at = find(&disk.bytes(file), &[letter; 500]);
            disk.flip(file, at + 100, 3);
        });
        let store = store.unwrap();
        let report = store.verify(&mut |_| ()).unwrap();
        let finding = report.findings.iter().find(|finding| finding.blob.is_some()).unwrap();
        assert_eq!(finding.file, file);
        let expected: Vec<_> =
            uid.into_iter().map(|uid| ("alice@example.test".to_owned(), "INBOX".to_owned(), uid)).collect();
        assert_eq!(finding.seen_in, expected);
        drop(disk);
    }
    // In a sealed segment, in the active one, in a fresh message.
    check("segments/00001.redb", b'A', Some(1));
    check("segments/00002.redb", b'L', Some(12));
    check("segments/00002.redb", b'Z', None);
}

#[test]
fn a_flipped_bit_in_meta_is_found() {
    // Pages that are no longer used keep the name too: only where all of them are hit, one that counts is.
    let (store, _) = damaged(|disk| {
        let bytes = disk.bytes("meta.redb");
        let names = bytes.windows(5).enumerate().filter(|(_, window)| window == b"INBOX");
        names.for_each(|(at, _)| disk.flip("meta.redb", at + 1, 0));
    });
    // Whether the start or the check notices, somebody must.
    match store {
        Ok(store) => assert!(!store.verify(&mut |_| ()).unwrap().findings.is_empty()),
        Err(error) => assert_eq!(error.word, Word::Corrupt),
    }
}

#[test]
fn damaged_files_are_errors_that_name_them() {
    fn check(file: &str, damage: impl Fn(&SimulatedDisk, &str)) {
        let (store, _) = damaged(|disk| damage(disk, file));
        let findings = match &store {
            Err(error) => {
                assert_eq!(error.word, Word::Corrupt, "{error}");
                assert!(error.detail.contains(file), "{error}");
                return;
            }
            Ok(store) => store.verify(&mut |_| ()).unwrap().findings,
        };
        assert!(findings.iter().any(|finding| finding.file == file), "{file}: {findings:?}");
    }
    for file in ["meta.redb", "segments/00001.redb", "segments/00002.redb"] {
        check(file, |disk, file| disk.truncate(file, 0));
        check(file, |disk, file| disk.truncate(file, 4096));
        check(file, |disk, file| disk.truncate(file, disk.bytes(file).len() / 2));
        check(file, |disk, file| (0..512).for_each(|byte| disk.flip(file, byte, 0)));
        check(file, |disk, file| disk.flip(file, 0, 0));
    }
}

#[test]
fn any_flipped_bit_leads_to_no_panic() {
    let mut random = Random(1);
    for round in 0..60 {
        let number = random.next() as usize;
        let (store, _) = damaged(|disk| {
            let file = ["meta.redb", "segments/00001.redb", "segments/00002.redb"][round % 3];
            let length = disk.bytes(file).len();
            disk.flip(file, number % length, (round % 8) as u8);
        });
        if let Ok(store) = store {
            store.verify(&mut |_| ()).unwrap();
            let account = AccountId(1);
            if let Ok(Some(inbox)) = store.mailbox(account, "INBOX") {
                for record in store.records(inbox.id, &all(), 100).unwrap_or_default() {
                    let _ = store.read(record.blob, 0, usize::MAX);
                }
            }
            let _ = accept(&store, b"more", arrival(&["alice@example.test"]));
        }
    }
}

#[test]
fn meta_that_was_lost_is_not_made_anew() {
    let (store, _) = damaged(|disk| disk.remove("meta.redb").unwrap());
    assert_eq!(store.err().unwrap().word, Word::Corrupt);
}

#[test]
fn a_newer_layout_is_refused_and_left_alone() {
    let fixture = Fixture::new();
    fixture.store.close().unwrap();
    let path = fixture.folder.path().join("meta.redb");
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let state = redb::TableDefinition::<&str, u64>::new("state");
    transaction.open_table(state).unwrap().insert("schema", 99).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(small_options(fixture.folder.path()), Arc::new(Silent)).err().unwrap();
    assert_eq!(error.word, Word::Newer, "{error}");
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn sweeping_gives_dead_segments_back_and_keeps_what_lives() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let bodies: Vec<Vec<u8>> = (0..60).map(|number| body(number, 20_000 + 9000 * (number as usize % 20))).collect();
    for bytes in &bodies {
        append(&store, inbox, bytes, Flags::default()).unwrap();
    }
    // Spool rows live in segments too.
    let spooled = accept(&store, &body(99, 9000), arrival(&["alice@example.test"])).unwrap();
    let leased = store.lease(1, NOW).unwrap();
    store.settle(vec![deferred(&leased[0], NOW)]).wait().unwrap();
    assert_eq!(store.sweep(), Ok(0), "all is alive");
    let dead: UidSet = (1..=60).filter(|uid| uid % 4 != 0).collect();
    store.expunge(inbox, Some(dead), false).wait().unwrap();
    let before = disk.names().len();
    let mut freed = 0;
    loop {
        match store.sweep().unwrap() {
            0 => break,
            bytes => freed += bytes,
        }
    }
    assert!(freed > 1_000_000 && disk.names().len() < before, "{freed} {:?}", disk.names());
    let check = |store: &Store| {
        let records = store.records(inbox, &all(), 100).unwrap();
        assert_eq!(records.len(), 15);
        for record in records {
            assert_eq!(store.read(record.blob, 0, usize::MAX).unwrap(), bodies[record.uid as usize - 1]);
        }
        assert_eq!(store.read(spooled.id, 0, usize::MAX).unwrap(), body(99, 9000));
        assert_sound(store);
    };
    check(&store);
    store.close().unwrap();
    check(&open(&disk).unwrap());
}

#[test]
fn what_was_expunged_a_moment_ago_is_read_until_its_segment_is_swept() {
    let fixture = Fixture::with(|options| options.segment_bytes_max = 100_000);
    let (store, inbox) = (&fixture.store, fixture.inbox());
    for number in 0..40 {
        append(store, inbox, &body(number, 10_000), Flags::default()).unwrap();
    }
    let records = store.records(inbox, &all(), 100).unwrap();
    store.expunge(inbox, Some(all()), false).wait().unwrap();
    for record in &records {
        assert_eq!(store.read(record.blob, 0, 99_999).unwrap(), body(u64::from(record.uid) - 1, 10_000));
    }
    while store.sweep().unwrap() > 0 {}
    assert_eq!(store.read(records[0].blob, 0, 9).map_err(|error| error.word), Err(Word::NotFound));
    assert_sound(store);
}

#[test]
fn kept_bytes_are_not_swept_before_they_are_appended() {
    let disk = SimulatedDisk::default();
    let store = open(&disk).unwrap();
    let account = people(&store);
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let (draft, tail) = draft(&store, b"kept").unwrap();
    let kept = draft.keep(tail).wait().unwrap();
    for number in 0..30 {
        append(&store, inbox, &body(number, 30_000), Flags::default()).unwrap();
    }
    store.expunge(inbox, Some(all()), false).wait().unwrap();
    while store.sweep().unwrap() > 0 {}
    let mut append = append_of(inbox, Flags::default());
    append.before.push(NewMessage { kept, attributes: attributes(Flags::SEEN) });
    let appended = append_with(&store, b"the last", append).unwrap();
    let record = store.records(inbox, &appended.uids, 2).unwrap()[0];
    assert_eq!(record.flags, Flags::SEEN);
    assert_eq!(store.read(record.blob, 0, 9).unwrap(), b"kept");
    assert_sound(&store);
}

#[test]
fn readers_may_race_with_the_sweeper() {
    let fixture = Fixture::with(|options| options.segment_bytes_max = 100_000);
    let (store, inbox) = (&fixture.store, fixture.inbox());
    for number in 0..200u64 {
        append(store, inbox, &body(number, 3000), Flags::default()).unwrap();
    }
    let dead: UidSet = (1..=200).filter(|uid| uid % 5 != 0).collect();
    store.expunge(inbox, Some(dead), false).wait().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| while store.sweep().unwrap() > 0 {});
        for _ in 0..20 {
            for record in store.records(inbox, &all(), 1000).unwrap() {
                assert_eq!(store.read(record.blob, 0, 9999).unwrap(), body(u64::from(record.uid) - 1, 3000));
            }
        }
    });
    assert_sound(store);
}
