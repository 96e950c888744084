//! Giving disk space back: what lives in a mostly dead segment is copied into the active one, then
//! the file is unlinked.
//!
//! At every moment a message's row points at bytes that are durable: the copy is committed before
//! the row changes, and the row's change is committed before the file goes. A crash in between
//! leaves dead copies or a file that the next sweep finds again.

use crate::accept::{Finish, Job, Purpose};
use crate::base::lock;
use crate::lane::Positions;
use crate::rows::{BlobRow, SegmentRow};
use crate::segments::file_name;
use crate::shared::Shared;
use crate::tables::meta;
use crate::{BlobId, Error, Kept, PIECE_BYTES_MAX, Pending, Result, Word};

use redb::ReadableTable;

/// Most bytes copied before their rows are changed.
const COPY_BYTES_MAX: u64 = 4 << 20;
/// Most rows looked at in one read transaction.
const LOOK_ROWS_MAX: usize = 256;

/// Messages that have their bytes in the segment.
type Living = Vec<(BlobId, BlobRow)>;

/// Sweeps the emptiest sealed segment when it is under half full. Returns the bytes given back.
pub(crate) fn run(shared: &Shared) -> Result<u64> {
    let _one_at_a_time = lock(&shared.sweeping);
    shared.check_open()?;
    let Some(number) = emptiest(shared)? else { return Ok(0) };
    let length = shared.disk.length(&file_name(number))?.unwrap_or(0);
    // Rows are gone through until a whole pass meets none: nothing new can come to refer to a sealed
    // segment, except through a `Kept`, and those pin it.
    while copy_all(shared, number)? > 0 {}
    if shared.segments.get(number)?.is_pinned() {
        return Ok(0);
    }
    // What nothing refers to any more is referred to no more after a crash either.
    shared.meta.write(|_| Ok(())).wait()?;
    shared.departed.forget_segment(number);
    shared.segments.unlink(number)?;
    shared.meta.write(move |tables| tables.remove_segment(number)).wait()?;
    Ok(length)
}

/// The sealed segment with the smallest share of live bytes, when that is under a half and all that
/// its journal holds is applied.
fn emptiest(shared: &Shared) -> Result<Option<u32>> {
    let candidates = shared.look(|transaction| {
        let applied = Positions::read(transaction)?;
        let mut candidates = Vec::new();
        for row in transaction.open_table(meta::SEGMENT)?.iter()? {
            let (number, row) = row?;
            let row = SegmentRow::decode(row.value())?;
            if row.sealed && applied.cover(row.last_sequence) && row.live.saturating_mul(2) < row.written {
                candidates.push((row.live.saturating_mul(1000) / row.written, number.value()));
            }
        }
        candidates.sort_unstable();
        Ok(candidates)
    })?;
    let free = |number: &u32| shared.segments.get(*number).is_ok_and(|segment| !segment.is_pinned());
    Ok(candidates.into_iter().map(|(_, number)| number).find(free))
}

/// Moves every message that has its bytes in this segment; returns how many there were.
fn copy_all(shared: &Shared, number: u32) -> Result<usize> {
    let (mut from, mut count) = (Some(0), 0);
    while let Some(first) = from {
        let (living, next) = living(shared, number, first)?;
        count += living.len();
        from = next;
        let mut living = living.into_iter().peekable();
        while living.peek().is_some() {
            let mut bytes = 0;
            let mut copies = Vec::new();
            while let Some((id, row)) = living.next_if(|_| bytes < COPY_BYTES_MAX) {
                bytes += row.size;
                copies.push(copy(shared, id, row)?);
            }
            let kept: Vec<Kept> = copies.into_iter().map(Pending::wait).collect::<Result<_>>()?;
            let moved = shared
                .meta
                .write(move |tables| kept.iter().try_for_each(|kept| tables.move_blob(kept.id, number, kept.segment)));
            moved.wait()?;
        }
    }
    Ok(count)
}

/// Messages of the segment among the next rows, and where to go on.
fn living(shared: &Shared, number: u32, first: u64) -> Result<(Living, Option<u64>)> {
    shared.look(|transaction| {
        let (mut living, mut next) = (Vec::new(), None);
        let table = transaction.open_table(meta::BLOB)?;
        for (count, row) in table.range(first..)?.enumerate() {
            let (id, row) = row?;
            if count == LOOK_ROWS_MAX {
                next = Some(id.value());
                break;
            }
            let row = BlobRow::decode(row.value())?;
            if row.segment == number {
                living.push((BlobId(id.value()), row));
            }
        }
        Ok((living, next))
    })
}

/// Has the accept writer write a message's bytes again.
///
/// # Errors
/// `Corrupt` when the bytes are not those that were written: they stay where they are.
fn copy(shared: &Shared, id: BlobId, row: BlobRow) -> Result<Pending<Kept>> {
    if shared.segments.hash(row.segment, id, row.size)? != row.hash {
        let file = file_name(row.segment);
        return Err(Error::new(
            Word::Corrupt,
            format!("{file}: message {id} does not match its checksum; run `verify`"),
        ));
    }
    let piece = PIECE_BYTES_MAX as u64;
    let pushed = u32::try_from(row.size / piece).map_err(|_| Error::new(Word::Corrupt, "a message is too big"))?;
    for index in 0..pushed {
        let bytes = shared.segments.read(row.segment, id, row.size, u64::from(index) * piece, PIECE_BYTES_MAX)?;
        let (promise, pending) = Pending::new();
        shared.accept.send(Job::Piece { id, index, bytes, promise: Some(promise) });
        pending.wait()?;
    }
    let tail = shared.segments.read(row.segment, id, row.size, u64::from(pushed) * piece, PIECE_BYTES_MAX)?;
    let (promise, pending) = Pending::new();
    let BlobRow { size, hash, .. } = row;
    shared.accept.send(Job::Finish(Finish { id, size, hash, pushed, tail, purpose: Purpose::Keep(promise) }));
    Ok(pending)
}
