//! Rights, mailboxes of domains, quotas and annotations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use fixture::*;
use mailstead_storage::*;

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";

fn rights(letters: &str) -> Rights {
    letters.parse().unwrap()
}

fn word<T>(result: Result<T>) -> Word {
    result.err().map(|error| error.word).expect("an error")
}

fn grant(store: &Store, mailbox: MailboxId, identifier: &str, letters: &str) -> Result<()> {
    store.set_rights(mailbox, identifier, RightsChange::Replace(rights(letters))).wait()
}

/// The list of a mailbox, as text.
fn list(store: &Store, mailbox: MailboxId) -> String {
    let (_, acl) = store.acl(mailbox).unwrap();
    acl.entries().map(|(identifier, rights)| format!("{identifier} {rights}, ")).collect()
}

/// The names of the mailboxes whose list names this address.
fn naming(store: &Store, address: &str) -> Vec<String> {
    store.mailboxes_naming(address).unwrap().into_iter().map(|(mailbox, _)| mailbox.name).collect()
}

fn bob(store: &Store) -> AccountId {
    let new = NewAccount { address: BOB.into(), ..NewAccount::default() };
    store.add_account(new, NOW).wait().unwrap()
}

#[test]
fn rights_are_kept_and_found() {
    let mut fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    assert_eq!(list(store, inbox), "");
    grant(store, inbox, BOB, "lr").unwrap();
    assert_eq!(list(store, inbox), "alice@example.test lrswipkxtea, bob@example.test lr, ");
    store.set_rights(inbox, BOB, RightsChange::Add(rights("s"))).wait().unwrap();
    store.set_rights(inbox, ALICE, RightsChange::Replace(Rights::NONE)).wait().unwrap();
    grant(store, inbox, "-anyone", "w").unwrap();
    assert_eq!(list(store, inbox), "-anyone w, alice@example.test la, bob@example.test lrs, ");
    assert_eq!((naming(store, BOB), naming(store, "carol@example.test")), (vec!["INBOX".to_owned()], vec![]));
    assert_sound(store);
    fixture.reopen();
    let store = &fixture.store;
    assert_eq!(list(store, inbox), "-anyone w, alice@example.test la, bob@example.test lrs, ");
    grant(store, inbox, "-anyone", "").unwrap();
    grant(store, inbox, BOB, "").unwrap();
    grant(store, inbox, ALICE, "lrswipkxtea").unwrap();
    assert_eq!((list(store, inbox).as_str(), naming(store, ALICE).len()), ("", 0));
    assert_eq!(word(grant(store, inbox, "-", "l")), Word::Invalid);
    assert_eq!(word(grant(store, MailboxId(999), BOB, "l")), Word::NotFound);
    let change = RightsChange::Replace(Rights::LOOKUP);
    let many: Vec<_> =
        (0..999).map(|number| store.set_rights(inbox, &format!("u{number}@example.test"), change)).collect();
    many.into_iter().for_each(|pending| pending.wait().unwrap());
    assert_eq!(word(grant(store, inbox, BOB, "l")), Word::Limit);
    assert_sound(store);
}

#[test]
fn new_mailboxes_take_over_rights() {
    let fixture = Fixture::new();
    let (store, account) = (&fixture.store, fixture.account);
    let team = store.create_mailbox(account, "Team", None).wait().unwrap().id;
    grant(store, team, BOB, "lr").unwrap();
    let below = store.create_mailbox(account, "Team/a/b", None).wait().unwrap().id;
    assert_eq!(list(store, below), list(store, team));
    assert_eq!(naming(store, BOB), ["Team", "Team/a", "Team/a/b"]);
    store.rename_mailbox(account, "Team/a", "Other").wait().unwrap();
    assert_eq!(list(store, below), list(store, team));
    store.delete_mailbox(account, "Team").wait().unwrap();
    assert_eq!(naming(store, BOB), ["Other", "Other/b"]);
    assert_sound(store);
}

