//! `status`: what answers here.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::door::{Access, Route};

/// What answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The product and its version.
    pub version: String,
    /// The host name that clients are told.
    pub hostname: String,
    /// Does the server run?
    pub live: bool,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::api(Access::User, Method::GET, "/api/v1/status", show).about("What answers here.").answers::<Status>()]
}

pub(crate) async fn show(State(house): State<House>) -> Json<Status> {
    let version = concat!("Mailstead ", env!("CARGO_PKG_VERSION")).into();
    Json(Status { version, hostname: house.hostname.to_string(), live: house.live })
}
