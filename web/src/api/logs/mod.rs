//! `logs`: what was logged, searched page by page, followed as it is written, or downloaded by the day; and how much
//! is logged.

pub(crate) mod download;
pub mod levels;
pub(crate) mod tail;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::log::{Day, Extent, Ids, Kind, Level, Line, Order, Page, Query as Search, Reader};
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Query;
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Route};

/// Lines of one page unless the request says otherwise.
const PAGE_LINES: usize = 200;

/// Lines of one page at most.
const PAGE_LINES_MAX: usize = 5_000;

/// Bytes of log that one page shows at most.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// A page ends after this time, with what was found until then.
const PATIENCE: Duration = Duration::from_millis(800);

/// Related lines are looked for so long.
const RELATED_PATIENCE: Duration = Duration::from_secs(3);

/// What to look for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// The first day, as 2026-11-21 in UTC; the last one when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last day; today when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Kinds, with commas between them; all when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Only lines with this in them, in any case of ASCII letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only lines of this level or a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Only lines of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Only lines about this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `newest` (first) or `oldest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Show all lines of every session and message that has a hit, of every kind, in the order of time.
    #[serde(default)]
    pub related: bool,
    /// Where to go on: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most lines to look for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A page of the log.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Ask with this `after` for the next page; absent when all was looked through. A page may be short, or empty, and
    /// have a next one: a search gives back what it has after a second.
    pub next: Option<String>,
    /// With `related`: are these all lines that belong to the hits?
    pub complete: bool,
    /// Files that could not be read, and why.
    pub unreadable: Vec<String>,
}

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// When.
    pub at: String,
    /// Which part spoke.
    pub kind: String,
    /// How much it matters: `debug`, `info`, `warning` or `error`.
    pub level: String,
    /// In which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// To which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What happened.
    pub what: String,
    /// The particulars.
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// The days and kinds that there are logs of.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogFiles {
    /// The files, the newest day first.
    pub files: Vec<LogFileRow>,
}

/// A day's log of one kind.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogFileRow {
    /// The day, in UTC.
    pub day: String,
    /// The kind.
    pub kind: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Is it packed?
    pub packed: bool,
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/logs", find)
            .about("Searches the log.")
            .query::<LogQuery>()
            .answers::<LogPage>(),
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/logs/files", files)
            .about("Lists the days and kinds that there are logs of.")
            .answers::<LogFiles>(),
    ];
    routes.extend(download::routes());
    routes.extend(tail::routes());
    routes.extend(levels::routes());
    routes
}

async fn find(State(house): State<House>, Query(query): Query<LogQuery>) -> Answer<Json<LogPage>> {
    search(&house, query).await.map(Json)
}

/// Searches the log.
pub(crate) async fn search(house: &House, query: LogQuery) -> Answer<LogPage> {
    let search = query.search(house)?;
    let position = query.after.as_deref().map(str::parse).transpose()?;
    let lines_max = query.limit.unwrap_or(PAGE_LINES).clamp(1, PAGE_LINES_MAX);
    let extent = Extent { lines_max, bytes_max: PAGE_BYTES_MAX, patience: PATIENCE };
    let reader = reader(house)?;
    work::read_long(move || {
        let page = reader.search(&search, position.as_ref(), &extent)?;
        if query.related { related(&reader, &search, page) } else { Ok(LogPage::of(page)) }
    })
    .await
}

/// All lines of the sessions and messages that the hits belong to.
fn related(reader: &Reader, search: &Search, page: Page) -> Answer<LogPage> {
    let near: BTreeSet<Day> = page.lines.iter().filter_map(|line| Day::by_name(line.at.get(..10)?)).collect();
    let extent = Extent { lines_max: usize::MAX, bytes_max: PAGE_BYTES_MAX, patience: RELATED_PATIENCE };
    let found = reader.related(&Ids::of(&page.lines), (search.first, search.last), &near, &extent)?;
    // A hit that belongs to no session and no message is related to itself alone.
    let mut lines = found.lines;
    lines.extend(page.lines.into_iter().filter(|line| line.session.is_none() && line.message.is_none()));
    lines.sort_by(|one, other| one.at.cmp(&other.at));
    let lines = lines.into_iter().map(LogLine::from).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(LogPage { lines, next, complete: found.complete, unreadable: page.unreadable })
}

