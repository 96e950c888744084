//! A user's search page: results with excerpts, each to be opened and downloaded.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use mailstead_core::search::{Opened, Order};

use crate::House;
use crate::api::extract::Path;
use crate::api::search::{self, SearchQuery, SearchResults, SearchRow};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Page, Shown, show, text};

const PATH: &str = "/me/search";

const COLUMNS: &[Column] = &[
    Column::plain("Message"),
    Column::plain("From"),
    Column::plain("Mailbox"),
    Column::plain("Received"),
    Column::plain(""),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::User, PATH, get(results)),
        Route::page(Access::User, "/me/search/{mailbox}/{uid}", get(message)),
        Route::page(Access::User, "/me/search/{mailbox}/{uid}/download", get(download)),
    ]
}

#[derive(Template)]
#[template(path = "pages/search/results.html")]
struct ResultsPage {
    page: Page,
    found: SearchResults,
    list: Listing,
    /// Why the query cannot be understood.
    fault: Option<String>,
}

async fn results(State(house): State<House>, caller: Caller, asked: Asked) -> Shown {
    let skip = asked.get("after").parse().unwrap_or(0);
    let order = if asked.get("order") == "best" { Order::Best } else { Order::Newest };
    let query = SearchQuery { q: asked.search().to_owned(), order, skip, count: Some(asked.per_page()) };
    let (found, fault) = match search::find(&house, &caller, address(&house, &caller)?, query).await {
        Ok(found) => (found, None),
        Err(problem) if problem.code == "invalid" => (SearchResults::default(), Some(problem.message)),
        Err(problem) => return Err(problem.into()),
    };
    let end = skip + found.messages.len();
    let next = (end < found.total).then(|| end.to_string());
    let list = Listing::cursor(asked, COLUMNS, found.messages.len(), next.as_deref(), None);
    show(&ResultsPage { page: Page::new(&caller, "Search", PATH), found, list, fault })
}

#[derive(Template)]
#[template(path = "pages/search/message.html")]
struct MessagePage {
    page: Page,
    row: SearchRow,
    opened: Opened,
}

async fn message(State(house): State<House>, caller: Caller, Path((mailbox, uid)): Path<(u32, u32)>) -> Shown {
    let address = address(&house, &caller)?;
    let (row, opened) = search::open(&house, &caller, address, mailbox, uid).await?;
    let title = if opened.subject.is_empty() { "(no subject)".to_owned() } else { opened.subject.clone() };
    show(&MessagePage { page: Page::new(&caller, title, PATH), row, opened })
}

async fn download(
    State(house): State<House>,
    caller: Caller,
    Path((mailbox, uid)): Path<(u32, u32)>,
) -> Answer<Response> {
    let address = address(&house, &caller)?;
    search::raw(&house, &caller, address, mailbox, uid).await
}

/// The caller's own address.
fn address(house: &House, caller: &Caller) -> Answer<String> {
    let account = caller.account().and_then(|account| house.store.directory().accounts.get(&account).cloned());
    account.map(|account| account.address.clone()).ok_or_else(|| Problem::denied("only users have mail to search"))
}

impl SearchRow {
    fn link(&self) -> String {
        format!("{PATH}/{}/{}", self.mailbox_id, self.uid)
    }

    fn subject(&self) -> &str {
        if self.excerpt.subject.is_empty() { "(no subject)" } else { &self.excerpt.subject }
    }
}
