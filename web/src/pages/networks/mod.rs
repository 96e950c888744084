//! Blacklist and allowlist: networks with a note and an end.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use mailstead_storage::NetworkList;

use crate::House;
use crate::api::Problem;
use crate::api::guard::lists::{self, NetworkEntry, NewEntry};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, list as lists_of, show};
use crate::pages::connections::View;
use crate::text;
use crate::texts::Key;

const PATH: &str = "/networks";

const COLUMNS: &[Column] = &[
    Column::sorted("network", Key("network")),
    Column::sorted("note", Key("note")),
    Column::sorted("until", Key("until")),
    Column::sorted("added", Key("added")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/networks/list.html")]
struct ListPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    which: &'static str,
    entries: Vec<NetworkEntry>,
}

fn which(name: &str) -> NetworkList {
    match name {
        "allowlist" => NetworkList::Allowlist,
        _ => NetworkList::Blacklist,
    }
}

/// A list, as a sentence names it.
fn words(list: NetworkList) -> Key {
    match list {
        NetworkList::Blacklist => Key("blacklist-inline"),
        NetworkList::Allowlist => Key("allowlist"),
    }
}

async fn list(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let list = which(asked.get("list"));
    let mut entries = lists::list(State(house), list).0.entries;
    entries.retain(|entry| asked.matches(&[&entry.network, &entry.note]));
    // They come by network, which is no order of texts.
    if asked.sort("network") != ("network", false) {
        asked.order(&mut entries, "network", |key, a, b| match key {
            "note" => a.note.cmp(&b.note),
            "until" => a.until.is_none().cmp(&b.until.is_none()).then_with(|| a.until.cmp(&b.until)),
            "added" => a.added.cmp(&b.added),
            _ => a.network.cmp(&b.network),
        });
    }
    if asked.wants_csv() {
        let row = |entry: &NetworkEntry| {
            let until = entry.until.clone().unwrap_or_default();
            vec![entry.network.clone(), entry.note.clone(), until, entry.added.clone()]
        };
        return Ok(lists_of::csv(list.name(), &["network", "note", "until", "added"], entries.iter().map(row))?);
    }
    let view = |one: NetworkList, label: Key| View {
        label: label.into(),
        link: asked.with("list", one.name()),
        current: one == list,
    };
    let views =
        vec![view(NetworkList::Blacklist, Key("blacklist")), view(NetworkList::Allowlist, Key("allowlist-title"))];
    let page = Page::new(&caller, text::say("black-and-allowlist"), PATH).telling(told);
    let (entries, listing) = asked.cut(entries, COLUMNS);
    show(&ListPage { page, views, list: listing.sorted_by("network"), which: list.name(), entries })
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let list = which(posted.get("list"));
    let outcome = match posted.act() {
        "add" => add(&house, &caller, list, &posted).await,
        _ => remove(&house, &caller, list, &posted).await,
    };
    let standard = format!("{PATH}?list={}", list.name());
    back_with(posted.back(&standard), Notice::of(outcome, Notice::done))
}

async fn add(house: &House, caller: &Caller, list: NetworkList, posted: &Posted) -> Result<String, Problem> {
    // A day, as the browser's field has it: until its end.
    let until = Some(posted.get("until")).filter(|day| !day.is_empty()).map(|day| format!("{day}T23:59:59Z"));
    let entry = NewEntry { network: posted.get("network").into(), note: posted.get("note").into(), until };
    let ended = lists::put(house, caller, list, &entry).await?;
    let network = entry.network.trim();
    Ok(match ended {
        0 => text::say("network-is-on-the-list").with("network", network).with("list", words(list)).into(),
        _ => text::say("network-is-on-the-list-connections")
            .with("network", network)
            .with("list", words(list))
            .with("connections", text::count(ended, "connection"))
            .into(),
    })
}

async fn remove(house: &House, caller: &Caller, list: NetworkList, posted: &Posted) -> Result<String, Problem> {
    let networks = posted.ids()?;
    for network in &networks {
        lists::remove(house, caller, list, network).await?;
    }
    let networks = text::count(networks.len(), "network");
    Ok(text::say("networks-taken-off-the-list").with("networks", networks).with("list", words(list)).into())
}
