//! What FETCH says of messages, in pieces: text that is there, and bytes that must be read first. Each
//! literal's size is known before its bytes are.

use std::collections::VecDeque;

use mailstead_storage::Record;

use super::command::Metadata;
use super::decoded::{Decoded, Wanted};
use super::header::HeaderFilter;
use super::preview::Preview;
use super::question::Span;
use super::selected::{Selected, Told, say};
use super::wire::{
    FetchItem, Partial, Section, SectionText, Url, body_structure, decoded_before_extent, decoded_behind_extent,
    email_id, envelope, number, print_date_time, string,
};
use crate::message::{Kind, Outline, Range};

/// Most bytes read at once.
pub const READ_BYTES_MAX: usize = 256 * 1024;

/// Most places read at once.
const SPANS_MAX: usize = 512;

/// One piece.
pub enum Piece {
    /// Text.
    Text(Vec<u8>),
    /// Bytes of a message, as they are.
    Bytes(Span),
    /// Fields picked out of a header, as a literal.
    Fields {
        /// The header, as far as it is not yet read.
        span: Span,
        /// Picks them.
        filter: Box<HeaderFilter>,
        /// What of them is wanted.
        partial: Option<Partial>,
    },
    /// A content to be decoded.
    Decoded {
        /// Its bytes, as far as they are not yet read.
        span: Span,
        /// Decodes them.
        decoded: Box<Decoded>,
    },
    /// The first words of a text, as a string.
    Preview {
        /// The text's bytes, as far as they are not yet read.
        span: Span,
        /// Makes words of them.
        preview: Box<Preview>,
    },
}

/// The pieces of the next responses, in their order.
#[derive(Default)]
pub struct Plan {
    pieces: VecDeque<(usize, Piece)>,
    weight: usize,
    unknown_encoding: bool,
}

impl Plan {
    /// The next piece.
    pub fn front(&mut self) -> Option<&mut Piece> {
        self.pieces.front_mut().map(|(_, piece)| piece)
    }

    /// The next piece is said.
    pub fn pop(&mut self) {
        if let Some((weight, _)) = self.pieces.pop_front() {
            self.weight -= weight;
        }
    }

    /// Bytes still to be said or read, about.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Was a content asked for whose transfer encoding is not known?
    pub fn has_unknown_encoding(&self) -> bool {
        self.unknown_encoding
    }

