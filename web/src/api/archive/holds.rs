//! Legal holds: searches whose messages are kept whatever the rules say.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::{ArchiveCriteria, ArchiveHold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::records::{ArchiveQuery, criteria, told};
use crate::House;
use crate::api::extract::{Body, Path};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Most characters of a reason.
const WHY_CHARS_MAX: usize = 1000;

/// The legal holds.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Holds {
    /// By number.
    pub holds: Vec<HoldRow>,
}

/// A legal hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HoldRow {
    /// Its number.
    pub id: u32,
    /// What it keeps.
    pub criteria: ArchiveCriteria,
    /// The same in a line.
    pub what: String,
    /// Why.
    pub why: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub created: String,
}

/// A new legal hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Why; it has to be said.
    pub why: String,
    /// What it keeps: all that this search finds, now and later. Without any word, everything.
    #[serde(default)]
    pub search: ArchiveQuery,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/archive/holds", shown)
            .about("Lists the legal holds.")
            .answers::<Holds>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/archive/holds", new)
            .about("Keeps all that a search finds, whatever the rules say.")
            .body::<NewHold>()
            .answers::<HoldRow>()
            .creates(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/archive/holds/{id}", lift)
            .about("Ends a legal hold: the rules count again for what it kept."),
    ]
}

async fn shown(State(house): State<House>) -> Answer<Json<Holds>> {
    list(&house).await.map(Json)
}

/// All holds.
pub(crate) async fn list(house: &House) -> Answer<Holds> {
    let store = house.store.clone();
    let holds = work::read(move || store.archive_holds()).await?;
    Ok(Holds { holds: holds.into_iter().map(HoldRow::from).collect() })
}

async fn new(
    State(house): State<House>,
    caller: Caller,
    Body(hold): Body<NewHold>,
) -> Answer<(StatusCode, Json<HoldRow>)> {
    Ok((StatusCode::CREATED, Json(add(&house, &caller, hold).await?)))
}

/// Makes a hold.
pub(crate) async fn add(house: &House, caller: &Caller, hold: NewHold) -> Answer<HoldRow> {
    let why = hold.why.trim().to_owned();
    if why.is_empty() || why.chars().count() > WHY_CHARS_MAX {
        return Err(Problem::invalid(format!("say why, in {WHY_CHARS_MAX} characters at most")));
    }
    let (created, by) = (house.clock.now(), caller.name().to_owned());
    let mut hold = ArchiveHold { id: 0, criteria: criteria(&hold.search)?, why, by, created };
    hold.id = house.store.add_archive_hold(hold.clone()).await?;
    house.audit(caller, "legal hold made", format!("hold {}: {} ({})", hold.id, told(&hold.criteria), hold.why));
    Ok(hold.into())
}

async fn lift(State(house): State<House>, caller: Caller, Path(id): Path<u32>) -> Answer<StatusCode> {
    remove(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a hold.
pub(crate) async fn remove(house: &House, caller: &Caller, id: u32) -> Answer<()> {
    house.store.remove_archive_hold(id).await?;
    house.audit(caller, "legal hold ended", format!("hold {id}"));
    Ok(())
}

impl From<ArchiveHold> for HoldRow {
    fn from(hold: ArchiveHold) -> HoldRow {
        let ArchiveHold { id, criteria, why, by, created } = hold;
        HoldRow { id, what: told(&criteria), criteria, why, by, created: rfc3339(created) }
    }
}
