//! What a message's texts can contain, in some hundred bytes: which sequences of four bytes stand in them. Most messages
//! that do not contain a text are told by that alone. With three, a long text has nearly all that any word is made of.
//!
//! A filter is made by the walk that searches go, so that what [`contains`](super::contains) finds is never missed. Nor is
//! what [`header_contains`](super::header_contains) finds in the header: its fields are gone through as `Name: value`, and
//! folding what stands behind ASCII does not depend on what stands before.

use super::content::{Scope, Viewer, show};
use super::needle::Needle;
use crate::message::{Outline, Range};

/// First byte of a filter. Another number for every change of how texts are folded, gone through or put into filters: one
/// with another number is no filter.
const VERSION: u8 = 3;

/// Bytes of a sequence.
const SEQUENCE_BYTES: usize = 4;

/// Bits of the longest filter.
const BITS_MAX: usize = 1 << 16;

/// Bits of the shortest filter.
const BITS_MIN: usize = 1 << 8;

/// A filter has so many bits for each sequence that it holds, if it may be so long.
const SPACE: usize = 3;

/// Which sequences the texts and headers of one message hold.
#[derive(Debug, Clone, Copy)]
pub struct TextFilter<'f>(&'f [u8]);

impl<'f> TextFilter<'f> {
    /// Makes the filter of a message; `read` as for [`contains`](super::contains).
    ///
    /// # Errors
    /// That of `read`.
    pub fn make<B: AsRef<[u8]>, E>(outline: &Outline, read: impl FnMut(Range) -> Result<B, E>) -> Result<Vec<u8>, E> {
        let mut sequences = Sequences(vec![0; BITS_MAX / 64]);
        show(outline, Scope::Text, &mut sequences, read)?;
        Ok(sequences.stored())
    }

    /// A filter that was kept; `None` when this version cannot read it.
    pub fn of(stored: &'f [u8]) -> Option<TextFilter<'f>> {
        let (version, bits) = stored.split_first()?;
        (*version == VERSION && !bits.is_empty()).then_some(TextFilter(bits))
    }

    /// May the texts or the headers contain it? Never false when they do.
    pub fn may_contain(&self, needle: &Needle) -> bool {
        let mut places = needle.folded().array_windows().map(|bytes| shortened(place(bytes), self.0.len() * 8));
        places.all(|place| self.0[place / 8] & 1 << (place % 8) != 0)
    }
}

impl Needle {
    /// Is it long enough for filters to tell of it?
    pub fn can_be_filtered(&self) -> bool {
        self.folded().len() >= SEQUENCE_BYTES
    }
}

/// Collects them, a bit each.
struct Sequences(Vec<u64>);

impl Viewer for Sequences {
    fn overlap(&self) -> usize {
        SEQUENCE_BYTES - 1
    }

    fn see(&mut self, folded: &[u8]) -> bool {
        let words = &mut self.0[..BITS_MAX / 64];
        for bytes in folded.array_windows() {
            let place = place(bytes);
            words[place / 64] |= 1 << (place % 64);
        }
        false
    }
}

impl Sequences {
    /// As short as it may be.
    fn stored(&self) -> Vec<u8> {
        let held: usize = self.0.iter().map(|word| word.count_ones() as usize).sum();
        let bits = (SPACE * held).clamp(BITS_MIN, BITS_MAX).next_multiple_of(8);
        let mut stored = vec![0; 1 + bits / 8];
        stored[0] = VERSION;
        for (index, word) in self.0.iter().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let place = shortened(index * 64 + rest.trailing_zeros() as usize, bits);
                stored[1 + place / 8] |= 1 << (place % 8);
                rest &= rest - 1;
            }
        }
        stored
    }
}

