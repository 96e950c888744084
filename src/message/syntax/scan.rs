//! The small pieces all structured values are made of (RFC 5322 §3.2).

/// Space or tab.
pub fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `text` without white space and stray line ends around it.
pub fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// A token byte (RFC 2045 §5.1): printable ASCII without the specials.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

/// What a quoted string, comment or domain literal at the start of `text` holds, escapes removed, and its
/// length with both marks. `None` when it never ends.
pub fn enclosed(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (open, close) = match text.first()? {
        b'"' => (b'"', b'"'),
        b'(' => (b'(', b')'),
        b'[' => (b'[', b']'),
        _ => return None,
    };
    let mut content = Vec::new();
    let mut depth = 1;
    let mut at = 1;
    while at < text.len() {
        let byte = text[at];
        if byte == b'\\' && at + 1 < text.len() {
            at += 1;
            content.push(text[at]);
        } else {
            if byte == close {
                depth -= 1;
            } else if byte == open {
                depth += 1;
            }
            if depth == 0 {
                return Some((content, at + 1));
            }
            content.push(byte);
        }
        at += 1;
    }
    None
}

/// `text` without its comments; quoted strings stay as they are, an unclosed comment reaches to the end.
pub fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'(' => match enclosed(&text[at..]) {
                Some((_, length)) => at += length,
                None => break,
            },
            b'"' => {
                let length = enclosed(&text[at..]).map_or(text.len() - at, |(_, length)| length);
                kept.extend_from_slice(&text[at..at + length]);
                at += length;
            }
            byte => {
                kept.push(byte);
                at += 1;
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enclosed_texts() {
        let check = |text: &[u8], expected: Option<(&[u8], usize)>| {
            assert_eq!(enclosed(text), expected.map(|(content, length)| (content.to_vec(), length)));
        };
        check(br#""a b" c"#, Some((b"a b", 5)));
        check(br#""a \" \\b""#, Some((br#"a " \b"#, 10)));
        check(b"(a (b) c)d", Some((b"a (b) c", 9)));
        check(b"[127.0.0.1]", Some((b"127.0.0.1", 11)));
        check(b"\"open", None);
        check(b"\"open\\", None);
        check(b"(a (b)", None);
        check(b"plain", None);
        check(b"", None);
    }

    #[test]
    fn comments_go() {
        assert_eq!(without_comments(b"7bit (really)"), b"7bit ");
        assert_eq!(without_comments(b"a(b(c)d)e"), b"ae");
        assert_eq!(without_comments(br#""(kept)" x"#), br#""(kept)" x"#);
        assert_eq!(without_comments(b"a (open"), b"a ");
    }
}
