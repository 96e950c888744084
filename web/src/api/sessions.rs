//! `sessions`: list, end one, end all of a user. Only a server that runs has any.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::people::sessions::SessionRow as Row;
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Path;
use super::spool::acts::Counted;
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// All live sessions, oldest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionList {
    /// The rows.
    pub sessions: Vec<SessionRow>,
}

/// A live session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionRow {
    /// Its number.
    pub id: String,
    /// The service.
    pub service: String,
    /// Who has logged in; absent while it is anonymous.
    pub user: Option<String>,
    /// The client's address and port.
    pub peer: String,
    /// Our address and port.
    pub local: String,
    /// TLS version, when it is encrypted.
    pub tls: Option<String>,
    /// Since when.
    pub since: String,
    /// What it is doing.
    pub state: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::User, Method::GET, "/api/v1/sessions", list)
            .about(
                "Lists the live sessions, oldest first; who is no system administrator sees those of users in sight.",
            )
            .answers::<SessionList>(),
        Route::api(Access::User, Method::DELETE, "/api/v1/sessions/{id}", end).about("Ends a session."),
        Route::api(Access::User, Method::DELETE, "/api/v1/users/{address}/sessions", end_of_user)
            .about("Ends all sessions of a user.")
            .answers::<Counted>(),
    ]
}

pub(crate) async fn list(State(house): State<House>, caller: Caller) -> Answer<Json<SessionList>> {
    let rows = work::compute(move || seen(&house, &caller)).await?;
    Ok(Json(SessionList { sessions: rows.into_iter().map(SessionRow::from).collect() }))
}

/// The live sessions that the caller sees, oldest first.
pub(crate) fn seen(house: &House, caller: &Caller) -> Answer<Vec<Row>> {
    running(house)?;
    let mut rows = house.sessions.list();
    rows.retain(|row| is_in_sight(caller, row));
    rows.sort_unstable_by_key(|row| (row.since, row.id));
    Ok(rows)
}

pub(crate) async fn end(State(house): State<House>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    running(&house)?;
    let session = id.parse().map_err(|_| Problem::invalid(format!("{id:?} is not the number of a session")))?;
    let is_there = |row: &Row| row.id == session && is_in_sight(&caller, row);
    if !house.sessions.list().iter().any(is_there) || !house.sessions.end(session) {
        return Err(Problem::not_found(format!("there is no session {id}; it may have ended by itself")));
    }
    house.audit(&caller, "session ended", id);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_of_user(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Counted>> {
    running(&house)?;
    let address = names::address(&address)?;
    caller.must_cover_address(&address)?;
    let count = house.sessions.end_user(&address);
    house.audit(&caller, "sessions of a user ended", address);
    Ok(Json(Counted { count }))
}

/// Sessions of nobody are the system administrator's affair.
fn is_in_sight(caller: &Caller, row: &Row) -> bool {
    match &row.user {
        Some(user) => caller.scope().covers_address(user),
        None => caller.scope().is_everything(),
    }
}

fn running(house: &House) -> Answer<()> {
    match house.live {
        true => Ok(()),
        false => Err(Problem::not_running("the server is not running, so there are no sessions")),
    }
}

impl From<Row> for SessionRow {
    fn from(row: Row) -> SessionRow {
        SessionRow {
            id: row.id.to_string(),
            service: row.service.into(),
            user: row.user.map(|user| user.to_string()),
            peer: row.peer.to_string(),
            local: row.local.to_string(),
            tls: row.tls.map(str::to_string),
            since: rfc3339(row.since),
            state: row.state.into(),
        }
    }
}
