//! Content-transfer encodings (RFC 2045 §6). Decoding goes piece by piece and is tolerant: what is no code is passed over or kept as it
//! stands, never an error. Decoding never yields more bytes than it was given.

mod encoder;

use std::borrow::Cow;

pub use encoder::{Base64Encoder, QuotedPrintableEncoder, encode_quoted_printable};

/// Undoes a Content-Transfer-Encoding, piece by piece.
#[derive(Debug, Clone)]
pub struct Decoder(State);

#[derive(Debug, Clone)]
enum State {
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
}

impl Decoder {
    /// For the encoding named, in lower case; one that is not known changes nothing.
    pub fn new(encoding: &[u8]) -> Decoder {
        Decoder(match encoding {
            b"base64" => State::Base64(Base64::default()),
            b"quoted-printable" => State::QuotedPrintable(QuotedPrintable::default()),
            _ => State::Identity,
        })
    }

    /// Whether it changes nothing.
    pub fn is_identity(&self) -> bool {
        matches!(self.0, State::Identity)
    }

    /// Decodes the next piece, cut anywhere, onto the end of `decoded`.
    pub fn push(&mut self, encoded: &[u8], decoded: &mut Vec<u8>) {
        match &mut self.0 {
            State::Identity => decoded.extend_from_slice(encoded),
            State::Base64(base64) => base64.push(encoded, decoded),
            State::QuotedPrintable(quoted) => quoted.push(encoded, decoded),
        }
    }

    /// What the last piece left undecided.
    pub fn finish(self, decoded: &mut Vec<u8>) {
        match self.0 {
            State::Identity | State::Base64(_) => {}
            State::QuotedPrintable(quoted) => quoted.finish(decoded),
        }
    }
}

/// Decodes a whole body, but stops soon after `bytes_max` decoded bytes.
pub fn decode<'a>(encoding: &[u8], body: &'a [u8], bytes_max: usize) -> Cow<'a, [u8]> {
    const PIECE_BYTES: usize = 64 * 1024;
    let mut decoder = Decoder::new(encoding);
    if decoder.is_identity() {
        return Cow::Borrowed(&body[..body.len().min(bytes_max)]);
    }
    let mut decoded = Vec::with_capacity(body.len().min(bytes_max));
    for piece in body.chunks(PIECE_BYTES) {
        decoder.push(piece, &mut decoded);
        if decoded.len() >= bytes_max {
            break;
        }
    }
    decoder.finish(&mut decoded);
    decoded.truncate(bytes_max);
    Cow::Owned(decoded)
}

/// Bits that do not make a byte yet.
#[derive(Debug, Clone, Default)]
struct Base64 {
    bits: u32,
    digits: u8,
}

/// Value of each base64 digit; padding ends a group; anything else is passed over.
const PADDING: u8 = 64;
const NO_DIGIT: u8 = 65;
const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < alphabet.len() {
        digits[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    digits[b'=' as usize] = PADDING;
    digits
}

impl Base64 {
    fn push(&mut self, mut encoded: &[u8], decoded: &mut Vec<u8>) {
        decoded.reserve(encoded.len() / 4 * 3 + 3);
        while !encoded.is_empty() {
            if self.digits == 0 {
                encoded = whole_groups(encoded, decoded);
            }
            let Some((byte, rest)) = encoded.split_first() else { return };
            encoded = rest;
            self.digit(DIGITS[usize::from(*byte)], decoded);
        }
    }

    fn digit(&mut self, digit: u8, decoded: &mut Vec<u8>) {
        match digit {
            NO_DIGIT => {}
            // Text may go on after padding, where somebody joined two encoded texts.
            PADDING => *self = Base64::default(),
            digit => {
                self.bits = self.bits << 6 | u32::from(digit);
                self.digits = (self.digits + 1) % 4;
                let shift = match self.digits {
                    2 => 4,
                    3 => 2,
                    0 => 0,
                    _ => return,
                };
                decoded.push((self.bits >> shift) as u8);
            }
        }
    }
}

/// Decodes groups of four digits while nothing stands between them, and gives back the rest.
fn whole_groups<'a>(encoded: &'a [u8], decoded: &mut Vec<u8>) -> &'a [u8] {
    let mut groups = encoded.chunks_exact(4);
    let mut taken = 0;
    for group in groups.by_ref() {
        let [a, b, c, d] = [group[0], group[1], group[2], group[3]].map(|byte| DIGITS[usize::from(byte)]);
        if (a | b | c | d) >= PADDING {
            break;
        }
        let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
        taken += 4;
    }
    &encoded[taken..]
}

/// What is undecided: an escape that is not complete, or white space that vanishes at the end of a line.
#[derive(Debug, Clone, Default)]
struct QuotedPrintable {
    pending: Vec<u8>,
}

/// White space kept back at the end of a piece; a run longer than any line may be is content.
const PENDING_BYTES_MAX: usize = 1_000;

impl QuotedPrintable {
    fn push(&mut self, encoded: &[u8], decoded: &mut Vec<u8>) {
        let mut rest = encoded;
        while let Some(first) = rest.first() {
            if self.pending.is_empty() {
                let plain = rest.iter().position(|byte| matches!(byte, b'=' | b' ' | b'\t')).unwrap_or(rest.len());
                decoded.extend_from_slice(&rest[..plain]);
                rest = &rest[plain..];
                if let Some((first, after)) = rest.split_first() {
                    self.pending.push(*first);
                    rest = after;
                }
            } else if self.pending[0] == b'=' {
                rest = self.escape(*first, rest, decoded);
            } else {
                rest = self.blanks(*first, rest, decoded);
            }
        }
    }

