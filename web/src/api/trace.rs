//! `trace`: where is this mail? The way of each message that fits, from the session that brought it to the mailbox or the
//! other server: what the log tells, and where it stands in the spool now.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::log::{Clues, Extent, Line, Way};
use mailstead_core::work;
use mailstead_storage::BlobId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Query;
use super::logs::{self, LogLine};
use super::{Answer, Problem};
use crate::House;
use crate::door::{Access, Caller, Route, Scope};

/// Messages that one answer has unless the request says otherwise.
const MESSAGES: usize = 20;

/// Messages that one answer has at most.
const MESSAGES_MAX: usize = 100;

/// Days that are looked through unless the request says otherwise.
const DAYS: u32 = 7;

/// How far one answer goes.
const EXTENT: Extent = Extent { lines_max: 20_000, bytes_max: 8 << 20, patience: Duration::from_secs(3) };

/// What is known of a message. At least one of the first four has to be given; parts are enough.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceQuery {
    /// The sender (reverse-path).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// A recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// What the subject says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The Message-ID field, or the message's id on this box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The first day, as 2026-11-21 in UTC; a week before the last one when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The last day; today when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Most messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Messages that were found.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Traces {
    /// The latest first.
    pub messages: Vec<Traced>,
    /// Was all of the log of these days looked through?
    pub complete: bool,
}

/// The way of one message.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Traced {
    /// Its id; absent when it was refused before it had one.
    pub message: Option<String>,
    /// The session that brought it.
    pub session: Option<String>,
    /// When it came.
    pub at: String,
    /// The reverse-path, empty for notices.
    pub sender: String,
    /// The recipients, with commas between them.
    pub recipients: String,
    /// The subject.
    pub subject: String,
    /// The Message-ID field.
    pub message_id: String,
    /// Its size in bytes, if it was accepted.
    pub size_bytes: Option<u64>,
    /// Where it stands: `delivered`, `waiting`, `failed`, `refused`, `accepted`.
    pub standing: String,
    /// Does it wait in the spool now?
    pub in_spool: bool,
    /// All that happened, in the order of time.
    pub events: Vec<LogLine>,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/trace", trace)
            .about("Tells where a mail is: its way from the session that brought it to the mailbox.")
            .query::<TraceQuery>()
            .answers::<Traces>(),
    ]
}

async fn trace(State(house): State<House>, caller: Caller, Query(query): Query<TraceQuery>) -> Answer<Json<Traces>> {
    find(&house, &caller, query).await.map(Json)
}

/// Finds messages and their ways.
pub(crate) async fn find(house: &House, caller: &Caller, query: TraceQuery) -> Answer<Traces> {
    let given = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let clues = Clues {
        sender: given(&query.sender),
        recipient: given(&query.recipient),
        subject: given(&query.subject),
        message_id: given(&query.message_id),
    };
    if clues.is_empty() {
        return Err(Problem::invalid("say what is known of the mail: sender, recipient, subject or Message-ID"));
    }
    let (mut first, last) = logs::days(house, query.first.as_deref(), query.last.as_deref())?;
    if query.first.as_deref().is_none_or(|first| first.trim().is_empty()) {
        first = last.minus(DAYS - 1);
    }
    let ways_max = query.limit.unwrap_or(MESSAGES).clamp(1, MESSAGES_MAX);
    let (reader, store, scope) = (logs::reader(house)?, house.store.clone(), caller.scope().clone());
    work::read_long(move || {
        let found = reader.trace(&clues, (first, last), ways_max, &EXTENT)?;
        let in_spool = |way: &Way| {
            let id = way.message.as_deref().and_then(|id| id.parse::<BlobId>().ok());
            Ok::<_, Problem>(id.map(|id| store.spool_entry(id)).transpose()?.flatten().is_some())
        };
        let mut messages = Vec::new();
        for way in found.ways {
            let in_spool = in_spool(&way)?;
            messages.extend(seen_by(&scope, way).map(|way| Traced::of(way, in_spool)));
        }
        Ok(Traces { messages, complete: found.complete })
    })
    .await
}