/// Where a sequence has its bit, in the longest filter.
fn place(bytes: &[u8; SEQUENCE_BYTES]) -> usize {
    (u32::from_le_bytes(*bytes).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// Where that is in a filter of so many bits.
fn shortened(place: usize, bits: usize) -> usize {
    place * bits / BITS_MAX
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::{contains, header_contains};
    use super::*;
    use crate::message::casemap::folded;
    use crate::message::{headers, words};

    fn filter(message: &[u8]) -> Vec<u8> {
        TextFilter::make(&Outline::of(message), |range| Ok::<_, Infallible>(range.of(message))).expect("cannot fail")
    }

    fn may_contain(stored: &[u8], needle: &str) -> bool {
        TextFilter::of(stored).expect("a filter").may_contain(&Needle::new(needle))
    }

    #[test]
    fn most_that_is_not_there_is_told() {
        let words = (0..800).map(|word| format!("w{:05} ", word * 7919 % 100_003)).collect::<String>();
        let message = format!("Subject: Gr\u{fc}\u{df}e\r\n\r\n{words}");
        let stored = filter(message.as_bytes());
        assert!(stored.len() < message.len() / 2, "{} for {}", stored.len(), message.len());
        assert!(may_contain(&stored, "GRÜßE") && may_contain(&stored, "w07919 ") && may_contain(&stored, "zzz"));
        let absent = (0..1000).map(|word| format!("absent {word}"));
        let passed = absent.filter(|text| may_contain(&stored, text)).count();
        assert!(passed < 20, "{passed} of 1000");
    }

    /// When this fails, filters that are kept are wrong: [`VERSION`] has to change.
    #[test]
    fn filters_are_what_they_were() {
        const PLACES: [usize; 35] = [
            26, 44, 45, 48, 49, 51, 54, 57, 58, 65, 73, 76, 78, 101, 104, 114, 116, 118, 120, 148, 153, 157, 162, 164,
            166, 176, 183, 200, 228, 232, 233, 238, 242, 243, 252,
        ];
        let stored = filter("Subject: Grüße\r\n\r\nAbc É ﬁ\r\n".as_bytes());
        let places: Vec<usize> =
            (0..(stored.len() - 1) * 8).filter(|at| stored[1 + at / 8] & 1 << (at % 8) != 0).collect();
        assert_eq!((stored[0], stored.len(), places), (3, 33, PLACES.to_vec()));
    }

    #[test]
    fn of_another_version_is_none() {
        let stored = filter(b"\r\nbody");
        assert!(TextFilter::of(&stored).is_some());
        let other = [&[VERSION + 1], &stored[1..]].concat();
        assert!([other.as_slice(), &[], &[VERSION]].into_iter().all(|stored| TextFilter::of(stored).is_none()));
    }

    proptest! {
        #[test]
        fn what_is_found_is_never_missed(
            charset in prop_oneof!["us-ascii", "utf-8", "iso-8859-1", "iso-2022-jp", "utf-16", "nonsense"],
            encoding in prop_oneof!["7bit", "8bit", "quoted-printable", "base64"],
            subject in "(=\\?utf-8\\?q\\?[a-c=3CF]{0,8}\\?= ?|[abÄß ]){0,3}",
            body in proptest::collection::vec(prop_oneof![b'a'..=b'd', b'A'..=b'D', any::<u8>()], 0..300),
            filler in prop_oneof![Just(0usize), 65_520..65_540usize],
            at in 0..300usize,
            length in 0..9usize,
            other in "[a-dA-D=]{0,4}",
        ) {
            let fields = format!("Subject: {subject}\r\nContent-Type: text/plain; charset={charset}\r\n\
                Content-Transfer-Encoding: {encoding}\r\n\r\n{}", "x".repeat(filler));
            let message = [fields.as_bytes(), &body].concat();
            let stored = filter(&message);
            let outline = Outline::of(&message);
            let piece = body.iter().skip(at % body.len().max(1)).take(length);
            let read_as = [String::from_utf8_lossy(&piece.clone().copied().collect::<Vec<u8>>()).into_owned(),
                piece.map(|byte| char::from(*byte)).collect(), subject, other];
            for text in read_as {
                for scope in [Scope::Text, Scope::Body] {
                    let found = contains(&outline, scope, &Needle::new(&text), |range| Ok::<_, Infallible>(range.of(&message)));
                    prop_assert!(!found.expect("cannot fail") || may_contain(&stored, &text), "{text:?}");
                }
            }
        }

        #[test]
        fn what_is_in_a_field_is_never_missed(
            parts in proptest::collection::vec(
                prop_oneof![
                    "=\\?(utf-8|iso-8859-1|us-ascii|utf-16)\\?q\\?[a-c=3CFEé]{0,8}\\?=",
                    "=\\?(utf-8|shift_jis)\\?b\\?[A-Za-z0-9+/]{0,12}={0,2}\\?=",
                    "[a-cA-C:é \u{301}\u{345}ß]{0,6}",
                ],
                0..6,
            ),
            between in prop_oneof![Just(""), Just(" "), Just("\r\n "), Just("\n\t"), Just("\r\n \r\n ")],
            raw in proptest::collection::vec(any::<u8>(), 0..12),
            at: prop::sample::Index,
            length in 1..9usize,
        ) {
            let fields = [b"X-Other: b\r\nX-Field:", parts.join(between).as_bytes(), &raw, b"\r\n\r\nbody"].concat();
            let (outline, stored) = (Outline::of(&fields), filter(&fields));
            let block = outline.root.header.of(&fields);
            for field in headers::fields(block) {
                let value = words::decode(&field.value());
                let from = at.index(value.chars().count().max(1));
                let piece: String = value.chars().skip(from).take(length).collect();
                let folded = folded(&piece);
                for text in [value, piece, folded] {
                    let needle = Needle::new(&text);
                    let name = String::from_utf8_lossy(field.name);
                    prop_assert!(!header_contains(block, &name, &needle) || may_contain(&stored, &text), "{text:?}");
                }
            }
        }

        #[test]
        fn any_bytes_are_a_filter_or_none(stored: Vec<u8>, needle: String) {
            if let Some(filter) = TextFilter::of(&stored) {
                filter.may_contain(&Needle::new(&needle));
            }
        }
    }
}