async fn files(State(house): State<House>) -> Answer<Json<LogFiles>> {
    list(&house).await.map(Json)
}

/// Lists the days and kinds that there are logs of.
pub(crate) async fn list(house: &House) -> Answer<LogFiles> {
    let reader = reader(house)?;
    let files = work::read(move || reader.files()).await?;
    let row = |file: &mailstead_core::log::LogFile| LogFileRow {
        day: file.day.to_string(),
        kind: file.kind.name().into(),
        bytes: file.bytes,
        packed: file.packed,
    };
    Ok(LogFiles { files: files.iter().rev().map(row).collect() })
}

/// Reads the log of this house.
pub(crate) fn reader(house: &House) -> Answer<Reader> {
    house.log.reader().ok_or_else(|| Problem::not_found("this box keeps no log"))
}

impl LogQuery {
    fn search(&self, house: &House) -> Answer<Search> {
        let (first, last) = days(house, self.first.as_deref(), self.last.as_deref())?;
        let order = match self.order.as_deref() {
            None | Some("" | "newest") => Order::Newest,
            Some("oldest") => Order::Oldest,
            Some(other) => return Err(Problem::invalid(format!("{other:?} is no order; write newest or oldest"))),
        };
        let given =
            |text: &Option<String>| text.clone().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Search {
            kinds: kinds(self.kinds.as_deref().unwrap_or_default())?,
            first,
            text: self.text.clone().unwrap_or_default(),
            level: self.level.as_deref().filter(|name| !name.is_empty()).map_or(Ok(Level::Debug), level)?,
            session: given(&self.session).map(|id| id.parse()).transpose()?,
            message: given(&self.message).map(|id| id.parse()).transpose()?,
            order,
            ..Search::day(last)
        })
    }
}

/// The days that a request names; today when it names none.
pub(super) fn days(house: &House, first: Option<&str>, last: Option<&str>) -> Answer<(Day, Day)> {
    let day = |name: &str| {
        let wrong = || Problem::invalid(format!("{name:?} is no day; write it like 2026-11-21"));
        Day::by_name(name).ok_or_else(wrong)
    };
    let last = match last.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => day(name)?,
        None => Day::of(house.clock.now()),
    };
    let first = first.map(str::trim).filter(|name| !name.is_empty()).map_or(Ok(last), day)?;
    if first > last {
        return Err(Problem::invalid("the first day comes after the last one"));
    }
    Ok((first, last))
}

fn kinds(names: &str) -> Answer<Vec<Kind>> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(kind).collect()
}

/// A kind by its name.
pub(super) fn kind(name: &str) -> Answer<Kind> {
    let all = || Kind::ALL.map(Kind::name).join(", ");
    Kind::by_name(name).ok_or_else(|| Problem::invalid(format!("there is no kind {name:?}; there are {}", all())))
}

/// A level by its name.
pub(super) fn level(name: &str) -> Answer<Level> {
    let all = || Level::ALL.map(Level::name).join(", ");
    Level::by_name(name).ok_or_else(|| Problem::invalid(format!("there is no level {name:?}; there are {}", all())))
}

impl LogPage {
    fn of(page: Page) -> LogPage {
        let next = page.next.map(|next| next.to_string());
        let lines = page.lines.into_iter().map(LogLine::from).collect();
        LogPage { lines, next, complete: true, unreadable: page.unreadable }
    }
}

impl From<Line> for LogLine {
    fn from(line: Line) -> LogLine {
        let Line { at, kind, level, session, message, what, fields } = line;
        LogLine { at, kind, level, session, message, what, fields: fields.into_iter().collect() }
    }
}

impl LogLine {
    /// The particulars in a few words: `user=alice@example.test status=535`.
    pub fn particulars(&self) -> String {
        let words: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text) if text.contains(char::is_whitespace) || text.is_empty() => format!("{name}={text:?}"),
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            })
            .collect();
        words.join(" ")
    }
}
