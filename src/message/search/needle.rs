//! What is looked for.

use memchr::memmem::Finder;

use crate::message::casemap::append_folded;

/// A text to look for, made ready once for many messages. The empty one is in every text.
#[derive(Debug, Clone)]
pub struct Needle {
    finder: Finder<'static>,
}

impl Needle {
    /// Looks for `text` in any case.
    pub fn new(text: &str) -> Needle {
        let mut folded = Vec::with_capacity(text.len());
        append_folded(text, &mut folded);
        Needle { finder: Finder::new(&folded).into_owned() }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.finder.needle().is_empty()
    }

    /// Whether `text` contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let mut folded = Vec::with_capacity(text.len());
        append_folded(text, &mut folded);
        self.is_in_folded(&folded)
    }

    /// Whether text that was folded already contains it.
    pub(super) fn is_in_folded(&self, folded: &[u8]) -> bool {
        self.finder.find(folded).is_some()
    }

    /// Bytes of it that may stand at the end of one piece of text when the rest stands in the next.
    pub(super) fn overlap(&self) -> usize {
        self.finder.needle().len().saturating_sub(1)
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
        check("fu\u{308}r", "FÜR DICH", true);
        check("fur", "FÜR DICH", false);
        // A letter stands before its accents.
        check("cafe", "Café", true);
        check("dich", "FÜR DICH", true);
        check("привет", "ПРИВЕТ", true);
        check("ΣΟΦΟΣ", "σοφοσ", true);
        check("あ", "いあ", true);
    }
}
