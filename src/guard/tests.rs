//! The guard on a store of its own, at a told time.

use std::sync::Arc;

use mailstead_storage::{NewAccount, Options, Role, Silent, SpoolFilter};

use super::*;
use crate::people::sessions::SessionGuard;
use crate::people::{Login, LoginWatch};

const START: Time = Time(1_800_000_000_000);
const STRANGER: &str = "192.0.2.9";

struct Box {
    guard: Guard,
    store: Store,
    sessions: Sessions,
    clock: Clock,
    data: tempfile::TempDir,
}

impl Box {
    fn new() -> Box {
        let data = tempfile::tempdir().expect("a directory");
        Box::open(data, START)
    }

    fn open(data: tempfile::TempDir, now: Time) -> Box {
        let options = Options { disk_free_bytes_min: 0, ..Options::new(data.path()) };
        let store = Store::open(options, Arc::new(Silent)).expect("the store opens");
        let (clock, sessions) = (Clock::standing(now), Sessions::default());
        let parts = Parts {
            store: store.clone(),
            sessions: sessions.clone(),
            intake: Intake::new(store.clone(), clock.clone(), 1 << 20),
            clock: clock.clone(),
            log: Log::none(),
            hostname: "mx.example.test".into(),
        };
        Box { guard: Guard::open(parts).expect("opens"), store, sessions, clock, data }
    }

    /// The same store, after the end of this process.
    fn again(self) -> Box {
        let Box { guard, store, clock, data, .. } = self;
        store.close().expect("closes");
        drop((guard, store));
        Box::open(data, clock.now())
    }

    fn wait(&self, seconds: u64) {
        self.clock.set(self.clock.now().plus_seconds(seconds));
    }

    fn connects(&self, ip: &str, protocol: Protocol) -> std::result::Result<(), Refused> {
        self.guard.connection(address(ip), protocol)
    }

    fn fails(&self, ip: &str, times: usize) {
        for _ in 0..times {
            self.guard.failed(None, "imap", address(ip));
        }
    }

    fn session(&self, ip: &str) -> SessionGuard {
        let local = "192.0.2.1:143".parse().expect("an address");
        self.sessions.register("imap", (address(ip), 1234).into(), local, None, self.clock.now())
    }

    async fn account(&self, name: &str, role: Role) -> AccountId {
        if !self.store.directory().domains.contains_key("example.test") {
            self.store.add_domain("example.test", START).await.expect("added");
        }
        let address = format!("{name}@example.test");
        self.store.add_account(NewAccount { address, role, ..NewAccount::default() }, START).await.expect("added")
    }

    /// Waits until something that was begun elsewhere is there.
    async fn until(&self, is_there: impl Fn(&Box) -> bool) {
        for _ in 0..2_000 {
            if is_there(self) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it does not come");
    }
}

fn address(ip: &str) -> IpAddr {
    ip.parse().expect("an address")
}

#[tokio::test]
async fn ten_wrong_passwords_block_and_the_block_ends_or_is_lifted() {
    let house = Box::new();
    house.fails(STRANGER, 9);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Ok(()));
    house.fails(STRANGER, 1);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Err(Refused::Blocked));
    assert_eq!(house.connects(STRANGER, Protocol::Smtp), Ok(()), "the rule is for one protocol");
    assert_eq!(house.connects("192.0.2.10", Protocol::Imap), Ok(()));
    let blocks = house.guard.current_blocks();
    assert_eq!(
        (blocks.len(), blocks[0].rule, blocks[0].until),
        (1, Rule::BruteForce(Protocol::Imap), START.plus_seconds(1800))
    );
    house.wait(1799);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Err(Refused::Blocked));
    house.wait(1);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Ok(()));

    house.fails(STRANGER, 10);
    let origin = Origin::of(address(STRANGER));
    assert_eq!(house.guard.lift(origin).await, Ok(1));
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Ok(()));
    house.fails(STRANGER, 9);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Ok(()), "what was counted is forgotten");
    house.fails(STRANGER, 1);
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Err(Refused::Blocked), "the rule is still there");
}

#[tokio::test]
async fn many_connections_block() {
    let house = Box::new();
    for _ in 0..49 {
        assert_eq!(house.connects("2001:db8::1", Protocol::Pop3), Ok(()));
    }
    assert_eq!(house.connects("2001:db8::ffff", Protocol::Pop3), Err(Refused::Blocked), "of one /64");
    house.wait(300);
    assert_eq!(house.connects("2001:db8::1", Protocol::Pop3), Ok(()));
}

#[tokio::test]
async fn harvesting_and_bad_sessions_shut_out_from_smtp() {
    for (rule, times) in [(Rule::Harvesting, 20), (Rule::BadSessions, 30)] {
        let house = Box::new();
        let happens = |guard: &Guard| match rule {
            Rule::Harvesting => guard.unknown_recipient(address(STRANGER)),
            _ => guard.session_ended_without_message(address(STRANGER)),
        };
        (1..times).for_each(|_| happens(&house.guard));
        assert_eq!(house.connects(STRANGER, Protocol::Smtp), Ok(()));
        happens(&house.guard);
        assert_eq!(house.connects(STRANGER, Protocol::Smtp), Err(Refused::Blocked), "{rule:?}");
        assert_eq!(house.connects(STRANGER, Protocol::Imap), Ok(()));
        assert_eq!(house.guard.current_blocks()[0].rule, rule);
    }
}

