//! How a message's bytes are cut into values that fill redb's pages. A pure function of the size,
//! so a range read knows which pieces to ask for. Changing it changes the file format.
//!
//! A piece either fills a leaf of its own or is a *rest*, of which four fill a page. Rests are kept
//! apart from the others: between two pieces that fill their leaves, one would have a page to itself.

use std::ops::Range;

use crate::PIECE_BYTES_MAX;

/// What a leaf page with one entry of a segment's `blob` table spends on itself.
const LEAF_OVERHEAD: usize = 24;
const PAGE: usize = 4096;

/// What an entry that shares its leaf spends on itself.
const ENTRY_OVERHEAD: usize = 16;

/// Longest rest: four fill a page.
const REST_BYTES_MAX: usize = 1004;

/// The pieces of a message of `size` bytes, as ranges of its bytes. An empty message has one empty
/// piece, so that every message can be found.
pub(crate) fn layout(size: u64) -> impl Iterator<Item = Range<u64>> {
    let mut from = 0;
    let mut first = true;
    std::iter::from_fn(move || {
        if from == size && !first {
            return None;
        }
        first = false;
        let length = next_piece(size - from);
        let piece = from..from + length;
        from += length;
        Some(piece)
    })
}

/// Length of the first piece when `rest` bytes are left.
fn next_piece(rest: u64) -> u64 {
    if rest >= PIECE_BYTES_MAX as u64 {
        return PIECE_BYTES_MAX as u64;
    }
    // The smallest leaf that holds all of the rest, unless too much of it would be empty.
    let needed = rest as usize + LEAF_OVERHEAD;
    let pages = needed.div_ceil(PAGE).next_power_of_two();
    let waste = pages * PAGE - needed;
    if waste * 8 <= needed {
        return rest;
    }
    if pages == 1 {
        return rest.min(REST_BYTES_MAX as u64);
    }
    (pages / 2 * PAGE - LEAF_OVERHEAD) as u64
}

/// Is a piece of this length one that shares its page?
pub(crate) fn is_rest(length: usize) -> bool {
    length <= REST_BYTES_MAX
}

/// Bytes that a piece takes in the file.
pub(crate) fn leaf_bytes(length: usize) -> u64 {
    if is_rest(length) {
        return (length + ENTRY_OVERHEAD) as u64;
    }
    ((length + LEAF_OVERHEAD).div_ceil(PAGE).next_power_of_two() * PAGE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_message_and_fit_their_pages() {
        for size in (0..10_000).chain((10_000..2_000_000).step_by(977)) {
            let mut at = 0;
            for piece in layout(size) {
                assert_eq!(piece.start, at);
                assert!(piece.end - piece.start <= PIECE_BYTES_MAX as u64);
                at = piece.end;
            }
            assert_eq!(at, size);
            let stored: u64 = layout(size).map(|piece| leaf_bytes((piece.end - piece.start) as usize)).sum();
            assert!(stored <= size + size / 7 + 100, "{size}: {stored}");
        }
    }

    #[test]
    fn full_pieces_do_not_depend_on_what_follows() {
        let full = PIECE_BYTES_MAX as u64;
        for tail in [0, 1, 4000, 5000, full - 1, full, full + 1] {
            let pieces: Vec<_> = layout(2 * full + tail).take(2).collect();
            assert_eq!(pieces, [0..full, full..2 * full]);
        }
    }
}
