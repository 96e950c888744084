//! Annotations (RFC 5464): names of entries, what a GETMETADATA wants of them, and values.

use mailstead_storage::METADATA_ENTRY_BYTES_MAX;

use super::{Parsed, Parser, Syntax, string};

/// Most entries named at once.
const ENTRIES_MAX: usize = 100;

/// How far below the named entries is looked (RFC 5464 §4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Only they.
    #[default]
    Zero,
    /// And one level below.
    One,
    /// And all below.
    Infinity,
}

/// What a client wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Entries as the client names them.
    pub entries: Vec<String>,
    /// And those below.
    pub depth: Depth,
    /// Values longer than this are not told, bytes.
    pub size_max: Option<u32>,
}

impl Wanted {
    /// Is this entry, in lower case, wanted?
    pub fn wants(&self, entry: &str) -> bool {
        self.entries.iter().any(|named| {
            let Some((head, below)) = entry.split_at_checked(named.len()) else { return false };
            head.eq_ignore_ascii_case(named)
                && match self.depth {
                    _ if below.is_empty() => true,
                    Depth::Zero => false,
                    Depth::One => below.starts_with('/') && !below[1..].contains('/'),
                    Depth::Infinity => below.starts_with('/'),
                }
        })
    }
}

/// `[options SP] mailbox SP entries`, where `mailbox` reads what stands between.
pub fn wanted<T>(parser: &mut Parser<'_>, mailbox: impl FnOnce(&mut Parser<'_>) -> Parsed<T>) -> Parsed<(T, Wanted)> {
    let mut wanted = Wanted::default();
    let has_options = ["(MAXSIZE ", "(DEPTH "].iter().any(|option| {
        parser.rest().get(..option.len()).is_some_and(|head| head.eq_ignore_ascii_case(option.as_bytes()))
    });
    if has_options {
        parser.list(|parser| option(parser, &mut wanted))?;
        parser.space()?;
    }
    let subject = mailbox(parser)?;
    wanted.entries = match parser.peek() {
        Some(b'(') => parser.list(entry)?,
        _ => vec![entry(parser)?],
    };
    match wanted.entries.len() <= ENTRIES_MAX {
        true => Ok((subject, wanted)),
        false => Err(Syntax("Too many entries")),
    }
}

fn option(parser: &mut Parser<'_>, wanted: &mut Wanted) -> Parsed<()> {
    if parser.eat_word("MAXSIZE") {
        parser.space()?;
        wanted.size_max = Some(parser.number()?);
    } else if parser.eat_word("DEPTH") {
        parser.space()?;
        wanted.depth = match parser.atom()?.to_ascii_lowercase().as_str() {
            "0" => Depth::Zero,
            "1" => Depth::One,
            "infinity" => Depth::Infinity,
            _ => return Err(Syntax("Depth is 0, 1 or infinity")),
        };
    } else {
        return Err(Syntax("Unknown GETMETADATA option"));
    }
    Ok(())
}

/// The name of an entry (RFC 5464 §3.2.1).
fn entry(parser: &mut Parser<'_>) -> Parsed<String> {
    let name = parser.astring_text()?;
    let within = |root: &str| {
        name.get(..root.len()).is_some_and(|head| head.eq_ignore_ascii_case(root))
            && matches!(name.as_bytes().get(root.len()), None | Some(b'/'))
    };
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'*' | b'%');
    let is_name = name.len() <= METADATA_ENTRY_BYTES_MAX
        && name.bytes().all(is_plain)
        && !name.contains("//")
        && !name.ends_with('/');
    match is_name && (within("/private") || within("/shared")) {
        true => Ok(name),
        false => Err(Syntax("An entry's name begins with /private/ or /shared/")),
    }
}

