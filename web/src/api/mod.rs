//! The JSON API under `/api/v1/`: one file for each family. Whoever can reach it has full rights,
//! so it is served on the control socket only.
//!
//! Errors are `{"error": {"code": "…", "message": "…"}}`; every change is noted in the audit log.

pub mod aliases;
pub mod dkim;
pub mod domain_check;
pub mod domains;
mod error;
mod extract;
pub mod import;
pub mod mailings;
mod names;
pub mod reports;
pub mod rules;
pub mod services;
pub mod sessions;
pub mod shared;
pub mod size;
pub mod spool;
pub mod status;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
pub mod users;
pub mod verify;

use axum::Router;
use axum::http::StatusCode;

pub use error::{ErrorBody, ErrorDetail, Problem};

use crate::House;

/// What every handler returns.
type Answer<T> = Result<T, Problem>;

/// The API of this house, with full rights.
pub fn router(house: House) -> Router {
    let families = Router::new()
        .merge(status::routes())
        .merge(domains::routes())
        .merge(dkim::routes())
        .merge(domain_check::routes())
        .merge(reports::routes())
        .merge(users::routes())
        .merge(rules::routes())
        .merge(aliases::routes())
        .merge(shared::routes())
        .merge(spool::routes())
        .merge(mailings::routes())
        .merge(sessions::routes())
        .merge(services::routes())
        .merge(verify::routes())
        .merge(import::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(not_so)
        .with_state(house);
    Router::new().nest("/api/v1", families).fallback(unknown)
}

async fn unknown() -> Problem {
    Problem::not_found("there is nothing at this address; the API's addresses begin with /api/v1/")
}

async fn not_so() -> Problem {
    let message = "this address cannot be used with this method".into();
    Problem { status: StatusCode::METHOD_NOT_ALLOWED, code: "method", message }
}
