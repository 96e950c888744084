//! Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3).

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// UTF-8 to modified UTF-7.
pub fn encode(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut shifted: Vec<u16> = Vec::new();
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            shift(&mut text, &mut shifted);
            text.push(character);
            if character == '&' {
                text.push('-');
            }
        } else {
            shifted.extend_from_slice(character.encode_utf16(&mut [0; 2]));
        }
    }
    shift(&mut text, &mut shifted);
    text
}

/// Writes what is shifted as `&…-`.
fn shift(text: &mut String, units: &mut Vec<u16>) {
    if units.is_empty() {
        return;
    }
    text.push('&');
    let (mut bits, mut count) = (0u32, 0);
    for unit in units.drain(..) {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            text.push(char::from(DIGITS[(bits >> count & 63) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(DIGITS[(bits << (6 - count) & 63) as usize]));
    }
    text.push('-');
}

/// Modified UTF-7 to UTF-8. `None` when it is not valid: what is printable must not be shifted, bits
/// left over must be zero, and two shifts must not touch, so that each name has one form only.
pub fn decode(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_shift = false;
    while let Some(at) = rest.find('&') {
        let shifted = &rest[at + 1..];
        let end = shifted.find('-')?;
        name.push_str(&rest[..at]);
        if end == 0 {
            name.push('&');
        } else if at == 0 && after_shift {
            return None;
        } else {
            unshift(&shifted[..end], &mut name)?;
        }
        after_shift = end > 0;
        rest = &shifted[end + 1..];
    }
    name.push_str(rest);
    Some(name)
}

fn unshift(digits: &str, name: &mut String) -> Option<()> {
    let mut units = Vec::with_capacity(digits.len());
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count & 0xffff) as u16);
        }
    }
    if units.is_empty() || count >= 6 || bits & ((1 << count) - 1) != 0 {
        return None;
    }
    for character in char::decode_utf16(units) {
        match character {
            Ok(' '..='~') | Err(_) => return None,
            Ok(character) => name.push(character),
        }
    }
    Some(())
}
