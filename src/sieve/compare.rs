//! How two texts are compared: comparators (RFC 4790, RFC 5051) and match types (RFC 5228 §2.7, RFC 5231).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::glob;
use crate::message::casemap::folded;

/// A comparator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Comparator {
    /// `i;octet`
    Octet,
    /// `i;ascii-casemap`
    #[default]
    AsciiCasemap,
    /// `i;ascii-numeric`
    AsciiNumeric,
    /// `i;unicode-casemap`; wildcards compare character by character.
    UnicodeCasemap,
}

/// A relation of RFC 5231 §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// `gt`
    Above,
    /// `ge`
    AtLeast,
    /// `lt`
    Below,
    /// `le`
    AtMost,
    /// `eq`
    Equal,
    /// `ne`
    Unequal,
}

/// A match type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum MatchType {
    /// `:is`
    #[default]
    Is,
    /// `:contains`
    Contains,
    /// `:matches`
    Matches,
    /// `:value`
    Value(Relation),
    /// `:count`
    Count(Relation),
}

/// Comparator and match type together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Matching {
    /// How texts are compared.
    pub comparator: Comparator,
    /// What is to be found.
    pub kind: MatchType,
}

impl Comparator {
    /// By its name.
    pub(super) fn named(name: &str) -> Option<Comparator> {
        match name {
            "i;octet" => Some(Comparator::Octet),
            "i;ascii-casemap" => Some(Comparator::AsciiCasemap),
            "i;ascii-numeric" => Some(Comparator::AsciiNumeric),
            "i;unicode-casemap" => Some(Comparator::UnicodeCasemap),
            _ => None,
        }
    }

    /// Does it know parts of texts, or whole texts only?
    pub(super) fn knows_substrings(self) -> bool {
        self != Comparator::AsciiNumeric
    }

    fn order(self, one: &str, other: &str) -> Ordering {
        match self {
            Comparator::Octet => one.cmp(other),
            Comparator::AsciiCasemap => {
                let upper = |text: &'_ str| text.bytes().map(|byte| byte.to_ascii_uppercase()).collect::<Vec<_>>();
                upper(one).cmp(&upper(other))
            }
            Comparator::AsciiNumeric => numeric(one, other),
            Comparator::UnicodeCasemap => folded(one).cmp(&folded(other)),
        }
    }

    fn is(self, one: &str, other: &str) -> bool {
        match self {
            Comparator::Octet => one == other,
            Comparator::AsciiCasemap => one.eq_ignore_ascii_case(other),
            _ => self.order(one, other) == Ordering::Equal,
        }
    }

    fn contains(self, value: &str, key: &str) -> bool {
        match self {
            Comparator::Octet => value.contains(key),
            Comparator::AsciiCasemap => contains_in_any_case(value.as_bytes(), key.as_bytes()),
            _ => folded(value).contains(&folded(key)),
        }
    }

    fn glob(self, value: &str, pattern: &str, steps: &mut u64) -> Option<Vec<Range<usize>>> {
        match self {
            Comparator::Octet => glob::find(value, pattern, |one, other| one == other, steps),
            Comparator::AsciiCasemap => {
                glob::find(value, pattern, |one, other| one.eq_ignore_ascii_case(&other), steps)
            }
            _ => glob::find(value, pattern, is_same_letter, steps),
        }
    }
}

