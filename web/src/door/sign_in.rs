//! Signing in and out: the password, then the code of the second factor when there is one.
//!
//! Between the two the browser holds a ticket that only this box can read: who has proven the password, until when a
//! code is awaited. Whoever fails is told neither which user exists nor which part was wrong.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mailstead_core::clock::Time;
use mailstead_core::people::{Denied, totp};
use mailstead_storage::{Account, AccountId, CredentialId, SecondFactor};
use serde::{Deserialize, Serialize};

use super::{Access, Caller, Means, Route, cookie};
use crate::House;
use crate::api::Problem;
use crate::api::extract::Query;
use crate::frame::{Posted, Shown, StandAlone, show};
use crate::text;
use crate::texts::Key;

/// A code is awaited for so long after the password, seconds.
const CODE_SECONDS: u64 = 5 * 60;
/// What tickets are sealed for.
const TICKET: &str = "sign-in";
/// What the keys of second factors are sealed for.
const FACTOR: &str = "second factor";

/// The protocol of logins to the web.
const WEB: &str = "web";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::Anonymous, "/sign-in", get(form).post(password)),
        Route::page(Access::Anonymous, "/sign-in/code", post(code)),
        Route::page(Access::User, "/sign-out", post(sign_out)).for_expired(),
    ]
}

#[derive(Template)]
#[template(path = "door/sign_in.html")]
struct SignInPage<'a> {
    frame: StandAlone,
    hostname: &'a str,
    user: &'a str,
    next: &'a str,
    wrong: Option<Key>,
}

#[derive(Template)]
#[template(path = "door/code.html")]
struct CodePage<'a> {
    frame: StandAlone,
    ticket: &'a str,
    next: &'a str,
    wrong: Option<Key>,
}

/// Where to go afterwards.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    next: String,
}

/// Somebody has proven the password, and a code is awaited.
#[derive(Serialize, Deserialize)]
struct Ticket {
    account: AccountId,
    until: Time,
}

async fn form(State(house): State<House>, caller: Caller, Query(wish): Query<Wish>) -> Shown {
    match caller.role() {
        Access::Anonymous => sign_in_page(&house, "", &wish.next, None),
        _ => Ok(go(next_for(caller.role(), &wish.next), None)),
    }
}

async fn password(State(house): State<House>, caller: Caller, headers: HeaderMap, posted: Posted) -> Shown {
    let (user, next) = (posted.get("user").trim(), posted.get("next"));
    let proven = house.people.prove_for_web(user, posted.get("password"), ip(&caller)).await;
    match proven {
        Ok(account) if account.second_factor.is_some() => {
            let ticket = Ticket { account: account.id, until: house.clock.now().plus_seconds(CODE_SECONDS) };
            code_page(&ticket.sealed(&house)?, next, None)
        }
        Ok(account) => enter(&house, &account, &caller, &headers, next).await,
        Err(denied) => sign_in_page(&house, user, next, Some(words(denied))),
    }
}

async fn code(State(house): State<House>, caller: Caller, headers: HeaderMap, posted: Posted) -> Shown {
    let (sealed, next, now) = (posted.get("ticket"), posted.get("next"), house.clock.now());
    let ticket = Ticket::opened(&house, sealed).filter(|ticket| now < ticket.until);
    let account = ticket.and_then(|ticket| house.store.directory().accounts.get(&ticket.account).cloned());
    let Some(account) = account.filter(|account| account.enabled) else {
        return sign_in_page(&house, "", next, Some(Key("that-took-too-long-sign-in")));
    };
    if !house.tries.are_left(account.id, now) {
        let wrong = Key("too-many-wrong-codes-wait-ten");
        return sign_in_page(&house, "", next, Some(wrong));
    }
    let right = take_code(&house, account.id, posted.get("code")).await?;
    house.tries.note(account.id, right, now);
    if !right {
        house.people.proof_was_wrong(&account.address, WEB, ip(&caller));
        return code_page(sealed, next, Some(Key("that-code-is-not-right-or")));
    }
    enter(&house, &account, &caller, &headers, next).await
}

