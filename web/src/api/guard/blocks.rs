//! `guard/blocks`: list, lift. A block that is lifted may come again: the rule is still there.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::guard::{Block, Origin, Rule, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::{Path, Query};
use crate::api::spool::acts::Counted;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Most blocks that one answer has.
const BLOCKS_MAX: usize = 1_000;

/// Which blocks to list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockQuery {
    /// Only those of this type: `smtp`, `imap`, `pop3`, `sieve`, `web`, `harvesting` or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// Only those whose address begins with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Pass over so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// Most rows, up to 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Blocks, the latest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockList {
    /// The rows.
    pub blocks: Vec<BlockRow>,
    /// How many there are in all that were asked for.
    pub total: usize,
}

/// A block.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BlockRow {
    /// The address, or the /64 of IPv6.
    pub address: String,
    /// What it is shut out from: a protocol, `harvesting` (SMTP), or `all`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the rule.
    pub rule: String,
    /// What the rule is called.
    pub title: String,
    /// Since when.
    pub since: String,
    /// Until when.
    pub until: String,
    /// Seconds that are left.
    pub seconds_left: u64,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/guard/blocks", list)
            .about("Lists the addresses that rules have blocked, the latest first.")
            .query::<BlockQuery>()
            .answers::<BlockList>(),
        Route::api(Access::SystemAdmin, Method::DELETE, "/api/v1/guard/blocks/{address}", lift)
            .about("Lifts all blocks of an address. The rules stay, and may block it again.")
            .answers::<Counted>(),
    ]
}

pub(crate) async fn list(State(house): State<House>, Query(query): Query<BlockQuery>) -> Json<BlockList> {
    let (blocks, now) = (found(&house, &query), house.clock.now());
    let total = blocks.len();
    let limit = query.limit.unwrap_or(BLOCKS_MAX).clamp(1, BLOCKS_MAX);
    let rows = blocks.iter().skip(query.skip.unwrap_or_default()).take(limit).map(|block| BlockRow::of(block, now));
    Json(BlockList { blocks: rows.collect(), total })
}

/// All blocks of the type and address that are asked for, the latest first.
pub(crate) fn found(house: &House, query: &BlockQuery) -> Vec<Block> {
    let mut blocks = house.guard.current_blocks();
    blocks.retain(|block| {
        query.kind.as_deref().is_none_or(|kind| kind_of(block) == kind)
            && query.address.as_deref().is_none_or(|start| block.origin.to_string().starts_with(start.trim()))
    });
    blocks
}

impl BlockRow {
    /// A block as it is told at this time.
    pub(crate) fn of(block: &Block, now: Time) -> BlockRow {
        BlockRow {
            address: block.origin.to_string(),
            kind: kind_of(block).into(),
            rule: block.rule.name(),
            title: block.rule.definition().title.into(),
            since: rfc3339(block.since),
            until: rfc3339(block.until),
            seconds_left: block.until.millis_since(now).div_ceil(1000),
        }
    }
}

pub(crate) fn kind_of(block: &Block) -> &'static str {
    match (block.rule, block.scope()) {
        (Rule::Harvesting, _) => "harvesting",
        (_, Scope::All) => "all",
        (_, Scope::One(protocol)) => protocol.name(),
    }
}

pub(crate) async fn lift(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<Counted>> {
    let origin: Origin = address.parse()?;
    let count = house.guard.lift(origin).await?;
    if count == 0 {
        return Err(Problem::not_found(format!("{origin} is not blocked; the block may have ended by itself")));
    }
    house.audit(&caller, "block lifted", origin.to_string());
    Ok(Json(Counted { count }))
}
