//! Logins against a store.

use std::time::{Duration, Instant};

use mailstead_storage::{NewAccount, Options, Silent, Time};

use super::super::resolve::tests::{account, directory};
use super::*;
use crate::people::policy::Policy;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The people of a fresh store: alice and carol with the password `secret`.
struct Box {
    people: People,
    clock: Clock,
    alice: AccountId,
    carol: AccountId,
    _data: tempfile::TempDir,
}

impl Box {
    async fn new() -> Box {
        let data = tempfile::tempdir().expect("a directory");
        let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("opens");
        let clock = Clock::standing(Time(1_000_000));
        store.add_domain("example.test", clock.now()).await.expect("added");
        let (hash, verifier) = password::credentials("secret");
        let add = |address: &str| {
            let (password, scram) = (hash.clone(), Some(verifier.clone()));
            let account = NewAccount { address: address.into(), password, scram, ..NewAccount::default() };
            store.add_account(account, clock.now())
        };
        let alice = add("alice@example.test").await.expect("added");
        let carol = add("carol@example.test").await.expect("added");
        store.put_alias("sales@example.test", vec!["alice@example.test".into()], clock.now()).await.expect("put");
        Box { people: People::new(store, clock.clone()), clock, alice, carol, _data: data }
    }

    async fn tries(&self, user: &str, password: &str) -> std::result::Result<AccountId, Denied> {
        self.people.log_in(user, password, "imap", HERE).await.map(|login| login.account)
    }

    async fn disable_carol(&self) {
        let directory = self.people.store().directory();
        let row = Account { enabled: false, ..Account::clone(&directory.accounts[&self.carol]) };
        self.people.store().update_account(row).await.expect("updated");
    }
}

#[tokio::test]
async fn who_is_let_in() {
    let house = Box::new().await;
    house.disable_carol().await;
    let alice = Ok(house.alice);
    for (user, password, expected) in [
        ("alice@example.test", "secret", alice),
        ("ALICE@example.TEST", "secret", alice),
        ("alice", "secret", alice),
        ("alice", "Secret", Err(Denied::Wrong)),
        ("alice", "", Err(Denied::Wrong)),
        ("sales@example.test", "secret", Err(Denied::Wrong)),
        ("nobody@example.test", "secret", Err(Denied::Wrong)),
        ("carol", "secret", Err(Denied::Disabled)),
        ("carol", "wrong", Err(Denied::Wrong)),
    ] {
        assert_eq!(house.tries(user, password).await, expected, "{user} {password}");
    }
    assert_eq!(house.people.admit("carol", "pop3", HERE), Err(Denied::Disabled));
    assert_eq!(house.people.admit("nobody", "pop3", HERE), Err(Denied::Wrong));
    let admitted = house.people.admit("Alice", "pop3", HERE).expect("admitted");
    assert_eq!((&*admitted.address, admitted.role), ("alice@example.test", Role::User));
    let last = house.people.store().last_login(house.alice).expect("read").expect("noted");
    let expected = LastLogin { at: house.clock.now(), protocol: "pop3".into(), from: "127.0.0.1".into() };
    assert_eq!(last, expected);
}

