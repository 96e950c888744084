//! Replies of a server (RFC 5321 §4.2): bytes → code, status and text, with caps. Pure.

use memchr::memchr;

use crate::net::Input;

/// Longest line of a reply, its end included. RFC 5321 §4.5.3.1.5 has 512; some servers explain more.
pub const LINE_BYTES_MAX: usize = 4096;
/// Most lines of one reply.
pub const LINES_MAX: usize = 256;
/// Most bytes that are kept of a line.
const KEPT_BYTES_MAX: usize = 512;
/// Most lines that are kept of a reply.
const KEPT_LINES_MAX: usize = 64;
/// Longest answer as people and the spool see it.
const ANSWER_BYTES_MAX: usize = 500;

/// One reply, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code, 200 to 599.
    pub code: u16,
    /// The enhanced status code (RFC 2034), when there is one that fits the code.
    pub status: Option<String>,
    /// The lines' texts, without code and status. Clean: no control characters.
    pub lines: Vec<String>,
}

/// Why what a server says is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A line is too long.
    LongLine,
    /// The reply has too many lines.
    ManyLines,
    /// A line does not begin with a code.
    NoCode,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Malformed::LongLine => "a line of its reply is too long",
            Malformed::ManyLines => "its reply never ends",
            Malformed::NoCode => "what it says is not SMTP",
        })
    }
}

/// Reads replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    lines: Vec<String>,
    count: usize,
    status: Option<String>,
}

impl ReplyReader {
    /// Takes the next reply out of `input`; `None` when it is not complete.
    ///
    /// # Errors
    /// What is not a reply. The connection is of no use any more.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<Reply>, Malformed> {
        loop {
            let bytes = input.bytes();
            let Some(end) = memchr(b'\n', bytes) else {
                return if bytes.len() >= LINE_BYTES_MAX { Err(Malformed::LongLine) } else { Ok(None) };
            };
            if end >= LINE_BYTES_MAX {
                return Err(Malformed::LongLine);
            }
            let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
            let (code, is_last, text) = parts(line).ok_or(Malformed::NoCode)?;
            self.hear(code, text)?;
            input.take(end + 1);
            if is_last {
                let ReplyReader { lines, status, .. } = std::mem::take(self);
                return Ok(Some(Reply { code, status, lines }));
            }
        }
    }

    fn hear(&mut self, code: u16, text: &[u8]) -> Result<(), Malformed> {
        self.count += 1;
        if self.count > LINES_MAX {
            return Err(Malformed::ManyLines);
        }
        if self.lines.len() == KEPT_LINES_MAX {
            return Ok(());
        }
        let text = clean(&text[..text.len().min(KEPT_BYTES_MAX)]);
        let (status, text) = match text.split_once(' ') {
            Some((status, rest)) if is_status(code, status) => (Some(status), rest),
            None if is_status(code, &text) => (Some(text.as_str()), ""),
            _ => (None, text.as_str()),
        };
        if self.status.is_none() {
            self.status = status.map(ToString::to_string);
        }
        self.lines.push(text.to_string());
        Ok(())
    }
}

/// A line as code, whether it is the last, and text.
fn parts(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = std::str::from_utf8(code).ok().filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
    let (is_last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return None,
    };
    Some((code, is_last, text))
}

/// Is it an enhanced status code (RFC 3463 §2) of the same class?
fn is_status(code: u16, text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number) && parts[0].parse() == Ok(code / 100)
}

/// Text in which nothing moves a cursor or ends a line.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// An answer in the spool's form, `550 5.1.1 text`, of bounded length.
pub fn answer(code: u16, status: &str, text: &str) -> String {
    let mut answer = format!("{code} {status} {}", text.trim());
    let end = answer.floor_char_boundary(ANSWER_BYTES_MAX);
    answer.truncate(end);
    answer.truncate(answer.trim_end().len());
    answer
}

impl Reply {
    /// Did it work?
    pub fn is_positive(&self) -> bool {
        self.code < 300
    }

    /// Will it never work?
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The reply in one line, as `550 5.1.1 text`; the status is the class's own when the server gave none.
    pub fn answer(&self) -> String {
        let class = self.code / 100;
        let status = self.status.clone().unwrap_or_else(|| format!("{}.0.0", if class == 3 { 2 } else { class }));
        answer(self.code, &status, &self.lines.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
        let (mut reader, mut input, mut answers) = (ReplyReader::default(), Input::default(), Vec::new());
        input.push(bytes);
        while let Some(reply) = reader.next(&mut input)? {
            answers.push(reply.answer());
        }
        Ok(answers)
    }

    #[test]
    fn replies() {
        let check = |bytes: &str, expected: Result<&[&str], Malformed>| {
            let expected = expected.map(|answers| answers.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(read(bytes.as_bytes()), expected, "{bytes:?}");
        };
        check("", Ok(&[]));
        check("250 OK\r", Ok(&[]));
        check("250 OK\r\n", Ok(&["250 2.0.0 OK"]));
        check("250\r\n", Ok(&["250 2.0.0"]));
        check("250 OK\n", Ok(&["250 2.0.0 OK"]));
        check("550 5.1.1 no such user\r\n", Ok(&["550 5.1.1 no such user"]));
        check("550 5.1.1\r\n", Ok(&["550 5.1.1"]));
        check("550 4.1.1 what\r\n", Ok(&["550 5.0.0 4.1.1 what"]));
        check("550-5.7.1 this\r\n550-5.7.1 is\r\n550 5.7.1 spam\r\n", Ok(&["550 5.7.1 this is spam"]));
        check("354 go\r\n250 2.0.0 ok\r\n", Ok(&["354 2.0.0 go", "250 2.0.0 ok"]));
        check("421 4.3.2 a\x07b\u{1b}[2J\r\n", Ok(&["421 4.3.2 a b [2J"]));
        for wrong in ["HTTP/1.1 200 OK\r\n", "25\r\n", "250OK\r\n", "199 x\r\n", "600 x\r\n", "\r\n", "2a0 x\r\n"] {
            check(wrong, Err(Malformed::NoCode));
        }
    }

    #[test]
    fn what_never_ends_is_cut_off() {
        assert_eq!(read(&[b'2'; LINE_BYTES_MAX]), Err(Malformed::LongLine));
        assert_eq!(read(b"250-x\r\n".repeat(LINES_MAX + 1).as_slice()), Err(Malformed::ManyLines));
        let most = [b"250-x\r\n".repeat(LINES_MAX - 1), b"250 x\r\n".to_vec()].concat();
        assert_eq!(read(&most).map(|answers| answers.len()), Ok(1));
        let long = format!("550 5.0.0 {}\r\n", "ä".repeat(1000));
        assert!(read(long.as_bytes()).expect("a reply")[0].len() <= ANSWER_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_cuts_do_not_matter(
            bytes in prop::collection::vec(prop_oneof![Just(b'2'), Just(b'5'), Just(b'-'), Just(b' '), Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let whole = read(&bytes);
            let (mut reader, mut input, mut answers) = (ReplyReader::default(), Input::default(), Vec::new());
            let cut = cut.index(bytes.len() + 1);
            let mut result = Ok(());
            for part in [&bytes[..cut], &bytes[cut..]] {
                input.push(part);
                while result.is_ok() {
                    match reader.next(&mut input) {
                        Ok(Some(reply)) => answers.push(reply.answer()),
                        Ok(None) => break,
                        Err(malformed) => result = Err(malformed),
                    }
                }
            }
            prop_assert_eq!(result.map(|()| answers), whole);
        }
    }
}
