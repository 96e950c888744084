//! Charsets to UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The encoding with this MIME label. `None` for one that is not known, and for UTF-7.
pub fn by_label(label: &[u8]) -> Option<&'static Encoding> {
    let label = label.trim_ascii();
    // What mail calls them and the web does not (RFC 2047 §2 allows a language after `*`).
    let label = label.split(|byte| *byte == b'*').next().unwrap_or(label);
    match label.to_ascii_lowercase().as_slice() {
        b"cp1252" | b"ansi_x3.4-1986" => Some(WINDOWS_1252),
        b"utf8mb4" | b"utf-8mb4" => Some(UTF_8),
        b"cp932" | b"windows-932" => Some(encoding_rs::SHIFT_JIS),
        b"cp936" => Some(encoding_rs::GBK),
        b"cp949" => Some(encoding_rs::EUC_KR),
        b"cp950" => Some(encoding_rs::BIG5),
        _ => Encoding::for_label_no_replacement(label),
    }
}

/// Text in the charset of this label as UTF-8; what cannot be read becomes U+FFFD. With an unknown label, see [`guess`].
pub fn to_utf8<'a>(label: &[u8], text: &'a [u8]) -> Cow<'a, str> {
    match by_label(label) {
        Some(_) if label_is_ascii(label) => guess(text),
        Some(encoding) => encoding.decode_without_bom_handling(text).0,
        None => guess(text),
    }
}

/// Text of which nothing is known: UTF-8 if it is, else windows-1252.
pub fn guess(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(text).0,
    }
}

/// Whether the label promises 7-bit text, so that raw 8-bit in it is of unknown charset.
pub fn label_is_ascii(label: &[u8]) -> bool {
    [&b"us-ascii"[..], b"ascii", b"ansi_x3.4-1968"].iter().any(|name| name.eq_ignore_ascii_case(label.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        let check = |label: &str, text: &[u8], expected: &str| {
            assert_eq!(to_utf8(label.as_bytes(), text), expected, "{label}");
        };
        check("utf-8", "für".as_bytes(), "für");
        check("UTF-8", b"f\xfcr", "f\u{fffd}r");
        check("iso-8859-1", b"f\xfcr", "für");
        check("ISO-8859-15", b"\xa4", "€");
        check("windows-1251", b"\xcf\xf0", "Пр");
        check("koi8-r", b"\xf0", "П");
        check("iso-2022-jp", b"\x1b$B$\"\x1b(B", "あ");
        check("shift_jis", b"\x82\xa0", "あ");
        check("gb2312", b"\xc4\xe3", "你");
        check("cp1252", b"\x80", "€");
        check("us-ascii", "für".as_bytes(), "für");
        check("us-ascii", b"f\xfcr", "für");
        check("no-such-charset", b"f\xfcr", "für");
        check("utf-8*en", "für".as_bytes(), "für");
        check("", b"x", "x");
    }
}
