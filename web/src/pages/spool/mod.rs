//! The spool: what waits for delivery, and everything that can be done with it.

mod acts;
mod message;

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use mailstead_storage::Priority;

use crate::House;
use crate::api::extract::Query;
use crate::api::spool::{self, Order, SpoolPage, SpoolQuery, SpoolRow, SpoolView};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Page, Shown, Told, list, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/spool";

/// Rows of the file at most.
const CSV_ROWS_MAX: usize = 100_000;

/// Rows that are read at once for the file.
const CSV_ROWS_AT_ONCE: usize = 1000;

const COLUMNS: &[Column] = &[
    Column::plain(Key("message")),
    Column::sorted("queue", Key("queue")),
    Column::sorted("sender", Key("sender")),
    Column::plain_number(Key("recipients")),
    Column::number("size", Key("size")),
    Column::number("attempts", Key("attempts")),
    Column::sorted("created", Key("in-spool")),
    Column::sorted("priority", Key("priority")),
    Column::sorted("status", Key("status")),
    Column::sorted("next", Key("next-attempt")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(spool_list).post(acts::act)),
        Route::page(Access::DomainAdmin, "/spool/deleted", get(message::deleted)),
        Route::page(Access::DomainAdmin, "/spool/undo", post(acts::undo)),
        Route::page(Access::DomainAdmin, "/spool/{id}", get(message::message)),
        Route::page(Access::DomainAdmin, "/spool/{id}/text", get(message::message_text)),
    ]
}

#[derive(Template)]
#[template(path = "pages/spool/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    rows: Vec<SpoolRow>,
    view: SpoolView,
    all: String,
    waiting: String,
}

async fn spool_list(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let query = query(&asked);
    if asked.wants_csv() {
        return csv(house, caller, query).await;
    }
    let view = query.view.unwrap_or_default();
    let is_whole = query.sender.is_none() && view == SpoolView::All && caller.scope().is_everything();
    let found = spool::list(State(house.clone()), caller.clone(), Query(query)).await?.0;
    let SpoolPage { messages, next } = found;
    let total = if is_whole { Some(depth(&house).await?) } else { None };
    let (all, waiting) = (asked.with("view", ""), asked.with("view", "waiting"));
    let list = Listing::cursor(asked, COLUMNS, messages.len(), next.as_deref(), total).sorted_by("created");
    show(&ListPage {
        page: Page::new(&caller, text::say("spool"), PATH).telling(told),
        list,
        rows: messages,
        view,
        all,
        waiting,
    })
}

async fn depth(house: &House) -> Result<u64, mailstead_storage::Error> {
    let store = house.store.clone();
    mailstead_core::work::read(move || store.spool_depth()).await
}

/// What the address asks for, in the words of the API.
fn query(asked: &Asked) -> SpoolQuery {
    let (column, descending) = asked.sort("created");
    let order = match column {
        "size" => Order::Size,
        "attempts" => Order::Attempts,
        "priority" => Order::Priority,
        "next" => Order::NextAttempt,
        "sender" => Order::Sender,
        "queue" => Order::Queue,
        "status" => Order::Status,
        _ => Order::Created,
    };
    let given = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    SpoolQuery {
        after: given(asked.get("after")),
        limit: Some(asked.per_page()),
        sender: given(asked.search()),
        view: (asked.get("view") == "waiting").then_some(SpoolView::Waiting),
        order: Some(order),
        descending: Some(descending),
    }
}

async fn csv(house: House, caller: Caller, mut query: SpoolQuery) -> Shown {
    let mut rows = Vec::new();
    query.limit = Some(CSV_ROWS_AT_ONCE);
    query.after = None;
    loop {
        let asked = Query(query.clone());
        let SpoolPage { messages, next } = spool::list(State(house.clone()), caller.clone(), asked).await?.0;
        rows.extend(messages.into_iter().map(cells));
        query.after = next;
        if query.after.is_none() || rows.len() >= CSV_ROWS_MAX {
            break;
        }
    }
    let headings = [
        "id",
        "queue",
        "sender",
        "delivered",
        "recipients",
        "bytes",
        "attempts",
        "received",
        "priority",
        "status",
        "next attempt",
    ];
    Ok(list::csv("spool", &headings, rows.iter())?)
}

fn cells(row: SpoolRow) -> Vec<String> {
    let priority = priority_words(row.priority).0.to_owned();
    let SpoolRow {
        id, sender, delivered, recipients, size_bytes, attempts, queue, status, received, next_attempt, ..
    } = row;
    vec![
        id,
        queue,
        sender,
        delivered.to_string(),
        recipients.to_string(),
        size_bytes.to_string(),
        attempts.to_string(),
        received,
        priority,
        status,
        next_attempt,
    ]
}

/// A priority as files name it, and as a person does.
fn priority_words(priority: Priority) -> (&'static str, Key) {
    match priority {
        Priority::High => ("high", Key("high")),
        Priority::Normal => ("normal", Key("normal")),
        Priority::Low => ("low", Key("low")),
    }
}

impl SpoolRow {
    fn priority_word(&self) -> Key {
        priority_words(self.priority).1
    }

    /// Its status in a word, and the word's colour.
    fn standing(&self) -> (Key, &'static str) {
        match self.status.as_str() {
            "delivering" => (Key("delivering"), "good"),
            "due" => (Key("due"), "warn"),
            "held" => (Key("held"), "bad"),
            _ => (Key("waiting"), ""),
        }
    }
}
