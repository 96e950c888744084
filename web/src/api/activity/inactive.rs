//! `inactive-users`: users who have not logged in by any route for long.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::work;
use mailstead_storage::{Account, Directory, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::Answer;
use crate::api::extract::Query;
use crate::api::users;
use crate::door::{Access, Caller, Route};

/// For so many days after it was made nobody expects an account to be used; only then its inactivity begins.
const FIRST_DAYS: u64 = 30;
/// What counts as long when nothing else is asked for.
const DAYS: u64 = 30;
/// Most days that may be asked for.
const DAYS_MAX: u64 = 3650;
/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// How long is long.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InactiveQuery {
    /// So many days, 30 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
}

/// Inactive users, by address.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct InactiveList {
    /// The rows.
    pub users: Vec<InactiveUser>,
}

/// An inactive user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InactiveUser {
    /// The main address.
    pub user: String,
    /// May the user log in?
    pub enabled: bool,
    /// Does the user administer a domain, or the box?
    pub is_administrator: bool,
    /// The last login; absent when there never was one.
    pub last_login: Option<String>,
    /// When the account was made.
    pub created: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/inactive-users", list)
            .about(
                "Lists the users who have not logged in by any route for so many days. The first 30 days of an account do \
                 not count.",
            )
            .query::<InactiveQuery>()
            .answers::<InactiveList>(),
    ]
}

pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<InactiveQuery>,
) -> Answer<Json<InactiveList>> {
    work::read_long(move || {
        let directory = house.store.directory();
        let users = found(&house, &directory, &caller, query.days.unwrap_or(DAYS))?;
        Ok(Json(InactiveList { users: users.iter().map(InactiveUser::of).collect() }))
    })
    .await
}

/// An account that was not used, and when it was for the last time.
pub(crate) struct Inactive<'d> {
    pub(crate) account: &'d Account,
    pub(crate) login: Option<Time>,
}

/// The users that the caller sees who have not logged in for so many days, in the order of their addresses.
pub(crate) fn found<'d>(
    house: &House,
    directory: &'d Directory,
    caller: &Caller,
    days: u64,
) -> Answer<Vec<Inactive<'d>>> {
    let since = Time(house.clock.now().0.saturating_sub(days.clamp(1, DAYS_MAX) * DAY));
    let logins = house.store.last_logins()?;
    let seen = users::seen(directory, caller, None)
        .map(|account| Inactive { login: logins.get(&account.id).copied(), account });
    Ok(seen.filter(|one| is_inactive(one.account.created, one.login, since)).collect())
}

impl InactiveUser {
    pub(crate) fn of(inactive: &Inactive) -> InactiveUser {
        let Inactive { account, login } = inactive;
        InactiveUser {
            user: account.address.clone(),
            enabled: account.enabled,
            is_administrator: account.role != Role::User,
            last_login: login.map(rfc3339),
            created: rfc3339(account.created),
        }
    }
}

/// Has there been no login since then?
fn is_inactive(created: Time, login: Option<Time>, since: Time) -> bool {
    let begins = Time(created.0 + FIRST_DAYS * DAY);
    login.map_or(begins, |login| login.max(begins)) <= since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inactivity_begins_after_the_first_days() {
        let day = |day: u64| Time(1_700_000_000_000 + day * DAY);
        let check = |login: Option<u64>, today: u64, days: u64, expected: bool| {
            assert_eq!(is_inactive(day(0), login.map(day), day(today - days)), expected, "{login:?} {today} {days}");
        };
        check(None, 59, 30, false);
        check(None, 60, 30, true);
        check(Some(5), 59, 30, false);
        check(Some(5), 60, 30, true);
        check(Some(40), 69, 30, false);
        check(Some(40), 70, 30, true);
        check(Some(40), 129, 90, false);
        check(Some(40), 130, 90, true);
    }
}
