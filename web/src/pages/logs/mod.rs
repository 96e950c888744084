//! Logs: search with related traffic, the log as it is written, how much is logged, and whole days to download.

mod follow;
mod levels;

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::clock::rfc3339;
use mailstead_core::log::{Kind, Level};

use crate::House;
use crate::api::logs::{self, LogFileRow, LogLine, LogPage, LogQuery, download};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Page, Shown, Told, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/logs";

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::page(Access::SystemAdmin, PATH, get(search)),
        Route::page(Access::SystemAdmin, "/logs/files", get(files)),
        Route::page(Access::SystemAdmin, "/logs/files/{day}/{kind}", get(download::download)),
    ];
    routes.extend(follow::routes());
    routes.extend(levels::routes());
    routes
}

/// The views of the log, of which one is shown.
struct Views {
    current: &'static str,
}

impl Views {
    const ALL: [(&'static str, Key); 4] = [
        (PATH, Key("search")),
        ("/logs/follow", Key("live")),
        ("/logs/files", Key("download")),
        ("/logs/levels", Key("levels")),
    ];

    fn all(&self) -> impl Iterator<Item = (&'static str, Key, bool)> {
        let current = self.current;
        Views::ALL.into_iter().map(move |(path, label)| (path, label, path == current))
    }
}

#[derive(Template)]
#[template(path = "pages/logs/search.html")]
struct SearchPage {
    page: Page,
    views: Views,
    asked: Asked,
    query: LogQuery,
    today: String,
    found: LogPage,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/logs/files.html")]
struct FilesPage {
    page: Page,
    views: Views,
    files: Vec<LogFileRow>,
}

async fn search(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let query = query(&asked);
    let page = Page::new(&caller, text::say("logs"), PATH).telling(told);
    let today = rfc3339(house.clock.now())[..10].to_owned();
    let nothing = || LogPage { lines: Vec::new(), next: None, complete: true, unreadable: Vec::new() };
    let (page, found) = match logs::search(&house, query.clone()).await {
        Ok(found) => (page, found),
        Err(problem) => (page.refusing(&problem), nothing()),
    };
    let next = found.next.as_deref().map(|next| asked.with("after", next));
    show(&SearchPage { page, views: Views { current: PATH }, asked, query, today, found, next })
}

async fn files(State(house): State<House>, caller: Caller) -> Shown {
    let files = logs::list(&house).await?.files;
    let page = Page::new(&caller, text::say("logs"), PATH);
    show(&FilesPage { page, views: Views { current: "/logs/files" }, files })
}

/// What the address asks for.
fn query(asked: &Asked) -> LogQuery {
    let given = |name: &str| Some(asked.get(name).trim().to_owned()).filter(|text| !text.is_empty());
    LogQuery {
        first: given("first"),
        last: given("last"),
        kinds: given("kind"),
        text: given("q"),
        level: given("level"),
        session: given("session"),
        message: given("message"),
        order: given("order"),
        related: given("related").is_some(),
        after: given("after"),
        limit: None,
    }
}

impl SearchPage {
    /// The kinds, as choices of a form.
    fn kinds(&self) -> [&'static str; Kind::ALL.len()] {
        Kind::ALL.map(Kind::name)
    }

    /// The levels, as choices of a form.
    fn levels(&self) -> [&'static str; Level::ALL.len()] {
        Level::ALL.map(Level::name)
    }

    /// What is shown with this level chosen.
    fn and_above(&self, level: &str) -> String {
        if level == Level::Error.name() {
            level.into()
        } else {
            text::say("level-and-above").with("level", level).into()
        }
    }

    /// Was this chosen?
    fn has(&self, name: &str, value: &str) -> bool {
        self.asked.get(name) == value
    }

    /// Does the search say anything but the days?
    fn is_narrow(&self) -> bool {
        ["q", "kind", "level", "session", "message"].iter().any(|name| !self.asked.get(name).is_empty())
    }

    fn first(&self) -> &str {
        self.query.first.as_deref().or(self.query.last.as_deref()).unwrap_or(&self.today)
    }

    fn last(&self) -> &str {
        self.query.last.as_deref().unwrap_or(&self.today)
    }
}

impl LogFileRow {
    fn size(&self) -> String {
        text::bytes(self.bytes)
    }
}

impl LogLine {
    /// The colour of its level.
    pub(super) fn colour(&self) -> &'static str {
        match self.level.as_str() {
            "error" => "bad",
            "warning" => "warn",
            _ => "",
        }
    }

    /// The day of UTC it was written on.
    pub(super) fn day(&self) -> &str {
        self.at.get(..10).unwrap_or_default()
    }

    /// The seconds of its time, with their thousandths.
    pub(super) fn seconds(&self) -> String {
        self.at.get(17..23).map(|seconds| format!("{seconds} s")).unwrap_or_default()
    }

    /// The particulars, each with its name.
    pub(super) fn parts(&self) -> Vec<(&str, String)> {
        let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let parts = self.fields.iter().map(|(name, value)| (name.as_str(), shown(value)));
        parts.filter(|(_, value)| !value.is_empty()).collect()
    }
}
