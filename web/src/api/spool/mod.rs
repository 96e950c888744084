//! `spool`: the list of what waits, and one message of it.

pub mod acts;
pub(crate) mod text;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::work;
use mailstead_storage::{BlobId, Priority, Provenance, SpoolEntry, SpoolFilter, State as Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Path, Query};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Route};

/// Rows of one page unless the request says otherwise.
const PAGE_ROWS: usize = 100;

/// Rows of one page at most.
const PAGE_ROWS_MAX: usize = 1000;

/// Which rows to list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpoolQuery {
    /// Only those after this message in the order of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most rows to return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Only those whose sender contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

/// A page of the spool, in the order of creation.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpoolPage {
    /// The rows.
    pub messages: Vec<SpoolRow>,
    /// Ask with this `after` for the next page; absent on the last one.
    pub next: Option<String>,
}

/// A message that waits.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpoolRow {
    /// Its id.
    pub id: String,
    /// The reverse-path, empty for notifications.
    pub sender: String,
    /// Recipients that have it.
    pub delivered: usize,
    /// Recipients in all.
    pub recipients: usize,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Attempts made.
    pub attempts: u32,
    /// Its priority.
    pub priority: Priority,
    /// The destination whose queue it waits in; empty for this box.
    pub queue: String,
    /// `waiting`, `due` or `delivering`.
    pub status: String,
    /// When it was accepted.
    pub received: String,
    /// When it is tried next.
    pub next_attempt: String,
}

/// A message that waits, with all that is known of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpoolMessage {
    /// As in the list.
    #[serde(flatten)]
    pub row: SpoolRow,
    /// By which door it came.
    pub provenance: String,
    /// One for each recipient.
    pub states: Vec<RecipientRow>,
}

/// Where a message stands with one recipient.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecipientRow {
    /// The recipient.
    pub address: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// The last answer, empty before the first attempt.
    pub answer: String,
    /// The server that gave it; empty when it was this box.
    pub server: String,
    /// Where it is still to go, once an alias or a forwarding has led elsewhere.
    pub remaining: Vec<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/spool", list)
            .about("Lists what waits, in the order of creation.")
            .query::<SpoolQuery>()
            .answers::<SpoolPage>(),
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/spool/{id}", show)
            .about("Shows a message that waits, and how it stands with each recipient.")
            .answers::<SpoolMessage>(),
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/spool/{id}/text", text::text)
            .about("The text of a message that waits, as it will be sent.")
            .answers_as("message/rfc822"),
    ]
    .into_iter()
    .chain(acts::routes())
    .collect()
}

pub(crate) async fn list(State(house): State<House>, Query(query): Query<SpoolQuery>) -> Answer<Json<SpoolPage>> {
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let after = query.after.as_deref().map(str::parse).transpose()?;
    // One row more than the page tells whether there is a next page.
    let filter = SpoolFilter { sender: query.sender, after, limit: limit + 1 };
    let store = house.store.clone();
    let mut entries = work::read(move || store.spool(&filter)).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.id.to_string());
    let now = house.clock.now();
    Ok(Json(SpoolPage { messages: entries.iter().map(|entry| row(entry, now)).collect(), next }))
}

pub(crate) async fn show(State(house): State<House>, Path(id): Path<String>) -> Answer<Json<SpoolMessage>> {
    let blob: BlobId = id.parse()?;
    let store = house.store.clone();
    let entry = work::read(move || store.spool_entry(blob)).await?;
    let entry = entry.ok_or_else(|| missing(&id))?;
    let recipients = entry.arrival.envelope.recipients.iter().zip(&entry.recipients);
    let states = recipients.map(|(recipient, standing)| RecipientRow {
        address: recipient.address.clone(),
        state: standing_word(&standing.state).into(),
        answer: standing.answer.clone(),
        server: standing.server.clone(),
        remaining: standing.remaining.clone(),
    });
    Ok(Json(SpoolMessage {
        row: row(&entry, house.clock.now()),
        provenance: provenance_words(&entry.arrival.provenance, &house),
        states: states.collect(),
    }))
}

fn missing(id: &str) -> Problem {
    Problem::not_found(format!("message {id} is not in the spool; it may have been delivered"))
}

fn row(entry: &SpoolEntry, now: Time) -> SpoolRow {
    let status = match entry.next_attempt {
        _ if entry.leased => "delivering",
        next if next <= now => "due",
        _ => "waiting",
    };
    SpoolRow {
        id: entry.id.to_string(),
        sender: entry.arrival.envelope.reverse_path.clone(),
        delivered: entry.recipients.iter().filter(|recipient| recipient.state == Standing::Delivered).count(),
        recipients: entry.recipients.len(),
        size_bytes: entry.size,
        attempts: entry.attempts,
        priority: entry.priority,
        queue: entry.queue.clone(),
        status: status.into(),
        received: rfc3339(entry.arrival.received),
        next_attempt: rfc3339(entry.next_attempt),
    }
}

fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Pending => "pending",
        Standing::Delivered => "delivered",
        Standing::Failed => "failed",
    }
}

fn provenance_words(provenance: &Provenance, house: &House) -> String {
    match provenance {
        Provenance::Received => "received from another server".into(),
        Provenance::Submitted(account) => match house.store.directory().accounts.get(account) {
            Some(account) => format!("submitted by {}", account.address),
            None => "submitted by an account that was removed".into(),
        },
        Provenance::Notification(about) => format!("delivery status notification about {about}"),
        Provenance::Errand(of) => format!("sent by rules that ran for {of}"),
        Provenance::Box => "made by the box".into(),
    }
}
