//! The segment files: finding them, reading a message's bytes out of one, opening sealed ones when
//! they are needed and closing them again. Writing is `accept.rs`'s.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use redb::ReadTransaction;

use crate::base::Base;
use crate::disk::{Access, Disk};
use crate::tables::piece_key;
use crate::tables::segment::BLOB;
use crate::{BlobId, Error, Options, Result, Word, pieces};

/// The folder of the segment files.
pub(crate) const FOLDER: &str = "segments";

/// What a redb file begins with once it is whole.
const MAGIC: &[u8; 9] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// One segment file.
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) base: Base,
    last_used: AtomicU64,
    pin: Arc<()>,
}

/// While one is alive its segment is not swept.
#[derive(Debug, Clone)]
pub(crate) struct Pin(#[expect(dead_code, reason = "it only counts")] Arc<()>);

impl Segment {
    pub(crate) fn pin(&self) -> Pin {
        Pin(self.pin.clone())
    }

    pub(crate) fn is_pinned(&self) -> bool {
        Arc::strong_count(&self.pin) > 1
    }
}

/// All segment files.
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    active_cache_bytes: usize,
    sealed_cache_bytes: usize,
    sealed_open_max: usize,
    uses: AtomicU64,
    next: AtomicU32,
    all: RwLock<BTreeMap<u32, Arc<Segment>>>,
}

/// Name of a segment's file.
pub(crate) fn file_name(number: u32) -> String {
    format!("{FOLDER}/{number:05}.redb")
}

/// Was this file begun but never finished by redb, so that nothing can be in it?
pub(crate) fn is_blank(disk: &dyn Disk, name: &str) -> Result<bool> {
    let backend = match disk.open(name, Access::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        backend => backend?,
    };
    if backend.len()? < MAGIC.len() as u64 {
        return Ok(true);
    }
    let mut begin = [0; MAGIC.len()];
    backend.read(0, &mut begin)?;
    Ok(begin == [0; MAGIC.len()])
}

impl Segments {
    pub(crate) fn new(disk: Arc<dyn Disk>, options: &Options) -> Segments {
        Segments {
            disk,
            active_cache_bytes: options.active_cache_bytes,
            sealed_cache_bytes: options.sealed_cache_bytes,
            sealed_open_max: options.sealed_open_max.max(1),
            uses: AtomicU64::new(0),
            next: AtomicU32::new(1),
            all: RwLock::default(),
        }
    }

    /// Numbers of the files that are there.
    pub(crate) fn on_disk(&self) -> Result<Vec<u32>> {
        let names = self.disk.list(FOLDER)?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| name.strip_suffix(".redb")?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes an existing file known; it is opened at first use.
    pub(crate) fn add(&self, number: u32, sealed: bool) -> Arc<Segment> {
        let cache_bytes = if sealed { self.sealed_cache_bytes } else { self.active_cache_bytes };
        let segment = Arc::new(Segment {
            number,
            base: Base::new(self.disk.clone(), file_name(number), cache_bytes, sealed),
            last_used: AtomicU64::new(0),
            pin: Arc::new(()),
        });
        self.all.write().unwrap_or_else(PoisonError::into_inner).insert(number, segment.clone());
        segment
    }

    /// This number is given to no new file.
    pub(crate) fn is_taken(&self, number: u32) {
        self.next.fetch_max(number + 1, Relaxed);
    }

    /// Makes a new file.
    pub(crate) fn create(&self) -> Result<Arc<Segment>> {
        let number = self.next.fetch_add(1, Relaxed);
        let segment = self.add(number, false);
        let made = segment.base.create(FOLDER).and_then(|()| {
            // Tables are made with the file, so that no reader ever misses one.
            segment.base.write(|transaction| {
                transaction.open_table(BLOB)?;
                transaction.open_table(crate::tables::segment::JOURNAL)?;
                Ok(())
            })
        });
        if made.is_err() {
            self.all.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
            // What is left of it is blank; the next start removes it if this fails too.
            let _ = segment.base.retire();
            let _ = self.disk.remove(&file_name(number));
        }
        made.map(|()| segment)
    }

    fn known(&self) -> RwLockReadGuard<'_, BTreeMap<u32, Arc<Segment>>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// `NotFound` when there is no such segment (any more).
    pub(crate) fn get(&self, number: u32) -> Result<Arc<Segment>> {
        let missing = || Error::new(Word::NotFound, format!("{} is missing", file_name(number)));
        self.known().get(&number).cloned().ok_or_else(missing)
    }

    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.known().keys().copied().collect()
    }

