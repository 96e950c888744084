//! Mailings over a real store; the spool is emptied by hand.

use std::sync::Arc;

use mailstead_storage::{Leased, Options, RecipientState, Settlement, Silent, State};

use super::*;
use crate::clock::Time;

const NOW: Time = Time(1_800_000_000_000);

fn mailings(folder: &std::path::Path) -> (Mailings, Store) {
    let options = Options { disk_free_bytes_min: 0, ..Options::new(folder) };
    let store = Store::open(options, Arc::new(Silent)).expect("the store opens");
    let clock = Clock::standing(NOW);
    let intake = Intake::new(store.clone(), clock.clone(), 1 << 20);
    let hostname = "mx.example.test".into();
    (Mailings::new(Parts { store: store.clone(), intake, clock, log: Log::none(), hostname }), store)
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

fn settled(leased: &Leased, state: &State) -> Settlement {
    let recipients = leased.recipients.iter().cloned();
    Settlement {
        id: leased.id,
        deliveries: Vec::new(),
        recipients: recipients.map(|recipient| RecipientState { state: state.clone(), ..recipient }).collect(),
        next_attempt: None,
        attempts: 1,
        memories: Vec::new(),
        queue: String::new(),
    }
}

fn counts(mailings: &Mailings) -> (MailingState, [u64; 5]) {
    let Mailing { state, total, queued, delivered, failed, removed, .. } = mailings.list().expect("read")[0].clone();
    (state, [total, queued, delivered, failed, removed])
}

async fn all_sent(mailings: &Mailings) {
    while counts(mailings).0 == MailingState::Sending {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn recipients(spool: &[mailstead_storage::SpoolEntry]) -> Vec<String> {
    spool.iter().map(|entry| entry.arrival.envelope.recipients[0].address.clone()).collect()
}

#[tokio::test]
async fn each_person_gets_a_letter_of_low_priority_and_all_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mailings, store) = mailings(folder.path());
    mailings.send(draft(5)).await.expect("kept");
    all_sent(&mailings).await;
    let spool = store.spool(&SpoolFilter { limit: 10, ..SpoolFilter::default() }).expect("readable");
    assert_eq!(recipients(&spool), (0..5).map(|n| format!("u{n}@example.test")).collect::<Vec<_>>());
    assert!(spool.iter().all(|entry| entry.priority == Priority::Low && entry.arrival.envelope.recipients.len() == 1));
    let leased = store.lease(10, NOW).expect("leased");
    let outcomes = [State::Failed, State::Delivered, State::Delivered];
    let settlements = leased.iter().zip(outcomes).map(|(leased, state)| settled(leased, &state)).collect();
    store.settle(settlements).await.expect("settled");
    store.unlease(&[leased[3].id, leased[4].id]);
    assert_eq!(store.spool_delete(vec![leased[4].id]).await, Ok(1));
    assert_eq!(counts(&mailings), (MailingState::Queued, [5, 4, 2, 1, 1]));
    store.spool_restore(vec![leased[4].id]).await.expect("restored");
    drop(mailings);
    store.close().expect("closes");
    drop(store);
    let (again, store) = self::mailings(folder.path());
    assert_eq!(counts(&again), (MailingState::Queued, [5, 4, 2, 1, 0]));
    assert_eq!(store.spool_depth(), Ok(2));
}

/// Whatever the store knows of the letters that were accepted: applied, or only in the journal.
#[tokio::test]
async fn what_was_interrupted_goes_on_with_the_letter_that_is_next() {
    for (accepted, applied) in [(0, 0), (3, 0), (3, 2), (3, 3), (5, 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (mailings, store) = mailings(folder.path());
        let new = draft(5);
        let kept = serde_json::to_vec(&new).expect("plain");
        let (subject, audience, by) = (new.subject.clone(), new.audience.clone(), new.by.clone());
        let begun = NewMailing { subject, audience, by, begun: NOW, total: 5, draft: kept };
        let id = store.begin_mailing(begun).await.expect("kept");
        for (number, person) in new.to.iter().enumerate().take(accepted) {
            mailings.hand_in(id, number as u64, &new.letter(person)).await.expect("accepted");
        }
        let leased = store.lease(applied, NOW).expect("leased");
        store.settle(leased.iter().map(|leased| settled(leased, &State::Delivered)).collect()).await.expect("settled");
        drop(mailings);
        store.close().expect("closes");
        drop(store);
        let (again, store) = self::mailings(folder.path());
        again.resume().await.expect("resumed");
        all_sent(&again).await;
        let spool = store.spool(&SpoolFilter { limit: 10, ..SpoolFilter::default() }).expect("readable");
        let rest: Vec<_> = (applied..5).map(|n| format!("u{n}@example.test")).collect();
        assert_eq!(recipients(&spool), rest, "{accepted} accepted, {applied} applied");
        assert_eq!(store.mailing_draft(id), Ok(None));
    }
}

#[tokio::test]
async fn a_mailing_that_is_cancelled_sends_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mailings, store) = mailings(folder.path());
    let id = mailings.send(draft(400)).await.expect("kept");
    while store.spool_depth() == Ok(0) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    mailings.cancel(id).await.expect("cancelled");
    assert_eq!(store.spool_depth(), Ok(0));
    let (state, [total, queued, .., removed]) = counts(&mailings);
    assert_eq!((state, total, queued), (MailingState::Cancelled, 400, removed));
    assert!(queued < 400);
    assert_eq!(mailings.cancel(id).await.expect_err("again").word, Word::Invalid);
    assert_eq!(mailings.cancel(id + 1).await.expect_err("unknown").word, Word::NotFound);
}

#[tokio::test]
async fn the_oldest_are_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mailings, _) = mailings(folder.path());
    for _ in 0..mailstead_storage::MAILINGS_MAX + 3 {
        mailings.send(draft(1)).await.expect("kept");
        all_sent(&mailings).await;
    }
    let all = mailings.list().expect("read");
    assert_eq!((all.len(), all[0].id), (mailstead_storage::MAILINGS_MAX, mailstead_storage::MAILINGS_MAX as u64 + 3));
}
