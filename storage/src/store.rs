//! The store: opening, and every public read and write.

mod archive;
mod credentials;
mod guard;
mod mailboxes;
mod mailing;
mod password;
mod people;
mod reports;
mod rules;
mod search;
mod settings;
mod sharing;
mod spool;
mod traffic;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::base::lock;
use crate::disk::{DataDirectory, Disk};
use crate::segments::Pin;
use crate::shared::Owner;
use crate::tables::meta::{OUTLINE, TEXT_FILTER};
use crate::write::Tables;
use crate::*;

/// Bytes of each piece of a draft but the last: fills 32 redb pages exactly.
pub const PIECE_BYTES_MAX: usize = 4096 * 32 - 24;

/// So many text filters are written down at once.
pub const TEXT_FILTERS_AT_ONCE: usize = 1000;

/// Where the store is and how much it may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; made when it is not there.
    pub data: PathBuf,
    /// Cache of `meta.redb` in bytes.
    pub meta_cache_bytes: usize,
    /// Cache of the active segment in bytes.
    pub active_cache_bytes: usize,
    /// Cache of each sealed segment in bytes.
    pub sealed_cache_bytes: usize,
    /// Most sealed segments open at once.
    pub sealed_open_max: usize,
    /// A segment that has reached this size is sealed, bytes.
    pub segment_bytes_max: u64,
    /// Most messages of one accept commit.
    pub accept_batch_messages_max: usize,
    /// Most bytes of one accept commit.
    pub accept_batch_bytes_max: usize,
    /// Where a sync takes so long, an accept commit may begin when another one is half over.
    pub accept_slow: Duration,
    /// New mail is refused when the disk has less than this free, bytes.
    pub disk_free_bytes_min: u64,
}

impl Options {
    /// The defaults, in this data directory.
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            data: data.into(),
            meta_cache_bytes: 48 << 20,
            active_cache_bytes: 8 << 20,
            sealed_cache_bytes: 2 << 20,
            sealed_open_max: 16,
            segment_bytes_max: 256 << 20,
            accept_batch_messages_max: 512,
            accept_batch_bytes_max: 16 << 20,
            accept_slow: Duration::from_micros(1500),
            disk_free_bytes_min: 256 << 20,
        }
    }
}

/// Everything that is kept. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(Arc<Owner>);

/// A message was accepted: durable, and the spool's duty from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: BlobId,
    /// Its size in bytes.
    pub size: u64,
}

/// Bytes are durable in a segment, but nothing refers to them yet: they are for [`Append::before`].
#[derive(Debug, Clone)]
pub struct Kept {
    /// Their id.
    pub id: BlobId,
    /// Their number.
    pub size: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) segment: u32,
    pub(crate) _pin: Pin,
}

/// One thing that [`Store::verify`] found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file it is in, relative to the data directory.
    pub file: String,
    /// What is wrong, for a person.
    pub what: String,
    /// The message hit, when it is known.
    pub blob: Option<BlobId>,
    /// The mailboxes (address, mailbox name, UID) that show the message.
    pub seen_in: Vec<(String, String, Uid)>,
}

/// How far [`Store::verify`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Steps done.
    pub done: u64,
    /// Steps in all, as far as known.
    pub total: u64,
}

/// What [`Store::verify`] looked at and found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Messages' bytes read and hashed.
    pub blobs: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Mailboxes counted.
    pub mailboxes: u64,
    /// Message records followed.
    pub records: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

impl Store {
    // ---- opening and closing -----------------------------------------------------------------

    /// Opens the store in `options.data`, makes it when it is not there, runs migrations, takes journal
    /// rows that were not yet applied back as fresh messages, and does again what was appended.
    ///
    /// # Errors
    /// `Locked` when another process has it open, `Newer` when a newer version wrote it, `Corrupt`,
    /// `Io`.
    pub fn open(options: Options, bell: Arc<dyn Bell>) -> Result<Store> {
        let disk = DataDirectory::open(options.data.clone())?;
        Store::open_on(options, Arc::new(disk), bell)
    }

    /// As [`open`](Store::open), on another disk than `options.data`; for tests.
    ///
    /// # Errors
    /// As [`open`](Store::open).
    pub fn open_on(options: Options, disk: Arc<dyn Disk>, bell: Arc<dyn Bell>) -> Result<Store> {
        Ok(Store(Arc::new(opening::open(options, disk, bell)?)))
    }

