//! The way to the accept writers, and who of them takes what.
//!
//! The first takes everything. Where a sync is slow, a message that comes while one is under way waits for half of it on
//! average, and then for its own. So the second begins a commit of its own when that of the first is half over, with the
//! short messages for the spool that have come until then. On a quick disk it never does: a commit that holds more
//! messages costs less for each. What counts is the sync alone, because the rest of a commit is work, which two at once
//! do no sooner.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::archive::rules::ArchiveCopy;
use crate::base::lock;
use crate::lane::Lane;
use crate::mailbox::redo::Asked;
use crate::pending::Promise;
use crate::{Accepted, Arrival, BlobId, Error, Kept, Options, Word};

/// Bytes of pieces of unfinished messages that may wait in memory for a commit to ride along with.
const PUSHED_BYTES_MAX: usize = 4 << 20;

/// Something to write.
pub(crate) enum Job {
    /// A full piece of a message that is still coming in.
    Piece { id: BlobId, index: u32, bytes: Vec<u8>, promise: Option<Promise<()>> },
    /// The rest of a message, whose first pieces came as [`Job::Piece`].
    Finish(Finish),
    /// A message that will not be finished.
    Abandon(BlobId),
    /// A change of mailboxes that brings no message.
    Change(Box<dyn Asked>),
}

/// The end of a message.
pub(crate) struct Finish {
    pub(crate) id: BlobId,
    pub(crate) size: u64,
    pub(crate) hash: [u8; 32],
    /// Pieces that came before.
    pub(crate) pushed: u32,
    pub(crate) tail: Vec<u8>,
    pub(crate) purpose: Purpose,
}

/// What a finished message is for.
pub(crate) enum Purpose {
    /// The spool; with the arrival's journal row.
    Spool { arrival: Arc<Arrival>, copies: Vec<ArchiveCopy>, row: Vec<u8>, promise: Promise<Accepted> },
    /// A mailbox, now.
    Append(Box<dyn Asked>),
    /// A mailbox, later.
    Keep(Promise<Kept>),
}

impl Job {
    /// Is it a whole message for the spool?
    fn is_short(&self) -> bool {
        matches!(self, Job::Finish(Finish { pushed: 0, purpose: Purpose::Spool { .. }, .. }))
    }

    fn bytes(&self) -> usize {
        match self {
            Job::Piece { bytes, .. } => bytes.len(),
            Job::Finish(finish) => finish.tail.len(),
            Job::Abandon(_) => 0,
            Job::Change(asked) => asked.row().len(),
        }
    }

    pub(super) fn refuse(self, error: &Error) {
        match self {
            Job::Piece { promise: Some(promise), .. } => promise.keep(Err(error.clone())),
            Job::Finish(finish) => finish.purpose.refuse(error),
            Job::Change(asked) => asked.refuse(error),
            Job::Piece { promise: None, .. } | Job::Abandon(_) => {}
        }
    }
}

impl Purpose {
    /// The row that goes into the journal.
    pub(super) fn row(&self) -> Option<&[u8]> {
        match self {
            Purpose::Spool { row, .. } => Some(row),
            Purpose::Append(asked) => Some(asked.row()),
            Purpose::Keep(_) => None,
        }
    }

    pub(super) fn refuse(self, error: &Error) {
        match self {
            Purpose::Spool { promise, .. } => promise.keep(Err(error.clone())),
            Purpose::Append(asked) => asked.refuse(error),
            Purpose::Keep(promise) => promise.keep(Err(error.clone())),
        }
    }
}

/// The way to the accept writers.
pub(crate) struct Inbox {
    batch_messages_max: usize,
    batch_bytes_max: usize,
    /// Where a sync takes so long, a commit may have another one beside it.
    slow: Duration,
    waiting: Mutex<Waiting>,
    /// There may be work for this lane.
    more: [Condvar; 2],
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    pushed_bytes: usize,
    /// Jobs that somebody waits for.
    urgent: usize,
    closed: bool,
    /// When each lane began the commit that is under way.
    began: [Option<Instant>; 2],
    /// How long the last commit took.
    took: Duration,
    /// How long a sync takes of late.
    sync: Duration,
}

/// When a lane may begin.
enum Begin {
    Now,
    In(Duration),
    /// When the other one has ended, or something has come.
    Later,
}

