//! A command line: `KEYWORD [argument]` (RFC 1939 §3).

/// One command line in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Request<'a> {
    /// The keyword, in any case.
    pub keyword: &'a str,
    /// All that follows the first space: a password may hold and end with spaces.
    pub argument: &'a str,
}

impl<'a> Request<'a> {
    /// Reads a line. `None` when it is not UTF-8.
    pub(in super::super) fn parse(line: &'a [u8]) -> Option<Request<'a>> {
        let line = std::str::from_utf8(line).ok()?;
        let (keyword, argument) = line.split_once(' ').unwrap_or((line, ""));
        Some(Request { keyword, argument })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyword_and_argument() {
        for (line, keyword, argument) in [
            ("STAT", "STAT", ""),
            ("retr 1", "retr", "1"),
            ("PASS a  b ", "PASS", "a  b "),
            ("", "", ""),
            (" STAT", "", "STAT"),
        ] {
            assert_eq!(Request::parse(line.as_bytes()), Some(Request { keyword, argument }), "{line:?}");
        }
        assert_eq!(Request::parse(b"USER \xff"), None);
    }
}
