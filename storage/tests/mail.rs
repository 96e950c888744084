//! The way of mail: accepted, leased, settled, read; and what the spool's commands do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use std::collections::HashSet;
use std::sync::Arc;

use fixture::*;
use mailstead_storage::*;

#[test]
fn accepted_mail_is_delivered_once_and_reads_back() {
    let mut fixture = Fixture::new();
    let inbox = fixture.inbox();
    for (index, size) in
        [0, 1, 4071, 4072, 4073, 5000, 131_000, PIECE_BYTES_MAX, 131_049, 700_000].into_iter().enumerate()
    {
        let bytes = body(size as u64, size);
        let accepted = accept(&fixture.store, &bytes, arrival(&["alice@example.test"])).unwrap();
        assert_eq!(accepted.size, size as u64);
        assert_eq!(fixture.store.spool_depth(), Ok(1));
        assert_eq!(fixture.store.read(accepted.id, 0, usize::MAX).as_ref(), Ok(&bytes), "fresh, {size}");
        let leased = fixture.store.lease(10, NOW).unwrap();
        assert_eq!(leased.len(), 1);
        assert!(leased[0].fresh && leased[0].id == accepted.id);
        assert!(fixture.store.lease(10, NOW).unwrap().is_empty());
        assert_eq!(fixture.store.settle(vec![delivered(&leased[0], inbox)]).wait(), Ok(vec![true]));
        assert_eq!(fixture.store.spool_depth(), Ok(0));
        assert_eq!(fixture.store.read(accepted.id, 0, usize::MAX).as_ref(), Ok(&bytes), "delivered, {size}");
        for (from, length) in [(0, 10), (4000, 200), (131_000, 1000), (size as u64, 5), (u64::MAX, 5)] {
            let first = (from as usize).min(size);
            let expected = &bytes[first..first.saturating_add(length).min(size)];
            assert_eq!(fixture.store.read(accepted.id, from, length).unwrap(), expected, "{size} {from}");
        }
        assert_eq!(&*fixture.store.outline(accepted.id).unwrap(), b"outline");
        assert_eq!(fixture.store.counters(inbox).unwrap().exists as usize, index + 1);
    }
    let before = fixture.store.records(inbox, &all(), 100).unwrap();
    assert_sound(&fixture.store);
    fixture.reopen();
    assert_eq!(fixture.store.records(inbox, &all(), 100).unwrap(), before);
    assert!(fixture.store.lease(10, NOW).unwrap().is_empty());
    assert_sound(&fixture.store);
}

#[test]
fn what_was_not_settled_comes_back_in_order_after_a_restart() {
    let mut fixture = Fixture::new();
    let inbox = fixture.inbox();
    let ids: Vec<BlobId> = (0..10)
        .map(|number| accept(&fixture.store, &body(number, 100), arrival(&["alice@example.test"])).unwrap().id)
        .collect();
    let leased = fixture.store.lease(10, NOW).unwrap();
    // Out of order: 3 and 5 are applied ahead of the journal's position.
    let settlements = vec![delivered(&leased[3], inbox), delivered(&leased[5], inbox), delivered(&leased[0], inbox)];
    assert_eq!(fixture.store.settle(settlements).wait(), Ok(vec![true; 3]));
    fixture.reopen();
    let again: Vec<BlobId> = fixture.store.lease(10, NOW).unwrap().iter().map(|leased| leased.id).collect();
    assert_eq!(again, [1, 2, 4, 6, 7, 8, 9].map(|index| ids[index]));
    assert_eq!(fixture.store.counters(inbox).unwrap().exists, 3);
    assert_sound(&fixture.store);
}

