//! What every response carries, and the line that every request leaves in the log.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use mailstead_core::log::{Event, Kind, Level};

use super::Caller;
use crate::House;

/// No script or style within a page, nothing from elsewhere, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every response.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// So much of a path is logged.
const PATH_CHARS_MAX: usize = 200;

pub(super) async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Notes the request in the log.
pub(super) async fn note(State(house): State<House>, caller: Caller, request: Request, next: Next) -> Response {
    if !house.log.lets_through(Kind::Web, Level::Info) {
        return next.run(request).await;
    }
    let method = request.method().to_string();
    let path: String = request.uri().path().chars().take(PATH_CHARS_MAX).collect();
    let response = next.run(request).await;
    let event = Event::new(Kind::Web, Level::Info, "request").with("method", method).with("path", path);
    let event = event.with("status", u64::from(response.status().as_u16())).with("by", caller.name().to_string());
    house.log.write(match caller.ip() {
        Some(ip) => event.with("peer", ip.to_string()),
        None => event,
    });
    response
}
