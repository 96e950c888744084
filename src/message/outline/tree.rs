//! The parts that are open while a message is read, innermost last.

use super::header::{Absent, Header, Line, Room};
use super::limits::{BOUNDARY_BYTES_MAX, DEPTH_MAX, PARTS_MAX};
use crate::message::syntax::media::Media;
use crate::message::{Envelope, Kind, Outline, Part, Range, Text};

/// A place in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// Bytes before it.
    pub offset: u32,
    /// Line breaks before it.
    pub lines: u32,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// Where content ends if this line is a delimiter: before the line break that then belongs to it.
    pub before: Mark,
    /// Its first byte.
    pub start: Mark,
    /// After its line break.
    pub end: Mark,
}

/// The parts that are open.
pub struct Tree {
    open: Vec<Open>,
    reading: Option<Reading>,
    room: Room,
    /// Parts begun so far, and messages inside.
    parts: usize,
    references: Option<Text<'static>>,
    sent: Option<i64>,
}

/// The part whose header is being read.
struct Reading {
    header: Header,
    absent: Absent,
    start: Mark,
}

/// A part whose body is being read.
struct Open {
    part: Part<'static>,
    /// Of a part that is a message.
    envelope: Option<Box<Envelope<'static>>>,
    inside: Inside,
    /// Where its body starts.
    start: Mark,
    /// How far the parts in it reach.
    reach: Mark,
}

enum Inside {
    Content,
    Multipart { boundary: Vec<u8>, parts: Vec<Part<'static>>, closed: bool },
    Message(Option<(Box<Envelope<'static>>, Box<Part<'static>>)>),
}

impl Tree {
    /// In the header of the message.
    pub fn new() -> Tree {
        let mut tree =
            Tree { open: Vec::new(), reading: None, room: Room::default(), parts: 0, references: None, sent: None };
        tree.begin(Mark::default(), Absent::Text, true);
        tree
    }

    /// Whether every line matters now.
    pub fn in_header(&self) -> bool {
        self.reading.is_some()
    }

    /// Whether lines that begin with `--` matter now.
    pub fn has_boundaries(&self) -> bool {
        self.open.iter().any(|open| matches!(open.inside, Inside::Multipart { closed: false, .. }))
    }

    /// Hears a line: in a header every one, in a body those that may be delimiters. `cut` when it goes on after `line`.
    pub fn line(&mut self, line: &[u8], cut: bool, place: Place) {
        if !cut && self.delimiter(line, place) {
            return;
        }
        let Some(reading) = &mut self.reading else { return };
        match reading.header.line(line, &mut self.room) {
            Line::Header => {}
            Line::Empty => self.end_header(place.end),
            Line::Body => self.end_header(place.start),
        }
    }

    /// The outline of the message that ends here.
    pub fn finish(mut self, end: Mark) -> Outline<'static> {
        self.end_headers(end);
        self.close_above(1, end);
        let root = self.open.pop().expect("the message's own part is open until here");
        let (root, envelope, _) = root.close(end);
        let envelope = envelope.map(|envelope| *envelope).unwrap_or_default();
        Outline { envelope, references: self.references, sent: self.sent, root }
    }

    fn begin(&mut self, start: Mark, absent: Absent, is_message: bool) {
        self.parts += 1;
        self.reading = Some(Reading { header: Header::new(is_message), absent, start });
    }

    /// The header being read ends, and the body begins, at `end`.
    fn end_header(&mut self, end: Mark) {
        let Some(reading) = self.reading.take() else { return };
        if self.open.is_empty() {
            self.references = reading.header.references();
            self.sent = reading.header.sent();
        }
        let may_nest = self.open.len() + 1 < DEPTH_MAX && self.parts < PARTS_MAX;
        let open = Open::new(&reading, end, may_nest);
        let is_message = matches!(open.inside, Inside::Message(_));
        self.open.push(open);
        if is_message {
            self.begin(end, Absent::Text, true);
        }
    }

    /// Ends the header being read, and that of the message it may have announced.
    fn end_headers(&mut self, end: Mark) {
        while self.in_header() {
            self.end_header(end);
        }
    }

    /// Obeys the line if it is a delimiter of an open multipart.
    fn delimiter(&mut self, line: &[u8], place: Place) -> bool {
        let Some(line) = line.strip_prefix(b"--") else { return false };
        let Some((depth, closes)) = self.match_boundary(line.trim_ascii_end()) else { return false };
        if !closes && self.parts >= PARTS_MAX {
            return false;
        }
        self.end_headers(place.start);
        self.close_above(depth + 1, place.before);
        if closes {
            self.open[depth].close_delimiter();
        } else {
            let absent = self.open[depth].default_inside();
            self.begin(place.end, absent, false);
        }
        true
    }

