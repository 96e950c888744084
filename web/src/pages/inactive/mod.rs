//! Inactive users: who has not logged in by any route for long.

use std::cmp::Ordering;

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::work;
use mailstead_storage::Role;

use crate::House;
use crate::api::Problem;
use crate::api::activity::inactive::{self, InactiveUser};
use crate::api::extract::{Body, Path};
use crate::api::users::{self, UserChange};
use crate::door::{Access, Caller, Route};
use crate::frame::{
    Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list as lists_of, show,
};
use crate::pages::connections::View;
use crate::text;
use crate::texts::Key;

const PATH: &str = "/inactive";

const COLUMNS: &[Column] = &[
    Column::sorted("user", Key("user")),
    Column::sorted("enabled", Key("enabled")),
    Column::sorted("administrator", Key("administration")),
    Column::sorted("login", Key("last-login")),
];

/// Spans that may be asked for, with what a person calls them.
const SPANS: [(&str, u32, &str); 4] = [("30", 30, "day"), ("90", 90, "day"), ("182", 6, "month"), ("365", 12, "month")];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::DomainAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/inactive/list.html")]
struct ListPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    users: Vec<InactiveUser>,
}

async fn list(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let days = SPANS.iter().find(|(days, ..)| *days == asked.get("days")).map_or(SPANS[0].0, |(days, ..)| days);
    let (span, seen_by) = (days.parse().unwrap_or_default(), caller.clone());
    let views = SPANS.map(|(span, many, unit)| View {
        label: text::count(many, unit),
        link: asked.with("days", span),
        current: span == days,
    });
    let views = views.into_iter().collect();
    let (users, list) = work::read_long(move || found(&house, &seen_by, span, asked)).await?;
    if list.asked().wants_csv() {
        let row = |user: &InactiveUser| {
            let login = user.last_login.clone().unwrap_or_default();
            vec![user.user.clone(), yes(user.enabled).into(), yes(user.is_administrator).into(), login]
        };
        let headings = ["user", "enabled", "administration", "last login"];
        return Ok(lists_of::csv("inactive-users", &headings, users.iter().map(row))?);
    }
    show(&ListPage { page: page(&caller).telling(told), views, list, users })
}

/// The rows of the page that is asked for.
fn found(house: &House, caller: &Caller, days: u64, asked: Asked) -> Result<(Vec<InactiveUser>, Listing), Problem> {
    let directory = house.store.directory();
    let mut users = inactive::found(house, &directory, caller, days)?;
    users.retain(|user| asked.matches(&[&user.account.address]));
    let (users, list) = asked.pick(users, COLUMNS, "user", |key, a, b| {
        let (one, other) = (&a.account, &b.account);
        let order = match key {
            "enabled" => one.enabled.cmp(&other.enabled),
            "administrator" => (one.role != Role::User).cmp(&(other.role != Role::User)),
            "login" => a.login.cmp(&b.login),
            _ => Ordering::Equal,
        };
        order.then_with(|| one.address.cmp(&other.address))
    });
    Ok((users.iter().map(InactiveUser::of).collect(), list))
}

fn page(caller: &Caller) -> Page {
    Page::new(caller, text::say("inactive-users"), PATH)
}

fn yes(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    if posted.act() == "delete" && !posted.is_sure() && posted.ids().is_ok() {
        let question = text::say("the-chosen-users-and-all-their");
        return form::confirm(page(&caller), &posted, PATH, question, text::say("delete"));
    }
    let outcome = act_on_all(&house, &caller, &posted).await;
    Ok(back_with(posted.back(PATH), Notice::of(outcome, Notice::done)))
}

async fn act_on_all(house: &House, caller: &Caller, posted: &Posted) -> Result<String, Problem> {
    let chosen = posted.ids()?;
    for user in &chosen {
        let (house, caller, user) = (State(house.clone()), caller.clone(), Path(user.clone()));
        let change = |enabled| Body(UserChange { enabled: Some(enabled), ..UserChange::default() });
        match posted.act() {
            "delete" => users::remove(house, caller, user).await?,
            "enable" => users::change(house, caller, user, change(true)).await?,
            "disable" => users::change(house, caller, user, change(false)).await?,
            _ => return Err(Problem::invalid(text::say("there-is-no-such-action"))),
        };
    }
    let done = match posted.act() {
        "delete" => "deleted",
        "enable" => "enabled",
        _ => "disabled",
    };
    Ok(format!("{} {done}.", text::count(chosen.len(), "user")))
}
