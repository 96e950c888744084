//! What anybody may see: the status page and two probes. Tells a mail client what to enter and
//! nothing about the people of the box. No route here changes anything.

mod metrics;
mod status;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mailstead_core::work;

use crate::House;
use crate::door::{Access, Route};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::Anonymous, "/", get(status::page)),
        Route::page(Access::Anonymous, "/healthz", get(alive)),
        Route::page(Access::Anonymous, "/metrics", get(metrics::show)),
        Route::page(Access::Anonymous, "/readyz", get(ready)),
        Route::page(Access::Anonymous, "/style.css", get(style)),
    ]
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Ready when every service that shall run does.
async fn ready(State(house): State<House>) -> (StatusCode, &'static str) {
    let rows = work::read(move || house.services.list()).await;
    match rows.iter().all(|row| row.active || !row.wanted) {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, include_str!("style.css")).into_response()
}
