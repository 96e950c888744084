//! Lines that cannot break out of their place.

/// Characters of a foreign text that are repeated.
const TEXT_CHARACTERS_MAX: usize = 2_000;

/// Characters after which lines are folded where there is a space: quoted-printable then leaves them whole.
const WIDTH: usize = 72;

/// Bytes of a word after which it is cut, so that no line passes 998.
const WORD_BYTES_MAX: usize = 900;

/// A foreign text on one line: control characters and runs of white space are one space.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(TEXT_CHARACTERS_MAX));
    for character in text.chars().take(TEXT_CHARACTERS_MAX) {
        let character = if character.is_control() || character.is_whitespace() { ' ' } else { character };
        if character != ' ' || !clean.ends_with(' ') {
            clean.push(character);
        }
    }
    clean.trim().to_owned()
}

/// Appends the words of `text` after `first`; further lines begin with `indent`.
pub fn wrap(first: &str, indent: &str, text: &str, to: &mut String) {
    to.push_str(first);
    let mut width = first.chars().count();
    let mut at_start = true;
    for word in text.split_whitespace().flat_map(short_pieces) {
        let length = word.chars().count();
        if !at_start && width + 1 + length > WIDTH {
            to.push_str("\r\n");
            to.push_str(indent);
            width = indent.chars().count();
        } else if !at_start {
            to.push(' ');
            width += 1;
        }
        to.push_str(word);
        width += length;
        at_start = false;
    }
    to.push_str("\r\n");
}

/// Appends `name: value`, cleaned and folded.
pub fn field(name: &str, value: &str, to: &mut String) {
    wrap(&format!("{name}: "), "    ", &clean(value), to);
}

fn short_pieces(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.floor_char_boundary(WORD_BYTES_MAX));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts() {
        assert_eq!(clean("a\r\nBcc: x\0\ty "), "a Bcc: x y");
        assert_eq!(clean(&"x".repeat(5_000)).len(), TEXT_CHARACTERS_MAX);
        let mut text = String::new();
        field("X", &format!("{} {}", "word ".repeat(40), "long".repeat(400)), &mut text);
        assert!(text.lines().all(|line| line.len() < 998));
        assert!(text.lines().skip(1).all(|line| line.starts_with("    ")));
    }
}
