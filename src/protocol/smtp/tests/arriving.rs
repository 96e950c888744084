//! What becomes of a message that is checked: on a real store, with a DNS that is a table.

use std::sync::Arc;

use mailstead_storage::{Envelope, Options, Priority, Provenance, Silent, Store, Time, Verdict};

use crate::authenticity::{AuthenticitySettings, Checks, Client, Reason};
use crate::clock::Clock;
use crate::dns::fake::Fake;
use crate::intake::{Acceptance, Intake, Refusal, Trace};
use crate::protocol::smtp::arriving::{Arrived, Arriving};

const MESSAGE_BYTES_MAX: u64 = 400_000;

struct House {
    store: Store,
    intake: Intake,
    checks: Checks,
    _data: tempfile::TempDir,
}

/// A house that holds so much, and obeys a domain with this policy, for which nobody may send.
fn house(held_bytes_max: usize, policy: &str) -> House {
    let data = tempfile::tempdir().expect("folder");
    let store = Store::open(Options::new(data.path()), Arc::new(Silent)).expect("store");
    let intake = Intake::new(store.clone(), Clock::standing(Time(1_057_056_757_123)), MESSAGE_BYTES_MAX);
    let dns = Fake::default()
        .txt("sender.test", &["v=spf1 -all"])
        .txt("_dmarc.sender.test", &[&format!("v=DMARC1; p={policy}")]);
    let settings = AuthenticitySettings { trusted: Vec::new(), held_bytes_max, ..AuthenticitySettings::default() };
    let checks = Checks::new(settings, "mx.example.test".into(), Arc::new(dns));
    House { store, intake, checks, _data: data }
}

impl House {
    fn begin(&self) -> Arriving {
        let trace = Trace::Fields {
            reverse_path: "ann@sender.test".into(),
            received: "Received: id {id}\r\n".into(),
            complete_as: None,
        };
        let client = Client {
            address: [192, 0, 2, 1].into(),
            hello: "mail.sender.test".into(),
            reverse_path: "ann@sender.test".into(),
        };
        Arriving::new(self.intake.begin(trace).expect("room"), self.checks.begin(client), MESSAGE_BYTES_MAX)
    }

    /// Takes a message in pieces.
    async fn take(&self, message: &[u8]) -> Result<Arrived, Refusal> {
        let mut arriving = self.begin();
        for piece in message.chunks(30_000) {
            arriving.push(piece.to_vec()).await?;
        }
        arriving.finish().await
    }

    /// Accepts it: what is stored, and where it belongs.
    async fn accept(&self, arrived: Arrived) -> (String, Verdict) {
        let envelope = Envelope::new("ann@sender.test", Vec::new());
        let acceptance = Acceptance { envelope, provenance: Provenance::Received, priority: Priority::Normal };
        let accepted = arrived.incoming.accept(acceptance).await.expect("accepted");
        let leased = self.store.lease_fresh(1).expect("leased").remove(0);
        let stored = self.store.read(accepted.id, 0, 1 << 20).expect("stored");
        let own = &stored[leased.arrival.return_path_bytes as usize..];
        assert!(own.starts_with(b"Authentication-Results: mx.example.test;"));
        (String::from_utf8(own.to_vec()).expect("text"), leased.arrival.verdict)
    }
}

fn message(bytes: usize) -> Vec<u8> {
    let head = "Authentication-Results: mx.example.test; spf=pass\r\nFrom: ann@sender.test\r\n\r\n";
    format!("{head}{}", "text\r\n".repeat(bytes / 6)).into_bytes()
}

#[tokio::test]
async fn results_stand_ahead_of_messages_of_any_size() {
    let house = house(1 << 20, "quarantine");
    for bytes in [0, 1000, 130_000, 300_000] {
        let arrived = house.take(&message(bytes)).await.expect("taken");
        let (stored, verdict) = house.accept(arrived).await;
        assert_eq!(verdict, Verdict::Junk);
        let (results, rest) = stored.split_once("Received: id ").expect("a trace");
        assert!(results.contains("spf=fail") && results.contains("dmarc=fail"), "{results}");
        assert!(!rest.contains("spf=pass"), "forged results are gone");
        assert!(rest.contains("\r\nFrom: ann@sender.test\r\n\r\n") && rest.len() > bytes - bytes % 6);
    }
}

#[tokio::test]
async fn what_its_domain_disowns_is_refused() {
    let house = house(1 << 20, "reject");
    let arrived = house.take(&message(1000)).await.expect("taken");
    assert_eq!(arrived.findings.expect("checked").refusal, Some(Reason::Dmarc));
}

#[tokio::test]
async fn without_room_it_streams_and_goes_to_junk() {
    let house = house(50_000, "reject");
    let arrived = house.take(&message(300_000)).await.expect("taken");
    let (stored, verdict) = house.accept(arrived).await;
    assert_eq!(verdict, Verdict::Junk);
    assert!(stored.contains("spf=fail") && !stored.contains("spf=pass") && !stored.contains("dmarc="), "{stored:.300}");
    let arrived = house.take(&message(1000)).await.expect("taken");
    assert_eq!(arrived.findings.expect("room is back").refusal, Some(Reason::Dmarc));
}

#[tokio::test]
async fn one_that_is_too_big_is_refused_while_it_comes() {
    let house = house(1 << 20, "none");
    assert!(matches!(house.take(&message(500_000)).await, Err(Refusal::TooBig)));
}

#[tokio::test]
async fn reports_are_set_aside() {
    let house = house(1 << 20, "none");
    let report = b"From: a@b.test\r\nSubject: Report Domain: x\r\n\r\n".to_vec();
    assert_eq!(house.take(&report).await.expect("taken").report, Some(report));
    assert_eq!(house.take(&message(10)).await.expect("taken").report, None);
}
