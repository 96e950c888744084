//! The meta writer: the one thread that writes to `meta.redb`. It group-commits whatever is queued
//! and answers after the commit. A job checks first and writes then, so that a job that is refused
//! harms nobody in its batch; a job that fails while it writes takes its whole batch with it.
//!
//! What the journal has already is applied in a transaction without a sync of its own; see `unsynced.rs`.

mod unsynced;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redb::Durability;

pub(crate) use unsynced::{Row, Unsynced};

use crate::base::lock;
use crate::shared::Shared;
use crate::traffic::{self, Minutes, Traffic};
use crate::write::{Outcome, Tables};
use crate::{AccountId, CredentialId, Error, LastLogin, MailboxId, Pending, Result, Uid, Use, Word};

/// Most jobs of one transaction.
const BATCH_JOBS_MAX: usize = 1024;
/// How long a note may wait for another write to ride along with.
const NOTES_WAIT: Duration = Duration::from_secs(30);

/// Most minutes of traffic that wait for another write.
const TRAFFIC_MINUTES_MAX: usize = 15;

/// Tells the outcome of the transaction to whoever waits.
pub(crate) type Answer = Box<dyn FnOnce(Option<&Error>) + Send>;
/// Does its work in the tables, or learns why there are none. Returns an error only when it had
/// begun to write.
pub(crate) type Job =
    Box<dyn for<'t> FnOnce(std::result::Result<&mut Tables<'t>, &Error>) -> (Result<()>, Answer) + Send>;

/// A change that is in the journal.
pub(crate) struct Application {
    pub(crate) row: Row,
    /// Makes it, for who waits for it.
    pub(crate) job: Job,
}

/// The way to the meta writer.
#[derive(Default)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    applications: Vec<Application>,
    notes: Notes,
    noted: Option<Instant>,
    closed: bool,
}

/// What there is to write.
struct Work {
    applications: Vec<Application>,
    jobs: Vec<Job>,
    /// Those that ride along.
    notes: Notes,
    /// Is there more to do than the applications?
    syncs: bool,
}

/// Small things to remember that are not worth a sync of their own.
#[derive(Default, Clone, PartialEq)]
pub(crate) struct Notes {
    pub(crate) logins: HashMap<AccountId, LastLogin>,
    /// The last login of an account from each address.
    pub(crate) sources: HashMap<(AccountId, String), LastLogin>,
    pub(crate) recent: HashMap<MailboxId, Uid>,
    pub(crate) uses: HashMap<CredentialId, Use>,
    pub(crate) traffic: Minutes,
}

