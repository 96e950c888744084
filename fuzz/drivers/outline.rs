//! Any bytes as a message: the outline does not depend on how they are cut, its ranges nest inside them, and its stored
//! form gives it back. The same bytes as a stored form: never a panic.

use std::convert::Infallible;

use mailstead_core::message::search::{self, Needle, Scope};
use mailstead_core::message::{Kind, Outline, Outliner, Part, Range, headers, transfer, words};

/// Runs one case.
pub fn run(input: &[u8]) {
    read_as_stored(input);
    let (cuts, message) = input.split_at(input.len().min(4));
    let whole = outline(message, &[]);
    assert_eq!(outline(message, cuts), whole);
    let stored = whole.encode();
    assert_eq!(Outline::decode(&stored).as_ref(), Some(&whole));
    check_ranges(&whole.root, Range { start: 0, end: message.len() as u32 });
    read_as_text(&whole, message);
}

/// Feeds pieces whose lengths are taken from `cuts` in turn; all at once without cuts.
fn outline(message: &[u8], cuts: &[u8]) -> Outline<'static> {
    let mut outliner = Outliner::new();
    let mut rest = message;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*cut) + 1));
        outliner.feed(piece);
        rest = after;
    }
    outliner.feed(rest);
    outliner.finish()
}

fn read_as_stored(input: &[u8]) {
    if let Some(outline) = Outline::decode(input) {
        assert_eq!(Outline::decode(&outline.encode()).as_ref(), Some(&outline));
    }
}

fn check_ranges(part: &Part, around: Range) {
    assert!(around.start <= part.header.start && part.header.start <= part.header.end);
    assert!(part.header.end == part.body.start && part.body.start <= part.body.end && part.body.end <= around.end);
    match &part.kind {
        Kind::Leaf => {}
        Kind::Multipart(parts) => {
            assert!(!parts.is_empty());
            let mut free = part.body;
            for part in parts {
                check_ranges(part, free);
                free.start = part.body.end;
            }
        }
        Kind::Message { root, .. } => check_ranges(root, part.body),
    }
}

fn read_as_text(outline: &Outline, message: &[u8]) {
    for field in headers::fields(outline.root.header.of(message)) {
        words::decode(&field.value());
    }
    for encoding in [&b"base64"[..], b"quoted-printable"] {
        assert!(transfer::decode(encoding, message, usize::MAX).len() <= message.len());
    }
    for needle in ["needle", "größe"] {
        let read = |range: Range| Ok::<_, Infallible>(range.of(message));
        let _ = search::contains(outline, Scope::Text, &Needle::new(needle), read);
    }
}
