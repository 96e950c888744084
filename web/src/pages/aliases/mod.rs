//! Aliases: other addresses for one or several addresses.

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use mailstead_core::work;
use mailstead_storage::Alias;

use crate::House;
use crate::api::Problem;
use crate::api::aliases::{self, AliasRow, Targets};
use crate::api::extract::{Body, Path};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, list, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/aliases";

const COLUMNS: &[Column] =
    &[Column::sorted("address", Key("alias")), Column::plain(Key("leads-to")), Column::sorted("created", Key("since"))];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(alias_list).post(act)),
        Route::page(Access::DomainAdmin, "/aliases/put", post(put)),
    ]
}

#[derive(Template)]
#[template(path = "pages/aliases/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    rows: Vec<AliasRow>,
    edited: Option<AliasRow>,
}

async fn alias_list(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let seen_by = caller.clone();
    let (edited, rows, list) = work::compute(move || found(&house, &seen_by, asked)).await;
    if list.asked().wants_csv() {
        let row = |row: AliasRow| [row.address, row.targets.join(" "), row.created];
        return Ok(list::csv("aliases", &["alias", "leads_to", "created"], rows.into_iter().map(row))?);
    }
    let page = Page::new(&caller, text::say("aliases"), PATH).telling(told);
    show(&ListPage { page, list, rows, edited })
}

/// The alias that is edited, and the rows of the page that is asked for.
fn found(house: &House, caller: &Caller, asked: Asked) -> (Option<AliasRow>, Vec<AliasRow>, Listing) {
    let directory = house.store.directory();
    let edited = directory.aliases.get(asked.get("edit")).filter(|alias| caller.scope().covers_address(&alias.address));
    let edited = edited.map(|alias| AliasRow::of(alias));
    let is_wanted = |alias: &&Alias| {
        asked.matches(&[&alias.address]) || alias.targets.iter().any(|target| asked.matches(&[target]))
    };
    let aliases: Vec<_> = aliases::seen(&directory, caller).filter(is_wanted).collect();
    let (aliases, list) = asked.pick(aliases, COLUMNS, "address", |key, a, b| match key {
        "created" => (a.created, &a.address).cmp(&(b.created, &b.address)),
        _ => a.address.cmp(&b.address),
    });
    (edited, aliases.into_iter().map(AliasRow::of).collect(), list)
}

async fn put(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let address = posted.get("address").trim().to_string();
    let targets = posted.get("targets").split([' ', ',', '\n', '\r']).filter(|one| !one.is_empty());
    let targets = Targets { targets: targets.map(ToString::to_string).collect() };
    let outcome = aliases::put(State(house), caller, Path(address.clone()), Body(targets)).await;
    Ok(back_with(PATH, Notice::of(outcome, |_| Notice::done(text::say("address-is-stored").with("address", &address)))))
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let outcome = remove(&house, &caller, &posted).await;
    let done = |count| Notice::done(text::say("aliases-removed").with("aliases", text::count(count, "alias")));
    Ok(back_with(posted.back(PATH), Notice::of(outcome, done)))
}

async fn remove(house: &House, caller: &Caller, posted: &Posted) -> Result<usize, Problem> {
    let addresses = posted.ids()?;
    let count = addresses.len();
    for address in addresses {
        aliases::remove(State(house.clone()), caller.clone(), Path(address)).await?;
    }
    Ok(count)
}
