//! The structure of one message: what ENVELOPE, BODYSTRUCTURE, section offsets and header searches
//! need, with offsets into the stored bytes.

use std::borrow::Cow;

mod decode;
mod encode;
mod field;
mod header;
pub mod limits;
mod outliner;
mod stored;
#[cfg(test)]
mod tests;
mod tree;

pub use outliner::Outliner;

/// Bytes as the header has them, unfolded and trimmed, not decoded; may hold raw 8-bit.
pub type Text<'a> = Cow<'a, [u8]>;

/// Bytes `start .. end` of the stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// One after the last byte.
    pub end: u32,
}

/// The whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline<'a> {
    /// The envelope of the message itself.
    pub envelope: Envelope<'a>,
    /// `References` field.
    pub references: Option<Text<'a>>,
    /// The moment of the `Date` field, seconds since 1970-01-01 UTC, when it can be read.
    pub sent: Option<i64>,
    /// Part 0: the message's own header and body.
    pub root: Part<'a>,
}

/// The ENVELOPE of a message (RFC 9051 §7.5.2). Empty address lists are absent or empty fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'a> {
    /// `Date`
    pub date: Option<Text<'a>>,
    /// `Subject`, encoded words as they stand.
    pub subject: Option<Text<'a>>,
    /// `From`
    pub from: Vec<Address<'a>>,
    /// `Sender`, not defaulted.
    pub sender: Vec<Address<'a>>,
    /// `Reply-To`, not defaulted.
    pub reply_to: Vec<Address<'a>>,
    /// `To`
    pub to: Vec<Address<'a>>,
    /// `Cc`
    pub cc: Vec<Address<'a>>,
    /// `Bcc`
    pub bcc: Vec<Address<'a>>,
    /// `In-Reply-To`
    pub in_reply_to: Option<Text<'a>>,
    /// `Message-ID`
    pub message_id: Option<Text<'a>>,
}

/// One address of an address list. As IMAP has it: a group is an address without host (its name is
/// `mailbox`), then its members, then an address with neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address<'a> {
    /// Display name, quoting removed, encoded words as they stand.
    pub name: Option<Text<'a>>,
    /// Local part, quoting removed; empty when it is missing.
    pub mailbox: Option<Text<'a>>,
    /// Domain; empty when it is missing.
    pub host: Option<Text<'a>>,
}

/// `name=value` of a Content-Type or Content-Disposition field. Names in lower case; RFC 2231
/// continuations joined and, with a charset, decoded to UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Name in lower case.
    pub name: Text<'a>,
    /// Value, quoting removed.
    pub value: Text<'a>,
}

/// Content-Disposition (RFC 2183).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposition<'a> {
    /// `attachment`, `inline`, … in lower case.
    pub kind: Text<'a>,
    /// Its parameters.
    pub parameters: Vec<Parameter<'a>>,
}

/// One MIME part (RFC 2045).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its header, the empty line included. Empty at `body.start` when it has none.
    pub header: Range,
    /// Its body, without the line break before the next delimiter.
    pub body: Range,
    /// Line breaks in the body.
    pub lines: u32,
    /// Top-level media type in lower case (`text` when absent).
    pub media_type: Text<'a>,
    /// Media subtype in lower case (`plain` when absent).
    pub media_subtype: Text<'a>,
    /// Parameters of Content-Type (`charset=us-ascii` when the field is absent).
    pub parameters: Vec<Parameter<'a>>,
    /// `Content-ID`
    pub id: Option<Text<'a>>,
    /// `Content-Description`
    pub description: Option<Text<'a>>,
    /// Content-Transfer-Encoding in lower case (`7bit` when absent).
    pub encoding: Text<'a>,
    /// `Content-MD5`
    pub md5: Option<Text<'a>>,
    /// `Content-Disposition`
    pub disposition: Option<Disposition<'a>>,
    /// `Content-Language`
    pub language: Vec<Text<'a>>,
    /// `Content-Location`
    pub location: Option<Text<'a>>,
    /// What is inside.
    pub kind: Kind<'a>,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Content. Its media type is never `multipart`, `message/rfc822` or `message/global`: what of these cannot be
    /// looked into (no boundary, no part, encoded, beyond the [`limits`]) is `text/plain` or
    /// `application/octet-stream` here.
    Leaf,
    /// `multipart/*` with at least one part.
    Multipart(Vec<Part<'a>>),
    /// `message/rfc822` or `message/global` in an identity encoding: the message inside. `root`'s
    /// header and body are the inner message's.
    Message {
        /// Its envelope.
        envelope: Box<Envelope<'a>>,
        /// Its own part.
        root: Box<Part<'a>>,
    },
}

impl Range {
    /// Bytes in it.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Its bytes, of the whole message; cut where the message is shorter.
    pub fn of(self, message: &[u8]) -> &[u8] {
        let end = (self.end as usize).min(message.len());
        &message[(self.start as usize).min(end)..end]
    }
}

impl Part<'_> {
    /// The value of a Content-Type parameter; `name` in lower case.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|parameter| *parameter.name == *name.as_bytes()).map(|found| &*found.value)
    }
}
