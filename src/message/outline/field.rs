//! The header fields an outline is made of.

/// A field that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    ContentType,
    Encoding,
    Disposition,
    Id,
    Description,
    Md5,
    Language,
    Location,
    Date,
    Subject,
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
    InReplyTo,
    MessageId,
    References,
}

/// How many there are.
pub const FIELDS: usize = 19;

const NAMES: [(&str, Field); FIELDS] = [
    ("content-type", Field::ContentType),
    ("content-transfer-encoding", Field::Encoding),
    ("content-disposition", Field::Disposition),
    ("content-id", Field::Id),
    ("content-description", Field::Description),
    ("content-md5", Field::Md5),
    ("content-language", Field::Language),
    ("content-location", Field::Location),
    ("date", Field::Date),
    ("subject", Field::Subject),
    ("from", Field::From),
    ("sender", Field::Sender),
    ("reply-to", Field::ReplyTo),
    ("to", Field::To),
    ("cc", Field::Cc),
    ("bcc", Field::Bcc),
    ("in-reply-to", Field::InReplyTo),
    ("message-id", Field::MessageId),
    ("references", Field::References),
];

impl Field {
    /// The field of this name in any case.
    pub fn named(name: &[u8]) -> Option<Field> {
        let same = |known: &&(&str, Field)| known.0.as_bytes().eq_ignore_ascii_case(name);
        NAMES.iter().find(same).map(|(_, field)| *field)
    }

    /// Whether it describes a body; the others are the envelope's and mean nothing in a part of a multipart.
    pub fn is_mime(self) -> bool {
        (self as usize) < Field::Date as usize
    }

    /// Whether a second field adds to the first, so that no reader sees other addresses than another.
    pub fn is_list(self) -> bool {
        use Field::{Bcc, Cc, From, ReplyTo, Sender, To};
        matches!(self, From | Sender | ReplyTo | To | Cc | Bcc)
    }
}