    /// The innermost multipart whose boundary this is, and whether it is its close delimiter.
    fn match_boundary(&self, text: &[u8]) -> Option<(usize, bool)> {
        self.open.iter().enumerate().rev().find_map(|(depth, open)| match &open.inside {
            Inside::Multipart { boundary, closed: false, .. } => match text.strip_prefix(boundary.as_slice())? {
                b"" => Some((depth, false)),
                b"--" => Some((depth, true)),
                _ => None,
            },
            _ => None,
        })
    }

    fn close_above(&mut self, depth: usize, before: Mark) {
        while self.open.len() > depth {
            let Some(inner) = self.open.pop() else { return };
            let (part, envelope, end) = inner.close(before);
            if let Some(outer) = self.open.last_mut() {
                outer.adopt(part, envelope, end);
            }
        }
    }
}

impl Open {
    fn new(reading: &Reading, start: Mark, may_nest: bool) -> Open {
        let mut part = reading.header.part(reading.absent);
        part.header = Range { start: reading.start.offset, end: start.offset };
        let envelope = reading.header.is_of_message().then(|| Box::new(reading.header.envelope()));
        let inside = Inside::of(&mut part, may_nest);
        Open { part, envelope, inside, start, reach: start }
    }

    fn close_delimiter(&mut self) {
        if let Inside::Multipart { closed, .. } = &mut self.inside {
            *closed = true;
        }
    }

    /// What a part inside is without Content-Type.
    fn default_inside(&self) -> Absent {
        if *self.part.media_subtype == *b"digest" { Absent::Message } else { Absent::Text }
    }

    fn adopt(&mut self, part: Part<'static>, envelope: Option<Box<Envelope<'static>>>, end: Mark) {
        self.reach = self.reach.max(end);
        match &mut self.inside {
            Inside::Content => {}
            Inside::Multipart { parts, .. } => parts.push(part),
            Inside::Message(slot) => *slot = envelope.map(|envelope| (envelope, Box::new(part))),
        }
    }

    /// The part, whose content ends at `before` unless what is inside has claimed more, and its end.
    fn close(self, before: Mark) -> (Part<'static>, Option<Box<Envelope<'static>>>, Mark) {
        let Open { mut part, envelope, inside, start, reach } = self;
        let end = before.max(reach);
        part.body = Range { start: start.offset, end: end.offset };
        part.lines = end.lines - start.lines;
        match inside {
            Inside::Content => {}
            Inside::Multipart { parts, .. } if parts.is_empty() => become_leaf(&mut part, Media::plain_text()),
            Inside::Multipart { parts, .. } => part.kind = Kind::Multipart(parts),
            Inside::Message(Some((envelope, root))) => part.kind = Kind::Message { envelope, root },
            Inside::Message(None) => make_opaque(&mut part),
        }
        (part, envelope, end)
    }
}

impl Inside {
    /// What to look for in this part. One that cannot be looked into gets the type of a leaf, because IMAP has no
    /// words for a multipart without parts and for a message without an envelope.
    fn of(part: &mut Part<'static>, may_nest: bool) -> Inside {
        if *part.media_type == *b"multipart" {
            if !may_nest {
                make_opaque(part);
            } else if let Some(boundary) = boundary(part) {
                return Inside::Multipart { boundary, parts: Vec::new(), closed: false };
            } else {
                become_leaf(part, Media::plain_text());
            }
        } else if *part.media_type == *b"message" && matches!(&*part.media_subtype, b"rfc822" | b"global") {
            if may_nest && matches!(&*part.encoding, b"7bit" | b"8bit" | b"binary") {
                return Inside::Message(None);
            }
            make_opaque(part);
        }
        Inside::Content
    }
}

/// The boundary as delimiter lines have it: white space at its end cannot be told from padding.
fn boundary(part: &Part) -> Option<Vec<u8>> {
    let parameter = part.parameters.iter().find(|parameter| *parameter.name == *b"boundary")?;
    let boundary = parameter.value.trim_ascii_end();
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then(|| boundary.to_vec())
}

/// Content to be saved, not shown; its name stays known.
fn make_opaque(part: &mut Part<'static>) {
    let parameters = std::mem::take(&mut part.parameters);
    become_leaf(part, Media { parameters, ..Media::of(b"application", b"octet-stream") });
}

fn become_leaf(part: &mut Part<'static>, media: Media) {
    part.media_type = media.media_type;
    part.media_subtype = media.media_subtype;
    part.parameters = media.parameters;
    part.kind = Kind::Leaf;
}
