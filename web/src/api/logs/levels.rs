//! How much is logged: the level of each kind, changed while the box runs and kept.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::log::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{kind, level};
use crate::House;
use crate::api::Answer;
use crate::api::extract::Body;
use crate::door::{Access, Caller, Route};

/// The setting that keeps them.
const SETTING: &str = "log.levels";

/// The level of each kind.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Levels {
    /// `debug`, `info`, `warning` or `error` by kind: the least that is logged.
    pub levels: BTreeMap<String, String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/logs/levels", show)
            .about("Tells how much is logged of each kind.")
            .answers::<Levels>(),
        Route::api(Access::SystemAdmin, Method::PATCH, "/api/v1/logs/levels", change)
            .about("Changes how much is logged of the kinds that are named, at once and from then on.")
            .body::<Levels>(),
    ]
}

async fn show(State(house): State<House>) -> Json<Levels> {
    Json(list(&house))
}

/// How much is logged of each kind.
pub(crate) fn list(house: &House) -> Levels {
    let level = |kind: Kind| house.log.level(kind).map(|level| (kind.name().to_owned(), level.name().to_owned()));
    Levels { levels: Kind::ALL.into_iter().filter_map(level).collect() }
}

async fn change(State(house): State<House>, caller: Caller, Body(wanted): Body<Levels>) -> Answer<StatusCode> {
    set(&house, &caller, wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes how much is logged, at once and from then on.
pub(crate) async fn set(house: &House, caller: &Caller, wanted: Levels) -> Answer<()> {
    let mut all = list(house).levels;
    for (name, value) in &wanted.levels {
        kind(name)?;
        level(value)?;
        all.insert(name.clone(), value.clone());
    }
    let value = toml::Value::Table(all.into_iter().map(|(kind, level)| (kind, level.into())).collect());
    crate::api::settings::set(house, caller, SETTING, Some(value)).await
}
