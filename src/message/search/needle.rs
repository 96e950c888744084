//! What is looked for.

use memchr::memmem::Finder;

use super::content::Viewer;
use crate::message::casemap::folded;

/// Text up to this length is folded without memory of its own: what names and subjects mostly are.
const SHORT: usize = 128;

/// A text to look for, made ready once for many messages. The empty one is in every text.
#[derive(Debug, Clone)]
pub struct Needle {
    finder: Finder<'static>,
}

impl Needle {
    /// Looks for `text` in any case.
    pub fn new(text: &str) -> Needle {
        Needle { finder: Finder::new(folded(text).as_bytes()).into_owned() }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.finder.needle().is_empty()
    }

    /// Whether `text` contains it.
    pub fn is_in(&self, text: &str) -> bool {
        if text.len() <= SHORT && text.is_ascii() {
            let mut folded = [0; SHORT];
            let folded = &mut folded[..text.len()];
            folded.copy_from_slice(text.as_bytes());
            folded.make_ascii_uppercase();
            return self.is_in_folded(folded);
        }
        self.is_in_folded(folded(text).as_bytes())
    }

    /// Whether text that was folded already contains it.
    fn is_in_folded(&self, folded: &[u8]) -> bool {
        self.finder.find(folded).is_some()
    }

    /// What is looked for, folded.
    pub(super) fn folded(&self) -> &[u8] {
        self.finder.needle()
    }
}

/// Has seen enough when it was in what it saw.
impl Viewer for &Needle {
    fn overlap(&self) -> usize {
        self.folded().len().saturating_sub(1)
    }

    fn see(&mut self, folded: &[u8]) -> bool {
        self.is_in_folded(folded)
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
