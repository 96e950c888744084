//! How a line looks. A JSON line begins with its time, kind, level, session and message in this order, so that
//! `line.rs` can read these without reading the rest.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Event, Value};
use crate::clock::{Time, rfc3339};

/// Bytes of a text that are logged; what a client sends may be long.
const TEXT_BYTES_MAX: usize = 4096;

/// A JSON line, its end included.
pub(super) fn json(at: Time, event: &Event, line: &mut String) {
    let (kind, level) = (event.kind.name(), event.level.name());
    let _ = write!(line, "{{\"at\":\"{}\",\"kind\":\"{kind}\",\"level\":\"{level}\"", rfc3339(at));
    if let Some(session) = event.session {
        let _ = write!(line, ",\"session\":\"{session}\"");
    }
    if let Some(message) = event.message {
        let _ = write!(line, ",\"message\":\"{message}\"");
    }
    let _ = write!(line, ",\"what\":\"{}\"", event.what);
    for (name, value) in &event.fields {
        let _ = match value {
            Value::Text(text) => write!(line, ",\"{name}\":{}", quoted(text)),
            Value::Number(number) => write!(line, ",\"{name}\":{number}"),
            Value::Truth(truth) => write!(line, ",\"{name}\":{truth}"),
        };
    }
    line.push_str("}\n");
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(&*bounded(text)).unwrap_or_default()
}

fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    Cow::Owned(format!("{kept}… ({} bytes)", text.len()))
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
                write!(line, " {name}={:?}", bounded(text))
            }
            Value::Text(text) => write!(line, " {name}={}", bounded(text)),
            Value::Number(number) => write!(line, " {name}={number}"),
            Value::Truth(truth) => write!(line, " {name}={truth}"),
        };
    }
    line
}
