//! The archive: what is taken, that it survives, that what retention removes leaves a chain that can be proved, and that
//! a row that somebody has altered is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use std::cell::Cell;

use fixture::*;
use mailstead_storage::*;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

const DOMAIN: &str = "example.test";
const ARCHIVE: TableDefinition<u64, &[u8]> = TableDefinition::new("archive");
const CHAIN: TableDefinition<&str, &[u8]> = TableDefinition::new("archive_chain");

fn with_rule() -> Fixture {
    let fixture = Fixture::new();
    fixture.store.add_archive_rule(archive_rule(Some(DOMAIN), ArchiveDirection::Both)).wait().unwrap();
    fixture
}

fn at(number: u64) -> Time {
    NOW.plus_seconds(number)
}

/// Accepts so many messages, a second apart, and delivers them.
fn fill(fixture: &Fixture, count: u64) -> Vec<BlobId> {
    let from = fixture.store.archive_chains().unwrap().first().map_or(0, |chain| chain.last);
    let mut ids = Vec::new();
    for number in from + 1..=from + count {
        let arrival = Arrival { received: at(number), ..arrival(&["alice@example.test", "hidden@elsewhere.test"]) };
        ids.push(accept(&fixture.store, &body(number, 500), arrival).unwrap().id);
    }
    loop {
        let leased = fixture.store.lease(100, at(1_000_000)).unwrap();
        if leased.is_empty() {
            return ids;
        }
        let settlements = leased.iter().map(|leased| delivered(leased, fixture.inbox())).collect();
        fixture.store.settle(settlements).wait().unwrap();
    }
}

fn numbers(fixture: &Fixture) -> Vec<u64> {
    fixture.store.archive_from(DOMAIN, 1, usize::MAX).unwrap().iter().map(|record| record.number).collect()
}

fn remove(fixture: &Fixture, numbers: impl IntoIterator<Item = u64>) -> u64 {
    let (_, judged) = fixture.store.archive_holds_as_of().unwrap();
    fixture.store.remove_archived(DOMAIN, numbers.into_iter().collect(), judged).wait().unwrap()
}

fn prove(store: &Store) -> ArchiveProof {
    store.prove_archive(&[], &mut |_| ()).unwrap()
}

fn assert_proved(fixture: &Fixture, records: u64) {
    assert_sound(&fixture.store);
    let proof = prove(&fixture.store);
    assert_eq!((proof.breaks, proof.records), (vec![], records));
}

#[test]
fn a_box_without_rules_archives_nothing() {
    let fixture = Fixture::new();
    fill(&fixture, 3);
    assert_eq!(fixture.store.archive_chains().unwrap(), []);
    assert_sound(&fixture.store);
}

#[test]
fn a_record_tells_of_its_message_and_outlives_all_else() {
    let mut fixture = with_rule();
    let ids = fill(&fixture, 100);
    let record = fixture.store.archive_record(DOMAIN, 7).unwrap().unwrap();
    assert_eq!((record.blob, record.size, record.archived), (ids[6], 500, at(7)));
    assert_eq!((record.sender.as_str(), record.direction), ("bob@example.test", ArchiveDirection::Incoming));
    assert_eq!(record.recipients, ["alice@example.test", "hidden@elsewhere.test"]);
    fixture.store.expunge(fixture.inbox(), Some(all()), false).wait().unwrap();
    fixture.store.remove_account(fixture.account).wait().unwrap();
    fixture.store.sweep().unwrap();
    assert_proved(&fixture, 100);
    let account = fixture.account;
    fixture.reopen();
    assert!(fixture.store.mailboxes(account).is_ok_and(|mailboxes| mailboxes.is_empty()));
    assert_eq!(fixture.store.read(ids[6], 0, usize::MAX).unwrap(), body(7, 500));
    assert_proved(&fixture, 100);
}

#[test]
fn a_message_that_is_taken_out_of_the_spool_is_archived() {
    let fixture = with_rule();
    let id = accept(&fixture.store, b"gone", arrival(&["alice@example.test"])).unwrap().id;
    fixture.store.spool_delete(vec![id]).wait().unwrap();
    assert_eq!(fixture.store.archive_record(DOMAIN, 1).unwrap().unwrap().blob, id);
    assert_proved(&fixture, 1);
}

