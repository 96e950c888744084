//! The grammar of SPF records (RFC 7208 §12), as strict as the RFC asks: a record with one wrong term is void as a whole.
//! The library that evaluates records passes over much of what is wrong.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The one SPF record among the texts of a name, without the modifiers that mean nothing.
///
/// `None` when there is no record.
///
/// # Errors
/// When there are several, or it breaks the grammar: a permanent error (§4.5, §4.6).
pub(super) fn select(texts: &[Vec<u8>]) -> Option<Result<String, ()>> {
    let mut records = texts.iter().filter(|text| is_record(text));
    let record = records.next()?;
    if records.next().is_some() {
        return Some(Err(()));
    }
    Some(std::str::from_utf8(record).map_err(drop).and_then(|record| terms(record).ok_or(())))
}

/// §4.5: the version is followed by a space or the end.
fn is_record(text: &[u8]) -> bool {
    let version = b"v=spf1";
    let begins = text.get(..version.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(version));
    begins && matches!(text.get(version.len()), None | Some(b' '))
}

/// The record's terms, `None` when one is wrong.
fn terms(record: &str) -> Option<String> {
    let mut kept = String::from("v=spf1");
    let (mut redirects, mut explanations) = (0, 0);
    for term in record.split(' ').skip(1).filter(|term| !term.is_empty()) {
        if !term.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        match modifier(term) {
            Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                redirects += 1;
                is_domain(value).then_some(())?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                explanations += 1;
                is_domain(value).then_some(())?;
            }
            Some((_, value)) => {
                macros(value)?;
                continue;
            }
            None => is_directive(term).then_some(())?,
        }
        kept.push(' ');
        kept.push_str(term);
    }
    (redirects <= 1 && explanations <= 1).then_some(kept)
}

/// `name=value`, if the term is one.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name_char = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && name.bytes().all(is_name_char);
    is_name.then_some((name, value))
}

fn is_directive(term: &str) -> bool {
    let mechanism = term.strip_prefix(['+', '-', '?', '~']).unwrap_or(term);
    let end = mechanism.find([':', '/']).unwrap_or(mechanism.len());
    let (name, rest) = mechanism.split_at(end);
    match name.to_ascii_lowercase().as_str() {
        "all" => rest.is_empty(),
        "include" | "exists" => rest.strip_prefix(':').is_some_and(is_domain),
        "a" | "mx" => is_host(rest),
        "ptr" => rest.is_empty() || rest.strip_prefix(':').is_some_and(is_domain),
        "ip4" => rest.strip_prefix(':').is_some_and(|network| is_network::<Ipv4Addr>(network, 32)),
        "ip6" => rest.strip_prefix(':').is_some_and(|network| is_network::<Ipv6Addr>(network, 128)),
        _ => false,
    }
}

/// `[":" domain-spec] [dual-cidr-length]`
fn is_host(rest: &str) -> bool {
    let (domain, lengths) = split_lengths(rest);
    let is_domain = domain.is_empty() || domain.strip_prefix(':').is_some_and(is_domain);
    is_domain && are_lengths(lengths)
}

/// Cuts prefix lengths off the end. A slash may stand within a domain, too.
fn split_lengths(text: &str) -> (&str, &str) {
    let bytes = text.trim_end_matches(|char: char| char.is_ascii_digit());
    let cut = |text: &str| text.trim_end_matches('/').len();
    if !bytes.ends_with('/') {
        return (text, "");
    }
    let first = &text[..cut(bytes)];
    // `/24//64` has a length before this one.
    let before = first.trim_end_matches(|char: char| char.is_ascii_digit());
    let at = if bytes.ends_with("//") && before.ends_with('/') { cut(before) } else { first.len() };
    text.split_at(at)
}

/// `["/" 0..32] ["//" 0..128]`
fn are_lengths(text: &str) -> bool {
    let (v4, v6) = match text.split_once("//") {
        Some((v4, v6)) => (v4, Some(v6)),
        None => (text, None),
    };
    let v4_right = v4.is_empty() || v4.strip_prefix('/').is_some_and(|length| is_length(length, 32));
    v4_right && v6.is_none_or(|length| is_length(length, 128))
}

fn is_network<A: std::str::FromStr>(text: &str, most: u8) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    address.parse::<A>().is_ok() && length.is_none_or(|length| is_length(length, most))
}

