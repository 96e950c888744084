//! Reverse-path and forward-path (RFC 5321 §4.1.2).

use crate::people::Address;

/// What stood between the angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// `<>`
    Null,
    /// A mailbox, or `postmaster` without a domain.
    Mailbox(Address),
}

/// Reads `<path>`, and returns what follows it. A source route is skipped, as RFC 5321 appendix C asks.
pub fn path(text: &str) -> Option<(Path, &str)> {
    let (inside, rest) = brackets(text)?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    if inside.is_empty() {
        return Some((Path::Null, rest));
    }
    let mailbox = match inside.starts_with('@') {
        true => inside.split_once(':')?.1,
        false => inside,
    };
    Some((Path::Mailbox(Address::parse(mailbox)?), rest))
}

/// Parts `<inside>rest`. A `>` in a quoted local part does not end it.
fn brackets(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn inside_the_brackets() {
        let check = |text, expected| assert_eq!(brackets(text), expected, "{text}");
        check("<>", Some(("", "")));
        check("<a@b> SIZE=1", Some(("a@b", " SIZE=1")));
        check("<\"a>b\"@c>", Some(("\"a>b\"@c", "")));
        check("<\"a\\\">b\"@c>", Some(("\"a\\\">b\"@c", "")));
        check("<a\\>", Some(("a\\", "")));
        check("<a@b", None);
        check("a@b", None);
        check("<\"a@b>", None);
    }

    #[test]
    fn paths() {
        let check = |text, expected: Option<&str>| {
            let read = path(text).map(|(path, _)| match path {
                Path::Null => String::new(),
                Path::Mailbox(address) => address.to_string(),
            });
            assert_eq!(read.as_deref(), expected, "{text}");
        };
        check("<>", Some(""));
        check("<a@B.example>", Some("a@b.example"));
        check("<@relay.example,@other.example:a@b.example>", Some("a@b.example"));
        check("<\"a b\"@b.example>", Some("\"a b\"@b.example"));
        check("<a@[127.0.0.1]>", Some("a@[127.0.0.1]"));
        check("<@relay.example>", None);
        check("<a b@c.example>", None);
        check("<a@b.example>SIZE=1", None);
        check("a@b.example", None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[<>@\"\\\\a. :,\\[\\]ä]{0,20}") {
            let _ = path(&text);
        }
    }
}
