//! Counts what attempts come to.

use mailstead_storage::{Leased, Meter, Settlement, State, Store};

use crate::clock::Time;

/// Counts the recipients for whom an attempt that ended `now` has decided something.
pub(super) fn count(store: &Store, leased: &Leased, settlement: &Settlement, now: Time) {
    let decided =
        leased.recipients.iter().zip(&settlement.recipients).filter(|(before, _)| before.state == State::Pending);
    let (mut taken, mut failed) = (0, 0);
    for (_, after) in decided {
        match after.state {
            State::Delivered => taken += 1,
            State::Failed => failed += 1,
            State::Pending => {}
        }
    }
    let waited_ms = taken * now.millis_since(leased.arrival.received);
    let (meter, meter_ms) = match leased.queue.is_empty() {
        true => (Meter::Delivered, Meter::DeliveredMs),
        false => (Meter::Sent, Meter::SentMs),
    };
    if taken + failed > 0 {
        store.count_traffic(now, &[(meter, taken), (meter_ms, waited_ms), (Meter::Failed, failed)]);
    }
}
