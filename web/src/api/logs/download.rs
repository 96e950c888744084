//! A day's log of one kind, whole, as a .zip that is made while it is sent.

use std::convert::Infallible;
use std::io::{self, Write};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Method;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use mailstead_core::log::{Day, LogFile, Reader};
use mailstead_core::work;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{kind, reader};
use crate::House;
use crate::api::extract::Path;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Bytes that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Pieces that may wait for a slow reader.
const PIECES_WAITING_MAX: usize = 2;

const ZIP: &str = "application/zip";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/logs/files/{day}/{kind}", download)
            .about("Downloads the whole log of one kind of one day as a .zip.")
            .answers_as(ZIP),
    ]
}

/// Answers with the file.
pub(crate) async fn download(
    State(house): State<House>,
    caller: Caller,
    Path((day, name)): Path<(String, String)>,
) -> Answer<Response> {
    let kind = kind(&name)?;
    let reader = reader(&house)?;
    let missing = || Problem::not_found(format!("there is no log of {name} of {day}"));
    let wanted = Day::by_name(&day).ok_or_else(missing)?;
    let looked = reader.clone();
    let files = work::read(move || looked.files()).await?;
    let file = files.into_iter().rfind(|file| file.day == wanted && file.kind == kind).ok_or_else(missing)?;
    house.audit(&caller, "log downloaded", format!("{name} {day}"));
    let (sender, channel) = Channel::new(PIECES_WAITING_MAX);
    let pieces = Pieces { sender, runtime: tokio::runtime::Handle::current(), waiting: Vec::new() };
    let text = format!("{name}-{day}.jsonl");
    // A reader that goes away ends it; there is nobody to tell.
    tokio::task::spawn_blocking(move || pack(&reader, file, &text, pieces));
    let disposition = format!("attachment; filename=\"mailstead-{name}-{day}.zip\"");
    Ok(([(CONTENT_TYPE, ZIP.to_string()), (CONTENT_DISPOSITION, disposition)], Body::new(channel)).into_response())
}

fn pack(reader: &Reader, file: LogFile, name: &str, pieces: Pieces) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(pieces);
    let options = SimpleFileOptions::default().large_file(true).unix_permissions(0o600);
    zip.start_file(name, options)?;
    reader.text(file, |lines| zip.write_all(lines))?;
    let mut pieces = zip.finish()?.into_inner();
    pieces.flush()
}

/// Sends what is written, and waits while the reader is behind.
struct Pieces {
    sender: Sender<Bytes, Infallible>,
    runtime: tokio::runtime::Handle,
    waiting: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        let sent = self.runtime.block_on(self.sender.send_data(piece));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() { Ok(()) } else { self.send() }
    }
}
