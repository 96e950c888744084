//! What anybody may see: the status page and two probes. Tells a mail client what to enter and
//! nothing about the people of the box. No route here changes anything.

mod status;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use mailstead_core::work;

use crate::House;

/// Every address that answers without a login. All are read-only.
pub const ANONYMOUS: [&str; 4] = ["/", "/healthz", "/readyz", "/style.css"];

/// Headers of every response. No script runs and nothing is fetched from elsewhere.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// The public pages of this house.
pub fn router(house: House) -> Router {
    let pages = routes().into_iter().fold(Router::new(), |pages, (path, route)| pages.route(path, route));
    pages.fallback(nothing_here).with_state(house).layer(map_response(guard))
}

fn routes() -> Vec<(&'static str, MethodRouter<House>)> {
    vec![
        ("/", get(status::page)),
        ("/healthz", get(alive)),
        ("/readyz", get(ready)),
        ("/style.css", get(style)),
    ]
}

async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
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

async fn nothing_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing at this address.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_anonymous_routes_is_the_router_s() {
        let served: Vec<_> = routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(served, ANONYMOUS);
    }
}
