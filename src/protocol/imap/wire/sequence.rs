//! Sequence sets: `1:4,7,10:*` (RFC 3501 §9).

use std::fmt::Write as _;

use mailstead_storage::{UidRange, UidSet};

use super::{Parsed, Parser, Syntax};

/// Most ranges in one set.
const RANGES_MAX: usize = 20_000;

/// Stands for `*`, which no number can be: they begin at 1.
const STAR: u32 = 0;

/// A set of sequence numbers or UIDs as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SequenceSet(Vec<(u32, u32)>);

impl SequenceSet {
    /// Reads `sequence-set`.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
        let mut ranges = Vec::new();
        loop {
            let first = number(parser)?;
            let last = if parser.eat(b':') { number(parser)? } else { first };
            ranges.push((first, last));
            if ranges.len() > RANGES_MAX {
                return Err(Syntax("Too many ranges in a sequence set"));
            }
            if !parser.eat(b',') {
                return Ok(SequenceSet(ranges));
            }
        }
    }

    /// The numbers meant when `largest` is the largest in use: sorted, without overlaps. With no
    /// number in use (0), `*` stands for none.
    pub fn resolve(&self, largest: u32) -> UidSet {
        self.0
            .iter()
            .filter(|(first, last)| largest > 0 || (*first != STAR && *last != STAR))
            .map(|(first, last)| {
                let (first, last) = (star(*first, largest), star(*last, largest));
                UidRange { first: first.min(last), last: first.max(last) }
            })
            .collect()
    }

    /// Does it hold numbers only, no `*`?
    pub fn is_explicit(&self) -> bool {
        self.0.iter().all(|(first, last)| *first != STAR && *last != STAR)
    }

    /// The largest number that is named without a `*` beside it, 0 when there is none.
    pub fn largest_named(&self) -> u32 {
        self.0.iter().filter(|(a, b)| *a != STAR && *b != STAR).map(|(a, b)| *a.max(b)).max().unwrap_or(0)
    }

    #[cfg(test)]
    pub fn of(ranges: Vec<(u32, u32)>) -> SequenceSet {
        SequenceSet(ranges)
    }
}

impl std::fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = |number: u32| if number == STAR { "*".to_string() } else { number.to_string() };
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match first == last {
                true => write!(f, "{comma}{}", end(*first))?,
                false => write!(f, "{comma}{}:{}", end(*first), end(*last))?,
            }
        }
        Ok(())
    }
}

fn number(parser: &mut Parser<'_>) -> Parsed<u32> {
    if parser.eat(b'*') {
        return Ok(STAR);
    }
    match parser.number()? {
        0 => Err(Syntax("Message numbers begin at 1")),
        number => Ok(number),
    }
}

fn star(number: u32, largest: u32) -> u32 {
    if number == STAR { largest } else { number }
}

/// Writes a set as `1:4,7`.
pub fn print_uids(set: &UidSet, out: &mut Vec<u8>) {
    let mut text = String::new();
    for range in &set.0 {
        if !text.is_empty() {
            text.push(',');
        }
        let _ = match range.first == range.last {
            true => write!(text, "{}", range.first),
            false => write!(text, "{}:{}", range.first, range.last),
        };
    }
    out.extend_from_slice(text.as_bytes());
}
