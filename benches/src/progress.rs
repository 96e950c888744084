//! One line on standard error while a load runs, when somebody looks at it.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

const SHOW_EVERY: Duration = Duration::from_millis(200);

/// How far a load has come. Shared by its sessions.
pub struct Progress {
    what: &'static str,
    total: u64,
    begin: Instant,
    done: Cell<u64>,
    shown: Cell<Option<Instant>>,
    note: RefCell<String>,
}

impl Progress {
    /// Of `total` steps; 0 when it is not known.
    pub fn new(what: &'static str, total: u64) -> Progress {
        let shown = Cell::new(stderr().is_terminal().then(Instant::now));
        Progress { what, total, begin: Instant::now(), done: Cell::new(0), shown, note: RefCell::default() }
    }

    /// One more step is done.
    pub fn step(&self) {
        self.done.set(self.done.get() + 1);
        if self.shown.get().is_some_and(|shown| shown.elapsed() >= SHOW_EVERY) {
            self.show();
        }
    }

    /// Steps done.
    pub fn done(&self) -> u64 {
        self.done.get()
    }

    /// Says something beside the figures, from now on.
    pub fn note(&self, note: String) {
        self.note.replace(note);
    }

    fn show(&self) {
        self.shown.set(Some(Instant::now()));
        let rate = self.done() as f64 / self.begin.elapsed().as_secs_f64();
        let of = if self.total > 0 { format!(" of {}", self.total) } else { String::new() };
        let note = self.note.borrow();
        // Progress that cannot be shown is no trouble.
        let _ = write!(stderr(), "\r\x1b[K{}: {}{of}, {rate:.0} in a second {note}", self.what, self.done());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.get().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
