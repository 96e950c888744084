//! Messages of the archive as files: one as it was accepted, or all that a search finds as an mbox or a .zip, written as
//! they are read. The bytes are those that were archived; who the envelope's recipients were, which the messages do not
//! tell, stands in lists beside them in the .zip.

mod mbox;
mod zipped;

use std::io::{self, Write};
use std::time::Duration;

use mailstead_storage::{ArchiveRecord, Error, PIECE_BYTES_MAX, Result, Store, Word};

use super::{Found, Query, find};

/// How long a search goes on before what it found is written.
const PATIENCE: Duration = Duration::from_secs(1);
/// Messages found before they are written.
const FOUND_MAX: usize = 256;

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One text with all messages, each behind a `From ` line (RFC 4155); such lines of the messages are quoted, and lines
    /// end with LF.
    Mbox,
    /// A .zip with a file for each message.
    Zip,
}

/// How far an export has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Records that were looked at.
    pub looked_at: u64,
    /// Messages that were written.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Something that messages are written into, one after the other.
trait Sink {
    fn begin(&mut self, found: &Found) -> io::Result<()>;
    fn piece(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
}

/// Writes all that the query finds, the newest first, and tells how far it has come.
///
/// # Errors
/// Those of reading, and those of `to`.
pub fn export(
    store: &Store,
    query: Query,
    format: Format,
    to: impl Write,
    progress: &mut dyn FnMut(Exported),
) -> io::Result<Exported> {
    match format {
        Format::Mbox => {
            let mut sink = mbox::Mbox::new(to);
            let done = all(store, query, &mut sink, progress)?;
            sink.finish()?;
            Ok(done)
        }
        Format::Zip => {
            let mut sink = zipped::Zipped::new(to);
            let done = all(store, query, &mut sink, progress)?;
            sink.finish()?;
            Ok(done)
        }
    }
}

fn all(
    store: &Store,
    mut query: Query,
    sink: &mut impl Sink,
    progress: &mut dyn FnMut(Exported),
) -> io::Result<Exported> {
    let mut done = Exported::default();
    query.records_max = FOUND_MAX;
    loop {
        let page = find(store, &query, PATIENCE).map_err(told)?;
        for found in &page.found {
            sink.begin(found)?;
            done.bytes += eml(store, &found.record, &mut |bytes| sink.piece(bytes))?;
            sink.end()?;
            done.messages += 1;
            progress(done);
        }
        done.looked_at += page.looked_at;
        progress(done);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(done),
        }
    }
}

/// A message as it was archived, piece by piece; tells its size.
///
/// # Errors
/// Those of reading, and those of `to`.
pub fn eml(store: &Store, record: &ArchiveRecord, to: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut at = 0;
    while at < record.size {
        let piece: Result<Vec<u8>> = store.read(record.blob, at, PIECE_BYTES_MAX);
        let piece = piece.and_then(|piece| match piece.is_empty() {
            true => Err(Error::new(Word::Corrupt, format!("message {} is shorter than it was", record.blob))),
            false => Ok(piece),
        });
        let piece = piece.map_err(told)?;
        to(&piece)?;
        at += piece.len() as u64;
    }
    Ok(at)
}

fn told(error: Error) -> io::Error {
    io::Error::other(error)
}
