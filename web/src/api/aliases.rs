//! `aliases`: list, put, remove.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_storage::{Alias, Directory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Most addresses that one alias may lead to.
const TARGETS_MAX: usize = 1000;

/// All aliases, by address.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Aliases {
    /// The rows.
    pub aliases: Vec<AliasRow>,
}

/// An alias.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AliasRow {
    /// The address that receives.
    pub address: String,
    /// Where its mail goes.
    pub targets: Vec<String>,
    /// When it was added.
    pub created: String,
}

/// Where an alias is to lead.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Addresses, here or elsewhere.
    pub targets: Vec<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/aliases", list)
            .about("Lists the aliases, by address.")
            .answers::<Aliases>(),
        Route::api(Access::DomainAdmin, Method::PUT, "/api/v1/aliases/{address}", put)
            .about("Makes an alias, or lets it lead elsewhere.")
            .body::<Targets>(),
        Route::api(Access::DomainAdmin, Method::DELETE, "/api/v1/aliases/{address}", remove).about("Removes an alias."),
    ]
}

pub(crate) async fn list(State(house): State<House>, caller: Caller) -> Json<Aliases> {
    let directory = house.store.directory();
    Json(Aliases { aliases: seen(&directory, &caller).map(AliasRow::of).collect() })
}

/// The aliases that the caller sees, in the order of their addresses.
pub(crate) fn seen<'d>(directory: &'d Directory, caller: &Caller) -> impl Iterator<Item = &'d Alias> {
    let seen = directory.aliases.iter().filter(|(address, _)| caller.scope().covers_address(address));
    seen.map(|(_, alias)| &**alias)
}

impl AliasRow {
    pub(crate) fn of(alias: &Alias) -> AliasRow {
        let Alias { address, targets, created, .. } = alias;
        AliasRow { address: address.clone(), targets: targets.clone(), created: rfc3339(*created) }
    }
}

pub(crate) async fn put(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(wanted): Body<Targets>,
) -> Answer<StatusCode> {
    let address = names::address(&address)?;
    caller.must_cover_address(&address)?;
    let targets = wanted.targets.iter().map(|target| names::address(target)).collect::<Result<Vec<_>, _>>()?;
    if targets.is_empty() {
        return Err(Problem::invalid("an alias leads to at least one address; remove it if it is not needed"));
    }
    if targets.len() > TARGETS_MAX {
        return Err(Problem::invalid(format!("an alias leads to {TARGETS_MAX} addresses at most")));
    }
    if targets.contains(&address) {
        return Err(Problem::invalid(format!("{address} cannot be an alias of itself")));
    }
    house.store.put_alias(&address, targets, house.clock.now()).await?;
    house.audit(&caller, "alias put", address);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<StatusCode> {
    let address = names::address(&address)?;
    caller.must_cover_address(&address)?;
    house.store.remove_alias(&address).await?;
    house.audit(&caller, "alias removed", address);
    Ok(StatusCode::NO_CONTENT)
}
