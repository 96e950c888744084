//! `guard/rules`: list, change. A change counts from the next thing that happens.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::guard::{Consequence, Numbers, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::{Body, Path};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// All rules.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleList {
    /// The rows.
    pub rules: Vec<RuleRow>,
    /// Are addresses of private networks shut out like all others?
    pub blocks_private_networks: bool,
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleRow {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The protocol that it is for; absent when it is not for one alone.
    pub protocol: Option<String>,
    /// What it counts and does.
    pub description: String,
    /// What is counted.
    pub unit: String,
    /// `block`, `hold` or `notify`.
    pub consequence: String,
    /// Is it in force?
    pub enabled: bool,
    /// So much is too much.
    pub threshold: u32,
    /// Counted over so many seconds.
    pub window_seconds: u32,
    /// Blocked for so many seconds; 0 for rules that do not block.
    pub block_seconds: u32,
    /// Are these the numbers that it comes with?
    pub is_default: bool,
}

/// What to change of a rule; what is absent stays.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// Is it in force?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// So much is too much, from 1 to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// Counted over so many seconds, at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
    /// Blocked for so many seconds, at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_seconds: Option<u32>,
}

/// Whether private networks are treated like all others.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivateNetworks {
    /// Are their addresses shut out, too?
    pub block: bool,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/guard/rules", list)
            .about("Lists the rules that detect abuse.")
            .answers::<RuleList>(),
        Route::api(Access::SystemAdmin, Method::PATCH, "/api/v1/guard/rules/{name}", change)
            .about("Changes the numbers of a rule, or puts it in or out of force.")
            .body::<RuleChange>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/guard/rules/{name}", reset)
            .about("Gives a rule the numbers back that it comes with."),
        Route::api(Access::SystemAdmin, Method::PUT, "/api/v1/guard/private-networks", private_networks)
            .about("Says whether addresses of private networks (RFC 1918, RFC 4193) are shut out, too.")
            .body::<PrivateNetworks>(),
    ]
}

pub(crate) async fn list(State(house): State<House>) -> Json<RuleList> {
    let rules = house.guard.rules().into_iter().map(|row| row_of(row.rule, row.numbers)).collect();
    Json(RuleList { rules, blocks_private_networks: house.guard.blocks_private_networks() })
}

fn row_of(rule: Rule, numbers: Numbers) -> RuleRow {
    let definition = rule.definition();
    RuleRow {
        name: rule.name(),
        title: definition.title.into(),
        protocol: rule.protocol().map(|protocol| protocol.title().into()),
        description: definition.description.into(),
        unit: definition.unit.into(),
        consequence: match definition.consequence {
            Consequence::Block => "block",
            Consequence::Hold => "hold",
            Consequence::Notify => "notify",
        }
        .into(),
        enabled: numbers.enabled,
        threshold: numbers.threshold,
        window_seconds: numbers.window_seconds,
        block_seconds: numbers.block_seconds,
        is_default: numbers == definition.defaults,
    }
}

pub(crate) async fn change(
    State(house): State<House>,
    caller: Caller,
    Path(name): Path<String>,
    Body(change): Body<RuleChange>,
) -> Answer<StatusCode> {
    let rule = find(&name)?;
    let blocks = rule.definition().consequence == Consequence::Block;
    match change.block_seconds {
        Some(0) if blocks => {
            return Err(Problem::invalid("a block takes at least one second; turn the rule off instead"));
        }
        Some(1..) if !blocks => return Err(Problem::invalid(format!("{name} blocks nobody"))),
        _ => {}
    }
    let _one_edit = house.edits.lock().await;
    let old = house.guard.rules().into_iter().find(|row| row.rule == rule).map(|row| row.numbers);
    let old = old.unwrap_or(rule.definition().defaults);
    let new = Numbers {
        enabled: change.enabled.unwrap_or(old.enabled),
        threshold: change.threshold.unwrap_or(old.threshold),
        window_seconds: change.window_seconds.unwrap_or(old.window_seconds),
        block_seconds: change.block_seconds.unwrap_or(old.block_seconds),
    };
    house.guard.set_rule(rule, new).await?;
    house.audit(&caller, "abuse rule changed", name);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reset(State(house): State<House>, caller: Caller, Path(name): Path<String>) -> Answer<StatusCode> {
    let rule = find(&name)?;
    house.guard.set_rule(rule, rule.definition().defaults).await?;
    house.audit(&caller, "abuse rule reset", name);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn private_networks(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<PrivateNetworks>,
) -> Answer<StatusCode> {
    house.guard.block_private_networks(wanted.block).await?;
    let what = if wanted.block { "private networks are blocked" } else { "private networks are spared" };
    house.audit(&caller, what, "guard");
    Ok(StatusCode::NO_CONTENT)
}

fn find(name: &str) -> Answer<Rule> {
    Rule::by_name(name)
        .ok_or_else(|| Problem::not_found(format!("there is no rule {name:?}; `mailstead rule list` shows all")))
}
