//! The API, shown to people: its description as a page, made from the same table of routes.

use askama::Template;
use axum::routing::get;

use crate::api::description::{access_words, family};
use crate::door::{Access, Caller, Route};
use crate::frame::{Page, Shown, show};
use crate::routes;
use crate::text;

const PATH: &str = "/api";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::User, PATH, get(overview))]
}

#[derive(Template)]
#[template(path = "pages/api/overview.html")]
struct OverviewPage {
    page: Page,
    families: Vec<Family>,
}

/// Routes whose addresses begin alike.
struct Family {
    name: &'static str,
    rows: Vec<Row>,
}

struct Row {
    method: String,
    path: &'static str,
    about: &'static str,
    access: &'static str,
}

async fn overview(caller: Caller) -> Shown {
    let mut families: Vec<Family> = Vec::new();
    for route in routes::api().iter().filter(|route| route.access() <= caller.role()) {
        let Some(operation) = route.operation() else { continue };
        let (path, about) = (route.path(), operation.about);
        let row = Row { method: operation.method.to_string(), path, about, access: access_words(route.access()) };
        match families.iter_mut().find(|known| known.name == family(path)) {
            Some(known) => known.rows.push(row),
            None => families.push(Family { name: family(path), rows: vec![row] }),
        }
    }
    show(&OverviewPage { page: Page::new(&caller, text::say("api"), PATH), families })
}
