//! What becomes of a user's mail: forwarding, answers while away, filters. The user's own page, and that of those who
//! administer the user.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::api::extract::{Body, Path, Query};
use crate::api::rules::{self, ActiveScript, Forward, ScriptRow, ScriptText, Vacation};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, show};
use crate::text;
use crate::texts::Key;
use crate::{House, segment};

/// Where a user finds the own one.
const OWN: &str = "/me/mail";

/// A script to begin with.
const EXAMPLE: &str =
    "require [\"fileinto\"];\n\nif header :contains \"list-id\" \"news\" {\n    fileinto \"Archive\";\n}\n";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::User, OWN, get(own)),
        Route::page(Access::User, "/users/{address}/mail", get(mail)),
        Route::page(Access::User, "/users/{address}/mail/forward", post(set_forward)),
        Route::page(Access::User, "/users/{address}/mail/vacation", post(set_vacation)),
        Route::page(Access::User, "/users/{address}/mail/scripts", post(act_on_script)),
        Route::page(Access::User, "/users/{address}/mail/script", get(edit_script).post(put_script)),
    ]
}

#[derive(Template)]
#[template(path = "pages/mail/mail.html")]
struct MailPage {
    page: Page,
    address: String,
    place: String,
    forward: Forward,
    vacation: Option<Vacation>,
    scripts: Vec<ScriptRow>,
}

#[derive(Template)]
#[template(path = "pages/mail/script.html")]
struct ScriptPage {
    page: Page,
    place: String,
    name: String,
    script: String,
}

/// Which script to edit; a new one when there is no name.
#[derive(serde::Deserialize)]
struct Which {
    #[serde(default)]
    name: String,
}

async fn own(caller: Caller) -> Response {
    Redirect::to(&place(caller.name())).into_response()
}

fn place(address: &str) -> String {
    format!("/users/{}/mail", segment(address))
}

fn page(caller: &Caller, address: &str, title: Key) -> Page {
    Page::new(caller, title, if caller.name() == address { OWN } else { "/users" })
}

async fn mail(State(house): State<House>, caller: Caller, Path(address): Path<String>, told: Told) -> Shown {
    let of = || (State(house.clone()), caller.clone(), Path(address.clone()));
    let (state, who, path) = of();
    let forward = rules::forward(state, who, path).await?.0;
    let (state, who, path) = of();
    let vacation = rules::vacation(state, who, path).await?.0;
    let (state, who, path) = of();
    let scripts = rules::scripts(state, who, path).await?.0.scripts;
    let page = page(&caller, &address, Key("mail-rules")).telling(told);
    show(&MailPage { page, place: place(&address), address, forward, vacation, scripts })
}

async fn set_forward(State(house): State<House>, caller: Caller, Path(address): Path<String>, posted: Posted) -> Shown {
    let addresses = posted.get("addresses").split_whitespace().map(|one| one.trim_matches(',').to_string());
    let forward = Forward { addresses: addresses.filter(|one| !one.is_empty()).collect(), keep: posted.has("keep") };
    let done =
        if forward.addresses.is_empty() { Key("mail-is-sent-on-no-more") } else { Key("mail-is-sent-on-from-now") };
    let outcome = rules::set_forward(State(house), caller, Path(address.clone()), Body(forward)).await;
    Ok(back_with(&place(&address), Notice::of(outcome, |_| Notice::done(done))))
}

async fn set_vacation(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    posted: Posted,
) -> Shown {
    let (state, path) = (State(house), Path(address.clone()));
    if posted.act() == "remove" {
        let outcome = rules::remove_vacation(state, caller, path).await;
        return Ok(back_with(
            &place(&address),
            Notice::of(outcome, |_| Notice::done(text::say("nobody-is-answered-any-more"))),
        ));
    }
    let given = |name| Some(posted.get(name).to_string()).filter(|text| !text.is_empty());
    let vacation = Vacation {
        text: posted.get("text").into(),
        subject: posted.get("subject").into(),
        from: given("from"),
        until: given("until"),
        days: posted.get("days").parse().unwrap_or_default(),
    };
    let outcome = rules::set_vacation(state, caller, path, Body(vacation)).await;
    Ok(back_with(&place(&address), Notice::of(outcome, |_| Notice::done(text::say("senders-are-answered")))))
}

async fn act_on_script(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    posted: Posted,
) -> Shown {
    let name = posted.get("name").to_string();
    let (outcome, done) = match posted.act() {
        "remove" => {
            let path = Path((address.clone(), name.clone()));
            (
                rules::remove_script(State(house), caller, path).await,
                text::say("the-filter-name-is-removed").with("name", &name),
            )
        }
        act => {
            let runs = (act == "run").then(|| name.clone());
            let done = if runs.is_some() {
                text::say("the-filter-name-runs").with("name", &name)
            } else {
                text::say("no-filter-runs")
            };
            let wanted = Body(ActiveScript { name: runs });
            (rules::activate(State(house), caller, Path(address.clone()), wanted).await, done)
        }
    };
    Ok(back_with(&place(&address), Notice::of(outcome, |_| Notice::done(done))))
}

async fn edit_script(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Query(which): Query<Which>,
) -> Shown {
    let script = match which.name.as_str() {
        "" => EXAMPLE.to_string(),
        name => rules::script(State(house), caller.clone(), Path((address.clone(), name.into()))).await?.0.text,
    };
    let page = page(&caller, &address, if which.name.is_empty() { Key("new-filter") } else { Key("filter") });
    show(&ScriptPage { page, place: place(&address), name: which.name, script })
}

/// A script with a fault stays in the form, so that nothing that was typed is lost.
async fn put_script(State(house): State<House>, caller: Caller, Path(address): Path<String>, posted: Posted) -> Shown {
    let (name, script) = (posted.get("name").trim().to_string(), posted.get("script").replace("\r\n", "\n"));
    let text = Body(ScriptText { text: script.clone() });
    let path = Path((address.clone(), name.clone()));
    match rules::put_script(State(house), caller.clone(), path, text).await {
        Ok(_) => {
            Ok(back_with(&place(&address), Notice::done(text::say("the-filter-name-is-stored").with("name", &name))))
        }
        Err(problem) => {
            let page = page(&caller, &address, Key("filter")).refusing(&problem);
            show(&ScriptPage { page, place: place(&address), name, script })
        }
    }
}
