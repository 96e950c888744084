//! Strings and numbers of responses (RFC 3501 §4.2, §4.3).

use super::utf7;

/// Longest string that is written in quotes; longer ones are literals.
const QUOTED_BYTES_MAX: usize = 1024;

/// Writes a number. Responses are made of so many that a formatter's cost would tell.
pub fn number(value: impl Into<u64>, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), value.into());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Writes a string: in quotes where it can be, else as a literal. NUL, which no string may hold,
/// becomes a space.
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    let plain = |byte: &u8| byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0);
    if text.len() <= QUOTED_BYTES_MAX && text.iter().all(plain) {
        return quoted(text, out);
    }
    out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
    out.extend(text.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
}

/// Writes a string in quotes.
pub fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Writes a mailbox name: in modified UTF-7, or as UTF-8 once the client has enabled that (RFC 6855).
pub fn mailbox_name(name: &str, utf8: bool, out: &mut Vec<u8>) {
    let plain = |byte: u8| super::parser::is_atom(byte) && byte != b'&';
    if !name.is_empty() && name.bytes().all(plain) && !name.eq_ignore_ascii_case("NIL") {
        out.extend_from_slice(name.as_bytes());
    } else if utf8 {
        quoted(name.as_bytes(), out);
    } else {
        quoted(utf7::encode(name).as_bytes(), out);
    }
}

/// Begins an ESEARCH response (RFC 4466 §2.6.2).
pub fn begin_extended(tag: &str, by_uid: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ESEARCH (TAG ");
    quoted(tag.as_bytes(), out);
    out.extend_from_slice(if by_uid { b") UID" } else { b")" });
}
