//! Reports between servers: what is counted here to be reported to others, and what others have
//! reported of this box. Their contents are opaque here.

use redb::{ReadTransaction, ReadableTable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rows::{decode_json, encode_json};
use crate::tables::meta;
use crate::write::Tables;
use crate::{Result, Time};

/// Most reports kept; the oldest go first.
const REPORTS_MAX: u64 = 10_000;
/// Most different things counted in a day. What is new beyond is not counted.
const TALLIES_PER_DAY_MAX: usize = 100_000;

/// How often one thing happened in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Day it happened, since 1970 in UTC.
    pub day: u32,
    /// What happened; tallies of the same day with the same text are one.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// DMARC aggregate report (RFC 9990).
    Dmarc,
    /// SMTP TLS report (RFC 8460).
    Tls,
}

/// A report that another server has sent about a domain of this box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it came.
    pub received: Time,
    /// What it is about.
    pub kind: ReportKind,
    /// Who made it, in its own words.
    pub reporter: String,
    /// The domain that it is about.
    pub domain: String,
    /// First and last second that it covers, Unix time.
    pub period: (u64, u64),
    /// Messages or sessions without fault.
    pub good: u64,
    /// Messages or sessions with a fault.
    pub bad: u64,
    /// What it says in detail, for a person, one thing a line.
    pub details: Vec<String>,
}

/// Adds to what was counted.
pub(crate) fn count(tables: &mut Tables, tallies: &[Tally]) -> Result<()> {
    tables.begin_writing();
    for tally in tallies {
        let key = (tally.day, tally.what.as_str());
        let old = tables.tally.get(key)?.map(|row| decode_json::<Tally>("tally", row.value())).transpose()?;
        if old.is_none() && tables.tally.len()? >= TALLIES_PER_DAY_MAX as u64 {
            continue;
        }
        let count = tally.count + old.map_or(0, |old| old.count);
        tables.tally.insert(key, encode_json(&Tally { count, ..tally.clone() }).as_slice())?;
    }
    Ok(())
}

/// Up to `max` tallies of days before `before`, by day and text, from the one after `after` on.
pub(crate) fn counted(
    transaction: &ReadTransaction,
    before: u32,
    after: Option<&(u32, String)>,
    max: usize,
) -> Result<Vec<Tally>> {
    let table = transaction.open_table(meta::TALLY)?;
    let from = after.map_or((0, ""), |(day, what)| (*day, what.as_str()));
    let rows = table.range(from..(before, ""))?.filter(|row| match (row, after) {
        (Ok((key, _)), Some((day, what))) => key.value() != (*day, what.as_str()),
        _ => true,
    });
    rows.take(max).map(|row| decode_json("tally", row?.1.value())).collect()
}

/// Forgets all tallies of days before `before`.
pub(crate) fn forget(tables: &mut Tables, before: u32) -> Result<()> {
    tables.begin_writing();
    tables.tally.retain_in(..(before, ""), |_, _| false)?;
    Ok(())
}

/// Keeps a report; the oldest makes room for it.
pub(crate) fn keep(tables: &mut Tables, report: &Report) -> Result<()> {
    tables.begin_writing();
    let last = tables.report.last()?.map_or(0, |(key, _)| key.value());
    let key = report.received.0.max(last + 1);
    tables.report.insert(key, encode_json(report).as_slice())?;
    while tables.report.len()? > REPORTS_MAX {
        tables.report.pop_first()?;
    }
    Ok(())
}

/// The newest reports, newest first.
pub(crate) fn list(transaction: &ReadTransaction, max: usize) -> Result<Vec<Report>> {
    let table = transaction.open_table(meta::REPORT)?;
    table.iter()?.rev().take(max).map(|row| decode_json("report", row?.1.value())).collect()
}
