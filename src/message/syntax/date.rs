//! The date of a `Date` field (RFC 5322 §3.3, §4.3).

/// The moment a field's unfolded value names, in seconds since 1970-01-01 UTC.
///
/// Besides the standard it reads what is often seen: no seconds, no zone (then UTC), two-digit years, obsolete zone names,
/// long month names, hyphens in the date, `am` and `pm`, the order of `asctime`. `None` when day, month, year or time is
/// missing or impossible.
pub fn parse(value: &[u8]) -> Option<i64> {
    let mut date = Found::default();
    let value = super::scan::without_comments(value);
    for word in value.split(|byte| byte.is_ascii_whitespace() || *byte == b',').filter(|word| !word.is_empty()) {
        date.take(word)?;
    }
    date.seconds()
}

#[derive(Default)]
struct Found {
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
    time: Option<i64>,
    zone: Option<i64>,
}

impl Found {
    /// `None` when the word makes the date impossible.
    fn take(&mut self, word: &[u8]) -> Option<()> {
        let first = word[0];
        if word.contains(&b':') {
            return self.take_time(word);
        }
        if matches!(first, b'+' | b'-') && word.len() > 1 && self.time.is_some() {
            self.zone = self.zone.or(offset(word));
        } else if first.is_ascii_digit() && word.contains(&b'-') {
            word.split(|byte| *byte == b'-').filter(|part| !part.is_empty()).try_for_each(|part| self.take(part))?;
        } else if first.is_ascii_digit() {
            self.take_number(word)?;
        } else if first.is_ascii_alphabetic() {
            self.take_name(word)?;
        }
        Some(())
    }

    fn take_number(&mut self, word: &[u8]) -> Option<()> {
        let value = number(word)?;
        if self.day.is_none() && word.len() <= 2 {
            self.day = Some(value);
        } else if self.year.is_none() {
            self.year = Some(match word.len() {
                1 | 2 if value < 50 => 2000 + value,
                1..=3 => 1900 + value,
                _ => value,
            });
        }
        Some(())
    }

    fn take_time(&mut self, word: &[u8]) -> Option<()> {
        if self.time.is_some() {
            return Some(());
        }
        // `10:52:37+0200`, `10:52pm`: the rest of the word is a word of its own.
        let end = word.iter().position(|byte| !byte.is_ascii_digit() && *byte != b':').unwrap_or(word.len());
        let mut parts = word[..end].split(|byte| *byte == b':').map(number);
        let hour = parts.next()??;
        let minute = parts.next()??;
        let second = parts.next().unwrap_or(Some(0))?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        self.time = Some(hour * 3600 + minute * 60 + second);
        match &word[end..] {
            [] => Some(()),
            rest if rest.contains(&b':') => Some(()),
            rest => self.take(rest),
        }
    }

    fn take_name(&mut self, word: &[u8]) -> Option<()> {
        const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let lower = word.to_ascii_lowercase();
        let half_day = 12 * 3600;
        match (lower.as_slice(), self.time) {
            (b"am", Some(time)) if time >= half_day => self.time = Some(time - half_day),
            (b"pm", Some(time)) if time < half_day => self.time = Some(time + half_day),
            (_, Some(_)) if self.zone.is_none() => self.zone = named_zone(&lower),
            _ => {}
        }
        if self.month.is_none() && lower.len() >= 3 {
            let index = MONTHS.chunks(3).position(|name| lower.starts_with(name));
            self.month = index.map(|index| index as i64 + 1);
        }
        Some(())
    }

