//! What is looked for.

use memchr::memmem::Finder;

/// A text to look for, made ready once for many messages. The empty one is in every text.
#[derive(Debug, Clone)]
pub struct Needle {
    finder: Finder<'static>,
    is_ascii: bool,
}

impl Needle {
    /// Looks for `text` in any case.
    pub fn new(text: &str) -> Needle {
        let mut lower = Vec::with_capacity(text.len());
        append_lower(text, &mut lower);
        Needle { finder: Finder::new(&lower).into_owned(), is_ascii: lower.is_ascii() }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.finder.needle().is_empty()
    }

    /// Whether `text` contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let mut lower = Vec::with_capacity(text.len());
        self.append(text, &mut lower);
        self.is_in_lower(&lower)
    }

    /// Whether text that was already made lower by [`append`](Needle::append) contains it.
    pub(super) fn is_in_lower(&self, lower: &[u8]) -> bool {
        self.finder.find(lower).is_some()
    }

    /// Whether its bytes are those of ASCII text, so that the haystack's other characters need not be lowered.
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// Bytes of it that may stand at the end of one piece of text when the rest stands in the next.
    pub(super) fn overlap(&self) -> usize {
        self.finder.needle().len().saturating_sub(1)
    }

    /// Appends `text` to `to` in the form in which it is searched.
    pub(super) fn append(&self, text: &str, to: &mut Vec<u8>) {
        if self.is_ascii { append_ascii_lower(text.as_bytes(), to) } else { append_lower(text, to) }
    }
}

/// Appends bytes with `A`–`Z` in lower case.
pub(super) fn append_ascii_lower(bytes: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    to.extend_from_slice(bytes);
    to[start..].make_ascii_lowercase();
}

fn append_lower(text: &str, to: &mut Vec<u8>) {
    let mut utf8 = [0; 4];
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        append_ascii_lower(&rest.as_bytes()[..ascii], to);
        rest = &rest[ascii..];
        let Some(character) = rest.chars().next() else { return };
        for lower in character.to_lowercase() {
            to.extend_from_slice(lower.encode_utf8(&mut utf8).as_bytes());
        }
        rest = &rest[character.len_utf8()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case() {
        let check = |needle: &str, text: &str, expected: bool| {
            assert_eq!(Needle::new(needle).is_in(text), expected, "{needle:?} in {text:?}");
        };
        check("", "", true);
        check("", "x", true);
        check("x", "", false);
        check("HELLO", "say hello", true);
        check("hello", "SAY HELLO", true);
        check("hello", "say helo", false);
        check("FÜR", "für dich", true);
        check("für", "FÜR DICH", true);
        check("fur", "FÜR DICH", false);
        check("dich", "FÜR DICH", true);
        check("привет", "ПРИВЕТ", true);
        check("ΣΟΦΟΣ", "σοφοσ", true);
        check("あ", "いあ", true);
    }
}
