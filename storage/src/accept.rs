//! The accept writers: the threads that write to segment files. One takes all that is queued, one
//! transaction and one sync for each file touched (nearly always one), and answers after the commit.
//! There is no timer: the previous commit is the batching window. The other does the same with what is
//! short while the first waits for a slow disk; see `inbox.rs`.

mod inbox;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use inbox::{Finish, Inbox, Job, Purpose};

use crate::lane::Lane;
use crate::queue::Fresh;
use crate::segments::{Pin, Segment};
use crate::shared::Shared;
use crate::tables::piece_key;
use crate::tables::segment::{BLOB, JOURNAL};
use crate::{Accepted, BlobId, Error, Kept, News, PIECE_BYTES_MAX, Result, Word, pieces};

/// A message of which pieces are in a segment already.
struct Unfinished {
    segment: u32,
    pieces: u32,
    /// Keeps the segment from being swept.
    _pin: Pin,
}

/// A segment that is written to.
struct OpenSegment {
    segment: Arc<Segment>,
    written: u64,
    last_sequence: u64,
    /// A commit failed and may show after all: its journal rows must go before the next one.
    torn: bool,
}

/// What of a segment's state the start found out.
pub(crate) struct Found {
    pub(crate) segment: Arc<Segment>,
    pub(crate) written: u64,
    pub(crate) last_sequence: u64,
}