    fn seconds(&self) -> Option<i64> {
        let (day, month, year) = (self.day?, self.month?, self.year?);
        if day < 1 || day > days_in(month, year) || !(1900..=9999).contains(&year) {
            return None;
        }
        Some(days_before(day, month, year) * 86_400 + self.time? - self.zone.unwrap_or(0))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// `+hhmm` in seconds.
fn offset(word: &[u8]) -> Option<i64> {
    let digits = word.get(1..5)?;
    let value = number(digits)?;
    let seconds = (value / 100) * 3600 + (value % 100) * 60;
    Some(if word[0] == b'-' { -seconds } else { seconds })
}

/// The obsolete names (RFC 5322 §4.3) and a few that are seen in mail; military letters mean nothing.
fn named_zone(name: &[u8]) -> Option<i64> {
    let hours = match name {
        b"ut" | b"gmt" | b"utc" | b"z" => 0,
        b"edt" => -4,
        b"est" | b"cdt" => -5,
        b"cst" | b"mdt" => -6,
        b"mst" | b"pdt" => -7,
        b"pst" => -8,
        b"cet" | b"met" | b"bst" => 1,
        b"cest" | b"mest" | b"eet" => 2,
        b"eest" | b"msk" => 3,
        b"jst" => 9,
        _ => return None,
    };
    Some(hours * 3600)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the given day. Counted in years that begin with March, so that the leap day is the last.
fn days_before(day: i64, month: i64, year: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let check = |value: &str, expected: Option<i64>| assert_eq!(parse(value.as_bytes()), expected, "{value}");
        let moment = Some(1_057_049_557);
        check("Tue, 1 Jul 2003 10:52:37 +0200", moment);
        check("Tue, 01 Jul 2003 10:52:37 +0200 (CEST)", moment);
        check("1 Jul 2003 10:52:37 +0200", moment);
        check("Tue,1 Jul 2003 10:52:37+0200", moment);
        check("tue, 1 july 2003 08:52:37 gmt", moment);
        check("Tue, 1 Jul 03 08:52:37 UT", moment);
        check("Tue, 1 Jul 103 08:52:37 Z", moment);
        check("1-Jul-2003 08:52:37", moment);
        check("Tue Jul  1 08:52:37 2003", moment);
        check("Tue Jul  1 10:52:37 CEST 2003", moment);
        check("Tue, 1 Jul 2003 (a day) 08:52:37 +0000", moment);
        check("Tue, 1 Jul 2003 03:52:37 EST", moment);
        check("Tue, 1 Jul 2003 01:52:37 PDT", Some(1_057_049_557));
        check("1 Jul 2003 8:52:37 AM", moment);
        check("1 Jul 2003 8:52:37 pm", Some(1_057_049_557 + 12 * 3600));
        check("1 Jul 2003 12:52:37 am", Some(1_057_049_557 - 8 * 3600));
        check("1 Jul 2003 08:52 +0000", Some(1_057_049_520));
        check("Thu, 01 Jan 1970 00:00:00 +0000", Some(0));
        check("Wed, 31 Dec 1969 23:59:59 -0000", Some(-1));
        check("29 Feb 2024 12:00:00 -0330", Some(1_709_220_600));
        check("31 Dec 2016 23:59:60 +0000", Some(1_483_228_800));
    }

    #[test]
    fn no_dates() {
        for value in [
            "",
            "yesterday",
            "29 Feb 2023 12:00:00",
            "32 Jan 2023 12:00:00",
            "0 Jan 2023 12:00:00",
            "1 Foo 2023 12:00:00",
            "1 Jan 2023",
            "1 Jan 2023 24:00:00",
            "1 Jan 2023 12:60:00",
            "1 Jan 2023 12",
            "1 Jan 20233 12:00:00",
            "1 Jan 12:00:00",
            ": : :",
            "1 Jan 2023 ::",
        ] {
            assert_eq!(parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn days_agree_with_the_calendar() {
        for (seconds, date) in
            [(951_782_400, "29 Feb 2000"), (4_107_542_400, "1 Mar 2100"), (-2_208_988_800, "1 Jan 1900")]
        {
            assert_eq!(parse(format!("{date} 00:00:00 +0000").as_bytes()), Some(seconds), "{date}");
        }
    }
}
