//! Opening a store: what is in the data directory, what of the journal is not applied yet, and the
//! threads' start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use crate::accept::{Found, Writer};
use crate::agenda::Agenda;
use crate::base::Base;
use crate::departed::Departed;
use crate::disk::Disk;
use crate::mailbox::append::{self, Appending};
use crate::meta::Unsynced;
use crate::queue::{Fresh, Queue};
use crate::rows::{JournalRow, SegmentRow};
use crate::segments::{Segment, Segments, file_name, is_blank};
use crate::shared::{Owner, Room, Shared, Threads};
use crate::tables::{REST, meta, segment};
use crate::traffic::Meters;
use crate::{Bell, BlobId, Error, Options, Result, Word, directory, migration, spool};

const META: &str = "meta.redb";

/// Most journal rows that can be missing before the journal itself is doubted.
const GAP_MAX: u64 = 1_000_000;

/// What meta knows when the store is opened.
struct Known {
    clean: bool,
    position: u64,
    applied: Vec<u64>,
    blob_next: u64,
    segments: BTreeMap<u32, SegmentRow>,
    doomed_messages: Vec<BlobId>,
    doomed_mailboxes: bool,
}

/// The journal's rows that are not applied yet.
#[derive(Default)]
struct Unapplied {
    fresh: Vec<Fresh>,
    appended: BTreeMap<u64, Appending>,
}

/// What the segments hold beyond it.
#[derive(Default)]
struct Scanned {
    open: Vec<Found>,
    unapplied: Unapplied,
    blob_next: u64,
    last_sequence: u64,
    next_segment: u32,
}

pub(crate) fn open(options: Options, disk: Arc<dyn Disk>, bell: Arc<dyn Bell>) -> Result<Owner> {
    let base = open_meta(&options, &disk)?;
    let known = base.read(look)?;
    migration::run(&base)?;
    let segments = Segments::new(disk.clone(), &options);
    let scanned = scan(&*disk, &segments, &known)?;
    catch_up(&base, &known, &scanned)?;
    let unsynced = Arc::new(Unsynced::default());
    base.may_lack(unsynced.clone());
    let directory = base.read(directory::rows::read)?;
    let queue = Arc::new(Queue::default());
    queue.arrive(scanned.unapplied.fresh);
    queue.plan(base.read(Agenda::read)?);
    let shared = Arc::new(Shared {
        options,
        disk,
        bell,
        base,
        segments,
        queue,
        departed: Departed::default(),
        accept: crate::accept::Inbox::default(),
        meta: crate::meta::Inbox::default(),
        directory: RwLock::new(Arc::new(directory)),
        next_blob: AtomicU64::new(scanned.blob_next.max(1)),
        room: Room::default(),
        meters: Meters::default(),
        sweeping: Mutex::default(),
        closed: AtomicBool::new(false),
    });
    let writer = Writer::new(shared.clone(), scanned.open, scanned.last_sequence + 1, scanned.next_segment);
    let accept = thread::Builder::new().name("accept".into()).spawn(move || writer.run())?;
    let meta_shared = shared.clone();
    let reclaim = known.doomed_mailboxes;
    let meta =
        thread::Builder::new().name("meta".into()).spawn(move || crate::meta::run(&meta_shared, &unsynced, reclaim))?;
    if !known.doomed_messages.is_empty() {
        shared.delete_messages(known.doomed_messages, drop);
    }
    Ok(Owner { shared, threads: Mutex::new(Some(Threads { accept, meta })) })
}

fn open_meta(options: &Options, disk: &Arc<dyn Disk>) -> Result<Base> {
    let base = Base::new(disk.clone(), META, options.meta_cache_bytes, false);
    if !is_blank(&**disk, META)? {
        // A file of a newer program is looked at without writing to it.
        let glance = Base::new(disk.clone(), META, options.meta_cache_bytes, true);
        migration::found(&glance)?;
        glance.close()?;
        base.open()?;
        return Ok(base);
    }
    // Segments without meta: it was lost, and a new one would hide that.
    for name in disk.list(crate::segments::FOLDER)? {
        if !is_blank(&**disk, &format!("{}/{name}", crate::segments::FOLDER))? {
            let detail = format!("{META} is missing or empty although there are segments; restore it from a backup");
            return Err(Error::new(Word::Corrupt, detail));
        }
    }
    disk.remove(META)?;
    base.create("")?;
    migration::run(&base)?;
    Ok(base)
}

fn look(transaction: &ReadTransaction) -> Result<Known> {
    let state = transaction.open_table(meta::STATE)?;
    let number = |name| -> Result<u64> { Ok(state.get(name)?.map_or(0, |value| value.value())) };
    let applied = transaction.open_table(meta::APPLIED)?;
    let doomed_messages = transaction.open_table(meta::DOOMED_MESSAGE)?;
    let mut segments = BTreeMap::new();
    for row in transaction.open_table(meta::SEGMENT)?.iter()? {
        let (number, row) = row?;
        segments.insert(number.value(), SegmentRow::decode(row.value())?);
    }
    let last_blob = transaction.open_table(meta::BLOB)?.last()?.map_or(0, |(id, _)| id.value());
    Ok(Known {
        clean: number("clean")? == 1,
        position: number("journal_pos")?,
        applied: applied.iter()?.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?,
        blob_next: number("blob_next")?.max(last_blob + 1),
        segments,
        doomed_messages: doomed_messages.iter()?.map(|row| Ok(BlobId(row?.0.value()))).collect::<Result<_>>()?,
        doomed_mailboxes: transaction.open_table(meta::DOOMED_MAILBOX)?.len()? > 0,
    })
}

