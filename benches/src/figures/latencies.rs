//! Latencies in bounded memory, however many there are.

use std::time::Duration;

use serde_json::{Value, json};

use super::round;

/// Each octave of microseconds has so many steps: percentiles are right to 1/128.
const STEPS: u64 = 128;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Up to 2^36 microseconds, which is 19 hours.
const OCTAVES: u64 = 30;

/// A histogram with steps that grow with the value.
#[derive(Debug, Clone)]
pub struct Latencies {
    counts: Vec<u64>,
    count: u64,
    sum_us: u64,
    max_us: u64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { counts: vec![0; (STEPS * OCTAVES) as usize], count: 0, sum_us: 0, max_us: 0 }
    }
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts[step(us)] += 1;
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(us);
        self.max_us = self.max_us.max(us);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Latencies) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The latency that `percent` of all do not exceed, milliseconds; `None` when there is none.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let wanted = ((self.count as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let us = step.map_or(self.max_us, |step| middle(step as u64).min(self.max_us));
        Some(round(us as f64 / 1000.0))
    }

    /// Count, mean, percentiles and the longest, in milliseconds.
    pub fn json(&self) -> Value {
        json!({
            "count": self.count,
            "mean_ms": super::per(self.sum_us as f64 / 1000.0, self.count as f64),
            "p50_ms": self.percentile_ms(50.0),
            "p95_ms": self.percentile_ms(95.0),
            "p99_ms": self.percentile_ms(99.0),
            "max_ms": round(self.max_us as f64 / 1000.0),
        })
    }
}

fn step(us: u64) -> usize {
    if us < STEPS {
        return us as usize;
    }
    let octave = us.ilog2() - STEP_BITS;
    let step = u64::from(octave + 1) * STEPS + ((us >> octave) & (STEPS - 1));
    step.min(STEPS * OCTAVES - 1) as usize
}

/// A value in the middle of a step, microseconds.
fn middle(step: u64) -> u64 {
    if step < 2 * STEPS {
        return step;
    }
    let octave = step / STEPS - 1;
    let begin = (STEPS + step % STEPS) << octave;
    begin + (1 << octave) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        milliseconds.into_iter().for_each(|ms| latencies.add(Duration::from_millis(ms)));
        latencies
    }

    #[track_caller]
    fn near(value: Option<f64>, expected: f64) {
        let value = value.expect("a value");
        assert!((value - expected).abs() <= expected / 100.0, "{value} is not {expected}");
    }

    #[test]
    fn percentiles() {
        let hundred = of(1..=100);
        near(hundred.percentile_ms(50.0), 50.0);
        near(hundred.percentile_ms(95.0), 95.0);
        near(hundred.percentile_ms(99.0), 99.0);
        near(hundred.percentile_ms(100.0), 100.0);
        near(of([7]).percentile_ms(50.0), 7.0);
        near(of([1, 1, 1, 90_000_000]).percentile_ms(99.0), 68_000_000.0);
        assert_eq!(of([]).percentile_ms(50.0), None);
    }

    #[test]
    fn merged_is_as_if_all_were_added() {
        let mut merged = of(1..=50);
        merged.merge(&of(51..=100));
        assert_eq!(merged.json(), of(1..=100).json());
    }

    #[test]
    fn each_value_falls_into_a_step_that_holds_it() {
        for us in (0..2000).chain((11..36).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1])) {
            let middle = middle(step(us) as u64);
            assert!(us.abs_diff(middle) <= us / 128, "{us} is in the step of {middle}");
        }
    }
}
