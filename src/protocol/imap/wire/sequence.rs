//! Sequence sets: `1:4,7,10:*` (RFC 3501 §9), `$` (RFC 5182), and ranges of results: `-1:-100` (RFC 9394).

use std::fmt::Write as _;

use mailstead_storage::{UidRange, UidSet};

use super::{Parsed, Parser, Syntax};

/// Most ranges in one set.
const RANGES_MAX: usize = 20_000;

/// Stands for `*`, which no number can be: they begin at 1.
const STAR: u32 = 0;

/// A set of sequence numbers or UIDs as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceSet {
    /// Numbers, from and to.
    Numbers(Vec<(u32, u32)>),
    /// `$`: what the last search has saved.
    Saved,
}

impl SequenceSet {
    /// Reads `sequence-set`.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
        if parser.eat(b'$') {
            return Ok(SequenceSet::Saved);
        }
        let mut ranges = Vec::new();
        loop {
            let first = number(parser)?;
            let last = if parser.eat(b':') { number(parser)? } else { first };
            ranges.push((first, last));
            if ranges.len() > RANGES_MAX {
                return Err(Syntax("Too many ranges in a sequence set"));
            }
            if !parser.eat(b',') {
                return Ok(SequenceSet::Numbers(ranges));
            }
        }
    }

    /// The numbers meant when `largest` is the largest in use: sorted, without overlaps. With no
    /// number in use (0), `*` stands for none. `$` means nothing here: the selected mailbox knows it.
    pub fn resolve(&self, largest: u32) -> UidSet {
        self.numbers()
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
        *self != SequenceSet::Saved && self.numbers().iter().all(|(first, last)| *first != STAR && *last != STAR)
    }

    /// The largest number that is named without a `*` beside it, 0 when there is none.
    pub fn largest_named(&self) -> u32 {
        self.numbers().iter().filter(|(a, b)| *a != STAR && *b != STAR).map(|(a, b)| *a.max(b)).max().unwrap_or(0)
    }

    fn numbers(&self) -> &[(u32, u32)] {
        match self {
            SequenceSet::Numbers(numbers) => numbers,
            SequenceSet::Saved => &[],
        }
    }

    /// The set of these numbers, from and to.
    pub fn of(ranges: Vec<(u32, u32)>) -> SequenceSet {
        SequenceSet::Numbers(ranges)
    }
}

impl std::fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = |number: u32| if number == STAR { "*".to_string() } else { number.to_string() };
        if *self == SequenceSet::Saved {
            return f.write_str("$");
        }
        for (at, (first, last)) in self.numbers().iter().enumerate() {
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

/// Which of the results, by their place from 1: `1:100`, or from the end `-1:-100` (RFC 9394 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    from_end: bool,
    first: u32,
    last: u32,
}

impl Places {
    /// Reads `partial-range`.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<Places> {
        const WRONG: &str = "Invalid range of results";
        let from_end = parser.eat(b'-');
        let first = parser.number()?;
        parser.byte(b':', WRONG)?;
        let same_side = parser.eat(b'-') == from_end;
        let last = parser.number()?;
        match same_side && first > 0 && last > 0 {
            true => Ok(Places { from_end, first: first.min(last), last: first.max(last) }),
            false => Err(Syntax(WRONG)),
        }
    }

    /// The places counted from the first of `count` results; none when there are not so many.
    pub fn of(self, count: u32) -> UidSet {
        let range = match self.from_end {
            false => UidRange { first: self.first, last: self.last.min(count) },
            true => {
                UidRange { first: count.saturating_sub(self.last) + 1, last: (count + 1).saturating_sub(self.first) }
            }
        };
        UidSet::from_iter((range.first <= range.last).then_some(range))
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minus = if self.from_end { "-" } else { "" };
        write!(f, "{minus}{}:{minus}{}", self.first, self.last)
    }
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
