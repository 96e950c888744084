//! The base subject of a message (RFC 5256 §2.1).

use crate::message::casemap::folded;
use crate::message::words;

/// A base subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base {
    /// Its text, in the form in which it is compared.
    pub text: String,
    /// Did anything say that the message is a reply or was forwarded?
    pub is_reply: bool,
}

/// The base subject of a `Subject` field as it stands in the header.
pub fn base_of(subject: Option<&[u8]>) -> Base {
    let decoded = words::decode(subject.unwrap_or_default());
    let text =
        folded(&decoded.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    let (mut rest, mut is_reply) = (text.as_str(), false);
    loop {
        rest = without_trailers(rest, &mut is_reply);
        rest = without_leaders(rest, &mut is_reply);
        match rest.strip_prefix("[FWD:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => (rest, is_reply) = (inner, true),
            None => return Base { text: rest.to_string(), is_reply },
        }
    }
}

/// Without `subj-trailer` at its end.
fn without_trailers<'a>(mut text: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        text = text.trim_end_matches(' ');
        match text.strip_suffix("(FWD)") {
            Some(rest) => (text, *is_reply) = (rest, true),
            None => return text,
        }
    }
}

/// Without `subj-leader` and `subj-blob` at its beginning, as long as something is left.
fn without_leaders<'a>(mut text: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        text = text.trim_start_matches(' ');
        if let Some(rest) = after_reply(text) {
            (text, *is_reply) = (rest, true);
            continue;
        }
        match after_blob(text).filter(|rest| !rest.is_empty()) {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

/// What follows `*subj-blob subj-refwd`.
fn after_reply(mut text: &str) -> Option<&str> {
    while let Some(rest) = after_blob(text) {
        text = rest;
    }
    let rest = ["RE", "FWD", "FW"].iter().find_map(|word| text.strip_prefix(word))?;
    let rest = rest.trim_start_matches(' ');
    after_blob(rest).unwrap_or(rest).strip_prefix(':')
}

/// What follows `subj-blob`: `[…]` and white space.
fn after_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']']).filter(|end| inner[*end..].starts_with(']'))?;
    Some(inner[end + 1..].trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_subjects() {
        for (subject, text, is_reply) in [
            ("hello", "HELLO", false),
            ("", "", false),
            ("  a \t b\r\n c ", "A B C", false),
            ("Re: hello", "HELLO", true),
            ("RE : hello", "HELLO", true),
            ("Re[2]: hello", "HELLO", true),
            ("re [x] : hello", "HELLO", true),
            ("Fw: Fwd: re: hello", "HELLO", true),
            ("[list] hello", "HELLO", false),
            ("[list] Re: [list] hello", "HELLO", true),
            ("[a][b] Re: hello", "HELLO", true),
            ("[only]", "[ONLY]", false),
            ("Re: [only]", "[ONLY]", true),
            ("hello (fwd)", "HELLO", true),
            ("hello (fwd) (FWD) ", "HELLO", true),
            ("[Fwd: Re: hello (fwd)]", "HELLO", true),
            ("[Fwd: [x] y]", "Y", true),
            ("reply: x", "REPLY: X", false),
            ("Re", "RE", false),
            ("Re:", "", true),
            ("=?utf-8?q?Re=3A_gr=C3=BCn?=", "GRU\u{308}N", true),
            ("[a[b]] x", "[A[B]] X", false),
        ] {
            assert_eq!(base_of(Some(subject.as_bytes())), Base { text: text.into(), is_reply }, "{subject:?}");
        }
    }
}