#[test]
fn deferred_mail_waits_in_the_spool() {
    let mut fixture = Fixture::new();
    let accepted = accept(&fixture.store, b"hello", arrival(&["a@x.test", "b@x.test"])).unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    let later = NOW.plus_seconds(300);
    let mut settlement = deferred(&leased, later);
    settlement.recipients[1].state = State::Failed;
    settlement.recipients[1].answer = "550 5.1.1 no".into();
    assert_eq!(fixture.store.settle(vec![settlement.clone()]).wait(), Ok(vec![false]));
    fixture.reopen();
    let store = &fixture.store;
    assert!(store.lease(1, NOW).unwrap().is_empty());
    assert_eq!(store.next_due(&|_| true), Ok(Some(later)));
    assert_eq!(store.spool_depth(), Ok(1));
    let entry = store.spool_entry(accepted.id).unwrap().unwrap();
    assert_eq!((entry.attempts, entry.next_attempt, entry.leased), (1, later, false));
    assert_eq!(entry.recipients, settlement.recipients);
    let leased = store.lease(1, later).unwrap().remove(0);
    assert_eq!(*leased.arrival, arrival(&["a@x.test", "b@x.test"]));
    assert!(!leased.fresh && store.next_due(&|_| true) == Ok(None));
    store.unlease(&[leased.id]);
    assert_eq!(store.next_due(&|_| true), Ok(Some(later)));
    assert_sound(store);
    let leased = store.lease(1, later).unwrap().remove(0);
    assert_eq!(store.settle(vec![delivered(&leased, fixture.inbox())]).wait(), Ok(vec![true]));
    assert_eq!(store.spool_depth(), Ok(0));
    assert_sound(store);
}

#[test]
fn one_message_is_shared_by_all_its_mailboxes() {
    let fixture = Fixture::new();
    let (inbox, junk) = (fixture.inbox(), fixture.mailbox("Junk"));
    accept(&fixture.store, b"hello", arrival(&["a@x.test", "b@x.test"])).unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    let mut settlement = delivered(&leased, inbox);
    let more = [(1, junk), (1, inbox)].map(|(recipient, mailbox)| LocalDelivery {
        recipient,
        mailbox,
        flags: Flags::SEEN,
        keywords: Vec::new(),
    });
    settlement.deliveries.extend(more);
    assert_eq!(fixture.store.settle(vec![settlement]).wait(), Ok(vec![true]));
    assert_eq!(fixture.store.usage(fixture.account), Ok(Usage { bytes: 10, messages: 2 }));
    assert_eq!(fixture.store.records(inbox, &all(), 9).unwrap().len(), 1);
    fixture.store.expunge(inbox, Some(all()), false).wait().unwrap();
    assert_eq!(fixture.store.read(leased.id, 0, 9).unwrap(), b"hello");
    fixture.store.expunge(junk, Some(all()), false).wait().unwrap();
    assert_eq!(fixture.store.outline(leased.id).map_err(|error| error.word), Err(Word::NotFound));
    assert_eq!(fixture.store.usage(fixture.account), Ok(Usage::default()));
    assert_sound(&fixture.store);
}

#[test]
fn a_mailbox_that_is_gone_leaves_its_recipient_pending() {
    let fixture = Fixture::new();
    let junk = fixture.mailbox("Junk");
    let accepted = accept(&fixture.store, b"hello", arrival(&["a@x.test"])).unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    fixture.store.delete_mailbox(fixture.account, "Junk").wait().unwrap();
    assert_eq!(fixture.store.settle(vec![delivered(&leased, junk)]).wait(), Ok(vec![false]));
    let entry = fixture.store.spool_entry(accepted.id).unwrap().unwrap();
    assert_eq!(entry.recipients[0].state, State::Pending);
    assert_sound(&fixture.store);
}

#[test]
fn a_notification_and_its_message_settle_together() {
    let fixture = Fixture::new();
    let first = accept(&fixture.store, b"hello", arrival(&["a@x.test"])).unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    fixture.store.settle(vec![deferred(&leased, NOW)]).wait().unwrap();
    let mut bounce = arrival(&["bob@example.test"]);
    bounce.provenance = Provenance::Notification(first.id);
    accept(&fixture.store, b"sorry", bounce).unwrap();
    let leased = fixture.store.lease_fresh(1).unwrap().remove(0);
    let told = Settlement { id: first.id, deliveries: Vec::new(), next_attempt: None, ..deferred(&leased, NOW) };
    let settled = fixture.store.settle(vec![delivered(&leased, fixture.inbox()), told]).wait();
    assert_eq!(settled, Ok(vec![true, true]));
    assert_eq!(fixture.store.spool_depth(), Ok(0));
    assert_sound(&fixture.store);
}

