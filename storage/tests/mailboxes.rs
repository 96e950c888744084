//! Mailboxes and people: names, flags, keywords, copies, counters, quotas, accounts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use std::sync::atomic::{AtomicU32, Ordering};

use fixture::*;
use mailstead_storage::*;

fn word<T>(result: Result<T>) -> Word {
    result.err().map(|error| error.word).expect("an error")
}

fn names(fixture: &Fixture) -> Vec<String> {
    fixture.store.mailboxes(fixture.account).unwrap().into_iter().map(|mailbox| mailbox.name).collect()
}

fn change(mode: FlagMode, system: Flags, keywords: &[&str]) -> FlagChange {
    FlagChange { mode, system, keywords: keywords.iter().map(|keyword| (*keyword).to_owned()).collect() }
}

#[test]
fn a_new_account_has_its_mailboxes() {
    let fixture = Fixture::new();
    let expected = ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"];
    assert_eq!(names(&fixture), expected);
    assert_eq!(fixture.store.subscriptions(fixture.account).unwrap(), expected);
    let sent = fixture.store.mailbox_for(fixture.account, SpecialUse::Sent).unwrap().unwrap();
    assert_eq!((sent.name.as_str(), sent.counters.uid_next), ("Sent", 1));
    let mut validities: Vec<u32> =
        fixture.store.mailboxes(fixture.account).unwrap().iter().map(|m| m.counters.uid_validity).collect();
    validities.sort_unstable();
    validities.dedup();
    assert_eq!(validities.len(), 6);
}

#[test]
fn mailboxes_are_made_renamed_and_removed() {
    let fixture = Fixture::new();
    let (store, account) = (&fixture.store, fixture.account);
    let create = |name: &str| store.create_mailbox(account, name, None).wait();
    assert_eq!(create("a/b/c").unwrap().name, "a/b/c");
    assert!(names(&fixture).contains(&"a/b".to_owned()));
    assert_eq!(word(create("a/b")), Word::Exists);
    assert_eq!(word(create("inbox")), Word::Exists);
    assert_eq!(word(create("a//b")), Word::Invalid);
    assert_eq!(create("inbox/x").unwrap().name, "INBOX/x");
    assert_eq!(store.mailbox(account, "iNboX/x").unwrap().unwrap().name, "INBOX/x");
    let rename = |from: &str, to: &str| store.rename_mailbox(account, from, to).wait();
    let id = fixture.mailbox("a/b/c");
    assert_eq!(word(rename("a", "a/b/x")), Word::Invalid);
    assert_eq!(word(rename("a", "Sent")), Word::Exists);
    assert_eq!(word(rename("nothing", "x")), Word::NotFound);
    rename("a", "new/place").unwrap();
    assert_eq!(fixture.mailbox("new/place/b/c"), id);
    assert!(store.mailbox(account, "a").unwrap().is_none());
    let remove = |name: &str| store.delete_mailbox(account, name).wait();
    assert_eq!(word(remove("INBOX")), Word::NotAllowed);
    assert_eq!(word(remove("nothing")), Word::NotFound);
    remove("new/place").unwrap();
    assert_eq!(fixture.mailbox("new/place/b/c"), id);
    assert!(store.mailbox(account, "new/place").unwrap().is_none());
    let again = create("new/place").unwrap();
    assert!(again.counters.uid_validity > store.counters(id).unwrap().uid_validity);
    store.subscribe(account, "not/there", true).wait().unwrap();
    store.subscribe(account, "Sent", false).wait().unwrap();
    let subscribed = store.subscriptions(account).unwrap();
    assert!(subscribed.contains(&"not/there".to_owned()) && !subscribed.contains(&"Sent".to_owned()));
    assert_sound(store);
}

#[test]
fn renaming_inbox_moves_its_messages() {
    let fixture = Fixture::new();
    let inbox = fixture.inbox();
    for number in 0..3 {
        append(&fixture.store, inbox, &body(number, 10), Flags::default()).unwrap();
    }
    fixture.store.rename_mailbox(fixture.account, "INBOX", "Old").wait().unwrap();
    assert_eq!(fixture.store.counters(inbox).unwrap().exists, 0);
    assert_eq!(fixture.store.counters(fixture.mailbox("Old")).unwrap().exists, 3);
    assert_sound(&fixture.store);
}