impl Notes {
    fn is_empty(&self) -> bool {
        self.logins.is_empty()
            && self.sources.is_empty()
            && self.recent.is_empty()
            && self.traffic.is_empty()
            && self.uses.is_empty()
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

    /// Queues what the journal has. It is done in this order.
    pub(crate) fn apply(&self, applications: Vec<Application>) {
        if !applications.is_empty() {
            lock(&self.waiting).applications.extend(applications);
            self.more.notify_one();
        }
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

    /// Looks at what is noted and not yet durable. To be asked before the tables are: what is durable is noted no more,
    /// so who asks afterwards may find it in neither.
    pub(crate) fn noted<T>(&self, look: impl FnOnce(&Notes) -> T) -> T {
        look(&lock(&self.waiting).notes)
    }

    /// Takes no more jobs; those queued are still done.
    pub(crate) fn close(&self) {
        lock(&self.waiting).closed = true;
        self.more.notify_one();
    }

    /// Blocks until there is something to write, `sync_by` at the latest. `None` when closed and empty.
    fn take(&self, more_to_reclaim: bool, sync_by: Option<Instant>) -> Option<Work> {
        let mut waiting = lock(&self.waiting);
        let syncs = loop {
            let noted_by = waiting.noted.map(|noted| noted + NOTES_WAIT);
            let due = noted_by.into_iter().chain(sync_by).min();
            let patience = due.map(|due| due.saturating_duration_since(Instant::now()));
            // The last job before the close is durable, and with it all that came before.
            let is_due = !waiting.closed && patience.is_some_and(|patience| patience.is_zero());
            if !waiting.jobs.is_empty() || is_due || (more_to_reclaim && !waiting.closed) {
                break true;
            }
            if !waiting.applications.is_empty() {
                break false;
            }
            if waiting.closed {
                if waiting.notes.is_empty() {
                    return None;
                }
                break true;
            }
            waiting = match patience {
                None => self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => self.more.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0,
            };
        };
        let count = waiting.jobs.len().min(BATCH_JOBS_MAX);
        let jobs = waiting.jobs.drain(..count).collect();
        let notes = if syncs { waiting.notes.clone() } else { Notes::default() };
        Some(Work { applications: std::mem::take(&mut waiting.applications), jobs, notes, syncs })
    }

    /// Forgets notes that were written, or could not be.
    fn forget_notes(&self, written: &Notes) {
        let mut waiting = lock(&self.waiting);
        waiting.notes.logins.retain(|account, login| written.logins.get(account) != Some(login));
        waiting.notes.sources.retain(|source, login| written.sources.get(source) != Some(login));
        waiting.notes.recent.retain(|mailbox, uid| written.recent.get(mailbox) != Some(uid));
        waiting.notes.uses.retain(|id, used| written.uses.get(id) != Some(used));
        traffic::forget(&mut waiting.notes.traffic, &written.traffic);
        waiting.noted = if waiting.notes.is_empty() { None } else { Some(Instant::now()) };
    }
}

/// Works until the inbox is closed and empty.
pub(crate) fn run(shared: &Arc<Shared>, unsynced: &Unsynced, more_to_reclaim: bool) {
    let mut writer = Writer { shared, unsynced, more_to_reclaim, doubtful: false };
    while let Some(work) = shared.meta.take(writer.more_to_reclaim, unsynced.sync_by()) {
        let Work { applications, jobs, notes, syncs } = work;
        if !applications.is_empty() {
            writer.apply(applications);
        }
        if syncs || unsynced.is_full() {
            writer.commit(jobs, &notes);
        }
    }
}

/// The thread's state.
struct Writer<'s> {
    shared: &'s Arc<Shared>,
    unsynced: &'s Unsynced,
    more_to_reclaim: bool,
    /// The last commit failed.
    doubtful: bool,
}

impl Writer<'_> {
    /// Applies what the journal has, for everyone to see. Nobody waits for that to be durable here.
    fn apply(&mut self, applications: Vec<Application>) {
        let (rows, jobs): (Vec<Row>, Vec<Job>) = applications.into_iter().map(|one| (one.row, one.job)).unzip();
        let (mut jobs, mut answers) = (jobs.into_iter(), Vec::new());
        let outcome = self.shared.base.transact(Durability::None, |transaction| {
            let mut tables = Tables::open(transaction)?;
            run_jobs(&mut jobs, &mut tables, &mut answers)?;
            let outcome = finish(self.shared, tables)?;
            // Before anyone could open the file anew and miss them.
            self.unsynced.add(&rows);
            Ok(outcome)
        });
        match outcome {
            Ok(outcome) => succeed(self.shared, outcome, answers),
            Err(error) => {
                self.unsynced.withdraw(rows.iter().map(|row| row.sequence).collect());
                self.commit(Vec::new(), &Notes::default());
                fail(jobs, answers, &error);
            }
        }
    }

    /// One durable transaction for all jobs, then the answers.
    fn commit(&mut self, jobs: Vec<Job>, notes: &Notes) {
        let shared = self.shared;
        let mut jobs = jobs.into_iter();
        let mut answers = Vec::new();
        let result = shared.base.write(|transaction| {
            let mut tables = Tables::open(transaction)?;
            self.unsynced.write_withdrawn(&mut tables)?;
            run_jobs(&mut jobs, &mut tables, &mut answers)?;
            tables.write_notes(notes)?;
            let more_to_reclaim = tables.reclaim()?;
            Ok((finish(shared, tables)?, more_to_reclaim))
        });
        shared.meta.forget_notes(notes);
        self.unsynced.synced(result.is_ok());
        // After a failure the batch may show after all. Memory may not have learnt it while the disk
        // did not answer, so it looks again when it does.
        if self.doubtful || result.is_err() {
            shared.look_again();
        }
        self.doubtful = result.is_err();
        match result {
            Ok((outcome, more_to_reclaim)) => {
                self.more_to_reclaim = more_to_reclaim;
                succeed(shared, outcome, answers);
            }
            Err(error) => fail(jobs, answers, &error),
        }
    }
}

fn run_jobs(jobs: &mut impl Iterator<Item = Job>, tables: &mut Tables, answers: &mut Vec<Answer>) -> Result<()> {
    jobs.try_for_each(|job| {
        let (fault, answer) = job(Ok(tables));
        answers.push(answer);
        fault
    })
}

/// The transaction of these jobs has failed: of those that were run, and of the others.
fn fail(others: impl Iterator<Item = Job>, mut answers: Vec<Answer>, error: &Error) {
    answers.extend(others.map(|job| job(Err(error)).1));
    answers.into_iter().for_each(|answer| answer(Some(error)));
}

/// Writes all that was held back. What is gone is remembered before any reader misses it.
fn finish(shared: &Shared, tables: Tables) -> Result<Outcome> {
    let mut outcome = tables.finish()?;
    shared.departed.note(std::mem::take(&mut outcome.departed));
    Ok(outcome)
}

fn succeed(shared: &Arc<Shared>, outcome: Outcome, answers: Vec<Answer>) {
    shared.queue.note(outcome.spool_changes);
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
