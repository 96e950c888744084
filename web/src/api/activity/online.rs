//! `online`: the users who are connected, with the number of connections for each protocol.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::guard::Protocol;
use mailstead_core::people::sessions::SessionRow as Session;
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::Answer;
use crate::api::sessions::{self, SessionRow};
use crate::door::{Access, Caller, Route};

/// Users who are connected, by address; those who have not logged in come last, as one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct OnlineList {
    /// The rows.
    pub users: Vec<OnlineUser>,
}

/// A user who is connected.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct OnlineUser {
    /// The main address; absent for all who have not logged in.
    pub user: Option<String>,
    /// Connections of each protocol; protocols without any are absent.
    pub connections: BTreeMap<String, usize>,
    /// The connections, oldest first.
    pub sessions: Vec<SessionRow>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/online", list)
            .about("Lists the users who are connected, with their sessions.")
            .answers::<OnlineList>(),
    ]
}

async fn list(State(house): State<House>, caller: Caller) -> Answer<Json<OnlineList>> {
    let users = work::compute(move || seen(&house, &caller)).await?;
    Ok(Json(OnlineList { users: users.into_iter().map(OnlineUser::from).collect() }))
}

/// Somebody's sessions.
pub(crate) struct Online {
    pub(crate) user: Option<Arc<str>>,
    pub(crate) connections: BTreeMap<&'static str, usize>,
    pub(crate) sessions: Vec<Session>,
}

/// Who is online, as far as the caller sees it, by address; those who have not logged in come last.
pub(crate) fn seen(house: &House, caller: &Caller) -> Answer<Vec<Online>> {
    let mut users: BTreeMap<(bool, Option<Arc<str>>), Online> = BTreeMap::new();
    for session in sessions::seen(house, caller)? {
        let user = session.user.clone();
        let row = users.entry((user.is_none(), user.clone())).or_insert_with(|| Online {
            user,
            connections: BTreeMap::new(),
            sessions: Vec::new(),
        });
        *row.connections.entry(protocol(session.service)).or_default() += 1;
        row.sessions.push(session);
    }
    Ok(users.into_values().collect())
}

/// What a service speaks.
pub(crate) fn protocol(service: &'static str) -> &'static str {
    Protocol::of_service(service).map_or(service, Protocol::name)
}

impl From<Online> for OnlineUser {
    fn from(online: Online) -> OnlineUser {
        let Online { user, connections, sessions } = online;
        OnlineUser {
            user: user.map(|user| user.to_string()),
            connections: connections.into_iter().map(|(protocol, count)| (protocol.into(), count)).collect(),
            sessions: sessions.into_iter().map(SessionRow::from).collect(),
        }
    }
}