#[test]
fn who_goes_leaves_no_rights_behind() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    let account = bob(store);
    let theirs = store.mailbox(account, "INBOX").unwrap().unwrap().id;
    grant(store, inbox, BOB, "lr").unwrap();
    grant(store, inbox, "-bob@example.test", "w").unwrap();
    grant(store, theirs, ALICE, "lr").unwrap();
    let note = |place, account, entry: &str| {
        store.set_metadata(place, account, vec![(entry.to_owned(), Some(b"x".to_vec()))]).wait().unwrap();
    };
    note(Some(inbox), account, "/private/comment");
    note(None, account, "/private/comment");
    note(Some(inbox), account, "/shared/comment");
    note(Some(theirs), fixture.account, "/private/comment");
    store.remove_account(account).wait().unwrap();
    assert_eq!(list(store, inbox), "alice@example.test lrswipkxtea, ");
    assert_eq!(naming(store, ALICE), ["INBOX"]);
    let left = |place, account| store.metadata(place, account, &|_| true).unwrap().len();
    assert_eq!((left(Some(inbox), account), left(None, account), left(Some(theirs), fixture.account)), (1, 0, 0));
    assert_sound(store);
}

#[test]
fn a_domain_owns_mailboxes() {
    let mut fixture = Fixture::new();
    let store = &fixture.store;
    store.add_domain("other.test", NOW).wait().unwrap();
    let domain = Domain::clone(&store.directory().domains["other.test"]);
    let owner = domain.mailboxes;
    assert!(matches!(store.directory().owner(owner), Some(Owner::Domain(domain)) if domain.name == "other.test"));
    let desk = store.create_mailbox(owner, "Desk", None).wait().unwrap().id;
    grant(store, desk, "anyone", "lri").unwrap();
    assert_eq!(list(store, desk), "anyone lri, ");
    append(store, desk, b"x", Flags::default()).unwrap();
    store.set_quota(owner, Quota { bytes: 0, messages: 1 }).wait().unwrap();
    assert_eq!(word(append(store, desk, b"x", Flags::default())), Word::OverQuota);
    assert_eq!(store.usage(owner), Ok(Usage { bytes: 1, messages: 1 }));
    assert_eq!(word(store.update_domain(Domain { mailboxes: AccountId(1), ..domain }).wait()), Word::Invalid);
    assert_eq!(word(store.remove_domain("other.test").wait()), Word::NotAllowed);
    assert_eq!(word(store.set_quota(AccountId(999), Quota::default()).wait()), Word::NotFound);
    assert_eq!(word(store.create_mailbox(AccountId(999), "x", None).wait()), Word::NotFound);
    assert_sound(store);
    fixture.reopen();
    let store = &fixture.store;
    assert_eq!(naming(store, ALICE), ["Desk"]);
    store.delete_mailbox(owner, "Desk").wait().unwrap();
    store.remove_domain("other.test").wait().unwrap();
    assert_sound(store);
}

#[test]
fn names_of_namespaces_are_nobodys() {
    let fixture = Fixture::new();
    let (store, account) = (&fixture.store, fixture.account);
    for name in ["Shared", "Shared/x", "Other Users", "Other Users/x/y"] {
        assert_eq!(word(store.create_mailbox(account, name, None).wait()), Word::Invalid, "{name}");
        assert_eq!(word(store.rename_mailbox(account, "Sent", name).wait()), Word::Invalid, "{name}");
        store.subscribe(account, name, true).wait().unwrap();
    }
    store.create_mailbox(account, "x/Shared", None).wait().unwrap();
}

