//! Threads that read from storage. Most reads find what they want in memory and take some microseconds, less than it takes
//! to wake a thread: so no more threads are awake than there are cores, and what comes meanwhile is done by those. Only
//! when a read waits while all of them are at theirs for long, as when the disk is slow, another thread is woken.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Most threads, for each core. More would not read faster, and each keeps some megabytes of the allocator's to itself.
const THREADS_PER_CORE: usize = 4;
/// When no read was taken up for so long, those that wait get another thread.
const LONG: Duration = Duration::from_millis(2);
/// A thread that had nothing to do for so long ends.
const KEPT: Duration = Duration::from_secs(10);

type Read = Box<dyn FnOnce() + Send>;

static READERS: LazyLock<Arc<Readers>> = LazyLock::new(Arc::default);

/// Runs this on one of the threads. It must not panic.
pub(super) fn spawn(read: Read) {
    READERS.push(read);
}

#[derive(Default)]
struct Readers {
    state: Mutex<State>,
    /// Told to those who are idle.
    called: Condvar,
    /// Told to the one who watches.
    waits: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Read>,
    /// When one was last taken up.
    taken: Option<Instant>,
    /// Threads that read, or were told to.
    awake: usize,
    /// Threads that have nothing to do.
    idle: usize,
    /// How many of those that were idle were told to read and have not yet heard it.
    called: usize,
    /// Is there somebody who watches?
    has_watch: bool,
    /// Does that one look again soon?
    is_watched: bool,
}

impl Readers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a read in the queue, and sees to it that somebody takes it.
    fn push(self: &Arc<Self>, read: Read) {
        let mut state = self.state();
        state.waiting.push_back(read);
        if state.awake < cores() {
            return self.call(state);
        }
        if !state.has_watch {
            state.has_watch = true;
            drop(state);
            return self.start("read-watch", |readers| readers.watch());
        }
        if !state.is_watched {
            self.waits.notify_one();
        }
    }

    /// Has one more thread read.
    fn call(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        state.awake += 1;
        if state.idle == 0 {
            drop(state);
            return self.start("read", |readers| readers.run());
        }
        state.idle -= 1;
        state.called += 1;
        drop(state);
        self.called.notify_one();
    }

    fn start(self: &Arc<Self>, name: &str, run: fn(&Arc<Readers>)) {
        let readers = Arc::clone(self);
        let thread = thread::Builder::new().name(name.into()).spawn(move || run(&readers));
        thread.expect("a thread that reads can be started");
    }

    fn run(&self) {
        let mut state = self.state();
        loop {
            while let Some(read) = state.waiting.pop_front() {
                state.taken = Some(Instant::now());
                drop(state);
                read();
                state = self.state();
            }
            state.awake -= 1;
            state.idle += 1;
            let waited = self.called.wait_timeout_while(state, KEPT, |state| state.called == 0);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.called == 0 {
                state.idle -= 1;
                return;
            }
            state.called -= 1;
        }
    }

    /// Looks after reads that wait, for as long as there are any.
    fn watch(self: &Arc<Self>) {
        loop {
            thread::sleep(LONG);
            let mut state = self.state();
            let are_long = state.taken.is_none_or(|taken| taken.elapsed() >= LONG);
            if !state.waiting.is_empty() && are_long && state.awake < THREADS_PER_CORE * cores() {
                self.call(state);
                continue;
            }
            state.is_watched = false;
            let waited = self.waits.wait_while(state, |state| state.waiting.is_empty());
            waited.unwrap_or_else(PoisonError::into_inner).is_watched = true;
        }
    }
}

fn cores() -> usize {
    static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    *CORES
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_read_is_done_by_few_threads() {
        let readers: Arc<Readers> = Arc::default();
        let (done, all) = mpsc::channel();
        for number in 0..10_000 {
            let done = done.clone();
            readers.push(Box::new(move || done.send((number, thread::current().id())).expect("is heard")));
        }
        drop(done);
        let (numbers, threads): (HashSet<_>, HashSet<_>) = all.into_iter().unzip();
        assert_eq!(numbers, (0..10_000).collect());
        assert!(threads.len() <= THREADS_PER_CORE * cores());
        let mut state = readers.state();
        let end = Instant::now() + Duration::from_secs(10);
        while state.awake > 0 && Instant::now() < end {
            drop(state);
            thread::yield_now();
            state = readers.state();
        }
        assert_eq!((state.awake, state.called, state.waiting.len()), (0, 0, 0));
    }

    #[test]
    fn reads_that_hang_hold_nobody_up() {
        let readers: Arc<Readers> = Arc::default();
        let (go, hang) = mpsc::channel::<()>();
        let hang = Arc::new(Mutex::new(hang));
        for _ in 0..2 * cores() {
            let hang = Arc::clone(&hang);
            readers.push(Box::new(move || assert!(hang.lock().expect("is whole").recv().is_err())));
        }
        let (done, heard) = mpsc::channel();
        for _ in 0..2 * cores() {
            let done = done.clone();
            readers.push(Box::new(move || done.send(()).expect("is heard")));
        }
        for _ in 0..2 * cores() {
            heard.recv_timeout(Duration::from_secs(10)).expect("is done by another thread");
        }
        drop(go);
    }
}
