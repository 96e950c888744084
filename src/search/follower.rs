//! The follower: one thread that reads what has changed, and whatever has not been read yet, and keeps the index.
//!
//! How far it has come is written with every commit of the index. A message that is in the index already is not added
//! again, so that reading a change twice does no harm; after a crash it goes on from where the last commit was. What
//! came now goes before what has been there for long.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mailstead_storage::search::{Document, Place, Progress, Writer};
use mailstead_storage::{AccountId, BlobId, Error, IndexChange, Record, UidRange, Word};

use tokio::sync::oneshot;

use super::Inner;
use super::signals::Told;
use super::source;
use crate::log::{Event, Kind, Level};
use crate::service::{Ready, Stop};

/// Changes that are read at a time.
const CHANGES_MAX: usize = 512;
/// Messages that are read at a time of those that have been there for long.
const SCAN_MESSAGES: usize = 64;
/// While it reads what has been there for long, it rests as long as it works.
const SCAN_REST: u32 = 1;
/// Messages that wait for a commit at most.
const COMMIT_MESSAGES_MAX: usize = 5000;
/// No more changes than these are read soon.
const FEW_CHANGES: usize = 32;
/// How long a few changes wait for others.
const SOON: Duration = Duration::from_millis(400);
/// How long many changes wait for others, and what was there for a commit.
const LATER: Duration = Duration::from_secs(1);
/// After a failure it waits so long.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs the follower until it is asked to stop.
pub(super) async fn serve(inner: Arc<Inner>, ready: Ready, mut stop: Stop) {
    inner.signals.begin();
    let (ends, mut ended) = oneshot::channel::<()>();
    let working = Arc::clone(&inner);
    let thread = thread::Builder::new().name("index".into()).spawn(move || {
        working.live.change(|now| now.running = true);
        follow(&working);
        working.live.change(|now| now.running = false);
        drop(ends);
    });
    match thread {
        Ok(_) => ready.listening(Vec::new()),
        Err(error) => return ready.failed(format!("the index has no thread: {error}")),
    }
    // The thread ends with this future, however that ends.
    let _end = EndOnDrop(&inner);
    loop {
        tokio::select! {
            _ = &mut ended => return,
            () = inner.parts.bell.mail() => inner.signals.wake(),
            () = stop.asked() => {
                inner.signals.stop();
                let _ = ended.await;
                return;
            }
        }
    }
}

struct EndOnDrop<'i>(&'i Inner);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.signals.stop();
    }
}

fn follow(inner: &Inner) {
    loop {
        let error = match Follower::open(inner).and_then(|mut follower| follower.run()) {
            Ok(()) => return,
            Err(error) => error,
        };
        let event = Event::new(Kind::System, Level::Error, "the index cannot be kept");
        inner.parts.log.write(event.with("error", error.to_string()));
        inner.live.change(|now| now.error = Some(error.to_string()));
        if inner.signals.pause(PAUSE) {
            return;
        }
    }
}

struct Follower<'i> {
    inner: &'i Inner,
    writer: Writer<'i>,
    progress: Progress,
    /// As of the last commit.
    committed: Progress,
    /// Since when there is something that cannot be found yet.
    behind_since: Option<Instant>,
    /// The last document made: the next change is often the same message's, for another owner.
    last: Option<(BlobId, Document)>,
}

