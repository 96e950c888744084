//! Meters the server from a load's beginning to its end.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Memory, Metered, Processes, disk_bytes};
use crate::figures::{per, round};

const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// The proportional size is read once in so many samples.
const SAMPLES_PER_PSS: u32 = 8;
/// Quiet is less than this share of one core, over a second.
const QUIET_SHARE: f64 = 0.03;

/// A meter that runs.
pub struct Meter {
    metered: Metered,
    processes: Processes,
    begin: Instant,
    cpu_ms: f64,
    own_cpu_ms: f64,
    machine_cpu_ms: f64,
    disk_bytes: u64,
    syncs: u64,
    /// Dropped, it ends the sampler.
    running: Sender<()>,
    sampler: JoinHandle<Memory>,
}

/// What was used since the beginning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// Seconds.
    pub seconds: f64,
    /// CPU time of the server, milliseconds.
    pub cpu_ms: f64,
}

impl Meter {
    /// Begins.
    pub fn start(metered: &Metered) -> Meter {
        let processes = Processes::new(metered.server_pid.clone());
        let (running, stopped) = channel::<()>();
        let sampled = processes.clone();
        let sampler = std::thread::spawn(move || {
            let mut peak = Memory::default();
            for sample in 0_u32.. {
                peak = peak.max(sampled.memory(sample % SAMPLES_PER_PSS == 0));
                if stopped.recv_timeout(SAMPLE_EVERY) == Err(RecvTimeoutError::Disconnected) {
                    break;
                }
            }
            peak
        });
        Meter {
            begin: Instant::now(),
            cpu_ms: processes.cpu_ms(),
            own_cpu_ms: own_cpu_ms(),
            machine_cpu_ms: machine_cpu_ms(),
            disk_bytes: disk_bytes(&metered.data_dir),
            syncs: syncs(metered),
            metered: metered.clone(),
            processes,
            running,
            sampler,
        }
    }

    /// What was used until now.
    pub fn now(&self) -> Moment {
        Moment { seconds: self.begin.elapsed().as_secs_f64(), cpu_ms: self.processes.cpu_ms() - self.cpu_ms }
    }

    /// Waits until the server has done what it had put off, or for as long as the options allow.
    pub async fn quiet(&self) -> Moment {
        let mut last = self.now();
        let end = last.seconds + self.metered.quiet_seconds_max as f64;
        while last.seconds < end && !self.metered.server_pid.is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.now();
            let busy = (now.cpu_ms - last.cpu_ms) / 1000.0 / (now.seconds - last.seconds);
            last = now;
            if busy < QUIET_SHARE {
                break;
            }
        }
        last
    }

    /// Ends. CPU up to `until` and syncs are divided by `units`, disk bytes by `mail_bytes`. Null when no
    /// process was given.
    pub fn finish(self, until: Moment, units: u64, mail_bytes: u64) -> Value {
        let end = self.now();
        let own_ms = own_cpu_ms() - self.own_cpu_ms;
        let other_ms = machine_cpu_ms() - self.machine_cpu_ms - own_ms - end.cpu_ms;
        let disk = disk_bytes(&self.metered.data_dir) as f64 - self.disk_bytes as f64;
        let syncs = self.metered.sync_count.as_ref().map(|_| syncs(&self.metered) - self.syncs);
        drop(self.running);
        let peak = self.sampler.join().unwrap_or_default();
        if self.metered.server_pid.is_empty() {
            return Value::Null;
        }
        json!({
            "cpu_ms": round(until.cpu_ms),
            "cpu_ms_per_unit": per(until.cpu_ms, units as f64),
            "peak_rss_mb": round(peak.rss_kb as f64 / 1024.0),
            "peak_pss_mb": round(peak.pss_kb as f64 / 1024.0),
            "peak_fds": peak.fds,
            "peak_processes": peak.processes,
            "disk_bytes": disk,
            "disk_bytes_per_mail_byte": (mail_bytes > 0 && !self.metered.data_dir.is_empty())
                .then(|| per(disk, mail_bytes as f64)),
            "syncs": syncs,
            "syncs_per_unit": syncs.map(|syncs| per(syncs as f64, units as f64)),
            "client_cpu_ms": round(own_ms),
            "other_cores_busy": per(other_ms / 1000.0, end.seconds).max(0.0),
        })
    }
}

fn syncs(metered: &Metered) -> u64 {
    let bytes = metered.sync_count.as_ref().and_then(|file| fs::read(file).ok()).unwrap_or_default();
    bytes.first_chunk().map_or(0, |chunk| u64::from_ne_bytes(*chunk))
}

fn own_cpu_ms() -> f64 {
    Processes::new(vec![std::process::id()]).cpu_ms()
}

/// CPU time of the whole machine, idling and waiting for disks left out.
fn machine_cpu_ms() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    busy_ticks(text.lines().next().unwrap_or_default()) * 10.0
}

/// `cpu user nice system idle iowait irq softirq steal …`
fn busy_ticks(line: &str) -> f64 {
    let ticks: Vec<f64> = line.split_ascii_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    ticks.iter().take(3).chain(ticks.iter().skip(5).take(3)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_time_is_not_busy() {
        assert_eq!(busy_ticks("cpu  1 2 4 8000 16000 32 64 128 256 512"), 231.0);
        assert_eq!(busy_ticks(""), 0.0);
    }
}
