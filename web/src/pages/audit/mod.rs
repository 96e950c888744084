//! Audit log: what administrators did.

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::audit::{self, AuditPage, AuditQuery};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Page, Shown, list, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/audit";

/// The columns of the list.
const COLUMNS: &[Column] = &[
    Column::plain(Key("when")),
    Column::plain(Key("who")),
    Column::plain(Key("from")),
    Column::plain(Key("what")),
    Column::plain(Key("on")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(page))]
}

#[derive(Template)]
#[template(path = "pages/audit/list.html")]
struct ActsPage {
    page: Page,
    found: AuditPage,
    list: Listing,
}

async fn page(State(house): State<House>, caller: Caller, asked: Asked) -> Shown {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let query = AuditQuery {
        text: given(asked.search()),
        first: given(asked.get("first")),
        last: given(asked.get("last")),
        after: given(asked.get("after")),
        limit: Some(asked.per_page()),
    };
    let found = audit::find(&house, query).await?;
    if asked.wants_csv() {
        let rows = found.acts.iter().map(|act| {
            let from = act.from.clone().unwrap_or_default();
            [act.at.clone(), act.by.clone(), from, act.what.clone(), act.on.clone()]
        });
        return Ok(list::csv("audit", &["when", "who", "from", "what", "on"], rows)?);
    }
    let list = Listing::cursor(asked, COLUMNS, found.acts.len(), found.next.as_deref(), None);
    show(&ActsPage { page: Page::new(&caller, text::say("audit-log"), PATH), found, list })
}
