//! How much of a message TOP shows: its header, the empty line, and a number of lines of the body
//! (RFC 1939 §7).

/// Where TOP stops.
#[derive(Debug)]
pub(in super::super) struct Top {
    in_header: bool,
    body_lines_left: u32,
    line: Line,
}

/// What the current line holds so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Nothing,
    OneCr,
    Text,
}

impl Top {
    /// The header and this many lines.
    pub(in super::super) fn new(body_lines: u32) -> Top {
        Top { in_header: true, body_lines_left: body_lines, line: Line::Nothing }
    }

    /// Has all been shown?
    pub(in super::super) fn is_over(&self) -> bool {
        !self.in_header && self.body_lines_left == 0
    }

    /// How many bytes of the message's next piece are to be shown.
    pub(in super::super) fn shown(&mut self, piece: &[u8]) -> usize {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', piece) {
            if self.is_over() {
                return start;
            }
            self.ended(&piece[start..end]);
            start = end + 1;
        }
        if self.is_over() {
            return start;
        }
        self.line = self.line.with(&piece[start..]);
        piece.len()
    }

    fn ended(&mut self, rest: &[u8]) {
        let line = self.line.with(rest);
        self.line = Line::Nothing;
        if !self.in_header {
            self.body_lines_left -= 1;
        } else if line != Line::Text {
            self.in_header = false;
        }
    }
}

impl Line {
    fn with(self, more: &[u8]) -> Line {
        match (self, more) {
            (line, []) => line,
            (Line::Nothing, [b'\r']) => Line::OneCr,
            _ => Line::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str, body_lines: u32, piece_bytes: usize) -> String {
        let (mut top, mut shown) = (Top::new(body_lines), Vec::new());
        for piece in message.as_bytes().chunks(piece_bytes) {
            let count = top.shown(piece);
            shown.extend_from_slice(&piece[..count]);
            if top.is_over() {
                break;
            }
        }
        String::from_utf8(shown).expect("UTF-8")
    }

    #[test]
    fn header_and_lines_at_any_split() {
        let message = "A: 1\r\n\tfolded\r\nB: 2\r\n\r\none\r\n\r\nthree\r\nfour";
        for (body_lines, expected) in [
            (0, "A: 1\r\n\tfolded\r\nB: 2\r\n\r\n"),
            (1, "A: 1\r\n\tfolded\r\nB: 2\r\n\r\none\r\n"),
            (2, "A: 1\r\n\tfolded\r\nB: 2\r\n\r\none\r\n\r\n"),
            (3, "A: 1\r\n\tfolded\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"),
            (4, message),
            (u32::MAX, message),
        ] {
            for piece_bytes in 1..=message.len() {
                assert_eq!(shown(message, body_lines, piece_bytes), expected, "{body_lines} {piece_bytes}");
            }
        }
        for piece_bytes in 1..9 {
            assert_eq!(shown("A: 1\n\nx\ny\n", 1, piece_bytes), "A: 1\n\nx\n");
            assert_eq!(shown("\r\nx\r\n", 0, piece_bytes), "\r\n");
            assert_eq!(shown("A: 1\r\n", 5, piece_bytes), "A: 1\r\n");
            assert_eq!(shown("A\r\r\n\r\nx\r\n", 0, piece_bytes), "A\r\r\n\r\n");
        }
    }
}
