//! A message of the spool as a list looks at it: where it lies in its row, so that nothing of the many that are not shown
//! is copied.

use crate::codec::Reader;
use crate::queue::Fresh;
use crate::rows::{SpoolHead, envelope_addresses};
use crate::{Envelope, Result};

/// A message as a list looks at it.
pub(super) struct Glance<'a> {
    pub(super) head: SpoolHead<'a>,
    pub(super) is_leased: bool,
    pub(super) addresses: Addresses<'a>,
}

impl<'a> Glance<'a> {
    pub(super) fn of_row(row: &'a [u8], is_leased: bool) -> Result<Glance<'a>> {
        let (head, arrival, _) = SpoolHead::read(row)?;
        Ok(Glance { head, is_leased, addresses: Addresses::Row(arrival) })
    }

    pub(super) fn of_fresh(fresh: &'a Fresh, is_leased: bool) -> Glance<'a> {
        let (arrival, size) = (&fresh.arrival, fresh.size);
        let (priority, next_attempt) = (arrival.priority, arrival.received);
        let head = SpoolHead { priority, next_attempt, attempts: 0, size, queue: "" };
        Glance { head, is_leased, addresses: Addresses::Fresh(&arrival.envelope) }
    }
}

/// Who a message is from and to.
pub(super) enum Addresses<'a> {
    Row(Reader<'a>),
    Fresh(&'a Envelope),
}

impl<'a> Addresses<'a> {
    pub(super) fn sender(&self) -> Result<&'a str> {
        match self {
            Addresses::Fresh(envelope) => Ok(&envelope.reverse_path),
            Addresses::Row(row) => {
                let mut sender = "";
                envelope_addresses(row.clone(), |address| {
                    sender = address;
                    true
                })?;
                Ok(sender)
            }
        }
    }

    /// Is it so of the sender or of a recipient?
    pub(super) fn any(&self, mut test: impl FnMut(&str) -> bool) -> Result<bool> {
        match self {
            Addresses::Row(row) => envelope_addresses(row.clone(), test),
            Addresses::Fresh(envelope) => {
                Ok(test(&envelope.reverse_path) || envelope.recipients.iter().any(|recipient| test(&recipient.address)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::rows::SpoolRow;
    use crate::{
        AccountId, Arrival, BlobId, BodyKind, EnvelopeRecipient, Notify, Priority, Provenance, Ret, Time, Verdict,
    };

    fn provenance() -> impl Strategy<Value = Provenance> {
        prop_oneof![
            Just(Provenance::Received),
            Just(Provenance::Box),
            any::<u32>().prop_map(|account| Provenance::Submitted(AccountId(account))),
            any::<u64>().prop_map(|of| Provenance::Notification(BlobId(of))),
            any::<u64>().prop_map(|of| Provenance::Errand(BlobId(of))),
        ]
    }

    proptest! {
        #[test]
        fn what_lies_in_a_row_is_what_it_says(
            queue in ".{0,9}",
            sender in ".{0,30}",
            to in proptest::collection::vec((".{0,30}", proptest::option::of(".{0,9}")), 0..5),
            envelope_id in proptest::option::of(".{0,9}"),
            provenance in provenance(),
            numbers in any::<(u64, u32, u64, u32)>(),
        ) {
            let recipients = to.into_iter();
            let recipients = recipients.map(|(address, original)| EnvelopeRecipient { address, notify: Notify::NEVER, original });
            let envelope = Envelope {
                reverse_path: sender,
                recipients: recipients.collect(),
                ret: Some(Ret::Headers),
                envelope_id,
                body: BodyKind::Binary,
                smtputf8: true,
                require_tls: false,
            };
            let (next_attempt, attempts, size, return_path_bytes) = numbers;
            let arrival = Arc::new(Arrival {
                envelope,
                provenance,
                received: Time(7),
                priority: Priority::Low,
                verdict: Verdict::Junk,
                return_path_bytes,
                outline: Arc::default(),
            });
            let since = Time(8);
            let (priority, next_attempt, recipients) = (Priority::High, Time(next_attempt), Vec::new());
            let row = SpoolRow { priority, next_attempt, attempts, size, queue, arrival, recipients, since };
            let bytes = row.encode();
            let glance = Glance::of_row(&bytes, false).expect("reads");
            prop_assert_eq!((glance.head.priority, glance.head.queue), (row.priority, row.queue.as_str()));
            prop_assert_eq!((glance.head.next_attempt, glance.head.attempts, glance.head.size), (next_attempt, attempts, size));
            let envelope = &row.arrival.envelope;
            prop_assert_eq!(glance.addresses.sender().expect("reads"), envelope.reverse_path.as_str());
            let mut seen = Vec::new();
            let found = glance.addresses.any(|address| {
                seen.push(address.to_owned());
                false
            });
            prop_assert!(!found.expect("reads"));
            let all = [&envelope.reverse_path].into_iter().chain(envelope.recipients.iter().map(|one| &one.address));
            prop_assert_eq!(seen, all.cloned().collect::<Vec<_>>());
        }

        #[test]
        fn broken_rows_are_refused(bytes: Vec<u8>) {
            if let Ok(glance) = Glance::of_row(&bytes, false) {
                let _ = glance.addresses.any(|_| false);
            }
        }
    }
}
