//! How a line looks.

use std::fmt::Write;

use super::{Event, Value};
use crate::clock::{Time, rfc3339};

/// A JSON line, its end included.
pub(super) fn json(at: Time, event: &Event, line: &mut String) {
    let mut object = serde_json::Map::new();
    object.insert("at".into(), rfc3339(at).into());
    object.insert("kind".into(), event.kind.name().into());
    object.insert("level".into(), event.level.name().into());
    if let Some(session) = event.session {
        object.insert("session".into(), session.to_string().into());
    }
    if let Some(message) = event.message {
        object.insert("message".into(), message.to_string().into());
    }
    object.insert("what".into(), event.what.into());
    for (name, value) in &event.fields {
        let value = match value {
            Value::Text(text) => text.as_ref().into(),
            Value::Number(number) => (*number).into(),
            Value::Truth(truth) => (*truth).into(),
        };
        object.insert((*name).into(), value);
    }
    let _ = writeln!(line, "{}", serde_json::Value::Object(object));
}

/// A line for a person, without its end.
pub(super) fn human(at: Time, event: &Event) -> String {
    let mut line = format!("{} {:<7} {:<8} {}", rfc3339(at), event.level.name(), event.kind.name(), event.what);
    if let Some(session) = event.session {
        let _ = write!(line, " session={session}");
    }
    if let Some(message) = event.message {
        let _ = write!(line, " message={message}");
    }
    for (name, value) in &event.fields {
        let _ = match value {
            Value::Text(text) if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') => {
                write!(line, " {name}={text:?}")
            }
            Value::Text(text) => write!(line, " {name}={text}"),
            Value::Number(number) => write!(line, " {name}={number}"),
            Value::Truth(truth) => write!(line, " {name}={truth}"),
        };
    }
    line
}
