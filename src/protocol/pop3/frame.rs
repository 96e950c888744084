//! Bytes → lines. A line ends with LF, before which a CR is dropped. Never keeps more of a line than
//! it may have: the rest of one that is too long is thrown away up to its end.

use crate::net::Input;

/// Takes lines out of what was heard.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The line whose end is awaited is too long; what was heard of it is gone.
    skipping: bool,
}

/// What there is to take.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// A line without its end.
    Line(Vec<u8>),
    /// A line that was too long, gone.
    TooLong,
    /// The end of the line has not been heard yet.
    Incomplete,
}

impl Frame {
    /// Takes the next line of at most `bytes_max` bytes, its end included.
    pub(super) fn next(&mut self, input: &mut Input, bytes_max: usize) -> Framed {
        let bytes = input.bytes();
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            if self.skipping || bytes.len() >= bytes_max {
                self.skipping = true;
                input.take(bytes.len());
            }
            return Framed::Incomplete;
        };
        let too_long = std::mem::take(&mut self.skipping) || end >= bytes_max;
        let framed = if too_long { Framed::TooLong } else { Framed::Line(without_cr(&bytes[..end]).to_vec()) };
        input.take(end + 1);
        framed
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]], bytes_max: usize) -> Vec<Framed> {
        let (mut frame, mut input, mut framed) = (Frame::default(), Input::default(), Vec::new());
        for piece in pieces {
            input.push(piece);
            loop {
                match frame.next(&mut input, bytes_max) {
                    Framed::Incomplete => break,
                    other => framed.push(other),
                }
            }
        }
        framed
    }

    #[test]
    fn lines_and_what_is_too_long() {
        let line = |text: &str| Framed::Line(text.into());
        assert_eq!(lines(&[b"NOOP\r\nST", b"AT\n\r\n", b"QUIT"], 20), [line("NOOP"), line("STAT"), line("")]);
        assert_eq!(lines(&[b"12345678\r\n"], 10), [line("12345678")]);
        assert_eq!(lines(&[b"123456789\r\nNOOP\r\n"], 10), [Framed::TooLong, line("NOOP")]);
        assert_eq!(lines(&[b"123456789", b"012", b"3\r\nNOOP\r\n"], 10), [Framed::TooLong, line("NOOP")]);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_does_not_matter(
            bytes in "[a\r\n]{0,60}",
            cuts in proptest::collection::vec(0usize..60, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(lines(&pieces, 9), lines(&[bytes.as_bytes()], 9));
        }
    }
}