/// The thread's state.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    lane: Lane,
    open: BTreeMap<u32, OpenSegment>,
    unfinished: HashMap<BlobId, Unfinished>,
    next_sequence: u64,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, lane: Lane, found: Vec<Found>, next_sequence: u64) -> Writer {
        let open = found.into_iter().map(|Found { segment, written, last_sequence }| {
            (segment.number, OpenSegment { segment, written, last_sequence, torn: false })
        });
        Writer { open: open.collect(), shared, lane, unfinished: HashMap::new(), next_sequence }
    }

    /// Works until the inbox is closed and empty.
    pub(crate) fn run(mut self) {
        let shared = self.shared.clone();
        while let Some(jobs) = shared.accept.take(self.lane) {
            self.batch(jobs);
            shared.accept.is_done(self.lane, self.sync_time());
            self.seal_full();
        }
        drop(self.mend());
        for open in self.open.values() {
            self.record(open, false);
        }
    }

    fn batch(&mut self, jobs: Vec<Job>) {
        if let Err(error) = self.mend().and_then(|()| self.ensure_active()) {
            jobs.into_iter().for_each(|job| job.refuse(&error));
            return;
        }
        // Pieces of a message stay together, so a message that began before a switch goes on in the
        // older segment.
        let mut groups: BTreeMap<u32, Vec<Job>> = BTreeMap::new();
        let mut abandoned = Vec::new();
        let active = self.active();
        for job in jobs {
            let id = match &job {
                Job::Abandon(id) => {
                    abandoned.push(*id);
                    continue;
                }
                Job::Piece { id, .. } => Some(*id),
                Job::Finish(finish) => Some(finish.id),
                Job::Change(_) => None,
            };
            let unfinished = id.and_then(|id| self.unfinished.get(&id));
            let segment = unfinished.map_or(active, |unfinished| unfinished.segment);
            groups.entry(segment).or_default().push(job);
        }
        let mut news = News::default();
        for (number, jobs) in groups {
            self.commit(number, jobs, &mut news);
        }
        for id in abandoned {
            self.unfinished.remove(&id);
        }
        if !news.spool.is_empty() {
            self.shared.bell.ring(&news);
        }
    }

    fn sync_time(&self) -> Duration {
        self.open.values().next_back().map(|open| open.segment.base.sync_time()).unwrap_or_default()
    }

    fn active(&self) -> u32 {
        self.open.keys().next_back().copied().unwrap_or(0)
    }

    /// One transaction in one segment, then the answers.
    fn commit(&mut self, number: u32, jobs: Vec<Job>, news: &mut News) {
        let first_sequence = self.next_sequence;
        let written = match self.open.get(&number) {
            Some(open) => write(&open.segment, &jobs, &self.unfinished, first_sequence),
            None => Err(Error::new(Word::Io, "the segment of the message is closed")),
        };
        let Some(open) = self.open.get_mut(&number) else {
            return jobs.into_iter().for_each(|job| job.refuse(&inbox::closing()));
        };
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                open.torn = true;
                // If this fails too, the next batch begins with it.
                drop(self.mend());
                return jobs.into_iter().for_each(|job| job.refuse(&error));
            }
        };
        self.next_sequence += written.rows;
        open.written += written.bytes;
        open.last_sequence = self.next_sequence - 1;
        for (id, pieces) in written.pieces {
            let unfinished = Unfinished { segment: number, pieces, _pin: open.segment.pin() };
            self.unfinished.insert(id, unfinished);
        }
        self.answer(number, jobs, &written.lost, first_sequence, news);
    }

    fn answer(&mut self, number: u32, jobs: Vec<Job>, lost: &[BlobId], mut sequence: u64, news: &mut News) {
        let Some(segment) = self.open.get(&number).map(|open| open.segment.clone()) else { return };
        let (mut fresh, mut promises, mut applications) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            let Finish { id, size, hash, purpose, .. } = match job {
                Job::Finish(finish) => finish,
                Job::Piece { promise: Some(promise), .. } => {
                    promise.keep(Ok(()));
                    continue;
                }
                Job::Change(asked) => {
                    applications.push(asked.written(sequence, number));
                    sequence += 1;
                    continue;
                }
                _ => continue,
            };
            self.unfinished.remove(&id);
            if lost.contains(&id) {
                purpose.refuse(&Error::new(Word::Io, "earlier bytes were not written"));
                continue;
            }
            match purpose {
                Purpose::Keep(promise) => {
                    promise.keep(Ok(Kept { id, size, hash, segment: number, _pin: segment.pin() }));
                }
                Purpose::Spool { arrival, copies, promise, .. } => {
                    fresh.push(Fresh { sequence, id, size, segment: number, hash, arrival, copies });
                    promises.push((promise, Accepted { id, size }));
                    sequence += 1;
                }
                Purpose::Append(asked) => {
                    applications.push(asked.written(sequence, number));
                    sequence += 1;
                }
            }
        }
        news.spool.extend(fresh.iter().map(|fresh| fresh.id));
        // Whoever is answered finds the message in the spool.
        self.shared.queue.arrive(fresh);
        promises.into_iter().for_each(|(promise, accepted)| promise.keep(Ok(accepted)));
        // In the order of the journal, which is the order in which a start would do it.
        self.shared.meta.apply(applications);
    }

    /// Takes back what failed commits may have left: nobody was told that it was accepted.
    fn mend(&mut self) -> Result<()> {
        for open in self.open.values_mut().filter(|open| open.torn) {
            let next = self.next_sequence;
            open.segment.base.write(|transaction| {
                transaction.open_table(JOURNAL)?.retain_in(next.., |_, _| false)?;
                Ok(())
            })?;
            open.torn = false;
        }
        Ok(())
    }

    fn ensure_active(&mut self) -> Result<()> {
        let limit = self.shared.options.segment_bytes_max;
        if self.open.values().next_back().is_some_and(|open| open.written < limit) {
            return Ok(());
        }
        let segment = self.shared.segments.create()?;
        self.open.insert(segment.number, OpenSegment { segment, written: 0, last_sequence: 0, torn: false });
        Ok(())
    }

    /// Seals every segment that is full or no longer the active one, unless an unfinished message has
    /// pieces in it.
    fn seal_full(&mut self) {
        let (limit, active) = (self.shared.options.segment_bytes_max, self.active());
        let done = |(number, open): &(&u32, &OpenSegment)| (open.written >= limit || **number != active) && !open.torn;
        let needed = |number: &u32| self.unfinished.values().any(|unfinished| unfinished.segment == *number);
        let full: Vec<u32> = self.open.iter().filter(done).map(|(number, _)| *number).collect();
        for number in full.into_iter().filter(|number| !needed(number)) {
            let Some(open) = self.open.remove(&number) else { continue };
            match open.segment.base.seal() {
                Ok(()) => self.record(&open, true),
                // Left open in its row, the next start seals it.
                Err(error) => drop(error),
            }
        }
    }

    /// Has meta note how a segment stands.
    fn record(&self, open: &OpenSegment, sealed: bool) {
        let (number, written, last_sequence) = (open.segment.number, open.written, open.last_sequence);
        let blob_next = self.shared.next_blob.load(std::sync::atomic::Ordering::Relaxed);
        // Nobody waits: a note that is lost is found out again at the next start.
        drop(self.shared.meta.write(move |tables| {
            tables.note_segment(number, sealed, written, last_sequence)?;
            tables.set_state("blob_next", blob_next)
        }));
    }
}

