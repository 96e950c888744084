//! Records: searching them, looking at one, and its message.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::Channel;
use mailstead_core::archive::{Found, Query as Search, find as search};
use mailstead_core::clock::{moment, rfc3339};
use mailstead_core::work;
use mailstead_storage::{ArchiveCriteria, ArchiveDirection, ArchivePlace, ArchiveRecord, PIECE_BYTES_MAX, Store, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domains;
use crate::House;
use crate::api::extract::{Path, Query};
use crate::api::{Answer, Problem, names};
use crate::door::{Access, Caller, Route};

/// Records of an answer unless the request says otherwise.
const RECORDS: usize = 50;
/// Records of an answer at most.
const RECORDS_MAX: usize = 200;
/// After this time a search gives back what it has.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pieces of a message that may wait for a slow reader.
const PIECES_WAITING_MAX: usize = 2;
/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What to search for; what is left out does not matter. Texts are compared without regard to case.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveQuery {
    /// Only the archive of this domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Archived at this moment or later, as RFC 3339 or as a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Archived before this moment, as RFC 3339, or on this date or before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Part of the sender's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Part of a recipient's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Part of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Words of the message's text; all of them have to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The `next` of an earlier answer: goes on from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Records that were found.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveList {
    /// The newest first.
    pub records: Vec<ArchiveRow>,
    /// Where to go on; absent when all was looked at.
    pub next: Option<String>,
}

/// An archived message in a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveRow {
    /// In the archive of this domain.
    pub domain: String,
    /// Its number there.
    pub number: u64,
    /// When it was archived.
    pub archived: String,
    /// Which way it went, seen from the domain.
    pub direction: ArchiveDirection,
    /// The reverse-path, empty for notices.
    pub sender: String,
    /// The envelope's recipients, those of Bcc among them.
    pub recipients: Vec<String>,
    /// The subject.
    pub subject: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// An archived message.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveMessage {
    /// As in the list.
    #[serde(flatten)]
    pub row: ArchiveRow,
    /// The message's id.
    pub message: String,
    /// The Date field.
    pub date: String,
    /// The rules that it was archived for.
    pub rules: Vec<u32>,
    /// blake3 of its bytes, in hexadecimal digits.
    pub hash: String,
    /// The hash of the record before it.
    pub before: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/archive", list)
            .about("Searches the archive, the newest messages first.")
            .query::<ArchiveQuery>()
            .answers::<ArchiveList>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/archive/records/{domain}/{number}", show)
            .about("Shows an archived message's record.")
            .answers::<ArchiveMessage>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/archive/records/{domain}/{number}/message", message)
            .about("Downloads an archived message as it was accepted.")
            .answers_as("message/rfc822"),
    ]
}

async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<ArchiveQuery>,
) -> Answer<Json<ArchiveList>> {
    find(&house, &caller, query).await.map(Json)
}

/// Searches.
pub(crate) async fn find(house: &House, caller: &Caller, query: ArchiveQuery) -> Answer<ArchiveList> {
    let search_for = understand(house, caller, &query)?;
    if search_for.after.is_none() {
        house.audit(caller, "archive searched", told(&search_for.criteria));
    }
    let store = house.store.clone();
    let page = work::read_long(move || search(&store, &search_for, PATIENCE)).await?;
    let next = page.next.map(|place| format!("{}-{}-{}", place.archived.0, place.chain, place.number));
    Ok(ArchiveList { records: page.found.into_iter().map(ArchiveRow::new).collect(), next })
}

/// What is searched for, within what the caller sees.
///
/// # Errors
/// As if there were no archive; `invalid`.
pub(super) fn understand(house: &House, caller: &Caller, query: &ArchiveQuery) -> Answer<Search> {
    let domains = domains(house, caller)?;
    let after = query.after.as_deref().map(place).transpose()?;
    let records_max = query.limit.unwrap_or(RECORDS).clamp(1, RECORDS_MAX);
    Ok(Search { criteria: criteria(query)?, domains, after, records_max })
}

/// # Errors
/// `invalid`.
pub(super) fn criteria(query: &ArchiveQuery) -> Answer<ArchiveCriteria> {
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let at = |text: String| {
        let wrong = || Problem::invalid(format!("{text:?} is no moment; write it like 2026-12-24"));
        moment(&text).map(|at| at.0).ok_or_else(wrong)
    };
    let is_day = |text: &String| text.len() == "2026-12-24".len();
    let until = given(&query.until).map(|text| Ok::<_, Problem>(if is_day(&text) { DAY } else { 0 } + at(text)?));
    Ok(ArchiveCriteria {
        domain: given(&query.domain).map(|domain| names::domain(&domain)).transpose()?,
        from: given(&query.from).map(at).transpose()?,
        until: until.transpose()?,
        sender: given(&query.sender),
        recipient: given(&query.recipient),
        subject: given(&query.subject),
        text: given(&query.text),
    })
}

