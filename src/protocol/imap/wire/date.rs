//! Dates: `date` of SEARCH and `date-time` of INTERNALDATE (RFC 3501 §9).

use jiff::civil::Date;
use mailstead_storage::Time;

use super::{Parsed, Parser, Syntax};
use crate::clock::timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WRONG: Syntax = Syntax("Invalid date");

/// Reads `date` (`1-Feb-1994`, with or without quotes) as days since 1970-01-01.
pub fn day(parser: &mut Parser<'_>) -> Parsed<i32> {
    let text = parser.astring()?;
    let mut inner = Parser::new(&text);
    let date = civil(&mut inner)?;
    inner.end()?;
    Ok(days(date))
}

/// Reads `date-time` (`" 1-Feb-1994 12:34:56 +0100"`).
pub fn date_time(parser: &mut Parser<'_>) -> Parsed<Time> {
    let text = parser.string()?;
    let mut inner = Parser::new(&text);
    inner.eat(b' ');
    let date = civil(&mut inner)?;
    inner.byte(b' ', WRONG.0)?;
    let mut seconds = 0;
    for (limit, unit, separator) in [(23, 3600, b':'), (59, 60, b':'), (60, 1, b' ')] {
        seconds += i64::from(two_digits(&mut inner, limit)?) * unit;
        inner.byte(separator, WRONG.0)?;
    }
    let east = match (inner.eat(b'+'), inner.eat(b'-')) {
        (true, false) => 1,
        (false, true) => -1,
        _ => return Err(WRONG),
    };
    let zone = i64::from(two_digits(&mut inner, 23)?) * 3600 + i64::from(two_digits(&mut inner, 59)?) * 60;
    inner.end()?;
    let moment = i64::from(days(date)) * 86_400 + seconds - east * zone;
    Ok(Time(u64::try_from(moment).unwrap_or(0) * 1000))
}

/// `"01-Feb-1994 12:34:56 +0000"`, in UTC.
pub fn print_date_time(seconds: u32, out: &mut Vec<u8>) {
    let moment = timestamp(Time(u64::from(seconds) * 1000));
    out.extend_from_slice(moment.strftime("\"%d-%b-%Y %H:%M:%S +0000\"").to_string().as_bytes());
}

/// `1-Feb-1994`
fn civil(parser: &mut Parser<'_>) -> Parsed<Date> {
    let digits = parser.run(|byte| byte.is_ascii_digit());
    if !matches!(digits.len(), 1 | 2) {
        return Err(WRONG);
    }
    let day = digits.iter().fold(0, |number, digit| number * 10 + i8::try_from(digit - b'0').unwrap_or(0));
    parser.byte(b'-', WRONG.0)?;
    let name = parser.run(|byte| byte.is_ascii_alphabetic());
    let month = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name)).ok_or(WRONG)?;
    parser.byte(b'-', WRONG.0)?;
    let year = parser.run(|byte| byte.is_ascii_digit());
    if year.len() != 4 {
        return Err(WRONG);
    }
    let year = year.iter().fold(0, |number, digit| number * 10 + i16::from(digit - b'0'));
    Date::new(year, month as i8 + 1, day).map_err(|_| WRONG)
}

fn two_digits(parser: &mut Parser<'_>, limit: u8) -> Parsed<u8> {
    match parser.rest() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
            let number = (tens - b'0') * 10 + (ones - b'0');
            parser.eat(*tens);
            parser.eat(*ones);
            if number <= limit { Ok(number) } else { Err(WRONG) }
        }
        _ => Err(WRONG),
    }
}

fn days(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    (date - EPOCH).get_days()
}
