//! Text in the form in which it is compared and looked for: the collation `i;unicode-casemap` (RFC 5051), which
//! I18NLEVEL=1 promises (RFC 5255 §4.2). Case does not matter in any script, nor in how many characters a letter with
//! its accents is written.

use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

const NORMALIZER: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();

/// Appends `text` to `to` in that form, as UTF-8.
pub fn append_folded(text: &str, to: &mut Vec<u8>) {
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        append_ascii_folded(&rest.as_bytes()[..ascii], to);
        rest = &rest[ascii..];
        let foreign = rest.find(|character: char| character.is_ascii()).unwrap_or(rest.len());
        let mut utf8 = [0; 4];
        for character in NORMALIZER.normalize_iter(rest[..foreign].chars().map(titlecase)) {
            // RFC 5051 leaves the letters of a ligature as they come; people do not see the difference.
            to.extend_from_slice(character.to_ascii_uppercase().encode_utf8(&mut utf8).as_bytes());
        }
        rest = &rest[foreign..];
    }
}

/// Appends bytes in that form as far as they are ASCII.
pub fn append_ascii_folded(bytes: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    to.extend_from_slice(bytes);
    to[start..].make_ascii_uppercase();
}

/// Text in that form.
pub fn folded(text: &str) -> String {
    let mut folded = Vec::with_capacity(text.len());
    append_folded(text, &mut folded);
    String::from_utf8(folded).expect("folding writes whole characters")
}

/// The simple titlecase mapping of Unicode, which differs from upper case where letters are joined, and in Georgian.
fn titlecase(character: char) -> char {
    match character {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10ff}' => character,
        // Greek with iota below: the capitals follow eight places behind.
        '\u{1f80}'..='\u{1faf}' => char::from_u32(character as u32 | 8).unwrap_or(character),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(character as u32 + 9).unwrap_or(character),
        _ => {
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                // More than one letter, as for ß, is no simple mapping.
                _ => character,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            ("", ""),
            ("Hello, World", "HELLO, WORLD"),
            ("grün", "GRU\u{308}N"),
            ("gru\u{308}n", "GRU\u{308}N"),
            ("GRÜN", "GRU\u{308}N"),
            ("straße", "STRAßE"),
            ("ﬁnden", "FINDEN"),
            ("Ǆ ǅ ǆ", "Dž Dž Dž".replace('ž', "Z\u{30c}").as_str()),
            ("ᾳ ᾼ", "Α\u{345} Α\u{345}"),
            ("ᾀ ᾈ", "Α\u{313}\u{345} Α\u{313}\u{345}"),
            ("ΣΟΦΟΣ σοφος σοφοσ", "ΣΟΦΟΣ ΣΟΦΟΣ ΣΟΦΟΣ"),
            ("Ａ１", "A1"),
            ("привет", "ПРИВЕТ"),
            ("あ", "あ"),
            ("ა", "ა"),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays(text in "\\PC{0,20}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once.clone());
            prop_assert!(!once.bytes().any(|byte| byte.is_ascii_lowercase()));
        }
    }
}