/// `(entry value entry NIL)`: names in lower case, and values, `None` to remove one.
pub fn changes(parser: &mut Parser<'_>) -> Parsed<Vec<(String, Option<Vec<u8>>)>> {
    let changes = parser.list(|parser| {
        let name = entry(parser)?.to_ascii_lowercase();
        if name.matches('/').count() < 2 {
            return Err(Syntax("An entry's name begins with /private/ or /shared/"));
        }
        parser.space()?;
        let value = if parser.eat_word("NIL") { None } else { Some(parser.string8()?.into_owned()) };
        Ok((name, value))
    })?;
    if changes.len() > ENTRIES_MAX {
        return Err(Syntax("Too many entries"));
    }
    Ok(changes)
}

/// Writes an entry and its value.
pub fn print_entry(entry: &str, value: Option<&[u8]>, out: &mut Vec<u8>) {
    string(entry.as_bytes(), out);
    out.push(b' ');
    match value {
        None => out.extend_from_slice(b"NIL"),
        Some(value) if value.contains(&0) => {
            out.extend_from_slice(format!("~{{{}}}\r\n", value.len()).as_bytes());
            out.extend_from_slice(value);
        }
        Some(value) => string(value, out),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Wanted> {
        let mut parser = Parser::new(text.as_bytes());
        let (_, wanted) = wanted(&mut parser, |parser| parser.space()).ok()?;
        parser.end().ok().map(|()| wanted)
    }

    #[test]
    fn entries_are_read() {
        fn check(text: &str, expected: Option<(&[&str], Depth, Option<u32>)>) {
            let read = read(text);
            let parts = read.as_ref().map(|wanted| (wanted.entries.clone(), wanted.depth, wanted.size_max));
            let expected = expected.map(|(entries, depth, size)| {
                (entries.iter().map(|entry| (*entry).to_string()).collect::<Vec<_>>(), depth, size)
            });
            assert_eq!(parts, expected, "{text}");
        }
        check(" /shared/comment", Some((&["/shared/comment"], Depth::Zero, None)));
        check(" (/Shared/A /private)", Some((&["/Shared/A", "/private"], Depth::Zero, None)));
        check("(DEPTH 1)  /shared", Some((&["/shared"], Depth::One, None)));
        check("(maxsize 10 depth INFINITY)  \"/shared/a b\"", Some((&["/shared/a b"], Depth::Infinity, Some(10))));
        check("(DEPTH 2)  /shared", None);
        check("(COLOR 2)  /shared", None);
        check(" /sharedness", None);
        check(" /other/a", None);
        check(" /shared//a", None);
        check(" /shared/a/", None);
        check(" \"/shared/a*\"", None);
        check(" ()", None);
    }

    #[test]
    fn depth() {
        fn check(named: &str, depth: Depth, entry: &str, expected: bool) {
            let wanted = Wanted { entries: vec![named.into()], depth, size_max: None };
            assert_eq!(wanted.wants(entry), expected, "{named} {depth:?} {entry}");
        }
        check("/Shared/A", Depth::Zero, "/shared/a", true);
        check("/shared/a", Depth::Zero, "/shared/a/b", false);
        check("/shared/a", Depth::One, "/shared/a/b", true);
        check("/shared/a", Depth::One, "/shared/ab", false);
        check("/shared/a", Depth::One, "/shared/a/b/c", false);
        check("/shared/a", Depth::Infinity, "/shared/a/b/c", true);
        check("/shared/a", Depth::Infinity, "/shared/abc", false);
        check("/shared/a", Depth::Infinity, "/private/a", false);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "/(private|shared)(/[a-z0-9 .]{1,9}){1,3}", value: Option<Vec<u8>>) {
            let mut text = b"(".to_vec();
            print_entry(&name, value.as_deref(), &mut text);
            text.push(b')');
            let read = changes(&mut Parser::new(&text)).map_err(|Syntax(why)| why);
            prop_assert_eq!(read, Ok(vec![(name, value)]));
        }

        #[test]
        fn nothing_breaks_it(text: Vec<u8>) {
            let _ = changes(&mut Parser::new(&text));
            let _ = wanted(&mut Parser::new(&text), |parser| parser.space());
        }
    }
}
