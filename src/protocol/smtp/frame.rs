//! Bytes → command lines. A line that is too long is skipped to its end in bounded memory and
//! answered once. Never guesses: a line that is not clean text ended by CRLF is a fault.

use memchr::memchr;

use super::replies::{self, Reply};

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The line is not complete.
    Partial,
    /// A line, without its CRLF.
    Line(&'a str),
    /// A line that cannot be a command.
    Fault(Reply),
}

/// Finds the lines.
#[derive(Debug, Default)]
pub struct Framer {
    skipping: bool,
}

impl Framer {
    /// The next line, and how many of `bytes` are done with. `line_bytes_max` counts the line's end.
    pub fn next<'a>(&mut self, bytes: &'a [u8], line_bytes_max: usize) -> (Frame<'a>, usize) {
        let Some(end) = memchr(b'\n', bytes) else {
            self.skipping |= bytes.len() >= line_bytes_max;
            return (Frame::Partial, if self.skipping { bytes.len() } else { 0 });
        };
        let skipped = std::mem::take(&mut self.skipping);
        let too_long = skipped || end >= line_bytes_max;
        (if too_long { Frame::Fault(replies::LINE_TOO_LONG) } else { line(&bytes[..end]) }, end + 1)
    }
}

/// A line whose LF is cut off.
fn line(bytes: &[u8]) -> Frame<'_> {
    let Some(line) = bytes.strip_suffix(b"\r") else { return Frame::Fault(replies::BARE_LINE_END) };
    if line.contains(&b'\r') {
        return Frame::Fault(replies::BARE_LINE_END);
    }
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Frame::Fault(replies::CONTROL_CHARACTER);
    }
    std::str::from_utf8(line).map_or(Frame::Fault(replies::NOT_UTF8), Frame::Line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Frame<'_>, taken: usize) {
        assert_eq!(Framer::default().next(bytes, 16), (expected, taken), "{:?}", bytes.escape_ascii().to_string());
    }

    #[test]
    fn lines_and_faults() {
        check(b"", Frame::Partial, 0);
        check(b"NOOP", Frame::Partial, 0);
        check(b"NOOP\r", Frame::Partial, 0);
        check(b"NOOP\r\nQUIT\r\n", Frame::Line("NOOP"), 6);
        check(b"\r\n", Frame::Line(""), 2);
        check("ä\r\n".as_bytes(), Frame::Line("ä"), 4);
        check(b"NOOP\nQUIT", Frame::Fault(replies::BARE_LINE_END), 5);
        check(b"NO\rOP\r\n", Frame::Fault(replies::BARE_LINE_END), 7);
        check(b"NO\0OP\r\n", Frame::Fault(replies::CONTROL_CHARACTER), 7);
        check(b"NO\xffOP\r\n", Frame::Fault(replies::NOT_UTF8), 7);
        check(b"0123456789abcd\r\n", Frame::Line("0123456789abcd"), 16);
        check(b"0123456789abcde\r\n", Frame::Fault(replies::LINE_TOO_LONG), 17);
    }

    #[test]
    fn a_long_line_is_skipped_to_its_end_and_answered_once() {
        let mut framer = Framer::default();
        assert_eq!(framer.next(&[b'x'; 15], 16), (Frame::Partial, 0));
        for _ in 0..1000 {
            assert_eq!(framer.next(&[b'x'; 16], 16), (Frame::Partial, 16));
        }
        assert_eq!(framer.next(b"x\r\nNOOP\r\n", 16), (Frame::Fault(replies::LINE_TOO_LONG), 3));
        assert_eq!(framer.next(b"NOOP\r\n", 16), (Frame::Line("NOOP"), 6));
    }
}