    /// After `=`: two digits, or white space and a line break.
    fn escape<'a>(&mut self, byte: u8, rest: &'a [u8], decoded: &mut Vec<u8>) -> &'a [u8] {
        let hex = |byte: u8| (byte as char).to_digit(16);
        match (self.pending.as_slice(), byte) {
            (_, b'\n') => {
                self.pending.clear();
                return &rest[1..];
            }
            ([_, b' ' | b'\t', ..] | [_], b' ' | b'\t' | b'\r') if self.pending.len() < PENDING_BYTES_MAX => {}
            ([_], byte) if hex(byte).is_some() => {}
            ([_, high], low) if hex(*high).is_some() && hex(low).is_some() => {
                decoded.push((hex(*high).unwrap_or(0) * 16 + hex(low).unwrap_or(0)) as u8);
                self.pending.clear();
                return &rest[1..];
            }
            _ => {
                self.flush(decoded);
                return rest;
            }
        }
        self.pending.push(byte);
        &rest[1..]
    }

    /// After white space: it goes if the line ends.
    fn blanks<'a>(&mut self, byte: u8, rest: &'a [u8], decoded: &mut Vec<u8>) -> &'a [u8] {
        match byte {
            b' ' | b'\t' if self.pending.len() < PENDING_BYTES_MAX => {
                self.pending.push(byte);
                return &rest[1..];
            }
            b'\r' | b'\n' => self.pending.clear(),
            _ => self.flush(decoded),
        }
        rest
    }

    fn flush(&mut self, decoded: &mut Vec<u8>) {
        decoded.append(&mut self.pending);
    }

    fn finish(mut self, decoded: &mut Vec<u8>) {
        if self.pending.len() > 1 && self.pending[0] == b'=' {
            self.flush(decoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(encoding: &str, body: &[u8], size: usize) -> Vec<u8> {
        let mut decoder = Decoder::new(encoding.as_bytes());
        let mut decoded = Vec::new();
        body.chunks(size.max(1)).for_each(|piece| decoder.push(piece, &mut decoded));
        decoder.finish(&mut decoded);
        decoded
    }

    #[track_caller]
    fn check(encoding: &str, body: &str, expected: &str) {
        for size in [1, 2, 3, 1_000] {
            let decoded = in_pieces(encoding, body.as_bytes(), size);
            assert_eq!(String::from_utf8_lossy(&decoded), expected, "{body:?} in pieces of {size}");
        }
    }

    #[test]
    fn base64() {
        let check = |body: &str, expected: &str| check("base64", body, expected);
        check("", "");
        check("SGVsbG8=", "Hello");
        check("SGVs\r\nbG8=\r\n", "Hello");
        check("SGVsbG8", "Hello");
        check("S G\tV*s-b.G8=", "Hello");
        check("SGVsbG8=SGVsbG8=", "HelloHello");
        check("SGVsbA==SGVsbA==", "HellHell");
        check("S", "");
        check("====", "");
    }

    #[test]
    fn quoted_printable() {
        let check = |body: &str, expected: &str| check("quoted-printable", body, expected);
        check("", "");
        check("f=C3=BCr dich", "für dich");
        check("f=c3=bcr", "für");
        check("one=\r\ntwo=\nthree", "onetwothree");
        check("one= \t\r\ntwo", "onetwo");
        check("one \t\r\ntwo\t\nthree ", "one\r\ntwo\nthree");
        check("a  b", "a  b");
        check("100 = 100", "100 = 100");
        check("=zz =4z =", "=zz =4z ");
        check("==41", "=A");
        check("=4=41", "=4A");
        check("a=\rb", "a=\rb");
        check("end=", "end");
        check("end=4", "end=4");
    }

    #[test]
    fn others_stay() {
        check("7bit", "a=20\r\n ", "a=20\r\n ");
        check("x-uuencode", "begin", "begin");
        assert_eq!(*decode(b"base64", b"SGVsbG8=", 3), *b"Hel");
        assert_eq!(*decode(b"7bit", b"Hello", 3), *b"Hel");
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(body in "[=A-F0-9 \t\r\nx+/]{0,80}", size in 1usize..9, base64 in any::<bool>()) {
            let encoding = if base64 { "base64" } else { "quoted-printable" };
            let whole = in_pieces(encoding, body.as_bytes(), 1_000);
            prop_assert!(whole.len() <= body.len());
            prop_assert_eq!(in_pieces(encoding, body.as_bytes(), size), whole);
        }

        #[test]
        fn quoted_printable_round_trip(text in "([a-zü= \t.]{0,100}(\r\n)?){0,5}") {
            let encoded = encode_quoted_printable(&text);
            prop_assert!(encoded.is_ascii() && encoded.lines().all(|line| line.len() <= 76));
            prop_assert_eq!(&*decode(b"quoted-printable", encoded.as_bytes(), usize::MAX), text.as_bytes());
        }

        #[test]
        fn base64_round_trip(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            use base64::Engine;
            let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(&*decode(b"base64", encoded.as_bytes(), usize::MAX), &bytes[..]);
        }
    }
}
