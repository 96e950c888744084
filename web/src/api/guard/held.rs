//! `guard/held`: users who have sent to very many and whose messages wait in the spool; release.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::rfc3339;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::Path;
use crate::api::spool::acts::Counted;
use crate::api::users::find_for;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Users whose messages are held, the latest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HeldList {
    /// The rows.
    pub users: Vec<HeldUser>,
}

/// A user whose messages are held.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HeldUser {
    /// The main address.
    pub user: String,
    /// Since when.
    pub since: String,
    /// Which rule did it.
    pub why: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/guard/held", list)
            .about("Lists the users whose messages are held in the spool.")
            .answers::<HeldList>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/guard/held/{address}", release)
            .about("Lets go what a user has sent and will send. Counts the messages that had waited.")
            .answers::<Counted>(),
    ]
}

pub(crate) async fn list(State(house): State<House>) -> Json<HeldList> {
    let directory = house.store.directory();
    let users = house.guard.holds().into_iter().filter_map(|hold| {
        let user = directory.accounts.get(&hold.account)?.address.clone();
        Some(HeldUser { user, since: rfc3339(hold.since), why: hold.why })
    });
    Json(HeldList { users: users.collect() })
}

pub(crate) async fn release(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Counted>> {
    let account = find_for(&house, &caller, &address)?;
    if !house.guard.is_held(account.id) {
        return Err(Problem::not_found(format!("nothing that {} sends is held", account.address)));
    }
    let count = house.guard.release(account.id).await?;
    house.audit(&caller, "user's messages released", account.address.clone());
    Ok(Json(Counted { count }))
}
