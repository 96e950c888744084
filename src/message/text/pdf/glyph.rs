//! The letters that glyphs' names stand for (Adobe Glyph List), as far as they are in words.

/// Accents by the name that follows the letter's.
const ACCENTS: [(&str, char); 14] = [
    ("acute", '\u{301}'),
    ("breve", '\u{306}'),
    ("caron", '\u{30c}'),
    ("cedilla", '\u{327}'),
    ("circumflex", '\u{302}'),
    ("commaaccent", '\u{326}'),
    ("dieresis", '\u{308}'),
    ("dotaccent", '\u{307}'),
    ("grave", '\u{300}'),
    ("hungarumlaut", '\u{30b}'),
    ("macron", '\u{304}'),
    ("ogonek", '\u{328}'),
    ("ring", '\u{30a}'),
    ("tilde", '\u{303}'),
];

const NAMED: [(&str, &str); 40] = [
    ("space", " "),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("period", "."),
    ("comma", ","),
    ("colon", ":"),
    ("semicolon", ";"),
    ("hyphen", "-"),
    ("minus", "-"),
    ("endash", "–"),
    ("emdash", "—"),
    ("at", "@"),
    ("slash", "/"),
    ("underscore", "_"),
    ("ampersand", "&"),
    ("percent", "%"),
    ("Euro", "€"),
    ("quotesingle", "'"),
    ("quoteright", "’"),
    ("ff", "ff"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("germandbls", "ß"),
    ("ae", "æ"),
    ("AE", "Æ"),
    ("oe", "œ"),
    ("OE", "Œ"),
    ("oslash", "ø"),
    ("lslash", "ł"),
    ("dotlessi", "ı"),
];

/// The text that a glyph of this name shows; a space for what is in no word.
pub(super) fn text(name: &[u8]) -> String {
    let name = std::str::from_utf8(name).unwrap_or_default();
    let name = name.split_once('.').map_or(name, |(base, _)| base);
    let hexadecimal = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return letter.to_string();
    }
    if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
        return (*text).to_owned();
    }
    if let Some(letter) = name.strip_prefix("uni").and_then(|code| hexadecimal(code.get(..4)?)) {
        return letter.to_string();
    }
    if let Some(letter) = name.strip_prefix('u').and_then(hexadecimal) {
        return letter.to_string();
    }
    let accented = name.chars().next().filter(char::is_ascii_alphabetic).and_then(|letter| {
        let (_, accent) = ACCENTS.iter().find(|(accent, _)| *accent == &name[1..])?;
        Some([letter, *accent].iter().collect())
    });
    accented.unwrap_or_else(|| " ".to_owned())
}