impl Inbox {
    pub(crate) fn new(options: &Options) -> Inbox {
        Inbox {
            batch_messages_max: options.accept_batch_messages_max.max(1),
            batch_bytes_max: options.accept_batch_bytes_max.max(1),
            slow: options.accept_slow,
            waiting: Mutex::default(),
            more: Default::default(),
        }
    }

    /// Hands a job over.
    pub(crate) fn send(&self, mut job: Job) {
        let mut waiting = lock(&self.waiting);
        if waiting.closed {
            drop(waiting);
            return job.refuse(&closing());
        }
        match &mut job {
            Job::Piece { bytes, promise, .. } => {
                waiting.pushed_bytes += bytes.len();
                if waiting.pushed_bytes >= PUSHED_BYTES_MAX {
                    waiting.urgent += 1;
                } else if let Some(promise) = promise.take() {
                    promise.keep(Ok(()));
                }
            }
            Job::Finish(_) | Job::Change(_) => waiting.urgent += 1,
            Job::Abandon(_) => {}
        }
        waiting.jobs.push_back(job);
        if waiting.urgent > 0 {
            match waiting.began {
                [None, _] => self.more[Lane::First as usize].notify_one(),
                [Some(_), None] if waiting.sync >= self.slow => self.more[Lane::Second as usize].notify_one(),
                _ => {}
            }
        }
    }

