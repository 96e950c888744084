//! What is said on the wire: verbs, paths, parameters. Pure.

mod parameters;
mod path;
pub mod xtext;

pub use parameters::{MailParameters, RcptParameters};
pub use path::{Path, path};

/// A command line as verb and argument. Spaces around the argument mean nothing.
pub fn verb(line: &str) -> (&str, &str) {
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    (verb.trim_end(), argument.trim())
}

/// What follows `prefix` in any case, leading spaces skipped: `FROM:` and `TO:` are often followed
/// by one, though RFC 5321 §3.3 has none.
pub fn after<'a>(prefix: &str, argument: &'a str) -> Option<&'a str> {
    let (head, rest) = argument.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| rest.trim_start())
}

/// A number as the extensions write it: 1 to 20 digits. Beyond `u64` it is `u64::MAX`: more than any
/// limit.
pub fn number(digits: &str) -> Option<u64> {
    let well_formed = (1..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    well_formed.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs() {
        assert_eq!(verb("QUIT"), ("QUIT", ""));
        assert_eq!(verb("QUIT  "), ("QUIT", ""));
        assert_eq!(verb("MAIL FROM:<a@b> SIZE=1 "), ("MAIL", "FROM:<a@b> SIZE=1"));
        assert_eq!(verb(""), ("", ""));
    }

    #[test]
    fn prefixes() {
        assert_eq!(after("FROM:", "from: <>"), Some("<>"));
        assert_eq!(after("FROM:", "FRÄM:<>"), None);
        assert_eq!(after("FROM:", "FRO"), None);
    }

    #[test]
    fn numbers() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        assert_eq!(number("99999999999999999999"), Some(u64::MAX));
        for wrong in ["", "-1", "+1", "1x", "999999999999999999999", "٣"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
