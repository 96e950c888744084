//! Encoding, piece by piece: lines of at most 76 characters, ended by CRLF (RFC 2045 §6.7, §6.8).

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Longest line.
const WIDTH: usize = 76;
/// Bytes that fill a line of base64.
const LINE_BYTES: usize = WIDTH / 4 * 3;

/// Text with CRLF line ends in quoted-printable, no line longer than 76 (RFC 2045 §6.7).
pub fn encode_quoted_printable(text: &str) -> String {
    let (mut encoder, mut encoded) = (QuotedPrintableEncoder::default(), Vec::with_capacity(text.len() * 9 / 8));
    encoder.push(text.as_bytes(), &mut encoded);
    encoder.finish(&mut encoded);
    encoded.into_iter().map(char::from).collect()
}

/// Encodes as quoted-printable. Line ends stay what they are; CR and LF that are none are escaped.
#[derive(Debug, Default)]
pub struct QuotedPrintableEncoder {
    width: usize,
    /// White space that must not end a line.
    blank: Option<u8>,
    /// A CR that may begin a line end.
    cr: bool,
}

impl QuotedPrintableEncoder {
    /// Encodes the next piece, cut anywhere, onto the end of `encoded`.
    pub fn push(&mut self, piece: &[u8], encoded: &mut Vec<u8>) {
        encoded.reserve(piece.len() + piece.len() / 8);
        piece.iter().for_each(|byte| self.hear(*byte, encoded));
    }

    fn hear(&mut self, byte: u8, encoded: &mut Vec<u8>) {
        if std::mem::take(&mut self.cr) {
            if byte == b'\n' {
                self.end_line(encoded);
                encoded.extend_from_slice(b"\r\n");
                self.width = 0;
                return;
            }
            self.keep_blank(encoded);
            self.put(b'\r', false, encoded);
        }
        match byte {
            b'\r' => self.cr = true,
            b' ' | b'\t' => {
                self.keep_blank(encoded);
                self.blank = Some(byte);
            }
            _ => {
                self.keep_blank(encoded);
                self.put(byte, byte != b'=' && byte.is_ascii_graphic(), encoded);
            }
        }
    }

    /// White space that something follows.
    fn keep_blank(&mut self, encoded: &mut Vec<u8>) {
        if let Some(blank) = self.blank.take() {
            self.put(blank, true, encoded);
        }
    }

    /// White space that ends a line.
    fn end_line(&mut self, encoded: &mut Vec<u8>) {
        if let Some(blank) = self.blank.take() {
            self.put(blank, false, encoded);
        }
    }

    fn put(&mut self, byte: u8, as_it_is: bool, encoded: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let length = if as_it_is { 1 } else { 3 };
        // One column stays free for the mark of a soft line break.
        if self.width + length >= WIDTH {
            encoded.extend_from_slice(b"=\r\n");
            self.width = 0;
        }
        match as_it_is {
            true => encoded.push(byte),
            false => encoded.extend_from_slice(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        }
        self.width += length;
    }

    /// The last piece was the last.
    pub fn finish(mut self, encoded: &mut Vec<u8>) {
        if self.cr {
            self.keep_blank(encoded);
            self.put(b'\r', false, encoded);
        }
        self.end_line(encoded);
    }
}

/// Encodes as base64. No line end follows the last line.
#[derive(Debug, Default)]
pub struct Base64Encoder {
    /// The beginning of a line.
    begun: Vec<u8>,
    has_lines: bool,
}

impl Base64Encoder {
    /// Encodes the next piece, cut anywhere, onto the end of `encoded`.
    pub fn push(&mut self, mut piece: &[u8], encoded: &mut Vec<u8>) {
        encoded.reserve(piece.len() / 3 * 4 + piece.len() / 16);
        if !self.begun.is_empty() {
            let (now, rest) = piece.split_at((LINE_BYTES - self.begun.len()).min(piece.len()));
            self.begun.extend_from_slice(now);
            if self.begun.len() < LINE_BYTES {
                return;
            }
            let line = std::mem::take(&mut self.begun);
            self.line(&line, encoded);
            piece = rest;
        }
        let lines = piece.chunks_exact(LINE_BYTES);
        let rest = lines.remainder();
        lines.for_each(|line| self.line(line, encoded));
        self.begun.extend_from_slice(rest);
    }

    fn line(&mut self, line: &[u8], encoded: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_lines, true) {
            encoded.extend_from_slice(b"\r\n");
        }
        let mut digits = [0; WIDTH];
        let length = BASE64_STANDARD.encode_slice(line, &mut digits).expect("a line has room for its digits");
        encoded.extend_from_slice(&digits[..length]);
    }

    /// The last piece was the last.
    pub fn finish(mut self, encoded: &mut Vec<u8>) {
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() {
            self.line(&begun, encoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decode;
    use super::*;

    fn encoded(base64: bool, bytes: &[u8], size: usize) -> Vec<u8> {
        let (mut quoted, mut digits) = (QuotedPrintableEncoder::default(), Base64Encoder::default());
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            if base64 { digits.push(piece, &mut out) } else { quoted.push(piece, &mut out) }
        }
        if base64 {
            digits.finish(&mut out)
        } else {
            quoted.finish(&mut out)
        }
        out
    }

    #[test]
    fn quoted_printable() {
        let check = |text: &str, expected: &str| {
            for size in [1, 2, 1000] {
                assert_eq!(String::from_utf8_lossy(&encoded(false, text.as_bytes(), size)), expected, "{text:?}");
            }
        };
        check("", "");
        check("ü = \t\r\n \r\n", "=C3=BC =3D =09\r\n=20\r\n");
        check("a b \rc\n\r", "a b =0Dc=0A=0D");
        check("end ", "end=20");
        let long = "x".repeat(75);
        check(&format!("{long}\r\n{long}y"), &format!("{long}\r\n{long}=\r\ny"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\r'), Just(b'\n')], 0..400),
            size in 1usize..99,
            base64 in any::<bool>(),
        ) {
            let out = encoded(base64, &bytes, size);
            prop_assert!(out.is_ascii());
            prop_assert!(out.split(|byte| *byte == b'\n').all(|line| line.len() <= WIDTH + 1));
            prop_assert_eq!(&out, &encoded(base64, &bytes, 1000));
            let name: &[u8] = if base64 { b"base64" } else { b"quoted-printable" };
            prop_assert_eq!(&*decode(name, &out, usize::MAX), &bytes[..]);
        }
    }
}
