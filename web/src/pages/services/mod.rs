//! Services: what runs, and the buttons that start and stop it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::House;
use crate::api::Problem;
use crate::api::extract::Path;
use crate::api::services::{self, ServiceRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, form, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/services";

/// The service that answers here: who stops it stops the console.
const OURS: &str = "web";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/services/list.html")]
struct ListPage {
    page: Page,
    services: Vec<ServiceRow>,
}

async fn list(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let services = services::list(State(house)).await.0.services;
    show(&ListPage { page: page(&caller).telling(told), services })
}

fn page(caller: &Caller) -> Page {
    Page::new(caller, text::say("services"), PATH)
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let names = match posted.ids() {
        Ok(names) => names,
        Err(problem) => return Ok(back_with(PATH, Notice::failed(problem.message))),
    };
    let start = posted.act() == "start";
    if !start && !posted.is_sure() && names.iter().any(|name| name == OURS) {
        let question = text::say("stopping-web-ends-this-console-only");
        return form::confirm(page(&caller), &posted, PATH, question, text::say("stop"));
    }
    if !start && names.iter().any(|name| name == OURS) {
        return Ok(stop_ours(house, caller, names).await);
    }
    let outcome = change(&house, &caller, &names, start).await;
    let done = if start { text::say("services-started") } else { text::say("services-stopped") };
    Ok(back_with(
        PATH,
        Notice::of(outcome, |()| Notice::done(done.with("services", text::count(names.len(), "service")))),
    ))
}

async fn change(house: &House, caller: &Caller, names: &[String], start: bool) -> Result<(), Problem> {
    for name in names {
        let (house, caller, name) = (State(house.clone()), caller.clone(), Path(name.clone()));
        match start {
            true => services::start(house, caller, name).await?,
            false => services::stop(house, caller, name).await?,
        };
    }
    Ok(())
}

/// Stops services among which is the one that runs this very request: it answers first, and is the last to go.
async fn stop_ours(house: House, caller: Caller, mut names: Vec<String>) -> Response {
    names.sort_by_key(|name| name == OURS);
    tokio::spawn(async move { change(&house, &caller, &names, false).await });
    text::say("the-web-service-stops-start-it").to_string().into_response()
}

impl ServiceRow {
    /// What it is for.
    fn about(&self) -> String {
        text::service_about(&self.name, &self.description)
    }

    /// Its state in a word, and the word's colour.
    fn standing(&self) -> (Key, &'static str) {
        match (self.active, self.wanted, &self.error) {
            (true, ..) => (Key("active"), "good"),
            (false, _, Some(_)) => (Key("failed"), "bad"),
            (false, true, None) => (Key("inactive"), "warn"),
            (false, false, None) => (Key("inactive"), ""),
        }
    }
}