#[test]
fn the_spool_is_listed_forced_reordered_and_cleared() {
    let mut fixture = Fixture::new();
    let store = &fixture.store;
    let later = NOW.plus_seconds(1000);
    let ids: Vec<BlobId> = (0..6)
        .map(|number| {
            let mut arrival = arrival(&["a@x.test"]);
            arrival.envelope.reverse_path = format!("S{}@x.test", number % 2);
            accept(store, b"hello", arrival).unwrap().id
        })
        .collect();
    // Four get spool rows, two stay fresh.
    let leased = store.lease(4, NOW).unwrap();
    store.settle(leased.iter().map(|leased| deferred(leased, later)).collect()).wait().unwrap();
    let list =
        |filter: SpoolFilter| -> Vec<BlobId> { store.spool(&filter).unwrap().iter().map(|entry| entry.id).collect() };
    assert_eq!(list(SpoolFilter { limit: 100, ..SpoolFilter::default() }), ids);
    assert_eq!(
        list(SpoolFilter { limit: 2, after: Some(SpoolPlace::of(ids[2])), ..SpoolFilter::default() }),
        ids[3..5]
    );
    let sender = Some("s1@".to_owned());
    assert_eq!(list(SpoolFilter { limit: 9, sender, ..SpoolFilter::default() }), [ids[1], ids[3], ids[5]]);
    assert_eq!(store.spool_priority(vec![ids[3]], Priority::High).wait(), Ok(1));
    assert_eq!(store.spool_force(vec![ids[3], ids[2], BlobId(999)]).wait(), Ok(2));
    let due = Time(u64::MAX >> 9);
    let order: Vec<BlobId> = store.lease(10, due).unwrap().iter().map(|leased| leased.id).collect();
    assert_eq!(order[..3], [ids[4], ids[5], ids[3]]);
    assert_eq!(order.len(), 6);
    store.unlease(&order);
    // A leased message goes when its attempt ends.
    let leased = store.lease_fresh(1).unwrap().remove(0);
    assert_eq!(store.spool_delete(vec![leased.id, ids[0], BlobId(999)]).wait(), Ok(2));
    assert!(store.spool_entry(leased.id).unwrap().is_some());
    assert_eq!(store.settle(vec![deferred(&leased, later)]).wait(), Ok(vec![true]));
    assert_eq!(store.spool_depth(), Ok(4));
    // Or when the lease is given back, or by the next start.
    let leased = store.lease(2, due).unwrap();
    assert_eq!(store.spool_delete(leased.iter().map(|leased| leased.id).collect()).wait(), Ok(2));
    store.unlease(&[leased[0].id]);
    assert_eq!(store.spool_force(vec![leased[0].id]).wait(), Ok(0));
    fixture.reopen();
    assert_eq!(fixture.store.spool_force(vec![leased[1].id]).wait(), Ok(0));
    assert_eq!(fixture.store.spool_depth(), Ok(2));
    assert_sound(&fixture.store);
}

#[test]
fn what_was_taken_out_of_the_spool_can_be_put_back() {
    let mut fixture = Fixture::new();
    let later = NOW.plus_seconds(3600);
    let arrived = |text: &[u8]| accept(&fixture.store, text, arrival(&["a@x.test"])).unwrap().id;
    let (spooled, busy, fresh) = (arrived(b"spooled"), arrived(b"busy"), arrived(b"fresh"));
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    fixture.store.settle(vec![deferred(&leased, later)]).wait().unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    assert_eq!(leased.id, busy);
    assert_eq!(fixture.store.spool_delete(vec![spooled, busy, fresh]).wait(), Ok(3));
    assert_eq!(fixture.store.settle(vec![deferred(&leased, later)]).wait(), Ok(vec![true]));
    assert_eq!(fixture.store.spool_depth(), Ok(0));
    assert_sound(&fixture.store);
    fixture.reopen();
    let store = &fixture.store;
    let removed: HashSet<BlobId> = store.spool_removed(9).unwrap().iter().map(|removed| removed.entry.id).collect();
    assert_eq!(removed, HashSet::from([spooled, busy, fresh]));
    assert_eq!(store.spool_restore(vec![spooled, busy, fresh, BlobId(999)]).wait(), Ok(3));
    assert_eq!(store.spool_restore(vec![spooled]).wait(), Ok(0));
    assert!(store.spool_removed(9).unwrap().is_empty());
    let entry = store.spool_entry(spooled).unwrap().expect("it is back");
    assert_eq!((entry.next_attempt, entry.attempts, entry.since), (later, 1, NOW));
    assert_eq!(store.read(busy, 0, 9).unwrap(), b"busy");
    assert_sound(store);
}

