//! Bytes → commands. A command is a line, or several joined by literals (RFC 3501 §4.3, RFC 7888).
//! Nothing here grows without bound: a line or literal that is too long is passed over to its end.

use crate::net::Input;

/// Longest line of a command, bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Bytes at the end of a line that is passed over, kept to see whether it announces a literal.
const TAIL_BYTES: usize = 32;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing whole yet.
    More,
    /// A command without its last line break.
    Command(Vec<u8>),
    /// The command so far ([`Frame::text`]) ends by announcing a literal. It comes once the session has
    /// chosen [`Frame::take_literal`], [`Frame::refuse`] or [`Frame::split`].
    Announced(Literal),
    /// A line was too long. Its end is being looked for; `Passed` follows.
    TooLong,
    /// What was to be passed over has passed.
    Passed,
}

/// A literal that is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal {
    /// Its size in bytes.
    pub size: u64,
    /// Does the client wait for our leave to send it?
    pub synchronizing: bool,
}

/// Cuts what is heard into commands.
#[derive(Debug, Default)]
pub struct Frame {
    text: Vec<u8>,
    stage: Stage,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Line,
    Announced(Literal),
    Literal(usize),
    PassLiteral(u64),
    PassLine,
}

impl Frame {
    /// The command so far.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Goes on as far as it can.
    pub fn next(&mut self, input: &mut Input) -> Heard {
        loop {
            match self.stage {
                Stage::Line => return self.line(input),
                Stage::Announced(literal) => return Heard::Announced(literal),
                Stage::Literal(left) => {
                    let count = left.min(input.bytes().len());
                    self.text.extend_from_slice(&input.bytes()[..count]);
                    input.take(count);
                    if count < left {
                        self.stage = Stage::Literal(left - count);
                        return Heard::More;
                    }
                    self.stage = Stage::Line;
                }
                Stage::PassLiteral(left) => {
                    let count = left.min(input.bytes().len() as u64);
                    input.take(count as usize);
                    if count < left {
                        self.stage = Stage::PassLiteral(left - count);
                        return Heard::More;
                    }
                    self.stage = Stage::PassLine;
                }
                Stage::PassLine => match self.pass_line(input) {
                    Some(heard) => return heard,
                    None => continue,
                },
            }
        }
    }

    /// Takes the announced literal into the command.
    pub fn take_literal(&mut self) {
        if let Stage::Announced(literal) = self.stage {
            self.stage = Stage::Literal(literal.size as usize);
        }
    }

    /// Does not take the announced literal. True when it is never sent, so that the command ends here;
    /// else it and the rest of the command are passed over, and [`Heard::Passed`] follows.
    pub fn refuse(&mut self) -> bool {
        let Stage::Announced(literal) = self.stage else { return true };
        self.text = Vec::new();
        self.stage = if literal.synchronizing { Stage::Line } else { Stage::PassLiteral(literal.size) };
        literal.synchronizing
    }

    /// Hands out the command so far. Whoever takes it reads the announced literal and what follows from
    /// the input, up to the end of the command.
    pub fn split(&mut self) -> Vec<u8> {
        self.stage = Stage::Line;
        std::mem::take(&mut self.text)
    }

    /// Passes over the rest of the command; [`Heard::Passed`] follows.
    pub fn pass(&mut self) {
        self.text = Vec::new();
        self.stage = Stage::PassLine;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Frame::default();
    }

    fn line(&mut self, input: &mut Input) -> Heard {
        let bytes = input.bytes();
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            if bytes.len() < LINE_BYTES_MAX {
                return Heard::More;
            }
            self.stage = Stage::PassLine;
            return Heard::TooLong;
        };
        let line = &bytes[..end];
        match announced(line) {
            Some(literal) => {
                self.text.extend_from_slice(&bytes[..=end]);
                self.stage = Stage::Announced(literal);
                input.take(end + 1);
                Heard::Announced(literal)
            }
            None => {
                let mut text = std::mem::take(&mut self.text);
                text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                input.take(end + 1);
                Heard::Command(text)
            }
        }
    }

    /// `None` when a literal follows that is to be passed over too.
    fn pass_line(&mut self, input: &mut Input) -> Option<Heard> {
        let bytes = input.bytes();
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            input.take(bytes.len().saturating_sub(TAIL_BYTES));
            return Some(Heard::More);
        };
        let literal = announced(&bytes[..end]);
        input.take(end + 1);
        match literal {
            Some(Literal { size, synchronizing: false }) => {
                self.stage = Stage::PassLiteral(size);
                None
            }
            _ => {
                self.clear();
                Some(Heard::Passed)
            }
        }
    }
}

/// The literal that a line without its LF announces at its end.
pub fn announced(line: &[u8]) -> Option<Literal> {
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let (line, synchronizing) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let digits = line.len() - line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, digits) = line.split_at(digits);
    if digits.is_empty() || head.last() != Some(&b'{') {
        return None;
    }
    let size = digits.iter().fold(0u64, |size, digit| size.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Literal { size, synchronizing })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears `text` in pieces of `step` bytes, taking literals of up to 10 bytes; tells what came.
    fn hear(text: &[u8], step: usize) -> Vec<String> {
        let (mut frame, mut input, mut told) = (Frame::default(), Input::default(), Vec::new());
        for piece in text.chunks(step) {
            input.push(piece);
            loop {
                match frame.next(&mut input) {
                    Heard::More => break,
                    Heard::Command(text) => told.push(String::from_utf8_lossy(&text).into_owned()),
                    Heard::Announced(literal) if literal.size <= 10 => frame.take_literal(),
                    Heard::Announced(_) => told.push(format!("refused {}", frame.refuse())),
                    Heard::TooLong => told.push("too long".into()),
                    Heard::Passed => told.push("passed".into()),
                }
            }
        }
        told
    }

    #[test]
    fn commands_literals_and_what_is_passed_over() {
        for (text, expected) in [
            ("a NOOP\r\nb NOOP\n", vec!["a NOOP", "b NOOP"]),
            ("a LOGIN {3}\r\nbob {2+}\r\nxy\r\n", vec!["a LOGIN {3}\r\nbob {2+}\r\nxy"]),
            ("a LOGIN {3+}\r\n\r\n\n\r\nb X\r\n", vec!["a LOGIN {3+}\r\n\r\n\n", "b X"]),
            ("a LOGIN {99}\r\nb NOOP\r\n", vec!["refused true", "b NOOP"]),
            ("a X {12+}\r\n123456789012 {3+}\r\nabc\r\nb NOOP\r\n", vec!["refused false", "passed", "b NOOP"]),
            ("a X {12+}\r\n123456789012 {3}\r\nb NOOP\r\n", vec!["refused false", "passed", "b NOOP"]),
            ("a X {}\r\n", vec!["a X {}"]),
            ("a X 12}\r\n", vec!["a X 12}"]),
            ("a X {4294967296}\r\n", vec!["refused true"]),
            ("a X {99999999999999999999999}\r\n", vec!["refused true"]),
        ] {
            for step in [1, 2, 7, 1000] {
                assert_eq!(hear(text.as_bytes(), step), expected, "{text:?} in pieces of {step}");
            }
        }
    }

    #[test]
    fn a_long_line_is_passed_over_with_its_literals() {
        let mut text = b"a ".to_vec();
        text.resize(3 * LINE_BYTES_MAX, b'x');
        text.extend_from_slice(b" {20+}\r\n01234567890123456789\r\nb NOOP\r\n");
        for step in [1000, 65536 / 3] {
            assert_eq!(hear(&text, step), ["too long", "passed", "b NOOP"]);
        }
    }
}
