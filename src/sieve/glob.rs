//! `:matches` (RFC 5228 §2.7.1): `*` is any text, the shortest that will do (RFC 5229 §3.2), `?` one character, `\` quotes.

use std::ops::Range;

enum Token {
    One(char),
    Any,
    Many,
}

/// What each wildcard of `pattern` stands for, when the whole `value` matches. The work is counted in `steps`; it is no
/// more than the product of both lengths.
pub(super) fn find(
    value: &str,
    pattern: &str,
    same: impl Fn(char, char) -> bool,
    steps: &mut u64,
) -> Option<Vec<Range<usize>>> {
    let tokens = tokens(pattern);
    let char_at = |at: usize| value[at..].chars().next();
    let (mut token, mut at) = (0, 0);
    let mut wild: Vec<Range<usize>> = Vec::new();
    // The last `*`: its token, and how many wildcards there were with it. Only this one may still take more.
    let mut last: Option<(usize, usize)> = None;
    loop {
        *steps += 1;
        match (tokens.get(token), char_at(at)) {
            (None, None) => return Some(wild),
            (Some(Token::Many), _) if token + 1 == tokens.len() => {
                wild.push(at..value.len());
                return Some(wild);
            }
            (Some(Token::Many), _) => {
                wild.push(at..at);
                last = Some((token, wild.len()));
                token += 1;
                continue;
            }
            (Some(Token::Any), Some(char)) => {
                wild.push(at..at + char.len_utf8());
                (token, at) = (token + 1, at + char.len_utf8());
                continue;
            }
            (Some(Token::One(wanted)), Some(char)) if same(char, *wanted) => {
                (token, at) = (token + 1, at + char.len_utf8());
                continue;
            }
            _ => {}
        }
        let (star, count) = last?;
        wild.truncate(count);
        let taken = wild.last_mut()?;
        taken.end += char_at(taken.end)?.len_utf8();
        (token, at) = (star + 1, taken.end);
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '*' => Token::Many,
            '?' => Token::Any,
            '\\' => Token::One(chars.next().unwrap_or('\\')),
            char => Token::One(char),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'v>(value: &'v str, pattern: &str) -> Option<Vec<&'v str>> {
        let wild = find(value, pattern, |one, other| one == other, &mut 0)?;
        Some(wild.into_iter().map(|range| &value[range]).collect())
    }

    #[test]
    fn patterns() {
        let check = |value, pattern, expected: Option<&[&str]>| {
            assert_eq!(found(value, pattern).as_deref(), expected, "{value:?} {pattern:?}");
        };
        check("", "", Some(&[]));
        check("", "*", Some(&[""]));
        check("", "?", None);
        check("abc", "abc", Some(&[]));
        check("abc", "ab", None);
        check("abc", "*", Some(&["abc"]));
        check("abc", "?b?", Some(&["a", "c"]));
        check("aüc", "a?c", Some(&["ü"]));
        check("üüc", "*?c", Some(&["ü", "ü"]));
        check("[acme-users] [fwd] hello", "[*] *", Some(&["acme-users", "[fwd] hello"]));
        check("a.b.c", "*.*", Some(&["a", "b.c"]));
        check("aaab", "*ab", Some(&["aa"]));
        check("aaab", "*a*b", Some(&["", "aa"]));
        check("abab", "*b", Some(&["aba"]));
        check("a*b", "a\\*b", Some(&[]));
        check("axb", "a\\*b", None);
        check("a\\b", "a\\\\b", Some(&[]));
        check("abc", "**c", Some(&["", "ab"]));
    }

    proptest! {
        #[test]
        fn what_is_found_makes_up_the_value(value in "[abü]{0,12}", pattern in "[abü*?]{0,8}") {
            let mut steps = 0;
            if let Some(wild) = find(&value, &pattern, |one, other| one == other, &mut steps) {
                let mut parts = wild.iter().map(|range| &value[range.clone()]);
                let whole: String = pattern.chars().map(|char| match char {
                    '*' | '?' => parts.next().expect("one for each wildcard").to_owned(),
                    char => char.to_string(),
                }).collect();
                prop_assert_eq!(whole, value.clone());
            }
            prop_assert!(steps <= ((value.len() + 2) * (pattern.len() + 2)) as u64);
        }

        #[test]
        fn a_value_matches_itself_behind_a_star(value in "[abc]{0,12}", start in 0usize..12) {
            let start = start.min(value.len());
            let pattern = format!("*{}", &value[start..]);
            let is_found = found(&value, &pattern).is_some();
            prop_assert!(is_found);
        }
    }
}
