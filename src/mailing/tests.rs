//! Mailings into a real store.

use mailstead_storage::{NewAccount, Options, Settlement, Silent, State, Time};

use super::*;

struct House {
    mailings: Mailings,
    store: Store,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("store");
    let clock = Clock::standing(Time(1_057_056_757_123));
    for domain in ["a.test", "b.test"] {
        store.add_domain(domain, Time(0)).await.expect("a domain");
    }
    for (address, name, role) in [
        ("ann@a.test", "Ann", Role::DomainAdministrator),
        ("bob@a.test", "", Role::User),
        ("cör@b.test", "Cör", Role::User),
    ] {
        let account = NewAccount { address: address.into(), name: name.into(), role, ..NewAccount::default() };
        store.add_account(account, Time(0)).await.expect("a user");
    }
    let intake = Intake::new(store.clone(), clock.clone(), 1 << 20);
    let parts = Parts { store: store.clone(), intake, clock, log: Log::none(), hostname: "mx.a.test".into() };
    House { mailings: Mailings::new(parts), store, _folder: folder }
}

fn mailing(audience: Audience) -> Mailing {
    Mailing {
        begun: Time(0),
        audience,
        from_name: "System \"Administrator\"".into(),
        to_name: String::new(),
        subject: "Größere Änderung".into(),
        text: "Hello,\n\nwe move =)".into(),
        is_html: false,
    }
}

impl House {
    /// Queues all, and says whom for.
    async fn queue(&self, audience: Audience) -> Vec<String> {
        self.mailings.begin(mailing(audience)).await.expect("begun");
        while self.mailings.step().await.expect("queued") {}
        let leased = self.store.lease_fresh(100).expect("leased");
        leased.iter().map(|leased| leased.arrival.envelope.recipients[0].address.clone()).collect()
    }
}

#[tokio::test]
async fn each_user_gets_a_message_of_their_own() {
    let house = house().await;
    assert_eq!(house.queue(Audience::Domain("a.test".into())).await, ["ann@a.test", "bob@a.test"]);
    assert_eq!(house.queue(Audience::All).await, ["ann@a.test", "bob@a.test", "cör@b.test"]);
    assert_eq!(house.queue(Audience::DomainAdministrators).await, ["ann@a.test"]);
    assert_eq!(house.queue(Audience::User("bob@a.test".into())).await, ["bob@a.test"]);
    let numbers: Vec<u64> = house.store.mailings(3).expect("mailings").iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, [4, 3, 2], "the newest first");
}

#[tokio::test]
async fn what_it_says() {
    let house = house().await;
    house.mailings.begin(mailing(Audience::User("ann@a.test".into()))).await.expect("begun");
    house.mailings.step().await.expect("queued");
    let leased = house.store.lease_fresh(1).expect("leased").remove(0);
    assert_eq!((leased.arrival.priority, &*leased.arrival.envelope.reverse_path), (Priority::Low, ""));
    let stored = house.store.read(leased.id, 0, 10_000).expect("stored");
    let text = String::from_utf8(stored).expect("ASCII");
    for part in [
        "\r\nFrom: \"System \\\"Administrator\\\"\" <postmaster@a.test>\r\n",
        "\r\nTo: \"Ann\" <ann@a.test>\r\n",
        "\r\nAuto-Submitted: auto-generated\r\n",
        "\r\n\r\nHello,\r\n\r\nwe move =3D)\r\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(text.is_ascii() && !text.contains("Größere"));
}

#[tokio::test]
async fn what_becomes_of_it_is_counted() {
    let house = house().await;
    house.queue(Audience::All).await;
    let progress = || house.store.mailings(1).expect("mailings")[0].2.clone();
    assert_eq!((progress().total, progress().queued, status(&progress())), (3, 3, "delivering"));
    let entries = house.store.spool(&mailstead_storage::SpoolFilter { limit: 9, ..Default::default() });
    let states = [State::Delivered, State::Failed, State::Delivered];
    for (entry, state) in entries.expect("the spool").into_iter().zip(states) {
        let mut recipients = entry.recipients;
        recipients[0].state = state;
        let (id, queue, attempts) = (entry.id, String::new(), 1);
        let (deliveries, memories) = (Vec::new(), Vec::new());
        let settlement = Settlement { id, deliveries, recipients, next_attempt: None, attempts, memories, queue };
        house.store.settle(vec![settlement]).await.expect("settled");
    }
    assert_eq!((progress().delivered, progress().failed, status(&progress())), (2, 1, "done"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let house = house().await;
    let check = async |change: fn(&mut Mailing)| {
        let mut wrong = mailing(Audience::All);
        change(&mut wrong);
        assert_eq!(house.mailings.begin(wrong).await.map_err(|error| error.word), Err(Word::Invalid));
    };
    check(|mailing| mailing.audience = Audience::Domain("c.test".into())).await;
    check(|mailing| mailing.audience = Audience::User("nobody@a.test".into())).await;
    check(|mailing| mailing.subject = "a\r\nBcc: x@y.test".into()).await;
    check(|mailing| mailing.from_name = "a\n".into()).await;
    check(|mailing| mailing.text = " \n".into()).await;
    check(|mailing| mailing.text = "x".repeat(1 << 20)).await;
    assert!(!house.mailings.step().await.expect("nothing to do"));
}
