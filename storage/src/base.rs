//! One redb file: opening, closing, a transaction, and getting up again after the operating system
//! refused a read or write. The only place where redb's errors become ours.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use redb::{
    Builder, Database, Durability, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, StorageBackend,
    WriteTransaction,
};

use crate::disk::{Access, Disk, Timed};
use crate::{Error, Result, Word};

/// Locks a mutex whose holder may have panicked: what the mutexes of this crate guard is whole
/// between any two statements.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A database file that is opened when it is needed.
///
/// redb refuses everything after an I/O error until the file is opened anew; that is done at the
/// next use, so that a disk that was full for a moment does not stop the box for ever.
pub(crate) struct Base {
    disk: Arc<dyn Disk>,
    name: String,
    cache_bytes: usize,
    sealed: AtomicBool,
    broken: AtomicBool,
    retired: AtomicBool,
    handle: RwLock<Handle>,
    sync_micros: Arc<AtomicU32>,
    lacking: OnceLock<Arc<dyn Lacking>>,
}

/// What a file lacks when it was opened anew: transactions that everyone saw and that were not durable.
pub(crate) trait Lacking: Send + Sync {
    fn is_nothing(&self) -> bool;
    /// Makes them again. Those that are there are left as they are.
    fn restore(&self, transaction: &WriteTransaction) -> Result<()>;
    /// They are durable.
    fn restored(&self);
}

enum Handle {
    Closed,
    Writable(Database),
    ReadOnly(ReadOnlyDatabase),
}

impl Handle {
    /// Closes the file. redb may panic even here, after it has panicked before.
    fn close(&mut self) -> Result<()> {
        let handle = std::mem::replace(self, Handle::Closed);
        guard_panics(|| match handle {
            Handle::Closed => Ok(()),
            Handle::Writable(database) => Ok(database.close()?),
            Handle::ReadOnly(database) => Ok(database.close()?),
        })
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        // Who wants to know how it ended has closed it before.
        let _ = self.handle.get_mut().unwrap_or_else(PoisonError::into_inner).close();
    }
}

impl Base {
    /// A file of this name, not opened yet.
    pub(crate) fn new(disk: Arc<dyn Disk>, name: impl Into<String>, cache_bytes: usize, sealed: bool) -> Base {
        Base {
            disk,
            name: name.into(),
            cache_bytes,
            sealed: AtomicBool::new(sealed),
            broken: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            handle: RwLock::new(Handle::Closed),
            sync_micros: Arc::default(),
            lacking: OnceLock::new(),
        }
    }

    /// From here on nobody sees the file without these transactions.
    pub(crate) fn may_lack(&self, lacking: Arc<dyn Lacking>) {
        self.lacking.get_or_init(|| lacking);
    }

    /// Makes the transactions again that the file lacks.
    fn restore(&self, database: &Database) -> Result<()> {
        let Some(lacking) = self.lacking.get().filter(|lacking| !lacking.is_nothing()) else { return Ok(()) };
        let transaction = database.begin_write()?;
        lacking.restore(&transaction)?;
        transaction.commit()?;
        lacking.restored();
        Ok(())
    }

    /// Makes the file and its directory entry.
    pub(crate) fn create(&self, folder: &str) -> Result<()> {
        self.open_with(Access::Create)?;
        self.disk.sync_folder(folder).map_err(|error| self.name_file(error.into()))
    }

    /// Opens the file, which must be there.
    pub(crate) fn open(&self) -> Result<()> {
        self.open_with(Access::Write)
    }

    fn open_with(&self, access: Access) -> Result<()> {
        let mut handle = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        if !self.broken.load(Relaxed) && !matches!(*handle, Handle::Closed) {
            return Ok(());
        }
        // What was wrong with it is why it is opened anew.
        let _ = handle.close();
        if self.retired.load(Relaxed) {
            return Err(Error::new(Word::Closed, "the store is closed"));
        }
        let sealed = self.sealed.load(Relaxed);
        let opened = guard_panics(|| if sealed { self.open_sealed() } else { self.open_writable(access) });
        *handle = opened.map_err(|error| self.name_file(error))?;
        self.broken.store(false, Relaxed);
        Ok(())
    }

    fn open_writable(&self, access: Access) -> Result<Handle> {
        let backend = self.disk.open(&self.name, access)?;
        if access == Access::Write && backend.len()? == 0 {
            return Err(Error::new(Word::Corrupt, "the file is empty; restore it from a backup"));
        }
        let database = self.builder().create_with_backend(self.timed(backend))?;
        self.restore(&database)?;
        Ok(Handle::Writable(database))
    }

    fn open_sealed(&self) -> Result<Handle> {
        let read_only = || -> Result<ReadOnlyDatabase> {
            let backend = self.disk.open(&self.name, Access::Read)?;
            Ok(self.builder().open_read_only_with_backend(self.timed(backend))?)
        };
        let first = read_only();
        if first.as_ref().is_err_and(|error| error.word == Word::Corrupt) {
            // A file that was not closed cleanly must be opened to write once.
            drop(self.open_writable(Access::Write)?);
            return Ok(Handle::ReadOnly(read_only()?));
        }
        Ok(Handle::ReadOnly(first?))
    }

    fn timed(&self, backend: Box<dyn StorageBackend>) -> Timed {
        Timed { backend, sync_micros: self.sync_micros.clone() }
    }

