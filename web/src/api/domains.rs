//! `domains`: list, add, change, remove.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::{Json, Router};
use mailstead_core::clock::rfc3339;
use mailstead_storage::Domain;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem, names};
use crate::House;

/// All domains, by name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Domains {
    /// The rows.
    pub domains: Vec<DomainRow>,
}

/// A domain.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// Its name.
    pub name: String,
    /// Receives the mail for unknown local parts.
    #[serde(default)]
    pub catch_all: Option<String>,
}

/// What to change of a domain.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainChange {
    /// Receives the mail for unknown local parts; `null` for nobody.
    pub catch_all: Option<String>,
}

pub(super) fn routes() -> Router<House> {
    Router::new().route("/domains", get(list).post(add)).route("/domains/{name}", patch(change).delete(remove))
}

async fn list(State(house): State<House>) -> Json<Domains> {
    let directory = house.store.directory();
    let of = |address: &str, domain: &str| address.rsplit_once('@').is_some_and(|(_, at)| at == domain);
    let row = |domain: &Domain| DomainRow {
        name: domain.name.clone(),
        catch_all: domain.catch_all.clone(),
        users: directory.by_address.keys().filter(|address| of(address, &domain.name)).count(),
        aliases: directory.aliases.keys().filter(|address| of(address, &domain.name)).count(),
        created: rfc3339(domain.created),
    };
    let mut domains: Vec<_> = directory.domains.values().map(|domain| row(domain)).collect();
    domains.sort_by(|a, b| a.name.cmp(&b.name));
    Json(Domains { domains })
}

async fn add(State(house): State<House>, Body(new): Body<NewDomain>) -> Answer<StatusCode> {
    let name = names::domain(&new.name)?;
    let catch_all = new.catch_all.as_deref().map(names::address).transpose()?;
    house.store.add_domain(&name, house.clock.now()).await?;
    if let Some(domain) = house.store.directory().domains.get(&name).filter(|_| catch_all.is_some()) {
        house.store.update_domain(Domain { catch_all, ..Domain::clone(domain) }).await?;
    }
    house.audit("domain added", name);
    Ok(StatusCode::CREATED)
}

async fn change(
    State(house): State<House>,
    Path(name): Path<String>,
    Body(change): Body<DomainChange>,
) -> Answer<StatusCode> {
    let name = names::domain(&name)?;
    let catch_all = change.catch_all.as_deref().map(names::address).transpose()?;
    let _one_edit = house.edits.lock().await;
    let Some(domain) = house.store.directory().domains.get(&name).cloned() else {
        return Err(Problem::not_found(format!("there is no domain {name}")));
    };
    house.store.update_domain(Domain { catch_all, ..Domain::clone(&domain) }).await?;
    house.audit("domain changed", name);
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(house): State<House>, Path(name): Path<String>) -> Answer<StatusCode> {
    let name = names::domain(&name)?;
    house.store.remove_domain(&name).await?;
    house.audit("domain removed", name);
    Ok(StatusCode::NO_CONTENT)
}
