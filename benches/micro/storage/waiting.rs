//! A store with many messages that wait in the spool.

use std::sync::Arc;

use mailstead_storage::*;
use tempfile::TempDir;

use crate::filled::{arrival, message_of};

/// Messages that are accepted, or settled, at once.
const FLIGHT: usize = 1000;
const LATER: Time = Time(u64::MAX >> 9);
const DUE: Time = Time(1);

/// The store, and the folder that goes with it.
pub struct Waiting {
    pub store: Store,
    _folder: TempDir,
}

impl Waiting {
    /// So many messages, sent by so many senders in turn (`s0@remote.example`, `s1@remote.example`, …), none of them due
    /// soon.
    pub fn new(folder: TempDir, messages: usize, senders: usize) -> Waiting {
        Waiting::of(folder, messages, senders, |_| (String::new(), LATER))
    }

    /// So many messages that are due, for so many destinations in turn: `d0.example`, `d1.example`, …
    pub fn for_destinations(folder: TempDir, messages: usize, destinations: usize) -> Waiting {
        Waiting::of(folder, messages, 1, |number| (format!("d{}.example", number % destinations), DUE))
    }

    fn of(folder: TempDir, messages: usize, senders: usize, queue: impl Fn(usize) -> (String, Time)) -> Waiting {
        let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("a store");
        let like = arrival(&message_of(1));
        let numbers: Vec<usize> = (0..messages).collect();
        for numbers in numbers.chunks(FLIGHT) {
            let accepting: Vec<_> = numbers
                .iter()
                .map(|number| {
                    let mut arrival = like.clone();
                    arrival.envelope.reverse_path = format!("s{}@remote.example", number % senders);
                    store.draft().expect("room").accept(b"Subject: waits\r\n\r\n".to_vec(), arrival)
                })
                .collect();
            accepting.into_iter().for_each(|accepted| assert!(accepted.wait().is_ok()));
            let leased = store.lease_fresh(FLIGHT).expect("leased");
            let later = leased.into_iter().zip(numbers).map(|(leased, number)| {
                let (queue, next_attempt) = queue(*number);
                Settlement {
                    id: leased.id,
                    memories: Vec::new(),
                    queue,
                    deliveries: Vec::new(),
                    recipients: leased.recipients,
                    next_attempt: Some(next_attempt),
                    attempts: 1,
                }
            });
            store.settle(later.collect()).wait().expect("settled");
        }
        Waiting { store, _folder: folder }
    }
}
