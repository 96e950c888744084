//! A data directory whose syncs are counted.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mailstead_storage::{Access, Disk};
use redb::StorageBackend;
use redb::backends::FileBackend;

/// Plain files in a folder.
pub struct CountedDisk {
    folder: PathBuf,
    syncs: Arc<AtomicU64>,
}

impl CountedDisk {
    /// Counts in `syncs`.
    pub fn new(folder: &Path, syncs: Arc<AtomicU64>) -> CountedDisk {
        fs::create_dir_all(folder.join("segments")).expect("a folder");
        CountedDisk { folder: folder.to_owned(), syncs }
    }
}

impl Disk for CountedDisk {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn StorageBackend>> {
        let (write, create) = (access != Access::Read, access == Access::Create);
        let path = self.folder.join(name);
        let file = OpenOptions::new().read(true).write(write).create(create).truncate(false).open(path)?;
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Box::new(CountedFile { file, syncs: Arc::clone(&self.syncs) }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.folder.join(folder))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(fs::metadata(self.folder.join(name)).ok().map(|metadata| metadata.len()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.folder.join(folder))?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(1 << 40)
    }
}

#[derive(Debug)]
struct CountedFile {
    file: FileBackend,
    syncs: Arc<AtomicU64>,
}

impl StorageBackend for CountedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}
