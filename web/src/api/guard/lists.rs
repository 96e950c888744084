//! `guard/blacklist` and `guard/allowlist`: list, put, remove.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::{moment, rfc3339};
use mailstead_core::guard::Network;
use mailstead_storage::{ListedNetwork, NetworkList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::{Body, Path};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// The entries of a list, by network.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NetworkEntries {
    /// The rows.
    pub entries: Vec<NetworkEntry>,
}

/// An entry of a list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NetworkEntry {
    /// An address or a network.
    pub network: String,
    /// Why, in somebody's words.
    pub note: String,
    /// Until when; absent for good.
    pub until: Option<String>,
    /// When it was added.
    pub added: String,
}

/// An entry to add, or to change.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// An address, `192.0.2.0/24`, or `2001:db8::/32`. Of IPv6 nothing smaller than a /64 is told apart.
    pub network: String,
    /// Why, at most 200 characters.
    #[serde(default)]
    pub note: String,
    /// Until when (RFC 3339); absent for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    let all = Access::SystemAdmin;
    vec![
        Route::api(all, Method::GET, "/api/v1/guard/blacklist", async |house| list(house, NetworkList::Blacklist))
            .about("Lists the networks that are never let in.")
            .answers::<NetworkEntries>(),
        Route::api(all, Method::PUT, "/api/v1/guard/blacklist", put_black)
            .about("Puts a network on the blacklist, and ends the sessions from there.")
            .body::<NewEntry>(),
        Route::api(all, Method::DELETE, "/api/v1/guard/blacklist/{network}", remove_black)
            .about("Takes a network off the blacklist."),
        Route::api(all, Method::GET, "/api/v1/guard/allowlist", async |house| list(house, NetworkList::Allowlist))
            .about("Lists the networks that are never shut out.")
            .answers::<NetworkEntries>(),
        Route::api(all, Method::PUT, "/api/v1/guard/allowlist", put_allowed)
            .about("Puts a network on the allowlist.")
            .body::<NewEntry>(),
        Route::api(all, Method::DELETE, "/api/v1/guard/allowlist/{network}", remove_allowed)
            .about("Takes a network off the allowlist."),
    ]
}

/// The entries of a list.
pub(crate) fn list(State(house): State<House>, list: NetworkList) -> Json<NetworkEntries> {
    Json(NetworkEntries { entries: house.guard.listed(list).into_iter().map(NetworkEntry::from).collect() })
}

async fn put_black(house: State<House>, caller: Caller, Body(entry): Body<NewEntry>) -> Answer<StatusCode> {
    put(&house, &caller, NetworkList::Blacklist, &entry).await.map(|_| StatusCode::NO_CONTENT)
}

async fn put_allowed(house: State<House>, caller: Caller, Body(entry): Body<NewEntry>) -> Answer<StatusCode> {
    put(&house, &caller, NetworkList::Allowlist, &entry).await.map(|_| StatusCode::NO_CONTENT)
}

async fn remove_black(house: State<House>, caller: Caller, Path(network): Path<String>) -> Answer<StatusCode> {
    remove(&house, &caller, NetworkList::Blacklist, &network).await
}

async fn remove_allowed(house: State<House>, caller: Caller, Path(network): Path<String>) -> Answer<StatusCode> {
    remove(&house, &caller, NetworkList::Allowlist, &network).await
}

/// Adds or changes an entry. Returns how many sessions were ended.
pub(crate) async fn put(house: &House, caller: &Caller, list: NetworkList, entry: &NewEntry) -> Answer<usize> {
    let network: Network = entry.network.parse()?;
    if entry.note.chars().any(char::is_control) {
        return Err(Problem::invalid("the note contains a control character"));
    }
    let wrong = || Problem::invalid("the end is no moment of RFC 3339; write 2026-12-31T00:00:00Z");
    let until = entry.until.as_deref().map(|text| moment(text).ok_or_else(wrong)).transpose()?;
    if until.is_some_and(|until| until <= house.clock.now()) {
        return Err(Problem::invalid("the end is in the past"));
    }
    let own = caller.ip().map(mailstead_core::guard::Origin::of);
    if list == NetworkList::Blacklist && own.is_some_and(|own| network.contains(own)) {
        return Err(Problem::invalid(format!("{network} contains the address that you come from")));
    }
    let count = house.guard.put_listed(list, network, entry.note.trim(), until).await?;
    let what = match list {
        NetworkList::Blacklist => "network blacklisted",
        NetworkList::Allowlist => "network allowlisted",
    };
    house.audit(caller, what, network.to_string());
    Ok(count)
}

/// Removes an entry.
pub(crate) async fn remove(house: &House, caller: &Caller, list: NetworkList, network: &str) -> Answer<StatusCode> {
    let network: Network = network.parse()?;
    house.guard.remove_listed(list, network).await?;
    let what = match list {
        NetworkList::Blacklist => "network taken off the blacklist",
        NetworkList::Allowlist => "network taken off the allowlist",
    };
    house.audit(caller, what, network.to_string());
    Ok(StatusCode::NO_CONTENT)
}

impl From<ListedNetwork> for NetworkEntry {
    fn from(entry: ListedNetwork) -> NetworkEntry {
        NetworkEntry {
            network: entry.network,
            note: entry.note,
            until: entry.until.map(rfc3339),
            added: rfc3339(entry.added),
        }
    }
}
