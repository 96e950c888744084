//! A user's own page: password, second factor, app passwords, where the user is signed in, API tokens.

mod secrets;

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};

use crate::House;
use crate::api::audit::{self, Act};
use crate::api::credentials::{self, AppPasswordRow, FactorOffer, FactorState, OwnPassword, TokenRow, WebSessionRow};
use crate::api::extract::{Body, Path};
use crate::api::users::{self, UserRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Notice, Page, Posted, Shown, Told, back_with, form, show};
use crate::text;
use crate::texts::Key;

/// Where the page is.
pub(super) const PATH: &str = "/me";
/// Where the password is changed.
const PASSWORD: &str = "/me/password";
/// Where it is told who opened the mailbox.
const VISITS: &str = "/me/visits";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::User, PATH, get(account)),
        Route::page(Access::User, PASSWORD, get(renew).post(password)).for_expired(),
        Route::page(Access::User, VISITS, get(visits)),
        Route::page(Access::User, "/me/second-factor", get(offer).post(secrets::set_factor)),
        Route::page(Access::User, "/me/second-factor/remove", post(remove_factor)),
        Route::page(Access::User, "/me/app-passwords", post(secrets::make_app_password)),
        Route::page(Access::User, "/me/app-passwords/remove", post(remove_app_password)),
        Route::page(Access::User, "/me/sessions", post(end_sessions)),
        Route::page(Access::User, "/me/tokens", post(secrets::make_token)),
        Route::page(Access::User, "/me/tokens/remove", post(remove_token)),
    ]
}

#[derive(Template)]
#[template(path = "pages/me/account.html")]
struct AccountPage {
    page: Page,
    user: UserRow,
    factor: FactorState,
    app_passwords: Vec<AppPasswordRow>,
    sessions: Vec<WebSessionRow>,
    tokens: Vec<TokenRow>,
    roles: Vec<(&'static str, Key)>,
}

#[derive(Template)]
#[template(path = "pages/me/offer.html")]
struct OfferPage {
    page: Page,
    offer: FactorOffer,
}

/// Who opened the mailbox, and what else others did with it.
#[derive(Template)]
#[template(path = "pages/me/visits.html")]
struct VisitsPage {
    page: Page,
    acts: Vec<Act>,
}

async fn visits(State(house): State<House>, caller: Caller) -> Shown {
    let acts = audit::on_user(&house, &caller, caller.name()).await?.acts;
    show(&VisitsPage { page: Page::new(&caller, text::say("who-opened-my-mailbox"), VISITS), acts })
}

/// What those see whose password is too old.
#[derive(Template)]
#[template(path = "pages/me/renew.html")]
struct RenewPage {
    page: Page,
    user: String,
    wanted: String,
}

async fn renew(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let policies = house.people.password_policies()?;
    let (user, page) = (caller.name().to_string(), Page::new(&caller, text::say("choose-a-new-password"), PATH));
    show(&RenewPage { page: page.telling(told), wanted: policies.of(&user).told(), user })
}

async fn account(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let of = || (State(house.clone()), caller.clone(), Path(caller.name().to_string()));
    let (state, who, own) = of();
    let user = users::show(state, who, own).await?.0;
    let (state, who, own) = of();
    let factor = credentials::factor(state, who, own).await?.0;
    let (state, who, own) = of();
    let app_passwords = credentials::app_passwords(state, who, own).await?.0.app_passwords;
    let (state, who, own) = of();
    let sessions = credentials::web_sessions(state, who, own).await?.0.web_sessions;
    let (state, who, own) = of();
    let tokens = credentials::tokens(state, who, own).await?.0.tokens;
    let roles = super::users::roles_up_to(caller.role());
    show(&AccountPage { page: page(&caller).telling(told), user, factor, app_passwords, sessions, tokens, roles })
}

fn page(caller: &Caller) -> Page {
    Page::new(caller, text::say("my-account"), PATH)
}

fn own(caller: &Caller) -> Path<String> {
    Path(caller.name().to_string())
}

async fn password(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let failed = if caller.has_expired() { PASSWORD } else { PATH };
    if posted.get("new") != posted.get("again") {
        return Ok(back_with(failed, Notice::failed(text::say("the-two-new-passwords-are-not"))));
    }
    let change = OwnPassword { old: posted.get("old").into(), new: posted.get("new").into() };
    let outcome = credentials::change_password(State(house), caller.clone(), own(&caller), Body(change)).await;
    let done = text::say("password-changed-everywhere-else-you-are");
    Ok(back_with(if outcome.is_ok() { PATH } else { failed }, Notice::of(outcome, |_| Notice::done(done))))
}

async fn offer(State(house): State<House>, caller: Caller) -> Shown {
    let offer = credentials::offer_factor(State(house), caller.clone(), own(&caller)).await?.0;
    show(&OfferPage { page: Page::new(&caller, text::say("set-up-a-second-factor"), PATH), offer })
}

async fn remove_factor(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    if !posted.is_sure() {
        let question = text::say("without-a-second-factor-the-password");
        return form::confirm(
            Page::new(&caller, text::say("are-you-sure"), PATH),
            &posted,
            "/me/second-factor/remove",
            question,
            text::say("remove"),
        );
    }
    let outcome = credentials::remove_factor(State(house), caller.clone(), own(&caller)).await;
    Ok(back_with(PATH, Notice::of(outcome, |_| Notice::done(text::say("the-second-factor-is-removed")))))
}

async fn remove_app_password(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let path = Path((caller.name().to_string(), posted.get("id").to_string()));
    let outcome = credentials::remove_app_password(State(house), caller, path).await;
    Ok(back_with(PATH, Notice::of(outcome, |_| Notice::done(text::say("the-app-password-is-removed")))))
}

async fn end_sessions(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let outcome = match posted.get("id") {
        "" => {
            let ended = credentials::end_web_sessions(State(house), caller.clone(), own(&caller)).await;
            ended.map(|ended| ended.0.count)
        }
        id => {
            let path = Path((caller.name().to_string(), id.to_string()));
            let ended = credentials::end_web_session(State(house), caller, path).await;
            ended.map(|_| 1)
        }
    };
    let done = |count| Notice::done(text::say("sessions-ended").with("sessions", text::count(count, "session")));
    Ok(back_with(PATH, Notice::of(outcome, done)))
}

async fn remove_token(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let path = Path((caller.name().to_string(), posted.get("id").to_string()));
    let outcome = credentials::remove_token(State(house), caller, path).await;
    Ok(back_with(PATH, Notice::of(outcome, |_| Notice::done(text::say("the-token-is-removed")))))
}
