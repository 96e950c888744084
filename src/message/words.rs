//! Encoded words (RFC 2047): header text as people read it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::charset;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Header text as people read it: encoded words decoded, those side by side joined (also when a character is cut
/// between two), raw 8-bit taken as UTF-8 or else windows-1252. What is no encoded word stays.
pub fn decode(text: &[u8]) -> String {
    let mut decoded = String::with_capacity(text.len());
    decode_into(text, &mut decoded);
    decoded
}

/// As [`decode`], appended to `decoded`.
pub fn decode_into(text: &[u8], decoded: &mut String) {
    let mut run = Run::default();
    let mut rest = text;
    while let Some(start) = memchr::memmem::find(rest, b"=?") {
        let before = &rest[..start];
        match Word::at(&rest[start..]) {
            Some(word) => {
                if !(run.is_open() && before.iter().all(u8::is_ascii_whitespace)) {
                    run.flush(decoded);
                    *decoded += &charset::guess(before);
                }
                rest = &rest[start + word.length..];
                run.push(&word, decoded);
            }
            None => {
                run.flush(decoded);
                *decoded += &charset::guess(&rest[..start + 2]);
                rest = &rest[start + 2..];
            }
        }
    }
    run.flush(decoded);
    *decoded += &charset::guess(rest);
}

/// Decoded bytes of neighbouring words in one charset.
#[derive(Default)]
struct Run<'a> {
    charset: Option<&'a [u8]>,
    bytes: Vec<u8>,
}

impl<'a> Run<'a> {
    fn is_open(&self) -> bool {
        self.charset.is_some()
    }

    fn push(&mut self, word: &Word<'a>, to: &mut String) {
        if self.charset.is_some_and(|charset| !charset.eq_ignore_ascii_case(word.charset)) {
            self.flush(to);
        }
        self.charset = Some(word.charset);
        self.bytes.extend_from_slice(&word.bytes);
    }

    fn flush(&mut self, to: &mut String) {
        if let Some(charset) = self.charset.take() {
            *to += &charset::to_utf8(charset, &self.bytes);
            self.bytes.clear();
        }
    }
}

struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    /// Of the whole word in the text.
    length: usize,
}

impl<'a> Word<'a> {
    /// The encoded word that begins with the `=?` at the start of `text`.
    fn at(text: &'a [u8]) -> Option<Word<'a>> {
        let inner = &text[2..];
        let charset = &inner[..memchr::memchr(b'?', inner)?];
        if charset.is_empty() || charset.iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        let content = charset.len() + 3;
        let [encoding, b'?'] = inner.get(charset.len() + 1..content)? else { return None };
        let encoded = &inner[content..];
        // A question mark ends it; white space inside is tolerated, because some mailers leave it there.
        let end = memchr::memchr(b'?', encoded).filter(|end| encoded.get(end + 1) == Some(&b'='))?;
        let bytes = match encoding.to_ascii_lowercase() {
            b'b' => base64(&encoded[..end])?,
            b'q' => quoted(&encoded[..end]),
            _ => return None,
        };
        Some(Word { charset, bytes, length: 2 + content + end + 2 })
    }
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(text).ok()
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| (byte as char).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if let [b'=', high, low, ..] = text[at..]
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            bytes.push((high * 16 + low) as u8);
            at += 3;
            continue;
        }
        bytes.push(if text[at] == b'_' { b' ' } else { text[at] });
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words() {
        let check = |text: &str, expected: &str| assert_eq!(decode(text.as_bytes()), expected, "{text}");
        check("", "");
        check("plain = text?", "plain = text?");
        check("=?utf-8?Q?f=C3=BCr_dich?=", "für dich");
        check("=?iso-8859-1?q?f=FCr?= dich", "für dich");
        check("=?UTF-8?B?ZsO8cg==?=", "für");
        check("=?UTF-8?B?ZsO8cg?=", "für");
        check("=?utf-8?q?a?= =?utf-8?q?b?=", "ab");
        check("=?utf-8?q?a?=\t =?iso-8859-1?b?/A==?=", "aü");
        check("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü");
        check("a =?utf-8?q?b?= c", "a b c");
        check("a=?utf-8?q?b?=c", "abc");
        check("=?utf-8?q?a?=b =?utf-8?q?c?=", "ab c");
        check("=?utf-8*de?q?a?=", "a");
        check("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ");
        check("=?utf-8?q?a b?=", "a b");
        check("=?utf-8?q??=", "");
        check("=?utf-8?x?a?=", "=?utf-8?x?a?=");
        check("=?utf-8?q?a", "=?utf-8?q?a");
        check("=??q?a?=", "=??q?a?=");
        check("=?utf-8?b?*?=", "=?utf-8?b?*?=");
        check("=?=?utf-8?q?a?=", "=?a");
        check("=?no-such?q?=FC?=", "ü");
        check("=?utf-8?q?=zz=4?=", "=zz=4");
    }

    #[test]
    fn raw_bytes() {
        assert_eq!(decode("für".as_bytes()), "für");
        assert_eq!(decode(b"f\xfcr =?utf-8?q?a?="), "für a");
    }
}
