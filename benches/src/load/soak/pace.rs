//! When the next turn begins, so that all sessions together keep a rate.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What was not done in time is not made up for beyond this.
const LATE_MAX: Duration = Duration::from_secs(1);

/// A rate that sessions share.
pub struct Pace {
    every: Duration,
    next: Cell<Instant>,
}

impl Pace {
    /// As fast as can be.
    pub fn full() -> Pace {
        Pace { every: Duration::ZERO, next: Cell::new(Instant::now()) }
    }

    /// So many turns in a second.
    pub fn of(rate: f64) -> Pace {
        Pace { every: Duration::from_secs_f64(1.0 / rate), next: Cell::new(Instant::now()) }
    }

    /// Waits for its turn.
    pub async fn wait(&self) {
        if self.every > Duration::ZERO {
            sleep_until(self.slot(Instant::now())).await;
        }
    }

    fn slot(&self, now: Instant) -> Instant {
        let slot = self.next.get().max(now - LATE_MAX);
        self.next.set(slot + self.every);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_follow_one_another_and_long_delays_are_forgotten() {
        let pace = Pace::of(10.0);
        let begin = pace.next.get();
        let slots = [0, 0, 0, 10_000].map(|ms| (pace.slot(begin + Duration::from_millis(ms)) - begin).as_millis());
        assert_eq!(slots, [0, 100, 200, 9000]);
    }
}
