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
        // RFC 5051 takes the case away first, so that it stays in what comes out of a ligature, and in letters whose
        // capitals have no character of their own. People do not see the difference; all that it holds to be equal is.
        for character in NORMALIZER.normalize_iter(rest[..foreign].chars()) {
            to.extend_from_slice(upper(character).encode_utf8(&mut utf8).as_bytes());
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

/// The simple mapping to upper case.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        // More than one letter, as for ß, is no simple mapping.
        _ => character,
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
            ("Ǆ ǅ ǆ", "DZ\u{30c} DZ\u{30c} DZ\u{30c}"),
            ("ᾳ ᾼ", "ΑΙ ΑΙ"),
            ("ῖ", "Ι\u{342}"),
            ("ΣΟΦΟΣ σοφος σοφοσ", "ΣΟΦΟΣ ΣΟΦΟΣ ΣΟΦΟΣ"),
            ("Ａ１", "A1"),
            ("привет", "ПРИВЕТ"),
            ("あ", "あ"),
            ("ა Ა", "Ა Ა"),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays(text in "\\PC{0,20}") {
            let once = folded(&text);
            prop_assert!(!once.bytes().any(|byte| byte.is_ascii_lowercase()));
            prop_assert_eq!(folded(&once), once);
        }
    }
}
