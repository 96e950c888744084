//! What the store's threads and callers share, and the threads' end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::ReadTransaction;

use crate::base::{Base, lock};
use crate::departed::Departed;
use crate::disk::Disk;
use crate::lane::Positions;
use crate::queue::{Queue, Rows};
use crate::rows::BlobRow;
use crate::segments::Segments;
use crate::tables::meta;
use crate::traffic::Meters;
use crate::{
    Bell, BlobId, Counters, Directory, Error, MailboxId, Options, Result, Time, Word, accept, archive, directory, spool,
};

/// How long an answer about the disk's free space is good.
const ROOM_FRESH: Duration = Duration::from_secs(1);

/// The store's parts.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) bell: Arc<dyn Bell>,
    pub(crate) base: Base,
    pub(crate) segments: Segments,
    pub(crate) queue: Arc<Queue>,
    pub(crate) departed: Departed,
    /// Text filters that are not in the file yet.
    pub(crate) unwritten_filters: Mutex<HashMap<BlobId, Arc<[u8]>>>,
    pub(crate) accept: accept::Inbox,
    pub(crate) meta: crate::meta::Inbox,
    pub(crate) directory: RwLock<Arc<Directory>>,
    pub(crate) archive: archive::rules::Rules,
    pub(crate) next_blob: AtomicU64,
    pub(crate) room: Room,
    pub(crate) meters: Meters,
    pub(crate) sweeping: Mutex<()>,
    pub(crate) closed: AtomicBool,
}

impl Shared {
    /// # Errors
    /// `Closed`.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Relaxed) {
            return Err(Error::new(Word::Closed, "the store is closed"));
        }
        Ok(())
    }

    /// One read transaction in `meta.redb`.
    pub(crate) fn look<T>(&self, read: impl Fn(&ReadTransaction) -> Result<T>) -> Result<T> {
        self.base.read(read)
    }

    /// Everyone who has mail here, as of now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the archive's rules anew. The old ones stay when that fails.
    pub(crate) fn reload_archive_rules(&self) {
        if let Ok(rules) = self.look(archive::rules::list) {
            self.archive.set(rules);
        }
    }

    /// Reads the directory anew. The old one stays when that fails.
    pub(crate) fn reload_directory(&self) {
        if let Ok(directory) = self.look(directory::rows::read) {
            *self.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(directory);
        }
    }

    /// After a failed commit, which may show after all: makes memory agree with the file.
    pub(crate) fn look_again(&self) {
        let applied = self.look(|transaction| {
            let positions = Positions::read(transaction)?;
            let ahead = transaction.open_table(meta::APPLIED)?;
            let mut applied = Vec::new();
            for (id, sequence) in self.queue.fresh_sequences() {
                if positions.cover(sequence) || ahead.get(sequence)?.is_some() {
                    applied.push(id);
                }
            }
            Ok(applied)
        });
        if let Ok(applied) = applied {
            self.queue.forget_fresh(&applied);
        }
        if let Ok(rows) = self.look(Rows::read) {
            self.queue.plan(rows);
        }
        self.reload_archive_rules();
        self.reload_directory();
    }

    /// Where a message's bytes are.
    ///
    /// # Errors
    /// `NotFound`.
    pub(crate) fn locate(&self, id: BlobId) -> Result<(u32, u64)> {
        if let Some(fresh) = self.queue.fresh(id) {
            return Ok((fresh.segment, fresh.size));
        }
        let known = self.look(|transaction| {
            let row = transaction.open_table(meta::BLOB)?.get(id.0)?;
            row.map(|row| BlobRow::decode(row.value())).transpose()
        })?;
        let place = known.map(|row| (row.segment, row.size)).or_else(|| self.departed.place(id));
        place.ok_or_else(|| Error::new(Word::NotFound, format!("there is no message {id}")))
    }

    pub(crate) fn read_bytes(&self, id: BlobId, from: u64, length: usize) -> Result<Vec<u8>> {
        self.check_open()?;
        let (segment, size) = self.locate(id)?;
        let first = self.segments.read(segment, id, size, from, length);
        if first.is_ok() {
            return first;
        }
        // The sweeper may have moved the message in between.
        let (moved, size) = self.locate(id)?;
        let result = if moved == segment { first } else { self.segments.read(moved, id, size, from, length) };
        result.map_err(|error| match error.word {
            Word::NotFound => Error::new(Word::Corrupt, error.detail),
            _ => error,
        })
    }

    /// Looks at a mailbox. The counters that `counters` finds in it know what was noted as seen, too.
    pub(crate) fn look_at_mailbox<T>(
        &self,
        mailbox: MailboxId,
        look: impl Fn(&ReadTransaction) -> Result<T>,
        counters: impl FnOnce(&mut T) -> &mut Counters,
    ) -> Result<T> {
        let noted = self.meta.noted(|notes| notes.recent.get(&mailbox).copied());
        let mut found = self.look(look)?;
        let counters = counters(&mut found);
        counters.recent_from = counters.recent_from.max(noted.unwrap_or(0));
        Ok(found)
    }

    /// Takes messages out of the spool; see [`spool::steer::delete`].
    pub(crate) fn delete_messages(
        self: &Arc<Self>,
        ids: Vec<BlobId>,
        done: impl FnOnce(Result<usize>) + Send + 'static,
    ) {
        let queue = self.queue.clone();
        let went = Arc::new(Mutex::new(Vec::new()));
        let gone = went.clone();
        let shared = self.clone();
        drop(self.meta.write_then(
            move |tables| spool::steer::delete(tables, &queue, &ids, &mut lock(&went), Time::now()),
            move |result| {
                let ids = std::mem::take(&mut *lock(&gone));
                if result.is_ok() {
                    shared.queue.forget(&ids);
                } else {
                    shared.queue.release(ids);
                }
                done(result.clone());
            },
        ));
    }
}

