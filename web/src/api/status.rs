//! `status`: what answers here.

use axum::routing::get;
use axum::{Json, Router, extract::State};
use serde::{Deserialize, Serialize};

use crate::House;

/// What answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    /// The product and its version.
    pub version: String,
    /// The host name that clients are told.
    pub hostname: String,
    /// Does the server run?
    pub live: bool,
}

pub(super) fn routes() -> Router<House> {
    Router::new().route("/status", get(show))
}

async fn show(State(house): State<House>) -> Json<Status> {
    let version = concat!("Mailstead ", env!("CARGO_PKG_VERSION")).into();
    Json(Status { version, hostname: house.hostname.to_string(), live: house.live })
}
