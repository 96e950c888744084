//! `users/{address}/search` and `users/{address}/messages`: a user's own messages, found by what is in them, and opened.
//! Nobody else's: no administrator reads mail here.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::search::query::parse;
use mailstead_core::search::{Excerpt, Found, Hit, Opened, Order, Page};
use mailstead_core::work;
use mailstead_storage::{AccountId, Flags, MailboxId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Path, Query};
use super::spool::text::body;
use super::users::find_for;
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Means, Route};

/// Results of one page unless the request says otherwise.
const PAGE_ROWS: usize = 25;

/// What is looked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// The query: words, "phrases", beginnings*, -not, OR, from:, to:, subject:, has:, in:, is:, before:, after:, newer:,
    /// older:, larger:, smaller:.
    #[serde(default)]
    pub q: String,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// How many results are passed over.
    #[serde(default)]
    pub skip: usize,
    /// How many results, 200 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// What was found.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SearchResults {
    /// How many messages there are in all.
    pub total: usize,
    /// Those of this page.
    pub messages: Vec<SearchRow>,
}

/// A message that was found.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SearchRow {
    /// Its id.
    pub id: String,
    /// The name of a mailbox that it is in.
    pub mailbox: String,
    /// The number of that mailbox.
    pub mailbox_id: u32,
    /// Its UID there.
    pub uid: u32,
    /// When it was received.
    pub received: String,
    /// Its size in bytes.
    pub size_bytes: u32,
    /// Has it been read?
    pub seen: bool,
    /// Is it flagged?
    pub flagged: bool,
    /// What it looks like.
    pub excerpt: Excerpt,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/search", search)
            .about("Finds the caller's own messages by what is in them.")
            .query::<SearchQuery>()
            .answers::<SearchResults>(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/messages/{mailbox}/{uid}", show)
            .about("Shows what people read in one of the caller's own messages.")
            .answers::<Opened>(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/messages/{mailbox}/{uid}/raw", raw_of)
            .about("One of the caller's own messages, as it was received.")
            .answers_as("message/rfc822"),
    ]
}

pub(crate) async fn search(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Query(query): Query<SearchQuery>,
) -> Answer<Json<SearchResults>> {
    find(&house, &caller, address, query).await.map(Json)
}

/// Finds messages.
pub(crate) async fn find(house: &House, caller: &Caller, address: String, query: SearchQuery) -> Answer<SearchResults> {
    let account = own(house, caller, &address)?;
    let wanted = parse(&query.q, house.clock.now()).map_err(|fault| Problem::invalid(fault.to_string()))?;
    let page = Page { order: query.order, skip: query.skip, count: query.count.unwrap_or(PAGE_ROWS) };
    let search = house.search.clone();
    let Found { total, hits } = work::read_long(move || search.find(account, &wanted, page)).await?;
    Ok(SearchResults { total, messages: hits.into_iter().map(SearchRow::from).collect() })
}

async fn show(
    State(house): State<House>,
    caller: Caller,
    Path((address, mailbox, uid)): Path<(String, u32, u32)>,
) -> Answer<Json<Opened>> {
    open(&house, &caller, address, mailbox, uid).await.map(|(_, opened)| Json(opened))
}

/// What people read in a message, and its row.
pub(crate) async fn open(
    house: &House,
    caller: &Caller,
    address: String,
    mailbox: u32,
    uid: u32,
) -> Answer<(SearchRow, Opened)> {
    let account = own(house, caller, &address)?;
    let (search, store, mailbox) = (house.search.clone(), house.store.clone(), MailboxId(mailbox));
    let read = move || {
        let record = search.record(account, mailbox, uid)?;
        let opened = search.open_message(record.blob)?;
        let row = Hit { mailbox: store.acl(mailbox)?.0.name, mailbox_id: mailbox, record, excerpt: Excerpt::default() };
        Ok::<_, mailstead_storage::Error>((SearchRow::from(row), opened))
    };
    Ok(work::read(read).await?)
}

async fn raw_of(
    State(house): State<House>,
    caller: Caller,
    Path((address, mailbox, uid)): Path<(String, u32, u32)>,
) -> Answer<Response> {
    raw(&house, &caller, address, mailbox, uid).await
}

/// A message as it was received.
pub(crate) async fn raw(house: &House, caller: &Caller, address: String, mailbox: u32, uid: u32) -> Answer<Response> {
    let account = own(house, caller, &address)?;
    let search = house.search.clone();
    let record = work::read(move || search.record(account, MailboxId(mailbox), uid)).await?;
    let headers = [
        (CONTENT_TYPE, "message/rfc822".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}.eml\"", record.blob)),
    ];
    Ok((headers, body(house.store.clone(), record.blob, 0)).into_response())
}

/// The account whose messages they are, when it is the caller's own; whoever has the box's files may read it all.
fn own(house: &House, caller: &Caller, address: &str) -> Answer<AccountId> {
    let account = find_for(house, caller, &names::address(address)?)?.id;
    match caller.account() == Some(account) || caller.means() == Means::Owner {
        true => Ok(account),
        false => Err(Problem::denied("only the user may read these messages")),
    }
}

impl From<Hit> for SearchRow {
    fn from(hit: Hit) -> SearchRow {
        let Hit { mailbox, mailbox_id, record, excerpt } = hit;
        SearchRow {
            id: record.blob.to_string(),
            mailbox,
            mailbox_id: mailbox_id.0,
            uid: record.uid,
            received: rfc3339(Time(u64::from(record.internal_date) * 1000)),
            size_bytes: record.size,
            seen: record.flags.has(Flags::SEEN),
            flagged: record.flags.has(Flags::FLAGGED),
            excerpt,
        }
    }
}
