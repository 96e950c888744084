//! The files of the data directory, behind a trait so that tests can put a disk under the store
//! that forgets, tears and refuses. Knows names and bytes, nothing of what is in them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

use redb::{BackendError, StorageBackend};

use crate::segments;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read and write; made empty when it is not there.
    Create,
    /// To read and write; must be there.
    Write,
    /// To read only; must be there.
    Read,
}

/// A directory that holds database files. Names are relative and use `/`.
pub trait Disk: Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the operating system; `NotFound` when the file is not there.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn StorageBackend>>;

    /// Names of the files in a folder, without the folder; empty when there is no such folder.
    ///
    /// # Errors
    /// Those of the operating system.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Length of a file in bytes, `None` when it is not there.
    ///
    /// # Errors
    /// Those of the operating system.
    fn length(&self, name: &str) -> io::Result<Option<u64>>;

    /// Unlinks a file; it may be gone already.
    ///
    /// # Errors
    /// Those of the operating system.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the folder's entries durable.
    ///
    /// # Errors
    /// Those of the operating system.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Free bytes for an unprivileged writer.
    ///
    /// # Errors
    /// Those of the operating system.
    fn free_bytes(&self) -> io::Result<u64>;

    /// Bytes in all; where that is not known, what is free.
    ///
    /// # Errors
    /// Those of the operating system.
    fn size_bytes(&self) -> io::Result<u64> {
        self.free_bytes()
    }
}

/// The real data directory.
pub(crate) struct DataDirectory(PathBuf);

impl DataDirectory {
    /// Makes the directory and its folders when they are not there, for the owner's eyes only.
    pub(crate) fn open(data: PathBuf) -> io::Result<DataDirectory> {
        DirBuilder::new().recursive(true).mode(0o700).create(data.join(segments::FOLDER))?;
        File::open(&data)?.sync_all()?;
        Ok(DataDirectory(data))
    }
}

impl Disk for DataDirectory {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn StorageBackend>> {
        let writable = access != Access::Read;
        let file = OpenOptions::new()
            .read(true)
            .write(writable)
            .create(access == Access::Create)
            .mode(0o600)
            .truncate(false)
            .open(self.0.join(name))?;
        let backend = redb::backends::FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Box::new(backend))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.0.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        match std::fs::metadata(self.0.join(name)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.0.join(folder))?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let statistics = rustix::fs::statvfs(&self.0)?;
        Ok(statistics.f_bavail.saturating_mul(statistics.f_frsize))
    }

    fn size_bytes(&self) -> io::Result<u64> {
        let statistics = rustix::fs::statvfs(&self.0)?;
        Ok(statistics.f_blocks.saturating_mul(statistics.f_frsize))
    }
}

/// redb wants a type of its own where a [`Disk`] gives a box. Times the syncs.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(crate) backend: Box<dyn StorageBackend>,
    /// How long the last sync took, microseconds.
    pub(crate) sync_micros: Arc<AtomicU32>,
}

impl StorageBackend for Timed {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let began = Instant::now();
        let result = self.backend.sync_data();
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        self.sync_micros.store(micros, Relaxed);
        result
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
