//! The change log that an index follows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use fixture::*;
use mailstead_storage::*;

/// Appends a message; gives its blob.
fn filed(fixture: &Fixture, mailbox: MailboxId, seed: u64) -> BlobId {
    let uid = last_uid(&append(&fixture.store, mailbox, &body(seed, 100), Flags::default()).unwrap());
    fixture.store.records(mailbox, &uids(&[uid]), 1).unwrap()[0].blob
}

fn changes(store: &Store, after: u64) -> Vec<IndexChange> {
    store.index_log(after, usize::MAX).unwrap().changes
}

#[test]
fn every_way_in_and_out_is_written_down() {
    let fixture = Fixture::new();
    let (store, owner) = (&fixture.store, fixture.account);
    let (inbox, archive) = (fixture.inbox(), fixture.mailbox("Archive"));
    let blob = filed(&fixture, inbox, 1);
    let came = IndexChange::Came { owner, blob };
    assert_eq!(changes(store, 0), [came]);

    let mut cursor = store.index_log_end().unwrap();
    let mut since = |expected: &[IndexChange]| {
        assert_eq!(changes(store, cursor), expected);
        cursor = store.index_log_end().unwrap();
    };
    store.copy(inbox, all(), archive, NOW).wait().unwrap();
    since(&[came]);
    store.expunge(inbox, None, false).wait().unwrap();
    since(&[]);
    store.move_messages(archive, all(), inbox, NOW).wait().unwrap();
    since(&[came]);
    store.expunge(inbox, None, false).wait().unwrap();
    since(&[IndexChange::Gone(blob)]);

    let accepted = accept(store, &body(2, 50), arrival(&["alice@example.test"])).unwrap();
    since(&[]);
    let leased = store.lease(1, NOW).unwrap();
    store.settle(vec![delivered(&leased[0], inbox)]).wait().unwrap();
    since(&[IndexChange::Came { owner, blob: accepted.id }]);

    store.remove_account(owner).wait().unwrap();
    let last = changes(store, cursor);
    assert!(last.contains(&IndexChange::OwnerGone(owner)));
}

#[test]
fn what_is_indexed_is_cut_off_and_the_count_goes_on() {
    let mut fixture = Fixture::new();
    let inbox = fixture.inbox();
    for seed in 0..5 {
        filed(&fixture, inbox, seed);
    }
    let first = fixture.store.index_log(0, 2).unwrap();
    assert_eq!((first.changes.len(), first.rows_left, first.floor), (2, 3, 0));
    fixture.store.trim_index_log(first.last).wait().unwrap();
    assert_eq!(changes(&fixture.store, 0).len(), 3);
    let end = fixture.store.index_log_end().unwrap();
    fixture.store.trim_index_log(end).wait().unwrap();
    fixture.reopen();
    assert_eq!(fixture.store.index_log_end().unwrap(), end);
    filed(&fixture, inbox, 9);
    assert_eq!(changes(&fixture.store, end).len(), 1);
}

#[test]
fn numbers_that_a_crash_took_back_are_not_given_again() {
    let fixture = Fixture::new();
    filed(&fixture, fixture.inbox(), 1);
    let seen = fixture.store.index_log_end().unwrap();
    // A copy of the files as they are now, as a crash would leave them.
    let crashed = tempfile::tempdir().unwrap();
    copy_folder(fixture.folder.path(), crashed.path());
    let store = Store::open(small_options(crashed.path()), std::sync::Arc::new(Silent)).unwrap();
    assert!(store.index_log_end().unwrap() > seen + 1000);
    assert_eq!(changes(&store, 0).len(), 1);
}

#[test]
fn owners_and_their_mailboxes() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let new = NewAccount { address: "bob@example.test".into(), ..NewAccount::default() };
    let bob = store.add_account(new, NOW).wait().unwrap();
    assert_eq!(store.mailbox_owners().unwrap(), [fixture.account, bob]);
    let before = store.mailbox_ids(bob).unwrap();
    let made = store.create_mailbox(bob, "A", None).wait().unwrap().id;
    let after = store.mailbox_ids(bob).unwrap();
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.last(), Some(&made));
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
