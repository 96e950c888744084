//! What is counted of mail that comes and goes.

use std::collections::BTreeMap;

use super::Store;
use crate::traffic::{self, Meter, Span, Traffic};
use crate::*;

impl Store {
    /// Counts. In memory until the minute is over, and never a sync of its own.
    pub fn count_traffic(&self, now: Time, counts: &[(Meter, u64)]) {
        if let Some((minute, over)) = self.0.shared.meters.count(now, counts) {
            self.0.shared.meta.note_traffic(minute, &over);
        }
    }

    /// What was counted from the span with the number `from` to that with `until`, both included, by their numbers
    /// ([`Span::of`]). Spans in which nothing happened are missing.
    pub fn traffic(&self, span: Span, from: u32, until: u32) -> Result<BTreeMap<u32, Traffic>> {
        let shared = &self.0.shared;
        // A minute that is written between the two looks shows twice, until the next look.
        let mut unwritten = shared.meta.noted(|notes| notes.traffic.clone());
        let (minute, running) = shared.meters.running();
        traffic::note(&mut unwritten, minute, &running);
        shared.look(|transaction| traffic::read(transaction, &unwritten, span, (from, until)))
    }

    /// All that was counted since the store was opened.
    pub fn traffic_total(&self) -> Traffic {
        self.0.shared.meters.total()
    }
}
