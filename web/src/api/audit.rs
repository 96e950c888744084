//! `audit`: every act of an administrator: who, from where, what, on whom.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::log::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;
use super::extract::Query;
use super::logs::{self, LogLine, LogQuery};
use crate::House;
use crate::door::{Access, Route};

/// Days that are looked through unless the request says otherwise.
const DAYS: u32 = 30;

/// Which acts to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only acts with this in what is known of them, in any case of ASCII letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The first day, as 2026-11-21 in UTC; a month before the last one when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last day; today when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Where to go on: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Most acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A page of acts, the latest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditPage {
    /// The acts.
    pub acts: Vec<Act>,
    /// Ask with this `after` for the next page; absent on the last one.
    pub next: Option<String>,
}

/// What an administrator did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Act {
    /// When.
    pub at: String,
    /// Who: an address, or `control socket` or `command line` for the owner of the box.
    pub by: String,
    /// From which IP address; absent for the owner of the box.
    pub from: Option<String>,
    /// What was done.
    pub what: String,
    /// On whom or what.
    pub on: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/audit", list)
            .about("Lists what administrators did.")
            .query::<AuditQuery>()
            .answers::<AuditPage>(),
    ]
}

async fn list(State(house): State<House>, Query(query): Query<AuditQuery>) -> Answer<Json<AuditPage>> {
    find(&house, query).await.map(Json)
}

/// Lists what administrators did.
pub(crate) async fn find(house: &House, query: AuditQuery) -> Answer<AuditPage> {
    let (_, last) = logs::days(house, None, query.last.as_deref())?;
    let AuditQuery { text, first, after, limit, .. } = query;
    let first = first.filter(|first| !first.trim().is_empty()).or(Some(last.minus(DAYS - 1).to_string()));
    let (kinds, last) = (Some(Kind::Audit.name().into()), Some(last.to_string()));
    let page = logs::search(house, LogQuery { first, last, kinds, text, after, limit, ..LogQuery::default() }).await?;
    Ok(AuditPage { acts: page.lines.into_iter().map(Act::from).collect(), next: page.next })
}

impl From<LogLine> for Act {
    fn from(line: LogLine) -> Act {
        let text = |name: &str| {
            line.fields.get(name).map(|value| match value.as_str() {
                Some(text) => text.to_owned(),
                None => value.to_string(),
            })
        };
        let (by, on) = (text("by").unwrap_or_default(), text("on").unwrap_or_default());
        Act { by, on, from: text("from"), at: line.at, what: line.what }
    }
}
