//! Opening a store: what is in the data directory, what of the journal is not applied yet, and the
//! threads' start.

mod journal;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use crate::accept::{Found, Writer};
use crate::base::Base;
use crate::departed::Departed;
use crate::disk::Disk;
use crate::lane::{Lane, Positions};
use crate::meta::Unsynced;
use crate::queue::{Queue, Rows};
use crate::rows::SegmentRow;
use crate::segments::{Segment, Segments, file_name, is_blank};
use crate::shared::{Owner, Room, Shared, Threads};
use crate::tables::{REST, meta, segment};
use crate::traffic::Meters;
use crate::{Bell, BlobId, Error, Options, Result, Word, archive, directory, migration};
use journal::{Applied, Unapplied};

const META: &str = "meta.redb";

/// What meta knows when the store is opened.
struct Known {
    clean: bool,
    applied: Applied,
    blob_next: u64,
    segments: BTreeMap<u32, SegmentRow>,
    doomed_messages: Vec<BlobId>,
    doomed_mailboxes: bool,
}

/// What the segments hold beyond it.
struct Scanned {
    open: Vec<Found>,
    unapplied: Unapplied,
    last: Positions,
    blob_next: u64,
}

pub(crate) fn open(options: Options, disk: Arc<dyn Disk>, bell: Arc<dyn Bell>) -> Result<Owner> {
    let base = open_meta(&options, &disk)?;
    let known = base.read(look)?;
    migration::run(&base)?;
    let segments = Segments::new(disk.clone(), &options);
    let scanned = scan(&*disk, &segments, &known)?;
    scanned.unapplied.catch_up(&base, &known.applied, scanned.last)?;
    let unsynced = Arc::new(Unsynced::default());
    base.may_lack(unsynced.clone());
    let directory = base.read(directory::rows::read)?;
    let archive_rules = archive::rules::Rules::default();
    archive_rules.set(base.read(archive::rules::list)?);
    let queue = Arc::new(Queue::default());
    queue.arrive(scanned.unapplied.into_fresh());
    queue.plan(base.read(Rows::read)?);
    let accept = crate::accept::Inbox::new(&options);
    let shared = Arc::new(Shared {
        options,
        disk,
        bell,
        base,
        segments,
        queue,
        departed: Departed::default(),
        unwritten_filters: Mutex::default(),
        accept,
        meta: crate::meta::Inbox::default(),
        directory: RwLock::new(Arc::new(directory)),
        archive: archive_rules,
        next_blob: AtomicU64::new(scanned.blob_next.max(1)),
        room: Room::default(),
        meters: Meters::default(),
        sweeping: Mutex::default(),
        closed: AtomicBool::new(false),
    });
    let (first, second) = scanned.open.into_iter().partition(|found| Lane::of(found.last_sequence) == Lane::First);
    let accept = |lane: Lane, name: &str, found: Vec<Found>| {
        let writer = Writer::new(shared.clone(), lane, found, scanned.last.of(lane) + 1);
        thread::Builder::new().name(name.into()).spawn(move || writer.run())
    };
    let accept = [accept(Lane::First, "accept", first)?, accept(Lane::Second, "accept-2", second)?];
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
        applied: Applied {
            positions: Positions::read(transaction)?,
            ahead: applied.iter()?.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?,
        },
        blob_next: number("blob_next")?.max(last_blob + 1),
        segments,
        doomed_messages: doomed_messages.iter()?.map(|row| Ok(BlobId(row?.0.value()))).collect::<Result<_>>()?,
        doomed_mailboxes: transaction.open_table(meta::DOOMED_MAILBOX)?.len()? > 0,
    })
}

fn scan(disk: &dyn Disk, segments: &Segments, known: &Known) -> Result<Scanned> {
    let (last, unapplied) = (known.applied.positions, Unapplied::default());
    let mut scanned = Scanned { blob_next: known.blob_next, last, open: Vec::new(), unapplied };
    known.segments.keys().for_each(|number| segments.is_taken(*number));
    for number in segments.on_disk()? {
        segments.is_taken(number);
        let row = known.segments.get(&number).copied().unwrap_or_default();
        if row.sealed {
            segments.add(number, true);
            scanned.last.raise(row.last_sequence);
            if !known.applied.positions.cover(row.last_sequence) {
                let read = |transaction: &ReadTransaction| {
                    let mut unapplied = Unapplied::default();
                    unapplied.read(transaction, number, &known.applied).map(|()| unapplied)
                };
                scanned.unapplied.add(segments.read_in(number, read)?);
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
        let mut unapplied = Unapplied::default();
        unapplied.read(transaction, number, &known.applied)?;
        Ok((last_blob, written, last_sequence, unapplied))
    })?;
    let (last_blob, written, last_sequence, unapplied) = found;
    scanned.blob_next = scanned.blob_next.max(last_blob + 1);
    scanned.last.raise(last_sequence);
    scanned.unapplied.add(unapplied);
    scanned.open.push(Found { segment, written, last_sequence });
    Ok(())
}
