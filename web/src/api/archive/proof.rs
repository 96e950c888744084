//! The heads of the chains, and the proof that the archive is what was written.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use mailstead_core::archive::{head_of, head_text};
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::ArchiveProof;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::House;
use crate::api::extract::Body;
use crate::api::verify::{CheckLine, answer_check};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// The heads of all chains.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Heads {
    /// As of this moment.
    pub at: String,
    /// By domain.
    pub heads: Vec<HeadRow>,
}

/// The head of a domain's chain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HeadRow {
    /// The domain.
    pub domain: String,
    /// The head as it is published: domain, number of the last record, its hash.
    pub head: String,
    /// When the last record was written.
    pub archived: String,
    /// Messages archived so far.
    pub records: u64,
    /// Messages that are still kept.
    pub kept: u64,
}

/// What to prove.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// Heads as they were published, which the chains must have had.
    #[serde(default)]
    pub heads: Vec<String>,
}

/// What a proof came to.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveReport {
    /// Chains followed.
    pub chains: u64,
    /// Records whose hash and message were checked.
    pub records: u64,
    /// Bytes of messages that were hashed.
    pub bytes: u64,
    /// Published heads that the chains had.
    pub heads: u64,
    /// The first break of each chain; empty when all is as it was written.
    pub breaks: Vec<Break>,
}

/// Where a chain is broken first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Break {
    /// The domain.
    pub domain: String,
    /// The record.
    pub number: u64,
    /// What differs.
    pub what: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/archive/heads", shown)
            .about("Lists the heads of the archive's chains, as they are published.")
            .answers::<Heads>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/archive/verify", verify)
            .about("Proves that the archive is what was written; the last line is the report.")
            .body::<Prove>()
            .answers_lines::<CheckLine<ArchiveReport>>(),
    ]
}

async fn shown(State(house): State<House>) -> Answer<Json<Heads>> {
    heads(&house).await.map(Json)
}

/// The heads of all chains.
pub(crate) async fn heads(house: &House) -> Answer<Heads> {
    let store = house.store.clone();
    let chains = work::read(move || store.archive_chains()).await?;
    let head = |chain: mailstead_storage::ArchiveChain| HeadRow {
        head: head_text(&chain.domain, chain.last, &chain.head),
        archived: rfc3339(chain.archived),
        records: chain.last,
        kept: chain.kept,
        domain: chain.domain,
    };
    Ok(Heads { at: rfc3339(house.clock.now()), heads: chains.into_iter().map(head).collect() })
}

async fn verify(State(house): State<House>, caller: Caller, Body(wanted): Body<Prove>) -> Answer<Response> {
    let wrong = |text: &String| Problem::invalid(format!("{text:?} is no head; write it as it was published"));
    let heads =
        wanted.heads.iter().map(|text| head_of(text).ok_or_else(|| wrong(text))).collect::<Result<Vec<_>, _>>()?;
    house.audit(&caller, "verify started", "archive");
    let store = house.store;
    Ok(answer_check::<_, ArchiveReport>(move |progress| store.prove_archive(&heads, progress)))
}

impl From<ArchiveProof> for ArchiveReport {
    fn from(proof: ArchiveProof) -> ArchiveReport {
        let ArchiveProof { chains, records, bytes, heads, breaks } = proof;
        let row = |found: mailstead_storage::ArchiveBreak| {
            let mailstead_storage::ArchiveBreak { domain, number, what } = found;
            Break { domain, number, what }
        };
        ArchiveReport { chains, records, bytes, heads, breaks: breaks.into_iter().map(row).collect() }
    }
}
