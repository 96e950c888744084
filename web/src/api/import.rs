//! `import/users`: many users at once from CSV with the columns address, name, password, quota,
//! role. Answers line by line: progress, each bad line, then the report. A bad line never stops
//! the others.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use mailstead_storage::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::extract::Query;
use super::size::parse_size;
use super::stream::Lines;
use super::users::{self, NewUser};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Bytes of a file at most.
const FILE_BYTES_MAX: usize = 64 << 20;

/// Users that are being hashed and written at once.
const IN_WORK_MAX: usize = 16;

/// How to import.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Check every line and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// A line of the answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// How far it has come.
    Progress {
        /// Lines done.
        done: u64,
        /// Lines in all.
        total: u64,
    },
    /// A line that was not taken.
    Bad {
        /// Its number in the file, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The last line of the answer.
    Report {
        /// Users added, or that would be added in a dry run.
        added: u64,
        /// Lines that were not taken.
        bad: u64,
    },
}

/// A line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    address: String,
    #[serde(default)]
    name: String,
    password: String,
    #[serde(default)]
    quota: String,
    #[serde(default)]
    role: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/import/users", import)
            .about("Adds the users of a CSV file with the columns address, name, password, quota, role.")
            .query::<ImportQuery>()
            .body_of("text/csv", FILE_BYTES_MAX)
            .answers_lines::<ImportLine>(),
    ]
}

pub(crate) async fn import(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    file: String,
) -> Answer<Response> {
    let rows = read(&file)?;
    let (lines, response) = Lines::response();
    tokio::spawn(run(house, caller, rows, query.dry_run, lines));
    Ok(response)
}

/// All lines with their numbers.
fn read(file: &str) -> Answer<Vec<(u64, Result<NewUser, String>)>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).flexible(false).from_reader(file.as_bytes());
    let columns = reader.headers().map_err(|error| Problem::invalid(format!("the file is not CSV: {error}")))?.clone();
    for needed in ["address", "password"] {
        if !columns.iter().any(|column| column == needed) {
            let message = format!("the first line must name the columns; there is no column {needed:?}");
            return Err(Problem::invalid(message));
        }
    }
    if let Some(column) = columns.iter().find(|column| !COLUMNS.contains(column)) {
        return Err(Problem::invalid(format!("unknown column {column:?}; there are {}", COLUMNS.join(", "))));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                (line, record.deserialize::<Row>(Some(&columns)).map_err(|e| e.to_string()).and_then(user))
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        });
    }
    Ok(rows)
}

/// The columns that a file may have.
const COLUMNS: [&str; 5] = ["address", "name", "password", "quota", "role"];

fn user(row: Row) -> Result<NewUser, String> {
    let quota_bytes = match row.quota.trim() {
        "" => 0,
        quota => parse_size(quota).ok_or_else(|| format!("{quota:?} is not a size; write it like 500M or 2G"))?,
    };
    let role = match row.role.trim() {
        "" | "user" => Role::User,
        "domain_administrator" => Role::DomainAdministrator,
        "system_administrator" => Role::SystemAdministrator,
        role => {
            return Err(format!("{role:?} is not a role; there are user, domain_administrator, system_administrator"));
        }
    };
    Ok(NewUser { address: row.address, name: row.name, password: row.password, role, quota_bytes, quota_messages: 0 })
}

async fn run(house: House, caller: Caller, rows: Vec<(u64, Result<NewUser, String>)>, dry_run: bool, mut lines: Lines) {
    let total = rows.len() as u64;
    let (mut added, mut bad) = (0, 0);
    let mut seen = HashSet::new();
    let mut in_work: JoinSet<(u64, Result<(), String>)> = JoinSet::new();
    let mut rows = rows.into_iter();
    loop {
        while in_work.len() < IN_WORK_MAX
            && let Some((line, row)) = rows.next()
        {
            let row = row.and_then(|new| first_of_its_name(&mut seen, new));
            let (house, caller) = (house.clone(), caller.clone());
            in_work.spawn(async move { (line, take(&house, &caller, row, dry_run).await) });
        }
        let Some(done) = in_work.join_next().await else { break };
        match done {
            Ok((_, Ok(()))) => added += 1,
            Ok((line, Err(message))) => {
                bad += 1;
                if !lines.write(&ImportLine::Bad { line, message }).await {
                    break;
                }
            }
            Err(_) => bad += 1,
        }
        lines.offer(&ImportLine::Progress { done: added + bad, total });
    }
    if !dry_run {
        house.audit(&caller, "users imported", added);
    }
    lines.write(&ImportLine::Report { added, bad }).await;
}

/// Refuses an address that stood on an earlier line already.
fn first_of_its_name(seen: &mut HashSet<String>, new: NewUser) -> Result<NewUser, String> {
    if seen.insert(new.address.trim().to_lowercase()) {
        return Ok(new);
    }
    Err(format!("{} stands on an earlier line already", new.address))
}

async fn take(house: &House, caller: &Caller, row: Result<NewUser, String>, dry_run: bool) -> Result<(), String> {
    let new = row?;
    let outcome = match dry_run {
        true => users::check(&house.store, caller, &new),
        false => users::create(house, caller, new).await,
    };
    outcome.map(drop).map_err(|problem| problem.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let file = "address,password,quota\na@b.c,x,1G\na@b.c,x,much\nshort\n";
        let rows = read(file).expect("columns are right");
        let told: Vec<_> = rows.iter().map(|(line, row)| (*line, row.is_ok())).collect();
        assert_eq!(told, [(2, true), (3, false), (4, false)]);
        assert!(read("name\nx\n").expect_err("no address").message.contains("address"));
        assert!(read("address,password,colour\n").expect_err("unknown").message.contains("colour"));
    }
}
