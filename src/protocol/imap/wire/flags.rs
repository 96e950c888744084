//! Flags (RFC 3501 §2.3.2).

use mailstead_storage::Flags;

use super::{Parsed, Parser, Syntax};

/// Longest keyword in bytes.
const KEYWORD_BYTES_MAX: usize = 128;

const SYSTEM: [(&str, Flags); 5] = [
    ("\\Answered", Flags::ANSWERED),
    ("\\Flagged", Flags::FLAGGED),
    ("\\Deleted", Flags::DELETED),
    ("\\Seen", Flags::SEEN),
    ("\\Draft", Flags::DRAFT),
];

/// Flags as the client names them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlagList {
    /// System flags.
    pub system: Flags,
    /// Keywords, each once.
    pub keywords: Vec<String>,
}

impl FlagList {
    fn read(&mut self, parser: &mut Parser<'_>) -> Parsed<()> {
        if parser.eat(b'\\') {
            let name = parser.atom()?;
            match SYSTEM.iter().find(|(known, _)| known[1..].eq_ignore_ascii_case(name)) {
                Some((_, flag)) => self.system = self.system.with(*flag),
                // The client cannot set it; clients that copy what FETCH told are forgiven.
                None if name.eq_ignore_ascii_case("Recent") => {}
                None => return Err(Syntax("Unknown system flag")),
            }
            return Ok(());
        }
        let keyword = parser.atom()?;
        if keyword.len() > KEYWORD_BYTES_MAX {
            return Err(Syntax("Keyword is too long"));
        }
        if !self.keywords.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
            self.keywords.push(keyword.to_string());
        }
        Ok(())
    }
}

/// Reads `flag-list`: `(\Seen Work)`.
pub fn flag_list(parser: &mut Parser<'_>) -> Parsed<FlagList> {
    let mut flags = FlagList::default();
    parser.byte(b'(', "Expected a list of flags")?;
    // Dovecot's imapc puts a space there when only keywords follow.
    parser.eat(b' ');
    while !parser.eat(b')') {
        flags.read(parser)?;
        if parser.peek() != Some(b')') {
            parser.space()?;
        }
    }
    Ok(flags)
}

/// Reads the flags of STORE, which may come without parentheses.
pub fn store_flags(parser: &mut Parser<'_>) -> Parsed<FlagList> {
    if parser.peek() == Some(b'(') {
        return flag_list(parser);
    }
    let mut flags = FlagList::default();
    flags.read(parser)?;
    while parser.eat(b' ') {
        flags.read(parser)?;
    }
    Ok(flags)
}

/// Writes `(\Seen Work)`. A keyword bit whose name is not known yet is left out: its message is told
/// again when the name has come.
pub fn print_flags(flags: Flags, recent: bool, keywords: &[String], out: &mut Vec<u8>) {
    out.push(b'(');
    let start = out.len();
    let mut say = |name: &str| {
        if out.len() > start {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
    };
    for (name, flag) in SYSTEM {
        if flags.has(flag) {
            say(name);
        }
    }
    if recent {
        say("\\Recent");
    }
    let mut bits = flags.0 >> Flags::KEYWORD_FIRST;
    while bits != 0 {
        if let Some(keyword) = keywords.get(bits.trailing_zeros() as usize) {
            say(keyword);
        }
        bits &= bits - 1;
    }
    out.push(b')');
}
