//! Rules at delivery, in a whole delivery room over a real store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailstead_storage::{
    Account, Away, Envelope, EnvelopeRecipient, NewAccount, Notify, Options, Priority, Provenance, Store, UidRange,
};

use super::remote::{self, Remote};
use super::{Delivery, DeliverySettings, Parts};
use crate::bell::Bell;
use crate::clock::{Clock, Time};
use crate::dns::{Fault, fake::Fake};
use crate::guard::{self, Guard};
use crate::intake::{Acceptance, Intake, Trace};
use crate::log::Log;
use crate::people::People;
use crate::people::sessions::Sessions;
use crate::service::{Services, Stop};

const NOW: Time = Time(1_800_000_000_000);

struct House {
    store: Store,
    intake: Intake,
    services: Services,
    stop: tokio::sync::watch::Sender<bool>,
    room: tokio::task::JoinHandle<()>,
}

impl House {
    async fn open(folder: &std::path::Path) -> House {
        let bell = Bell::default();
        let options = Options { disk_free_bytes_min: 0, ..Options::new(folder) };
        let store = Store::open(options, Arc::new(bell.clone())).expect("store");
        let clock = Clock::standing(NOW);
        let people = People::new(store.clone(), clock.clone());
        let intake = Intake::new(store.clone(), clock.clone(), 1 << 20);
        let guard = Guard::open(guard::Parts {
            store: store.clone(),
            sessions: Sessions::default(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: Log::none(),
            hostname: "mx.example.test".into(),
        });
        let guard = guard.expect("a guard");
        let (stop, stopped) = Stop::new();
        let remote = Remote::open(remote::Parts {
            store: store.clone(),
            resolver: Arc::new(Fake::default().mx_fault("remote.test", Fault::Temporary("it is away".into()))),
            signer: None,
            tls_outcomes: None,
            clock: clock.clone(),
            log: Log::none(),
            settings: DeliverySettings::default().into(),
            hostname: "mx.example.test".into(),
        });
        let delivery = Delivery::new(Parts {
            store: store.clone(),
            people,
            intake: intake.clone(),
            guard,
            remote: remote.expect("the way to other servers"),
            bell,
            clock,
            log: Log::none(),
            settings: DeliverySettings::default().into(),
            hostname: "mx.example.test".into(),
        });
        let room = tokio::spawn(delivery.clone().run(stopped));
        let services = Services::new(store.clone(), Log::none(), vec![Arc::new(delivery)]);
        House { store, intake, services, stop, room }
    }

    async fn with_people(folder: &std::path::Path) -> House {
        let house = House::open(folder).await;
        house.store.add_domain("example.test", NOW).await.expect("domain");
        for name in ["alice", "bob"] {
            let account = NewAccount { address: format!("{name}@example.test"), ..NewAccount::default() };
            house.store.add_account(account, NOW).await.expect("account");
        }
        house
    }

    fn account(&self, name: &str) -> Account {
        Account::clone(&self.store.directory().by_address[&format!("{name}@example.test")])
    }

    async fn script(&self, name: &str, script: &str) {
        let id = self.account(name).id;
        self.store.put_script(id, "rules", script.to_owned()).await.expect("stored");
        self.store.activate_script(id, Some("rules")).await.expect("active");
    }

    async fn send(&self, from: &str, to: &[&str], header: &str) {
        let recipient = |to: &&str| EnvelopeRecipient::new(*to, Notify::DEFAULT);
        let envelope = Envelope::new(from, to.iter().map(recipient).collect());
        let received = "Received: by test\r\n".to_owned();
        let trace = Trace::Fields { reverse_path: from.to_owned(), received, complete_as: None };
        let acceptance = Acceptance { envelope, provenance: Provenance::Received, priority: Priority::Normal };
        let bytes = format!("{header}\r\n\r\ntext\r\n").into_bytes();
        self.intake.accept_bytes(trace, bytes, acceptance).await.expect("accepted");
    }

    /// Delivers until `left` messages are in the spool.
    async fn deliver(&self, left: u64) {
        assert!(self.services.start_wanted().await.is_empty());
        let end = Instant::now() + Duration::from_secs(20);
        while self.store.spool_depth().expect("depth") > left {
            assert!(Instant::now() < end, "the spool does not become empty");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The messages of a mailbox, each from its first byte.
    fn mail(&self, name: &str, mailbox: &str) -> Vec<String> {
        let mailbox = self.store.mailbox(self.account(name).id, mailbox).expect("read");
        let Some(mailbox) = mailbox else { return Vec::new() };
        let all = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
        let records = self.store.records(mailbox.id, &all, 100).expect("records");
        let text = |blob| String::from_utf8(self.store.read(blob, 0, 1 << 20).expect("bytes")).expect("text");
        records.into_iter().map(|record| text(record.blob)).collect()
    }

    fn counts(&self, of: &[(&str, &str)]) -> Vec<usize> {
        of.iter().map(|(name, mailbox)| self.mail(name, mailbox).len()).collect()
    }

    async fn close(self) {
        self.services.stop_all().await;
        self.stop.send_replace(true);
        self.room.await.expect("ends");
        self.store.close().expect("closes");
    }
}

const HEADER: &str = "From: x@remote.test\r\nTo: alice@example.test\r\nSubject: hello\r\nMessage-ID: <1@remote.test>";
const INBOXES: [(&str, &str); 2] = [("alice", "INBOX"), ("bob", "INBOX")];

async fn set(house: &House, name: &str, change: impl FnOnce(&mut Account)) {
    let mut account = house.account(name);
    change(&mut account);
    house.store.update_account(account).await.expect("updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_as_a_setting() {
    let folder = tempfile::tempdir().expect("folder");
    let house = House::with_people(folder.path()).await;
    set(&house, "alice", |alice| (alice.forward, alice.forward_keep) = (vec!["bob@example.test".into()], false)).await;
    house.send("x@remote.test", &["alice@example.test"], HEADER).await;
    house.deliver(0).await;
    assert_eq!(house.counts(&INBOXES), [0, 1]);
    let text = &house.mail("bob", "INBOX")[0];
    assert!(text.starts_with("Return-Path: <SRS0=") && text.contains("=remote.test=x@example.test>\r\n"), "{text}");
    assert!(
        text.contains("\r\nDelivered-To: alice@example.test\r\nReceived: by test\r\nFrom: x@remote.test"),
        "{text}"
    );
    // The two forward to each other: each message is kept once, where it comes around to.
    set(&house, "bob", |bob| bob.forward = vec!["alice@example.test".into()]).await;
    set(&house, "bob", |bob| bob.forward_keep = false).await;
    house.send("x@remote.test", &["alice@example.test"], HEADER).await;
    house.deliver(0).await;
    assert_eq!(house.counts(&INBOXES), [1, 1]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_while_away_as_a_setting() {
    let folder = tempfile::tempdir().expect("folder");
    let house = House::with_people(folder.path()).await;
    let away = |from, until| Away { text: "Gone".into(), subject: String::new(), from, until, days: 7 };
    let (before, after) = (Time(NOW.0 - 1), Time(NOW.0 + 1));
    for (away, expected) in
        [(away(Some(after), None), 0), (away(None, Some(before)), 0), (away(Some(before), Some(after)), 1)]
    {
        set(&house, "alice", |alice| alice.away = Some(away)).await;
        // Two in one batch are answered once.
        house.send("bob@example.test", &["alice@example.test"], HEADER).await;
        house.send("bob@example.test", &["alice@example.test"], HEADER).await;
        house.deliver(0).await;
        assert_eq!(house.counts(&INBOXES)[1], expected);
    }
    let answer = &house.mail("bob", "INBOX")[0];
    for part in
        ["Return-Path: <>\r\n", "\r\nSubject: Auto: hello\r\n", "\r\nAuto-Submitted: auto-replied", "\r\nGone\r\n"]
    {
        assert!(answer.contains(part), "{answer}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_of_what_was_sent_on_finds_its_sender() {
    let folder = tempfile::tempdir().expect("folder");
    let house = House::with_people(folder.path()).await;
    house.script("alice", "redirect \"nobody@example.test\";").await;
    house.send("x@remote.test", &["alice@example.test"], HEADER).await;
    // The notice waits for the way to other servers, under the sender's own address.
    let end = Instant::now() + Duration::from_secs(20);
    assert!(house.services.start_wanted().await.is_empty());
    loop {
        let filter = mailstead_storage::SpoolFilter { limit: 10, ..Default::default() };
        let spool = house.store.spool(&filter).expect("spool");
        if let [one] = spool.as_slice()
            && one.recipients[0].remaining == ["x@remote.test"]
        {
            assert!(one.arrival.envelope.recipients[0].address.starts_with("SRS0="));
            break;
        }
        assert!(Instant::now() < end, "{spool:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(house.counts(&INBOXES), [0, 0]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_errands_each_once_and_over_restarts() {
    let folder = tempfile::tempdir().expect("folder");
    let house = House::with_people(folder.path()).await;
    let script = "require [\"copy\", \"vacation\", \"editheader\", \"fileinto\", \"mailbox\"];\
        redirect :copy \"bob@example.test\"; vacation \"Gone\"; fileinto :copy :create \"Plain\";\
        addheader \"X-A\" \"b\"; fileinto :create \"Edited\";";
    house.script("alice", script).await;
    house.send("bob@example.test", &["alice@example.test"], HEADER).await;
    house.close().await;
    // What was accepted while nothing was delivered is delivered now; the box is stopped at any moment.
    for pause in [0, 2, 5, 10, 20, 40] {
        let house = House::open(folder.path()).await;
        assert!(house.services.start_wanted().await.is_empty());
        tokio::time::sleep(Duration::from_millis(pause)).await;
        house.close().await;
    }
    let house = House::open(folder.path()).await;
    house.deliver(0).await;
    let counts = house.counts(&[("alice", "INBOX"), ("alice", "Plain"), ("alice", "Edited"), ("bob", "INBOX")]);
    assert_eq!(counts, [0, 1, 1, 2]);
    let edited = &house.mail("alice", "Edited")[0];
    assert!(edited.starts_with("Return-Path: <bob@example.test>\r\nX-A: b\r\nReceived: by test\r\nFrom"), "{edited}");
    assert!(edited.ends_with("\r\n\r\ntext\r\n"), "{edited}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_its_own_rules() {
    let folder = tempfile::tempdir().expect("folder");
    let house = House::with_people(folder.path()).await;
    house.script("alice", "discard;").await;
    house.script("bob", "this is no script").await;
    house.send("x@remote.test", &["alice@example.test", "bob@example.test"], HEADER).await;
    house.send("x@remote.test", &["alice@example.test", "bob+trash@example.test"], HEADER).await;
    house.deliver(0).await;
    // Both are kept, where they would go without rules; and bob is told of the fault, once.
    assert_eq!(house.counts(&[("alice", "INBOX"), ("bob", "INBOX"), ("bob", "Trash")]), [0, 2, 1]);
    let told = house.mail("bob", "INBOX").into_iter().filter(|text| text.contains("rules have a fault")).count();
    assert_eq!(told, 1);
    house.close().await;
}
