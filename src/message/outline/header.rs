//! Collects the fields of one header, line by line.

use std::borrow::Cow;

use super::field::{FIELDS, Field};
use super::limits::{FIELD_BYTES_MAX, KEPT_BYTES_MAX};
use crate::message::headers::split_field;
use crate::message::syntax::media::{self, Media};
use crate::message::syntax::{address, date, word};
use crate::message::{Address, Envelope, Kind, Part, Range, Text};

/// What a line of a header is.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A field, its continuation, or something broken amid them.
    Header,
    /// The empty line that ends the header.
    Empty,
    /// Text, where the header should have begun: there is no header.
    Body,
}

/// The bytes a message still may make us keep.
pub struct Room(usize);

impl Default for Room {
    fn default() -> Room {
        Room(KEPT_BYTES_MAX)
    }
}

/// The header being read.
pub struct Header {
    /// Of a message, not of a part of a multipart.
    of_message: bool,
    lines: u32,
    open: Option<Field>,
    values: [Option<Vec<u8>>; FIELDS],
}

impl Header {
    /// At the first line.
    pub fn new(of_message: bool) -> Header {
        Header { of_message, lines: 0, open: None, values: std::array::from_fn(|_| None) }
    }

    /// Whether the part it describes is a message.
    pub fn is_of_message(&self) -> bool {
        self.of_message
    }

    /// Hears a line with its line break, or as much of it as is kept.
    pub fn line(&mut self, line: &[u8], room: &mut Room) -> Line {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            return Line::Empty;
        }
        self.lines = self.lines.saturating_add(1);
        if matches!(text[0], b' ' | b'\t') && self.lines > 1 {
            self.append(text, room);
        } else if let Some((name, value)) = split_field(text) {
            self.begin(name, value, room);
        } else if self.lines == 1 && !is_mailbox_separator(text) {
            return Line::Body;
        } else {
            self.open = None;
        }
        Line::Header
    }

    fn begin(&mut self, name: &[u8], value: &[u8], room: &mut Room) {
        self.open = Field::named(name).filter(|field| self.of_message || field.is_mime());
        let Some(field) = self.open else { return };
        match &mut self.values[field as usize] {
            Some(_) if field.is_list() => self.append(b",", room),
            Some(_) => self.open = None,
            none => *none = Some(Vec::new()),
        }
        self.append(value, room);
    }

    fn append(&mut self, text: &[u8], room: &mut Room) {
        let Some(field) = self.open else { return };
        let Some(value) = &mut self.values[field as usize] else { return };
        let text = &text[..text.len().min(FIELD_BYTES_MAX - value.len()).min(room.0)];
        room.0 -= text.len();
        value.extend_from_slice(text);
    }

    fn value(&self, field: Field) -> Option<&[u8]> {
        self.values[field as usize].as_deref()
    }

    fn text(&self, field: Field) -> Option<Text<'static>> {
        self.value(field).map(|value| Cow::Owned(value.trim_ascii().to_vec()))
    }

    fn addresses(&self, field: Field) -> Vec<Address<'static>> {
        self.value(field).map(address::parse).unwrap_or_default()
    }

    /// The envelope.
    pub fn envelope(&self) -> Envelope<'static> {
        Envelope {
            date: self.text(Field::Date),
            subject: self.text(Field::Subject),
            from: self.addresses(Field::From),
            sender: self.addresses(Field::Sender),
            reply_to: self.addresses(Field::ReplyTo),
            to: self.addresses(Field::To),
            cc: self.addresses(Field::Cc),
            bcc: self.addresses(Field::Bcc),
            in_reply_to: self.text(Field::InReplyTo),
            message_id: self.text(Field::MessageId),
        }
    }

    /// `References`.
    pub fn references(&self) -> Option<Text<'static>> {
        self.text(Field::References)
    }

    /// The moment of `Date`.
    pub fn sent(&self) -> Option<i64> {
        self.value(Field::Date).and_then(date::parse)
    }

    /// The part this header describes, as a leaf whose ranges are not known yet.
    pub fn part(&self, absent: Absent) -> Part<'static> {
        let media = self.value(Field::ContentType).map_or_else(|| absent.media(), Media::parse);
        Part {
            header: Range::default(),
            body: Range::default(),
            lines: 0,
            media_type: media.media_type,
            media_subtype: media.media_subtype,
            parameters: media.parameters,
            id: self.text(Field::Id),
            description: self.text(Field::Description),
            encoding: self.value(Field::Encoding).map_or_else(|| word::intern(b"7bit"), media::encoding),
            md5: self.text(Field::Md5),
            disposition: self.value(Field::Disposition).and_then(media::disposition),
            language: self.value(Field::Language).map(media::languages).unwrap_or_default(),
            location: self.text(Field::Location),
            kind: Kind::Leaf,
        }
    }
}

/// What an absent Content-Type means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// `text/plain`
    Text,
    /// `message/rfc822`, in a `multipart/digest` (RFC 2046 §5.1.5).
    Message,
}

impl Absent {
    fn media(self) -> Media {
        match self {
            Absent::Text => Media::plain_text(),
            Absent::Message => Media::of(b"message", b"rfc822"),
        }
    }
}

/// `From ` as mbox files have it before a message.
fn is_mailbox_separator(line: &[u8]) -> bool {
    line.strip_prefix(b">").unwrap_or(line).starts_with(b"From ")
}