#[test]
fn flags_and_keywords_change_and_are_counted() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    for number in 0..200 {
        append(store, inbox, &body(number, 10), Flags::default()).unwrap();
    }
    let modseq = store.counters(inbox).unwrap().modseq;
    let some = uids(&[1, 64, 65, 200, 500]);
    let stored = store.store_flags(inbox, some.clone(), change(FlagMode::Add, Flags::SEEN, &["$Junk", "work"]), None);
    let stored = stored.wait().unwrap();
    assert_eq!(stored.records.iter().map(|record| record.uid).collect::<Vec<_>>(), [1, 64, 65, 200]);
    assert!(stored.records.iter().all(|record| record.modseq == modseq + 1 && record.flags == Flags(1 | 32 | 64)));
    assert_eq!(stored.keywords, ["$Junk", "work"]);
    assert_eq!(store.counters(inbox).unwrap().unseen, 196);
    let changes = store.changes(inbox, modseq).unwrap();
    assert_eq!(changes.records, stored.records);
    // Nothing changes, so nothing gets a new modseq.
    store.store_flags(inbox, some.clone(), change(FlagMode::Add, Flags::SEEN, &["WORK"]), None).wait().unwrap();
    assert_eq!(store.counters(inbox).unwrap().modseq, modseq + 1);
    let removed = store.store_flags(inbox, some, change(FlagMode::Remove, Flags::SEEN, &["$junk", "no"]), None);
    let removed = removed.wait().unwrap();
    assert!(removed.records.iter().all(|record| record.flags == Flags(64)));
    assert_eq!(removed.keywords, ["$Junk", "work"]);
    // UNCHANGEDSINCE
    let guarded =
        store.store_flags(inbox, uids(&[1, 2]), change(FlagMode::Replace, Flags::DELETED, &[]), Some(modseq)).wait();
    let guarded = guarded.unwrap();
    assert_eq!((guarded.modified, guarded.records.len()), (uids(&[1]), 1));
    assert_eq!(store.counters(inbox).unwrap().deleted, 1);
    let wrong = store.store_flags(inbox, uids(&[1]), change(FlagMode::Add, Flags(32), &[]), None).wait();
    assert_eq!(word(wrong), Word::Invalid);
    let many: Vec<String> = (0..58).map(|number| format!("k{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let too_many = store.store_flags(inbox, uids(&[1]), change(FlagMode::Add, Flags::default(), &many), None).wait();
    assert_eq!(word(too_many), Word::Limit);
    let fit = store.store_flags(inbox, uids(&[1]), change(FlagMode::Add, Flags::default(), &many[..57]), None).wait();
    assert_eq!(fit.unwrap().records[0].flags, Flags(u64::MAX << 6));
    assert_sound(store);
}

#[test]
fn copies_share_bytes_and_translate_keywords() {
    let fixture = Fixture::new();
    let (store, inbox, sent) = (&fixture.store, fixture.inbox(), fixture.mailbox("Sent"));
    let mut first = append_of(inbox, Flags::SEEN);
    first.attributes.keywords = vec!["one".to_owned(), "two".to_owned()];
    append_with(store, b"hello", first).unwrap();
    store.store_flags(inbox, uids(&[1]), change(FlagMode::Remove, Flags::default(), &["one"]), None).wait().unwrap();
    let copied = store.copy(inbox, all(), sent, NOW.plus_seconds(5)).wait().unwrap();
    assert_eq!(copied.uids, [(1, 1)]);
    assert_eq!(copied.uid_validity, store.counters(sent).unwrap().uid_validity);
    assert_eq!(store.open_mailbox(sent).unwrap().keywords, ["two"]);
    let (old, new) = (store.records(inbox, &all(), 9).unwrap()[0], store.records(sent, &all(), 9).unwrap()[0]);
    assert_eq!((new.blob, new.size, new.internal_date), (old.blob, old.size, old.internal_date));
    assert_eq!((old.flags, new.flags), (Flags(1 | 64), Flags(1 | 32)));
    assert_eq!(u64::from(new.save_date), NOW.seconds() + 5);
    // Onto itself
    assert_eq!(store.copy(inbox, all(), inbox, NOW).wait().unwrap().uids, [(1, 2)]);
    assert_eq!(store.move_messages(inbox, uids(&[1]), inbox, NOW).wait().unwrap().uids, [(1, 3)]);
    assert_eq!(store.open_mailbox(inbox).unwrap().uids, uids(&[2, 3]));
    assert_eq!(word(store.copy(inbox, all(), MailboxId(999), NOW).wait()), Word::NotFound);
    assert_eq!(store.copy(inbox, uids(&[77]), sent, NOW).wait().unwrap().uids, []);
    assert_sound(store);
}

#[test]
fn expunged_uids_are_remembered_up_to_a_floor() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    for number in 0..5 {
        append(store, inbox, &body(number, 10), Flags::DELETED).unwrap();
    }
    let start = store.counters(inbox).unwrap().modseq;
    assert_eq!(store.expunge(inbox, Some(uids(&[2, 4, 9])), true).wait().unwrap().uids, uids(&[2, 4]));
    let middle = store.counters(inbox).unwrap().modseq;
    assert_eq!(store.expunge(inbox, None, true).wait().unwrap().uids, uids(&[1, 3, 5]));
    assert_eq!(store.changes(inbox, start).unwrap().vanished, uids(&[1, 2, 3, 4, 5]));
    assert_eq!(store.changes(inbox, middle).unwrap().vanished, uids(&[1, 3, 5]));
    assert_eq!(store.expunge(inbox, None, true).wait().unwrap().uids, UidSet::default());
    // Past the bound the oldest are forgotten, and the floor says so.
    let kept = append(store, inbox, b"x", Flags::default()).unwrap();
    let moves = last_uid(&kept)..last_uid(&kept) + 10_001;
    let last: Vec<_> = moves.map(|uid| store.move_messages(inbox, uids(&[uid]), inbox, NOW)).collect();
    for pending in last {
        assert_eq!(pending.wait().unwrap().uids.len(), 1);
    }
    let counters = store.counters(inbox).unwrap();
    assert!(counters.vanished_floor > middle && counters.vanished_floor < counters.modseq);
    assert!(store.changes(inbox, counters.vanished_floor).unwrap().vanished.count() > 4000);
    assert_sound(store);
}