#[test]
fn a_rule_that_has_ended_takes_nothing_more() {
    let fixture = with_rule();
    fill(&fixture, 2);
    assert!(fixture.store.archive_has_rule_for(DOMAIN));
    fixture.store.end_archive_rule(1, NOW).wait().unwrap();
    assert!(!fixture.store.archive_has_rule_for(DOMAIN));
    let missing = fixture.store.add_archive_rule(archive_rule(Some("nowhere.test"), ArchiveDirection::Both)).wait();
    assert_eq!(missing.map_err(|error| error.word), Err(Word::NotFound));
    accept(&fixture.store, b"after", arrival(&["alice@example.test"])).unwrap();
    fill(&fixture, 0);
    assert_eq!(numbers(&fixture), [1, 2]);
}

#[test]
fn removed_records_leave_a_chain_that_can_be_proved() {
    let mut fixture = with_rule();
    fill(&fixture, 200);
    // From the middle, over the ends of rows, one by one, twice, from the beginning, at the end.
    let steps: [(Vec<u64>, u64); 6] = [
        ((50..150).collect(), 100),
        ((10..60).step_by(2).collect(), 20),
        (vec![11, 13, 60], 2),
        ((1..100).collect(), 27),
        (vec![200, 201, 999], 1),
        (vec![], 0),
    ];
    let mut left: Vec<u64> = (1..=200).collect();
    for (numbers_gone, expected) in steps {
        assert_eq!(remove(&fixture, numbers_gone.iter().copied()), expected, "{numbers_gone:?}");
        left.retain(|number| !numbers_gone.contains(number));
        assert_eq!(numbers(&fixture), left);
        assert_proved(&fixture, left.len() as u64);
    }
    fill(&fixture, 3);
    fixture.reopen();
    left.extend(201..=203);
    assert_eq!(numbers(&fixture), left);
    assert_proved(&fixture, left.len() as u64);
    assert_eq!(remove(&fixture, left.iter().copied()), left.len() as u64);
    assert_proved(&fixture, 0);
    let chain = &fixture.store.archive_chains().unwrap()[0];
    assert_eq!((chain.first, chain.last, chain.kept), (204, 203, 0));
    fill(&fixture, 2);
    assert_eq!(numbers(&fixture), [204, 205]);
    assert_proved(&fixture, 2);
}

#[test]
fn the_bytes_of_removed_records_are_given_back() {
    let fixture = with_rule();
    let ids = fill(&fixture, 2);
    fixture.store.expunge(fixture.inbox(), Some(all()), false).wait().unwrap();
    remove(&fixture, [1]);
    assert!(fixture.store.outline(ids[0]).is_err());
    assert!(fixture.store.outline(ids[1]).is_ok());
}

#[test]
fn a_hold_that_comes_meanwhile_ends_a_removal() {
    let fixture = with_rule();
    fill(&fixture, 1);
    let (_, judged) = fixture.store.archive_holds_as_of().unwrap();
    let hold = ArchiveHold {
        id: 0,
        criteria: ArchiveCriteria::default(),
        why: "a lawsuit".into(),
        by: "root".into(),
        created: NOW,
    };
    assert_eq!(fixture.store.add_archive_hold(hold).wait(), Ok(1));
    let refused = fixture.store.remove_archived(DOMAIN, vec![1], judged).wait();
    assert_eq!(refused.map_err(|error| error.word), Err(Word::NotAllowed));
    assert_eq!(numbers(&fixture), [1]);
    assert_eq!(fixture.store.archive_holds().unwrap()[0].why, "a lawsuit");
    fixture.store.remove_archive_hold(1).wait().unwrap();
    assert_eq!(remove(&fixture, [1]), 1);
}