impl<'i> Follower<'i> {
    fn open(inner: &'i Inner) -> Result<Follower<'i>, Error> {
        let (writer, progress) = (inner.index.writer()?, inner.index.progress()?);
        let committed = progress.clone();
        let mut follower = Follower { inner, writer, progress, committed, behind_since: None, last: None };
        if !follower.progress.is_begun() {
            follower.begin_anew()?;
        }
        Ok(follower)
    }

    /// Throws everything away, and has it read again.
    fn begin_anew(&mut self) -> Result<(), Error> {
        let store = &self.inner.parts.store;
        self.writer.remove_all()?;
        // The cursor first: who gets a mailbox after it is in the log.
        let log = store.index_log_end()?;
        self.progress = Progress::begin(log, store.mailbox_owners()?);
        // An index that is empty must not look as if all were read.
        self.tell();
        self.commit()
    }

    fn run(&mut self) -> Result<(), Error> {
        let mut patience = Some(Duration::ZERO);
        loop {
            let told = self.inner.signals.wait(patience);
            if told.stop {
                return self.commit_rest();
            }
            self.reindex(told)?;
            patience = self.step()?;
            self.tell();
        }
    }

    /// Does what is next; says how long to wait then.
    fn step(&mut self) -> Result<Option<Duration>, Error> {
        let log = self.inner.parts.store.index_log(self.progress.log, 1)?;
        if log.floor > self.progress.log {
            self.begin_anew()?;
            return Ok(Some(Duration::ZERO));
        }
        if !log.changes.is_empty() {
            let since = self.touch();
            self.tell();
            self.let_in(since)?;
            let begun = Instant::now();
            self.read_changes()?;
            self.commit()?;
            // What came meanwhile may have come at once.
            self.behind_since = Some(begun);
            return Ok(Some(Duration::ZERO));
        }
        if !self.progress.owners.is_empty() {
            let (begun, since) = (Instant::now(), self.touch());
            self.scan()?;
            if since.elapsed() >= LATER || self.writer.waiting() >= COMMIT_MESSAGES_MAX {
                self.commit()?;
            }
            return Ok(Some(begun.elapsed() * SCAN_REST));
        }
        self.commit_rest()?;
        self.behind_since = None;
        Ok(None)
    }

    fn touch(&mut self) -> Instant {
        *self.behind_since.get_or_insert_with(Instant::now)
    }

    /// Waits for what comes together with the first change. The mail of a burst is let in before any of it is read.
    fn let_in(&self, since: Instant) -> Result<(), Error> {
        let Inner { signals, parts, .. } = self.inner;
        let pause = |length: Duration| signals.pause(length.saturating_sub(since.elapsed()));
        let has_ended = pause(SOON);
        if !has_ended && parts.store.index_log(self.progress.log, FEW_CHANGES + 1)?.changes.len() > FEW_CHANGES {
            pause(LATER);
        }
        Ok(())
    }

    fn commit_rest(&mut self) -> Result<(), Error> {
        if self.progress == self.committed { Ok(()) } else { self.commit() }
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.writer.commit(&self.progress)?;
        self.committed.clone_from(&self.progress);
        self.behind_since = None;
        self.inner.parts.store.trim_index_log(self.progress.log).wait()
    }

    fn tell(&self) {
        self.inner.live.change(|now| {
            now.owners.clone_from(&self.progress.owners);
            now.behind_since = self.behind_since;
            now.error = None;
        });
    }

    // ---- changes -------------------------------------------------------------------------

    /// Reads what is in the log by now, as far as one commit takes it.
    fn read_changes(&mut self) -> Result<(), Error> {
        let store = &self.inner.parts.store;
        let end = store.index_log_end()?;
        while self.progress.log < end && self.writer.waiting() < COMMIT_MESSAGES_MAX && !self.inner.signals.is_ending()
        {
            let log = store.index_log(self.progress.log, CHANGES_MAX)?;
            // There are numbers without a change.
            self.progress.log = if log.changes.is_empty() { end } else { log.last };
            for change in log.changes {
                self.apply(change)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: IndexChange) -> Result<(), Error> {
        match change {
            IndexChange::Came { owner, blob } => self.add(owner, blob),
            IndexChange::Gone(blob) => {
                self.writer.remove(blob);
                Ok(())
            }
            IndexChange::OwnerGone(owner) => {
                self.writer.remove_owner(owner)?;
                self.forget(owner);
                Ok(())
            }
        }
    }

    fn add(&mut self, owner: AccountId, blob: BlobId) -> Result<(), Error> {
        if self.writer.has(owner, blob)? {
            return Ok(());
        }
        if self.last.as_ref().is_none_or(|(last, _)| *last != blob) {
            self.last = self.read(blob)?.map(|document| (blob, document));
        }
        if let Some((_, document)) = &self.last {
            self.writer.add(owner, blob, document)?;
            self.inner.live.change(|now| now.count());
        }
        Ok(())
    }

    fn read(&self, blob: BlobId) -> Result<Option<Document>, Error> {
        let tell = |what, error: String| {
            let event = Event::new(Kind::System, Level::Warning, what).message(blob);
            self.inner.parts.log.write(event.with("error", error));
        };
        let store = &self.inner.parts.store;
        match source::read(store, blob) {
            Ok(Some(source)) => {
                if !source.has_texts {
                    tell("a message is indexed without its texts", "its texts could not be read".into());
                }
                store.put_text_filters([(blob, source.filter)]);
                Ok(Some(source.document))
            }
            Ok(None) => Ok(None),
            Err(error) if error.word == Word::Corrupt => {
                tell("a message is not indexed", error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    // ---- what has been there -------------------------------------------------------------

    fn reindex(&mut self, told: Told) -> Result<(), Error> {
        if told.reindex_all {
            return self.begin_anew();
        }
        for owner in told.reindex {
            self.writer.remove_owner(owner)?;
            self.forget(owner);
            self.progress.owners.push(owner);
            self.tell();
            // What is removed must not be taken for what is there.
            self.commit()?;
        }
        Ok(())
    }

    /// An owner is not to be read any more.
    fn forget(&mut self, owner: AccountId) {
        if self.progress.owners.first() == Some(&owner) {
            self.progress.place = None;
        }
        self.progress.owners.retain(|waiting| *waiting != owner);
    }

    /// Reads the next messages of the owner whose turn it is.
    fn scan(&mut self) -> Result<(), Error> {
        let Some(owner) = self.progress.owners.first().copied() else { return Ok(()) };
        let records = self.next_records(owner)?;
        if records.is_empty() {
            self.progress.owners.remove(0);
            self.progress.place = None;
            self.inner.live.change(|now| now.done = 0);
            return Ok(());
        }
        for (place, record) in records {
            self.add(owner, record.blob)?;
            self.progress.place = Some(place);
            self.inner.live.change(|now| now.done += 1);
        }
        Ok(())
    }

    fn next_records(&self, owner: AccountId) -> Result<Vec<(Place, Record)>, Error> {
        let store = &self.inner.parts.store;
        let after = self.progress.place;
        for mailbox in store.mailbox_ids(owner)? {
            let first = match after {
                Some(place) if mailbox < place.mailbox => continue,
                Some(place) if mailbox == place.mailbox => place.uid.saturating_add(1),
                _ => 1,
            };
            let uids = [UidRange { first, last: u32::MAX }].into_iter().collect();
            let records = store.records(mailbox, &uids, SCAN_MESSAGES)?;
            if !records.is_empty() {
                let placed = records.into_iter().map(|record| (Place { mailbox, uid: record.uid }, record));
                return Ok(placed.collect());
            }
        }
        Ok(Vec::new())
    }
}
