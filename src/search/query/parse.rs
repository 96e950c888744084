//! Reading what people write.

use jiff::Span;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use mailstead_storage::Time;
use mailstead_storage::search::Field;

use super::{EVERYWHERE, State, Term, Wanted, Words};

/// Longest query, bytes.
pub const QUERY_BYTES_MAX: usize = 2000;
/// Most conditions.
const TERMS_MAX: usize = 64;
/// Deepest nesting.
const DEPTH_MAX: usize = 8;

/// Why a query cannot be understood, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a query. `now` is what `newer:7d` counts from. An empty one asks for everything.
///
/// # Errors
/// A sentence.
pub fn parse(text: &str, now: Time) -> Result<Wanted, Fault> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(Fault(format!("the query is longer than {QUERY_BYTES_MAX} bytes")));
    }
    let mut reader = Reader { rest: text, now, terms: 0 };
    let wanted = reader.alternatives(0)?;
    if reader.rest.is_empty() { Ok(wanted) } else { Err(Fault("a parenthesis closes that was not opened".into())) }
}

struct Reader<'q> {
    rest: &'q str,
    now: Time,
    terms: usize,
}

impl<'q> Reader<'q> {
    /// Conditions, those with `OR` between them together, up to the end or a closing parenthesis.
    fn alternatives(&mut self, depth: usize) -> Result<Wanted, Fault> {
        if depth > DEPTH_MAX {
            return Err(Fault(format!("parentheses go deeper than {DEPTH_MAX}")));
        }
        let mut all: Vec<Wanted> = Vec::new();
        let mut joins = false;
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                break;
            }
            if let Some(rest) = self.after_word("OR").or_else(|| self.after_word("|")) {
                (self.rest, joins) = (rest, !all.is_empty());
                continue;
            }
            if let Some(rest) = self.after_word("AND") {
                self.rest = rest;
                continue;
            }
            let condition = self.condition(depth)?;
            match all.last_mut() {
                Some(Wanted::Any(any)) if joins => any.push(condition),
                Some(before) if joins => {
                    let first = std::mem::replace(before, Wanted::All(Vec::new()));
                    *before = Wanted::Any(vec![first, condition]);
                }
                _ => all.push(condition),
            }
            joins = false;
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Wanted::All(all) })
    }

    fn after_word(&self, word: &str) -> Option<&'q str> {
        let rest = self.rest.strip_prefix(word)?;
        (rest.is_empty() || rest.starts_with([' ', '('])).then_some(rest)
    }

    fn condition(&mut self, depth: usize) -> Result<Wanted, Fault> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(Fault(format!("there are more than {TERMS_MAX} conditions")));
        }
        let minus = self.rest.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with([' ', ')']));
        if let Some(rest) = minus {
            self.rest = rest;
            // A chain of signs nests as parentheses do.
            if depth >= DEPTH_MAX {
                return Err(Fault(format!("signs and parentheses go deeper than {DEPTH_MAX}")));
            }
            return Ok(Wanted::Not(Box::new(self.condition(depth + 1)?)));
        }
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let inner = self.alternatives(depth + 1)?;
            // One that is not closed ends with the query.
            self.rest = self.rest.strip_prefix(')').unwrap_or(self.rest);
            return Ok(inner);
        }
        let (name, value) = self.word();
        self.term(name, value)
    }

    /// The next word: the name before its colon, when it has a known one, and what it says.
    fn word(&mut self) -> (&'q str, Value<'q>) {
        let name_end = self.rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let name = &self.rest[..name_end];
        if self.rest[name_end..].starts_with(':') && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            self.rest = &self.rest[name_end + 1..];
            return (name, self.value());
        }
        ("", self.value())
    }

    fn value(&mut self) -> Value<'q> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let end = quoted.find('"');
            let text = &quoted[..end.unwrap_or(quoted.len())];
            self.rest = end.map_or("", |end| &quoted[end + 1..]);
            let unfinished = self.rest.starts_with('*');
            self.rest = self.rest.strip_prefix('*').unwrap_or(self.rest);
            return Value { text, quoted: true, unfinished };
        }
        let ends = |character: char| character.is_whitespace() || matches!(character, '(' | ')' | '"');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        // What cannot begin a word is one by itself, so that every step takes something off.
        let end = if end == 0 { self.rest.chars().next().map_or(0, char::len_utf8) } else { end };
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        match text.strip_suffix('*') {
            Some(beginning) => Value { text: beginning, quoted: false, unfinished: true },
            None => Value { text, quoted: false, unfinished: false },
        }
    }

    fn term(&self, name: &str, value: Value) -> Result<Wanted, Fault> {
        let lower = value.text.to_ascii_lowercase();
        let words = |fields| {
            let Value { text, quoted, unfinished } = value;
            Term::Text(Words { fields, text: text.to_owned(), exact: quoted, unfinished })
        };
        let term = match &*name.to_ascii_lowercase() {
            "from" => words(&[Field::From]),
            "to" => words(&[Field::To, Field::Cc, Field::Bcc]),
            "cc" => words(&[Field::Cc]),
            "bcc" => words(&[Field::Bcc]),
            "subject" => words(&[Field::Subject]),
            "body" => words(&[Field::Body]),
            "attachment" => words(&[Field::Attachment, Field::Name]),
            "filename" => words(&[Field::Name]),
            "list" => words(&[Field::List]),
            "header" => words(&[Field::Header]),
            "has" => Term::Has(lower),
            "in" => Term::In(value.text.to_owned()),
            "is" => Term::Is(state(&lower)?),
            "larger" => Term::Larger(size(&lower, name)?),
            "smaller" => Term::Smaller(size(&lower, name)?),
            "before" => Term::Before(self.period(&lower, name)?.0),
            "after" | "since" => Term::Since(self.period(&lower, name)?.0),
            "on" => {
                let (first, end) = self.period(&lower, name)?;
                return Ok(Wanted::All(vec![Wanted::Term(Term::Since(first)), Wanted::Term(Term::Before(end))]));
            }
            "newer" => Term::Since(self.ago(&lower, name)?),
            "older" => Term::Before(self.ago(&lower, name)?),
            _ => words(EVERYWHERE),
        };
        Ok(Wanted::Term(term))
    }

    /// First second of a day, month or year, and the first one after it.
    fn period(&self, text: &str, name: &str) -> Result<(i64, i64), Fault> {
        let wrong = || Fault(format!("{name}: wants a date, as in {name}:2026-03-04, {name}:2026-03 or {name}:2026"));
        let (first, span) = match text {
            "today" => (self.today(), Span::new().days(1)),
            "yesterday" => (self.today().yesterday().map_err(|_| wrong())?, Span::new().days(1)),
            text => numbers(text).ok_or_else(wrong)?,
        };
        let end = first.checked_add(span).map_err(|_| wrong())?;
        Ok((seconds(first).ok_or_else(wrong)?, seconds(end).ok_or_else(wrong)?))
    }

    fn today(&self) -> Date {
        let now = jiff::Timestamp::from_second(self.now.seconds() as i64).unwrap_or_default();
        now.to_zoned(TimeZone::UTC).date()
    }

    fn ago(&self, text: &str, name: &str) -> Result<i64, Fault> {
        let wrong = || Fault(format!("{name}: wants a number of days, weeks, months or years, as in {name}:7d"));
        let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let count: i64 = text[..digits].parse().ok().filter(|count| *count < 10_000).ok_or_else(wrong)?;
        let days = match &text[digits..] {
            "d" => 1,
            "w" => 7,
            "m" => 30,
            "y" => 365,
            _ => return Err(wrong()),
        };
        Ok((self.now.seconds() as i64).saturating_sub(count * days * 86_400))
    }
}

