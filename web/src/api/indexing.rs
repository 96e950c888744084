//! `indexing`: how far the index of messages is, and having it read again.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::search::Status;
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::users::find_for;
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Whose messages are to be read again.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reindex {
    /// A user's address; everybody's messages without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/indexing", status)
            .about("Tells how far the index of messages is.")
            .answers::<Status>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/indexing/reindex", reindex)
            .about("Has the messages of one user, or of everybody, read again for the index.")
            .body::<Reindex>(),
    ]
}

pub(crate) async fn status(State(house): State<House>) -> Answer<Json<Status>> {
    let search = house.search.clone();
    Ok(Json(work::read(move || search.status()).await?))
}

pub(crate) async fn reindex(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<Reindex>,
) -> Answer<StatusCode> {
    if !house.live {
        return Err(Problem::not_running("the server is not running, so nothing is indexed"));
    }
    let owner = match &wanted.user {
        Some(address) => Some(find_for(&house, &caller, &names::address(address)?)?.id),
        None => None,
    };
    house.search.reindex(owner);
    house.audit(&caller, "index made anew", wanted.user.unwrap_or_else(|| "everybody".into()));
    Ok(StatusCode::NO_CONTENT)
}
