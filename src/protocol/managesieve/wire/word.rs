//! The words of a command (RFC 5804 §4).

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Word {
    /// A command's name or a number.
    Atom(String),
    /// A string, quoted or as a literal.
    Text(String),
}

/// A line in two: what is before the literal that it ends with, and the bytes that the literal will have.
pub(in super::super) fn literal_at_end(line: &[u8]) -> (&[u8], Option<u64>) {
    let found = || {
        let inside = line.strip_suffix(b"}")?;
        let start = memchr::memrchr(b'{', inside)?;
        let digits = inside[start + 1..].strip_suffix(b"+").unwrap_or(&inside[start + 1..]);
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().unwrap_or(u64::MAX);
        // Before it stands a blank, or nothing at all.
        let is_word = start == 0 || matches!(line[start - 1], b' ' | b'\t');
        is_word.then_some((&line[..start], length))
    };
    found().map_or((line, None), |(before, length)| (before, Some(length)))
}

/// The words of a line without literals. `None` when it cannot be read.
pub(in super::super) fn words(line: &[u8]) -> Option<Vec<Word>> {
    let mut rest = std::str::from_utf8(line).ok()?.trim_matches([' ', '\t']);
    let mut words = Vec::new();
    while !rest.is_empty() {
        let word;
        (word, rest) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => {
                let (atom, after) = rest.split_at(rest.find([' ', '\t', '"']).unwrap_or(rest.len()));
                (Word::Atom(atom.to_owned()), after)
            }
        };
        // Words are parted by blanks.
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            return None;
        }
        rest = rest.trim_start_matches([' ', '\t']);
        words.push(word);
    }
    Some(words)
}

/// What stands before the closing quote, and what after it.
fn quoted(inside: &str) -> Option<(Word, &str)> {
    let mut text = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((Word::Text(text), &inside[at + 1..])),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_words() {
        let atom = |text: &str| Word::Atom(text.into());
        let text = |text: &str| Word::Text(text.into());
        let check = |line: &str, expected: Option<Vec<Word>>| assert_eq!(words(line.as_bytes()), expected, "{line}");
        check("", Some(vec![]));
        check("NOOP", Some(vec![atom("NOOP")]));
        check(" HAVESPACE \"a b\" 435 ", Some(vec![atom("HAVESPACE"), text("a b"), atom("435")]));
        check("SETACTIVE \"\"", Some(vec![atom("SETACTIVE"), text("")]));
        check("X \"a\\\"\\\\b\"", Some(vec![atom("X"), text("a\"\\b")]));
        check("X \"a", None);
        check("X \"a\"b", None);
        check("X a\"b\"", None);
        check("X \"a\\", None);
        assert_eq!(words(b"X \xff"), None);
    }

    #[test]
    fn literals_at_the_end() {
        let check = |line: &str, before: &str, length| {
            assert_eq!(literal_at_end(line.as_bytes()), (before.as_bytes(), length), "{line}");
        };
        check("PUTSCRIPT \"a\" {12+}", "PUTSCRIPT \"a\" ", Some(12));
        check("{0+}", "", Some(0));
        check("X {5}", "X ", Some(5));
        check("X {99999999999999999999999+}", "X ", Some(u64::MAX));
        check("X {+}", "X {+}", None);
        check("X {5x}", "X {5x}", None);
        check("X \"{5+}\"", "X \"{5+}\"", None);
        check("X a{5+}", "X a{5+}", None);
        check("X", "X", None);
    }
}
