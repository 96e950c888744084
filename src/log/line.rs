//! A line of the log as it is read back.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Level;

/// One thing that happened, as the log tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Line {
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Which part spoke, by its name.
    pub kind: String,
    /// How much it matters, by its name.
    pub level: String,
    /// In which session.
    pub session: Option<String>,
    /// To which message.
    pub message: Option<String>,
    /// What happened.
    pub what: String,
    /// The particulars.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Line {
    /// Reads a line; `None` when it is none of the log's.
    pub fn read(bytes: &[u8]) -> Option<Line> {
        serde_json::from_slice(bytes).ok()
    }

    /// A particular that is a text; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A particular that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.fields.get(name).and_then(Value::as_u64)
    }
}

/// What a line begins with, read without reading the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// When (RFC 3339, UTC): in the order of time as bytes too.
    pub at: &'a [u8],
    /// How much it matters.
    pub level: Level,
    /// In which session.
    pub session: Option<&'a [u8]>,
    /// To which message.
    pub message: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    /// Reads the head of a line; `None` when it is none of the log's.
    pub fn read(line: &'a [u8]) -> Option<Head<'a>> {
        let mut rest = line;
        let at = value(&mut rest, b"{\"at\":\"")?;
        value(&mut rest, b",\"kind\":\"")?;
        let level = Level::by_name(std::str::from_utf8(value(&mut rest, b",\"level\":\"")?).ok()?)?;
        let session = value(&mut rest, b",\"session\":\"");
        let message = value(&mut rest, b",\"message\":\"");
        Some(Head { at, level, session, message })
    }
}

/// The value that follows, up to its quote, if `name` stands before it.
fn value<'a>(rest: &mut &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let begun = rest.strip_prefix(name)?;
    let end = begun.iter().position(|byte| *byte == b'"')?;
    *rest = &begun[end + 1..];
    Some(&begun[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::log::{Event, Kind, format};
    use crate::people::sessions::SessionId;

    #[test]
    fn what_is_written_is_read_back() {
        let (session, message) = (SessionId(7), mailstead_storage::BlobId(40));
        let event = Event::new(Kind::Smtp, Level::Warning, "login failed").with("user", "a\"b\n\u{fc}").with("n", 3u64);
        for event in [event.clone(), event.clone().session(session), event.message(message).session(session)] {
            let mut line = String::new();
            format::json(Time(1_057_056_757_123), &event, &mut line);
            let read = Line::read(line.as_bytes()).expect("a line");
            assert_eq!((read.kind.as_str(), read.level.as_str()), ("smtp", "warning"));
            assert_eq!(
                (read.what.as_str(), read.text("user"), read.number("n")),
                ("login failed", "a\"b\n\u{fc}", Some(3))
            );
            let head = Head::read(line.as_bytes()).expect("a head");
            assert_eq!((head.at, head.level), (read.at.as_bytes(), Level::Warning));
            assert_eq!(head.session, read.session.as_deref().map(str::as_bytes));
            assert_eq!(head.message, read.message.as_deref().map(str::as_bytes));
            assert_eq!(read.session, event.session.map(|id| id.to_string()));
        }
        assert_eq!(Head::read(b"{\"kind\":\"smtp\"}"), None);
        assert!(Line::read(b"{\"at\":1}").is_none());
    }
}
