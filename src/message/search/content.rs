//! Goes through the texts of a message, folded, piece by piece: memory does not grow with the message.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::Needle;
use super::header::show_fields;
use crate::message::casemap::{append_ascii_folded, append_folded};
use crate::message::transfer::Decoder;
use crate::message::{Kind, Outline, Part, Range, charset};

/// Bytes asked for at a time.
const PIECE_BYTES: u32 = 64 * 1024;

/// Bytes of one header that are searched.
const HEADER_BYTES_MAX: u32 = 1024 * 1024;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the texts, and in messages inside with their headers (BODY).
    Body,
    /// In all headers too (TEXT).
    Text,
}

/// Who is shown the texts of a message.
pub(super) trait Viewer {
    /// Bytes at the end of one piece of text that are shown once more before the next.
    fn overlap(&self) -> usize;

    /// Sees a piece of text in the form in which it is compared. True when it has seen enough.
    fn see(&mut self, folded: &[u8]) -> bool;
}

/// Whether the message contains the needle. `read` gives the bytes of a range of the stored message, which is at most
/// 1 MiB long; with the whole message at hand it is `|range| Ok(range.of(message))`.
///
/// Looked into are `text/*` and unencoded pieces of mail such as `message/delivery-status`.
///
/// # Errors
/// That of `read`.
pub fn contains<B: AsRef<[u8]>, E>(
    outline: &Outline,
    scope: Scope,
    needle: &Needle,
    read: impl FnMut(Range) -> Result<B, E>,
) -> Result<bool, E> {
    if needle.is_empty() {
        return Ok(true);
    }
    show(outline, scope, &mut &*needle, read)
}

/// Shows the texts of a message, until the viewer has seen enough; says whether it has.
pub(super) fn show<B: AsRef<[u8]>, E>(
    outline: &Outline,
    scope: Scope,
    viewer: &mut impl Viewer,
    read: impl FnMut(Range) -> Result<B, E>,
) -> Result<bool, E> {
    let mut show = Show { scope, viewer, read };
    Ok((scope == Scope::Text && show.header(&outline.root)?) || show.inside(&outline.root)?)
}

struct Show<'v, V, R> {
    scope: Scope,
    viewer: &'v mut V,
    read: R,
}

