//! Current blocks: the addresses that rules have shut out, and the users whose messages are held.

use std::cmp::Ordering;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use mailstead_core::guard::Block;
use mailstead_core::work;

use crate::House;
use crate::api::Problem;
use crate::api::extract::Path;
use crate::api::guard::blocks::{self, BlockQuery, BlockRow, kind_of};
use crate::api::guard::held::{self, HeldUser};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, list as lists_of, show};
use crate::pages::connections::View;
use crate::text;
use crate::texts::{Key, rule_key};

#[cfg(test)]
mod tests;

const PATH: &str = "/blocks";

const COLUMNS: &[Column] = &[
    Column::sorted("address", Key("address")),
    Column::sorted("type", Key("type")),
    Column::sorted("rule", Key("rule")),
    Column::sorted("since", Key("since")),
    Column::sorted("until", Key("time-left")),
];

/// The types of blocks, with what a person calls them.
const TYPES: [(&str, Key); 8] = [
    ("", Key("all")),
    ("smtp", Key("smtp")),
    ("imap", Key("imap")),
    ("pop3", Key("pop")),
    ("sieve", Key("managesieve")),
    ("web", Key("web")),
    ("harvesting", Key("harvesting")),
    ("all", Key("every-protocol")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::SystemAdmin, PATH, get(list).post(lift)),
        Route::page(Access::SystemAdmin, "/blocks/held", post(release)),
    ]
}

#[derive(Template)]
#[template(path = "pages/blocks/list.html")]
struct ListPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    blocks: Vec<BlockRow>,
    held: Vec<HeldUser>,
}

async fn list(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let held = held::list(State(house.clone())).await.0.users;
    let kind = Some(asked.get("type").to_owned()).filter(|kind| !kind.is_empty());
    let views = TYPES.map(|(name, label)| View {
        label: label.into(),
        link: asked.with("type", name),
        current: asked.get("type") == name,
    });
    let now = house.clock.now();
    let (blocks, list) = work::compute(move || found(&house, kind, asked)).await;
    if list.asked().wants_csv() {
        let row = |block: &Block| {
            let row = BlockRow::of(block, now);
            vec![row.address, row.kind, row.title, row.since, row.until]
        };
        return Ok(lists_of::csv("blocks", &["address", "type", "rule", "since", "until"], blocks.iter().map(row))?);
    }
    let page = Page::new(&caller, text::say("current-blocks"), PATH).telling(told);
    let blocks = blocks.iter().map(|block| BlockRow::of(block, now)).collect();
    show(&ListPage { page, views: views.into_iter().collect(), list, blocks, held })
}

/// The rows of the page that is asked for.
fn found(house: &House, kind: Option<String>, asked: Asked) -> (Vec<Block>, Listing) {
    let mut blocks = blocks::found(house, &BlockQuery { kind, ..BlockQuery::default() });
    if !asked.search().is_empty() {
        blocks.retain(|block| asked.matches(&[&block.origin.to_string(), block.rule.definition().title]));
    }
    asked.pick(blocks, COLUMNS, "-since", |key, a, b| {
        let order = match key {
            "type" => kind_of(a).cmp(kind_of(b)),
            "until" => a.until.cmp(&b.until),
            "since" => a.since.cmp(&b.since),
            _ => Ordering::Equal,
        };
        match key {
            "rule" => (a.rule, a.origin).cmp(&(b.rule, b.origin)),
            _ => order.then_with(|| (a.origin, a.rule).cmp(&(b.origin, b.rule))),
        }
    })
}

async fn lift(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let outcome = lift_all(&house, &caller, &posted).await;
    let notice = Notice::of(outcome, |count| {
        Notice::done(text::say("blocks-lifted-the-rules-stay-and").with("blocks", text::count(count, "block")))
    });
    back_with(posted.back(PATH), notice)
}

async fn lift_all(house: &House, caller: &Caller, posted: &Posted) -> Result<usize, Problem> {
    let mut count = 0;
    for address in posted.ids()? {
        // One that has ended by itself meanwhile is what was wanted.
        let lifted = blocks::lift(State(house.clone()), caller.clone(), Path(address)).await;
        count += lifted.map_or(0, |lifted| lifted.0.count);
    }
    Ok(count)
}

async fn release(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let user = posted.get("user").to_owned();
    let outcome = held::release(State(house), caller, Path(user.clone())).await;
    let notice = Notice::of(outcome, |released| {
        let messages = text::count(released.0.count, "message");
        Notice::done(text::say("what-user-sends-goes-out-again").with("user", &user).with("messages", messages))
    });
    back_with(PATH, notice)
}

impl BlockRow {
    fn told_kind(&self) -> String {
        TYPES
            .iter()
            .find(|(name, _)| *name == self.kind)
            .map_or_else(|| self.kind.clone(), |(_, label)| label.to_string())
    }

    fn title(&self) -> String {
        text::say_or(&rule_key(&self.rule, "title"), &self.title)
    }

    fn left(&self) -> String {
        text::duration(self.seconds_left)
    }
}
