//! Mailings over a real store; the spool is emptied by hand.

use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::{Options, Silent, SpoolFilter};

use super::*;
use crate::clock::Time;

fn mailings(folder: &std::path::Path) -> (Mailings, Store) {
    let options = Options { disk_free_bytes_min: 0, ..Options::new(folder) };
    let store = Store::open(options, Arc::new(Silent)).expect("the store opens");
    let clock = Clock::standing(Time(1_800_000_000_000));
    let intake = Intake::new(store.clone(), clock.clone(), 1 << 20);
    let hostname = "mx.example.test".into();
    let parts = Parts { store: store.clone(), intake, clock, log: Log::none(), hostname };
    (Mailings::open(parts).expect("opens"), store)
}

fn draft(count: usize) -> Draft {
    Draft {
        from: "System Administrator".into(),
        audience: "all users".into(),
        to: (0..count).map(|n| Person::nameless(format!("u{n}@example.test"))).collect(),
        subject: "Tonight".into(),
        text: "The box sleeps.".into(),
        format: Format::Plain,
        by: "admin@example.test".into(),
    }
}

#[tokio::test]
async fn each_person_gets_a_letter_of_low_priority_and_all_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mailings, store) = mailings(folder.path());
    let id = mailings.send(draft(5)).await.expect("kept");
    while mailings.list()[0].state == MailingState::Sending {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let spool = store.spool(&SpoolFilter { limit: 10, ..SpoolFilter::default() }).expect("readable");
    assert_eq!(spool.len(), 5);
    assert!(spool.iter().all(|entry| entry.priority == Priority::Low && entry.arrival.envelope.recipients.len() == 1));
    for (index, entry) in spool.iter().enumerate() {
        mailings.settled(entry.id, index == 0);
        mailings.settled(entry.id, true);
    }
    let mailing = &mailings.list()[0];
    let counts = (mailing.id, mailing.total, mailing.queued, mailing.delivered, mailing.failed);
    assert_eq!(counts, (id, 5, 5, 4, 1));
    drop(mailings);
    store.close().expect("closes");
    drop(store);
    let (again, _) = self::mailings(folder.path());
    assert_eq!(again.list()[0].delivered, 4);
}

#[test]
fn what_was_being_sent_is_interrupted_and_the_oldest_are_forgotten() {
    let mut progress = Progress::default();
    for _ in 0..MAILINGS_MAX + 3 {
        progress.begin(&draft(1), Time(1));
    }
    assert_eq!(progress.forget_oldest(), [1, 2, 3]);
    let again = Progress::of(progress.all());
    assert!(again.all().iter().all(|mailing| mailing.state == MailingState::Interrupted));
    assert_eq!(again.all()[0].id, MAILINGS_MAX as u64 + 3);
}
