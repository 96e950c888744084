//! How much is logged.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::log::Level;

use super::{PATH, Views};
use crate::House;
use crate::api::logs::levels::{self, Levels};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, show};
use crate::text;

const LEVELS: &str = "/logs/levels";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, LEVELS, get(page).post(set))]
}

#[derive(Template)]
#[template(path = "pages/logs/levels.html")]
struct LevelsPage {
    page: Page,
    views: Views,
    levels: Levels,
}

async fn page(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let page = Page::new(&caller, text::say("logs"), PATH).telling(told);
    show(&LevelsPage { page, views: Views { current: LEVELS }, levels: levels::list(&house) })
}

async fn set(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let mut wanted = levels::list(&house);
    for (kind, level) in &mut wanted.levels {
        let new = posted.get(kind);
        if !new.is_empty() {
            *level = new.to_owned();
        }
    }
    let outcome = levels::set(&house, &caller, wanted).await;
    Ok(back_with(LEVELS, Notice::of(outcome, |()| Notice::done(text::say("the-levels-count-from-now-on")))))
}

impl LevelsPage {
    /// Is this the level of this kind?
    fn is(&self, kind: &str, level: &str) -> bool {
        self.levels.levels.get(kind).is_some_and(|current| current == level)
    }

    fn choices(&self) -> [&'static str; Level::ALL.len()] {
        Level::ALL.map(Level::name)
    }
}