#[tokio::test]
async fn who_is_never_blocked() {
    let house = Box::new();
    let admin = house.account("admin", Role::SystemAdministrator).await;
    house
        .guard
        .put_listed(NetworkList::Allowlist, "198.51.100.0/24".parse().expect("a network"), "", None)
        .await
        .expect("listed");
    let login = Login { account: admin, address: "admin@example.test".into(), role: Role::SystemAdministrator };
    house.guard.succeeded(&login, "web", address("203.0.113.5"));
    for ip in ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "198.51.100.77", "203.0.113.5"] {
        house.fails(ip, 100);
        assert_eq!(house.connects(ip, Protocol::Imap), Ok(()), "{ip}");
    }
    house.guard.block_private_networks(true).await.expect("kept");
    house.fails("10.1.2.3", 10);
    assert_eq!(house.connects("10.1.2.3", Protocol::Imap), Err(Refused::Blocked));
    house.wait(24 * 60 * 60);
    house.fails("203.0.113.5", 10);
    assert_eq!(house.connects("203.0.113.5", Protocol::Imap), Err(Refused::Blocked), "the administrator is long gone");
}

#[tokio::test]
async fn blocks_lists_rules_and_holds_outlive_a_restart() {
    let house = Box::new();
    let alice = house.account("alice", Role::User).await;
    house.fails(STRANGER, 10);
    let black: Network = "198.51.100.0/24".parse().expect("a network");
    house.guard.put_listed(NetworkList::Blacklist, black, "spam", Some(START.plus_seconds(100))).await.expect("listed");
    let rule = Rule::Harvesting;
    let numbers = Numbers { threshold: 1, ..rule.definition().defaults };
    house.guard.set_rule(rule, numbers).await.expect("kept");
    assert!(house.guard.set_rule(rule, Numbers { threshold: 0, ..numbers }).await.is_err());
    house.guard.submission(alice, 200);

    let house = house.again();
    assert_eq!(house.connects(STRANGER, Protocol::Imap), Err(Refused::Blocked));
    assert_eq!(house.connects("198.51.100.9", Protocol::Web), Err(Refused::Listed));
    assert!(house.guard.is_held(alice));
    house.guard.unknown_recipient(address("192.0.2.77"));
    assert_eq!(house.connects("192.0.2.77", Protocol::Smtp), Err(Refused::Blocked));
    house.wait(100);
    assert_eq!(house.connects("198.51.100.9", Protocol::Web), Ok(()));
    house.wait(24 * 60 * 60);
    house.guard.tidy();
    house.until(|house| house.store.blocks().expect("readable").is_empty()).await;
    house.until(|house| house.store.listed(NetworkList::Blacklist).expect("readable").is_empty()).await;
}

#[tokio::test]
async fn guessing_one_password_from_everywhere_leaves_its_owner_in_peace() {
    let house = Box::new();
    let alice = house.account("alice", Role::User).await;
    let home = address("198.51.100.1");
    let login = mailstead_storage::LastLogin { at: START, protocol: "imap".into(), from: home.to_string() };
    house.store.note_login(alice, login);
    for last in 1..=20u8 {
        house.guard.failed(Some(alice), "imap", IpAddr::from([192, 0, 2, last]));
        house.guard.failed(Some(alice), "pop3", home);
    }
    house
        .until(|house| {
            house.guard.current_blocks().iter().filter(|block| block.rule == Rule::BruteForceAccount).count() == 20
        })
        .await;
    assert_eq!(house.connects("192.0.2.1", Protocol::Web), Err(Refused::Blocked), "from everything");
    assert_eq!(house.connects("198.51.100.1", Protocol::Imap), Ok(()));
    house.guard.failed(Some(alice), "imap", address("203.0.113.9"));
    house.until(|house| house.connects("203.0.113.9", Protocol::Imap).is_err()).await;
}

#[tokio::test]
async fn strangers_from_a_blocked_address_are_sent_away_and_users_stay() {
    let house = Box::new();
    let (stranger, user, other) = (house.session(STRANGER), house.session(STRANGER), house.session("192.0.2.8"));
    user.set_status(Some("alice@example.test".into()), "selected");
    house.fails(STRANGER, 10);
    stranger.ended().await;
    let is_left = async |session: &SessionGuard| {
        tokio::time::timeout(std::time::Duration::from_millis(5), session.ended()).await.is_err()
    };
    assert!(is_left(&user).await && is_left(&other).await);
    let ended =
        house.guard.put_listed(NetworkList::Blacklist, "192.0.2.0/24".parse().expect("a network"), "", None).await;
    assert_eq!(ended, Ok(3));
    user.ended().await;
}

#[tokio::test]
async fn a_spammer_is_held_and_the_administrators_are_told_once() {
    let house = Box::new();
    let alice = house.account("alice", Role::User).await;
    house.account("admin", Role::SystemAdministrator).await;
    house.guard.submission(alice, 199);
    assert!(!house.guard.is_held(alice));
    house.guard.submission(alice, 1);
    assert!(house.guard.is_held(alice));
    house.guard.submission(alice, 500);
    (0..50).for_each(|_| house.guard.bounce(alice));
    let mails =
        |house: &Box| house.store.spool(&SpoolFilter { limit: 10, ..SpoolFilter::default() }).expect("readable");
    house.until(|house| mails(house).len() == 2).await;
    let letter = house.store.read(mails(&house)[0].id, 0, 1 << 16).expect("readable");
    let letter = String::from_utf8_lossy(&letter).into_owned();
    assert!(
        letter.contains("To: <admin@example.test>") && letter.contains("alice@example.test looks like a spammer"),
        "{letter}"
    );
    assert_eq!(house.guard.release(alice).await, Ok(0));
    assert!(!house.guard.is_held(alice) && house.guard.holds().is_empty());
}
