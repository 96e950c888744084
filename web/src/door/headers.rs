//! What every response carries, and the line that every request leaves in the log.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
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

/// Shorter responses are sent as they are.
pub(super) const COMPRESSED_BYTES_MIN: u64 = 1024;
/// What is compressed. What comes line by line or event by event is not: each is to arrive at once.
const COMPRESSED: [&str; 5] = ["text/html", "text/css", "text/javascript", "text/csv", "application/json"];

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

/// Is it text that is sent as a whole?
pub(super) fn is_for_reading(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    COMPRESSED.iter().any(|compressed| kind.starts_with(compressed))
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
