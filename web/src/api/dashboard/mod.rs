//! `dashboard`: how the box is, at a glance: traffic, delays, spool, sessions, machine, certificate, warnings.

mod machine;
mod warnings;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::{Time, rfc3339};
use mailstead_core::net::tls::Certificates;
use mailstead_core::work;
use mailstead_storage::{Meter, Span, Traffic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::warnings::{Observed, Warning};
use super::Answer;
use super::extract::Query;
use crate::House;
use crate::door::{Access, Route};

/// Spans of traffic at most.
const SPANS_MAX: u32 = 9600;

/// Spans of traffic, unless the request says otherwise.
const SPANS: u32 = 24;

/// How the box is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dashboard {
    /// The last 24 hours, the one that is going on last.
    pub hours: Vec<TrafficRow>,
    /// Messages in the spool.
    pub spool: u64,
    /// Live sessions of each service that has any.
    pub sessions: BTreeMap<String, usize>,
    /// The disk that the data is on.
    pub disk: Disk,
    /// The part of one processor that the server uses, in percent; absent at the first look.
    pub cpu_percent: Option<f64>,
    /// Bytes of memory that it holds.
    pub memory_bytes: Option<u64>,
    /// This host's certificate.
    pub certificate: Option<Certificate>,
    /// What to do something about, what is urgent first.
    pub warnings: Vec<Warning>,
}

/// Space on a disk.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct Disk {
    /// Its size.
    pub size_bytes: u64,
    /// What is free.
    pub free_bytes: u64,
    /// What is free above the reserve, below which mail is refused.
    pub room_bytes: u64,
}

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// When it ends.
    pub ends: String,
}

/// What came and went in a span of time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TrafficRow {
    /// When it began.
    pub from: String,
    /// Messages from other servers.
    pub received: u64,
    /// Bytes of them.
    pub received_bytes: u64,
    /// Messages from users of this box.
    pub submitted: u64,
    /// Bytes of them.
    pub submitted_bytes: u64,
    /// Senders, recipients and messages that were refused.
    pub refused: u64,
    /// Messages from other servers that were filed as junk.
    pub spam: u64,
    /// Recipients here that have got a message.
    pub delivered: u64,
    /// Milliseconds that they waited, on average.
    pub delivered_ms: u64,
    /// Recipients elsewhere whose server has taken a message.
    pub sent: u64,
    /// Milliseconds that it took, on average.
    pub sent_ms: u64,
    /// Recipients that will never get a message.
    pub failed: u64,
}

/// Which traffic.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficQuery {
    /// Minutes instead of hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<bool>,
    /// How many of them, up to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// Traffic, the latest last.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TrafficList {
    /// The rows.
    pub traffic: Vec<TrafficRow>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/dashboard", show)
            .about("How the box is, at a glance.")
            .answers::<Dashboard>(),
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/traffic", traffic)
            .about("How much mail came and went, by the hour for 400 days, by the minute for one.")
            .query::<TrafficQuery>()
            .answers::<TrafficList>(),
    ]
}

pub(crate) async fn show(State(house): State<House>) -> Answer<Json<Dashboard>> {
    work::read(move || look(&house)).await.map(Json)
}

fn look(house: &House) -> Answer<Dashboard> {
    let store = &house.store;
    let (size_bytes, free_bytes) = store.disk_space();
    let disk = Disk { size_bytes, free_bytes, room_bytes: store.disk_room_bytes() };
    let ends = house.certificates.as_ref().and_then(Certificates::ends);
    let certificate = ends.map(|ends| Certificate { ends: rfc3339(ends) });
    let depth = store.spool_depth()?;
    let mut sessions = BTreeMap::new();
    for session in house.sessions.list() {
        *sessions.entry(session.service.to_string()).or_default() += 1;
    }
    Ok(Dashboard {
        hours: rows(house, Span::Hour, SPANS)?,
        spool: depth,
        sessions,
        disk,
        cpu_percent: house.observed.cpu_percent(),
        memory_bytes: machine::memory_bytes(),
        warnings: warnings::find(house, &disk, certificate.as_ref(), depth)?,
        certificate,
    })
}

pub(crate) async fn traffic(
    State(house): State<House>,
    Query(query): Query<TrafficQuery>,
) -> Answer<Json<TrafficList>> {
    let span = if query.minutes == Some(true) { Span::Minute } else { Span::Hour };
    let count = query.count.unwrap_or(SPANS).clamp(1, SPANS_MAX);
    let traffic = work::read(move || rows(&house, span, count)).await?;
    Ok(Json(TrafficList { traffic }))
}

/// The last `count` spans, those in which nothing happened included.
fn rows(house: &House, span: Span, count: u32) -> Answer<Vec<TrafficRow>> {
    let until = span.of(house.clock.now());
    let from = (until + 1).saturating_sub(count);
    let found = house.store.traffic(span, from, until)?;
    Ok((from..=until).map(|number| row(span.start(number), found.get(&number).copied().unwrap_or_default())).collect())
}

fn row(from: Time, traffic: Traffic) -> TrafficRow {
    let average = |sum, count| traffic.get(sum).checked_div(traffic.get(count)).unwrap_or_default();
    TrafficRow {
        from: rfc3339(from),
        received: traffic.get(Meter::Received),
        received_bytes: traffic.get(Meter::ReceivedBytes),
        submitted: traffic.get(Meter::Submitted),
        submitted_bytes: traffic.get(Meter::SubmittedBytes),
        refused: traffic.get(Meter::Refused),
        spam: traffic.get(Meter::Spam),
        delivered: traffic.get(Meter::Delivered),
        delivered_ms: average(Meter::DeliveredMs, Meter::Delivered),
        sent: traffic.get(Meter::Sent),
        sent_ms: average(Meter::SentMs, Meter::Sent),
        failed: traffic.get(Meter::Failed),
    }
}
