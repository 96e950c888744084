//! The first words of a message (PREVIEW, RFC 8970), from the beginning of its first readable text.

use crate::message::text::seen;
use crate::message::{Kind, Outline, Part, Range, charset, transfer};

/// Most characters of a preview (RFC 8970 §3.1).
const CHARACTERS_MAX: usize = 200;

/// Bytes of the text, as it is stored, that are looked at.
const TEXT_BYTES_MAX: u32 = 16 * 1024;

/// What makes a preview of a text's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    encoding: Vec<u8>,
    charset: Vec<u8>,
    html: bool,
    bytes: Vec<u8>,
}

impl Preview {
    /// The text that the preview of this message is made of, and where it is. `None` when it has no text.
    pub fn of(outline: &Outline<'_>) -> Option<(Range, Preview)> {
        let part = text(&outline.root, b"plain").or_else(|| text(&outline.root, b"html"))?;
        let Range { start, end } = part.body;
        let preview = Preview {
            encoding: part.encoding.to_vec(),
            charset: part.parameter("charset").unwrap_or(b"us-ascii").to_vec(),
            html: *part.media_subtype == *b"html",
            bytes: Vec::new(),
        };
        Some((Range { start, end: end.min(start.saturating_add(TEXT_BYTES_MAX)) }, preview))
    }

    /// Hears the next bytes of the text.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The preview: white space joined, without marks and what is not seen.
    pub fn finish(&self) -> String {
        let decoded = transfer::decode(&self.encoding, &self.bytes, TEXT_BYTES_MAX as usize);
        let text = charset::to_utf8(&self.charset, &decoded);
        if self.html { first_words(&seen(&text)) } else { first_words(&text) }
    }
}

/// The first part of this text type that is not an attachment.
fn text<'p, 'a>(part: &'p Part<'a>, subtype: &[u8]) -> Option<&'p Part<'a>> {
    match &part.kind {
        Kind::Multipart(parts) => parts.iter().find_map(|part| text(part, subtype)),
        Kind::Leaf => {
            let attached = part.disposition.as_ref().is_some_and(|disposition| *disposition.kind == *b"attachment");
            let wanted = *part.media_type == *b"text" && *part.media_subtype == *subtype;
            (wanted && !attached && !part.body.is_empty()).then_some(part)
        }
        Kind::Message { .. } => None,
    }
}

fn first_words(text: &str) -> String {
    let mut words = String::new();
    for word in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        if words.len() >= CHARACTERS_MAX * 4 {
            break;
        }
        if !word.is_empty() && !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words.chars().take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Outline;

    fn preview(message: &str) -> Option<String> {
        let (range, mut preview) = Preview::of(&Outline::of(message.as_bytes()))?;
        preview.feed(range.of(message.as_bytes()));
        Some(preview.finish())
    }

    #[test]
    fn first_texts() {
        const HTML: &str = "Content-Type: text/html\r\n\r\n";
        let long = format!("\r\n{}", "ä".repeat(20_000));
        for (message, expected) in [
            ("\r\nHello,\r\n  you\tthere\r\n", Some("Hello, you there")),
            (
                "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nf=FCr=\r\n dich",
                Some("für dich"),
            ),
            (&format!("{HTML}<p>A &amp; B&nbsp;<b>c</b>&#228;&#x41;&bogus;&"), Some("A & B cäA&bogus;&")),
            (
                &format!("{HTML}<html><head><title>t</title></head><STYLE>x</Style >a<!-- > -->b<script>1<2</script>c"),
                Some("a b c"),
            ),
            (&format!("{HTML}<p>cut <a href"), Some("cut")),
            (
                "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nrich\r\n--b\r\n\r\nplain\r\n--b--",
                Some("plain"),
            ),
            ("Content-Type: image/png\r\n\r\nx", None),
            ("Subject: none\r\n\r\n", None),
        ] {
            assert_eq!(preview(message).as_deref(), expected, "{message}");
        }
        assert_eq!(preview(&long).map(|text| text.chars().count()), Some(CHARACTERS_MAX));
    }
}
