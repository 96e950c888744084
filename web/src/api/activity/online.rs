//! `online`: the users who are connected, with the number of connections for each protocol.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::guard::Protocol;
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

pub(crate) async fn list(house: State<House>, caller: Caller) -> Answer<Json<OnlineList>> {
    let Json(list) = sessions::list(house, caller).await?;
    let mut users: BTreeMap<(bool, Option<String>), OnlineUser> = BTreeMap::new();
    for session in list.sessions {
        let user = session.user.clone();
        let row = users.entry((user.is_none(), user.clone())).or_insert_with(|| OnlineUser {
            user,
            connections: BTreeMap::new(),
            sessions: Vec::new(),
        });
        *row.connections.entry(protocol(&session).into()).or_default() += 1;
        row.sessions.push(session);
    }
    Ok(Json(OnlineList { users: users.into_values().collect() }))
}

/// What a session speaks.
pub(crate) fn protocol(session: &SessionRow) -> &str {
    match Protocol::of_service(&session.service) {
        Some(protocol) => protocol.name(),
        None => &session.service,
    }
}
