//! The archive: searching it, a message of it, its rules, its legal holds, the heads of its chains.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use mailstead_storage::ArchiveDirection;

use crate::House;
use crate::api::archive::{
    self, ArchiveMessage, ArchiveQuery, ArchiveRow, Export, Heads, HoldRow, NewHold, NewRule, RuleRow,
};
use crate::api::extract::Path;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list, show};
use crate::pages::connections::View;
use crate::text;
use crate::texts::Key;

const PATH: &str = "/archive";
const RULES: &str = "/archive/rules";
const HOLDS: &str = "/archive/holds";
const HEADS: &str = "/archive/heads";

/// Bytes of a message that a page shows; the whole of it is a file.
const TEXT_BYTES_MAX: usize = 256 * 1024;

const COLUMNS: &[Column] = &[
    Column::plain(Key("archived")),
    Column::plain(Key("subject")),
    Column::plain(Key("sender")),
    Column::plain(Key("recipients")),
    Column::plain(Key("direction")),
    Column::plain_number(Key("size")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(search)),
        Route::page(Access::DomainAdmin, "/archive/messages/{domain}/{number}", get(message)),
        Route::page(Access::SystemAdmin, RULES, get(rules).post(act_on_rules)),
        Route::page(Access::SystemAdmin, HOLDS, get(holds).post(act_on_holds)),
        Route::page(Access::SystemAdmin, HEADS, get(heads)),
    ]
}

#[derive(Template)]
#[template(path = "pages/archive/search.html")]
struct SearchPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    rows: Vec<ArchiveRow>,
    exports: Vec<Export>,
    /// What is asked for, as it stands in an address.
    asked_for: String,
    may_hold: bool,
}

#[derive(Template)]
#[template(path = "pages/archive/message.html")]
struct MessagePage {
    page: Page,
    message: ArchiveMessage,
    content: String,
    is_whole: bool,
}

#[derive(Template)]
#[template(path = "pages/archive/rules.html")]
struct RulesPage {
    page: Page,
    views: Vec<View>,
    rules: Vec<RuleRow>,
    domains: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/archive/holds.html")]
struct HoldsPage {
    page: Page,
    views: Vec<View>,
    holds: Vec<HoldRow>,
    asked: Asked,
}

#[derive(Template)]
#[template(path = "pages/archive/heads.html")]
struct HeadsPage {
    page: Page,
    views: Vec<View>,
    heads: Heads,
    hostname: String,
}

fn views(caller: &Caller, current: &str) -> Vec<View> {
    if caller.role() < Access::SystemAdmin {
        return Vec::new();
    }
    let all = [(PATH, Key("search")), (RULES, Key("rules")), (HOLDS, Key("legal-holds")), (HEADS, Key("heads"))];
    let view = |(path, label): (&str, Key)| View { label: label.into(), link: path.into(), current: path == current };
    all.into_iter().map(view).collect()
}

/// The fields of a search, in the order of the form.
const FIELDS: [&str; 7] = ["domain", "from", "until", "sender", "recipient", "subject", "text"];

/// The search that these values ask for.
fn query<'a>(get: impl Fn(&str) -> &'a str) -> ArchiveQuery {
    let given = |name: &str| Some(get(name).trim().to_owned()).filter(|text| !text.is_empty());
    let [domain, from, until, sender, recipient, subject, text] = FIELDS.map(given);
    ArchiveQuery { domain, from, until, sender, recipient, subject, text, after: given("after"), limit: None }
}

async fn search(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let page = Page::new(&caller, text::say("archive"), PATH).telling(told);
    let exports = archive::exports(&house, &caller)?.exports;
    let query = ArchiveQuery { limit: Some(asked.per_page()), ..query(|name| asked.get(name)) };
    let (page, found) = match archive::find(&house, &caller, query).await {
        Ok(found) => (page, found),
        Err(problem) => (page.refusing(&problem), archive::ArchiveList::default()),
    };
    if asked.wants_csv() {
        return csv(&found.records);
    }
    let list = Listing::cursor(asked, COLUMNS, found.records.len(), found.next.as_deref(), None);
    let value = |name: &str| format!("&{name}={}", crate::segment(list.asked().get(name)));
    let given = FIELDS.into_iter().filter(|name| !list.asked().get(name).is_empty());
    let asked_for = given.map(value).collect();
    let (views, may_hold) = (views(&caller, PATH), caller.role() == Access::SystemAdmin);
    show(&SearchPage { page, views, list, rows: found.records, exports, asked_for, may_hold })
}

fn csv(records: &[ArchiveRow]) -> Shown {
    let headings = ["domain", "number", "archived", "direction", "sender", "recipients", "subject", "bytes"];
    let row = |row: &ArchiveRow| {
        let (number, size) = (row.number.to_string(), row.size_bytes.to_string());
        let (recipients, way) = (row.recipients.join(" "), row.way().to_owned());
        let texts = [&row.domain, &number, &row.archived, &way, &row.sender, &recipients, &row.subject, &size];
        texts.map(String::clone).to_vec()
    };
    Ok(list::csv("archive", &headings, records.iter().map(row))?)
}

async fn message(State(house): State<House>, caller: Caller, Path((domain, number)): Path<(String, u64)>) -> Shown {
    let message = archive::one(&house, &caller, &domain, number).await?;
    let (content, is_whole) = archive::beginning(&house, &caller, &domain, number, TEXT_BYTES_MAX).await?;
    let title = match message.row.subject.as_str() {
        "" => text::say("without-a-subject").into(),
        subject => subject.to_owned(),
    };
    let page = Page::new(&caller, title, PATH);
    show(&MessagePage { page, message, content, is_whole })
}