/// Free space on the disk, asked at most once a second.
#[derive(Default)]
pub(crate) struct Room(Mutex<Option<(Instant, u64)>>);

impl Room {
    /// Free bytes above the reserve; without limit when the disk does not say.
    pub(crate) fn bytes(&self, disk: &dyn Disk, reserve: u64) -> u64 {
        let mut known = lock(&self.0);
        if let Some((asked, room)) = *known
            && asked.elapsed() < ROOM_FRESH
        {
            return room;
        }
        let room = disk.free_bytes().map_or(u64::MAX, |free| free.saturating_sub(reserve));
        *known = Some((Instant::now(), room));
        room
    }
}

/// Ends the threads when the last [`crate::Store`] goes.
pub(crate) struct Owner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) threads: Mutex<Option<Threads>>,
}

/// The writers.
pub(crate) struct Threads {
    pub(crate) accept: [JoinHandle<()>; 2],
    pub(crate) meta: JoinHandle<()>,
}

impl Owner {
    /// Finishes what is queued, then closes all files.
    pub(crate) fn close(&self) -> Result<()> {
        let Some(Threads { accept, meta }) = lock(&self.threads).take() else { return Ok(()) };
        let shared = &self.shared;
        shared.closed.store(true, Relaxed);
        shared.accept.close();
        let accepted = accept.map(JoinHandle::join);
        if let Some((minute, over)) = shared.meters.end() {
            shared.meta.note_traffic(minute, &over);
        }
        let clean = shared.meta.write(|tables| tables.set_state("clean", 1));
        shared.meta.close();
        let written = meta.join();
        let clean = clean.wait();
        let segments = shared.segments.close();
        let base = shared.base.retire();
        if accepted.iter().any(|ended| ended.is_err()) || written.is_err() {
            return Err(Error::new(Word::Io, "a writer thread of the store had ended"));
        }
        clean.and(segments).and(base)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.close();
    }
}