/// A number without a zero ahead of it.
fn is_length(text: &str, most: u8) -> bool {
    let plain = text == "0" || !text.starts_with('0');
    plain && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|length: u8| length <= most)
}

/// `domain-spec`: macros and literals that end with a macro, or with a dot and a label that is no number.
fn is_domain(text: &str) -> bool {
    let Some(ends_with_macro) = macros(text) else { return false };
    if ends_with_macro {
        return true;
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    text.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
}

fn is_top_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = label.as_bytes();
    bytes.iter().copied().all(is_inner)
        && ends_well(bytes.first())
        && ends_well(bytes.last())
        && bytes.iter().any(|byte| !byte.is_ascii_digit())
}

/// Whether the text ends with a macro, `None` when one of its macros is wrong.
fn macros(text: &str) -> Option<bool> {
    let mut rest = text;
    let mut ends_with_macro = false;
    while let Some(at) = rest.find('%') {
        let after = &rest[at + 1..];
        rest = match after.as_bytes().first()? {
            b'%' | b'_' | b'-' => &after[1..],
            b'{' => {
                let (inside, behind) = after[1..].split_once('}')?;
                is_macro(inside).then_some(())?;
                behind
            }
            _ => return None,
        };
        ends_with_macro = rest.is_empty();
    }
    Some(ends_with_macro)
}

/// `macro-letter transformers *delimiter`. The letters c, r and t are for explanations only.
fn is_macro(inside: &str) -> bool {
    let mut chars = inside.chars();
    let letter = chars.next().is_some_and(|letter| "slodiphv".contains(letter.to_ascii_lowercase()));
    let rest = chars.as_str();
    let digits = rest.len() - rest.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    let (number, rest) = rest.split_at(digits);
    let number_right = number.is_empty() || number.bytes().any(|digit| digit != b'0');
    let rest = rest.strip_prefix(['r', 'R']).unwrap_or(rest);
    letter && number_right && rest.chars().all(|char| ".-+,/_=".contains(char))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(texts: &[&str], expected: Option<Result<&str, ()>>) {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        let expected = expected.map(|record| record.map(str::to_owned));
        assert_eq!(select(&texts), expected, "{texts:?}");
    }

    #[test]
    fn records() {
        check(&[], None);
        check(&["v=spf10 -all", "v=spf2.0/pra -all", "x v=spf1"], None);
        check(&["V=SPF1"], Some(Ok("v=spf1")));
        check(&["other", "v=spf1  a  -all "], Some(Ok("v=spf1 a -all")));
        check(&["v=spf1 a", "v=spf1 mx"], Some(Err(())));
        for right in [
            "a mx ptr ?all",
            "a:example.test/24//64 mx//64 a/0",
            "a:%{d}/24 include:%{ir}.%{v}._spf.%{d2} exists:%{l1r-}.x.%{d}",
            "ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1",
            "redirect=_spf.example.test. exp=%{d}",
            "a:b-2.c-d a:x.e2",
            "include:%%._%-x.test",
        ] {
            check(&[&format!("v=spf1 {right}")], Some(Ok(&format!("v=spf1 {right}"))));
        }
        for wrong in [
            "al",
            "all.",
            "-all/8",
            "include",
            "include:",
            "a:",
            "a:x",
            "a:1.2.3.4",
            "a/33",
            "a/-1",
            "a/",
            "mx//129",
            "a/032",
            "ip4:1.2.3",
            "ip4:1.2.3.4/",
            "ip4:1.2.3.4/33",
            "ip6:::/129",
            "ip6:1.2.3.4",
            "a:%{x}",
            "a:%",
            "a:%{d",
            "a:%{d0}",
            "a:%{c}",
            "redirect=",
            "redirect=x.y redirect=x.y",
            "=x",
            "2x=y",
            "a:exa\u{e4}mple.test",
            "a\tmx",
            "a:x.-y",
            "+-all",
        ] {
            check(&[&format!("v=spf1 {wrong}")], Some(Err(())));
        }
        check(&["v=spf1 x-y_z.1=%{d}whatever/: -all"], Some(Ok("v=spf1 -all")));
        check(&["v=spf1 x=%{y} -all"], Some(Err(())));
    }

    proptest! {
        #[test]
        fn anything_comes_to_an_end(text in "(v=spf1 )?([-+~?]?(a|mx|include|exists|ip4|all|redirect)[:=/]?[ -~%{}äx0-9/.]{0,12} ?){0,4}") {
            let _ = select(&[text.into_bytes()]);
        }
    }
}
