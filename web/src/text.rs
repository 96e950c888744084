//! What pages say ([`say`]), and numbers, sizes and times as a person reads them.

use std::fmt;

use askama::filters::HtmlSafe;

pub(crate) use crate::texts::{Said, code, count, language, say, say_or, service_about, state, strong};

/// Something that can be counted: numbers, and what templates make of them, references.
pub(crate) trait Count {
    /// The number; what is below zero is none.
    fn value(&self) -> u64;
}

macro_rules! count {
    ($($number:ty),*) => {
        $(impl Count for $number {
            fn value(&self) -> u64 {
                u64::try_from(*self).unwrap_or_default()
            }
        })*
    };
}

count!(u8, u16, u32, u64, usize, i32, i64);

impl<C: Count> Count for &C {
    fn value(&self) -> u64 {
        (**self).value()
    }
}

/// `1234567` → `1,234,567`.
pub(crate) fn number(number: impl Count) -> String {
    let digits = number.value().to_string();
    if digits.len() <= 3 {
        return digits;
    }
    let group = String::from(say("digit-group"));
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push_str(&group);
        }
        grouped.push(digit);
    }
    grouped
}

/// With one digit behind the point.
fn decimal(number: f64) -> String {
    format!("{number:.1}").replace('.', &String::from(say("decimal-point")))
}

/// Bytes as `820 B`, `12.4 KB`, `3.1 GB`.
pub(crate) fn bytes(bytes: impl Count) -> String {
    let bytes = bytes.value();
    let units = ["KB", "MB", "GB", "TB", "PB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for next in units {
        // What would be shown as 1000 is one of the next unit.
        if size < 999.5 {
            break;
        }
        (size, unit) = (size / 1000.0, next);
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ if size < 99.95 => format!("{} {unit}", decimal(size)),
        _ => format!("{size:.0} {unit}"),
    }
}

/// Seconds as `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn duration(seconds: impl Count) -> String {
    let seconds = seconds.value();
    let pair = |big: Said, rest: u64, small: Said| match rest {
        0 => big.into(),
        _ => format!("{big} {}", small.with("n", rest)),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => say("span-s").with("n", seconds).into(),
        60..3600 => say("span-min").with("n", minutes).into(),
        3600..86_400 => pair(say("span-h").with("n", hours), minutes % 60, say("span-min")),
        _ => pair(say("span-d").with("n", days), hours % 24, say("span-h")),
    }
}

/// Milliseconds as `85 ms`, `1.4 s`, then as [`duration`].
pub(crate) fn milliseconds(milliseconds: impl Count) -> String {
    let milliseconds = milliseconds.value();
    match milliseconds {
        0..1000 => say("span-ms").with("n", milliseconds).into(),
        1000..60_000 => say("span-s").with("n", decimal(milliseconds as f64 / 1000.0)).into(),
        _ => duration(milliseconds / 1000),
    }
}

/// A browser by what it says of itself (RFC 9110 §10.1.5): `Firefox on Linux`; a program of which nothing is known, by its
/// first word.
pub(crate) fn browser(agent: &str) -> String {
    // Each names those that came before it, too: the first that is found is the one.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => {
            say("browser-on-system").with("browser", browser).with("system", system).into()
        }
        (Some(browser), None) => browser.into(),
        (None, _) => agent.split([' ', '/']).next().unwrap_or_default().into(),
    }
}

/// A moment, given as RFC 3339 in UTC, for the script to put into the viewer's zone.
pub(crate) fn time(at: &str) -> Moment<'_> {
    let harmless = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z');
    Moment { at: if at.chars().all(harmless) { at } else { "" }, age: false }
}

/// As [`time`], shown as how long ago it was, or how soon it will be.
pub(crate) fn age(at: &str) -> Moment<'_> {
    Moment { age: true, ..time(at) }
}

/// A moment in a page.
pub(crate) struct Moment<'a> {
    at: &'a str,
    age: bool,
}

impl HtmlSafe for Moment<'_> {}

impl fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moment { at, age } = self;
        match (at.get(..10), at.get(11..16)) {
            (Some(day), Some(minute)) => {
                let mark = if *age { " data-age" } else { "" };
                write!(f, "<time datetime=\"{at}\"{mark}>{day} {minute} UTC</time>")
            }
            _ => f.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes() {
        for (given, expected) in [(0_u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(given), expected);
        }
        for (given, expected) in [
            (0_u64, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KB"),
            (99_960, "100 KB"),
            (999_600, "1.0 MB"),
            (3_140_000_000, "3.1 GB"),
        ] {
            assert_eq!(bytes(given), expected);
        }
    }

    #[test]
    fn spans_of_time() {
        for (given, expected) in
            [(59, "59 s"), (60, "1 min"), (3600, "1 h"), (7500, "2 h 5 min"), (86_400, "1 d"), (273_600, "3 d 4 h")]
        {
            assert_eq!(duration(given), expected);
        }
        assert_eq!([milliseconds(85), milliseconds(1400), milliseconds(61_000)], ["85 ms", "1.4 s", "1 min"]);
    }

    #[test]
    fn browsers_by_name() {
        for (agent, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
            ("curl/8.5.0", "curl"),
            ("", ""),
        ] {
            assert_eq!(browser(agent), expected);
        }
    }

    #[test]
    fn moments_are_marked_for_the_script() {
        let at = "2026-11-22T01:02:03.000Z";
        assert_eq!(time(at).to_string(), format!("<time datetime=\"{at}\">2026-11-22 01:02 UTC</time>"));
        assert!(age(at).to_string().contains(" data-age>"));
        for nonsense in ["", "2026", "<script>alert(1)</script>", "ünïcödé-ünïcödé"] {
            assert_eq!(time(nonsense).to_string(), "–");
        }
    }
}
