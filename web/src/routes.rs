//! The table of routes: each family of pages and of the API has its rows, and here they meet.

use axum::http::StatusCode;
use axum::{Extension, Router};

use crate::api::{self, Problem};
use crate::door::{Caller, Route};
use crate::{House, door, frame, pages, public};

/// The API.
pub fn api() -> Vec<Route> {
    [
        api::status::routes(),
        api::dashboard::routes(),
        api::domains::routes(),
        api::dkim::routes(),
        api::domain_check::routes(),
        api::reports::routes(),
        api::users::routes(),
        api::rules::routes(),
        api::credentials::routes(),
        api::aliases::routes(),
        api::shared::routes(),
        api::spool::routes(),
        api::sessions::routes(),
        api::activity::routes(),
        api::guard::routes(),
        api::mailings::routes(),
        api::services::routes(),
        api::verify::routes(),
        api::archive::routes(),
        api::import::routes(),
        api::description::routes(),
        api::logs::routes(),
        api::trace::routes(),
        api::audit::routes(),
        api::settings::routes(),
        api::passwords::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The pages, and what belongs to them.
pub fn pages() -> Vec<Route> {
    [
        public::routes(),
        frame::routes(),
        pages::spool::routes(),
        pages::dashboard::routes(),
        door::sign_in::routes(),
        pages::services::routes(),
        pages::users::routes(),
        pages::mail::routes(),
        pages::domains::routes(),
        pages::aliases::routes(),
        pages::shared::routes(),
        pages::me::routes(),
        pages::api::routes(),
        pages::logs::routes(),
        pages::trace::routes(),
        pages::audit::routes(),
        pages::settings::routes(),
        pages::passwords::routes(),
        pages::connections::routes(),
        pages::blocks::routes(),
        pages::rules::routes(),
        pages::networks::routes(),
        pages::online::routes(),
        pages::inactive::routes(),
        pages::mailings::routes(),
        pages::archive::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The API for the box's owner, as the control socket serves it. Every request is the owner's.
pub fn for_owner(house: House) -> Router {
    let owner = Caller::owner(if house.live { "control socket" } else { "command line" });
    api_for(house, owner)
}

/// The API for a caller who is known already.
pub(crate) fn api_for(house: House, caller: Caller) -> Router {
    joined(api()).fallback(unknown).method_not_allowed_fallback(not_so).with_state(house).layer(Extension(caller))
}

pub(crate) fn joined(routes: Vec<Route>) -> Router<House> {
    routes.into_iter().fold(Router::new(), |router, route| route.join(router))
}

async fn unknown() -> Problem {
    Problem::not_found("there is nothing at this address; the API's addresses begin with /api/v1/")
}

async fn not_so() -> Problem {
    let message = "this address cannot be used with this method".into();
    Problem { status: StatusCode::METHOD_NOT_ALLOWED, code: "method", message }
}
