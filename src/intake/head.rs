//! The head of a message on its way in: the fields written before it, and those it should have had.

use mailstead_storage::BlobId;
use memchr::memchr;

use super::{RECEIVED_FIELDS_MAX, Refusal, Trace};
use crate::clock::{self, Time};

/// What still has to be done to a message's header once it is there.
pub(super) struct Head {
    /// Bytes of Return-Path.
    pub return_path_bytes: u32,
    /// Where the message's own first byte is.
    begin: usize,
    checks: bool,
    complete_as: Option<String>,
}

impl Head {
    /// Writes the trace fields of this message.
    pub fn write(trace: Trace, id: BlobId, buffer: &mut Vec<u8>) -> Head {
        let Trace::Fields { reverse_path, received, complete_as } = trace else {
            return Head { return_path_bytes: 0, begin: 0, checks: false, complete_as: None };
        };
        buffer.extend_from_slice(format!("Return-Path: <{reverse_path}>\r\n").as_bytes());
        let return_path_bytes = buffer.len() as u32;
        buffer.extend_from_slice(received.replacen("{id}", &id.to_string(), 1).as_bytes());
        Head { return_path_bytes, begin: buffer.len(), checks: true, complete_as }
    }

    /// So many bytes were written ahead of the message.
    pub fn move_by(&mut self, bytes: usize) {
        self.begin += bytes;
    }

    /// Looks at the header, which `buffer` begins with, and writes what is missing.
    ///
    /// # Errors
    /// `Loop`.
    pub fn finish(&self, id: BlobId, now: Time, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        if !self.checks {
            return Ok(());
        }
        let seen = Seen::of(&buffer[self.begin..]);
        if seen.received > RECEIVED_FIELDS_MAX {
            return Err(Refusal::Loop);
        }
        let mut missing = String::new();
        if let Some(host) = &self.complete_as {
            if !seen.date {
                missing.push_str(&format!("Date: {}\r\n", clock::rfc5322(now)));
            }
            if !seen.message_id {
                missing.push_str(&format!("Message-ID: <{id}.{}@{host}>\r\n", now.0));
            }
        }
        if !seen.is_header {
            // The text must not become part of our last field, or a field itself.
            missing.push_str("\r\n");
        }
        if !missing.is_empty() {
            buffer.splice(self.begin..self.begin, missing.into_bytes());
        }
        Ok(())
    }
}

/// What the header has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    received: usize,
    date: bool,
    message_id: bool,
    /// Does the message begin with a field, or with the empty line after none?
    is_header: bool,
}

impl Seen {
    fn of(message: &[u8]) -> Seen {
        let mut seen = Seen { is_header: true, ..Seen::default() };
        let mut rest = message;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(end);
            let is_first = rest.len() == message.len();
            rest = after;
            if line == b"\r\n" || line == b"\n" {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                seen.is_header &= !is_first;
                continue;
            }
            match name(line) {
                Some(name) => seen.note(name),
                None => {
                    seen.is_header &= !is_first;
                    break;
                }
            }
        }
        seen
    }

    fn note(&mut self, name: &[u8]) {
        self.received += usize::from(name.eq_ignore_ascii_case(b"received"));
        self.date |= name.eq_ignore_ascii_case(b"date");
        self.message_id |= name.eq_ignore_ascii_case(b"message-id");
    }
}

/// The name of the field that this line begins (RFC 5322 §2.2; §4.5 lets spaces follow it).
fn name(line: &[u8]) -> Option<&[u8]> {
    let name = line[..memchr(b':', line)?].trim_ascii_end();
    (!name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_057_056_757_123);
    const ID: BlobId = BlobId(7);

    fn finished(message: &str, complete_as: Option<&str>) -> Result<String, Refusal> {
        let trace = Trace::Fields {
            reverse_path: "a@b".into(),
            received: "Received: id {id}\r\n".into(),
            complete_as: complete_as.map(str::to_owned),
        };
        let mut buffer = Vec::new();
        let head = Head::write(trace, ID, &mut buffer);
        assert_eq!(&buffer[..head.return_path_bytes as usize], b"Return-Path: <a@b>\r\n");
        buffer.extend_from_slice(message.as_bytes());
        head.finish(ID, NOW, &mut buffer)?;
        let text = String::from_utf8(buffer).expect("text");
        Ok(text.strip_prefix("Return-Path: <a@b>\r\nReceived: id 7\r\n").expect("trace").to_owned())
    }

    fn check(message: &str, complete_as: Option<&str>, added: &str) {
        assert_eq!(finished(message, complete_as), Ok(format!("{added}{message}")), "{message:?}");
    }

    #[test]
    fn what_is_missing_is_added_on_submission_only() {
        let (date, id) = ("Date: Tue, 1 Jul 2003 10:52:37 +0000\r\n", "Message-ID: <7.1057056757123@mx.test>\r\n");
        check("Subject: x\r\n\r\nbody", None, "");
        check("Subject: x\r\n\r\nbody", Some("mx.test"), &format!("{date}{id}"));
        check("DATE: x\r\n\r\nMessage-ID: y", Some("mx.test"), id);
        check("message-id : x\r\nDate: y\r\n\r\n", Some("mx.test"), "");
        check("Subject: x\r\n Date: folded\r\n\r\n", Some("mx.test"), &format!("{date}{id}"));
        check("\r\nbody", Some("mx.test"), &format!("{date}{id}"));
        check("", Some("mx.test"), &format!("{date}{id}"));
    }

    #[test]
    fn a_message_without_header_stays_text() {
        check("hello\r\n", None, "\r\n");
        check(" folded: what\r\n", None, "\r\n");
        check("Subject: x\r\nno field\r\nReceived: y\r\n", None, "");
    }

    #[test]
    fn loops_are_seen() {
        let message = |fields| "Received: x\r\n".repeat(fields) + "\r\n" + &"Received: y\r\n".repeat(99);
        check(&message(RECEIVED_FIELDS_MAX), None, "");
        assert_eq!(finished(&message(RECEIVED_FIELDS_MAX + 1), None), Err(Refusal::Loop));
    }
}