    /// Closes a swept segment and unlinks its file.
    pub(crate) fn unlink(&self, number: u32) -> Result<()> {
        let removed = self.all.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        if let Some(segment) = removed {
            segment.base.retire()?;
        }
        self.disk.remove(&file_name(number))?;
        Ok(self.disk.sync_folder(FOLDER)?)
    }

    /// Closes all files; returns the first error.
    pub(crate) fn close(&self) -> Result<()> {
        self.known().values().map(|segment| segment.base.retire()).fold(Ok(()), Result::and)
    }

    /// One read transaction in a segment.
    pub(crate) fn read_in<T>(&self, number: u32, read: impl Fn(&ReadTransaction) -> Result<T>) -> Result<T> {
        let segment = self.get(number)?;
        segment.last_used.store(self.uses.fetch_add(1, Relaxed), Relaxed);
        let opens = segment.base.is_sealed() && !segment.base.is_open();
        let result = segment.base.read(read);
        if opens {
            self.close_least_used();
        }
        result
    }

    fn close_least_used(&self) {
        let known = self.known();
        let mut open: Vec<_> =
            known.values().filter(|segment| segment.base.is_sealed() && segment.base.is_open()).collect();
        open.sort_unstable_by_key(|segment| segment.last_used.load(Relaxed));
        for segment in open.iter().take(open.len().saturating_sub(self.sealed_open_max)) {
            // What was only read has nothing to lose.
            let _ = segment.base.close();
        }
    }

    /// Bytes `from .. from + length` of a message of `size` bytes.
    pub(crate) fn read(&self, number: u32, id: BlobId, size: u64, from: u64, length: usize) -> Result<Vec<u8>> {
        let end = size.min(from.saturating_add(length as u64));
        if from >= end {
            return Ok(Vec::new());
        }
        self.read_in(number, |transaction| {
            let table = transaction.open_table(BLOB)?;
            let mut bytes = Vec::with_capacity((end - from) as usize);
            for (index, piece) in (0u32..).zip(pieces::layout(size)) {
                if piece.end <= from {
                    continue;
                }
                if piece.start >= end {
                    break;
                }
                let key = piece_key(id, index, (piece.end - piece.start) as usize);
                let value = table.get(key)?.ok_or_else(|| missing_bytes(id))?;
                let first = from.saturating_sub(piece.start) as usize;
                let last = (end.min(piece.end) - piece.start) as usize;
                let value = value.value();
                if value.len() as u64 != piece.end - piece.start {
                    return Err(missing_bytes(id));
                }
                bytes.extend_from_slice(&value[first..last]);
            }
            Ok(bytes)
        })
    }

    /// blake3 of a message's bytes as they are stored.
    pub(crate) fn hash(&self, number: u32, id: BlobId, size: u64) -> Result<[u8; 32]> {
        self.read_in(number, |transaction| {
            let table = transaction.open_table(BLOB)?;
            let mut hasher = blake3::Hasher::new();
            for (index, piece) in (0u32..).zip(pieces::layout(size)) {
                let key = piece_key(id, index, (piece.end - piece.start) as usize);
                let value = table.get(key)?.ok_or_else(|| missing_bytes(id))?;
                if value.value().len() as u64 != piece.end - piece.start {
                    return Err(missing_bytes(id));
                }
                hasher.update(value.value());
            }
            Ok(*hasher.finalize().as_bytes())
        })
    }
}

fn missing_bytes(id: BlobId) -> Error {
    Error::new(Word::Corrupt, format!("message {id} has bytes missing"))
}
