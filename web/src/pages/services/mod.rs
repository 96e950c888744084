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
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, form, show, text};

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
    Page::new(caller, "Services", PATH)
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let names = match posted.ids() {
        Ok(names) => names,
        Err(problem) => return Ok(back_with(PATH, Notice::failed(problem.message))),
    };
    let start = posted.act() == "start";
    if !start && !posted.is_sure() && names.iter().any(|name| name == OURS) {
        let question = "Stopping web ends this console. Only the command line can start it again: mailstead service \
                        start web. Stop it?";
        return form::confirm(page(&caller), &posted, PATH, question, "Stop");
    }
    if !start && names.iter().any(|name| name == OURS) {
        return Ok(stop_ours(house, caller, names).await);
    }
    let outcome = change(&house, &caller, &names, start).await;
    let done = if start { "started" } else { "stopped" };
    Ok(back_with(
        PATH,
        Notice::of(outcome, |()| Notice::done(format!("{} {done}.", text::count(names.len(), "service")))),
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
    "The web service stops. Start it again on the server: mailstead service start web\n".into_response()
}

impl ServiceRow {
    /// Its state in a word, and the word's colour.
    fn standing(&self) -> (&'static str, &'static str) {
        match (self.active, self.wanted, &self.error) {
            (true, ..) => ("Active", "good"),
            (false, _, Some(_)) => ("Failed", "bad"),
            (false, true, None) => ("Inactive", "warn"),
            (false, false, None) => ("Inactive", ""),
        }
    }
}
