//! A-labels → U-labels (RFC 5891 §2.3), by Punycode (RFC 3492 §6). The directory keeps domains with
//! U-labels; mail comes in for either form.

use std::borrow::Cow;

const BASE: u32 = 36;
const DIGIT_MIN: u32 = 1;
const DIGIT_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE_POINT: u32 = 128;
const PREFIX: &str = "xn--";

/// The domain with its A-labels as U-labels. `None` when it has none that can be read.
pub(super) fn to_unicode(domain: &str) -> Option<String> {
    let mut any = false;
    let labels = domain.split('.').map(|label| match label.strip_prefix(PREFIX).and_then(decoded) {
        Some(u_label) => {
            any = true;
            Cow::Owned(u_label)
        }
        None => Cow::Borrowed(label),
    });
    let unicode = labels.collect::<Vec<_>>().join(".");
    any.then_some(unicode)
}

/// What a label says after its prefix. A U-label has a character outside of ASCII (RFC 5890 §2.3.2.1).
fn decoded(label: &str) -> Option<String> {
    let (basic, extended) = label.rsplit_once('-').unwrap_or(("", label));
    let mut text: Vec<char> = basic.chars().collect();
    let (mut code_point, mut bias, mut index) = (FIRST_CODE_POINT, FIRST_BIAS, 0u32);
    let mut digits = extended.bytes().map(digit).peekable();
    while digits.peek().is_some() {
        let delta = delta(&mut digits, bias)?;
        let count = text.len() as u32 + 1;
        bias = adapted(delta, count, index == 0 && code_point == FIRST_CODE_POINT);
        index = index.checked_add(delta)?;
        code_point = code_point.checked_add(index / count)?;
        index %= count;
        text.insert(index as usize, char::from_u32(code_point)?);
        index += 1;
    }
    text.iter().any(|char| !char.is_ascii()).then(|| text.into_iter().collect())
}

/// One number of variable length.
fn delta(digits: &mut impl Iterator<Item = Option<u32>>, bias: u32) -> Option<u32> {
    let (mut delta, mut weight) = (0u32, 1u32);
    for position in (BASE..).step_by(BASE as usize) {
        let digit = digits.next()??;
        delta = delta.checked_add(digit.checked_mul(weight)?)?;
        let threshold = position.saturating_sub(bias).clamp(DIGIT_MIN, DIGIT_MAX);
        if digit < threshold {
            break;
        }
        weight = weight.checked_mul(BASE - threshold)?;
    }
    Some(delta)
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

fn adapted(delta: u32, count: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / count;
    let mut bias = 0;
    while delta > (BASE - DIGIT_MIN) * DIGIT_MAX / 2 {
        delta /= BASE - DIGIT_MIN;
        bias += BASE;
    }
    bias + (BASE - DIGIT_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels() {
        for (domain, expected) in [
            ("example.test", None),
            ("xn--bcher-kva.test", Some("bücher.test")),
            ("mail.xn--mnchen-3ya.xn--fiqs8s", Some("mail.münchen.中国")),
            ("xn--4dbcagdahymbxekheh6e0a7fei0b.test", Some("למההםפשוטלאמדבריםעברית.test")),
            ("xn--ihqwcrb4cv8a8dqg056pqjye.test", Some("他们为什么不说中文.test")),
            (
                "xn--porqunopuedensimplementehablarenespaol-fmd56a.test",
                Some("porquénopuedensimplementehablarenespañol.test"),
            ),
            ("xn--A.test", None),
            ("xn--99999999.test", None),
            ("xn--a-.test", None),
            ("xn--.xn--bcher-kva", Some("xn--.bücher")),
        ] {
            assert_eq!(to_unicode(domain).as_deref(), expected, "{domain}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(label in "[a-z0-9-]{0,59}") {
            let _ = to_unicode(&format!("xn--{label}"));
        }
    }
}