#[test]
fn flags_go_along_as_allowed() {
    let fixture = Fixture::new();
    let (store, inbox, trash) = (&fixture.store, fixture.inbox(), fixture.mailbox("Trash"));
    append(store, inbox, b"x", Flags::SEEN.with(Flags::FLAGGED).with(Flags::DELETED)).unwrap();
    let work = FlagChange { mode: FlagMode::Add, system: Flags::default(), keywords: vec!["Work".into()] };
    store.store_flags(inbox, all(), work, None).wait().unwrap();
    let copied = |letters: &str| {
        store.transfer(inbox, all(), trash, false, rights(letters).flags(), NOW).wait().unwrap();
        let opened = store.open_mailbox(trash).unwrap();
        let last = store.records(trash, &opened.uids, 10).unwrap().pop().unwrap();
        (Flags(last.flags.0 & 31), last.flags.0 >> 5, opened.keywords.len())
    };
    assert_eq!(copied("lri"), (Flags::default(), 0, 0));
    assert_eq!(copied("lrist"), (Flags::SEEN.with(Flags::DELETED), 0, 0));
    assert_eq!(copied("lriw"), (Flags::FLAGGED, 1, 1));
    let within = FlagMode::ReplaceWithin(rights("s").flags());
    let change = FlagChange { mode: within, system: Flags::default(), keywords: Vec::new() };
    let stored = store.store_flags(inbox, all(), change, None).wait().unwrap();
    assert_eq!(Flags(stored.records[0].flags.0 & 31), Flags::FLAGGED.with(Flags::DELETED));
    assert_eq!(stored.records[0].flags.0 >> 5, 1);
    assert_sound(store);
}

#[test]
fn messages_count_for_a_quota() {
    let fixture = Fixture::new();
    let (store, inbox) = (&fixture.store, fixture.inbox());
    store.set_quota(fixture.account, Quota { bytes: 0, messages: 2 }).wait().unwrap();
    append(store, inbox, b"x", Flags::default()).unwrap();
    store.copy(inbox, all(), fixture.mailbox("Trash"), NOW).wait().unwrap();
    assert_eq!(word(store.copy(inbox, all(), inbox, NOW).wait()), Word::OverQuota);
    assert_eq!(word(append(store, inbox, b"x", Flags::default())), Word::OverQuota);
    store.move_messages(inbox, all(), fixture.mailbox("Sent"), NOW).wait().unwrap();
    assert_sound(store);
}

#[test]
fn annotations_are_kept() {
    let mut fixture = Fixture::new();
    let (store, inbox, alice) = (&fixture.store, fixture.inbox(), fixture.account);
    let bob = bob(store);
    let set = |store: &Store, account, entry: &str, value: Option<&[u8]>| {
        store.set_metadata(Some(inbox), account, vec![(entry.to_owned(), value.map(<[u8]>::to_vec))]).wait()
    };
    let told = |store: &Store, account| -> String {
        let all = store.metadata(Some(inbox), account, &|_| true).unwrap();
        all.iter().map(|one| format!("{}={} ", one.entry, String::from_utf8_lossy(&one.value))).collect()
    };
    set(store, alice, "/private/comment", Some(b"mine")).unwrap();
    set(store, bob, "/private/comment", Some(b"his")).unwrap();
    set(store, bob, "/shared/comment", Some(b"ours")).unwrap();
    assert_eq!(told(store, alice), "/private/comment=mine /shared/comment=ours ");
    fixture.reopen();
    let store = &fixture.store;
    assert_eq!(told(store, bob), "/private/comment=his /shared/comment=ours ");
    assert_eq!(store.metadata(Some(inbox), bob, &|entry| entry.contains("priv")).unwrap().len(), 1);
    assert_eq!(store.metadata(None, bob, &|_| true).unwrap(), []);
    set(store, alice, "/shared/comment", None).unwrap();
    assert_eq!(told(store, bob), "/private/comment=his ");
    assert_eq!(word(set(store, bob, "/private/x", Some(&[0; METADATA_VALUE_BYTES_MAX + 1]))), Word::Invalid);
    let many = (0..100).map(|number| (format!("/private/{number}"), Some(Vec::new()))).collect();
    assert_eq!(word(store.set_metadata(Some(inbox), bob, many).wait()), Word::Limit);
    assert_eq!(told(store, bob), "/private/comment=his ");
    store.delete_mailbox(alice, "Trash").wait().unwrap();
    assert_sound(store);
}