fn scan(disk: &dyn Disk, segments: &Segments, known: &Known) -> Result<Scanned> {
    let mut scanned =
        Scanned { blob_next: known.blob_next, last_sequence: known.position, next_segment: 1, ..Scanned::default() };
    let last_known = known.segments.keys().next_back().copied();
    for number in segments.on_disk()? {
        scanned.next_segment = number + 1;
        let row = known.segments.get(&number).copied().unwrap_or_default();
        if row.sealed {
            segments.add(number, true);
            scanned.last_sequence = scanned.last_sequence.max(row.last_sequence);
            if row.last_sequence > known.position {
                scanned.unapplied.add(segments.read_in(number, |transaction| journal(transaction, number, known))?);
            }
            continue;
        }
        if is_blank(disk, &file_name(number))? {
            if row.live > 0 {
                let detail = format!("{} is empty; restore it from a backup", file_name(number));
                return Err(Error::new(Word::Corrupt, detail));
            }
            disk.remove(&file_name(number))?;
            continue;
        }
        let segment = segments.add(number, false);
        scan_open(&mut scanned, segment, row, known)?;
    }
    scanned.next_segment = scanned.next_segment.max(last_known.map_or(1, |last| last + 1));
    scanned.unapplied.fresh.sort_unstable_by_key(|fresh| fresh.sequence);
    Ok(scanned)
}

/// Looks through a segment that can still be written to.
fn scan_open(scanned: &mut Scanned, segment: Arc<Segment>, row: SegmentRow, known: &Known) -> Result<()> {
    segment.base.open()?;
    let number = segment.number;
    let found = segment.base.read(|transaction| {
        let blob = match transaction.open_table(segment::BLOB) {
            // The file was made, but not yet its tables: nothing is in it.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok((0, 0, 0, Unapplied::default())),
            table => table?,
        };
        let mut last_blob = 0;
        for region in [0, REST] {
            let last = blob.range((region, 0)..=(region | !REST, u32::MAX))?.next_back().transpose()?;
            last_blob = last_blob.max(last.map_or(0, |(key, _)| key.value().0 & !REST));
        }
        let written = if known.clean {
            row.written
        } else {
            let stats = blob.stats()?;
            stats.stored_bytes() + stats.fragmented_bytes() + stats.metadata_bytes()
        };
        let last_sequence = transaction.open_table(segment::JOURNAL)?.last()?.map_or(0, |(key, _)| key.value());
        Ok((last_blob, written, last_sequence, journal(transaction, number, known)?))
    })?;
    let (last_blob, written, last_sequence, unapplied) = found;
    scanned.blob_next = scanned.blob_next.max(last_blob + 1);
    scanned.last_sequence = scanned.last_sequence.max(last_sequence);
    scanned.unapplied.add(unapplied);
    scanned.open.push(Found { segment, written, last_sequence });
    Ok(())
}

fn journal(transaction: &ReadTransaction, number: u32, known: &Known) -> Result<Unapplied> {
    let mut unapplied = Unapplied::default();
    for row in transaction.open_table(segment::JOURNAL)?.range(known.position + 1..)? {
        let (sequence, row) = row?;
        let (sequence, row) = (sequence.value(), row.value());
        if known.applied.binary_search(&sequence).is_ok() {
            continue;
        }
        if row.first() == Some(&append::VERSION) {
            unapplied.appended.insert(sequence, Appending::decode(row, number)?);
            continue;
        }
        let JournalRow { id, size, hash, arrival } = JournalRow::decode(row)?;
        unapplied.fresh.push(Fresh { sequence, id, size, segment: number, hash, arrival: Arc::new(arrival) });
    }
    Ok(unapplied)
}

impl Unapplied {
    fn add(&mut self, more: Unapplied) {
        self.fresh.extend(more.fresh);
        self.appended.extend(more.appended);
    }

    fn count(&self) -> usize {
        self.fresh.len() + self.appended.len()
    }

    fn has(&self, sequence: u64) -> bool {
        let is_fresh = || self.fresh.binary_search_by_key(&sequence, |fresh| fresh.sequence).is_ok();
        self.appended.contains_key(&sequence) || is_fresh()
    }
}

/// Does again what was appended, and sees to it that journal rows that no segment has (a file was lost) do not hold up
/// the position for ever.
fn catch_up(base: &Base, known: &Known, scanned: &Scanned) -> Result<()> {
    let unapplied = &scanned.unapplied;
    let due = (scanned.last_sequence - known.position) as usize;
    let there = unapplied.count() + known.applied.len();
    let has_gaps = there < due;
    if !has_gaps && unapplied.appended.is_empty() {
        return Ok(());
    }
    if has_gaps && due as u64 > GAP_MAX {
        return Err(Error::new(Word::Corrupt, "the journal has lost too many rows; run `verify`"));
    }
    base.write(|transaction| {
        let mut tables = crate::write::Tables::open(transaction)?;
        for (sequence, appending) in &unapplied.appended {
            // Who was refused is refused again; nobody waits for it now.
            drop(appending.apply(*sequence, &mut tables)?);
        }
        for sequence in known.position + 1..=scanned.last_sequence {
            if has_gaps && !unapplied.has(sequence) && !spool::settle::is_applied(&tables, sequence)? {
                spool::settle::apply(&mut tables, sequence)?;
            }
        }
        tables.finish().map(drop)
    })
}
