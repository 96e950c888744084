//! The first words of a message (PREVIEW, RFC 8970), from the beginning of its first readable text.

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

/// What is seen of HTML: no tags, comments, scripts and styles; the common entities decoded.
fn seen(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            let (character, length) = entity(rest);
            text.push(character);
            rest = &rest[length..];
        } else {
            rest = after_tag(rest);
            text.push(' ');
        }
    }
    text.push_str(rest);
    text
}

/// What follows the tag, comment or hidden element at the start of `html`.
fn after_tag(html: &str) -> &str {
    if html.starts_with("<!--") {
        return html.find("-->").map_or("", |end| &html[end + 3..]);
    }
    let bytes = html.as_bytes();
    for (open, close) in [("<style", "</style"), ("<script", "</script"), ("<head>", "</head"), ("<title", "</title")] {
        if bytes.get(..open.len()).is_some_and(|head| head.eq_ignore_ascii_case(open.as_bytes())) {
            let end = bytes.windows(close.len()).position(|window| window.eq_ignore_ascii_case(close.as_bytes()));
            let ends = end.map_or("", |end| &html[end..]);
            return ends.find('>').map_or("", |end| &ends[end + 1..]);
        }
    }
    html.find('>').map_or("", |end| &html[end + 1..])
}

/// The character that the entity at the start of `text` stands for, and its length; `&` itself when it is none.
fn entity(text: &str) -> (char, usize) {
    const NAMED: [(&str, char); 6] =
        [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];
    const LENGTH_MAX: usize = 10;
    let Some(end) = text.bytes().take(LENGTH_MAX).position(|byte| byte == b';') else { return ('&', 1) };
    let name = &text[1..end];
    let number = match name.strip_prefix('#').map(|digits| (digits, digits.strip_prefix(['x', 'X']))) {
        Some((_, Some(hexadecimal))) => u32::from_str_radix(hexadecimal, 16).ok(),
        Some((decimal, None)) => decimal.parse().ok(),
        None => None,
    };
    let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| *character);
    named.or_else(|| number.and_then(char::from_u32)).map_or(('&', 1), |character| (character, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Outliner;

    fn preview(message: &str) -> Option<String> {
        let mut outliner = Outliner::new();
        outliner.feed(message.as_bytes());
        let (range, mut preview) = Preview::of(&outliner.finish())?;
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
            (&format!("{HTML}<p>A &amp; B&nbsp;<b>c</b>&#228;&#x41;&bogus;&"), Some("A & B c äA&bogus;&")),
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