#[test]
fn quotas_hold() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    let mut account = (*store.directory().accounts[&fixture.account]).clone();
    account.quota_bytes = 100;
    store.update_account(account).wait().unwrap();
    append(store, inbox, &[0; 60], Flags::default()).unwrap();
    assert_eq!(word(append(store, inbox, &[0; 41], Flags::default())), Word::OverQuota);
    assert_eq!(word(store.copy(inbox, all(), inbox, NOW).wait()), Word::OverQuota);
    append(store, inbox, &[0; 40], Flags::default()).unwrap();
    // A move within the account needs no room.
    store.move_messages(inbox, all(), fixture.mailbox("Trash"), NOW).wait().unwrap();
    assert_eq!(store.usage(fixture.account), Ok(Usage { bytes: 100, messages: 2 }));
    assert_sound(store);
}

#[test]
fn recent_and_logins_ride_along() {
    let mut fixture = Fixture::new();
    let inbox = fixture.inbox();
    append(&fixture.store, inbox, b"x", Flags::default()).unwrap();
    fixture.store.note_recent(inbox, 2);
    fixture.store.note_recent(inbox, 1);
    let login = LastLogin { at: NOW, protocol: "imap".into(), from: "::1".into() };
    fixture.store.note_login(fixture.account, login.clone());
    for _ in 0..2 {
        assert_eq!(fixture.store.counters(inbox).unwrap().recent_from, 2);
        assert_eq!(fixture.store.last_login(fixture.account).unwrap(), Some(login.clone()));
        fixture.reopen();
    }
}

#[test]
fn what_is_noted_is_seen_while_it_is_written() {
    let fixture = Fixture::new();
    let (store, account, inbox) = (&fixture.store, fixture.account, fixture.inbox());
    let noted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for round in 1..=300 {
                append(store, inbox, b"x", Flags::default()).unwrap();
                store.note_recent(inbox, round + 1);
                let at = NOW.plus_seconds(round.into());
                store.note_login(account, LastLogin { at, protocol: "imap".into(), from: "::1".into() });
                noted.store(round, Ordering::SeqCst);
                store.set_setting("round", Some(round.to_string())).wait().unwrap();
            }
        });
        while !writing.is_finished() {
            let round = noted.load(Ordering::SeqCst);
            if round > 0 {
                let at = NOW.plus_seconds(round.into());
                assert!(store.logins(account).unwrap().iter().any(|login| login.at >= at));
                assert!(store.last_logins().unwrap()[&account] >= at);
                assert!(store.last_login(account).unwrap().unwrap().at >= at);
                assert!(store.counters(inbox).unwrap().recent_from > round);
            }
        }
    });
}