/// The part of a way that lies in a scope, if its sender or a recipient does.
fn seen_by(scope: &Scope, way: Way) -> Option<Way> {
    if scope.is_everything() {
        return Some(way);
    }
    let covers = |line: &Line, fields: &[&str]| {
        let addresses = fields.iter().flat_map(|field| line.text(field).split(", "));
        addresses.filter(|address| !address.is_empty()).any(|address| scope.covers_address(&address.to_lowercase()))
    };
    let is_seen = match way.message {
        Some(_) => way.lines.iter().any(|line| covers(line, &["from", "sender", "to"])),
        None => way.lines.iter().any(|line| covers(line, &["recipient", "sender"])),
    };
    // In the same session others may have been written to.
    let own = |line: &Line| line.message.is_some() || line.text("recipient").is_empty() || covers(line, &["recipient"]);
    is_seen.then(|| Way { lines: way.lines.into_iter().filter(own).collect(), ..way })
}

impl Traced {
    fn of(way: Way, in_spool: bool) -> Traced {
        let text = |names: &[&str]| {
            let mut texts = names.iter().flat_map(|name| way.lines.iter().map(|line| line.text(name)));
            texts.find(|text| !text.is_empty()).unwrap_or_default().to_owned()
        };
        let recipients: Vec<&str> = way.lines.iter().flat_map(|line| [line.text("recipient"), entered(line)]).collect();
        let recipients: Vec<&str> = recipients.into_iter().filter(|text| !text.is_empty()).collect();
        Traced {
            at: way.lines.first().map(|line| line.at.clone()).unwrap_or_default(),
            sender: text(&["from", "sender"]),
            recipients: recipients.join(", "),
            subject: text(&["subject"]),
            message_id: text(&["message_id"]),
            size_bytes: way.lines.iter().find_map(|line| line.number("size")),
            standing: standing(&way).into(),
            in_spool,
            message: way.message,
            session: way.session,
            events: way.lines.into_iter().map(LogLine::from).collect(),
        }
    }
}

/// The recipients that a message entered the spool with.
fn entered(line: &Line) -> &str {
    if matches!(line.what.as_str(), "entered the spool" | "more recipients") { line.text("to") } else { "" }
}

/// Where a message stands, by what was said of it last.
fn standing(way: &Way) -> &'static str {
    let word = |line: &Line| match line.what.as_str() {
        "delivered" => Some("delivered"),
        "waiting" => Some("waiting"),
        "failed" => Some("failed"),
        "entered the spool" => Some("accepted"),
        _ => None,
    };
    match way.message {
        None => "refused",
        Some(_) => way.lines.iter().rev().find_map(word).unwrap_or("accepted"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(text: &serde_json::Value) -> Line {
        let mut line = json!({"at": "2026-11-21T00:00:00.000Z", "kind": "smtp", "level": "info"});
        line.as_object_mut().expect("an object").extend(text.as_object().expect("an object").clone());
        Line::read(line.to_string().as_bytes()).expect("a line")
    }

    #[test]
    fn a_domain_s_administrator_sees_own_mail_only() {
        let scope = Scope::Domains(["a.test".to_string()].into());
        let check = |message: Option<&str>, lines: &[serde_json::Value], expected: Option<usize>| {
            let lines = lines.iter().map(line).collect();
            let way = Way { message: message.map(str::to_owned), session: None, lines };
            assert_eq!(seen_by(&scope, way).map(|way| way.lines.len()), expected);
        };
        let refused = |to: &str| json!({"what": "recipient refused", "recipient": to});
        let entered = |to: &str| json!({"what": "entered the spool", "message": "1", "from": "x@b.test", "to": to});
        check(Some("1"), &[refused("y@b.test"), entered("x@b.test, X@A.test")], Some(1));
        check(Some("1"), &[refused("x@a.test"), entered("y@b.test")], None);
        check(None, &[refused("x@a.test"), refused("x@b.test")], Some(1));
        check(None, &[refused("x@b.test")], None);
    }
}