impl Relation {
    /// By its name.
    pub(super) fn named(name: &str) -> Option<Relation> {
        Some(match name {
            "gt" => Relation::Above,
            "ge" => Relation::AtLeast,
            "lt" => Relation::Below,
            "le" => Relation::AtMost,
            "eq" => Relation::Equal,
            "ne" => Relation::Unequal,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Above => order.is_gt(),
            Relation::AtLeast => order.is_ge(),
            Relation::Below => order.is_lt(),
            Relation::AtMost => order.is_le(),
            Relation::Equal => order.is_eq(),
            Relation::Unequal => order.is_ne(),
        }
    }
}

impl Matching {
    /// Does a value match one of the keys? If so, what the wildcards stand for, the whole value first; nothing of that
    /// with other match types than `:matches`. Counts what it does in `steps`.
    pub(super) fn find<'v>(
        self,
        values: impl Iterator<Item = &'v str>,
        keys: &[Cow<'_, str>],
        steps: &mut u64,
    ) -> Option<Vec<String>> {
        if let MatchType::Count(relation) = self.kind {
            let count = values.count().to_string();
            return keys.iter().any(|key| relation.holds(self.comparator.order(&count, key))).then(Vec::new);
        }
        for value in values {
            for key in keys {
                *steps += 1 + value.len() as u64;
                if let Some(found) = self.one(value, key, steps) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn one(self, value: &str, key: &str, steps: &mut u64) -> Option<Vec<String>> {
        let holds = match self.kind {
            MatchType::Is => self.comparator.is(value, key),
            MatchType::Contains => self.comparator.contains(value, key),
            MatchType::Value(relation) => relation.holds(self.comparator.order(value, key)),
            MatchType::Count(_) => false,
            MatchType::Matches => {
                let wild = self.comparator.glob(value, key, steps)?;
                let parts = wild.into_iter().map(|range| value[range].to_owned());
                return Some(std::iter::once(value.to_owned()).chain(parts).collect());
            }
        };
        holds.then(Vec::new)
    }
}

/// By `i;unicode-casemap`.
fn is_same_letter(one: char, other: char) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(&other);
    }
    let folded = |char: char| folded(char.encode_utf8(&mut [0; 4]));
    one == other || folded(one) == folded(other)
}

/// RFC 4790 §9.1: what does not begin with a digit is above all numbers.
fn numeric(one: &str, other: &str) -> Ordering {
    let digits = |text: &str| {
        let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        let number = text[..end].trim_start_matches('0').to_owned();
        (end == 0, number.len(), number)
    };
    digits(one).cmp(&digits(other))
}

fn contains_in_any_case(value: &[u8], key: &[u8]) -> bool {
    let Some(first) = key.first() else { return true };
    let Some(last) = value.len().checked_sub(key.len()) else { return false };
    let starts = memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), &value[..=last]);
    starts.into_iter().any(|start| value[start..start + key.len()].eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(comparator: &str, kind: MatchType, value: &str, key: &str, expected: bool) {
        let matching = Matching { comparator: Comparator::named(comparator).expect(comparator), kind };
        let found = matching.find([value].into_iter(), &[Cow::Borrowed(key)], &mut 0).is_some();
        assert_eq!(found, expected, "{comparator} {kind:?} {value:?} {key:?}");
    }

    #[test]
    fn comparators() {
        use MatchType::{Contains, Is, Matches, Value};
        check("i;octet", Is, "a", "A", false);
        check("i;octet", Contains, "xay", "a", true);
        check("i;octet", Matches, "xay", "*A*", false);
        check("i;ascii-casemap", Is, "a", "A", true);
        check("i;ascii-casemap", Is, "ä", "Ä", false);
        check("i;ascii-casemap", Contains, "Hello World", "O wOR", true);
        check("i;ascii-casemap", Contains, "Hello", "lox", false);
        check("i;ascii-casemap", Contains, "", "", true);
        check("i;ascii-casemap", Contains, "a", "ab", false);
        check("i;unicode-casemap", Is, "GRÜSSE", "grüsse", true);
        check("i;unicode-casemap", Contains, "viele GRÜSSE", "grü", true);
        check("i;unicode-casemap", Matches, "viele GRÜSSE", "*grü*", true);
        check("i;ascii-numeric", Is, "0010 apples", "10", true);
        check("i;ascii-numeric", Is, "x", "y", true);
        check("i;ascii-numeric", Value(Relation::Above), "x", "99999999999999999999999", true);
        check("i;ascii-numeric", Value(Relation::Below), "9", "10", true);
        check("i;octet", Value(Relation::Below), "9", "10", false);
        check("i;ascii-casemap", Value(Relation::Equal), "abc", "ABC", true);
        check("i;ascii-casemap", Value(Relation::Unequal), "abc", "ABD", true);
        check("i;ascii-casemap", Value(Relation::AtMost), "abc", "ABD", true);
        check("i;ascii-casemap", Value(Relation::AtLeast), "abc", "ABD", false);
    }

    #[test]
    fn counting() {
        let count = |relation, key: &str| {
            let matching = Matching { comparator: Comparator::AsciiNumeric, kind: MatchType::Count(relation) };
            matching.find(["a", "b"].into_iter(), &[Cow::Borrowed(key)], &mut 0).is_some()
        };
        assert!(count(Relation::Equal, "2") && count(Relation::Above, "1") && !count(Relation::Below, "2"));
    }
}
