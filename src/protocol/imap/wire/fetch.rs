//! What FETCH asks for (RFC 3501 §6.4.5).

use super::{Parsed, Parser, Partial, Section, SectionText, Syntax};

/// Most items in one FETCH.
const ITEMS_MAX: usize = 256;

/// One data item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchItem {
    /// `UID`
    Uid,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `MODSEQ` (RFC 7162)
    Modseq,
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `EMAILID` (RFC 8474)
    EmailId,
    /// `THREADID` (RFC 8474)
    ThreadId,
    /// `ENVELOPE`
    Envelope,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY`: the structure without extension data.
    Body,
    /// Bytes of the message.
    Bytes {
        /// The item's name in the response: `BODY[1]<0>`, `RFC822.TEXT`.
        name: String,
        /// Which.
        section: Section,
        /// Which of these.
        partial: Option<Partial>,
        /// Does it leave `\Seen` as it is?
        peek: bool,
    },
}

impl FetchItem {
    /// Does it need the outline?
    pub fn needs_outline(&self) -> bool {
        use FetchItem::{Body, BodyStructure, Bytes, Envelope};
        match self {
            Bytes { section, .. } => *section != Section { path: Vec::new(), text: SectionText::Whole },
            other => matches!(other, Envelope | BodyStructure | Body),
        }
    }

    /// Does it set `\Seen`?
    pub fn sets_seen(&self) -> bool {
        matches!(self, FetchItem::Bytes { peek: false, .. })
    }
}

/// Reads the items of FETCH: a macro, one item or a list.
pub fn fetch_items(parser: &mut Parser<'_>) -> Parsed<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Size};
    for (name, items) in [
        ("ALL", vec![Flags, InternalDate, Size, Envelope]),
        ("FAST", vec![Flags, InternalDate, Size]),
        ("FULL", vec![Flags, InternalDate, Size, Envelope, Body]),
    ] {
        if parser.eat_word(name) {
            return Ok(items);
        }
    }
    let items = if parser.peek() == Some(b'(') { parser.list(item)? } else { vec![item(parser)?] };
    if items.len() > ITEMS_MAX { Err(Syntax("Too many data items")) } else { Ok(items) }
}

fn item(parser: &mut Parser<'_>) -> Parsed<FetchItem> {
    for (name, item) in [
        ("UID", FetchItem::Uid),
        ("FLAGS", FetchItem::Flags),
        ("INTERNALDATE", FetchItem::InternalDate),
        ("RFC822.SIZE", FetchItem::Size),
        ("MODSEQ", FetchItem::Modseq),
        ("SAVEDATE", FetchItem::SaveDate),
        ("EMAILID", FetchItem::EmailId),
        ("THREADID", FetchItem::ThreadId),
        ("ENVELOPE", FetchItem::Envelope),
        ("BODYSTRUCTURE", FetchItem::BodyStructure),
        ("RFC822", rfc822("RFC822", SectionText::Whole, false)),
        ("RFC822.HEADER", rfc822("RFC822.HEADER", SectionText::Header, true)),
        ("RFC822.TEXT", rfc822("RFC822.TEXT", SectionText::Text, false)),
    ] {
        if parser.eat_word(name) {
            return Ok(item);
        }
    }
    let name = parser.run(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    let peek = name.eq_ignore_ascii_case(b"BODY.PEEK");
    if !peek && !name.eq_ignore_ascii_case(b"BODY") {
        return Err(Syntax("Unknown data item"));
    }
    if !peek && parser.peek() != Some(b'[') {
        return Ok(FetchItem::Body);
    }
    let section = Section::parse(parser)?;
    let partial = Partial::parse(parser)?;
    let origin = partial.map(|partial| format!("<{}>", partial.first)).unwrap_or_default();
    Ok(FetchItem::Bytes { name: format!("BODY{section}{origin}"), section, partial, peek })
}

fn rfc822(name: &str, text: SectionText, peek: bool) -> FetchItem {
    FetchItem::Bytes { name: name.to_string(), section: Section { path: Vec::new(), text }, partial: None, peek }
}