#[test]
fn the_directory_is_kept() {
    let mut fixture = Fixture::new();
    let store = &fixture.store;
    assert_eq!(word(store.add_domain("example.test", NOW).wait()), Word::Exists);
    assert_eq!(word(store.remove_domain("example.test").wait()), Word::NotAllowed);
    assert_eq!(word(store.remove_domain("other.test").wait()), Word::NotFound);
    let new = |address: &str| NewAccount { address: address.into(), ..NewAccount::default() };
    assert_eq!(word(store.add_account(new("alice@example.test"), NOW).wait()), Word::Exists);
    assert_eq!(word(store.add_account(new("a@other.test"), NOW).wait()), Word::NotFound);
    assert_eq!(word(store.put_alias("alice@example.test", vec![], NOW).wait()), Word::Exists);
    store.put_alias("all@example.test", vec!["alice@example.test".into()], NOW).wait().unwrap();
    assert_eq!(word(store.add_account(new("all@example.test"), NOW).wait()), Word::Exists);
    let old = Domain::clone(&store.directory().domains["example.test"]);
    let domain = Domain { catch_all: Some("alice@example.test".into()), ..old };
    store.update_domain(domain.clone()).wait().unwrap();
    let bob = store.add_account(new("bob@example.test"), NOW).wait().unwrap();
    let inbox = store.mailbox(bob, "INBOX").unwrap().unwrap().id;
    for number in 0..300 {
        append(store, inbox, &body(number, 10), Flags::default()).unwrap();
    }
    assert_eq!(store.setting("a"), Ok(None));
    store.set_setting("a", Some("b".into())).wait().unwrap();
    fixture.reopen();
    let store = &fixture.store;
    let directory = store.directory();
    assert_eq!(*directory.domains["example.test"], domain);
    assert!(matches!(directory.recipient("all@example.test"), Some(Recipient::Alias(alias)) if alias.created == NOW));
    assert!(matches!(directory.recipient("bob@example.test"), Some(Recipient::Account(account)) if account.id == bob));
    assert_eq!(store.setting("a"), Ok(Some("b".into())));
    store.remove_account(bob).wait().unwrap();
    assert!(store.directory().recipient("bob@example.test").is_none());
    assert_eq!(store.mailboxes(bob), Ok(vec![]));
    assert_eq!(word(store.open_mailbox(inbox)), Word::NotFound);
    store.remove_alias("all@example.test").wait().unwrap();
    assert_eq!(word(store.remove_alias("all@example.test").wait()), Word::NotFound);
    let again = store.add_account(new("bob@example.test"), NOW).wait().unwrap();
    assert!(again > bob);
    // What is given back bit by bit is sound at every moment.
    assert_sound(store);
    fixture.reopen();
    assert_sound(&fixture.store);
}

#[test]
fn refused_jobs_harm_nobody_in_their_batch() {
    let fixture = Fixture::new();
    let (store, account) = (&fixture.store, fixture.account);
    let pending: Vec<_> =
        (0..200).map(|number| store.create_mailbox(account, &format!("m{}", number % 100), None)).collect();
    let made = pending.into_iter().map(Pending::wait).filter(Result::is_ok).count();
    assert_eq!(made, 100);
    assert_sound(store);
}

#[test]
fn the_bell_rings_once_the_change_can_be_read() {
    struct Heard(std::sync::Mutex<Vec<News>>);
    impl Bell for Heard {
        fn ring(&self, news: &News) {
            self.0.lock().unwrap().push(news.clone());
        }
    }
    let heard = std::sync::Arc::new(Heard(std::sync::Mutex::default()));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(small_options(folder.path()), heard.clone()).unwrap();
    let account = people(&store);
    let inbox = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    let accepted = accept(&store, b"x", arrival(&["alice@example.test"])).unwrap();
    let leased = store.lease(1, NOW).unwrap();
    store.settle(vec![delivered(&leased[0], inbox)]).wait().unwrap();
    store.close().unwrap();
    let heard = heard.0.lock().unwrap();
    assert!(heard.iter().any(|news| news.directory));
    assert!(heard.iter().any(|news| news.spool == [accepted.id]));
    assert!(heard.iter().any(|news| news.mailboxes == [inbox]));
}
