//! Shared mailboxes: those that belong to domains, and who may do what with them.

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};

use crate::House;
use crate::api::Problem;
use crate::api::extract::{Body, Path, Query};
use crate::api::shared::{self, NewRights, NewShared, SharedChange, SharedQuery, SharedRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list, show};
use crate::text;
use crate::texts::{Key, Said};

const PATH: &str = "/shared";

const COLUMNS: &[Column] = &[
    Column::sorted("name", Key("mailbox")),
    Column::number("messages", Key("messages")),
    Column::number("bytes", Key("size")),
    Column::plain(Key("who-may-do-what")),
    Column::plain(Key("actions")),
];

/// Rights that are given together, as letters of RFC 4314 and in words.
const RIGHTS: [(&str, Key); 4] = [
    ("lrs", Key("read-title")),
    ("lrswipte", Key("read-file-and-delete")),
    ("lrswipkxtea", Key("everything")),
    ("", Key("nothing")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(shared_list)),
        Route::page(Access::DomainAdmin, "/shared/new", post(add)),
        Route::page(Access::DomainAdmin, "/shared/act", post(act)),
    ]
}

#[derive(Template)]
#[template(path = "pages/shared/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    rows: Vec<SharedRow>,
    rights: [(&'static str, Key); 4],
}

async fn shared_list(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let mut rows = shared::list(State(house), caller.clone(), Query(SharedQuery::default())).await?.0.mailboxes;
    rows.retain(|row| asked.matches(&[&row.domain, &row.name]));
    asked.order(&mut rows, "name", |key, a, b| match key {
        "messages" => a.messages.cmp(&b.messages),
        "bytes" => a.bytes.cmp(&b.bytes),
        _ => (&a.domain, &a.name).cmp(&(&b.domain, &b.name)),
    });
    if asked.wants_csv() {
        let row = |row: SharedRow| [row.domain, row.name, row.messages.to_string(), row.bytes.to_string()];
        return Ok(list::csv("shared", &["domain", "mailbox", "messages", "bytes"], rows.into_iter().map(row))?);
    }
    let (rows, list) = asked.cut(rows, COLUMNS);
    let page = Page::new(&caller, text::say("shared-mailboxes"), PATH).telling(told);
    show(&ListPage { page, list: list.sorted_by("name"), rows, rights: RIGHTS })
}

async fn add(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let new = NewShared { domain: posted.get("domain").into(), name: posted.get("name").trim().into() };
    let outcome = shared::add(State(house), caller, Body(new)).await;
    Ok(back_with(PATH, Notice::of(outcome, |_| Notice::done(text::say("the-mailbox-is-made-say-who")))))
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    if posted.act() == "remove" && !posted.is_sure() {
        let question = text::say("remove-name-and-what-is-in").with("name", posted.get("name"));
        return form::confirm(
            Page::new(&caller, text::say("are-you-sure"), PATH),
            &posted,
            "/shared/act",
            question,
            text::say("remove"),
        );
    }
    let outcome = done(house, caller, &posted).await;
    Ok(back_with(PATH, Notice::of(outcome, Notice::done)))
}

async fn done(house: House, caller: Caller, posted: &Posted) -> Result<Said, Problem> {
    let (domain, name) = (posted.get("domain").to_string(), posted.get("name").to_string());
    match posted.act() {
        "remove" => {
            shared::remove(State(house), caller, Path((domain, name))).await?;
            Ok(text::say("the-mailbox-is-removed"))
        }
        "rename" => {
            let change = Body(SharedChange { name: posted.get("new_name").trim().into() });
            shared::rename(State(house), caller, Path((domain, name)), change).await?;
            Ok(text::say("the-mailbox-is-renamed"))
        }
        _ => {
            let path = Path((domain, name, posted.get("identifier").trim().to_string()));
            shared::set_rights(State(house), caller, path, Body(NewRights { rights: posted.get("rights").into() }))
                .await?;
            Ok(text::say("the-rights-are-set"))
        }
    }
}