#[test]
fn a_reset_message_starts_over() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    accept(store, b"hello", arrival(&["a@x.test"])).unwrap();
    let leased = store.lease(1, NOW).unwrap().remove(0);
    store.settle(vec![deferred(&leased, Time(u64::MAX >> 9))]).wait().unwrap();
    assert_eq!(store.spool_reset(vec![leased.id, BlobId(999)]).wait(), Ok(1));
    let entry = store.spool_entry(leased.id).unwrap().expect("it is there");
    assert_eq!(entry.attempts, 0);
    assert!(entry.since != NOW && entry.next_attempt == entry.since);
    assert_sound(store);
}

#[test]
fn a_settlement_that_does_not_fit_is_refused() {
    let fixture = Fixture::new();
    accept(&fixture.store, b"hello", arrival(&["a@x.test"])).unwrap();
    let leased = fixture.store.lease(1, NOW).unwrap().remove(0);
    let mut wrong = delivered(&leased, fixture.inbox());
    wrong.recipients.clear();
    let result = fixture.store.settle(vec![wrong]).wait();
    assert_eq!(result.map_err(|error| error.word), Err(Word::Invalid));
    assert_eq!(fixture.store.lease(1, NOW).unwrap().len(), 1);
}

#[test]
fn a_closed_store_says_so() {
    let fixture = Fixture::new();
    let (draft, tail) = draft(&fixture.store, b"hello").unwrap();
    fixture.store.close().unwrap();
    let word = |error: Error| error.word;
    assert_eq!(draft.accept(tail, arrival(&["a@x.test"])).wait().map_err(word), Err(Word::Closed));
    assert_eq!(fixture.store.set_setting("a", None).wait().map_err(word), Err(Word::Closed));
    assert_eq!(fixture.store.mailboxes(fixture.account).map_err(word), Err(Word::Closed));
    assert!(fixture.store.close().is_ok());
}

#[test]
fn a_second_opener_is_told_that_the_store_is_locked() {
    let fixture = Fixture::new();
    let second = Store::open(small_options(fixture.folder.path()), Arc::new(Silent));
    assert_eq!(second.err().unwrap().word, Word::Locked);
}

#[test]
fn a_full_segment_is_sealed_and_still_read() {
    let mut fixture = Fixture::with(|options| options.segment_bytes_max = 100_000);
    let inbox = fixture.inbox();
    let (mut long, tail) = draft(&fixture.store, &body(7, 3 * PIECE_BYTES_MAX)).unwrap();
    let bodies: Vec<Vec<u8>> = (0..30).map(|number| body(number, 20_000)).collect();
    for bytes in &bodies {
        append(&fixture.store, inbox, bytes, Flags::default()).unwrap();
    }
    long.push(tail).wait().unwrap();
    let long = long.accept(body(9, 100), arrival(&["a@x.test"])).wait().unwrap();
    for round in 0..2 {
        for (record, bytes) in fixture.store.records(inbox, &all(), 100).unwrap().iter().zip(&bodies) {
            assert_eq!(&fixture.store.read(record.blob, 0, usize::MAX).unwrap(), bytes, "round {round}");
        }
        assert_eq!(fixture.store.read(long.id, 3 * PIECE_BYTES_MAX as u64, 200).unwrap(), body(9, 100));
        assert_sound(&fixture.store);
        fixture.reopen();
    }
    assert_eq!(fixture.store.lease(9, NOW).unwrap().len(), 1);
    let files = std::fs::read_dir(fixture.folder.path().join("segments")).unwrap().count();
    assert!(files > 4, "{files} segment files");
}

