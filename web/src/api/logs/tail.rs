//! The log as it is written.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use mailstead_core::log::{Kind, Level, Line, Tail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use super::{LogLine, kinds, level};
use crate::House;
use crate::api::extract::Query;
use crate::api::stream::Lines;
use crate::api::{Answer, Problem};
use crate::door::{Access, Route};

/// Which lines to follow.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TailQuery {
    /// Kinds, with commas between them; all when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Only lines with this in them, in any case of ASCII letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only lines of this level or a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// Lines as they are written, as many as are wanted.
pub(crate) struct Following {
    tail: Tail,
    kinds: Vec<Kind>,
    text: String,
    level: Level,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/logs/tail", tail)
            .about("Follows the log: answers with each line as it is written, until the caller goes.")
            .query::<TailQuery>()
            .answers_lines::<LogLine>(),
    ]
}

async fn tail(State(house): State<House>, Query(query): Query<TailQuery>) -> Answer<Response> {
    let mut following = follow(&house, &query)?;
    let (mut lines, response) = Lines::response();
    tokio::spawn(async move {
        while let Some(line) = following.next().await {
            if !lines.write(&line).await {
                return;
            }
        }
    });
    Ok(response)
}

/// Follows the log.
///
/// # Errors
/// An unknown kind or level; `not_running` when nothing is written.
pub(crate) fn follow(house: &House, query: &TailQuery) -> Answer<Following> {
    if !house.live {
        return Err(Problem::not_running("the server does not run, so that nothing is logged"));
    }
    let tail = house.log.follow().ok_or_else(|| Problem::not_found("this box keeps no log"))?;
    Ok(Following {
        tail,
        kinds: kinds(query.kinds.as_deref().unwrap_or_default())?,
        text: query.text.as_deref().unwrap_or_default().trim().to_ascii_lowercase(),
        level: query.level.as_deref().filter(|name| !name.is_empty()).map_or(Ok(Level::Debug), level)?,
    })
}

impl Following {
    /// The next line; `None` once nothing more is written. Lines that were missed are told of by a line of their own.
    pub(crate) async fn next(&mut self) -> Option<LogLine> {
        loop {
            match self.tail.recv().await {
                Ok(text) => {
                    if let Some(line) = Line::read(text.as_bytes()).filter(|line| self.wants(line, &text)) {
                        return Some(line.into());
                    }
                }
                Err(RecvError::Lagged(missed)) => return Some(gap(missed)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn wants(&self, line: &Line, text: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.name() == line.kind))
            && Level::by_name(&line.level).is_some_and(|level| level >= self.level)
            && (self.text.is_empty() || text.to_ascii_lowercase().contains(&self.text))
    }
}

fn gap(missed: u64) -> LogLine {
    let fields = [("lines".to_string(), missed.into())].into();
    let (kind, level) = (Kind::System.name().into(), Level::Warning.name().into());
    let what = "lines were left out: they came faster than they could be shown".into();
    LogLine { at: String::new(), kind, level, session: None, message: None, what, fields }
}
