//! `services`: list, start, stop. The choice survives a restart.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::service::ServiceRow as Row;
use mailstead_core::work;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Path;
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route};

/// All services.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceList {
    /// The rows.
    pub services: Vec<ServiceRow>,
}

/// A service.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Does it run now?
    pub active: bool,
    /// Shall it run when the box starts?
    pub wanted: bool,
    /// Where it listens.
    pub listening: Vec<String>,
    /// Why it could not start, when it could not.
    pub error: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/services", list)
            .about("Lists the services.")
            .answers::<ServiceList>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/services/{name}/start", start)
            .about("Starts a service, now and whenever the box starts."),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/services/{name}/stop", stop)
            .about("Stops a service until it is started again."),
    ]
}

pub(crate) async fn list(State(house): State<House>) -> Json<ServiceList> {
    let rows = work::read(move || house.services.list()).await;
    Json(ServiceList { services: rows.into_iter().map(ServiceRow::from).collect() })
}

pub(crate) async fn start(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<StatusCode> {
    known(&house, &name).await?;
    let outcome = match house.live {
        true => house.services.start(&name).await,
        false => house.services.choose(&name, true).await,
    };
    outcome.map_err(|why| Problem::failed(format!("{name} cannot start: {why}")))?;
    house.audit(&caller, "service started", name);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn stop(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<StatusCode> {
    known(&house, &name).await?;
    house.services.stop(&name).await.map_err(Problem::failed)?;
    house.audit(&caller, "service stopped", name);
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a name that no service has.
async fn known(house: &House, name: &str) -> Answer<()> {
    let services = house.services.clone();
    let rows = work::read(move || services.list()).await;
    if rows.iter().any(|row| row.name == name) {
        return Ok(());
    }
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    Err(Problem::not_found(format!("there is no service {name:?}; there are {}", names.join(", "))))
}

impl From<Row> for ServiceRow {
    fn from(row: Row) -> ServiceRow {
        ServiceRow {
            name: row.name.into(),
            description: row.description.into(),
            active: row.active,
            wanted: row.wanted,
            listening: row.listening.iter().map(ToString::to_string).collect(),
            error: row.error,
        }
    }
}
