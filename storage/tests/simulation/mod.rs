//! A disk in memory that can lose power: what was not synced is then kept, dropped, reordered or torn
//! at random. It can also be full, or refuse reads and writes for a while.
#![allow(dead_code)]

pub mod layout;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use mailstead_storage::{Access, Disk};
use redb::StorageBackend;

const SECTOR: usize = 512;

/// A change that is not durable yet.
#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    current: Vec<u8>,
    unsynced: Vec<Change>,
    /// Is its name in the folder on the medium?
    named: bool,
}

#[derive(Default)]
struct State {
    files: HashMap<String, File>,
    /// Unlinked, but not yet on the medium.
    unlinked: HashMap<String, File>,
    operations: u64,
    syncs: u64,
    fault_at: Option<(u64, Fault)>,
    dead: bool,
    full: bool,
    failing: bool,
    failing_syncs: u64,
}

/// What can happen to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power fails.
    Power,
    /// It is full from here on.
    Full,
    /// It refuses reads and writes from here on.
    Refusal,
}

/// A simulated disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// A small generator of numbers, the same for the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => bytes.resize(*length as usize, 0),
        Change::Write(at, data) => {
            let end = *at as usize + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at as usize..end].copy_from_slice(data);
        }
    }
}

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Writes, syncs and changes of length so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// The power fails at the n-th operation from now.
    pub fn fail_power_after(&self, operations: u64) {
        self.fail_after(operations, Fault::Power);
    }

    /// The fault comes with the n-th operation from now.
    pub fn fail_after(&self, operations: u64, fault: Fault) {
        let mut state = self.state();
        state.fault_at = Some((state.operations + operations, fault));
    }

    /// The disk has room again and answers, and no fault is to come.
    pub fn recover(&self) {
        let mut state = self.state();
        (state.full, state.failing, state.fault_at) = (false, false, None);
    }

    /// Another disk with the same on it.
    pub fn copy(&self) -> SimulatedDisk {
        let files = self.state().files.clone();
        SimulatedDisk(Arc::new(Mutex::new(State { files, ..State::default() })))
    }

    /// A file of it, for redb.
    pub fn file(&self, name: &str) -> impl StorageBackend + use<> {
        OpenFile { disk: self.clone(), name: name.to_owned() }
    }

    pub fn has_power(&self) -> bool {
        !self.state().dead
    }

    /// Writes that need more space fail, or work again.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// All reads and writes fail, or work again.
    pub fn set_failing(&self, failing: bool) {
        self.state().failing = failing;
    }

    /// The next syncs fail; what was written stays readable all the same.
    pub fn fail_syncs(&self, count: u64) {
        self.state().failing_syncs = count;
    }

    /// The disk as it is found when the power is back.
    pub fn restart(&self, random: &mut Random) -> SimulatedDisk {
        let state = self.state();
        let kept_percent = [0, 10, 50, 90, 100][random.below(5) as usize];
        let mut found = State::default();
        let unlinked = state.unlinked.iter().filter(|_| random.below(2) == 0).collect::<Vec<_>>();
        let named = state.files.iter().filter(|(_, file)| file.named);
        for (name, file) in named.chain(unlinked) {
            let mut bytes = file.durable.clone();
            let mut changes: Vec<&Change> = file.unsynced.iter().filter(|_| random.below(100) < kept_percent).collect();
            for at in (1..changes.len()).rev() {
                if random.below(4) == 0 {
                    changes.swap(at, random.below(at as u64 + 1) as usize);
                }
            }
            for change in changes {
                apply(&mut bytes, &torn(change, random));
            }
            let file = File { durable: bytes.clone(), current: bytes, unsynced: Vec::new(), named: true };
            found.files.entry(name.clone()).or_insert(file);
        }
        SimulatedDisk(Arc::new(Mutex::new(found)))
    }

    /// Flips a bit of a file.
    pub fn flip(&self, name: &str, byte: usize, bit: u8) {
        let mut state = self.state();
        let file = state.files.get_mut(name).unwrap();
        file.current[byte] ^= 1 << bit;
        file.durable = file.current.clone();
    }

    /// Cuts a file short.
    pub fn truncate(&self, name: &str, length: usize) {
        let mut state = self.state();
        let file = state.files.get_mut(name).unwrap();
        file.current.truncate(length);
        file.durable = file.current.clone();
    }

    /// The bytes of a file.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.state().files[name].current.clone()
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.state().files.keys().cloned().collect();
        names.sort();
        names
    }

    fn check(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.dead || state.failing {
            return Err(io::Error::other("the simulated disk does not answer"));
        }
        Ok(state)
    }

    /// As `check`, for what changes something: counts it, and lets the power fail.
    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.check()?;
        state.operations += 1;
        match state.fault_at {
            Some((at, fault)) if state.operations >= at => match fault {
                Fault::Full => state.full = true,
                Fault::Power => state.dead = true,
                Fault::Refusal => state.failing = true,
            },
            _ => {}
        }
        if state.dead || state.failing {
            return Err(io::Error::other("the simulated disk stopped answering"));
        }
        Ok(state)
    }
}

