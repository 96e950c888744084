//! xtext (RFC 3461 §4): `+41` stands for `A`.

/// Decodes. `None` when it is malformed or holds what no header may: control characters and bytes that
/// are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            b'=' => return None,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| is_clean(text))
}

/// Encodes what must not stand as it is: all but the printable ASCII without `+` and `=`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' if byte != b'+' && byte != b'=' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("+{byte:02X}")),
        }
    }
    encoded
}

/// Encodes an address of type `utf-8` (RFC 6533 §3) in its form for ASCII: `\x{E4}` stands for `ä`.
pub fn encode_utf8_address(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '!'..='~' if !matches!(char, '+' | '=' | '\\') => encoded.push(char),
            _ => encoded.push_str(&format!("\\x{{{:X}}}", u32::from(char))),
        }
    }
    encoded
}

/// Decodes the forms of an address of type `utf-8` (RFC 6533 §3): `\x{E4}` stands for `ä`.
pub fn decode_utf8_address(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        let (digits, tail) = after.split_once('}')?;
        let well_formed = (1..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| well_formed)?;
        decoded.push_str(before);
        decoded.push(char::from_u32(code)?);
        rest = tail;
    }
    decoded.push_str(rest);
    Some(decoded).filter(|text| is_clean(text))
}

fn is_clean(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Upper case only, as the grammar has it.
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts() {
        let check = |text, expected: Option<&str>| assert_eq!(decode(text).as_deref(), expected, "{text}");
        check("", Some(""));
        check("a@b", Some("a@b"));
        check("a+2Bb+3D", Some("a+b="));
        check("+C3+A4", Some("ä"));
        for wrong in ["+", "+4", "+4g", "+2b", "a=b", "+FF", "a+0D+0Ab", "+00"] {
            check(wrong, None);
        }
    }

    #[test]
    fn utf8_addresses() {
        let check = |text, expected: Option<&str>| assert_eq!(decode_utf8_address(text).as_deref(), expected, "{text}");
        check("a@b", Some("a@b"));
        check("j\\x{F6}rg@b", Some("jörg@b"));
        for wrong in ["\\x{}", "\\x{D800}", "\\x{A}", "\\x{F6", "\\x{1234567}", "\\x{+1}"] {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(text in "[ -~äö]{0,20}") {
            let verbose: String = text.bytes().map(|byte| format!("+{byte:02X}")).collect();
            prop_assert_eq!(decode(&verbose), Some(text.clone()));
            prop_assert_eq!(decode(&encode(&text)), Some(text.clone()));
            prop_assert_eq!(decode_utf8_address(&encode_utf8_address(&text)), Some(text));
        }

        #[test]
        fn never_panics(text in "[+0-9A-F={}\\\\xä]{0,20}") {
            let _ = (decode(&text), decode_utf8_address(&text));
        }
    }
}
