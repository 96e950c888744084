//! What people read in a message, for an index and for excerpts: its texts, and the texts in attachments of the usual
//! kinds. Pure: bytes come from the caller, asked for in small ranges. Bounded: whatever a message says, no more is
//! decoded, unpacked or kept than the constants here allow, and no file can do more harm than not to be found.

mod html;
mod office;
mod pdf;

use std::borrow::Cow;
use std::collections::BTreeSet;

use memchr::memmem;

use super::transfer::Decoder;
use super::{Envelope, Kind, Outline, Part, Range, charset, words};

pub use html::seen;

/// Bytes asked for at a time.
const PIECE_BYTES: u32 = 64 * 1024;
/// Bytes asked for of a file first.
const HEAD_BYTES: u32 = 8 * 1024;
/// Most bytes of all that people read in the message itself.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Most bytes of all text in attachments.
const ATTACHED_BYTES_MAX: usize = 2 << 20;
/// An attachment that is longer, decoded, is not looked into.
const FILE_BYTES_MAX: usize = 16 << 20;
/// Most bytes of attachments that are looked into, together.
const FILES_BYTES_MAX: usize = 48 << 20;
/// Most names of attachments.
const NAMES_MAX: usize = 1000;

/// What people read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The message's own texts.
    pub body: String,
    /// The texts in attachments and in messages inside.
    pub attached: String,
    /// The names of attachments.
    pub names: Vec<String>,
    /// What there is besides text: `attachment`, `pdf`, `document`, `sheet`, `slides`, `image`, `audio`, `video`,
    /// `archive`, `invitation`, `message`.
    pub kinds: BTreeSet<&'static str>,
}

/// What people read in this message. `read` gives the bytes of a range of the stored message, of 64 KB at most.
///
/// # Errors
/// That of `read`.
pub fn texts<B: AsRef<[u8]>, E>(outline: &Outline, read: impl FnMut(Range) -> Result<B, E>) -> Result<Texts, E> {
    let mut walk = Walk { texts: Texts::default(), files_left: FILES_BYTES_MAX, read };
    walk.part(&outline.root, Place::Body)?;
    Ok(walk.texts)
}

/// Whether a part is the message's own, or one of what it carries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Attached,
}

/// How a part's text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Html,
    Pdf,
    Office,
}

impl Format {
    fn is_text(self) -> bool {
        matches!(self, Format::Plain | Format::Html)
    }

    /// Can it begin so? A PDF says what it is near its beginning (ISO 32000-1, annex H.3.4.1), an office document is a
    /// ZIP archive.
    fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Format::Plain | Format::Html => true,
            Format::Pdf => memmem::find(bytes, b"%PDF-").is_some(),
            Format::Office => bytes.starts_with(b"PK"),
        }
    }
}

struct Walk<R> {
    texts: Texts,
    files_left: usize,
    read: R,
}

impl<B: AsRef<[u8]>, E, R: FnMut(Range) -> Result<B, E>> Walk<R> {
    fn part(&mut self, part: &Part, place: Place) -> Result<(), E> {
        match &part.kind {
            Kind::Leaf => self.leaf(part, place),
            Kind::Multipart(parts) => {
                let rich = *part.media_subtype == *b"alternative" && parts.iter().any(is_html);
                // What is said twice is read once.
                let said_once = |inner: &&Part| !(rich && is_plain(inner));
                parts.iter().filter(said_once).try_for_each(|inner| self.part(inner, place))
            }
            Kind::Message { envelope, root } => {
                self.texts.kinds.insert("message");
                self.envelope(envelope);
                self.part(root, Place::Attached)
            }
        }
    }

    fn leaf(&mut self, part: &Part, place: Place) -> Result<(), E> {
        let name = file_name(part);
        let attached = part.disposition.as_ref().is_some_and(|disposition| *disposition.kind == *b"attachment");
        let is_file = attached || name.is_some();
        if let Some(kind) = kind(part, name.as_deref()) {
            self.texts.kinds.insert(kind);
        }
        if is_file {
            self.texts.kinds.insert("attachment");
        }
        let format = format(part, name.as_deref());
        if let Some(name) = name.filter(|_| self.texts.names.len() < NAMES_MAX) {
            self.texts.names.push(name);
        }
        let place = if is_file { Place::Attached } else { place };
        match format {
            Some(format) if self.room(place) > 0 => self.text(part, format, place),
            _ => Ok(()),
        }
    }

    fn room(&self, place: Place) -> usize {
        match place {
            Place::Body => BODY_BYTES_MAX.saturating_sub(self.texts.body.len()),
            Place::Attached => ATTACHED_BYTES_MAX.saturating_sub(self.texts.attached.len()),
        }
    }

    fn text(&mut self, part: &Part, format: Format, place: Place) -> Result<(), E> {
        let room = self.room(place);
        let bytes_max = if format.is_text() { room.saturating_mul(4) } else { FILE_BYTES_MAX }.min(self.files_left);
        let Some(bytes) = self.decoded(part, format, bytes_max)? else { return Ok(()) };
        self.files_left -= bytes.len();
        let label = part.parameter("charset").unwrap_or(b"us-ascii");
        let text: Cow<str> = match format {
            Format::Plain => charset::to_utf8(label, &bytes).to_string().into(),
            Format::Html => seen(&charset::to_utf8(label, &bytes)).into(),
            Format::Pdf => pdf::text(&bytes, room).into(),
            Format::Office => office::text(&bytes, room).into(),
        };
        self.append(&text, place);
        Ok(())
    }