const NAMES: [&str; 21] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "body",
    "attachment",
    "filename",
    "list",
    "header",
    "has",
    "in",
    "is",
    "larger",
    "smaller",
    "before",
    "after",
    "since",
    "on",
    "newer",
    "older",
];

#[derive(Clone, Copy)]
struct Value<'q> {
    text: &'q str,
    quoted: bool,
    unfinished: bool,
}

fn state(text: &str) -> Result<State, Fault> {
    Ok(match text {
        "unread" | "unseen" => State::Unread,
        "read" | "seen" => State::Read,
        "flagged" | "starred" => State::Flagged,
        "answered" | "replied" => State::Answered,
        "draft" => State::Draft,
        "deleted" => State::Deleted,
        _ => return Err(Fault("is: wants unread, read, flagged, answered, draft or deleted".into())),
    })
}

fn size(text: &str, name: &str) -> Result<u64, Fault> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "" | "b" => Some(0),
        "k" | "kb" => Some(10),
        "m" | "mb" => Some(20),
        "g" | "gb" => Some(30),
        _ => None,
    };
    let size = unit.and_then(|unit| text[..digits].parse::<u64>().ok()?.checked_mul(1 << unit));
    size.ok_or_else(|| Fault(format!("{name}: wants a size, as in {name}:5m or {name}:200k")))
}

