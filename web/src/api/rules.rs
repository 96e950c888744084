//! `users/…/forward`, `…/vacation`, `…/scripts`: what becomes of a user's mail before it is read.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use mailstead_core::clock::{moment, rfc3339};
use mailstead_core::people::Address;
use mailstead_core::sieve::Script;
use mailstead_core::sieve::limits::REDIRECTS_MAX;
use mailstead_core::work;
use mailstead_storage::Away;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::users::{edit, find};
use super::{Answer, Problem};
use crate::House;

/// Most bytes of an answer's text.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of an answer's subject.
const SUBJECT_BYTES_MAX: usize = 500;
/// Most days for which nobody is answered again.
const DAYS_MAX: u32 = 90;

/// Where a user's mail is sent on to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The addresses; none for no forwarding.
    pub addresses: Vec<String>,
    /// Keep the mail here too?
    #[serde(default)]
    pub keep: bool,
}

/// What a user's senders are answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vacation {
    /// What the answer says.
    pub text: String,
    /// Its subject; made of the message's own when empty.
    #[serde(default)]
    pub subject: String,
    /// From when, as RFC 3339 or as a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first moment that is not answered any more, as RFC 3339 or as a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The same sender is not answered again for so many days.
    #[serde(default = "a_week")]
    pub days: u32,
}

fn a_week() -> u32 {
    7
}

/// A user's scripts, by name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scripts {
    /// The rows.
    pub scripts: Vec<ScriptRow>,
}

/// A script in a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScriptRow {
    /// Its name.
    pub name: String,
    /// Is it the one that runs?
    pub active: bool,
}

/// A script's text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptText {
    /// The text, in Sieve.
    pub text: String,
}

/// Which script is to run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveScript {
    /// Its name; none for no script.
    pub name: Option<String>,
}

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/users/{address}/forward", get(forward).put(set_forward))
        .route("/users/{address}/vacation", get(vacation).put(set_vacation).delete(remove_vacation))
        .route("/users/{address}/scripts", get(scripts))
        .route("/users/{address}/scripts/{name}", get(script).put(put_script).delete(remove_script))
        .route("/users/{address}/active-script", put(activate))
}

async fn forward(State(house): State<House>, Path(address): Path<String>) -> Answer<Json<Forward>> {
    let account = find(&house, &address)?;
    Ok(Json(Forward { addresses: account.forward.clone(), keep: account.forward_keep }))
}

async fn set_forward(
    State(house): State<House>,
    Path(address): Path<String>,
    Body(wanted): Body<Forward>,
) -> Answer<StatusCode> {
    if wanted.addresses.len() > REDIRECTS_MAX {
        return Err(Problem::invalid(format!("mail is sent on to {REDIRECTS_MAX} addresses at most")));
    }
    let addresses = wanted.addresses.iter().map(|text| elsewhere(text)).collect::<Result<Vec<_>, _>>()?;
    let address = edit(&house, &address, |account| {
        (account.forward, account.forward_keep) = (addresses, wanted.keep);
    })
    .await?;
    house.audit("forwarding set", address);
    Ok(StatusCode::NO_CONTENT)
}

/// An address whose local part stays as it is written.
fn elsewhere(text: &str) -> Answer<String> {
    let parsed = Address::parse(text.trim()).filter(|address| !address.domain.is_empty());
    let wrong = || Problem::invalid(format!("{text:?} is not a mail address; write it like name@example.org"));
    parsed.map(|address| address.to_string()).ok_or_else(wrong)
}

async fn vacation(State(house): State<House>, Path(address): Path<String>) -> Answer<Json<Option<Vacation>>> {
    let account = find(&house, &address)?;
    Ok(Json(account.away.clone().map(|away| Vacation {
        text: away.text,
        subject: away.subject,
        from: away.from.map(rfc3339),
        until: away.until.map(rfc3339),
        days: away.days,
    })))
}

async fn set_vacation(
    State(house): State<House>,
    Path(address): Path<String>,
    Body(wanted): Body<Vacation>,
) -> Answer<StatusCode> {
    let away = away(wanted)?;
    let address = edit(&house, &address, |account| account.away = Some(away)).await?;
    house.audit("vacation set", address);
    Ok(StatusCode::NO_CONTENT)
}

fn away(wanted: Vacation) -> Answer<Away> {
    let Vacation { text, subject, from, until, days } = wanted;
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(Problem::invalid(format!("the answer needs a text of {TEXT_BYTES_MAX} bytes at most")));
    }
    if subject.len() > SUBJECT_BYTES_MAX || subject.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("the subject is a line of {SUBJECT_BYTES_MAX} bytes at most")));
    }
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::invalid(format!("the days go from 1 to {DAYS_MAX}")));
    }
    let time = |text: Option<String>| {
        let wrong = |text: &str| Problem::invalid(format!("{text:?} is no moment; write it like 2026-12-24"));
        text.map(|text| moment(&text).ok_or_else(|| wrong(&text))).transpose()
    };
    let (from, until) = (time(from)?, time(until)?);
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        return Err(Problem::invalid("the vacation ends before it begins"));
    }
    Ok(Away { text, subject, from, until, days })
}

async fn remove_vacation(State(house): State<House>, Path(address): Path<String>) -> Answer<StatusCode> {
    let address = edit(&house, &address, |account| account.away = None).await?;
    house.audit("vacation removed", address);
    Ok(StatusCode::NO_CONTENT)
}

async fn scripts(State(house): State<House>, Path(address): Path<String>) -> Answer<Json<Scripts>> {
    let account = find(&house, &address)?;
    let scripts = work::read(move || house.store.scripts(account.id)).await?;
    let row = |script: mailstead_storage::ScriptEntry| ScriptRow { name: script.name, active: script.active };
    Ok(Json(Scripts { scripts: scripts.into_iter().map(row).collect() }))
}

async fn script(State(house): State<House>, Path((address, name)): Path<(String, String)>) -> Answer<Json<ScriptText>> {
    let account = find(&house, &address)?;
    let missing = Problem::not_found(format!("{} has no script {name:?}", account.address));
    let text = work::read(move || house.store.script(account.id, &name)).await?;
    text.map(|text| Json(ScriptText { text })).ok_or(missing)
}

async fn put_script(
    State(house): State<House>,
    Path((address, name)): Path<(String, String)>,
    Body(ScriptText { text }): Body<ScriptText>,
) -> Answer<StatusCode> {
    let account = find(&house, &address)?;
    let text = work::compute(move || match Script::compile(&text) {
        Ok(_) => Ok(text),
        Err(fault) => Err(Problem::invalid(fault.to_string())),
    })
    .await?;
    house.store.put_script(account.id, &name, text).await?;
    house.audit("script stored", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_script(
    State(house): State<House>,
    Path((address, name)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let account = find(&house, &address)?;
    house.store.remove_script(account.id, &name).await?;
    house.audit("script removed", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(house): State<House>,
    Path(address): Path<String>,
    Body(wanted): Body<ActiveScript>,
) -> Answer<StatusCode> {
    let account = find(&house, &address)?;
    house.store.activate_script(account.id, wanted.name.as_deref()).await?;
    house.audit("script activated", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}