impl<V: Viewer, B: AsRef<[u8]>, E, R: FnMut(Range) -> Result<B, E>> Show<'_, V, R> {
    fn header(&mut self, part: &Part) -> Result<bool, E> {
        let end = part.header.end.min(part.header.start.saturating_add(HEADER_BYTES_MAX));
        if part.header.is_empty() {
            return Ok(false);
        }
        let block = (self.read)(Range { end, ..part.header })?;
        Ok(show_fields(block.as_ref(), self.viewer))
    }

    fn inside(&mut self, part: &Part) -> Result<bool, E> {
        match &part.kind {
            Kind::Leaf if matches!(&*part.media_type, b"text" | b"message") => self.text(part),
            Kind::Leaf => Ok(false),
            Kind::Multipart(parts) => {
                for part in parts {
                    if (self.scope == Scope::Text && self.header(part)?) || self.inside(part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::Message { root, .. } => Ok(self.header(root)? || self.inside(root)?),
        }
    }

    fn text(&mut self, part: &Part) -> Result<bool, E> {
        let label = part.parameter("charset").unwrap_or(b"us-ascii");
        let known = charset::by_label(label).filter(|_| !charset::label_is_ascii(label));
        let mut haystack = Haystack::new(known.unwrap_or(UTF_8));
        let found = self.body(part, &mut haystack)?;
        // What is no ASCII and does not say what it is may be either.
        if found || known.is_some() || haystack.is_ascii {
            return Ok(found);
        }
        self.body(part, &mut Haystack::new(WINDOWS_1252))
    }

    fn body(&mut self, part: &Part, haystack: &mut Haystack) -> Result<bool, E> {
        let mut decoder = Decoder::new(&part.encoding);
        let mut decoded = Vec::new();
        let mut start = part.body.start;
        while start < part.body.end {
            let end = part.body.end.min(start.saturating_add(PIECE_BYTES));
            let piece = (self.read)(Range { start, end })?;
            start = end;
            let found = if decoder.is_identity() {
                haystack.push(piece.as_ref(), self.viewer)
            } else {
                decoded.clear();
                decoder.push(piece.as_ref(), &mut decoded);
                haystack.push(&decoded, self.viewer)
            };
            if found {
                return Ok(true);
            }
        }
        decoded.clear();
        decoder.finish(&mut decoded);
        Ok(haystack.push(&decoded, self.viewer) || haystack.finish(self.viewer))
    }
}

/// Folded text: the last piece, and before it as much of the one before as the viewer wants to see again.
struct Haystack {
    folded: Vec<u8>,
    /// Makes UTF-8 of the bytes.
    charset: encoding_rs::Decoder,
    /// Do ASCII bytes stand for themselves in this charset?
    keeps_ascii: bool,
    /// Was all of it ASCII so far?
    is_ascii: bool,
    text: String,
}

impl Haystack {
    fn new(encoding: &'static Encoding) -> Haystack {
        Haystack {
            folded: Vec::new(),
            charset: encoding.new_decoder_without_bom_handling(),
            keeps_ascii: encoding == UTF_8 || encoding.is_single_byte(),
            is_ascii: true,
            text: String::new(),
        }
    }

    /// Shows a piece.
    fn push(&mut self, piece: &[u8], viewer: &mut impl Viewer) -> bool {
        self.hear(piece, false, viewer)
    }

    /// Shows what the charset kept back.
    fn finish(&mut self, viewer: &mut impl Viewer) -> bool {
        self.hear(b"", true, viewer)
    }

    fn hear(&mut self, piece: &[u8], last: bool, viewer: &mut impl Viewer) -> bool {
        let forget = self.folded.len().saturating_sub(viewer.overlap());
        self.folded.drain(..forget);
        if self.keeps_ascii && piece.is_ascii() && !last {
            append_ascii_folded(piece, &mut self.folded);
        } else {
            self.is_ascii &= piece.is_ascii();
            self.text.clear();
            self.text.reserve(self.charset.max_utf8_buffer_length(piece.len()).unwrap_or(0));
            let _ = self.charset.decode_to_string(piece, &mut self.text, last);
            append_folded(&self.text, &mut self.folded);
        }
        viewer.see(&self.folded)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::message::Outline;

    fn found(message: &[u8], scope: Scope, needle: &str) -> bool {
        let outline = Outline::of(message);
        contains(&outline, scope, &Needle::new(needle), |range| {
            assert!(range.len() <= HEADER_BYTES_MAX as usize);
            Ok::<_, Infallible>(range.of(message))
        })
        .expect("cannot fail")
    }

    const MESSAGE: &[u8] = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        preamble\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        F=FCr d=\r\nich\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        PGI+U2Now7ZuPC9iPg==\r\n--b\r\nContent-Type: application/pdf; name=paper.pdf\r\n\r\nsecret\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nforwarded\r\n\
        --b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$\"$$\x1b(B\r\n\
        --b\r\n\r\nraw \xfcber\r\n--b\r\n\r\nraw \xc3\xa4ndern\r\n--b\r\n\r\n--b--\r\n";

    #[test]
    fn bodies_and_headers() {
        let check = |needle: &str, in_body: bool, in_text: bool| {
            assert_eq!(found(MESSAGE, Scope::Body, needle), in_body, "BODY {needle}");
            assert_eq!(found(MESSAGE, Scope::Text, needle), in_text, "TEXT {needle}");
        };
        check("", true, true);
        check("FÜR DICH", true, true);
        check("dICH", true, true);
        check("<b>SCHÖN", true, true);
        check("<B>sch", true, true);
        check("forwarded", true, true);
        check("subject: inner", true, true);
        check("あい", true, true);
        check("$\"", false, false);
        check("ÜBER", true, true);
        check("ÄNDERN", true, true);
        check("GRÜSSE", false, false);
        check("grüße", false, true);
        check("paper.pdf", false, true);
        check("charset=iso-2022", false, true);
        check("secret", false, false);
        check("preamble", false, false);
        check("nowhere", false, false);
    }

    #[test]
    fn across_pieces() {
        let piece = PIECE_BYTES as usize;
        for shift in 0..12 {
            let filler = "ü".repeat(piece / 2 - 6);
            let mut message = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
            message.extend(vec![b'.'; shift]);
            message.extend(filler.bytes());
            message.extend("Größe".bytes());
            assert!(found(&message, Scope::Body, "GRÖßE"), "{shift}");
            assert!(found(&message, Scope::Body, "gr"), "{shift}");
            assert!(!found(&message, Scope::Body, "gg"), "{shift}");
        }
    }

    #[test]
    fn a_reader_s_error_comes_through() {
        let outline = Outline::of(b"\r\nbody");
        let result = contains(&outline, Scope::Body, &Needle::new("x"), |_| Err::<&[u8], _>("disk"));
        assert_eq!(result, Err("disk"));
    }
}
