//! `spool`: the list of what waits, and one message of it. Administrators of a domain see and steer the messages with
//! a sender or a recipient in it.

pub mod acts;
pub(crate) mod text;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::{guard, work};
use mailstead_storage::{
    BlobId, Priority, Provenance, SpoolEntry, SpoolFilter, SpoolOrder, SpoolPlace, State as Standing,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Path, Query};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route, Scope};

/// Rows of one page unless the request says otherwise.
const PAGE_ROWS: usize = 100;

/// Rows of one page at most.
const PAGE_ROWS_MAX: usize = 1000;

/// Which rows to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpoolQuery {
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most rows to return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Only those whose sender contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// All of them, or those that wait for their next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<SpoolView>,
    /// What comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The other way round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descending: Option<bool>,
}

/// Which part of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpoolView {
    /// All messages.
    #[default]
    All,
    /// Those whose next attempt is still to come.
    Waiting,
}

/// An order of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The oldest first.
    #[default]
    Created,
    /// The next to be tried first.
    NextAttempt,
    /// High before low.
    Priority,
    /// The least often tried first.
    Attempts,
    /// The smallest first.
    Size,
    /// By sender.
    Sender,
    /// By queue, the box's own first.
    Queue,
    /// What is being delivered first, then what is due, then what waits.
    Status,
}

impl From<Order> for SpoolOrder {
    fn from(order: Order) -> SpoolOrder {
        match order {
            Order::Created => SpoolOrder::Created,
            Order::NextAttempt => SpoolOrder::NextAttempt,
            Order::Priority => SpoolOrder::Priority,
            Order::Attempts => SpoolOrder::Attempts,
            Order::Size => SpoolOrder::Size,
            Order::Sender => SpoolOrder::Sender,
            Order::Queue => SpoolOrder::Queue,
            Order::Status => SpoolOrder::Status,
        }
    }
}

/// A page of the spool.
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
    /// `waiting`, `held` (until an administrator releases its sender), `due` or `delivering`.
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
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/spool", list)
            .about("Lists what waits.")
            .query::<SpoolQuery>()
            .answers::<SpoolPage>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/spool/{id}", show)
            .about("Shows a message that waits, and how it stands with each recipient.")
            .answers::<SpoolMessage>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/spool/{id}/text", text::text)
            .about("The text of a message that waits, as it will be sent.")
            .answers_as("message/rfc822"),
    ]
    .into_iter()
    .chain(acts::routes())
    .collect()
}

pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<SpoolQuery>,
) -> Answer<Json<SpoolPage>> {
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let now = house.clock.now();
    let filter = SpoolFilter {
        sender: query.sender,
        domains: domains_of(&caller),
        waiting: query.view == Some(SpoolView::Waiting),
        now,
        order: query.order.unwrap_or_default().into(),
        descending: query.descending.unwrap_or_default(),
        after: query.after.as_deref().map(place).transpose()?,
        // One row more than the page tells whether there is a next page.
        limit: limit + 1,
    };
    let (store, asked) = (house.store.clone(), filter.clone());
    let mut entries = work::read(move || store.spool(&asked)).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|last| cursor(&filter.place(last)));
    Ok(Json(SpoolPage { messages: entries.iter().map(|entry| row(entry, now)).collect(), next }))
}

/// A place as the `next` of a page: the message's id, its number in the order, its text.
fn cursor(place: &SpoolPlace) -> String {
    match (place.number, place.text.as_str()) {
        (0, "") => place.id.to_string(),
        (number, text) => format!("{}.{number}.{text}", place.id),
    }
}

fn place(cursor: &str) -> Answer<SpoolPlace> {
    let mut parts = cursor.splitn(3, '.');
    let id = parts.next().unwrap_or_default().parse()?;
    let number = parts.next().map_or(Ok(0), str::parse);
    let number = number.map_err(|_| Problem::invalid(format!("{cursor:?} is not the `next` of a page")))?;
    Ok(SpoolPlace { number, text: parts.next().unwrap_or_default().into(), id })
}

/// The domains to which a caller is confined.
fn domains_of(caller: &Caller) -> Option<BTreeSet<String>> {
    match caller.scope() {
        Scope::Everything => None,
        Scope::Domains(domains) => Some(domains.clone()),
        Scope::Own(_) | Scope::Nothing => Some(BTreeSet::new()),
    }
}

/// May the caller see the message? Whoever administers the domain of its sender or of a recipient may.
fn is_covered(caller: &Caller, entry: &SpoolEntry) -> bool {
    let covers = |address: &str| caller.scope().covers_address(&address.to_ascii_lowercase());
    let envelope = &entry.arrival.envelope;
    covers(&envelope.reverse_path) || envelope.recipients.iter().any(|recipient| covers(&recipient.address))
}

/// A message of the spool that the caller may see.
async fn find(house: &House, caller: &Caller, id: &str) -> Answer<SpoolEntry> {
    let blob: BlobId = id.parse()?;
    let store = house.store.clone();
    let entry = work::read(move || store.spool_entry(blob)).await?;
    entry.filter(|entry| is_covered(caller, entry)).ok_or_else(|| missing(id))
}

pub(crate) async fn show(
    State(house): State<House>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<SpoolMessage>> {
    let entry = find(&house, &caller, &id).await?;
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
        _ if guard::waits_for_release(entry) => "held",
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
        Provenance::Letter { mailing, .. } => format!("a letter of mass message {mailing}"),
    }
}
