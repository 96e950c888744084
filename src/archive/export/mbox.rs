//! An mbox (RFC 4155): each message behind a line `From sender date`, an empty line after it. A line of a message that
//! begins with any number of `>` and `From ` gets one `>` more, so that taking one away gives the message back.

use std::io::{self, Write};

use super::Sink;
use crate::archive::Found;
use crate::clock::timestamp;

const FROM: &[u8] = b"From ";

/// Writes messages into an mbox.
pub(super) struct Mbox<W> {
    to: W,
    quoting: Quoting,
    line: Vec<u8>,
}

impl<W: Write> Mbox<W> {
    pub(super) fn new(to: W) -> Mbox<W> {
        Mbox { to, quoting: Quoting::default(), line: Vec::new() }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<W: Write> Sink for Mbox<W> {
    fn begin(&mut self, found: &Found) -> io::Result<()> {
        let sender = match found.record.sender.as_str() {
            "" => "MAILER-DAEMON".to_owned(),
            // A quoted local part may hold what would end the word.
            sender => sender.replace(|sign: char| sign.is_whitespace() || sign.is_control(), "_"),
        };
        let date = timestamp(found.record.archived).strftime("%a %b %e %H:%M:%S %Y");
        self.quoting = Quoting::default();
        writeln!(self.to, "From {sender} {date}")
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.clear();
        self.quoting.feed(bytes, &mut self.line);
        self.to.write_all(&self.line)
    }

    fn end(&mut self) -> io::Result<()> {
        self.line.clear();
        self.quoting.end(&mut self.line);
        self.to.write_all(&self.line)?;
        self.to.write_all(b"\n")
    }
}

/// Quotes and ends lines with LF, whatever the pieces.
#[derive(Default)]
struct Quoting {
    place: Place,
    /// A CR that came last: it goes when LF follows.
    cr: bool,
}

/// Where in a line.
#[derive(Clone, Copy, Default)]
enum Place {
    /// Before its first byte.
    #[default]
    Start,
    /// After any number of `>`, and so many bytes of `From `, which are held back.
    Beginning(usize),
    Within,
}

impl Quoting {
    fn feed(&mut self, bytes: &[u8], to: &mut Vec<u8>) {
        for byte in bytes {
            if std::mem::take(&mut self.cr) && *byte != b'\n' {
                self.put(b'\r', to);
            }
            match byte {
                b'\r' => self.cr = true,
                byte => self.put(*byte, to),
            }
        }
    }

    /// `>` are all the same: the one that is added stands behind those that are there.
    fn put(&mut self, byte: u8, to: &mut Vec<u8>) {
        let seen = match self.place {
            Place::Start => 0,
            Place::Beginning(seen) => seen,
            Place::Within => return self.pass(byte, to),
        };
        if byte != FROM[seen] {
            to.extend_from_slice(&FROM[..seen]);
            self.place = if seen == 0 && byte == b'>' { Place::Beginning(0) } else { Place::Within };
            return self.pass(byte, to);
        }
        self.place = Place::Beginning(seen + 1);
        if seen + 1 == FROM.len() {
            to.push(b'>');
            to.extend_from_slice(FROM);
            self.place = Place::Within;
        }
    }

    fn pass(&mut self, byte: u8, to: &mut Vec<u8>) {
        to.push(byte);
        if byte == b'\n' {
            self.place = Place::Start;
        }
    }

    /// What was held back, and the end of the last line.
    fn end(&mut self, to: &mut Vec<u8>) {
        if std::mem::take(&mut self.cr) {
            self.put(b'\r', to);
        }
        match self.place {
            Place::Start => return,
            Place::Beginning(seen) => to.extend_from_slice(&FROM[..seen]),
            Place::Within => {}
        }
        self.pass(b'\n', to);
        self.place = Place::Start;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(pieces: &[&[u8]]) -> String {
        let (mut quoting, mut to) = (Quoting::default(), Vec::new());
        pieces.iter().for_each(|piece| quoting.feed(piece, &mut to));
        quoting.end(&mut to);
        String::from_utf8_lossy(&to).into_owned()
    }

    #[test]
    fn lines_that_would_end_a_message_are_quoted() {
        for (text, expected) in [
            ("a\r\nFrom b\r\n", "a\n>From b\n"),
            ("From a\r\n>From b\r\n>>From c", ">From a\n>>From b\n>>>From c\n"),
            ("From\r\nFrom: x\r\nFro", "From\nFrom: x\nFro\n"),
            (">x From y\r\n> From z\r\n", ">x From y\n> From z\n"),
            ("a\rb\r\n\r\r\n", "a\rb\n\r\n"),
            ("From \r", ">From \r\n"),
            ("", ""),
        ] {
            assert_eq!(quoted(&[text.as_bytes()]), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter_and_it_can_be_taken_back(text in "(>|From |From|x|\r\n|\r|\n|F){0,40}", cut in 0usize..99) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let whole = quoted(&[bytes]);
            prop_assert_eq!(&quoted(&[&bytes[..cut], &bytes[cut..]]), &whole);
            let unquoted = |line: &str| match line.trim_start_matches('>').starts_with("From ") {
                true => line[1..].to_owned(),
                false => line.to_owned(),
            };
            let back: Vec<String> = whole.split('\n').map(unquoted).collect();
            let plain = text.replace("\r\n", "\n");
            let end = if plain.is_empty() || plain.ends_with('\n') { "" } else { "\n" };
            prop_assert_eq!(back.join("\n"), plain + end);
        }
    }
}
