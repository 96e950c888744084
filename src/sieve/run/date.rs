//! Dates in parts (RFC 5260 §4).

use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};

use crate::message::parse_date;

/// Days from 1858-11-17, where the Modified Julian Day begins, to 1970-01-01.
const JULIAN_OF_EPOCH: i64 = 40_587;

/// The moment that a field's value names, with the zone it is written in. Of a field with other things before the date,
/// such as `Received`, what follows the last semicolon counts.
pub(super) fn of_field(value: &str) -> Option<(i64, TimeZone)> {
    let date = value.rsplit_once(';').map_or(value, |(_, date)| date);
    let seconds = parse_date(date.as_bytes())?;
    let minutes = date.split_ascii_whitespace().rev().find_map(zone_minutes).unwrap_or(0);
    Some((seconds, fixed(minutes)))
}

/// The zone of so many minutes east.
pub(super) fn fixed(minutes: i32) -> TimeZone {
    Offset::from_seconds(minutes * 60).map_or(TimeZone::UTC, TimeZone::fixed)
}

/// The minutes of a zone written as `+hhmm`.
pub fn zone_minutes(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// A part of a date; `None` when there is no such part.
pub(super) fn part(seconds: i64, zone: TimeZone, part: &str) -> Option<String> {
    let date: Zoned = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(zone);
    let form = match part.to_ascii_lowercase().as_str() {
        "year" => "%Y",
        "month" => "%m",
        "day" => "%d",
        "date" => "%Y-%m-%d",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        "time" => "%H:%M:%S",
        "iso8601" => "%Y-%m-%dT%H:%M:%S%:z",
        "std11" => "%a, %d %b %Y %H:%M:%S %z",
        "zone" => "%z",
        "weekday" => "%w",
        "julian" => {
            let local = seconds + i64::from(date.offset().seconds());
            return Some((local.div_euclid(86_400) + JULIAN_OF_EPOCH).to_string());
        }
        _ => return None,
    };
    Some(date.strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let check = |name: &str, expected: Option<&str>| {
            let (seconds, zone) = of_field("by x; Tue, 1 Jul 2003 10:52:37 +0200").expect("a date");
            assert_eq!(part(seconds, zone, name).as_deref(), expected, "{name}");
        };
        check("year", Some("2003"));
        check("MONTH", Some("07"));
        check("day", Some("01"));
        check("date", Some("2003-07-01"));
        check("hour", Some("10"));
        check("minute", Some("52"));
        check("second", Some("37"));
        check("time", Some("10:52:37"));
        check("iso8601", Some("2003-07-01T10:52:37+02:00"));
        check("std11", Some("Tue, 01 Jul 2003 10:52:37 +0200"));
        check("zone", Some("+0200"));
        check("weekday", Some("2"));
        check("julian", Some("52821"));
        check("era", None);
    }

    #[test]
    fn zones() {
        let check = |text: &str, expected| assert_eq!(zone_minutes(text), expected, "{text}");
        check("+0200", Some(120));
        check("-0930", Some(-570));
        check("0200", None);
        check("+2500", None);
        check("+02:00", None);
        check("", None);
        check("ü", None);
    }
}
