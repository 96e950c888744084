//! The meta writer: the one thread that writes to `meta.redb`. It group-commits whatever is queued
//! and answers after the commit. A job checks first and writes then, so that a job that is refused
//! harms nobody in its batch; a job that fails while it writes takes its whole batch with it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::lock;
use crate::shared::Shared;
use crate::traffic::{self, Minutes, Traffic};
use crate::write::{Outcome, Tables};
use crate::{AccountId, Error, LastLogin, MailboxId, Pending, Result, Uid, Word};

/// Most jobs of one transaction.
const BATCH_JOBS_MAX: usize = 1024;
/// How long a note may wait for another write to ride along with.
const NOTES_WAIT: Duration = Duration::from_secs(30);

/// Most minutes of traffic that wait for another write.
const TRAFFIC_MINUTES_MAX: usize = 15;

/// Tells the outcome of the transaction to whoever waits.
type Answer = Box<dyn FnOnce(Option<&Error>) + Send>;
/// Does its work in the tables, or learns why there are none. Returns an error only when it had
/// begun to write.
type Job = Box<dyn for<'t> FnOnce(std::result::Result<&mut Tables<'t>, &Error>) -> (Result<()>, Answer) + Send>;

/// The way to the meta writer.
#[derive(Default)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    notes: Notes,
    noted: Option<Instant>,
    closed: bool,
}

/// Small things to remember that are not worth a sync of their own.
#[derive(Default, Clone, PartialEq)]
pub(crate) struct Notes {
    pub(crate) logins: HashMap<AccountId, LastLogin>,
    /// The last login of an account from each address.
    pub(crate) sources: HashMap<(AccountId, String), LastLogin>,
    pub(crate) recent: HashMap<MailboxId, Uid>,
    pub(crate) traffic: Minutes,
}

impl Notes {
    fn is_empty(&self) -> bool {
        self.logins.is_empty() && self.sources.is_empty() && self.recent.is_empty() && self.traffic.is_empty()
    }
}

