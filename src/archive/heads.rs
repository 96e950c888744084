//! A chain's head as people write it down: `example.com/1234/` and the hash in 64 hexadecimal digits. Who has it from
//! a log or a sheet of paper can prove later that the chain is the same up to there.

use std::fmt::Write;

use mailstead_storage::ArchiveHead;

/// The head as a text.
pub fn head_text(domain: &str, number: u64, hash: &[u8; 32]) -> String {
    let mut text = format!("{domain}/{number}/");
    for byte in hash {
        write!(text, "{byte:02x}").expect("a text takes all");
    }
    text
}

/// The head that a text tells of; nothing when it is none.
pub fn head_of(text: &str) -> Option<ArchiveHead> {
    let mut parts = text.trim().rsplitn(3, '/');
    let (digits, number, domain) = (parts.next()?, parts.next()?, parts.next()?);
    if digits.len() != 64 || !digits.is_ascii() || domain.is_empty() {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(ArchiveHead { domain: domain.to_lowercase(), number: number.parse().ok()?, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_written() {
        let hash = std::array::from_fn(|index| index as u8 * 7);
        let head = ArchiveHead { domain: "a.test".into(), number: 12, hash };
        let text = head_text(&head.domain, head.number, &head.hash);
        assert_eq!(head_of(&text), Some(head));
        for wrong in ["", "a.test", "a.test/12", "a.test/x/00", &text[..text.len() - 1], &text.replace("00", "0+")] {
            assert_eq!(head_of(wrong), None, "{wrong}");
        }
    }
}
