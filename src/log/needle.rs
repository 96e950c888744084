//! A text that is looked for in many bytes, in any case of ASCII letters.
//!
//! `message::search` looks for text as people mean it, and has to fold every message for that; a log is many times larger
//! than a mailbox and looked through for addresses and ids, so that speed comes first.

use memchr::{memchr_iter, memchr2_iter};

/// Bytes that are frequent in the log, the most frequent first. What is not among them is rare.
const FREQUENT: &[u8] = b"\",:e0ts21a-i3on4r56dm798l.cpvu{}_hfTZgwbk";

/// A text that is looked for. It is never empty.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    /// Where its rarest byte stands.
    rarest: usize,
}

impl Needle {
    /// Looks for `text`; `None` when it is empty, which is everywhere.
    pub fn new(text: &str) -> Option<Needle> {
        let bytes = text.as_bytes().to_vec();
        let frequency = |byte: &u8| FREQUENT.iter().position(|frequent| frequent == byte).unwrap_or(usize::MAX);
        let lowest = |byte: &u8| frequency(&byte.to_ascii_lowercase()).min(frequency(&byte.to_ascii_uppercase()));
        let rarest = (0..bytes.len()).max_by_key(|at| lowest(&bytes[*at]))?;
        Some(Needle { bytes, rarest })
    }

    /// Where it stands first.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        let rarest = self.bytes[self.rarest];
        let (lower, upper) = (rarest.to_ascii_lowercase(), rarest.to_ascii_uppercase());
        match lower == upper {
            true => memchr_iter(lower, text).find_map(|at| self.begins(text, at)),
            false => memchr2_iter(lower, upper, text).find_map(|at| self.begins(text, at)),
        }
    }

    /// Where it begins, if its rarest byte at `at` belongs to it.
    fn begins(&self, text: &[u8], at: usize) -> Option<usize> {
        let begin = at.checked_sub(self.rarest)?;
        text.get(begin..begin + self.bytes.len())?.eq_ignore_ascii_case(&self.bytes).then_some(begin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_the_naive_search(needle in "[aAb\"]{1,4}", text in "[aAbB\"x]{0,40}") {
            let naive = text.to_ascii_lowercase().find(&needle.to_ascii_lowercase());
            prop_assert_eq!(Needle::new(&needle).and_then(|needle| needle.find(text.as_bytes())), naive);
        }
    }

    #[test]
    fn any_case_of_ascii_letters() {
        let find = |needle: &str, text: &str| Needle::new(needle).expect("some").find(text.as_bytes());
        assert_eq!(find("Alice@", "to=aLICE@example"), Some(3));
        assert_eq!(find("für", "FüR"), Some(0));
        assert_eq!(find("alice", "alic"), None);
        assert!(Needle::new("").is_none());
    }
}