    /// Plans the response for one message. `changed` are the items that are told because they have changed,
    /// asked for or not.
    pub fn message(
        &mut self,
        mailbox: &Selected,
        record: &Record,
        outline: Option<&[u8]>,
        items: &[FetchItem],
        changed: Told,
    ) {
        let mut text = self.take_text();
        if !mailbox.begin_fetch(record.uid, &mut text) {
            return self.push(Piece::Text(text));
        }
        let outline = outline.and_then(Outline::decode);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                text.push(b' ');
            }
            match item {
                FetchItem::Bytes { name, section, partial, .. } => {
                    say(&mut text, name);
                    text.push(b' ');
                    self.section(section, *partial, record, outline.as_ref(), &mut text);
                }
                FetchItem::Binary { name, section, partial, .. } => {
                    say(&mut text, &format!("{name} "));
                    self.content(section, Wanted::Bytes(*partial), record, outline.as_ref(), &mut text);
                }
                FetchItem::BinarySize { name, section } => {
                    say(&mut text, &format!("{name} "));
                    self.content(section, Wanted::Size, record, outline.as_ref(), &mut text);
                }
                FetchItem::Preview => self.preview(record, outline.as_ref(), &mut text),
                item => simple(item, mailbox, record, outline.as_ref(), &mut text),
            }
        }
        if changed.flags && !items.contains(&FetchItem::Flags) {
            say(&mut text, " FLAGS ");
            mailbox.print_flags(record, &mut text);
        }
        if changed.modseq && !items.contains(&FetchItem::Modseq) {
            say(&mut text, &format!(" MODSEQ ({})", record.modseq));
        }
        say(&mut text, ")\r\n");
        self.push(Piece::Text(text));
    }

    fn section(
        &mut self,
        section: &Section,
        partial: Option<Partial>,
        record: &Record,
        outline: Option<&Outline<'_>>,
        text: &mut Vec<u8>,
    ) {
        let range = match outline {
            _ if section.is_whole() => Some(Range { start: 0, end: record.size }),
            Some(outline) => section.range(outline, record.size),
            None => None,
        };
        let Some(range) = range else { return say(text, "NIL") };
        let span = |range| Span { blob: record.blob, range };
        if let SectionText::Fields(names) | SectionText::FieldsNot(names) = &section.text {
            let wanted = matches!(section.text, SectionText::Fields(_));
            self.push(Piece::Text(std::mem::take(text)));
            let filter = Box::new(HeaderFilter::new(names, wanted));
            return self.push(Piece::Fields { span: span(range), filter, partial });
        }
        let range = partial.map_or(range, |partial| partial.of(range));
        if range.start >= range.end {
            return say(text, "\"\"");
        }
        say(text, &format!("{{{}}}\r\n", range.end - range.start));
        self.push(Piece::Text(std::mem::take(text)));
        self.push(Piece::Bytes(span(range)));
    }

    fn content(
        &mut self,
        section: &Section,
        wanted: Wanted,
        record: &Record,
        outline: Option<&Outline<'_>>,
        text: &mut Vec<u8>,
    ) {
        let content = outline.and_then(|outline| section.content(outline, record.size));
        let known = content.filter(|(_, encoding)| Decoded::is_known(encoding));
        self.unknown_encoding |= content.is_some() && known.is_none();
        let Some((range, encoding)) = known else {
            return say(text, if matches!(wanted, Wanted::Bytes(_)) { "NIL" } else { "0" });
        };
        self.push(Piece::Text(std::mem::take(text)));
        let decoded = Box::new(Decoded::new(encoding, range, wanted, READ_BYTES_MAX));
        self.push(Piece::Decoded { span: Span { blob: record.blob, range }, decoded });
    }

    /// Plans text alone.
    pub fn text(&mut self, text: Vec<u8>) {
        self.push(Piece::Text(text));
    }

    /// Plans what URLFETCH tells of what a URL names, behind `text`. False when there is no such part: nothing is
    /// planned then.
    pub fn url(
        &mut self,
        mut text: Vec<u8>,
        url: &Url,
        metadata: Metadata,
        record: &Record,
        outline: &Outline<'_>,
    ) -> bool {
        let Url { section, partial, .. } = url;
        if section.range(outline, record.size).is_none() {
            return false;
        }
        // A header or text has no transfer encoding.
        let binary = metadata.binary && section.text == SectionText::Whole;
        if metadata.structure {
            self.part_structure(section, binary, record, outline, &mut text);
        }
        if metadata.binary || metadata.body {
            say(&mut text, if metadata.binary { " (BINARY " } else { " (BODY " });
            match binary {
                true => self.content(section, Wanted::Bytes(*partial), record, Some(outline), &mut text),
                false => self.section(section, *partial, record, Some(outline), &mut text),
            }
            text.push(b')');
        } else if !metadata.structure {
            text.push(b' ');
            self.section(section, *partial, record, Some(outline), &mut text);
        }
        say(&mut text, "\r\n");
        self.push(Piece::Text(text));
        true
    }

    /// The structure of a part as it is told, so in its own encoding, or undone (RFC 5524 §3.2).
    fn part_structure(
        &mut self,
        section: &Section,
        decoded: bool,
        record: &Record,
        outline: &Outline<'_>,
        text: &mut Vec<u8>,
    ) {
        say(text, " (BODYPARTSTRUCTURE ");
        match section.part(outline) {
            None => say(text, "NIL"),
            Some(part) if decoded && part.kind == Kind::Leaf && Decoded::is_known(&part.encoding) => {
                let lines = part.media_type.as_ref() == b"text";
                decoded_before_extent(part, text);
                let wanted = if lines { Wanted::SizeAndLines } else { Wanted::Size };
                self.content(section, wanted, record, Some(outline), text);
                decoded_behind_extent(part, text);
            }
            Some(part) => body_structure(part, true, text),
        }
        text.push(b')');
    }

    fn preview(&mut self, record: &Record, outline: Option<&Outline<'_>>, text: &mut Vec<u8>) {
        say(text, "PREVIEW ");
        let Some((range, preview)) = outline.and_then(Preview::of) else { return say(text, "\"\"") };
        self.push(Piece::Text(std::mem::take(text)));
        self.push(Piece::Preview { span: Span { blob: record.blob, range }, preview: Box::new(preview) });
    }

    /// Takes the text at the end back, to be gone on with: short responses are one piece together.
    fn take_text(&mut self) -> Vec<u8> {
        let last = self.pieces.pop_back_if(|(_, piece)| matches!(piece, Piece::Text(_)));
        let Some((weight, Piece::Text(text))) = last else { return Vec::new() };
        self.weight -= weight;
        text
    }

    fn push(&mut self, piece: Piece) {
        let weight = match &piece {
            Piece::Text(text) => text.len(),
            Piece::Bytes(span)
            | Piece::Fields { span, .. }
            | Piece::Decoded { span, .. }
            | Piece::Preview { span, .. } => span.range.len(),
        };
        self.weight += weight;
        self.pieces.push_back((weight, piece));
    }
}