#[test]
fn several_workers_deliver_each_message_once() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    let pending: Vec<_> = (0..300u64)
        .map(|number| store.draft().unwrap().accept(body(number, 50), arrival(&["alice@example.test"])))
        .collect();
    for pending in pending {
        pending.wait().unwrap();
    }
    std::thread::scope(|scope| {
        for worker in 0..4u32 {
            scope.spawn(move || {
                while store.spool_depth().unwrap() > 0 {
                    let leased = store.lease(3 + worker as usize, NOW).unwrap();
                    // Each message is put off twice before it is delivered.
                    let outcome = |leased: &Leased| {
                        if leased.attempts < 2 { deferred(leased, NOW) } else { delivered(leased, inbox) }
                    };
                    store.settle(leased.iter().map(outcome).collect()).wait().unwrap();
                }
            });
        }
    });
    assert_eq!(store.counters(inbox).unwrap().exists, 300);
    assert_sound(store);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_data() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::open(small_options(&data), Arc::new(Silent)).unwrap();
    people(&store);
    for (path, expected) in [(data.clone(), 0o700), (data.join("meta.redb"), 0o600)] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, expected, "{path:?}");
    }
}

#[test]
fn queues_are_leased_from_by_themselves() {
    let mut fixture = Fixture::new();
    let store = fixture.store.clone();
    for queue in ["dead.example", "alive.example", "dead.example"] {
        accept(&store, b"message", arrival(&["x@remote.example"])).unwrap();
        let leased = store.lease_fresh(1).unwrap().remove(0);
        store.settle(vec![Settlement { queue: queue.into(), ..deferred(&leased, NOW) }]).wait().unwrap();
    }
    let open = |queue: &str| queue != "dead.example";
    let leased = store.lease_from(9, NOW, &|queue| usize::from(open(queue)) * 9).unwrap();
    assert_eq!(leased.iter().map(|leased| leased.queue.as_str()).collect::<Vec<_>>(), ["alive.example"]);
    assert_eq!((store.next_due(&open), store.next_due(&|_| true)), (Ok(None), Ok(Some(NOW))));

    let kept = Settlement { queue: "dead.example".into(), ..deferred(&leased[0], NOW) };
    assert_eq!(store.progress(kept).wait(), Ok(true));
    assert_eq!(store.lease(9, NOW).unwrap().len(), 2, "progress keeps the lease");
    drop(store);

    fixture.reopen();
    let queues: Vec<_> = fixture.store.lease(9, NOW).unwrap().into_iter().map(|leased| leased.queue).collect();
    assert_eq!(queues, ["dead.example"; 3], "the queues are found again");
    assert_sound(&fixture.store);
}

#[test]
fn what_an_attempt_has_come_to_is_written_of_a_fresh_message_too() {
    let mut fixture = Fixture::new();
    let store = &fixture.store;
    for number in 0..3 {
        accept(store, &body(number, 100), arrival(&["x@there.example"])).unwrap();
    }
    let leased = store.lease(9, NOW).unwrap();
    assert!(leased.iter().all(|leased| leased.fresh));
    // The last one is settled first, another is still under way, and of the first nothing was written.
    let gone = Settlement { next_attempt: None, ..deferred(&leased[2], NOW) };
    assert_eq!(store.settle(vec![gone]).wait(), Ok(vec![true]));
    let kept = Settlement { queue: "there.example".into(), ..deferred(&leased[1], NOW) };
    assert_eq!(store.progress(kept.clone()).wait(), Ok(true));
    assert_eq!(store.progress(kept).wait(), Ok(true));
    assert_eq!(store.spool_depth(), Ok(2));
    assert!(store.lease(9, NOW).unwrap().is_empty(), "progress keeps the lease");

    fixture.reopen();
    let again = fixture.store.lease(9, NOW).unwrap();
    let found: Vec<_> = again.iter().map(|leased| (leased.id, leased.fresh, leased.queue.as_str())).collect();
    assert_eq!(found, [(leased[0].id, true, ""), (leased[1].id, false, "there.example")]);
    assert_sound(&fixture.store);
}