    /// Takes no more jobs; those queued are still done.
    pub(crate) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.more.iter().for_each(Condvar::notify_one);
    }

    /// Blocks until somebody waits for something, then takes what is queued up to the limits. `None`
    /// when closed and empty.
    pub(super) fn take(&self, lane: Lane) -> Option<Vec<Job>> {
        let more = &self.more[lane as usize];
        let mut waiting = lock(&self.waiting);
        loop {
            waiting = match waiting.begin(lane, self.slow) {
                Begin::Now => {
                    let jobs = waiting.take(lane, self.batch_messages_max, self.batch_bytes_max);
                    if !jobs.is_empty() {
                        waiting.began[lane as usize] = Some(Instant::now());
                        return Some(jobs);
                    }
                    if waiting.closed {
                        return None;
                    }
                    more.wait(waiting).unwrap_or_else(PoisonError::into_inner)
                }
                Begin::In(time) => more.wait_timeout(waiting, time).unwrap_or_else(PoisonError::into_inner).0,
                Begin::Later => more.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// A lane has done what it took. Its last sync took so long.
    pub(super) fn is_done(&self, lane: Lane, sync: Duration) {
        let mut waiting: MutexGuard<'_, Waiting> = lock(&self.waiting);
        if let Some(began) = waiting.began[lane as usize].take() {
            waiting.took = began.elapsed();
            waiting.sync = (waiting.sync * 7 + sync) / 8;
        }
        // The first may have waited for its end. The second has its time at which it looks again.
        if lane == Lane::Second {
            self.more[Lane::First as usize].notify_one();
        }
    }
}

impl Waiting {
    fn begin(&self, lane: Lane, slow: Duration) -> Begin {
        if self.closed {
            return Begin::Now;
        }
        let under_way = self.began[lane.other() as usize];
        match (lane, under_way) {
            (Lane::First, _) if self.urgent == 0 => Begin::Later,
            (Lane::First, None) => Begin::Now,
            (Lane::Second, None) => Begin::Later,
            (Lane::Second, _) if self.sync < slow || !self.jobs.iter().any(Job::is_short) => Begin::Later,
            (_, Some(began)) => match (self.took / 2).saturating_sub(began.elapsed()) {
                Duration::ZERO => Begin::Now,
                time => Begin::In(time),
            },
        }
    }

    fn take(&mut self, lane: Lane, messages_max: usize, bytes_max: usize) -> Vec<Job> {
        let (mut jobs, mut left) = (Vec::new(), VecDeque::new());
        let (mut messages, mut bytes) = (0, 0);
        while messages < messages_max && bytes < bytes_max {
            let Some(job) = self.jobs.pop_front() else { break };
            if lane == Lane::Second && !job.is_short() {
                left.push_back(job);
                continue;
            }
            bytes += job.bytes();
            match &job {
                Job::Piece { bytes, promise, .. } => {
                    self.pushed_bytes -= bytes.len();
                    self.urgent -= usize::from(promise.is_some());
                }
                Job::Finish(_) | Job::Change(_) => {
                    messages += 1;
                    self.urgent -= 1;
                }
                Job::Abandon(_) => {}
            }
            jobs.push(job);
        }
        left.append(&mut self.jobs);
        self.jobs = left;
        jobs
    }
}

pub(super) fn closing() -> Error {
    Error::new(Word::Closed, "the store is closing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Envelope, Pending, Priority, Provenance, Time, Verdict};

    const SLOW: Duration = Duration::from_millis(2);
    const HOUR: Duration = Duration::from_secs(3600);

    fn piece() -> Job {
        Job::Piece { id: BlobId(1), index: 0, bytes: vec![0; 9], promise: None }
    }

    fn message(pushed: u32, purpose: Purpose) -> Job {
        Job::Finish(Finish { id: BlobId(2), size: 1, hash: [0; 32], pushed, tail: vec![1], purpose })
    }

    fn spool() -> Purpose {
        let envelope = Envelope::new("", Vec::new());
        let arrival = Arrival {
            envelope,
            provenance: Provenance::Box,
            received: Time(1),
            priority: Priority::Normal,
            return_path_bytes: 0,
            verdict: Verdict::Welcome,
            outline: Arc::default(),
        };
        Purpose::Spool { arrival: Arc::new(arrival), copies: Vec::new(), row: Vec::new(), promise: Pending::new().0 }
    }

    fn keep() -> Purpose {
        Purpose::Keep(Pending::new().0)
    }

    #[test]
    fn who_begins_when() {
        fn check(lane: Lane, jobs: Vec<Job>, other_for: Option<Duration>, took: Duration, expected: &str) {
            let mut waiting = Waiting { took, sync: took, ..Waiting::default() };
            waiting.urgent = jobs.iter().filter(|job| matches!(job, Job::Finish(_))).count();
            waiting.jobs = jobs.into();
            let now = Instant::now();
            waiting.began[lane.other() as usize] = other_for.map(|time| now.checked_sub(time).unwrap_or(now));
            let begin = match waiting.begin(lane, SLOW) {
                Begin::Now => "now",
                Begin::In(_) => "soon",
                Begin::Later => "later",
            };
            assert_eq!(begin, expected, "{lane:?}, {other_for:?}, {took:?}");
        }
        let just = Some(Duration::ZERO);
        let half = Some(HOUR / 2);
        check(Lane::First, vec![], None, HOUR, "later");
        check(Lane::First, vec![piece()], None, HOUR, "later");
        check(Lane::First, vec![message(0, spool())], None, HOUR, "now");
        check(Lane::First, vec![message(0, keep())], just, HOUR, "soon");
        check(Lane::First, vec![message(0, spool())], just, Duration::ZERO, "now");
        check(Lane::Second, vec![message(0, spool())], None, HOUR, "later");
        check(Lane::Second, vec![message(0, spool())], just, HOUR, "soon");
        check(Lane::Second, vec![message(0, spool())], half, Duration::from_millis(3), "now");
        check(Lane::Second, vec![message(0, spool())], half, Duration::from_millis(1), "later");
        check(Lane::Second, vec![message(0, keep())], just, HOUR, "later");
        check(Lane::Second, vec![piece(), message(1, spool())], just, HOUR, "later");
    }

    #[test]
    fn the_second_leaves_what_is_not_for_it_in_its_order() {
        let jobs = [message(0, keep()), message(0, spool()), piece(), message(0, spool()), message(1, spool())];
        let mut waiting = Waiting { jobs: jobs.into(), urgent: 4, pushed_bytes: 9, ..Waiting::default() };
        assert_eq!(waiting.take(Lane::Second, 9, 99).len(), 2);
        assert_eq!((waiting.urgent, waiting.pushed_bytes), (2, 9));
        let left = waiting.take(Lane::First, 9, 99);
        assert!(matches!(
            left[..],
            [Job::Finish(Finish { pushed: 0, .. }), Job::Piece { .. }, Job::Finish(Finish { pushed: 1, .. })]
        ));
        assert_eq!((waiting.urgent, waiting.pushed_bytes), (0, 0));
    }
}