async fn rules(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let rules = archive::list_rules(&house).await?.rules;
    let mut domains: Vec<String> = house.store.directory().domains.keys().cloned().collect();
    domains.sort_unstable();
    let page = Page::new(&caller, text::say("archive-rules"), PATH).telling(told);
    show(&RulesPage { page, views: views(&caller, RULES), rules, domains })
}

async fn act_on_rules(
    State(house): State<House>,
    caller: Caller,
    posted: Posted,
) -> Result<Response, crate::frame::Failure> {
    if posted.act() == "end" && !posted.is_sure() {
        let page = Page::new(&caller, text::say("archive-rules"), PATH);
        let text = text::say("no-more-mail-is-archived-for");
        return form::confirm(page, &posted, RULES, text, text::say("end-the-rule"));
    }
    let outcome = match posted.act() {
        "add" => add_rule(&house, &caller, &posted).await,
        "keep" => keep_rule(&house, &caller, &posted).await,
        _ => end_rule(&house, &caller, &posted).await,
    };
    Ok(back_with(RULES, Notice::of(outcome, Notice::done)))
}

async fn add_rule(house: &House, caller: &Caller, posted: &Posted) -> Answer<String> {
    let direction = match posted.get("direction") {
        "incoming" => ArchiveDirection::Incoming,
        "outgoing" => ArchiveDirection::Outgoing,
        _ => ArchiveDirection::Both,
    };
    let domain = Some(posted.get("domain").to_owned()).filter(|domain| !domain.is_empty());
    archive::add_rule(house, caller, NewRule { domain, direction, keep_days: days(posted)? }).await?;
    Ok(text::say("the-rule-counts-from-now-on").into())
}

async fn keep_rule(house: &House, caller: &Caller, posted: &Posted) -> Answer<String> {
    archive::keep_rule(house, caller, id(posted)?, days(posted)?).await?;
    Ok(text::say("changed-for-all-that-the-rule").into())
}

async fn end_rule(house: &House, caller: &Caller, posted: &Posted) -> Answer<String> {
    archive::end_rule(house, caller, id(posted)?).await?;
    Ok(text::say("the-rule-has-ended").into())
}

fn id(posted: &Posted) -> Answer<u32> {
    posted.get("id").parse().map_err(|_| Problem::invalid(text::say("say-which-one")))
}

/// An empty field is for ever.
fn days(posted: &Posted) -> Answer<Option<u32>> {
    match posted.get("keep_days").trim() {
        "" => Ok(None),
        days => days
            .parse()
            .map(Some)
            .map_err(|_| Problem::invalid(text::say("text-is-no-number-of-days").with("text", days))),
    }
}

async fn holds(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let holds = archive::list_holds(&house).await?.holds;
    let page = Page::new(&caller, text::say("legal-holds"), PATH).telling(told);
    show(&HoldsPage { page, views: views(&caller, HOLDS), holds, asked })
}

async fn act_on_holds(
    State(house): State<House>,
    caller: Caller,
    posted: Posted,
) -> Result<Response, crate::frame::Failure> {
    if posted.act() == "end" && !posted.is_sure() {
        let page = Page::new(&caller, text::say("legal-holds"), PATH);
        let text = text::say("the-rules-count-again-for-the");
        return form::confirm(page, &posted, HOLDS, text, text::say("end-the-hold"));
    }
    let outcome = match posted.act() {
        "add" => add_hold(&house, &caller, &posted).await,
        _ => end_hold(&house, &caller, &posted).await,
    };
    Ok(back_with(HOLDS, Notice::of(outcome, Notice::done)))
}

async fn add_hold(house: &House, caller: &Caller, posted: &Posted) -> Answer<String> {
    let search = query(|name| posted.get(name));
    archive::add_hold(house, caller, NewHold { why: posted.get("why").into(), search }).await?;
    Ok(text::say("all-that-the-search-finds-is").into())
}

async fn end_hold(house: &House, caller: &Caller, posted: &Posted) -> Answer<String> {
    archive::remove_hold(house, caller, id(posted)?).await?;
    Ok(text::say("the-hold-has-ended").into())
}

async fn heads(State(house): State<House>, caller: Caller) -> Shown {
    let heads = archive::heads(&house).await?;
    let page = Page::new(&caller, text::say("heads-of-the-archive"), PATH);
    show(&HeadsPage { page, views: views(&caller, HEADS), heads, hostname: house.hostname.to_string() })
}

/// A direction in a word.
fn word(direction: ArchiveDirection) -> &'static str {
    match direction {
        ArchiveDirection::Incoming => "incoming",
        ArchiveDirection::Outgoing => "outgoing",
        ArchiveDirection::Both => "both",
    }
}

impl ArchiveRow {
    /// Which way it went.
    fn way(&self) -> &'static str {
        word(self.direction)
    }
}

impl RuleRow {
    /// Which mail it archives.
    fn way(&self) -> &'static str {
        word(self.direction)
    }
}

impl Export {
    /// Its state's colour.
    fn colour(&self) -> &'static str {
        match self.state.as_str() {
            "done" => "good",
            "failed" => "bad",
            _ => "",
        }
    }
}
