//! `reports`: what other servers have reported about domains of this box.

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::{Report, ReportKind, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::House;
use crate::door::{Access, Caller, Route};

/// Most reports of one answer.
const REPORTS_MAX: usize = 200;

/// The newest reports, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reports {
    /// The rows.
    pub reports: Vec<ReportRow>,
}

/// One report, in the words of who sent it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReportRow {
    /// When it came.
    pub received: String,
    /// What it is about.
    pub kind: ReportKind,
    /// Who made it.
    pub reporter: String,
    /// The domain.
    pub domain: String,
    /// First moment that it covers.
    pub begin: String,
    /// Last moment that it covers.
    pub end: String,
    /// Messages or sessions without fault.
    pub good: u64,
    /// Those with one.
    pub bad: u64,
    /// The faults.
    pub details: Vec<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/reports", list)
            .about("Lists the newest reports of other servers, newest first.")
            .answers::<Reports>(),
    ]
}

pub(crate) async fn list(State(house): State<House>, caller: Caller) -> Answer<Json<Reports>> {
    let store = house.store.clone();
    let reports = work::read(move || store.reports(REPORTS_MAX)).await?;
    let seen = reports.into_iter().filter(|report| caller.scope().covers_domain(&report.domain));
    Ok(Json(Reports { reports: seen.map(row).collect() }))
}

fn row(report: Report) -> ReportRow {
    let Report { received, kind, reporter, domain, period, good, bad, details } = report;
    let moment = |second: u64| rfc3339(Time(second.saturating_mul(1000)));
    let (begin, end) = (moment(period.0), moment(period.1));
    ReportRow { received: rfc3339(received), kind, reporter, domain, begin, end, good, bad, details }
}