    /// The part's content. A text that is longer than `bytes_max` is cut; a file that is longer is not read at all, nor
    /// is one that does not begin as its format does.
    fn decoded(&mut self, part: &Part, format: Format, bytes_max: usize) -> Result<Option<Vec<u8>>, E> {
        // An encoding never makes more of fewer bytes.
        if !format.is_text() && part.body.len() / 4 * 3 > bytes_max.saturating_mul(2) {
            return Ok(None);
        }
        let mut decoder = Decoder::new(&part.encoding);
        let mut decoded = Vec::new();
        let mut start = part.body.start;
        let mut piece = if format.is_text() { PIECE_BYTES } else { HEAD_BYTES };
        while start < part.body.end && decoded.len() <= bytes_max {
            let end = part.body.end.min(start.saturating_add(piece));
            decoder.push((self.read)(Range { start, end })?.as_ref(), &mut decoded);
            if start == part.body.start && !format.begins(&decoded) {
                return Ok(None);
            }
            (start, piece) = (end, PIECE_BYTES);
        }
        decoder.finish(&mut decoded);
        if decoded.len() > bytes_max {
            if !format.is_text() {
                return Ok(None);
            }
            decoded.truncate(bytes_max);
        }
        Ok(Some(decoded))
    }

    /// A message inside: who wrote it about what.
    fn envelope(&mut self, envelope: &Envelope) {
        let people = envelope.from.iter().chain(&envelope.to).flat_map(|address| [&address.name, &address.mailbox]);
        let texts = envelope.subject.iter().chain(people.flatten());
        let told: Vec<String> = texts.map(|text| words::decode(text)).collect();
        self.append(&told.join(" "), Place::Attached);
    }

    fn append(&mut self, text: &str, place: Place) {
        let room = self.room(place);
        let text = &text[..text.floor_char_boundary(room)];
        let to = if place == Place::Body { &mut self.texts.body } else { &mut self.texts.attached };
        if !to.is_empty() {
            to.push('\n');
        }
        to.push_str(text);
    }
}

fn is_text(part: &Part, subtype: &[u8]) -> bool {
    matches!(part.kind, Kind::Leaf) && *part.media_type == *b"text" && *part.media_subtype == *subtype
}

fn is_plain(part: &Part) -> bool {
    is_text(part, b"plain")
}

fn is_html(part: &Part) -> bool {
    is_text(part, b"html") && !part.body.is_empty()
        || matches!(&part.kind, Kind::Multipart(parts) if parts.iter().any(|part| is_text(part, b"html")))
}

/// The name of the file that a part is.
fn file_name(part: &Part) -> Option<String> {
    let disposition = part.disposition.as_ref().map_or(&[][..], |disposition| &disposition.parameters);
    let filename = disposition.iter().find(|parameter| *parameter.name == *b"filename").map(|found| &*found.value);
    Some(words::decode(filename.or_else(|| part.parameter("name"))?)).filter(|name| !name.is_empty())
}

fn extension(name: Option<&str>) -> Option<String> {
    Some(name?.rsplit_once('.')?.1.to_ascii_lowercase())
}

fn format(part: &Part, name: Option<&str>) -> Option<Format> {
    let extension = extension(name);
    match (&*part.media_type, &*part.media_subtype, extension.as_deref()) {
        (b"text", b"html", _) | (b"application", b"xhtml+xml", _) => Some(Format::Html),
        (b"text", _, _) | (b"application", b"json" | b"xml" | b"ics", _) => Some(Format::Plain),
        (b"message", _, _) => Some(Format::Plain),
        (b"application", b"pdf", _) | (b"application", _, Some("pdf")) => Some(Format::Pdf),
        (b"application", subtype, extension) => {
            let typed = subtype.starts_with(b"vnd.openxmlformats-officedocument.")
                || subtype.starts_with(b"vnd.oasis.opendocument.");
            let named = matches!(extension, Some("docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp"));
            if typed || named {
                return Some(Format::Office);
            }
            match extension {
                Some("txt" | "csv" | "md" | "log") => Some(Format::Plain),
                Some("html" | "htm") => Some(Format::Html),
                _ => None,
            }
        }
        _ => None,
    }
}

fn kind(part: &Part, name: Option<&str>) -> Option<&'static str> {
    match (&*part.media_type, &*part.media_subtype) {
        (b"image", _) => return Some("image"),
        (b"audio", _) => return Some("audio"),
        (b"video", _) => return Some("video"),
        (b"text", b"calendar") => return Some("invitation"),
        (b"application", b"pdf") => return Some("pdf"),
        _ => {}
    }
    match extension(name)?.as_str() {
        "pdf" => Some("pdf"),
        "doc" | "docx" | "odt" | "rtf" => Some("document"),
        "xls" | "xlsx" | "ods" | "csv" => Some("sheet"),
        "ppt" | "pptx" | "odp" => Some("slides"),
        "zip" | "7z" | "rar" | "gz" | "tgz" | "xz" | "zst" => Some("archive"),
        "ics" => Some("invitation"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
