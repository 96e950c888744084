//! `domains/{name}/dkim`: the keys that a domain's mail is signed with.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::authenticity::{ascii_domain, key_pair, rotation};
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::{Domain, KeyAlgorithm, KeyState, SigningKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Path;
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// A domain's keys.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Keys {
    /// In the order in which they were made.
    pub keys: Vec<KeyRow>,
}

/// One key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyRow {
    /// Its selector.
    pub selector: String,
    /// What kind it is.
    pub algorithm: KeyAlgorithm,
    /// What it is used for.
    pub state: KeyState,
    /// When it was made.
    pub created: String,
    /// The TXT record that publishes it.
    pub record: Record,
}

/// A TXT record.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Its text, in one piece.
    pub text: String,
    /// Its text as a zone file has it, cut into strings.
    pub zone: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/domains/{name}/dkim", list)
            .about("Lists the keys that a domain's mail is signed with.")
            .answers::<Keys>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/domains/{name}/dkim", make)
            .about("Makes new keys. The first ones sign at once, later ones when they are activated.")
            .answers::<Keys>()
            .creates(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/domains/{name}/dkim/activate", activate)
            .about("Signs with the keys that wait, from now on.")
            .answers::<Keys>(),
    ]
}

pub(crate) async fn list(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<Json<Keys>> {
    Ok(Json(shown(&domain(&house, &caller, &name)?)))
}

/// Makes a new set. The first one signs at once.
pub(crate) async fn make(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<(StatusCode, Json<Keys>)> {
    let _one_edit = house.edits.lock().await;
    let old = domain(&house, &caller, &name)?;
    let place = rotation::free_place(&old.signing_keys);
    let (domain, key, now) = (old.name.clone(), house.box_key.clone(), house.clock.now());
    let made: Result<Vec<SigningKey>, String> = work::compute(move || {
        let make = |(algorithm, name)| key_pair::make(&domain, &rotation::selector(place, name), algorithm, &key, now);
        rotation::SET.into_iter().map(make).collect()
    })
    .await;
    let signing_keys = rotation::with_new(old.signing_keys.clone(), made.map_err(Problem::failed)?);
    let new = Domain { signing_keys, ..old };
    house.store.update_domain(new.clone()).await?;
    house.audit(&caller, "signing keys made", new.name.clone());
    Ok((StatusCode::CREATED, Json(shown(&new))))
}

/// The set that waits signs from now on.
pub(crate) async fn activate(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Json<Keys>> {
    let _one_edit = house.edits.lock().await;
    let old = domain(&house, &caller, &name)?;
    let Some(signing_keys) = rotation::activated(old.signing_keys.clone()) else {
        return Err(Problem::invalid(format!("no keys of {} wait to be used; make some first", old.name)));
    };
    let new = Domain { signing_keys, ..old };
    house.store.update_domain(new.clone()).await?;
    house.audit(&caller, "signing keys changed", new.name.clone());
    Ok(Json(shown(&new)))
}

fn domain(house: &House, caller: &Caller, name: &str) -> Result<Domain, Problem> {
    let name = names::domain(name)?;
    caller.must_cover_domain(&name)?;
    let found = house.store.directory().domains.get(&name).cloned();
    found.map(|domain| Domain::clone(&domain)).ok_or_else(|| Problem::not_found(format!("there is no domain {name}")))
}

fn shown(domain: &Domain) -> Keys {
    let row = |key: &SigningKey| {
        let text = key_pair::record(key);
        let name = key_pair::record_name(&ascii_domain(&domain.name), &key.selector);
        KeyRow {
            selector: key.selector.clone(),
            algorithm: key.algorithm,
            state: key.state,
            created: rfc3339(key.created),
            record: Record { name, zone: key_pair::quoted(&text), text },
        }
    };
    Keys { keys: domain.signing_keys.iter().map(row).collect() }
}