    /// How long the last sync took.
    pub(crate) fn sync_time(&self) -> Duration {
        Duration::from_micros(self.sync_micros.load(Relaxed).into())
    }

    fn builder(&self) -> Builder {
        let mut builder = Builder::new();
        builder.set_cache_size(self.cache_bytes);
        builder
    }

    /// Closes the file and makes it read-only from here on.
    pub(crate) fn seal(&self) -> Result<()> {
        self.close()?;
        self.sealed.store(true, Relaxed);
        Ok(())
    }

    /// Closes the file; the next use opens it again.
    pub(crate) fn close(&self) -> Result<()> {
        let mut handle = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        let broken = self.broken.swap(false, Relaxed);
        let closed = handle.close();
        if broken { Ok(()) } else { closed.map_err(|error| self.name_file(error)) }
    }

    /// Closes the file for good.
    pub(crate) fn retire(&self) -> Result<()> {
        self.retired.store(true, Relaxed);
        self.close()
    }

    pub(crate) fn is_open(&self) -> bool {
        !matches!(*self.handle.read().unwrap_or_else(PoisonError::into_inner), Handle::Closed)
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Relaxed)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One read transaction. Runs `read` a second time when the file had to be opened anew.
    pub(crate) fn read<T>(&self, read: impl Fn(&ReadTransaction) -> Result<T>) -> Result<T> {
        let mut last = None;
        for _ in 0..2 {
            if self.broken.load(Relaxed) || !self.is_open() {
                self.open_with(Access::Write)?;
            }
            let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
            let transaction = match &*handle {
                Handle::Closed => continue,
                Handle::Writable(database) => database.begin_read(),
                Handle::ReadOnly(database) => database.begin_read(),
            };
            let result = guard_panics(|| read(&transaction?));
            match result {
                Err(error) if error.word == Word::Io => {
                    self.broken.store(true, Relaxed);
                    last = Some(error);
                }
                result => return result.map_err(|error| self.name_file(error)),
            }
        }
        Err(self.name_file(last.unwrap_or_else(|| Error::new(Word::Closed, "the file was closed"))))
    }

    /// One write transaction, durable when this returns. An error leaves the file as it was, but
    /// after an error of the commit itself the transaction may show after all.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        self.transact(Durability::Immediate, write)
    }

    /// One write transaction. With [`Durability::None`] everyone sees it when this returns, but it becomes durable only
    /// with the next [`write`](Base::write): until then a crash undoes it, or any error, after which the file is
    /// opened anew.
    pub(crate) fn transact<T>(
        &self,
        durability: Durability,
        write: impl FnOnce(&WriteTransaction) -> Result<T>,
    ) -> Result<T> {
        if self.broken.load(Relaxed) || !self.is_open() {
            self.open_with(Access::Write)?;
        }
        let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
        let Handle::Writable(database) = &*handle else {
            return Err(self.name_file(Error::new(Word::Closed, "the file is closed or sealed")));
        };
        let result = guard_panics(|| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(durability)?;
            let value = write(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        result.map_err(|error| {
            self.broken.store(true, Relaxed);
            self.name_file(error)
        })
    }

    /// Has redb hash every page against its checksum; waits for all transactions to end and keeps
    /// new ones waiting. False when the file was damaged and an older state of it was whole.
    pub(crate) fn check(&self) -> Result<bool> {
        if self.broken.load(Relaxed) || !self.is_open() {
            self.open_with(Access::Write)?;
        }
        let mut handle = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        let Handle::Writable(database) = &mut *handle else { return Ok(true) };
        let result = guard_panics(|| {
            let whole = database.check_integrity()?;
            self.restore(database)?;
            Ok(whole)
        });
        if result.is_err() {
            self.broken.store(true, Relaxed);
        }
        result.map_err(|error| self.name_file(error))
    }

    fn name_file(&self, error: Error) -> Error {
        if error.detail.starts_with(&self.name) {
            return error;
        }
        let advice = match error.word {
            Word::Locked => "; stop the other process, or let it do the work",
            Word::Corrupt => "; run `verify`, and restore the file from a backup",
            _ => "",
        };
        Error::new(error.word, format!("{}: {}{advice}", self.name, error.detail))
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// redb promises no error for a file that was changed behind its back: it may panic. That is told by
/// the error alone.
fn guard_panics<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let tell = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                tell(panic);
            }
        }));
    });
    let before = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    outcome.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(Error::new(Word::Corrupt, format!("the database does not read as one ({what})")))
    })
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        let word = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Word::DiskFull,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Word::Corrupt,
            io::ErrorKind::NotFound => Word::NotFound,
            _ => Word::Io,
        };
        Error::new(word, error.to_string())
    }
}

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Error {
        use redb::Error as Redb;
        let word = match error {
            Redb::Io(error) => return error.into(),
            Redb::PreviousIo | Redb::DatabaseClosed => Word::Io,
            Redb::DatabaseAlreadyOpen | Redb::LockProtocolMismatch => {
                return Error::new(Word::Locked, "another process has the store open");
            }
            Redb::UpgradeRequired(_) => Word::Newer,
            _ => Word::Corrupt,
        };
        Error::new(word, error.to_string())
    }
}

macro_rules! through_redb_error {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Error {
                redb::Error::from(error).into()
            }
        })*
    };
}

through_redb_error!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::SetDurabilityError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
