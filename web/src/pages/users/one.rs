//! One user, as those who administer the user see it.

use askama::Template;
use axum::extract::State;

use super::{PATH, quota_of, role_named, role_words, roles_up_to};
use crate::api::credentials::{self, FactorState};
use crate::api::extract::{Body, Path};
use crate::api::users::{self, NewPassword, UserChange, UserRow};
use crate::api::{Problem, sessions};
use crate::door::Caller;
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, form, show};
use crate::text;
use crate::texts::Key;
use crate::{House, segment};

#[derive(Template)]
#[template(path = "pages/users/one.html")]
struct UserPage {
    page: Page,
    place: String,
    user: UserRow,
    role: String,
    roles: Vec<(&'static str, Key)>,
    factor: FactorState,
}

fn place(address: &str) -> String {
    format!("{PATH}/{}", segment(address))
}

pub(super) async fn user(State(house): State<House>, caller: Caller, Path(address): Path<String>, told: Told) -> Shown {
    let user = users::show(State(house.clone()), caller.clone(), Path(address.clone())).await?.0;
    let factor = credentials::factor(State(house), caller.clone(), Path(address)).await?.0;
    let page = Page::new(&caller, user.address.clone(), PATH).telling(told);
    let role = role_words(user.role).0.to_string();
    show(&UserPage { page, place: place(&user.address), role, roles: roles_up_to(caller.role()), user, factor })
}

pub(super) async fn change(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    posted: Posted,
) -> Shown {
    let outcome = match change_of(&posted) {
        Ok(change) => users::change(State(house), caller, Path(address.clone()), Body(change)).await,
        Err(problem) => Err(problem),
    };
    Ok(back_with(&place(&address), Notice::of(outcome, |_| Notice::done(text::say("saved")))))
}

fn change_of(posted: &Posted) -> Result<UserChange, Problem> {
    let wrong = || Problem::invalid(text::say("the-number-of-messages-is-a"));
    Ok(UserChange {
        name: Some(posted.get("name").trim().into()),
        enabled: Some(posted.has("enabled")),
        role: Some(role_named(posted.get("role")).ok_or_else(|| Problem::invalid(text::say("choose-a-role")))?),
        quota_bytes: Some(quota_of(posted.get("quota"))?),
        quota_messages: Some(posted.get("quota_messages").parse().map_err(|_| wrong())?),
    })
}

pub(super) async fn set_password(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    posted: Posted,
) -> Shown {
    let new = NewPassword { password: posted.get("password").into() };
    let outcome = users::set_password(State(house), caller, Path(address.clone()), Body(new)).await;
    Ok(back_with(
        &place(&address),
        Notice::of(outcome, |_| Notice::done(text::say("the-password-is-set-all-sessions"))),
    ))
}

pub(super) async fn sign_out(State(house): State<House>, caller: Caller, Path(address): Path<String>) -> Shown {
    let (state, path) = (State(house.clone()), Path(address.clone()));
    let outcome = async {
        let web = credentials::end_web_sessions(state, caller.clone(), path).await?.0.count;
        let open = sessions::end_of_user(State(house), caller, Path(address.clone())).await?.0.count;
        Ok(Notice::done(text::say("sessions-ended").with("sessions", text::count(web + open, "session"))))
    };
    let outcome: Result<Notice, Problem> = outcome.await;
    Ok(back_with(&place(&address), Notice::of(outcome, |notice| notice)))
}

pub(super) async fn remove_factor(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    posted: Posted,
) -> Shown {
    if !posted.is_sure() {
        let action = format!("{}/second-factor", place(&address));
        let question = text::say("remove-the-second-factor-the-password");
        return form::confirm(
            Page::new(&caller, text::say("are-you-sure"), PATH),
            &posted,
            &action,
            question,
            text::say("remove"),
        );
    }
    let outcome = credentials::remove_factor(State(house), caller, Path(address.clone())).await;
    Ok(back_with(&place(&address), Notice::of(outcome, |_| Notice::done(text::say("the-second-factor-is-removed")))))
}
