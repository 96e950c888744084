//! What the process uses of the machine, as `/proc` tells it, and the space that is left on the disk.

use std::fs;
use std::time::Instant;

/// Ticks of `/proc/self/stat` in a second: the same on every Linux that Rust's standard library runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// Two looks at the processor's time that are closer together tell nothing.
const LOOK_SECONDS_MIN: f64 = 1.0;

/// The last look at the processor's time.
#[derive(Debug, Default)]
pub(super) struct Processor {
    looked: Option<(Instant, f64)>,
    share: Option<f64>,
}

impl Processor {
    /// The part of one processor that was used since the look before, in percent. `None` at the first look.
    pub(super) fn percent(&mut self) -> Option<f64> {
        let (now, seconds) = (Instant::now(), cpu_seconds()?);
        match self.looked {
            Some((then, before)) => {
                let gone = now.duration_since(then).as_secs_f64();
                if gone >= LOOK_SECONDS_MIN {
                    self.share = Some((seconds - before) / gone * 100.0);
                    self.looked = Some((now, seconds));
                }
            }
            None => self.looked = Some((now, seconds)),
        }
        self.share
    }
}

/// Seconds of processor time that the process has used.
fn cpu_seconds() -> Option<f64> {
    cpu_ticks(&fs::read_to_string("/proc/self/stat").ok()?).map(|ticks| ticks as f64 / TICKS_A_SECOND)
}

/// `utime` and `stime` of a line of `/proc/self/stat`. The name, in brackets, may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Bytes of memory that the process holds.
pub(super) fn memory_bytes() -> Option<u64> {
    resident_bytes(&fs::read_to_string("/proc/self/status").ok()?)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says() {
        let stat = "7 (mail) stead) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 5000 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t   1234 kB\nThreads:\t1\n"), Some(1234 * 1024));
        for nonsense in ["", "7 (x", "7 (x) S 1", "VmRSS: many kB"] {
            assert_eq!((cpu_ticks(nonsense), resident_bytes(nonsense)), (None, None), "{nonsense}");
        }
        assert!(memory_bytes().is_some_and(|bytes| bytes > 0) && cpu_seconds().is_some());
    }
}
