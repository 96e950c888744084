//! Fresh messages that other servers have no room for at the moment. They wait here for a little while, leased, before
//! anything is written of them: mostly there soon is room again, and then the result is all that is written.
//!
//! Nothing of it is kept: after a crash they are as fresh as they were.

use std::collections::VecDeque;

use mailstead_storage::Leased;

use super::UNWRITTEN_MAX;
use crate::clock::Time;

/// So many wait here at most; the others get their rows at once.
const PLACES: usize = 1_000;

/// Those that wait, by priority.
#[derive(Default)]
pub(super) struct Line(VecDeque<Waiting>);

struct Waiting {
    leased: Leased,
    until: Time,
}

impl Line {
    /// Takes the last place of its priority.
    ///
    /// # Errors
    /// The message, when there is no place.
    pub fn join(&mut self, leased: Leased, now: Time) -> Result<(), Leased> {
        if self.0.len() >= PLACES {
            return Err(leased);
        }
        let priority = leased.arrival.priority;
        let place = self.0.partition_point(|before| before.leased.arrival.priority <= priority);
        self.0.insert(place, Waiting { leased, until: now.plus_seconds(UNWRITTEN_MAX.as_secs()) });
        Ok(())
    }

    /// Has all go, in their order, that may.
    pub fn advance(&mut self, mut may_go: impl FnMut(&Leased) -> bool, mut go: impl FnMut(Leased)) {
        let (mut place, mut full) = (0, None);
        while let Some(Waiting { leased, .. }) = self.0.get(place) {
            // Mostly they wait for the same.
            if full.as_ref() == Some(&leased.queue) {
                place += 1;
            } else if may_go(leased) {
                self.0.remove(place).into_iter().for_each(|waiting| go(waiting.leased));
            } else {
                full = Some(leased.queue.clone());
                place += 1;
            }
        }
    }

    /// Those that have waited long enough.
    pub fn leave(&mut self, now: Time) -> Vec<Leased> {
        let (overdue, waiting) = std::mem::take(&mut self.0).into_iter().partition(|waiting| waiting.until <= now);
        self.0 = waiting;
        VecDeque::into_iter(overdue).map(|waiting| waiting.leased).collect()
    }

    /// All of them.
    pub fn disperse(&mut self) -> Vec<Leased> {
        self.0.drain(..).map(|waiting| waiting.leased).collect()
    }

    /// When the first of them has waited long enough.
    pub fn next_leave(&self) -> Option<Time> {
        self.0.iter().map(|waiting| waiting.until).min()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mailstead_storage::{Arrival, BlobId, Envelope, Priority, Provenance, Verdict};

    use super::*;

    const NOW: Time = Time(1_000_000);

    fn message(id: u64, queue: &str, priority: Priority) -> Leased {
        let arrival = Arrival {
            envelope: Envelope::new("", Vec::new()),
            provenance: Provenance::Box,
            received: NOW,
            priority,
            verdict: Verdict::default(),
            return_path_bytes: 0,
            outline: Arc::default(),
        };
        let (size, attempts, recipients) = (1, 0, Vec::new());
        let (arrival, queue) = (Arc::new(arrival), queue.to_string());
        Leased { id: BlobId(id), size, arrival, recipients, attempts, since: NOW, queue, fresh: true }
    }

    fn ids(leased: &[Leased]) -> Vec<u64> {
        leased.iter().map(|leased| leased.id.0).collect()
    }

    #[test]
    fn those_that_may_go_go_in_their_order() {
        use Priority::{High, Normal};
        let mut line = Line::default();
        for (id, queue, priority) in
            [(1, "a", Normal), (2, "b", Normal), (3, "a", High), (4, "a", Normal), (5, "b", Normal), (6, "c", Normal)]
        {
            assert!(line.join(message(id, queue, priority), NOW).is_ok());
        }
        let (mut rooms_of_a, mut asked, mut gone) = (2, Vec::new(), Vec::new());
        let may_go = |leased: &Leased| {
            asked.push(leased.id.0);
            rooms_of_a -= i32::from(leased.queue == "a");
            leased.queue == "a" && rooms_of_a >= 0
        };
        line.advance(may_go, |leased| gone.push(leased));
        assert_eq!((ids(&gone), asked), (vec![3, 1], vec![3, 1, 2, 4, 5, 6]));
        assert_eq!(ids(&line.disperse()), [2, 4, 5, 6]);
        assert_eq!(line.next_leave(), None);
    }

    #[test]
    fn nobody_waits_for_long_and_not_too_many_do() {
        let mut line = Line::default();
        for id in 0..PLACES as u64 {
            assert!(line.join(message(id, "a", Priority::Normal), NOW.plus_millis(id)).is_ok());
        }
        assert!(line.join(message(9_999, "a", Priority::High), NOW).is_err());
        let end = NOW.plus_seconds(UNWRITTEN_MAX.as_secs());
        assert_eq!(line.next_leave(), Some(end));
        assert_eq!(ids(&line.leave(end.plus_millis(1))), [0, 1]);
        assert_eq!(line.next_leave(), Some(end.plus_millis(2)));
        assert!(line.join(message(9_999, "a", Priority::High), NOW).is_ok());
    }
}