/// Writes an item that needs no bytes of the message.
fn simple(item: &FetchItem, mailbox: &Selected, record: &Record, outline: Option<&Outline<'_>>, out: &mut Vec<u8>) {
    match (item, outline) {
        (FetchItem::Uid, _) => {
            say(out, "UID ");
            number(record.uid, out);
        }
        (FetchItem::Size, _) => {
            say(out, "RFC822.SIZE ");
            number(record.size, out);
        }
        (FetchItem::Modseq, _) => {
            say(out, "MODSEQ (");
            number(record.modseq, out);
            out.push(b')');
        }
        (FetchItem::Flags, _) => {
            say(out, "FLAGS ");
            mailbox.print_flags(record, out);
        }
        (FetchItem::InternalDate, _) => {
            say(out, "INTERNALDATE ");
            print_date_time(record.internal_date, out);
        }
        (FetchItem::SaveDate, _) => {
            say(out, "SAVEDATE ");
            print_date_time(record.save_date, out);
        }
        (FetchItem::EmailId, _) => say(out, &format!("EMAILID ({})", email_id(record.blob))),
        // Threads have no ids here.
        (FetchItem::ThreadId, _) => say(out, "THREADID NIL"),
        (FetchItem::Envelope, outline) => {
            say(out, "ENVELOPE ");
            match outline {
                Some(outline) => envelope(&outline.envelope, out),
                None => envelope(&crate::message::Envelope::default(), out),
            }
        }
        (item, outline) => {
            let extended = *item == FetchItem::BodyStructure;
            say(out, if extended { "BODYSTRUCTURE " } else { "BODY " });
            match outline {
                Some(outline) => body_structure(&outline.root, extended, out),
                None => say(out, &format!("(\"text\" \"plain\" NIL NIL NIL \"7bit\" {} 0)", record.size)),
            }
        }
    }
}

/// Bytes that were read and not yet said, in the order of the pieces that want them.
#[derive(Default)]
pub struct Window {
    asked: Vec<Span>,
    read: VecDeque<Vec<u8>>,
}

impl Window {
    /// What to read next for the pieces from the front on.
    pub fn wanted(&mut self, plan: &Plan) -> Vec<Span> {
        let mut room = READ_BYTES_MAX as u32;
        self.asked.clear();
        for (_, piece) in &plan.pieces {
            let (Piece::Bytes(span)
            | Piece::Fields { span, .. }
            | Piece::Decoded { span, .. }
            | Piece::Preview { span, .. }) = piece
            else {
                continue;
            };
            let Range { start, end } = span.range;
            let end = end.min(start.saturating_add(room));
            if start < end {
                self.asked.push(Span { blob: span.blob, range: Range { start, end } });
                room -= end - start;
            }
            // What is read again comes before what follows it.
            let again = matches!(piece, Piece::Decoded { decoded, .. } if !decoded.is_read_once());
            if room == 0 || again || self.asked.len() >= SPANS_MAX {
                break;
            }
        }
        self.asked.clone()
    }

    /// Hears what was asked for.
    pub fn fill(&mut self, bytes: Vec<Vec<u8>>) {
        for (span, mut bytes) in self.asked.drain(..).zip(bytes) {
            // The literal's size may have been said already.
            bytes.resize((span.range.end - span.range.start) as usize, b' ');
            self.read.push_back(bytes);
        }
    }

    /// Takes the first bytes that will be wanted.
    pub fn put(&mut self, bytes: Vec<u8>) {
        self.read.push_back(bytes);
    }

    /// Says as much of a piece as is there; true when that is all of it.
    pub fn say(&mut self, piece: &mut Piece, out: &mut Vec<u8>) -> bool {
        match piece {
            Piece::Text(text) => {
                out.append(text);
                true
            }
            Piece::Bytes(span) => self.take(span, |bytes| out.extend_from_slice(bytes)),
            Piece::Fields { span, filter, partial } => {
                let done = self.take(span, |bytes| filter.feed(bytes));
                if done {
                    let filter = std::mem::replace(filter, Box::new(HeaderFilter::new(&[], true)));
                    say_fields(&filter.finish(), *partial, out);
                }
                done
            }
            Piece::Decoded { span, decoded } => {
                let done = self.take(span, |bytes| decoded.feed(bytes, out));
                match done.then(|| decoded.end(out)) {
                    Some(Some(again)) => {
                        span.range = again;
                        false
                    }
                    _ => done,
                }
            }
            Piece::Preview { span, preview } => {
                let done = self.take(span, |bytes| preview.feed(bytes));
                if done {
                    string(preview.finish().as_bytes(), out);
                }
                done
            }
        }
    }

    fn take(&mut self, span: &mut Span, mut use_bytes: impl FnMut(&[u8])) -> bool {
        while span.range.start < span.range.end {
            let Some(bytes) = self.read.pop_front() else { return false };
            use_bytes(&bytes);
            span.range.start += bytes.len() as u32;
        }
        true
    }
}

fn say_fields(fields: &[u8], partial: Option<Partial>, out: &mut Vec<u8>) {
    let all = Range { start: 0, end: fields.len() as u32 };
    let range = partial.map_or(all, |partial| partial.of(all));
    let fields = &fields[range.start as usize..range.end as usize];
    say(out, &format!("{{{}}}\r\n", fields.len()));
    out.extend_from_slice(fields);
}
