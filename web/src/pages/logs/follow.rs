//! The log as it is written.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use mailstead_core::log::{Kind, Level};
use mailstead_core::service::Stop;

use super::{PATH, Views};
use crate::api::logs::LogLine;
use crate::api::logs::tail::{self, TailQuery};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Failure, Page, Shown, live, show};
use crate::text;
use crate::{House, segment};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::SystemAdmin, "/logs/follow", get(page)),
        Route::page(Access::SystemAdmin, "/logs/tail", get(stream)),
    ]
}

#[derive(Template)]
#[template(path = "pages/logs/follow.html")]
struct FollowPage {
    page: Page,
    views: Views,
    asked: Asked,
    stream: String,
}

#[derive(Template)]
#[template(path = "pages/logs/piece.html")]
struct LinePiece {
    line: LogLine,
}

async fn page(caller: Caller, asked: Asked) -> Shown {
    let pair = |name: &str| format!("{name}={}", segment(asked.get(name)));
    let stream = format!("/logs/tail?{}", ["q", "kind", "level"].map(pair).join("&"));
    let page = Page::new(&caller, text::say("logs"), PATH);
    show(&FollowPage { page, views: Views { current: "/logs/follow" }, asked, stream })
}

async fn stream(
    State(house): State<House>,
    Extension(mut stop): Extension<Stop>,
    asked: Asked,
) -> Result<Response, Failure> {
    let given = |name: &str| Some(asked.get(name).trim().to_owned()).filter(|text| !text.is_empty());
    let query = TailQuery { kinds: given("kind"), text: given("q"), level: given("level") };
    let mut following = tail::follow(&house, &query)?;
    let (mut sender, response) = live::stream();
    tokio::spawn(async move {
        loop {
            let line = tokio::select! {
                line = following.next() => line,
                () = stop.asked() => return,
            };
            let Some(Ok(html)) = line.map(|line| LinePiece { line }.render()) else { return };
            if sender.send_data(live::piece(&html)).await.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

impl FollowPage {
    fn kinds(&self) -> [&'static str; Kind::ALL.len()] {
        Kind::ALL.map(Kind::name)
    }

    fn levels(&self) -> [&'static str; Level::ALL.len()] {
        Level::ALL.map(Level::name)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.asked.get(name) == value
    }
}
