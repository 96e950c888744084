//! Online users: one row for each, opened up to the sessions.

use askama::Template;
use axum::extract::State;
use axum::routing::get;
use mailstead_core::guard::Protocol;
use mailstead_core::work;

use crate::House;
use crate::api::Problem;
use crate::api::activity::online::{self, OnlineUser};
use crate::api::extract::{Body, Path};
use crate::api::sessions;
use crate::api::users::{self, UserChange};
use crate::door::{Access, Caller, Route};
use crate::frame::{
    Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list as lists_of, show,
};
use crate::segment;
use crate::text;
use crate::texts::Key;

const PATH: &str = "/online";

/// What those who have not logged in are called.
const ANONYMOUS: &str = "anonymous";

/// Sessions of one user that the page shows; current connections have all.
const SESSIONS_SHOWN: usize = 20;

const COLUMNS: &[Column] = &[
    Column::sorted("user", Key("user")),
    Column::number("smtp", Key("smtp")),
    Column::number("imap", Key("imap")),
    Column::number("pop3", Key("pop")),
    Column::number("sieve", Key("managesieve")),
    Column::number("web", Key("web")),
    Column::plain(Key("sessions")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::DomainAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/online/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    users: Vec<OnlineUser>,
}

async fn list(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let seen_by = caller.clone();
    let (users, list) = work::compute(move || found(&house, &seen_by, asked)).await?;
    if list.asked().wants_csv() {
        let row = |user: &OnlineUser| {
            let counts = Protocol::ALL.map(|protocol| user.count(protocol.name()).to_string());
            [vec![user.name().to_owned()], counts.to_vec()].concat()
        };
        let headings: Vec<&str> = ["user"].into_iter().chain(Protocol::ALL.map(Protocol::name)).collect();
        return Ok(lists_of::csv("online", &headings, users.iter().map(row))?);
    }
    show(&ListPage { page: page(&caller).telling(told), list, users })
}

/// The rows of the page that is asked for.
fn found(house: &House, caller: &Caller, asked: Asked) -> Result<(Vec<OnlineUser>, Listing), Problem> {
    let mut users = online::seen(house, caller)?;
    users.retain(|online| asked.matches(&[online.user.as_deref().unwrap_or(ANONYMOUS)]));
    let (users, list) = asked.pick(users, COLUMNS, "user", |key, a, b| {
        let by_user = (a.user.is_none(), &a.user).cmp(&(b.user.is_none(), &b.user));
        match key {
            "user" => by_user,
            protocol => a.connections.get(protocol).cmp(&b.connections.get(protocol)).then(by_user),
        }
    });
    Ok((users.into_iter().map(OnlineUser::from).collect(), list))
}

fn page(caller: &Caller) -> Page {
    Page::new(caller, text::say("online-users"), PATH)
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    if let Some(session) = posted.act().strip_prefix("end ") {
        let ended = sessions::end(State(house), caller, Path(session.into())).await;
        let notice = Notice::of(ended, |_| Notice::done(text::say("the-session-is-ended")));
        return Ok(back_with(posted.back(PATH), notice));
    }
    if posted.act() == "disable" && !posted.is_sure() && posted.ids().is_ok() {
        let question = text::say("nobody-of-the-chosen-users-can");
        return form::confirm(page(&caller), &posted, PATH, question, text::say("disable"));
    }
    let outcome = act_on_all(&house, &caller, &posted).await;
    Ok(back_with(posted.back(PATH), Notice::of(outcome, Notice::done)))
}

async fn act_on_all(house: &House, caller: &Caller, posted: &Posted) -> Result<String, Problem> {
    let (chosen, mut count) = (posted.ids()?, 0);
    for user in &chosen {
        let (house, caller, user) = (State(house.clone()), caller.clone(), Path(user.clone()));
        match posted.act() {
            "drop" => count += sessions::end_of_user(house, caller, user).await?.0.count,
            "disable" => {
                let change = UserChange { enabled: Some(false), ..UserChange::default() };
                users::change(house, caller, user, Body(change)).await?;
            }
            _ => return Err(Problem::invalid(text::say("there-is-no-such-action"))),
        }
    }
    Ok(match posted.act() {
        "drop" => text::say("connections-dropped").with("connections", text::count(count, "connection")).into(),
        _ => text::say("users-disabled-and-the-connections-ended")
            .with("users", text::count(chosen.len(), "user"))
            .into(),
    })
}

impl OnlineUser {
    /// Where all of the user's connections are listed.
    fn connections(&self) -> String {
        format!("/connections?q={}", segment(self.name()))
    }

    fn name(&self) -> &str {
        self.user.as_deref().unwrap_or(ANONYMOUS)
    }

    fn count(&self, protocol: &str) -> usize {
        self.connections.get(protocol).copied().unwrap_or_default()
    }

    /// A count as the table shows it: nothing for none.
    fn told(&self, protocol: &str) -> String {
        match self.count(protocol) {
            0 => String::new(),
            count => text::number(count),
        }
    }

    fn told_sessions(&self) -> String {
        text::count(self.sessions.len(), "session")
    }
}