/// What a transaction wrote.
#[derive(Default)]
struct Written {
    bytes: u64,
    /// Of the journal.
    rows: u64,
    /// Unfinished messages and how many of their pieces are there.
    pieces: HashMap<BlobId, u32>,
    /// Finished messages of which earlier pieces are missing.
    lost: Vec<BlobId>,
}

impl Written {
    /// Adds a row to the journal.
    fn note(&mut self, journal: &mut redb::Table<u64, &[u8]>, first: u64, row: &[u8]) -> Result<()> {
        journal.insert(first + self.rows, row)?;
        self.rows += 1;
        self.bytes += row.len() as u64;
        Ok(())
    }
}

fn write(segment: &Segment, jobs: &[Job], unfinished: &HashMap<BlobId, Unfinished>, first: u64) -> Result<Written> {
    segment.base.write(|transaction| {
        let mut written = Written::default();
        let mut blob = transaction.open_table(BLOB)?;
        let mut journal = transaction.open_table(JOURNAL)?;
        for job in jobs {
            let (id, claimed) = match job {
                Job::Piece { id, index, .. } => (*id, *index),
                Job::Finish(finish) => (finish.id, finish.pushed),
                Job::Abandon(_) => continue,
                Job::Change(asked) => {
                    written.note(&mut journal, first, asked.row())?;
                    continue;
                }
            };
            let before = || unfinished.get(&id).map_or(0, |unfinished| unfinished.pieces);
            let there = written.pieces.get(&id).copied().unwrap_or_else(before);
            match job {
                Job::Piece { index, bytes, .. } if there == claimed => {
                    blob.insert(piece_key(id, *index, bytes.len()), bytes.as_slice())?;
                    written.bytes += pieces::leaf_bytes(bytes.len());
                    written.pieces.insert(id, index + 1);
                }
                Job::Finish(finish) if there == claimed => {
                    written.pieces.remove(&id);
                    written.bytes += write_tail(&mut blob, finish)?;
                    if let Some(row) = finish.purpose.row() {
                        written.note(&mut journal, first, row)?;
                    }
                }
                _ => written.lost.push(id),
            }
        }
        Ok(written)
    })
}

/// Writes the pieces that come after those pushed; returns the bytes they take.
fn write_tail(blob: &mut redb::Table<(u64, u32), &[u8]>, finish: &Finish) -> Result<u64> {
    let start = u64::from(finish.pushed) * PIECE_BYTES_MAX as u64;
    let mut bytes = 0;
    for (index, piece) in (0u32..).zip(pieces::layout(finish.size)).skip(finish.pushed as usize) {
        let range = (piece.start - start) as usize..(piece.end - start) as usize;
        bytes += pieces::leaf_bytes(range.len());
        blob.insert(piece_key(finish.id, index, range.len()), &finish.tail[range])?;
    }
    Ok(bytes)
}