/// The criteria in a line, for the audit log and for lists.
pub(super) fn told(criteria: &ArchiveCriteria) -> String {
    let ArchiveCriteria { domain, from, until, sender, recipient, subject, text } = criteria;
    let moment = |at: &Option<u64>| at.map(|at| rfc3339(Time(at)));
    let parts = [
        ("domain", domain.clone()),
        ("from", moment(from)),
        ("before", moment(until)),
        ("sender", sender.clone()),
        ("recipient", recipient.clone()),
        ("subject", subject.clone()),
        ("text", text.clone()),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name} {value}"))).collect();
    if parts.is_empty() { "everything".into() } else { parts.join(", ") }
}

fn place(text: &str) -> Answer<ArchivePlace> {
    let mut parts = text.split('-').map(str::parse::<u64>);
    let mut part = || parts.next().and_then(Result::ok);
    let (archived, chain, number) = (part(), part().and_then(|chain| u32::try_from(chain).ok()), part());
    match (archived, chain, number) {
        (Some(archived), Some(chain), Some(number)) => Ok(ArchivePlace { archived: Time(archived), chain, number }),
        _ => Err(Problem::invalid("after is the `next` of an earlier answer")),
    }
}

/// A record that the caller may see.
///
/// # Errors
/// As if it did not exist.
async fn record(house: &House, caller: &Caller, domain: &str, number: u64) -> Answer<ArchiveRecord> {
    let seen = domains(house, caller)?;
    let missing = || Problem::not_found(format!("there is no message {number} in the archive of {domain}"));
    if seen.is_some_and(|seen| !seen.iter().any(|seen| seen == domain)) {
        return Err(missing());
    }
    let (store, of) = (house.store.clone(), domain.to_owned());
    work::read(move || store.archive_record(&of, number)).await?.ok_or_else(missing)
}

async fn show(
    State(house): State<House>,
    caller: Caller,
    Path((domain, number)): Path<(String, u64)>,
) -> Answer<Json<ArchiveMessage>> {
    one(&house, &caller, &domain, number).await.map(Json)
}

/// One record.
pub(crate) async fn one(house: &House, caller: &Caller, domain: &str, number: u64) -> Answer<ArchiveMessage> {
    let record = record(house, caller, domain, number).await?;
    let store = house.store.clone();
    let found = work::read(move || {
        let outline = store.outline(record.blob)?;
        let place = ArchivePlace { archived: record.archived, chain: 0, number: record.number };
        Ok::<_, mailstead_storage::Error>(Found::new(place, record, Some(&outline)))
    });
    let found = found.await?;
    let record = &found.record;
    let (message, rules) = (record.blob.to_string(), record.rules.clone());
    let (hash, before, date) = (hex(&record.hash), hex(&record.before), found.date.clone());
    Ok(ArchiveMessage { row: ArchiveRow::new(found), message, date, rules, hash, before })
}

/// The first bytes of an archived message, as text for a page, and whether that is all of it.
pub(crate) async fn beginning(
    house: &House,
    caller: &Caller,
    domain: &str,
    number: u64,
    bytes_max: usize,
) -> Answer<(String, bool)> {
    let record = record(house, caller, domain, number).await?;
    house.audit(caller, "archived message read", format!("{domain}/{number}"));
    let store = house.store.clone();
    let bytes = work::read(move || store.read(record.blob, 0, bytes_max)).await?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), bytes.len() as u64 >= record.size))
}

async fn message(
    State(house): State<House>,
    caller: Caller,
    Path((domain, number)): Path<(String, u64)>,
) -> Answer<Response> {
    let record = record(&house, &caller, &domain, number).await?;
    house.audit(&caller, "archived message read", format!("{domain}/{number}"));
    let (sender, channel) = Channel::new(PIECES_WAITING_MAX);
    tokio::spawn(send(house.store.clone(), record, sender));
    Ok(([(CONTENT_TYPE, "message/rfc822")], Body::new(channel)).into_response())
}

/// Sends the bytes, until the reader goes.
async fn send(
    store: Store,
    record: ArchiveRecord,
    mut sender: http_body_util::channel::Sender<Bytes, std::convert::Infallible>,
) {
    let mut at = 0;
    while at < record.size {
        let (reading, blob) = (store.clone(), record.blob);
        let piece = work::read(move || reading.read(blob, at, PIECE_BYTES_MAX)).await.unwrap_or_default();
        at += piece.len() as u64;
        if piece.is_empty() || sender.send_data(piece.into()).await.is_err() {
            return;
        }
    }
}

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ArchiveRow {
    fn new(found: Found) -> ArchiveRow {
        let Found { record, subject, .. } = found;
        let ArchiveRecord { domain, number, archived, direction, sender, recipients, size, .. } = record;
        let (domain, archived) = (domain.to_string(), rfc3339(archived));
        ArchiveRow { domain, number, archived, direction, sender, recipients, subject, size_bytes: size }
    }
}
