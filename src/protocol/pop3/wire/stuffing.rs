//! A message as a multi-line response: CRLF at each line's end and a dot before each dot that begins
//! a line (RFC 1939 §3).

/// Where in the lines we are, between two pieces of a message.
#[derive(Debug)]
pub(in super::super) struct Stuffing {
    at_line_start: bool,
    after_cr: bool,
}

impl Stuffing {
    /// Before the first byte.
    pub(in super::super) fn new() -> Stuffing {
        Stuffing { at_line_start: true, after_cr: false }
    }

    /// Writes the next piece of the message.
    pub(in super::super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else { return };
        out.reserve(piece.len() + piece.len() / 64);
        if self.at_line_start && *first == b'.' {
            out.push(b'.');
        }
        // Bytes are copied in runs as long as nothing is to be put between them, which is nearly always.
        let mut copied = 0;
        for end in memchr::memchr_iter(b'\n', piece) {
            let after_cr = if end == 0 { self.after_cr } else { piece[end - 1] == b'\r' };
            if !after_cr {
                out.extend_from_slice(&piece[copied..end]);
                out.push(b'\r');
                copied = end;
            }
            if piece.get(end + 1) == Some(&b'.') {
                out.extend_from_slice(&piece[copied..=end]);
                out.push(b'.');
                copied = end + 1;
            }
        }
        out.extend_from_slice(&piece[copied..]);
        self.at_line_start = *last == b'\n';
        self.after_cr = *last == b'\r';
    }

    /// Ends the response, and the message's last line when it has no end.
    pub(in super::super) fn finish(self, out: &mut Vec<u8>) {
        if !self.at_line_start {
            out.extend_from_slice(if self.after_cr { b"\n" } else { b"\r\n" });
        }
        super::list_end(out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stuffing, mut out) = (Stuffing::new(), Vec::new());
        for piece in pieces {
            stuffing.push(piece, &mut out);
        }
        stuffing.finish(&mut out);
        out
    }

    /// The same, byte by byte.
    fn model(message: &[u8]) -> Vec<u8> {
        let mut lines: Vec<&[u8]> = message.split(|byte| *byte == b'\n').collect();
        if lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        let mut out = Vec::new();
        for line in lines {
            if line.starts_with(b".") {
                out.push(b'.');
            }
            out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    #[test]
    fn dots_and_line_ends() {
        for (message, expected) in [
            ("", ".\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r", "a\r\n.\r\n"),
            ("a\nb\r\n", "a\r\nb\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"),
            ("a\n.\n", "a\r\n..\r\n.\r\n"),
            ("a\rb.c\r\n", "a\rb.c\r\n.\r\n"),
            ("\n\n", "\r\n\r\n.\r\n"),
        ] {
            assert_eq!(
                stuffed(&[message.as_bytes()]).escape_ascii().to_string(),
                expected.escape_default().to_string()
            );
            assert_eq!(model(message.as_bytes()), expected.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_what_the_model_gives(
            message in "[a.\r\n]{0,40}",
            cuts in proptest::collection::vec(0usize..40, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(message.len())).collect();
            cuts.extend([0, message.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &message.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(stuffed(&pieces), model(message.as_bytes()));
        }
    }
}
