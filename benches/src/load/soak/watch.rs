//! Samples of what the server uses, and whether they grow.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::task::{JoinHandle, spawn_local};

use super::turns::Shared;
use crate::figures::{Trend, Verdict, per, round};
use crate::server::{Metered, Processes, disk_bytes};

/// Most samples that are printed.
const PRINTED_MAX: usize = 120;

/// What the server used at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    seconds: f64,
    rss_mb: f64,
    fds: f64,
    /// Since its start.
    cpu_ms: f64,
    turns: f64,
    store_mb: f64,
}

/// A watch that runs.
pub struct Watch {
    running: JoinHandle<()>,
    samples: Rc<RefCell<Vec<Sample>>>,
}

impl Watch {
    /// Begins.
    pub fn start(metered: &Metered, shared: Rc<Shared>, sample_seconds: u64) -> Watch {
        let samples = Rc::new(RefCell::new(Vec::new()));
        let (taken, metered) = (Rc::clone(&samples), metered.clone());
        let running = spawn_local(async move {
            let processes = Processes::new(metered.server_pid.clone());
            let begin = Instant::now();
            let mut tick = tokio::time::interval(Duration::from_secs(sample_seconds));
            while !metered.server_pid.is_empty() {
                tick.tick().await;
                let memory = processes.memory(false);
                taken.borrow_mut().push(Sample {
                    seconds: begin.elapsed().as_secs_f64(),
                    rss_mb: memory.rss_kb as f64 / 1024.0,
                    fds: memory.fds as f64,
                    cpu_ms: processes.cpu_ms(),
                    turns: shared.turns() as f64,
                    store_mb: disk_bytes(&metered.data_dir) as f64 / 1e6,
                });
            }
        });
        Watch { running, samples }
    }

    /// Ends.
    pub fn stop(self) -> Vec<Sample> {
        self.running.abort();
        self.samples.take()
    }
}

/// Whether memory, files, store and cost grow in the second half of the time. Null without samples.
pub fn verdict(samples: &[Sample]) -> Value {
    let half = &samples[samples.len() / 2..];
    let points = |of: fn(&Sample) -> f64| half.iter().map(|sample| (sample.seconds, of(sample))).collect::<Vec<_>>();
    let cost: Vec<(f64, f64)> = half.windows(2).filter_map(|pair| cost(&pair[0], &pair[1])).collect();
    // What may be noise: a share of the mean, and a least amount.
    let quantities = [
        ("rss_mb", points(|sample| sample.rss_mb), 0.02, 2.0),
        ("fds", points(|sample| sample.fds), 0.03, 4.0),
        ("store_mb", points(|sample| sample.store_mb), 0.05, 16.0),
        ("cpu_ms_per_turn", cost, 0.10, 0.0),
    ];
    let mut verdict = Map::new();
    for (name, points, share, least) in quantities {
        if let Some(trend) = Trend::of(&points) {
            verdict.insert(name.to_owned(), Verdict::new(trend, (trend.mean * share).max(least)).json());
        }
    }
    if verdict.is_empty() {
        return Value::Null;
    }
    let flat = verdict.values().all(|quantity| quantity["flat"] == true);
    verdict.insert("flat".to_owned(), flat.into());
    verdict.into()
}

/// CPU for a turn between two samples, at the second's time.
fn cost(first: &Sample, second: &Sample) -> Option<(f64, f64)> {
    let turns = second.turns - first.turns;
    (turns > 0.0).then(|| (second.seconds, (second.cpu_ms - first.cpu_ms) / turns))
}

/// The samples, thinned out.
pub fn json(samples: &[Sample]) -> Value {
    let step = samples.len().div_ceil(PRINTED_MAX).max(1);
    let printed: Vec<&Sample> = samples.iter().step_by(step).collect();
    let line = |at: usize| {
        let (sample, before) = (printed[at], printed[at.saturating_sub(1)]);
        json!({
            "seconds": round(sample.seconds),
            "rss_mb": round(sample.rss_mb),
            "fds": sample.fds,
            "cores": per(sample.cpu_ms - before.cpu_ms, (sample.seconds - before.seconds) * 1000.0),
            "turns_per_second": per(sample.turns - before.turns, sample.seconds - before.seconds),
            "store_mb": round(sample.store_mb),
        })
    };
    (0..printed.len()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample every minute, with memory and files as these say.
    fn samples(rss_mb: fn(f64) -> f64, fds: fn(f64) -> f64, cpu_ms: fn(f64) -> f64) -> Vec<Sample> {
        let minutes = (0..40).map(f64::from);
        let sample = |at: f64| Sample {
            seconds: at * 60.0,
            rss_mb: rss_mb(at),
            fds: fds(at),
            cpu_ms: cpu_ms(at),
            turns: at * 100.0,
            store_mb: 300.0,
        };
        minutes.map(sample).collect()
    }

    fn flat(samples: &[Sample], quantity: &str) -> (bool, bool) {
        let verdict = verdict(samples);
        (verdict["flat"] == true, verdict[quantity]["flat"] == true)
    }

    #[test]
    fn growth_in_the_first_half_alone_is_a_warm_up() {
        assert_eq!(flat(&samples(|at| at.min(15.0) * 5.0, |_| 90.0, |at| at * 50.0), "rss_mb"), (true, true));
    }

    #[test]
    fn growth_is_seen() {
        assert_eq!(flat(&samples(|at| 50.0 + at, |_| 90.0, |at| at * 50.0), "rss_mb"), (false, false));
        assert_eq!(flat(&samples(|_| 50.0, |at| 90.0 + at, |at| at * 50.0), "fds"), (false, false));
        assert_eq!(flat(&samples(|_| 50.0, |_| 90.0, |at| at * at), "cpu_ms_per_turn"), (false, false));
        assert_eq!(flat(&samples(|_| 50.0, |_| 90.0, |at| at * at), "fds"), (false, true));
    }

    #[test]
    fn no_samples_give_no_verdict() {
        assert_eq!(verdict(&[]), Value::Null);
        assert_eq!(json(&[]), json!([]));
    }
}
