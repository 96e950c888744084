//! Changes to a header (RFC 5293), made on the raw bytes of a message's copy, never on the stored message.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};

use crate::message::headers;

/// A change to a header. Changes are made in their order, each on what the one before has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edit {
    /// A new field, before all others or after them.
    Add {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// After all others?
        last: bool,
    },
    /// A field that goes.
    Delete {
        /// Its name.
        name: String,
        /// How many of that name stand before it.
        skip: usize,
    },
}

/// Fields that trace the message's way and tell machines from people. Rules neither add nor delete them (RFC 5293 §6).
const PROTECTED: [&str; 5] = ["Received", "Auto-Submitted", "Return-Path", "Delivered-To", "Authentication-Results"];

/// Most bytes of text in one encoded word (RFC 2047 §2 allows 75 for all of it).
const ENCODED_BYTES_MAX: usize = 42;

/// May rules touch this field?
pub(super) fn is_protected(name: &str) -> bool {
    PROTECTED.iter().any(|protected| protected.eq_ignore_ascii_case(name))
}

/// Is it the name of a field (RFC 5322 §2.2)?
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// The header, which ends with its empty line if it has one, with these changes.
pub fn edited(header: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> = headers::fields(header).map(|field| field.raw.to_vec()).collect();
    for edit in edits {
        match edit {
            Edit::Add { name, value, last } => {
                let at = if *last { fields.len() } else { 0 };
                fields.insert(at, format!("{name}: {}\r\n", encode(value)).into_bytes());
            }
            Edit::Delete { name, skip } => {
                let is_it = |raw: &Vec<u8>| headers::has(raw, name);
                let at = fields.iter().enumerate().filter(|(_, raw)| is_it(raw)).nth(*skip).map(|(at, _)| at);
                if let Some(at) = at {
                    fields.remove(at);
                }
            }
        }
    }
    let mut edited = Vec::with_capacity(header.len() + 256);
    for field in fields {
        edited.extend(field);
        if !edited.ends_with(b"\n") {
            edited.extend_from_slice(b"\r\n");
        }
    }
    edited.extend_from_slice(b"\r\n");
    edited
}

/// A value on its way into a header: no line breaks, encoded words (RFC 2047) where it is not ASCII.
pub fn encode(value: &str) -> String {
    let value: String = value.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let value = value.trim();
    if value.is_ascii() {
        return value.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let end = rest.char_indices().map(|(at, char)| at + char.len_utf8());
        let end = end.take_while(|end| *end <= ENCODED_BYTES_MAX).last().unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word)));
        rest = after;
    }
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_and_go() {
        let add = |name: &str, value: &str, last| Edit::Add { name: name.into(), value: value.into(), last };
        let delete = |name: &str, skip| Edit::Delete { name: name.into(), skip };
        let check = |edits: &[Edit], expected: &str| {
            let header = b"A: 1\r\nB: 2\r\n\tfolded\r\na: 3\r\n\r\n";
            assert_eq!(String::from_utf8_lossy(&edited(header, edits)), format!("{expected}\r\n"), "{edits:?}");
        };
        check(&[], "A: 1\r\nB: 2\r\n\tfolded\r\na: 3\r\n");
        check(&[add("X", "y", false)], "X: y\r\nA: 1\r\nB: 2\r\n\tfolded\r\na: 3\r\n");
        check(&[add("X", "y\r\nEvil: z", true)], "A: 1\r\nB: 2\r\n\tfolded\r\na: 3\r\nX: y  Evil: z\r\n");
        check(&[delete("B", 0)], "A: 1\r\na: 3\r\n");
        check(&[delete("a", 1)], "A: 1\r\nB: 2\r\n\tfolded\r\n");
        check(&[delete("A", 0), delete("A", 0)], "B: 2\r\n\tfolded\r\n");
        check(&[delete("A", 2), delete("C", 0)], "A: 1\r\nB: 2\r\n\tfolded\r\na: 3\r\n");
        assert_eq!(edited(b"A: 1", &[]), b"A: 1\r\n\r\n");
    }

    #[test]
    fn values_are_encoded() {
        assert_eq!(encode("plain"), "plain");
        assert_eq!(encode("für"), "=?utf-8?B?ZsO8cg==?=");
        let long = "für dich und alle anderen, die es lesen möchten, heute noch";
        let encoded = encode(long);
        assert!(encoded.lines().all(|line| line.len() <= 76), "{encoded}");
        assert_eq!(crate::message::words::decode(encoded.replace("\r\n", "").as_bytes()), long);
    }
}
