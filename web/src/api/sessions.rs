//! `sessions`: list, end one, end all of a user. Only a server that runs has any.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use mailstead_core::clock::rfc3339;
use mailstead_core::people::sessions::SessionRow as Row;
use serde::{Deserialize, Serialize};

use super::extract::Path;
use super::spool::acts::Counted;
use super::{Answer, Problem, names};
use crate::House;

/// All live sessions, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionList {
    /// The rows.
    pub sessions: Vec<SessionRow>,
}

/// A live session.
#[derive(Debug, Serialize, Deserialize)]
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

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/sessions", get(list))
        .route("/sessions/{id}", delete(end))
        .route("/users/{address}/sessions", delete(end_of_user))
}

async fn list(State(house): State<House>) -> Answer<Json<SessionList>> {
    running(&house)?;
    let mut rows = house.sessions.list();
    rows.sort_by_key(|row| (row.since, row.id));
    Ok(Json(SessionList { sessions: rows.into_iter().map(SessionRow::from).collect() }))
}

async fn end(State(house): State<House>, Path(id): Path<String>) -> Answer<StatusCode> {
    running(&house)?;
    let session = id.parse().map_err(|_| Problem::invalid(format!("{id:?} is not the number of a session")))?;
    if !house.sessions.end(session) {
        return Err(Problem::not_found(format!("there is no session {id}; it may have ended by itself")));
    }
    house.audit("session ended", id);
    Ok(StatusCode::NO_CONTENT)
}

async fn end_of_user(State(house): State<House>, Path(address): Path<String>) -> Answer<Json<Counted>> {
    running(&house)?;
    let address = names::address(&address)?;
    let count = house.sessions.end_user(&address);
    house.audit("sessions of a user ended", address);
    Ok(Json(Counted { count }))
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
