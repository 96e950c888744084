//! Who may do what. Every route is a row of one table that says who may use it ([`Route`]); every request
//! comes with a [`Caller`], who may see and change what lies in the caller's [`Scope`].
//!
//! A route without an access cannot be written, and a request without a caller reaches no handler. Callers are known
//! by a web session's cookie or an API token ([`identify`]); what another site makes a browser send is refused.

mod access;
mod caller;
mod cookie;
mod forwarded;
mod headers;
mod identify;
mod route;
mod scope;
pub(crate) mod sign_in;
#[cfg(test)]
mod tests;
mod tries;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::csrf::CsrfLayer;

pub use access::Access;
pub use caller::{Caller, Means};
pub use forwarded::client;
pub use identify::Credential;
pub use route::{Operation, Payload, Route};
pub use scope::Scope;
pub use tries::Tries;

use crate::api::Problem;
use crate::frame::Failure;
use crate::{House, frame, routes};

/// Every address that answers without a login, as the table of routes has it. None of them changes
/// anything but who is signed in: a test holds them against the router.
pub const ANONYMOUS: [&str; 9] = [
    "/",
    "/frame/script.js",
    "/frame/style.css",
    "/healthz",
    "/metrics",
    "/readyz",
    "/sign-in",
    "/sign-in/code",
    "/style.css",
];

/// All pages and the API, for whoever comes over the network.
pub fn router(house: House) -> Router {
    routes::joined(routes::pages().into_iter().chain(routes::api()).collect())
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .with_state(house.clone())
        .layer(from_fn(frame::forget))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(house.clone(), headers::note))
        .layer(from_fn_with_state(house, identify::identify))
        .layer(map_response(headers::guard))
        .layer(compression())
}

fn compression() -> CompressionLayer<impl Predicate> {
    let when = SizeAbove::new(headers::COMPRESSED_BYTES_MIN).and(headers::is_for_reading);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(when)
}

async fn nothing_here(request: Request) -> Response {
    told(&request, Problem::not_found("there is nothing at this address"))
}

async fn not_so(request: Request) -> Response {
    let message = "this address cannot be used with this method".into();
    told(&request, Problem { status: StatusCode::METHOD_NOT_ALLOWED, code: "method", message })
}

/// As JSON to programs, as a page to people.
fn told(request: &Request, problem: Problem) -> Response {
    match request.uri().path().starts_with("/api/") {
        true => problem.into_response(),
        false => Failure::from(problem).into_response(),
    }
}
