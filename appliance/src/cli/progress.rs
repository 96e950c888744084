//! One line on standard error that says how far something has come.

use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// The line is written anew at most so often.
const PERIOD: Duration = Duration::from_millis(100);

/// A progress line. Quiet when standard error is not a terminal.
pub struct Progress {
    what: &'static str,
    visible: bool,
    shown: Option<Instant>,
}

impl Progress {
    /// A line that begins with `what`.
    pub fn new(what: &'static str, visible: bool) -> Progress {
        Progress { what, visible, shown: None }
    }

    /// Says how far it has come.
    pub fn show(&mut self, done: u64, total: u64) {
        let fresh = self.shown.is_some_and(|shown| shown.elapsed() < PERIOD);
        if !self.visible || (fresh && done < total) {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = (done * 100).checked_div(total).unwrap_or(0).min(100);
        let _ = write!(stderr(), "\r\x1b[K{} {done} of {total} ({percent} %)", self.what);
        let _ = stderr().flush();
    }

    /// Wipes the line out, to make room for another.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