#[test]
fn outlines_come_in_the_order_in_which_they_are_asked_for() {
    let fixture = Fixture::new();
    let outline = |number: u64| format!("outline {number}").into_bytes();
    let accepted = |number: u64| {
        let arrival = Arrival { outline: outline(number).into(), ..arrival(&["alice@example.test"]) };
        accept(&fixture.store, &body(number, 100), arrival).unwrap().id
    };
    let mut blobs: Vec<BlobId> = (0..20).map(accepted).collect();
    let delivered =
        fixture.store.lease(99, NOW).unwrap().iter().map(|leased| delivered(leased, fixture.inbox())).collect();
    fixture.store.settle(delivered).wait().unwrap();
    let inbox = fixture.inbox();
    fixture.store.expunge(inbox, Some(uids(&[4, 5, 20])), false).wait().unwrap();
    // Two that have no row yet.
    blobs.extend((20..22).map(accepted));
    let check = |numbers: &[usize]| {
        let far = |number: &usize| blobs.get(*number).copied().unwrap_or(BlobId(*number as u64));
        let asked: Vec<BlobId> = numbers.iter().map(far).collect();
        let expected = numbers.iter().map(|number| match number {
            3 | 4 | 19 | 22.. => None,
            _ => Some(outline(*number as u64)),
        });
        let found = fixture.store.outlines(&asked).unwrap();
        assert!(found.iter().eq(expected.collect::<Vec<_>>().iter().map(Option::as_deref)), "{numbers:?}");
    };
    check(&[]);
    check(&[7]);
    check(&[3]);
    check(&(0..22).collect::<Vec<_>>());
    check(&(0..22).rev().collect::<Vec<_>>());
    check(&[2, 5, 6, 9]);
    check(&[3, 4, 4, 5, 5, 6]);
    check(&[17, 18, 19]);
    check(&[18, 20, 21, 22_000]);
    check(&[22_000, 0, 1]);
}

#[test]
fn text_filters_live_as_long_as_their_messages() {
    let mut fixture = Fixture::new();
    let inbox = fixture.inbox();
    let put = |text: &[u8]| append(&fixture.store, inbox, text, Flags::default()).unwrap();
    let (stays, goes) = (put(b"stays"), put(b"goes"));
    let blobs: Vec<BlobId> =
        fixture.store.records(inbox, &all(), 9).unwrap().iter().map(|record| record.blob).collect();
    assert!(fixture.store.text_filters(&blobs).unwrap().iter().eq([None, None]));
    let filter = |at: usize| Some(blobs[at].0.to_le_bytes().to_vec());
    fixture.store.put_text_filters(blobs.iter().map(|blob| (*blob, blob.0.to_le_bytes().to_vec())));
    let kept = |store: &Store| -> Vec<Option<Vec<u8>>> {
        let filters = store.text_filters(&[blobs[0], blobs[1], BlobId(999)]).unwrap();
        filters.iter().map(|filter| filter.map(<[u8]>::to_vec)).collect()
    };
    assert_eq!(kept(&fixture.store), [filter(0), filter(1), None], "in memory");
    // So many that they are written, which others wait for; most are of messages that never were.
    let nobody = BlobId(999);
    fixture.store.put_text_filters((nobody.0..).map(|id| (BlobId(id), vec![1])).take(TEXT_FILTERS_AT_ONCE));
    fixture.store.expunge(inbox, Some(uids(&[last_uid(&goes)])), false).wait().unwrap();
    assert_eq!(kept(&fixture.store), [filter(0), None, None]);
    assert_sound(&fixture.store);
    fixture.reopen();
    assert_eq!(kept(&fixture.store), [filter(0), None, None]);
    assert_eq!(fixture.store.records(inbox, &all(), 9).unwrap()[0].uid, last_uid(&stays));
}