/// Takes a code of the device, or a recovery code, so that it is taken no second time.
async fn take_code(house: &House, id: AccountId, code: &str) -> Result<bool, Problem> {
    let _one_edit = house.edits.lock().await;
    let account = house.store.directory().accounts.get(&id).cloned();
    let Some(account) = account.filter(|account| account.second_factor.is_some()) else { return Ok(false) };
    let Some(factor) = account.second_factor.clone() else { return Ok(false) };
    let key = opened_key(house, account.id, &factor.sealed)?;
    let hash = totp::recovery_hash(code);
    let changed = match totp::step_of(&key, code, factor.last_step, house.clock.now()) {
        Some(step) => SecondFactor { last_step: step, ..factor },
        None if factor.recovery.contains(&hash) => SecondFactor {
            recovery: factor.recovery.iter().copied().filter(|other| *other != hash).collect(),
            ..factor
        },
        None => return Ok(false),
    };
    house.store.update_account(Account { second_factor: Some(changed), ..Account::clone(&account) }).await?;
    Ok(true)
}

/// The key of a second factor, encrypted to be kept.
pub(crate) fn sealed_key(house: &House, account: AccountId, key: &[u8]) -> Result<Vec<u8>, Problem> {
    house.box_key.seal(&format!("{FACTOR} {account}"), key).map_err(Problem::failed)
}

/// The key of a second factor, as it was.
pub(crate) fn opened_key(house: &House, account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    house.box_key.open_sealed(&format!("{FACTOR} {account}"), sealed).map_err(Problem::failed)
}

/// Opens a web session for somebody who has proven everything.
async fn enter(house: &House, account: &Arc<Account>, caller: &Caller, headers: &HeaderMap, next: &str) -> Shown {
    if let Err(denied) = house.people.admit(&account.address, WEB, ip(caller)) {
        return sign_in_page(house, &account.address, next, Some(words(denied)));
    }
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let secret = house.people.open_web_session(account, ip(caller), agent).await?;
    Ok(go(next_for(account.role.into(), next), Some(cookie::set(&secret))))
}

async fn sign_out(State(house): State<House>, caller: Caller) -> Shown {
    if let (Some(account), Means::Session(id)) = (caller.account(), caller.means()) {
        // One that has ended by itself is as good.
        let _ = house.store.end_web_session(account, CredentialId(id)).await;
    }
    Ok(go("/sign-in", Some(cookie::removed())))
}

fn go(path: &str, cookie: Option<HeaderValue>) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    let mut headers = HeaderMap::from_iter([(LOCATION, location)]);
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Where to go after the sign-in: where the person wanted to, never to another site, or to the first page.
fn next_for(role: Access, next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    match role {
        _ if ours => next,
        Access::SystemAdmin => "/dashboard",
        Access::DomainAdmin => "/users",
        Access::User | Access::Anonymous => "/me",
    }
}

fn sign_in_page(house: &House, user: &str, next: &str, wrong: Option<Key>) -> Shown {
    let frame = StandAlone::new(Key("sign-in"));
    let page = SignInPage { frame, hostname: &house.hostname, user, next, wrong };
    show(&page).map(|page| refused(page, wrong))
}

fn code_page(ticket: &str, next: &str, wrong: Option<Key>) -> Shown {
    show(&CodePage { frame: StandAlone::new(Key("sign-in")), ticket, next, wrong }).map(|page| refused(page, wrong))
}

fn refused(page: Response, wrong: Option<Key>) -> Response {
    match wrong {
        Some(_) => (StatusCode::UNAUTHORIZED, page).into_response(),
        None => page,
    }
}

fn words(denied: Denied) -> Key {
    match denied {
        Denied::Wrong => Key("user-or-password-is-wrong"),
        Denied::Disabled => Key("this-account-is-disabled-ask-your"),
        Denied::Expired => Key("the-password-has-expired-sign-in"),
        Denied::Unavailable => Key("passwords-cannot-be-checked-now-try"),
    }
}

fn ip(caller: &Caller) -> IpAddr {
    caller.ip().unwrap_or(Ipv4Addr::LOCALHOST.into())
}

impl Ticket {
    fn sealed(&self, house: &House) -> Result<String, Problem> {
        let text = serde_json::to_vec(self).map_err(|error| Problem::failed(error.to_string()))?;
        let sealed = house.box_key.seal(TICKET, &text).map_err(Problem::failed)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    fn opened(house: &House, text: &str) -> Option<Ticket> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = house.box_key.open_sealed(TICKET, &sealed).ok()?;
        serde_json::from_slice(&text).ok()
    }
}
