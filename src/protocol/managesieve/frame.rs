//! Bytes → commands. A command is a line; where the line ends with a literal, so many bytes follow, and then the rest of the
//! line. Never keeps more of one than it may have: what is too long is read up to its end and thrown away.

use super::wire::{Word, literal_at_end, words};
use crate::net::Input;
use crate::sieve::limits::SCRIPT_BYTES_MAX;

/// Longest line, its end included: one of an exchange of SASL (as in RFC 4954 §4.5).
const LINE_BYTES_MAX: usize = 12_288;
/// Longest literal that is kept. A script beyond its limit is read so far that the answer can say so.
const LITERAL_BYTES_MAX: u64 = 2 * SCRIPT_BYTES_MAX as u64;
/// Longest literal that is read at all.
const SKIPPED_BYTES_MAX: u64 = 64 << 20;
/// Most words of a command.
const WORDS_MAX: usize = 8;

/// What there is to take.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// The words of a command.
    Command(Vec<Word>),
    /// A command that cannot be read, gone.
    Bad(Bad),
    /// The end of the command has not been heard yet.
    Incomplete,
}

/// Why a command cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// It is none.
    Malformed,
    /// A line or a literal is too long.
    TooLong,
    /// A literal is so long that its end is not waited for.
    Endless,
}

/// Takes commands out of what was heard.
#[derive(Debug, Default)]
pub(super) struct Frame {
    words: Vec<Word>,
    bad: Option<Bad>,
    /// The literal that is being heard.
    literal: Option<Literal>,
    /// The line whose end is awaited is too long; what was heard of it is gone.
    skipping: bool,
}

#[derive(Debug)]
struct Literal {
    bytes: Vec<u8>,
    left: u64,
}

impl Frame {
    /// Takes the next command.
    pub(super) fn next(&mut self, input: &mut Input) -> Framed {
        loop {
            if self.literal.is_some() {
                if !self.hear_literal(input) {
                    return Framed::Incomplete;
                }
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', input.bytes()) else {
                if self.skipping || input.bytes().len() >= LINE_BYTES_MAX {
                    self.skipping = true;
                    input.take(input.bytes().len());
                }
                return Framed::Incomplete;
            };
            let line = &input.bytes()[..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_over = match std::mem::take(&mut self.skipping) || end >= LINE_BYTES_MAX {
                true => self.refuse(Bad::TooLong),
                false => {
                    let (text, literal) = literal_at_end(line);
                    let (words, literal) = (words(text), literal);
                    self.hear_line(words, literal)
                }
            };
            input.take(end + 1);
            if is_over {
                let words = std::mem::take(&mut self.words);
                return self.bad.take().map_or(Framed::Command(words), Framed::Bad);
            }
        }
    }

    /// Says whether the command is complete.
    fn hear_line(&mut self, words: Option<Vec<Word>>, literal: Option<u64>) -> bool {
        match words {
            Some(words) if self.words.len() + words.len() <= WORDS_MAX => self.words.extend(words),
            _ => drop(self.refuse(Bad::Malformed)),
        }
        let Some(left) = literal else { return true };
        if left > SKIPPED_BYTES_MAX {
            return self.refuse(Bad::Endless);
        }
        if left > LITERAL_BYTES_MAX {
            self.refuse(Bad::TooLong);
        }
        self.literal = Some(Literal { bytes: Vec::new(), left });
        false
    }

    /// The first reason stays, but one that ends the session. Always true.
    fn refuse(&mut self, bad: Bad) -> bool {
        if bad == Bad::Endless || self.bad.is_none() {
            self.bad = Some(bad);
        }
        self.words.clear();
        true
    }

    /// Says whether it is complete.
    fn hear_literal(&mut self, input: &mut Input) -> bool {
        let Some(literal) = &mut self.literal else { return true };
        let count = input.bytes().len().min(usize::try_from(literal.left).unwrap_or(usize::MAX));
        if self.bad.is_none() {
            literal.bytes.extend_from_slice(&input.bytes()[..count]);
        }
        input.take(count);
        literal.left -= count as u64;
        if literal.left > 0 {
            return false;
        }
        let bytes = std::mem::take(&mut literal.bytes);
        self.literal = None;
        match String::from_utf8(bytes) {
            Ok(text) if self.words.len() < WORDS_MAX => self.words.push(Word::Text(text)),
            _ => drop(self.refuse(Bad::Malformed)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(pieces: &[&[u8]]) -> Vec<Framed> {
        let (mut frame, mut input, mut framed) = (Frame::default(), Input::default(), Vec::new());
        for piece in pieces {
            input.push(piece);
            loop {
                match frame.next(&mut input) {
                    Framed::Incomplete => break,
                    other => framed.push(other),
                }
            }
        }
        framed
    }

    fn command(words: &[&str]) -> Framed {
        let word = |text: &&str| match text.strip_prefix('"') {
            Some(text) => Word::Text(text.to_owned()),
            None => Word::Atom((*text).to_owned()),
        };
        Framed::Command(words.iter().map(word).collect())
    }

    #[test]
    fn commands_and_what_is_none() {
        let check = |text: &str, expected: &[Framed]| assert_eq!(framed(&[text.as_bytes()]), expected, "{text:.80}");
        check("NOOP\r\nSETACTIVE \"a\"\r\n", &[command(&["NOOP"]), command(&["SETACTIVE", "\"a"])]);
        check(
            "PUTSCRIPT \"a\" {7+}\r\nkeep;\r\n\r\nX\r\n",
            &[command(&["PUTSCRIPT", "\"a", "\"keep;\r\n"]), command(&["X"])],
        );
        check("X {1+}\r\na {2+}\r\nbc d\r\n", &[command(&["X", "\"a", "\"bc", "d"])]);
        check("X {3+}\r\na\"\n\r\n", &[command(&["X", "\"a\"\n"])]);
        check("X \"\r\nY\r\n", &[Framed::Bad(Bad::Malformed), command(&["Y"])]);
        check("X \" {3+}\r\nabc\r\nY\r\n", &[Framed::Bad(Bad::Malformed), command(&["Y"])]);
        check("1 2 3 4 5 6 7 8 9\r\n", &[Framed::Bad(Bad::Malformed)]);
        check(&format!("X {}\r\nY\r\n", "x".repeat(20_000)), &[Framed::Bad(Bad::TooLong), command(&["Y"])]);
        check("X {99999999999+}\r\n", &[Framed::Bad(Bad::Endless)]);
        let long = format!("X {{{0}+}}\r\n{1}\r\nY\r\n", 200_000, "x".repeat(200_000));
        check(&long, &[Framed::Bad(Bad::TooLong), command(&["Y"])]);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_does_not_matter(
            bytes in "([a\"{}1+ \r\n]|\\{[0-9]\\+\\}\r\n){0,40}",
            cuts in proptest::collection::vec(0usize..80, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(framed(&pieces), framed(&[bytes.as_bytes()]));
        }
    }
}