/// A password that is too old lets nobody in by any protocol of mail; on the web it is proven, so that it can be changed.
#[tokio::test]
async fn a_password_ends_with_its_time() {
    let house = Box::new().await;
    let scram = async || house.people.admit_by_scram("alice", "imap", HERE).await.map(|login| login.account);
    let policy = Policy { months_max: 1, ..Policy::default() };
    let policies = Policies { standard: policy, ..Policies::default() };
    assert_eq!(house.tries("alice", "secret").await, Ok(house.alice));
    house.people.set_password_policies(policies).await.expect("set");
    // When it was set is not known: its time begins when it is first seen.
    assert_eq!(scram().await, Ok(house.alice));
    let begin = house.clock.now();
    house.clock.set(begin.plus_seconds(27 * 86_400));
    assert_eq!((house.tries("alice", "secret").await, scram().await), (Ok(house.alice), Ok(house.alice)));
    assert_eq!(house.tries("carol", "secret").await, Ok(house.carol), "seen later");
    house.clock.set(begin.plus_seconds(32 * 86_400));
    assert_eq!(house.tries("alice", "secret").await, Err(Denied::Expired));
    assert_eq!(house.tries("alice", "wrong").await, Err(Denied::Wrong));
    assert_eq!(scram().await, Err(Denied::Expired));
    assert_eq!(house.tries("carol", "secret").await, Ok(house.carol));
    let proven = house.people.prove_for_web("alice", "secret", HERE).await.expect("proven");
    assert_eq!(house.people.is_password_expired(&proven).await, Ok(true));
    house.people.set_password(house.alice, "another").await.expect("set");
    assert_eq!(house.tries("alice", "another").await, Ok(house.alice));
    assert_eq!(scram().await, Ok(house.alice));
}

#[tokio::test]
async fn a_second_login_is_quick_until_the_password_changes() {
    let house = Box::new().await;
    assert_eq!(house.tries("alice", "secret").await, Ok(house.alice));
    let quickest = async |password: &str| {
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let _ = house.tries("alice", password).await;
            quickest = quickest.min(start.elapsed());
        }
        quickest
    };
    let (again, wrong) = (quickest("secret").await, quickest("wrong").await);
    assert!(again * 20 < wrong, "{again:?} {wrong:?}");

    house.clock.set(house.clock.now().plus_seconds(10 * 60));
    let start = Instant::now();
    assert_eq!(house.tries("alice", "secret").await, Ok(house.alice));
    assert!(start.elapsed() * 2 > wrong);

    house.people.set_password(house.alice, "other").await.expect("set");
    assert_eq!(house.tries("alice", "secret").await, Err(Denied::Wrong));
    assert_eq!(house.tries("alice", "other").await, Ok(house.alice));
    let refused = house.people.set_password(house.alice, "a\nb").await.expect_err("refused");
    assert_eq!(refused.word, Word::Invalid);
    let missing = house.people.set_password(AccountId(999), "other").await.expect_err("refused");
    assert_eq!(missing.word, Word::NotFound);
}

#[tokio::test]
async fn unknown_users_look_like_others_to_scram() {
    let house = Box::new().await;
    let (known, made_up) = (house.people.scram_verifier("alice"), house.people.scram_verifier("nobody"));
    assert_eq!((known.salt.len(), known.iterations), (made_up.salt.len(), made_up.iterations));
    assert!(made_up == house.people.scram_verifier("NOBODY@example.test"));
    // Writes come one after the other: when this one is durable, the key is.
    house.people.store().set_setting("any", None).await.expect("set");
    let again = People::new(house.people.store().clone(), house.clock.clone());
    assert!(made_up == again.scram_verifier("nobody"), "also after a restart");
}

#[test]
fn login_names() {
    let mut directory = directory(&["example.test"], &[account(1, "alice@example.test")], &[]);
    for (user, expected) in [
        ("alice@example.test", true),
        ("ALICE@Example.Test", true),
        ("Alice", true),
        ("alice+x", false),
        ("alice@", false),
        ("bob", false),
        ("", false),
    ] {
        assert_eq!(find(&directory, user).is_some(), expected, "{user:?}");
    }
    let second = directory.domains["example.test"].clone();
    directory.domains.insert("second.test".into(), second);
    assert!(find(&directory, "alice").is_none());
    assert!(find(&directory, "alice@example.test").is_some());
}

#[test]
fn made_up_verifiers_stay_the_same() {
    let (first, second) = (decoy(&[1; 32], "x@example.test"), decoy(&[1; 32], "x@example.test"));
    assert!(first == second && first.salt.len() == password::SALT_BYTES);
    assert!(first != decoy(&[1; 32], "y@example.test") && first != decoy(&[2; 32], "x@example.test"));
}
