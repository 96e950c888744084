//! `verify`: checks the whole store. Answers line by line: progress, then the report.

use std::pin::pin;

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use mailstead_core::work;
use mailstead_storage::{Finding, VerifyProgress, VerifyReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::ErrorDetail;
use super::error::Problem;
use super::stream::Lines;
use crate::House;
use crate::door::{Access, Caller, Route};

/// A line of the answer to a check of what is stored.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckLine<R> {
    /// How far it has come.
    Progress {
        /// Steps done.
        done: u64,
        /// Steps in all, as far as known.
        total: u64,
    },
    /// The last line: what was looked at and found.
    Report(R),
    /// The last line, when it could not be done.
    Error(ErrorDetail),
}

/// What was looked at and found.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Messages' bytes read and hashed.
    pub blobs: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Mailboxes counted.
    pub mailboxes: u64,
    /// Message records followed.
    pub records: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<FindingRow>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FindingRow {
    /// The file it is in, relative to the data directory.
    pub file: String,
    /// What is wrong.
    pub what: String,
    /// The message hit, when it is known.
    pub message: Option<String>,
    /// Where users see it.
    pub seen_in: Vec<Place>,
}

/// A message's place in a mailbox.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Whose mailbox.
    pub address: String,
    /// Its name.
    pub mailbox: String,
    /// The message's UID in it.
    pub uid: u32,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/verify", verify)
            .about("Checks the whole store; the last line is the report.")
            .answers_lines::<CheckLine<Report>>(),
    ]
}

pub(crate) async fn verify(State(house): State<House>, caller: Caller) -> Response {
    house.audit(&caller, "verify started", "store");
    let store = house.store;
    answer_check::<_, Report>(move |progress| store.verify(progress))
}

/// Runs a check where readings run, and answers with its lines: progress, then the report.
pub(crate) fn answer_check<T, R>(
    check: impl FnOnce(&mut dyn FnMut(VerifyProgress)) -> mailstead_storage::Result<T> + Send + 'static,
) -> Response
where
    T: Into<R> + Send + 'static,
    R: Serialize + Send + Sync,
{
    let (mut lines, response) = Lines::response();
    tokio::spawn(async move {
        let (told, mut heard) = watch::channel(None);
        let mut tell = move |progress| {
            told.send_replace(Some(progress));
        };
        let mut check = pin!(work::read(move || check(&mut tell)));
        let outcome = loop {
            tokio::select! {
                outcome = &mut check => break outcome,
                Ok(()) = heard.changed() => {
                    let progress = *heard.borrow_and_update();
                    if let Some(VerifyProgress { done, total }) = progress {
                        lines.offer(&CheckLine::<R>::Progress { done, total });
                    }
                }
            }
        };
        let last = match outcome {
            Ok(found) => CheckLine::Report(found.into()),
            Err(error) => CheckLine::Error(Problem::from(error).body().error),
        };
        lines.write(&last).await;
    });
    response
}

impl From<VerifyReport> for Report {
    fn from(report: VerifyReport) -> Report {
        let VerifyReport { blobs, bytes, mailboxes, records, findings } = report;
        Report { blobs, bytes, mailboxes, records, findings: findings.into_iter().map(FindingRow::from).collect() }
    }
}

impl From<Finding> for FindingRow {
    fn from(finding: Finding) -> FindingRow {
        let place = |(address, mailbox, uid)| Place { address, mailbox, uid };
        FindingRow {
            file: finding.file,
            what: finding.what,
            message: finding.blob.map(|blob| blob.to_string()),
            seen_in: finding.seen_in.into_iter().map(place).collect(),
        }
    }
}