    fn write<T: Send + 'static>(&self, job: impl FnOnce(&mut Tables) -> Result<T> + Send + 'static) -> Pending<T> {
        self.0.shared.meta.write(job)
    }

    /// Finishes what is queued, seals cleanly and closes all files. Later calls return `Closed`.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }

    // ---- the way in --------------------------------------------------------------------------

    /// Begins a message. Costs no I/O.
    ///
    /// # Errors
    /// `DiskFull` when the disk's reserve is reached.
    pub fn draft(&self) -> Result<Draft> {
        let shared = &self.0.shared;
        shared.check_open()?;
        if self.disk_room_bytes() == 0 {
            return Err(Error::new(Word::DiskFull, "the disk has less free space than the reserve"));
        }
        Ok(Draft::new(shared.clone(), BlobId(shared.next_blob.fetch_add(1, Relaxed))))
    }

    /// Free bytes of the disk above the reserve (0 when it is reached); asked at most once a second.
    pub fn disk_room_bytes(&self) -> u64 {
        self.0.shared.room.bytes(&*self.0.shared.disk, self.0.shared.options.disk_free_bytes_min)
    }

    /// Size and free bytes of the disk; 0 when it does not say.
    pub fn disk_space(&self) -> (u64, u64) {
        let disk = &self.0.shared.disk;
        (disk.size_bytes().unwrap_or_default(), disk.free_bytes().unwrap_or_default())
    }

    // ---- message bytes -----------------------------------------------------------------------

    /// Bytes `from .. from + length` of a message, fewer at its end.
    pub fn read(&self, blob: BlobId, from: u64, length: usize) -> Result<Vec<u8>> {
        self.0.shared.read_bytes(blob, from, length)
    }

    /// The outline that was stored with a message.
    pub fn outline(&self, blob: BlobId) -> Result<Arc<[u8]>> {
        let outlines = self.outlines(&[blob])?;
        outlines.get(0).map(Arc::from).ok_or_else(|| missing_message(blob))
    }

    /// Outlines of many messages, in their order (one read transaction); `None` for one that is gone.
    pub fn outlines(&self, blobs: &[BlobId]) -> Result<Bundle> {
        // A message is fresh before it has rows, so that whichever it is, it is met.
        let fresh = self.0.shared.queue.fresh_outlines(blobs);
        self.0.shared.look(|transaction| mailbox::look::rows_of(transaction, OUTLINE, blobs, &fresh))
    }

    /// What [`put_text_filters`](Store::put_text_filters) keeps of many messages, in their order; `None` for one of which
    /// it keeps nothing.
    pub fn text_filters(&self, blobs: &[BlobId]) -> Result<Bundle> {
        let unwritten: Vec<_> = {
            let unwritten = lock(&self.0.shared.unwritten_filters);
            blobs.iter().map(|blob| unwritten.get(blob).cloned()).collect()
        };
        self.0.shared.look(|transaction| mailbox::look::rows_of(transaction, TEXT_FILTER, blobs, &unwritten))
    }

    /// Keeps what tells quickly that a text is not in a message, for as long as the message lives. In memory at first, and
    /// written down when there are [many](TEXT_FILTERS_AT_ONCE): what a crash takes with it can be made anew.
    pub fn put_text_filters(&self, filters: impl IntoIterator<Item = (BlobId, Vec<u8>)>) {
        let mut unwritten = lock(&self.0.shared.unwritten_filters);
        unwritten.extend(filters.into_iter().map(|(id, filter)| (id, filter.into())));
        if unwritten.len() >= TEXT_FILTERS_AT_ONCE {
            let filters: BTreeMap<_, _> = unwritten.drain().collect();
            drop(
                self.write(move |tables| {
                    filters.iter().try_for_each(|(id, filter)| tables.put_text_filter(*id, filter))
                }),
            );
        }
    }

    // ---- care --------------------------------------------------------------------------------

    /// Checks everything: each row's references, the bytes' checksums, the counters.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport> {
        verify::run(&self.0.shared, progress)
    }

    /// Forgets messages that can no longer be put back into the spool, copies what lives out of the
    /// emptiest sealed segment and unlinks it, when it is under half full. Returns the bytes given back.
    pub fn sweep(&self) -> Result<u64> {
        let (shared, before) = (&self.0.shared, undone_since(Time::now()));
        while shared.look(|transaction| crate::spool::look::can_forget(transaction, before))? {
            self.write(move |tables| crate::spool::steer::forget(tables, before)).wait()?;
        }
        sweep::run(shared)
    }
}

/// What was removed since then can be put back at `now`.
fn undone_since(now: Time) -> Time {
    Time(now.0.saturating_sub(UNDO_SECONDS * 1000))
}

fn missing_message(id: BlobId) -> Error {
    Error::new(Word::NotFound, format!("there is no message {id}"))
}