#[test]
fn records_are_listed_newest_first_from_any_place() {
    let fixture = with_rule();
    fixture.store.add_domain("other.test", NOW).wait().unwrap();
    fixture.store.add_archive_rule(archive_rule(None, ArchiveDirection::Incoming)).wait().unwrap();
    for number in 1..=300u64 {
        let to = if number.is_multiple_of(3) { "x@other.test" } else { "alice@example.test" };
        // Several at the same moment.
        let arrival = Arrival { received: at(number / 4), ..arrival(&[to]) };
        accept(&fixture.store, &body(number, 10), arrival).unwrap();
    }
    fill(&fixture, 0);
    remove(&fixture, 20..90);
    let list = |slice: &ArchiveSlice, max| fixture.store.archive_newest(slice, max).unwrap().records;
    let everything = list(&ArchiveSlice::default(), usize::MAX);
    assert_eq!(everything.len(), 230);
    assert!(everything.is_sorted_by(|before, after| before.0 > after.0));
    for (from, until, domains) in [
        (None, None, None),
        (Some(3), Some(60), None),
        (Some(31), None, Some(vec!["other.test"])),
        (None, Some(1), Some(vec![DOMAIN, "nowhere.test"])),
        (Some(40), Some(40), None),
    ] {
        let domains: Option<Vec<String>> = domains.map(|domains| domains.into_iter().map(str::to_owned).collect());
        let (from, until) = (from.map(at), until.map(at));
        let mut slice = ArchiveSlice { domains: domains.clone(), from, until, ..ArchiveSlice::default() };
        let expected = everything.iter().filter(|(place, record)| {
            from.is_none_or(|from| place.archived >= from)
                && until.is_none_or(|until| place.archived < until)
                && domains.as_ref().is_none_or(|domains| domains.iter().any(|domain| **domain == *record.domain))
        });
        let mut found = Vec::new();
        loop {
            let page = list(&slice, 7);
            let Some((last, _)) = page.last() else { break };
            slice.after = Some(*last);
            found.extend(page);
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{slice:?}");
    }
}

#[test]
fn rows_without_a_part_of_an_address_are_passed_over() {
    let fixture = with_rule();
    for number in 1..=200u64 {
        let mut arrival = Arrival { received: at(number), ..arrival(&["alice@example.test"]) };
        if number == 70 {
            arrival.envelope.reverse_path = "Rare@Elsewhere.test".into();
        }
        accept(&fixture.store, b"x", arrival).unwrap();
    }
    fill(&fixture, 0);
    let slice = ArchiveSlice { parts: vec!["rare@ELSE".into(), "alice".into()], ..ArchiveSlice::default() };
    let look = fixture.store.archive_newest(&slice, 1000).unwrap();
    assert_eq!((look.passed, look.next), (200, None));
    assert!(look.records.len() < 60, "{}", look.records.len());
    assert!(look.records.iter().any(|(_, record)| record.number == 70));
    let none = ArchiveSlice { parts: vec!["nobody".into()], ..ArchiveSlice::default() };
    assert_eq!(fixture.store.archive_newest(&none, 1000).unwrap().records, []);
    let later = ArchiveSlice { from: Some(at(150)), ..slice };
    assert_eq!(fixture.store.archive_newest(&later, 1000).unwrap().records, []);
}

/// Alters a row behind the store's back.
fn alter(fixture: &mut Fixture, change: impl Fn(&Database)) {
    fixture.store.close().unwrap();
    let database = Database::create(fixture.folder.path().join("meta.redb")).unwrap();
    change(&database);
    drop(database);
    fixture.store = Store::open(small_options(fixture.folder.path()), std::sync::Arc::new(Silent)).unwrap();
}

fn alter_row(database: &Database, key_of: impl Fn(&[u64]) -> u64, change: impl Fn(&mut Vec<u8>)) {
    let (key, mut row) = {
        let rows = database.begin_read().unwrap().open_table(ARCHIVE).unwrap();
        let keys: Vec<u64> = rows.iter().unwrap().map(|row| row.unwrap().0.value()).collect();
        let key = key_of(&keys);
        (key, rows.get(key).unwrap().unwrap().value().to_vec())
    };
    change(&mut row);
    let transaction = database.begin_write().unwrap();
    transaction.open_table(ARCHIVE).unwrap().insert(key, row.as_slice()).unwrap();
    transaction.commit().unwrap();
}

/// The `nth` place of these bytes in the row.
fn place(row: &[u8], bytes: &[u8], nth: usize) -> usize {
    row.windows(bytes.len()).enumerate().filter(|(_, window)| *window == bytes).nth(nth).unwrap().0
}

#[test]
fn what_was_altered_is_found_and_named() {
    let gone = Cell::new(0);
    let check = |what: &str, change: &dyn Fn(&Database), number: &dyn Fn() -> u64, told: &str| {
        let mut fixture = with_rule();
        fill(&fixture, 120);
        remove(&fixture, 60..70);
        alter(&mut fixture, change);
        let breaks = prove(&fixture.store).breaks;
        assert_eq!(breaks.len(), 1, "{what}");
        assert_eq!((breaks[0].domain.as_str(), breaks[0].number), (DOMAIN, number()), "{what}: {}", breaks[0].what);
        assert!(breaks[0].what.contains(told), "{what}: {}", breaks[0].what);
    };
    let first = |keys: &[u64]| keys[0];
    let last = |keys: &[u64]| keys[keys.len() - 1];
    let sender = |nth: usize| {
        move |row: &mut Vec<u8>| {
            let at = place(row, b"bob@example.test", nth);
            row[at] = b'r';
        }
    };
    check("a sender", &|database| alter_row(database, first, sender(4)), &|| 5, "hash");
    check("the first sender", &|database| alter_row(database, first, sender(0)), &|| 1, "hash");
    check(
        "the hash that a record carries",
        &|database| {
            alter_row(database, first, |row| {
                // Behind the kind and the length of the second record.
                let length = usize::from(row[2]) & 0x7f | usize::from(row[3]) << 7;
                row[4 + length + 3] ^= 1;
            });
        },
        &|| 2,
        "hash",
    );
    check(
        "the last record",
        &|database| {
            alter_row(database, last, |row| {
                let end = row.len() - 1;
                row[end] ^= 1;
            });
        },
        &|| 120,
        "hash",
    );
    check(
        "a row that goes",
        &|database| {
            let transaction = database.begin_write().unwrap();
            gone.set(transaction.open_table(ARCHIVE).unwrap().pop_last().unwrap().unwrap().0.value() & 0xffff);
            transaction.commit().unwrap();
        },
        &|| gone.get(),
        "missing",
    );
    check(
        "the head",
        &|database| {
            let transaction = database.begin_write().unwrap();
            {
                let mut chains = transaction.open_table(CHAIN).unwrap();
                let mut row = chains.get(DOMAIN).unwrap().unwrap().value().to_vec();
                row[40] ^= 1;
                chains.insert(DOMAIN, row.as_slice()).unwrap();
            }
            transaction.commit().unwrap();
        },
        &|| 120,
        "head",
    );
}

#[test]
fn what_was_published_has_to_be_found_again() {
    let fixture = with_rule();
    fill(&fixture, 10);
    let chain = fixture.store.archive_chains().unwrap().remove(0);
    let head = ArchiveHead { domain: DOMAIN.into(), number: chain.last, hash: chain.head };
    fill(&fixture, 10);
    let prove = |head: &ArchiveHead| fixture.store.prove_archive(std::slice::from_ref(head), &mut |_| ()).unwrap();
    assert_eq!((prove(&head).breaks, prove(&head).heads), (vec![], 1));
    remove(&fixture, 1..=12);
    assert_eq!(prove(&head).breaks, []);
    let other = ArchiveHead { hash: [0; 32], ..head };
    fill(&fixture, 1);
    let check = |head: ArchiveHead, expected: u64| {
        let breaks = prove(&head).breaks;
        assert_eq!(breaks.iter().map(|found| found.number).collect::<Vec<_>>(), [expected], "{head:?}");
    };
    check(ArchiveHead { number: 15, ..other.clone() }, 15);
    check(ArchiveHead { number: 99, ..other.clone() }, 22);
    check(ArchiveHead { domain: "gone.test".into(), ..other }, 10);
}

/// The box's own bytes for each record, as the file tells them.
#[test]
fn a_record_costs_no_more_than_it_should() {
    let fixture = with_rule();
    fill(&fixture, 3000);
    fixture.store.close().unwrap();
    let database = Database::create(fixture.folder.path().join("meta.redb")).unwrap();
    let stats = database.begin_read().unwrap().open_table(ARCHIVE).unwrap().stats().unwrap();
    let bytes = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
    println!("{} bytes for each record", bytes / 3000);
    assert!(bytes / 3000 < 300, "{} bytes for each record", bytes / 3000);
}
