//! Indexing: how far the index of messages is, and having it read again.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::search::Status;

use crate::House;
use crate::api::extract::Body;
use crate::api::indexing::{self, Reindex};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, form, show};
use crate::text;

const PATH: &str = "/indexing";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(status).post(reindex))]
}

#[derive(Template)]
#[template(path = "pages/indexing/status.html")]
struct StatusPage {
    page: Page,
    status: Status,
}

async fn status(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let status = indexing::status(State(house)).await?.0;
    show(&StatusPage { page: page(&caller).telling(told), status })
}

fn page(caller: &Caller) -> Page {
    Page::new(caller, text::say("indexing"), PATH)
}

async fn reindex(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let user = Some(posted.get("user").trim().to_owned()).filter(|user| !user.is_empty());
    if user.is_none() && !posted.is_sure() {
        let question = text::say("the-messages-of-all-users-are");
        return form::confirm(page(&caller), &posted, PATH, question, text::say("read-again"));
    }
    let whose = user.clone().unwrap_or_else(|| text::say("all-users").into());
    let outcome = indexing::reindex(State(house), caller, Body(Reindex { user })).await;
    Ok(back_with(
        PATH,
        Notice::of(outcome, |_| Notice::done(text::say("the-messages-of-whose-are-read").with("whose", &whose))),
    ))
}

impl StatusPage {
    fn rate(&self) -> String {
        format!("{:.0}", self.status.rate)
    }

    fn lag(&self) -> String {
        format!("{:.1}", self.status.lag_seconds)
    }
}
