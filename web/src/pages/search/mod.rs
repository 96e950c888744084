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
use crate::frame::{Asked, Column, Listing, Page, Shown, list, show};
use crate::pages::connections::View;
use crate::text;
use crate::texts::Key;

const PATH: &str = "/me/search";

const COLUMNS: &[Column] = &[
    Column::plain(Key("message")),
    Column::plain(Key("from")),
    Column::plain(Key("mailbox")),
    Column::plain(Key("received")),
    Column::plain(Key("size")),
];

/// The orders of results, as the address and the page call them.
const ORDERS: [(&str, Key, Order); 3] = [
    ("Newest", Key("newest"), Order::Newest),
    ("Oldest", Key("oldest"), Order::Oldest),
    ("Best", Key("best"), Order::Best),
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
    /// The orders.
    views: Vec<View>,
    /// Why the query cannot be understood.
    fault: Option<String>,
}

async fn results(State(house): State<House>, caller: Caller, asked: Asked) -> Shown {
    let skip = asked.get("after").parse().unwrap_or(0);
    let (.., order) = ORDERS.iter().find(|(name, ..)| name == &asked.get("order")).copied().unwrap_or(ORDERS[0]);
    let query = SearchQuery { q: asked.search().to_owned(), order, skip, count: Some(asked.per_page()) };
    let (found, fault) = match search::find(&house, &caller, address(&house, &caller)?, query).await {
        Ok(found) => (found, None),
        Err(problem) if problem.code == "invalid" => (SearchResults::default(), Some(problem.message)),
        Err(problem) => return Err(problem.into()),
    };
    if asked.wants_csv() {
        return csv(&found);
    }
    let views = ORDERS.map(|(name, label, one)| View {
        label: label.into(),
        link: asked.with("order", name),
        current: one == order,
    });
    let end = skip + found.messages.len();
    let next = (end < found.total).then(|| end.to_string());
    let list = Listing::cursor(asked, COLUMNS, found.messages.len(), next.as_deref(), None);
    show(&ResultsPage { page: Page::new(&caller, text::say("search"), PATH), found, list, views: views.into(), fault })
}

fn csv(found: &SearchResults) -> Shown {
    let rows = found.messages.iter().map(|row| {
        let SearchRow { received, mailbox, size_bytes, excerpt, .. } = row;
        [received.clone(), mailbox.clone(), excerpt.from.clone(), excerpt.subject.clone(), size_bytes.to_string()]
    });
    Ok(list::csv("messages", &["received", "mailbox", "from", "subject", "size"], rows)?)
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
    let title = if opened.subject.is_empty() { text::say("no-subject").into() } else { opened.subject.clone() };
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
    account
        .map(|account| account.address.clone())
        .ok_or_else(|| Problem::denied(text::say("only-users-have-mail-to-search")))
}

impl SearchRow {
    fn link(&self) -> String {
        format!("{PATH}/{}/{}", self.mailbox_id, self.uid)
    }

    fn subject(&self) -> String {
        match self.excerpt.subject.as_str() {
            "" => text::say("no-subject").into(),
            subject => subject.to_owned(),
        }
    }
}
