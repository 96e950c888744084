//! What anybody may see: the status page and two probes. Tells a mail client what to enter and
//! nothing about the people of the box. No route here changes anything.

mod status;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mailstead_core::log::{Event, Kind, Level};
use mailstead_core::work;

use crate::House;
use crate::door::{Access, Route};

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

/// So much of a path is logged.
const PATH_CHARS_MAX: usize = 200;

/// The public pages of this house.
pub fn router(house: House) -> Router {
    crate::routes::joined(crate::routes::pages())
        .fallback(nothing_here)
        .with_state(house.clone())
        .layer(from_fn(crate::frame::forget))
        .layer(map_response(guard))
        .layer(from_fn_with_state(house, note))
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::Anonymous, "/", get(status::page)),
        Route::page(Access::Anonymous, "/healthz", get(alive)),
        Route::page(Access::Anonymous, "/readyz", get(ready)),
        Route::page(Access::Anonymous, "/style.css", get(style)),
    ]
}

/// Notes the request in the log.
async fn note(State(house): State<House>, request: Request, next: Next) -> Response {
    if !house.log.lets_through(Kind::Web, Level::Info) {
        return next.run(request).await;
    }
    let method = request.method().to_string();
    let path: String = request.uri().path().chars().take(PATH_CHARS_MAX).collect();
    let response = next.run(request).await;
    let event = Event::new(Kind::Web, Level::Info, "request").with("method", method).with("path", path);
    house.log.write(event.with("status", u64::from(response.status().as_u16())));
    response
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
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::api::tests::Fixture;
    use crate::door::ANONYMOUS;

    async fn ask(fixture: &Fixture, method: &str, path: &str) -> Response {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        router(fixture.house.clone()).oneshot(request).await.expect("infallible")
    }

    #[tokio::test]
    async fn the_list_of_anonymous_routes_is_the_router_s() {
        let served: Vec<_> = routes().into_iter().map(|route| route.path()).collect();
        assert_eq!(served, ANONYMOUS);
        let fixture = Fixture::new(true);
        for path in ANONYMOUS {
            assert_ne!(ask(&fixture, "GET", path).await.status(), StatusCode::NOT_FOUND, "{path}");
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let status = ask(&fixture, method, path).await.status();
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            }
        }
        for path in ["/api/v1/users", "/api/v1/status", "/admin", "/..", "//"] {
            assert_eq!(ask(&fixture, "GET", path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn every_response_is_guarded() {
        let fixture = Fixture::new(true);
        for path in ["/", "/style.css", "/healthz", "/nothing"] {
            let answer = ask(&fixture, "GET", path).await;
            let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
        }
    }

    #[tokio::test]
    async fn the_page_tells_ports_and_no_people() {
        let fixture = Fixture::new(true);
        fixture.house.store.add_domain("private.test", fixture.house.clock.now()).await.expect("added");
        assert_eq!(ask(&fixture, "GET", "/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        fixture.house.services.start("web").await.expect("started");
        assert_eq!(ask(&fixture, "GET", "/readyz").await.status(), StatusCode::OK);
        let port = fixture.house.services.list()[0].listening[0].port().to_string();
        let body = ask(&fixture, "GET", "/").await.into_body().collect().await.expect("a body").to_bytes();
        let page = String::from_utf8_lossy(&body).into_owned();
        assert!(page.contains("mx.example.test") && page.contains(&port), "{page}");
        for forbidden in ["private.test", "<script", "style=", "127.0.0.1"] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
        fixture.house.services.stop("web").await.expect("stopped");
    }
}
