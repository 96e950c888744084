//! Domains: the list, and one domain with its catch-all, its signing keys and what the DNS says of it.

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use mailstead_core::authenticity::published::{Finding, Judgement};
use mailstead_storage::KeyState;

use crate::api::Problem;
use crate::api::dkim::{self, KeyRow};
use crate::api::domain_check;
use crate::api::domains::{self, DomainChange, DomainRow, NewDomain};
use crate::api::extract::{Body, Path};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list, show};
use crate::text;
use crate::texts::Key;
use crate::{House, segment};

const PATH: &str = "/domains";

const COLUMNS: &[Column] = &[
    Column::sorted("name", Key("domain")),
    Column::number("users", Key("users")),
    Column::number("aliases", Key("aliases")),
    Column::plain(Key("mail-for-unknown-names")),
    Column::sorted("created", Key("since")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(domain_list)),
        Route::page(Access::SystemAdmin, "/domains/new", post(add)),
        Route::page(Access::DomainAdmin, "/domains/{name}", get(domain).post(change)),
        Route::page(Access::SystemAdmin, "/domains/{name}/remove", post(remove)),
        Route::page(Access::DomainAdmin, "/domains/{name}/keys", post(act_on_keys)),
        Route::page(Access::DomainAdmin, "/domains/{name}/check", get(check)),
    ]
}

#[derive(Template)]
#[template(path = "pages/domains/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    rows: Vec<DomainRow>,
    may_add: bool,
}

#[derive(Template)]
#[template(path = "pages/domains/one.html")]
struct DomainPage {
    page: Page,
    place: String,
    domain: DomainRow,
    keys: Vec<KeyRow>,
    has_next: bool,
    may_remove: bool,
}

#[derive(Template)]
#[template(path = "pages/domains/check.html")]
struct CheckPage {
    page: Page,
    place: String,
    findings: Vec<Finding>,
}

fn place(name: &str) -> String {
    format!("{PATH}/{}", segment(name))
}

async fn domain_list(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let mut rows = domains::list(State(house), caller.clone()).await.0.domains;
    rows.retain(|row| asked.matches(&[&row.name]));
    asked.order(&mut rows, "name", |key, a, b| match key {
        "users" => a.users.cmp(&b.users),
        "aliases" => a.aliases.cmp(&b.aliases),
        "created" => a.created.cmp(&b.created),
        _ => a.name.cmp(&b.name),
    });
    if asked.wants_csv() {
        let row = |row: DomainRow| [row.name, row.users.to_string(), row.aliases.to_string(), row.created];
        return Ok(list::csv("domains", &["domain", "users", "aliases", "created"], rows.into_iter().map(row))?);
    }
    let (rows, list) = asked.cut(rows, COLUMNS);
    let may_add = caller.role() >= Access::SystemAdmin;
    let page = Page::new(&caller, text::say("domains"), PATH).telling(told);
    show(&ListPage { page, list: list.sorted_by("name"), rows, may_add })
}

async fn add(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let name = posted.get("name").trim().to_lowercase();
    let new = NewDomain { name: name.clone(), catch_all: None };
    Ok(match domains::add(State(house), caller, Body(new)).await {
        Ok(_) => back_with(&place(&name), Notice::done(text::say("the-domain-is-added-make-keys"))),
        Err(problem) => back_with(PATH, Notice::failed(problem.message)),
    })
}

async fn domain(State(house): State<House>, caller: Caller, Path(name): Path<String>, told: Told) -> Shown {
    let keys = dkim::list(State(house.clone()), caller.clone(), Path(name.clone())).await?.0.keys;
    let rows = domains::list(State(house), caller.clone()).await.0.domains;
    let missing = || Problem::not_found(text::say("there-is-no-domain-name").with("name", &name));
    let domain = rows.into_iter().find(|row| row.name == name).ok_or_else(missing)?;
    let may_remove = caller.role() >= Access::SystemAdmin;
    let page = Page::new(&caller, name.clone(), PATH).telling(told);
    let has_next = keys.iter().any(|key| key.state == KeyState::Next);
    show(&DomainPage { page, place: place(&name), domain, keys, has_next, may_remove })
}

async fn change(State(house): State<House>, caller: Caller, Path(name): Path<String>, posted: Posted) -> Shown {
    let catch_all = Some(posted.get("catch_all").trim().to_string()).filter(|address| !address.is_empty());
    let outcome = domains::change(State(house), caller, Path(name.clone()), Body(DomainChange { catch_all })).await;
    Ok(back_with(&place(&name), Notice::of(outcome, |_| Notice::done(text::say("saved")))))
}

async fn remove(State(house): State<House>, caller: Caller, Path(name): Path<String>, posted: Posted) -> Shown {
    if !posted.is_sure() {
        let (page, action) = (Page::new(&caller, text::say("are-you-sure"), PATH), format!("{}/remove", place(&name)));
        return form::confirm(
            page,
            &posted,
            &action,
            text::say("remove-the-domain-name-and-its").with("name", &name),
            text::say("remove"),
        );
    }
    Ok(match domains::remove(State(house), caller, Path(name.clone())).await {
        Ok(_) => back_with(PATH, Notice::done(text::say("name-is-removed").with("name", &name))),
        Err(problem) => back_with(&place(&name), Notice::failed(problem.message)),
    })
}

async fn act_on_keys(State(house): State<House>, caller: Caller, Path(name): Path<String>, posted: Posted) -> Shown {
    let (state, path) = (State(house), Path(name.clone()));
    let outcome = match posted.act() {
        "activate" => dkim::activate(state, caller, path).await.map(|_| text::say("the-new-keys-sign-from-now")),
        _ => dkim::make(state, caller, path).await.map(|_| text::say("keys-are-made-publish-their-records")),
    };
    Ok(back_with(&place(&name), Notice::of(outcome, Notice::done)))
}

async fn check(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Shown {
    let findings = domain_check::check(State(house), caller.clone(), Path(name.clone())).await?.0.findings;
    let page = Page::new(&caller, text::say("dns-of-name").with("name", &name), PATH);
    show(&CheckPage { page, place: place(&name), findings })
}

/// A judgement in a word, and the word's colour.
fn judged(judgement: &Judgement) -> (Key, &'static str) {
    match judgement {
        Judgement::Right => (Key("right"), "good"),
        Judgement::Wrong => (Key("wrong"), "bad"),
        Judgement::Optional => (Key("optional"), ""),
        Judgement::Unknown => (Key("unknown"), "warn"),
    }
}

impl KeyRow {
    /// Its state in a word, and the word's colour.
    fn standing(&self) -> (Key, &'static str) {
        match self.state {
            KeyState::Next => (Key("waits"), "warn"),
            KeyState::Active => (Key("signs"), "good"),
            KeyState::Retired => (Key("retired"), ""),
        }
    }
}
