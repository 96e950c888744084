//! The rules: which mail is archived, and for how long it is kept.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::{ArchiveDirection, ArchiveRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::{Body, Path};
use crate::api::{Answer, Problem, names};
use crate::door::{Access, Caller, Route};

/// Most days for which records are kept, unless for ever.
const KEEP_DAYS_MAX: u32 = 36_525;

/// The rules.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rules {
    /// By number; those that take copies first.
    pub rules: Vec<RuleRow>,
}

/// A rule.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleRow {
    /// Its number.
    pub id: u32,
    /// Mail of this domain; of all domains without.
    pub domain: Option<String>,
    /// Which of it.
    pub direction: ArchiveDirection,
    /// For how many days its messages are kept; for ever without.
    pub keep_days: Option<u32>,
    /// When it was made.
    pub created: String,
    /// By whom.
    pub by: String,
    /// Since when it takes no more copies.
    pub ended: Option<String>,
}

/// A new rule.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// Mail of this domain; of all domains without.
    #[serde(default)]
    pub domain: Option<String>,
    /// Which of it.
    pub direction: ArchiveDirection,
    /// For how many days its messages are kept; for ever without.
    #[serde(default)]
    pub keep_days: Option<u32>,
}

/// For how long a rule's messages are kept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// So many days; for ever without.
    pub keep_days: Option<u32>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/archive/rules", shown)
            .about("Lists the archive's rules.")
            .answers::<Rules>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/archive/rules", new)
            .about("Has mail archived from now on.")
            .body::<NewRule>()
            .answers::<RuleRow>()
            .creates(),
        Route::api(Access::SystemAdmin, Method::PATCH, "/api/v1/archive/rules/{id}", change)
            .about("Says for how long a rule's messages are kept.")
            .body::<Keep>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/archive/rules/{id}", remove)
            .about("Archives no more mail for this rule. What it archived is kept for as long as it says."),
    ]
}

async fn shown(State(house): State<House>) -> Answer<Json<Rules>> {
    list(&house).await.map(Json)
}

/// All rules.
pub(crate) async fn list(house: &House) -> Answer<Rules> {
    let store = house.store.clone();
    let mut rules: Vec<RuleRow> =
        work::read(move || store.archive_rules()).await?.into_iter().map(RuleRow::from).collect();
    rules.sort_by_key(|rule| rule.ended.is_some());
    Ok(Rules { rules })
}

async fn new(
    State(house): State<House>,
    caller: Caller,
    Body(rule): Body<NewRule>,
) -> Answer<(StatusCode, Json<RuleRow>)> {
    Ok((StatusCode::CREATED, Json(add(&house, &caller, rule).await?)))
}

/// Makes a rule.
pub(crate) async fn add(house: &House, caller: &Caller, rule: NewRule) -> Answer<RuleRow> {
    check(rule.keep_days)?;
    let domain = rule.domain.map(|domain| names::domain(&domain)).transpose()?;
    let (created, by) = (house.clock.now(), caller.name().to_owned());
    let NewRule { direction, keep_days, .. } = rule;
    let mut rule = ArchiveRule { id: 0, domain, direction, keep_days, created, by, ended: None };
    rule.id = house.store.add_archive_rule(rule.clone()).await?;
    house.audit(caller, "archive rule made", told(&rule));
    Ok(rule.into())
}

async fn change(
    State(house): State<House>,
    caller: Caller,
    Path(id): Path<u32>,
    Body(Keep { keep_days }): Body<Keep>,
) -> Answer<StatusCode> {
    keep(&house, &caller, id, keep_days).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says for how long a rule's messages are kept.
pub(crate) async fn keep(house: &House, caller: &Caller, id: u32, keep_days: Option<u32>) -> Answer<()> {
    check(keep_days)?;
    house.store.keep_archive_rule(id, keep_days).await?;
    let kept = keep_days.map_or_else(|| "for ever".into(), |days| format!("for {days} days"));
    house.audit(caller, "archive retention changed", format!("rule {id}, {kept}"));
    Ok(())
}

async fn remove(State(house): State<House>, caller: Caller, Path(id): Path<u32>) -> Answer<StatusCode> {
    end(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a rule take no more copies.
pub(crate) async fn end(house: &House, caller: &Caller, id: u32) -> Answer<()> {
    house.store.end_archive_rule(id, house.clock.now()).await?;
    house.audit(caller, "archive rule ended", format!("rule {id}"));
    Ok(())
}

fn check(keep_days: Option<u32>) -> Answer<()> {
    match keep_days {
        None | Some(1..=KEEP_DAYS_MAX) => Ok(()),
        Some(_) => Err(Problem::invalid(format!("messages are kept for 1 to {KEEP_DAYS_MAX} days, or for ever"))),
    }
}

fn told(rule: &ArchiveRule) -> String {
    let domain = rule.domain.as_deref().unwrap_or("all domains");
    let kept = rule.keep_days.map_or_else(|| "for ever".into(), |days| format!("for {days} days"));
    format!("rule {}: {domain}, {:?}, kept {kept}", rule.id, rule.direction).to_lowercase()
}

impl From<ArchiveRule> for RuleRow {
    fn from(rule: ArchiveRule) -> RuleRow {
        let ArchiveRule { id, domain, direction, keep_days, created, by, ended } = rule;
        let (created, ended) = (rfc3339(created), ended.map(rfc3339));
        RuleRow { id, domain, direction, keep_days, created, by, ended }
    }
}
