//! Message bytes on their way to DATA: dot-stuffing (RFC 5321 §4.5.2) and the end.

use memchr::memchr_iter;

/// Writes a message for DATA, piece by piece.
#[derive(Debug)]
pub struct Stuffer {
    last: [u8; 2],
}

impl Stuffer {
    /// At the message's first byte.
    pub fn new() -> Stuffer {
        Stuffer { last: *b"\r\n" }
    }

    /// Writes a piece.
    pub fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(last) = piece.last() else { return };
        out.reserve(piece.len());
        if self.last[1] == b'\n' && piece[0] == b'.' {
            out.push(b'.');
        }
        let mut written = 0;
        for end in memchr_iter(b'\n', piece) {
            if piece.get(end + 1) == Some(&b'.') {
                out.extend_from_slice(&piece[written..=end]);
                out.push(b'.');
                written = end + 1;
            }
        }
        out.extend_from_slice(&piece[written..]);
        let before = if piece.len() > 1 { piece[piece.len() - 2] } else { self.last[1] };
        self.last = [before, *last];
    }

    /// Writes the end; a message that does not end its last line gets a line end.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.last != *b"\r\n" {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::smtp::body::Unstuffer;

    fn stuff(message: &[u8], cut: usize) -> Vec<u8> {
        let (mut stuffer, mut out) = (Stuffer::new(), Vec::new());
        stuffer.write(&message[..cut], &mut out);
        stuffer.write(&message[cut..], &mut out);
        stuffer.finish(&mut out);
        out
    }

    #[test]
    fn dots_and_ends() {
        let check = |message: &str, expected: &str| {
            for cut in 0..=message.len() {
                let wire = stuff(message.as_bytes(), cut);
                assert_eq!(String::from_utf8_lossy(&wire), expected, "{message:?} cut at {cut}");
            }
        };
        check("", ".\r\n");
        check("a\r\n", "a\r\n.\r\n");
        check("a", "a\r\n.\r\n");
        check(".\r\n.a\r\n..\r\n", "..\r\n..a\r\n...\r\n.\r\n");
        check("a\r\n.", "a\r\n..\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn what_is_sent_is_heard(lines in prop::collection::vec("[.a]{0,4}", 0..8), cut in any::<prop::sample::Index>()) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let wire = stuff(message.as_bytes(), cut.index(message.len() + 1));
            let (mut unstuffer, mut heard) = (Unstuffer::new(), Vec::new());
            prop_assert!(unstuffer.next(&wire, Some(&mut heard)).ended);
            prop_assert_eq!(heard, message.into_bytes());
        }
    }
}