impl Inbox {
    /// Queues a job.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tables) -> Result<T> + Send + 'static,
    ) -> Pending<T> {
        self.write_then(job, |_| ())
    }

    /// Queues a job and something to do after the transaction, before its caller is answered.
    pub(crate) fn write_then<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tables) -> Result<T> + Send + 'static,
        then: impl FnOnce(&Result<T>) + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let job: Job = Box::new(move |tables| {
            let (result, fault) = match tables {
                Err(error) => (Err(error.clone()), Ok(())),
                Ok(tables) => {
                    tables.begin_job();
                    let result = job(tables);
                    let fault = match &result {
                        Err(error) if tables.has_written() => Err(error.clone()),
                        _ => Ok(()),
                    };
                    (result, fault)
                }
            };
            let answer: Answer = Box::new(move |failure| {
                let result = failure.map_or(result, |error| Err(error.clone()));
                then(&result);
                promise.keep(result);
            });
            (fault, answer)
        });
        let mut waiting = lock(&self.waiting);
        if waiting.closed {
            drop(waiting);
            let error = Error::new(Word::Closed, "the store is closing");
            let (_, answer) = job(Err(&error));
            answer(None);
        } else {
            waiting.jobs.push_back(job);
            self.more.notify_one();
        }
        pending
    }

    /// Remembers something until the next commit.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Notes)) {
        let mut waiting = lock(&self.waiting);
        note(&mut waiting.notes);
        if waiting.noted.is_none() {
            waiting.noted = Some(Instant::now());
            self.more.notify_one();
        }
    }

    /// Remembers a minute of traffic until the next commit, whenever that is; many of them get one of their own.
    pub(crate) fn note_traffic(&self, minute: u32, over: &Traffic) {
        let mut waiting = lock(&self.waiting);
        traffic::note(&mut waiting.notes.traffic, minute, over);
        if waiting.noted.is_none() && waiting.notes.traffic.len() > TRAFFIC_MINUTES_MAX {
            waiting.noted = Some(Instant::now());
            self.more.notify_one();
        }
    }

    /// Looks at what is noted and not yet durable.
    pub(crate) fn noted<T>(&self, look: impl FnOnce(&Notes) -> T) -> T {
        look(&lock(&self.waiting).notes)
    }

    /// Takes no more jobs; those queued are still done.
    pub(crate) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.more.notify_one();
    }

    /// Blocks until there is something to write. `None` when closed and empty.
    fn take(&self, more_to_reclaim: bool) -> Option<(Vec<Job>, Notes)> {
        let mut waiting = lock(&self.waiting);
        loop {
            let due = waiting.noted.is_some_and(|noted| noted.elapsed() >= NOTES_WAIT);
            if !waiting.jobs.is_empty() || due || (more_to_reclaim && !waiting.closed) {
                break;
            }
            if waiting.closed {
                if waiting.notes.is_empty() {
                    return None;
                }
                break;
            }
            let patience = waiting.noted.map_or(Duration::MAX, |noted| NOTES_WAIT.saturating_sub(noted.elapsed()));
            waiting = if patience == Duration::MAX {
                self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.more.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0
            };
        }
        let count = waiting.jobs.len().min(BATCH_JOBS_MAX);
        let jobs = waiting.jobs.drain(..count).collect();
        Some((jobs, waiting.notes.clone()))
    }

    /// Forgets notes that were written, or could not be.
    fn forget_notes(&self, written: &Notes) {
        let mut waiting = lock(&self.waiting);
        waiting.notes.logins.retain(|account, login| written.logins.get(account) != Some(login));
        waiting.notes.sources.retain(|source, login| written.sources.get(source) != Some(login));
        waiting.notes.recent.retain(|mailbox, uid| written.recent.get(mailbox) != Some(uid));
        traffic::forget(&mut waiting.notes.traffic, &written.traffic);
        waiting.noted = if waiting.notes.is_empty() { None } else { Some(Instant::now()) };
    }
}

/// Works until the inbox is closed and empty.
pub(crate) fn run(shared: &Arc<Shared>, mut more_to_reclaim: bool) {
    let mut doubtful = false;
    while let Some((jobs, notes)) = shared.meta.take(more_to_reclaim) {
        let mut jobs = jobs.into_iter();
        let mut answers = Vec::new();
        let result = shared.base.write(|transaction| {
            let mut tables = Tables::open(transaction)?;
            for job in jobs.by_ref() {
                let (fault, answer) = job(Ok(&mut tables));
                answers.push(answer);
                fault?;
            }
            tables.write_notes(&notes)?;
            let mut outcome = tables.finish()?;
            shared.departed.note(std::mem::take(&mut outcome.departed));
            Ok(outcome)
        });
        shared.meta.forget_notes(&notes);
        // After a failure the batch may show after all. Memory may not have learnt it while the disk
        // did not answer, so it looks again when it does.
        if doubtful || result.is_err() {
            shared.look_again();
        }
        doubtful = result.is_err();
        match result {
            Ok(outcome) => {
                more_to_reclaim = outcome.more_to_reclaim;
                succeed(shared, outcome, answers);
            }
            Err(error) => {
                for job in jobs {
                    let (_, answer) = job(Err(&error));
                    answers.push(answer);
                }
                answers.into_iter().for_each(|answer| answer(Some(&error)));
            }
        }
    }
}

fn succeed(shared: &Arc<Shared>, outcome: Outcome, answers: Vec<Answer>) {
    shared.queue.note(outcome.agenda);
    if outcome.news.directory {
        shared.reload_directory();
    }
    // First the bell: whoever hears that a write is done finds everyone else told of it.
    let news = &outcome.news;
    if news.directory || !news.mailboxes.is_empty() || !news.accounts.is_empty() || !news.spool.is_empty() {
        shared.bell.ring(news);
    }
    answers.into_iter().for_each(|answer| answer(None));
}
