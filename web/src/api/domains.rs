//! `domains`: list, add, change, remove.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_storage::Domain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// All domains, by name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Domains {
    /// The rows.
    pub domains: Vec<DomainRow>,
}

/// A domain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DomainRow {
    /// Its name.
    pub name: String,
    /// Receives the mail for unknown local parts.
    pub catch_all: Option<String>,
    /// Number of its users.
    pub users: usize,
    /// Number of its aliases.
    pub aliases: usize,
    /// When it was added.
    pub created: String,
}

/// A domain to add.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// Its name.
    pub name: String,
    /// Receives the mail for unknown local parts.
    #[serde(default)]
    pub catch_all: Option<String>,
}

/// What to change of a domain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainChange {
    /// Receives the mail for unknown local parts; `null` for nobody.
    pub catch_all: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/domains", list)
            .about("Lists the domains, by name.")
            .answers::<Domains>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/domains", add)
            .about("Adds a domain.")
            .body::<NewDomain>()
            .creates(),
        Route::api(Access::DomainAdmin, Method::PATCH, "/api/v1/domains/{name}", change)
            .about("Changes a domain.")
            .body::<DomainChange>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/domains/{name}", remove)
            .about("Removes a domain in which there is nobody any more."),
    ]
}

pub(crate) async fn list(State(house): State<House>, caller: Caller) -> Json<Domains> {
    let directory = house.store.directory();
    let of = |address: &str, domain: &str| address.rsplit_once('@').is_some_and(|(_, at)| at == domain);
    let row = |domain: &Domain| DomainRow {
        name: domain.name.clone(),
        catch_all: domain.catch_all.clone(),
        users: directory.by_address.keys().filter(|address| of(address, &domain.name)).count(),
        aliases: directory.aliases.keys().filter(|address| of(address, &domain.name)).count(),
        created: rfc3339(domain.created),
    };
    let mut domains: Vec<_> = directory
        .domains
        .values()
        .filter(|domain| caller.scope().covers_domain(&domain.name))
        .map(|domain| row(domain))
        .collect();
    domains.sort_by(|a, b| a.name.cmp(&b.name));
    Json(Domains { domains })
}

pub(crate) async fn add(State(house): State<House>, caller: Caller, Body(new): Body<NewDomain>) -> Answer<StatusCode> {
    let name = names::domain(&new.name)?;
    let catch_all = new.catch_all.as_deref().map(names::address).transpose()?;
    house.store.add_domain(&name, house.clock.now()).await?;
    if let Some(domain) = house.store.directory().domains.get(&name).filter(|_| catch_all.is_some()) {
        house.store.update_domain(Domain { catch_all, ..Domain::clone(domain) }).await?;
    }
    house.audit(&caller, "domain added", name);
    Ok(StatusCode::CREATED)
}

pub(crate) async fn change(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
    Body(change): Body<DomainChange>,
) -> Answer<StatusCode> {
    let name = names::domain(&name)?;
    caller.must_cover_domain(&name)?;
    let catch_all = change.catch_all.as_deref().map(names::address).transpose()?;
    let _one_edit = house.edits.lock().await;
    let Some(domain) = house.store.directory().domains.get(&name).cloned() else {
        return Err(Problem::not_found(format!("there is no domain {name}")));
    };
    house.store.update_domain(Domain { catch_all, ..Domain::clone(&domain) }).await?;
    house.audit(&caller, "domain changed", name);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<StatusCode> {
    let name = names::domain(&name)?;
    house.store.remove_domain(&name).await?;
    house.audit(&caller, "domain removed", name);
    Ok(StatusCode::NO_CONTENT)
}
