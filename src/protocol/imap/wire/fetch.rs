//! What FETCH asks for (RFC 3501 §6.4.5, BINARY RFC 3516, PREVIEW RFC 8970).

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
    /// `BINARY`: a part's content with its transfer encoding undone.
    Binary {
        /// The item's name in the response: `BINARY[1]<0>`.
        name: String,
        /// Which part.
        section: Section,
        /// Which of its bytes.
        partial: Option<Partial>,
        /// Does it leave `\Seen` as it is?
        peek: bool,
    },
    /// `BINARY.SIZE`: the size of that content.
    BinarySize {
        /// The item's name in the response: `BINARY.SIZE[1]`.
        name: String,
        /// Which part.
        section: Section,
    },
    /// `PREVIEW`: the first words.
    Preview,
}

impl FetchItem {
    /// Does it need the outline?
    pub fn needs_outline(&self) -> bool {
        use FetchItem::{Binary, BinarySize, Body, BodyStructure, Bytes, Envelope, Preview};
        match self {
            Bytes { section, .. } => !section.is_whole(),
            other => {
                matches!(other, Envelope | BodyStructure | Body | Binary { .. } | BinarySize { .. } | Preview)
            }
        }
    }

    /// Does it need bytes of the message?
    pub fn needs_bytes(&self) -> bool {
        use FetchItem::{Binary, BinarySize, Bytes, Preview};
        matches!(self, Bytes { .. } | Binary { .. } | BinarySize { .. } | Preview)
    }

    /// Does it set `\Seen`?
    pub fn sets_seen(&self) -> bool {
        matches!(self, FetchItem::Bytes { peek: false, .. } | FetchItem::Binary { peek: false, .. })
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
    if items.len() > ITEMS_MAX { Err(Syntax("Too many data items")) } else { Ok(once_each(items)) }
}

/// Each item once: a structure asked for again and again would only cost memory.
fn once_each(items: Vec<FetchItem>) -> Vec<FetchItem> {
    items.into_iter().fold(Vec::new(), |mut once, item| {
        if !once.contains(&item) {
            once.push(item);
        }
        once
    })
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
    if parser.eat_word("PREVIEW") {
        return preview(parser);
    }
    let name = parser.run(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    if name.get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"BINARY")) {
        return binary(&name[6..], parser);
    }
    let peek = name.eq_ignore_ascii_case(b"BODY.PEEK");
    if !peek && !name.eq_ignore_ascii_case(b"BODY") {
        return Err(Syntax("Unknown data item"));
    }
    if !peek && parser.peek() != Some(b'[') {
        return Ok(FetchItem::Body);
    }
    let section = Section::parse(parser)?;
    let partial = Partial::parse(parser)?;
    Ok(FetchItem::Bytes { name: format!("BODY{section}{}", origin(partial)), section, partial, peek })
}

/// `PREVIEW (LAZY)`: it is always made at once.
fn preview(parser: &mut Parser<'_>) -> Parsed<FetchItem> {
    if parser.rest().starts_with(b" (") {
        parser.space()?;
        parser.list(|parser| match parser.eat_word("LAZY") {
            true => Ok(()),
            false => Err(Syntax("Unknown PREVIEW modifier")),
        })?;
    }
    Ok(FetchItem::Preview)
}

/// What follows `BINARY`: only parts have such a content.
fn binary(kind: &[u8], parser: &mut Parser<'_>) -> Parsed<FetchItem> {
    let section = Section::parse(parser)?;
    if section.text != SectionText::Whole {
        return Err(Syntax("BINARY is of parts only"));
    }
    if kind.eq_ignore_ascii_case(b".SIZE") {
        return Ok(FetchItem::BinarySize { name: format!("BINARY.SIZE{section}"), section });
    }
    let peek = kind.eq_ignore_ascii_case(b".PEEK");
    if !peek && !kind.is_empty() {
        return Err(Syntax("Unknown data item"));
    }
    let partial = Partial::parse(parser)?;
    Ok(FetchItem::Binary { name: format!("BINARY{section}{}", origin(partial)), section, partial, peek })
}

/// `<0>`
fn origin(partial: Option<Partial>) -> String {
    partial.map(|partial| format!("<{}>", partial.first)).unwrap_or_default()
}

fn rfc822(name: &str, text: SectionText, peek: bool) -> FetchItem {
    FetchItem::Bytes { name: name.to_string(), section: Section { path: Vec::new(), text }, partial: None, peek }
}
