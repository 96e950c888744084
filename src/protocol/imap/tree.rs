//! Mailbox names as a tree: levels, children, patterns with `*` and `%` (RFC 3501 §6.3.8).

use std::collections::BTreeMap;

/// A pattern of LIST or LSUB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<u8>);

/// A name in the tree: a mailbox's, or one above a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level<'a> {
    /// The full name.
    pub name: &'a str,
    /// Are there names below?
    pub has_children: bool,
}

impl Pattern {
    /// `*` matches anything, `%` anything within one level. `INBOX` matches in any case.
    pub fn new(text: &str) -> Pattern {
        let mut bytes = text.as_bytes().to_vec();
        let first = bytes.iter().position(|byte| *byte == b'/').unwrap_or(bytes.len());
        if bytes[..first].eq_ignore_ascii_case(b"INBOX") {
            bytes[..first].make_ascii_uppercase();
        }
        // Runs of wildcards mean no more than the widest of them.
        bytes.dedup_by(|next, last| *next == *last && matches!(*next, b'*' | b'%'));
        Pattern(bytes)
    }

    /// Does it match this name?
    pub fn matches(&self, name: &str) -> bool {
        // `reached[i]`: the first i bytes of the name are matched by the pattern so far.
        let name = name.as_bytes();
        let mut reached = vec![false; name.len() + 1];
        reached[0] = true;
        for byte in &self.0 {
            match byte {
                b'*' | b'%' => {
                    for at in 1..=name.len() {
                        let passes = *byte == b'*' || name[at - 1] != b'/';
                        reached[at] |= reached[at - 1] && passes;
                    }
                }
                byte => {
                    for at in (1..=name.len()).rev() {
                        reached[at] = reached[at - 1] && name[at - 1] == *byte;
                    }
                    reached[0] = false;
                }
            }
        }
        reached[name.len()]
    }

    /// Does it end with `%`, so that names below what it matches are not told?
    pub fn stops_at_levels(&self) -> bool {
        self.0.last() == Some(&b'%')
    }
}

/// All names and the levels above them, sorted, `INBOX` first.
pub fn levels_of<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Level<'a>> {
    let mut levels: BTreeMap<(bool, &'a str), bool> = BTreeMap::new();
    let key = |name: &'a str| (name != "INBOX", name);
    for name in names {
        levels.entry(key(name)).or_default();
        for above in levels_above(name) {
            levels.insert(key(above), true);
        }
    }
    levels.into_iter().map(|((_, name), has_children)| Level { name, has_children }).collect()
}

/// The names above this one, the outermost first.
pub fn levels_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').filter(|(at, _)| *at > 0).map(|(at, _)| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%", "a", true),
            ("%/%", "a/b", true),
            ("a*", "a/b/c", true),
            ("a%", "ab", true),
            ("a%c", "abc", true),
            ("a%c", "a/c", false),
            ("*c", "a/b/c", true),
            ("%%%%*%%", "a/b", true),
            ("inbox", "INBOX", true),
            ("InBox/%", "INBOX/x", true),
            ("inbo%", "INBOX", false),
            ("a", "A", false),
            ("", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_wildcards_costs_no_more_than_its_length_times_the_name() {
        let pattern = Pattern::new(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(499)));
    }

    #[test]
    fn levels_above_names_are_there() {
        let levels = levels_of(["b/c/d", "a", "INBOX", "b/e"].into_iter());
        let told: Vec<_> = levels.iter().map(|level| (level.name, level.has_children)).collect();
        assert_eq!(
            told,
            [("INBOX", false), ("a", false), ("b", true), ("b/c", true), ("b/c/d", false), ("b/e", false)]
        );
    }
}
