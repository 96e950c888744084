//! Any bytes as a message: what searches find in it, its filter lets through. The same bytes as a filter that was kept:
//! never a panic.

use std::convert::Infallible;

use mailstead_core::message::search::{Needle, Scope, TextFilter, contains, header_contains};
use mailstead_core::message::{Outline, Range, headers, words};

/// Longest text that is taken from the message, in bytes.
const TEXT_BYTES_MAX: usize = 16;

/// Runs one case. The first two bytes say where the text that is looked for stands in the message.
pub fn run(input: &[u8]) {
    let _ = TextFilter::of(input).map(|filter| filter.may_contain(&Needle::new("needle")));
    let Some((at, message)) = input.split_first_chunk() else { return };
    let outline = Outline::of(message);
    let read = |range: Range| Ok::<_, Infallible>(range.of(message));
    let stored = TextFilter::make(&outline, read).unwrap_or_default();
    let filter = TextFilter::of(&stored).expect("what was made is a filter");
    let text = piece(message, usize::from(u16::from_le_bytes(*at)));
    for scope in [Scope::Body, Scope::Text] {
        let needle = Needle::new(&text);
        assert!(filter.may_contain(&needle) || contains(&outline, scope, &needle, read) == Ok(false), "{text:?}");
    }
    let block = outline.root.header.of(message);
    for field in headers::fields(block) {
        let needle = Needle::new(&words::decode(&field.value()));
        let name = String::from_utf8_lossy(field.name);
        assert!(filter.may_contain(&needle) || !header_contains(block, &name, &needle), "{name}");
    }
}

fn piece(message: &[u8], at: usize) -> String {
    let piece = &message[at % message.len().max(1)..];
    String::from_utf8_lossy(&piece[..piece.len().min(TEXT_BYTES_MAX)]).into_owned()
}
