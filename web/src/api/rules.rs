//! `users/…/forward`, `…/vacation`, `…/scripts`: what becomes of a user's mail before it is read.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::{moment, rfc3339};
use mailstead_core::people::Address;
use mailstead_core::sieve::Script;
use mailstead_core::sieve::limits::REDIRECTS_MAX;
use mailstead_core::work;
use mailstead_storage::Away;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::users::{edit, find_for};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Most bytes of an answer's text.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of an answer's subject.
const SUBJECT_BYTES_MAX: usize = 500;
/// Most days for which nobody is answered again.
const DAYS_MAX: u32 = 90;

/// Where a user's mail is sent on to.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The addresses; none for no forwarding.
    pub addresses: Vec<String>,
    /// Keep the mail here too?
    #[serde(default)]
    pub keep: bool,
}

/// What a user's senders are answered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scripts {
    /// The rows.
    pub scripts: Vec<ScriptRow>,
}

/// A script in a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ScriptRow {
    /// Its name.
    pub name: String,
    /// Is it the one that runs?
    pub active: bool,
}

/// A script's text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptText {
    /// The text, in Sieve.
    pub text: String,
}

/// Which script is to run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveScript {
    /// Its name; none for no script.
    pub name: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/forward", forward)
            .about("Tells where a user's mail is sent on to.")
            .answers::<Forward>(),
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/forward", set_forward)
            .about("Says where a user's mail is sent on to.")
            .body::<Forward>(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/vacation", vacation)
            .about("Tells what a user's senders are answered.")
            .answers::<Option<Vacation>>(),
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/vacation", set_vacation)
            .about("Says what a user's senders are answered.")
            .body::<Vacation>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/vacation", remove_vacation)
            .about("Answers no sender any more."),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/scripts", scripts)
            .about("Lists a user's scripts.")
            .answers::<Scripts>(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}/scripts/{name}", script)
            .about("Shows a script.")
            .answers::<ScriptText>(),
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/scripts/{name}", put_script)
            .about("Stores a script (Sieve, RFC 5228).")
            .body::<ScriptText>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/scripts/{name}", remove_script)
            .about("Removes a script that does not run."),
        Route::api(Access::User, Method::PUT, "/api/v1/users/{address}/active-script", activate)
            .about("Says which script runs.")
            .body::<ActiveScript>(),
    ]
}

pub(crate) async fn forward(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Forward>> {
    let account = find_for(&house, &caller, &address)?;
    Ok(Json(Forward { addresses: account.forward.clone(), keep: account.forward_keep }))
}

pub(crate) async fn set_forward(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(wanted): Body<Forward>,
) -> Answer<StatusCode> {
    if wanted.addresses.len() > REDIRECTS_MAX {
        return Err(Problem::invalid(format!("mail is sent on to {REDIRECTS_MAX} addresses at most")));
    }
    let addresses = wanted.addresses.iter().map(|text| elsewhere(text)).collect::<Result<Vec<_>, _>>()?;
    let address = edit(&house, &caller, &address, |account| {
        (account.forward, account.forward_keep) = (addresses, wanted.keep);
    })
    .await?;
    house.audit(&caller, "forwarding set", address);
    Ok(StatusCode::NO_CONTENT)
}

/// An address whose local part stays as it is written.
fn elsewhere(text: &str) -> Answer<String> {
    let parsed = Address::parse(text.trim()).filter(|address| !address.domain.is_empty());
    let wrong = || Problem::invalid(format!("{text:?} is not a mail address; write it like name@example.org"));
    parsed.map(|address| address.to_string()).ok_or_else(wrong)
}

pub(crate) async fn vacation(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Option<Vacation>>> {
    let account = find_for(&house, &caller, &address)?;
    Ok(Json(account.away.clone().map(|away| Vacation {
        text: away.text,
        subject: away.subject,
        from: away.from.map(rfc3339),
        until: away.until.map(rfc3339),
        days: away.days,
    })))
}

pub(crate) async fn set_vacation(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(wanted): Body<Vacation>,
) -> Answer<StatusCode> {
    let away = away(wanted)?;
    let address = edit(&house, &caller, &address, |account| account.away = Some(away)).await?;
    house.audit(&caller, "vacation set", address);
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

pub(crate) async fn remove_vacation(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<StatusCode> {
    let address = edit(&house, &caller, &address, |account| account.away = None).await?;
    house.audit(&caller, "vacation removed", address);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn scripts(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Scripts>> {
    let account = find_for(&house, &caller, &address)?;
    let scripts = work::read(move || house.store.scripts(account.id)).await?;
    let row = |script: mailstead_storage::ScriptEntry| ScriptRow { name: script.name, active: script.active };
    Ok(Json(Scripts { scripts: scripts.into_iter().map(row).collect() }))
}

pub(crate) async fn script(
    State(house): State<House>,
    caller: Caller,
    Path((address, name)): Path<(String, String)>,
) -> Answer<Json<ScriptText>> {
    let account = find_for(&house, &caller, &address)?;
    let missing = Problem::not_found(format!("{} has no script {name:?}", account.address));
    let text = work::read(move || house.store.script(account.id, &name)).await?;
    text.map(|text| Json(ScriptText { text })).ok_or(missing)
}

pub(crate) async fn put_script(
    State(house): State<House>,
    caller: Caller,
    Path((address, name)): Path<(String, String)>,
    Body(ScriptText { text }): Body<ScriptText>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    let text = work::compute(move || match Script::compile(&text) {
        Ok(_) => Ok(text),
        Err(fault) => Err(Problem::invalid(fault.to_string())),
    })
    .await?;
    house.store.put_script(account.id, &name, text).await?;
    house.audit(&caller, "script stored", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove_script(
    State(house): State<House>,
    caller: Caller,
    Path((address, name)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    house.store.remove_script(account.id, &name).await?;
    house.audit(&caller, "script removed", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn activate(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(wanted): Body<ActiveScript>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    house.store.activate_script(account.id, wanted.name.as_deref()).await?;
    house.audit(&caller, "script activated", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}
