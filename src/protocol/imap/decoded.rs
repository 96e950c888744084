//! A part's content with its transfer encoding undone (BINARY, RFC 3516). A literal's size is said before its
//! bytes, so a content that is too large to be held is read twice: to measure it, and to say it.

use super::selected::say;
use super::wire::Partial;
use crate::message::Range;
use crate::message::transfer::Decoder;

/// What is told of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `BINARY.SIZE`
    Size,
    /// The size, and the number of line breaks.
    SizeAndLines,
    /// `BINARY`, all or some of it.
    Bytes(Option<Partial>),
}

/// A content that is being decoded.
pub struct Decoded {
    encoding: Vec<u8>,
    whole: Range,
    /// Contents up to this many stored bytes are held.
    held_max: usize,
    wanted: Wanted,
    decoder: Decoder,
    /// Line breaks so far.
    lines: u32,
    stage: Stage,
}

enum Stage {
    /// Bytes so far, and those that are held.
    Measure(u32, Vec<u8>),
    /// What is still to be left out, and then to be said.
    Say(u32, u32),
}

impl Decoded {
    /// The content in these bytes of the message; `encoding` is in lower case.
    pub fn new(encoding: &[u8], whole: Range, wanted: Wanted, held_max: usize) -> Decoded {
        let (decoder, stage) = (Decoder::new(encoding), Stage::Measure(0, Vec::new()));
        Decoded { encoding: encoding.to_vec(), whole, held_max, wanted, decoder, lines: 0, stage }
    }

    /// Is its encoding one that can be undone (RFC 3516 §4.2)?
    pub fn is_known(encoding: &[u8]) -> bool {
        matches!(encoding, b"7bit" | b"8bit" | b"binary" | b"base64" | b"quoted-printable")
    }

    /// Is it read once only?
    pub fn is_read_once(&self) -> bool {
        !matches!(self.wanted, Wanted::Bytes(_)) || self.whole.len() <= self.held_max
    }

    /// Hears the next stored bytes; says what can be said.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut decoded = Vec::with_capacity(bytes.len());
        self.decoder.push(bytes, &mut decoded);
        self.take(&decoded, out);
    }

    /// All stored bytes are heard. What is to be read again, if anything.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Option<Range> {
        let mut decoded = Vec::new();
        std::mem::replace(&mut self.decoder, Decoder::new(&self.encoding)).finish(&mut decoded);
        self.take(&decoded, out);
        let Stage::Measure(size, held) = &mut self.stage else { return None };
        let all = Range { start: 0, end: *size };
        let Wanted::Bytes(partial) = self.wanted else {
            say(out, &size.to_string());
            if self.wanted == Wanted::SizeAndLines {
                say(out, &format!(" {}", self.lines));
            }
            return None;
        };
        let range = partial.map_or(all, |partial| partial.of(all));
        say(out, &format!("~{{{}}}\r\n", range.len()));
        if self.whole.len() <= self.held_max {
            out.extend_from_slice(range.of(held));
            return None;
        }
        self.stage = Stage::Say(range.start, range.end - range.start);
        Some(self.whole)
    }

    fn take(&mut self, decoded: &[u8], out: &mut Vec<u8>) {
        match &mut self.stage {
            Stage::Measure(size, held) => {
                *size += decoded.len() as u32;
                self.lines += decoded.iter().filter(|byte| **byte == b'\n').count() as u32;
                if matches!(self.wanted, Wanted::Bytes(_)) && self.whole.len() <= self.held_max {
                    held.extend_from_slice(decoded);
                }
            }
            Stage::Say(skip, left) => {
                let start = decoded.len().min(*skip as usize);
                *skip -= start as u32;
                let said = &decoded[start..];
                let said = &said[..said.len().min(*left as usize)];
                *left -= said.len() as u32;
                out.extend_from_slice(said);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(encoding: &str, stored: &[u8], wanted: Wanted, held_max: usize, step: usize) -> String {
        let whole = Range { start: 0, end: stored.len() as u32 };
        let mut decoded = Decoded::new(encoding.as_bytes(), whole, wanted, held_max);
        let (mut out, mut next) = (Vec::new(), Some(whole));
        while let Some(range) = next {
            range.of(stored).chunks(step).for_each(|piece| decoded.feed(piece, &mut out));
            next = decoded.end(&mut out);
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn contents() {
        let some = |first, count| Wanted::Bytes(Some(Partial { first, count }));
        for (encoding, stored, wanted, expected) in [
            ("base64", "aGVsbG8=", Wanted::Bytes(None), "~{5}\r\nhello"),
            ("base64", "aGVs\r\nbG8=\r\n", some(1, 3), "~{3}\r\nell"),
            ("base64", "aGVsbG8=", some(9, 3), "~{0}\r\n"),
            ("base64", "aGVsbG8=", Wanted::Size, "5"),
            ("quoted-printable", "a=3D=\r\nb", Wanted::Bytes(None), "~{3}\r\na=b"),
            ("quoted-printable", "a=\r\nb\r\nc\r\n", Wanted::SizeAndLines, "7 2"),
            ("7bit", "a\r\n", some(0, 1), "~{1}\r\na"),
            ("7bit", "", Wanted::Bytes(None), "~{0}\r\n"),
            ("base64", "", Wanted::Size, "0"),
        ] {
            for (held_max, step) in [(0, 1), (100, 1), (0, 3), (100, 100), (4, 2)] {
                let told = told(encoding, stored.as_bytes(), wanted, held_max, step);
                assert_eq!(told, expected, "{stored} held {held_max} in {step}");
            }
        }
    }
}