/// A write of which some sectors did not make it, one time in four.
fn torn(change: &Change, random: &mut Random) -> Change {
    let Change::Write(at, data) = change else { return change.clone() };
    if random.below(4) > 0 || data.len() <= SECTOR {
        return change.clone();
    }
    let sectors = 1 + random.below((data.len() / SECTOR) as u64) as usize;
    Change::Write(*at, data[..sectors * SECTOR].to_vec())
}

impl Disk for SimulatedDisk {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn StorageBackend>> {
        let mut state = self.check()?;
        if access == Access::Create {
            state.files.entry(name.to_owned()).or_default();
        } else if !state.files.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(OpenFile { disk: self.clone(), name: name.to_owned() }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.check()?;
        let names = state.files.keys().filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/'));
        Ok(names.map(str::to_owned).collect())
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(self.check()?.files.get(name).map(|file| file.current.len() as u64))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.change()?;
        if let Some(file) = state.files.remove(name).filter(|file| file.named) {
            state.unlinked.insert(name.to_owned(), file);
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.change()?;
        let inside = |name: &String| name.rsplit_once('/').map_or("", |(folder, _)| folder) == folder;
        state.files.iter_mut().filter(|(name, _)| inside(name)).for_each(|(_, file)| file.named = true);
        state.unlinked.retain(|name, _| !inside(name));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(if self.check()?.full { 0 } else { u64::MAX })
    }
}

#[derive(Clone)]
struct OpenFile {
    disk: SimulatedDisk,
    name: String,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl OpenFile {
    fn changed(&self, change: Change) -> io::Result<()> {
        let mut state = self.disk.change()?;
        let full = state.full;
        let file = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let end = match &change {
            Change::Write(at, data) => at + data.len() as u64,
            Change::Length(length) => *length,
        };
        if full && (end > file.current.len() as u64 || matches!(change, Change::Write(..))) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut file.current, &change);
        file.unsynced.push(change);
        Ok(())
    }
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.disk.check()?;
        Ok(state.files.get(&self.name).ok_or(io::ErrorKind::NotFound)?.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.disk.check()?;
        let file = state.files.get(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let bytes = file.current.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.changed(Change::Length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.change()?;
        state.syncs += 1;
        if state.failing_syncs > 0 {
            state.failing_syncs -= 1;
            return Err(io::Error::other("the simulated sync failed"));
        }
        let file = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let File { durable, unsynced, .. } = file;
        for change in unsynced.drain(..) {
            apply(durable, &change);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.changed(Change::Write(offset, data.to_vec()))
    }
}

/// How many stores: `MAILSTEAD_CRASHES` asks for more.
pub fn stores() -> u64 {
    std::env::var("MAILSTEAD_CRASHES").ok().and_then(|count| count.parse().ok()).unwrap_or(1500)
}

/// Runs `one` for so many seeds, on two threads.
pub fn for_each_seed(seeds: u64, one: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    one(seed);
                }
            });
        }
    });
}
