//! Sections: which bytes of a message `BODY[1.2.HEADER.FIELDS (Date)]<0.100>` means (RFC 3501
//! §6.4.5).

use super::{Parsed, Parser, Syntax, string};
use crate::message::{Kind, Outline, Part, Range};

/// Most numbers in one section path.
const PATH_LENGTH_MAX: usize = 128;

/// What is wanted of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionText {
    /// The part's content, or the whole message.
    Whole,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS (…)`
    Fields(Vec<String>),
    /// `HEADER.FIELDS.NOT (…)`
    FieldsNot(Vec<String>),
    /// `TEXT`
    Text,
    /// `MIME`
    Mime,
}

/// A section of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Part numbers from the outside in; empty for the message itself.
    pub path: Vec<u32>,
    /// What is wanted of that part.
    pub text: SectionText,
}

/// `<first.count>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// First byte wanted.
    pub first: u32,
    /// Number of bytes wanted, at least 1.
    pub count: u32,
}

impl Partial {
    /// Reads `<first.count>` when it stands here.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<Option<Partial>> {
        const WRONG: &str = "Invalid partial range";
        if !parser.eat(b'<') {
            return Ok(None);
        }
        let first = parser.number()?;
        parser.byte(b'.', WRONG)?;
        let count = parser.number()?;
        parser.byte(b'>', WRONG)?;
        if count == 0 { Err(Syntax(WRONG)) } else { Ok(Some(Partial { first, count })) }
    }

    /// The wanted bytes of a range.
    pub fn of(self, range: Range) -> Range {
        let start = range.start.saturating_add(self.first).min(range.end);
        Range { start, end: start.saturating_add(self.count).min(range.end) }
    }
}

impl Section {
    /// Is it the whole message?
    pub fn is_whole(&self) -> bool {
        self.path.is_empty() && self.text == SectionText::Whole
    }

    /// Reads `section` with its brackets.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<Section> {
        parser.byte(b'[', "Expected a section")?;
        let mut path = Vec::new();
        let mut text = None;
        while parser.peek() != Some(b']') {
            if parser.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                match parser.number()? {
                    0 => return Err(Syntax("Part numbers begin at 1")),
                    number => path.push(number),
                }
                if path.len() > PATH_LENGTH_MAX {
                    return Err(Syntax("Section has too many part numbers"));
                }
            } else {
                text = Some(section_text(parser, &path)?);
                break;
            }
            if !parser.eat(b'.') {
                break;
            }
            if parser.peek() == Some(b']') {
                return Err(Syntax("Invalid section"));
            }
        }
        parser.byte(b']', "Section is not closed")?;
        Ok(Section { path, text: text.unwrap_or(SectionText::Whole) })
    }

    /// The part itself; of the message, its root.
    pub fn part<'p, 'o>(&self, outline: &'p Outline<'o>) -> Option<&'p Part<'o>> {
        if self.path.is_empty() { Some(&outline.root) } else { find(&outline.root, &self.path) }
    }

    /// The bytes of the part's content and the transfer encoding that they are in (RFC 3516). Only leaves have one;
    /// the others are as they are.
    pub fn content<'o>(&self, outline: &'o Outline<'_>, size: u32) -> Option<(Range, &'o [u8])> {
        if self.path.is_empty() {
            return Some((Range { start: 0, end: size }, b"binary"));
        }
        let part = find(&outline.root, &self.path)?;
        Some((part.body, if part.kind == Kind::Leaf { &part.encoding } else { b"binary" }))
    }

    /// The bytes meant in a message of `size` bytes: for the header field kinds, those of the header to
    /// be filtered. `None` when there is no such part.
    pub fn range(&self, outline: &Outline<'_>, size: u32) -> Option<Range> {
        if self.path.is_empty() {
            return Some(match self.text {
                SectionText::Whole => Range { start: 0, end: size },
                SectionText::Text => outline.root.body,
                _ => outline.root.header,
            });
        }
        let part = find(&outline.root, &self.path)?;
        match (&self.text, &part.kind) {
            (SectionText::Whole, _) => Some(part.body),
            (SectionText::Mime, _) => Some(part.header),
            (SectionText::Text, Kind::Message { root, .. }) => Some(root.body),
            (_, Kind::Message { root, .. }) => Some(root.header),
            _ => None,
        }
    }
}

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.path.iter().map(u32::to_string).collect();
        let dot = if numbers.is_empty() || self.text == SectionText::Whole { "" } else { "." };
        write!(f, "[{}{dot}", numbers.join("."))?;
        match &self.text {
            SectionText::Whole => Ok(()),
            SectionText::Header => f.write_str("HEADER"),
            SectionText::Text => f.write_str("TEXT"),
            SectionText::Mime => f.write_str("MIME"),
            SectionText::Fields(names) => write!(f, "HEADER.FIELDS ({})", field_names(names)),
            SectionText::FieldsNot(names) => write!(f, "HEADER.FIELDS.NOT ({})", field_names(names)),
        }?;
        f.write_str("]")
    }
}

fn section_text(parser: &mut Parser<'_>, path: &[u32]) -> Parsed<SectionText> {
    if parser.eat_word("HEADER.FIELDS.NOT") {
        parser.space()?;
        return parser.list(field_name).map(SectionText::FieldsNot);
    }
    if parser.eat_word("HEADER.FIELDS") {
        parser.space()?;
        return parser.list(field_name).map(SectionText::Fields);
    }
    if parser.eat_word("HEADER") {
        return Ok(SectionText::Header);
    }
    if parser.eat_word("TEXT") {
        return Ok(SectionText::Text);
    }
    if !path.is_empty() && parser.eat_word("MIME") {
        return Ok(SectionText::Mime);
    }
    Err(Syntax("Invalid section"))
}

fn field_name(parser: &mut Parser<'_>) -> Parsed<String> {
    let name = parser.astring_text()?;
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if valid { Ok(name) } else { Err(Syntax("Invalid header field name")) }
}

fn field_names(names: &[String]) -> String {
    let mut text = Vec::new();
    for name in names {
        if !text.is_empty() {
            text.push(b' ');
        }
        match name.bytes().all(super::parser::is_atom) {
            true => text.extend_from_slice(name.as_bytes()),
            false => string(name.as_bytes(), &mut text),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The part with these numbers. What is not a multipart has one part: itself.
fn find<'p, 'a>(root: &'p Part<'a>, path: &[u32]) -> Option<&'p Part<'a>> {
    let mut found: Option<&Part<'a>> = None;
    for number in path {
        let level = match found {
            None => root,
            Some(part) => match &part.kind {
                Kind::Multipart(_) => part,
                Kind::Message { root, .. } => root,
                Kind::Leaf => return None,
            },
        };
        found = Some(match &level.kind {
            Kind::Multipart(parts) => parts.get(*number as usize - 1)?,
            _ if *number == 1 => level,
            _ => return None,
        });
    }
    found
}
