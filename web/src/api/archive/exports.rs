//! Exports: all that a search finds as one file, made while it is sent; how far each has come can be seen meanwhile.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Method;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use mailstead_core::archive::{Exported, Format, export};
use mailstead_core::clock::rfc3339;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::records::{ArchiveQuery, told, understand};
use crate::House;
use crate::api::extract::Query;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Bytes that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that may wait for a slow reader.
const PIECES_WAITING_MAX: usize = 2;
/// Exports that are remembered, those under way and the last that ended.
const EXPORTS_MAX: usize = 20;
/// Exports under way at once: each reads from the disk all the time.
const UNDER_WAY_MAX: usize = 4;

/// What to export, and as what. What to search for is said as in a search.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportQuery {
    /// `zip` or `mbox`.
    pub format: String,
    /// Only the archive of this domain.
    pub domain: Option<String>,
    /// Archived at this moment or later.
    pub from: Option<String>,
    /// Archived before this moment, or on this date or before it.
    pub until: Option<String>,
    /// Part of the sender's address.
    pub sender: Option<String>,
    /// Part of a recipient's address.
    pub recipient: Option<String>,
    /// Part of the subject.
    pub subject: Option<String>,
    /// Words of the message's text.
    pub text: Option<String>,
}

/// Exports under way, and the last that ended.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExportsList {
    /// The latest first.
    pub exports: Vec<Export>,
}

/// How far an export has come.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// Its number.
    pub id: u64,
    /// Who wants it.
    pub by: String,
    /// What is searched for.
    pub what: String,
    /// `zip` or `mbox`.
    pub format: String,
    /// When it began.
    pub begun: String,
    /// Records that were looked at.
    pub looked_at: u64,
    /// Records there are to look at, at most.
    pub total: u64,
    /// Messages written.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// `running`, `done` or `failed`.
    pub state: String,
}

/// The exports of a box, in memory.
#[derive(Debug, Clone, Default)]
pub struct Exports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    list: Mutex<Vec<Export>>,
    next: AtomicU64,
    changes: AtomicU64,
}

impl Exports {
    /// A number that is another one after every change.
    pub(crate) fn changes(&self) -> u64 {
        self.0.changes.load(Relaxed)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Export>) -> T) -> T {
        self.0.changes.fetch_add(1, Relaxed);
        change(&mut self.0.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// # Errors
    /// `limit` when too many are under way.
    fn begin(&self, mut export: Export) -> Answer<u64> {
        export.id = self.0.next.fetch_add(1, Relaxed) + 1;
        let id = export.id;
        self.change(|list| {
            if list.iter().filter(|export| export.state == "running").count() >= UNDER_WAY_MAX {
                return Err(Problem::invalid(format!("{UNDER_WAY_MAX} exports are under way; wait for one to end")));
            }
            list.insert(0, export);
            while list.len() > EXPORTS_MAX {
                let ended = list.iter().rposition(|export| export.state != "running");
                ended.map(|ended| list.remove(ended));
            }
            Ok(id)
        })
    }

    fn update(&self, id: u64, update: impl FnOnce(&mut Export)) {
        self.change(|list| list.iter_mut().find(|export| export.id == id).map(update));
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/archive/export", download)
            .about("Exports all that a search finds, as an mbox or as a .zip with a file for each message.")
            .query::<ExportQuery>()
            .answers_as("application/octet-stream"),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/archive/exports", shown)
            .about("Tells how far exports have come.")
            .answers::<ExportsList>(),
    ]
}

async fn shown(State(house): State<House>, caller: Caller) -> Answer<Json<ExportsList>> {
    list(&house, &caller).map(Json)
}

/// The exports that the caller may know of: the own ones, or all.
pub(crate) fn list(house: &House, caller: &Caller) -> Answer<ExportsList> {
    super::domains(house, caller)?;
    let all = house.archive_exports.0.list.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_seen = |export: &Export| caller.scope().is_everything() || export.by == caller.name();
    Ok(ExportsList { exports: all.into_iter().filter(is_seen).collect() })
}

async fn download(State(house): State<House>, caller: Caller, Query(asked): Query<ExportQuery>) -> Answer<Response> {
    let (format, media) = match asked.format.as_str() {
        "mbox" => (Format::Mbox, "application/mbox"),
        "zip" => (Format::Zip, "application/zip"),
        other => return Err(Problem::invalid(format!("{other:?} is no format; choose zip or mbox"))),
    };
    let ExportQuery { format: kind, domain, from, until, sender, recipient, subject, text } = asked;
    let query = ArchiveQuery { domain, from, until, sender, recipient, subject, text, after: None, limit: None };
    let query = understand(&house, &caller, &query)?;
    let what = told(&query.criteria);
    let now = rfc3339(house.clock.now());
    let seen = |domain: &str| {
        query.domains.as_ref().is_none_or(|seen| seen.iter().any(|seen| seen == domain))
            && query.criteria.domain.as_deref().is_none_or(|wanted| wanted == domain)
    };
    let chains = house.store.archive_chains()?;
    let total = chains.iter().filter(|chain| seen(&chain.domain)).map(|chain| chain.kept).sum();
    let id = house.archive_exports.begin(Export {
        id: 0,
        by: caller.name().into(),
        what: what.clone(),
        format: kind.clone(),
        begun: now.clone(),
        looked_at: 0,
        total,
        messages: 0,
        bytes: 0,
        state: "running".into(),
    })?;
    house.audit(&caller, "archive exported", what);
    let (sender, channel) = Channel::new(PIECES_WAITING_MAX);
    let mut pieces = Pieces { sender, runtime: tokio::runtime::Handle::current(), waiting: Vec::new() };
    let (store, exports) = (house.store.clone(), house.archive_exports);
    tokio::task::spawn_blocking(move || {
        let mut progress = |so_far: Exported| {
            exports.update(id, |export| {
                (export.looked_at, export.messages, export.bytes) = (so_far.looked_at, so_far.messages, so_far.bytes);
            });
        };
        let outcome = export(&store, query, format, &mut pieces, &mut progress);
        exports.update(id, |export| export.state = if outcome.is_ok() { "done" } else { "failed" }.into());
        if let Err(error) = outcome {
            // A file that ends too early must not look like a whole one.
            pieces.sender.abort(error);
        }
    });
    let name = format!("archive-{}.{}", &now[..10], kind);
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(CONTENT_TYPE, media.to_string()), (CONTENT_DISPOSITION, disposition)], Body::new(channel)).into_response())
}

/// Sends what is written, and waits while the reader is behind.
struct Pieces {
    sender: Sender<Bytes, io::Error>,
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
