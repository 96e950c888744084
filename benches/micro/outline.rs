//! The outline of a message: made at intake, kept, and read again by FETCH.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use mailstead_benches::messages::Messages;
use mailstead_core::message::{Outline, Outliner};

/// Name and mix of the kinds of messages.
const KINDS: [(&str, &str); 3] =
    [("4 KB text", "100:4k"), ("40 KB alternative", "100:40k"), ("400 KB attachment", "100:400k")];
/// As storage takes them.
const PIECE_BYTES: usize = mailstead_storage::PIECE_BYTES_MAX;

fn main() {
    divan::main();
}

/// A message of a kind.
fn message(mix: &str) -> Vec<u8> {
    let mix = mix.parse().expect("a mix");
    Messages::new(mix, 1).message(1, "u0@example.test")
}

fn outline(message: &[u8]) -> Outline<'static> {
    let mut outliner = Outliner::new();
    message.chunks(PIECE_BYTES).for_each(|piece| outliner.feed(piece));
    outliner.finish()
}

#[divan::bench(args = KINDS.map(|kind| kind.0))]
fn parse(bencher: Bencher, kind: &str) {
    let message = message(mix_of(kind));
    bencher.counter(BytesCount::new(message.len())).bench(|| outline(black_box(&message)));
}

#[divan::bench(args = KINDS.map(|kind| kind.0))]
fn encode(bencher: Bencher, kind: &str) {
    let outline = outline(&message(mix_of(kind)));
    bencher.bench(|| black_box(&outline).encode());
}

#[divan::bench(args = KINDS.map(|kind| kind.0))]
fn decode(bencher: Bencher, kind: &str) {
    let stored = outline(&message(mix_of(kind))).encode();
    bencher.counter(BytesCount::new(stored.len())).bench(|| Outline::decode(black_box(&stored)).is_some());
}

fn mix_of(kind: &str) -> &'static str {
    KINDS.iter().find(|(name, _)| *name == kind).expect("a kind").1
}
