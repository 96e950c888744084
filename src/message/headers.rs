//! The fields of a raw header block (RFC 5322 §2.2), in their order, with the bytes they stand in.

use std::borrow::Cow;

use super::{Range, Text};

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name as it stands.
    pub name: &'a [u8],
    /// All its lines, line breaks included.
    pub raw: &'a [u8],
    /// Where they stand in the block.
    pub range: Range,
    /// What follows the colon, line breaks included.
    body: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Its value, unfolded and trimmed, not decoded.
    pub fn value(&self) -> Text<'a> {
        let body = self.body.trim_ascii();
        if memchr::memchr(b'\n', body).is_none() {
            return Cow::Borrowed(body);
        }
        let mut value = Vec::with_capacity(body.len());
        for line in body.split(|byte| *byte == b'\n') {
            value.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        }
        Cow::Owned(value)
    }
}

/// The fields of a header block up to its empty line or its end. Lines that are no field and continue none are passed
/// over.
pub fn fields(block: &[u8]) -> Fields<'_> {
    Fields { block, at: 0 }
}

/// Whether the block has a field of this name.
pub fn has(block: &[u8], name: &str) -> bool {
    fields(block).any(|field| field.is(name))
}

/// How many fields of this name the block has, as counting `Received` shows a loop (RFC 5321 §6.3).
pub fn count(block: &[u8], name: &str) -> usize {
    fields(block).filter(|field| field.is(name)).count()
}

/// Length of the header at the start of a message, its empty line included; all of it when there is none.
pub fn length(message: &[u8]) -> usize {
    let mut at = 0;
    while at < message.len() {
        let line = line(&message[at..]);
        at += line.len();
        if is_empty_line(line) {
            break;
        }
    }
    at
}

/// Iterates over the fields of a block; see [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    block: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while self.at < self.block.len() {
            let start = self.at;
            let first = line(&self.block[start..]);
            if is_empty_line(first) {
                self.at = self.block.len();
                return None;
            }
            self.at += first.len();
            while matches!(self.block.get(self.at), Some(b' ' | b'\t')) {
                self.at += line(&self.block[self.at..]).len();
            }
            let raw = &self.block[start..self.at];
            if let Some((name, _)) = split_field(first) {
                let colon = memchr::memchr(b':', raw)?;
                let range = Range { start: start as u32, end: self.at as u32 };
                return Some(Field { name, raw, range, body: &raw[colon + 1..] });
            }
        }
        None
    }
}

/// Name and the rest after the colon of a field's first line. White space before the colon is obsolete, not wrong.
pub(super) fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| (name, &line[colon + 1..]))
}

fn line(text: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', text).map_or(text, |end| &text[..=end])
}

fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let check = |block: &str, expected: &[(&str, &str)]| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let found: Vec<_> =
                fields(block.as_bytes()).map(|field| (text(field.name), text(&field.value()))).collect();
            let expected: Vec<_> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(found, expected, "{block:?}");
        };
        check("", &[]);
        check("\r\n", &[]);
        check("A: b\r\n\r\nC: d\r\n", &[("A", "b")]);
        check("A: b\r\nC:d", &[("A", "b"), ("C", "d")]);
        check("A: b\r\n c\r\n\td\r\nE: f\r\n", &[("A", "b c\td"), ("E", "f")]);
        check("A: b\n c\nD: e\n\nF: g\n", &[("A", "b c"), ("D", "e")]);
        check("A : b\r\n", &[("A", "b")]);
        check("A:\r\n b\r\n", &[("A", "b")]);
        check("A:\r\n", &[("A", "")]);
        check("From x\r\nA: b\r\nno field\r\n more\r\nC: d\r\n", &[("A", "b"), ("C", "d")]);
        check(": b\r\nA b: c\r\n\r\n", &[]);
        check("A: b\r\n \r\nC: d\r\n", &[("A", "b"), ("C", "d")]);
    }

    #[test]
    fn where_fields_stand() {
        let block = b"A: b\r\n c\r\nD: e\r\n\r\n";
        let found: Vec<_> = fields(block).map(|field| (field.range, field.raw)).collect();
        let expected =
            [(Range { start: 0, end: 10 }, &b"A: b\r\n c\r\n"[..]), (Range { start: 10, end: 16 }, b"D: e\r\n")];
        assert_eq!(found, expected);
        assert!(has(block, "d") && !has(block, "x"));
        assert_eq!(count(b"Received: a\r\nreceived: b\r\nX: c\r\n\r\nReceived: d", "Received"), 2);
        assert_eq!(length(b"A: b\r\n\r\nbody"), 8);
        assert_eq!(length(b"A: b\n\nbody"), 6);
        assert_eq!(length(b"A: b"), 4);
        assert_eq!(length(b"\r\nbody"), 2);
    }
}