/// The first day of what is written as a year, a month or a day, and how long it lasts.
fn numbers(text: &str) -> Option<(Date, Span)> {
    let parts: Vec<i16> = text.split(['-', '/']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let small = |number: i16| i8::try_from(number).ok();
    match parts[..] {
        [year] if year > 0 => Some((Date::new(year, 1, 1).ok()?, Span::new().years(1))),
        [year, month] => Some((Date::new(year, small(month)?, 1).ok()?, Span::new().months(1))),
        [year, month, day] => Some((Date::new(year, small(month)?, small(day)?).ok()?, Span::new().days(1))),
        _ => None,
    }
}

fn seconds(day: Date) -> Option<i64> {
    let day = if day < date(1, 1, 1) { return None } else { day };
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T00:00:00Z
    const NOW: Time = Time(1_795_305_600_000);

    fn shown(wanted: &Wanted) -> String {
        let list = |all: &[Wanted]| all.iter().map(shown).collect::<Vec<_>>().join(" ");
        match wanted {
            Wanted::All(all) => format!("({})", list(all)),
            Wanted::Any(any) => format!("[{}]", list(any)),
            Wanted::Not(not) => format!("!{}", shown(not)),
            Wanted::Term(Term::Text(Words { fields, text, exact, unfinished })) => {
                let place = if *fields == EVERYWHERE { String::new() } else { format!("{:?}=", fields[0]) };
                format!("{place}{text}{}{}", if *exact { "'" } else { "" }, if *unfinished { "*" } else { "" })
            }
            Wanted::Term(term) => format!("{term:?}").replace(' ', ""),
        }
    }

    #[test]
    fn queries() {
        let check = |query: &str, expected: &str| {
            let read = parse(query, NOW).map(|wanted| shown(&wanted)).unwrap_or_else(|fault| format!("? {fault}"));
            assert_eq!(read, expected, "{query}");
        };
        check("", "()");
        check("word", "word");
        check("two words", "(two words)");
        check("from:anna subject:\"offer 2026\"", "(From=anna Subject=offer 2026')");
        check("FROM:Anna", "From=Anna");
        check("invoi* \"open en\"*", "(invoi* open en'*)");
        check("-is:unread -word - -", "(!Is(Unread) !word - -)");
        check("a OR b c", "([a b] c)");
        check("a OR b OR c", "[a b c]");
        check("OR a OR", "a");
        check("a AND b", "(a b)");
        check("(a b) OR -(c d", "[(a b) !(c d)]");
        check("a)", "? a parenthesis closes that was not opened");
        check("http://x.test foo:bar", "(http://x.test foo:bar)");
        check("larger:5m smaller:10K", "(Larger(5242880) Smaller(10240))");
        check("larger:big", "? larger: wants a size, as in larger:5m or larger:200k");
        check("is:odd", "? is: wants unread, read, flagged, answered, draft or deleted");
        check("before:2026-03 after:2026/03/04", "(Before(1772323200) Since(1772582400))");
        check("on:2026", "(Since(1767225600) Before(1798761600))");
        check("on:yesterday", "(Since(1795219200) Before(1795305600))");
        check("newer:7d", "Since(1794700800)");
        check("before:soon", "? before: wants a date, as in before:2026-03-04, before:2026-03 or before:2026");
        check("before:2026-13", "? before: wants a date, as in before:2026-03-04, before:2026-03 or before:2026");
        check("has:PDF in:\"Old mail\"", "(Has(\"pdf\") In(\"Oldmail\"))");
        check(&"(".repeat(20), "? parentheses go deeper than 8");
        check(&"-".repeat(20), "? signs and parentheses go deeper than 8");
        check(&"a ".repeat(100), "? there are more than 64 conditions");
        check(&"a".repeat(3000), "? the query is longer than 2000 bytes");
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read(query in "(from:|is:|before:|[a-z]|[()\"*:|-]| |OR|[0-9]|\\PC){0,40}") {
            let _ = parse(&query, NOW);
        }
    }
}
