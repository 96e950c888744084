//! Address lists (RFC 5322 §3.4, §4.4).

use std::borrow::Cow;

use super::scan::{enclosed, is_blank};
use crate::message::outline::limits::ADDRESSES_MAX;
use crate::message::{Address, Text};

/// Bytes within which an encoded word must end to be taken as one piece.
const ENCODED_WORD_BYTES_MAX: usize = 1_000;

/// The addresses of a field's unfolded value, at most [`ADDRESSES_MAX`].
///
/// A mailbox without `@` gets an empty host, because an absent one would make it a group. The obsolete
/// `user@host (Name)` gives the comment as name; routes are dropped; `;` outside a group parts like a comma.
pub fn parse(value: &[u8]) -> Vec<Address<'static>> {
    let mut reader = Reader::default();
    let mut lexer = Lexer { text: value, quotes: true, comments: true };
    while let Some((piece, spaced)) = lexer.next() {
        if reader.found.len() >= ADDRESSES_MAX {
            break;
        }
        reader.take(piece, spaced);
    }
    reader.finish()
}

#[derive(Debug, PartialEq)]
enum Piece {
    /// A run of ordinary bytes or an encoded word.
    Atom(Vec<u8>),
    Quoted(Vec<u8>),
    Comment(Vec<u8>),
    /// `[…]`, marks included.
    Literal(Vec<u8>),
    /// One of `<>@,;:`
    Special(u8),
}

/// Cuts the value into pieces. An unclosed quote or comment is dropped, and from then on the mark is an ordinary byte,
/// so that no text is scanned more than a few times.
struct Lexer<'a> {
    text: &'a [u8],
    quotes: bool,
    comments: bool,
}

impl Lexer<'_> {
    /// The next piece, and whether white space came before it.
    fn next(&mut self) -> Option<(Piece, bool)> {
        let before = self.text.len();
        self.text = self.text.trim_ascii_start();
        let spaced = self.text.len() < before;
        let first = *self.text.first()?;
        let piece = match first {
            b'<' | b'>' | b'@' | b',' | b';' | b':' => self.cut(1, Piece::Special(first)),
            b'"' if self.quotes => match enclosed(self.text) {
                Some((content, length)) => self.cut(length, Piece::Quoted(content)),
                None => {
                    self.quotes = false;
                    self.atom()
                }
            },
            b'(' if self.comments => match enclosed(self.text) {
                Some((content, length)) => self.cut(length, Piece::Comment(content)),
                None => {
                    self.comments = false;
                    self.atom()
                }
            },
            b'[' => match self.literal() {
                Some(length) => self.cut(length, Piece::Literal(self.text[..length].to_vec())),
                None => self.atom(),
            },
            _ => self.atom(),
        };
        Some((piece, spaced))
    }

    fn cut(&mut self, length: usize, piece: Piece) -> Piece {
        self.text = &self.text[length..];
        piece
    }

    /// Length of a domain literal: no white space, no specials but the colon.
    fn literal(&self) -> Option<usize> {
        let end = self.text.iter().position(|byte| is_blank(*byte) || b"]<>@,;\"()".contains(byte))?;
        (self.text[end] == b']').then_some(end + 1)
    }

    fn atom(&mut self) -> Piece {
        let length = encoded_word(self.text).unwrap_or_else(|| {
            let rest = &self.text[1..];
            let end = rest.iter().position(|byte| self.ends_atom(*byte));
            end.map_or(self.text.len(), |end| end + 1)
        });
        let text = &self.text[..length];
        let stray = usize::from(matches!(text[0], b'"' | b'('));
        let content = text[stray..].to_vec();
        self.cut(length, Piece::Atom(content))
    }

    fn ends_atom(&self, byte: u8) -> bool {
        byte.is_ascii_whitespace()
            || b"<>@,;:".contains(&byte)
            || (byte == b'"' && self.quotes)
            || (byte == b'(' && self.comments)
    }
}

/// Length of an encoded word at the start of `text`. Some mailers leave commas and other specials in it.
fn encoded_word(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"=?")?;
    let inner = &inner[..inner.len().min(ENCODED_WORD_BYTES_MAX)];
    let charset = memchr::memchr(b'?', inner)?;
    if !matches!(inner.get(charset + 1..charset + 3), Some([b'B' | b'b' | b'Q' | b'q', b'?'])) {
        return None;
    }
    let content = charset + 3;
    let end = content + memchr::memmem::find(&inner[content..], b"?=")?;
    let whole = &inner[..end];
    (!whole.iter().any(u8::is_ascii_whitespace)).then_some(2 + end + 2)
}

/// What has been read of the list.
#[derive(Default)]
struct Reader {
    found: Vec<Address<'static>>,
    in_group: bool,
    /// Pieces of the address being read that stand outside angle brackets, with "white space before".
    outside: Vec<(Piece, bool)>,
    /// Those inside, once `<` was seen.
    inside: Option<Vec<(Piece, bool)>>,
    in_angle: bool,
    comment: Option<Vec<u8>>,
}

impl Reader {
    fn take(&mut self, piece: Piece, spaced: bool) {
        match piece {
            Piece::Special(b',' | b':') if self.in_route() => self.put(piece, spaced),
            Piece::Special(b',') => self.end_address(),
            Piece::Special(b';') => {
                self.end_address();
                self.end_group();
            }
            Piece::Special(b':') if !self.in_group && !self.in_angle && !self.has_at() => self.begin_group(),
            Piece::Special(b'<') if self.inside.is_none() => {
                self.inside = Some(Vec::new());
                self.in_angle = true;
            }
            Piece::Special(b'>') if self.in_angle => self.in_angle = false,
            Piece::Comment(content) => self.comment = Some(content),
            piece => self.put(piece, spaced),
        }
    }

    /// `<@a,@b:user@host>`: commas inside are no separators.
    fn in_route(&self) -> bool {
        self.in_angle && matches!(self.inside.as_deref(), Some([(Piece::Special(b'@'), _), ..]))
    }

    fn has_at(&self) -> bool {
        self.outside.iter().any(|(piece, _)| *piece == Piece::Special(b'@'))
    }

    fn put(&mut self, piece: Piece, spaced: bool) {
        match &mut self.inside {
            Some(inside) if self.in_angle => inside.push((piece, spaced)),
            // What follows `>` up to the comma says nothing.
            Some(_) => {}
            None => self.outside.push((piece, spaced)),
        }
    }

    fn begin_group(&mut self) {
        let name = phrase(&self.outside);
        self.outside.clear();
        self.comment = None;
        self.in_group = true;
        self.found.push(Address { name: None, mailbox: Some(Cow::Owned(name)), host: None });
    }

    fn end_group(&mut self) {
        if std::mem::take(&mut self.in_group) {
            self.found.push(Address::default());
        }
    }

    fn end_address(&mut self) {
        let outside = std::mem::take(&mut self.outside);
        let comment = self.comment.take();
        let inside = self.inside.take();
        self.in_angle = false;
        let (name, spec) = match &inside {
            Some(inside) => (phrase(&outside), without_route(inside)),
            None => {
                let from = spec_start(&outside);
                (phrase(&outside[..from]), &outside[from..])
            }
        };
        if inside.is_none() && outside.is_empty() {
            return;
        }
        let name = Some(name).filter(|name| !name.is_empty()).or(comment).filter(|name| !name.is_empty());
        let (mailbox, host) = addr_spec(spec);
        self.found.push(Address { name: name.map(Cow::Owned), mailbox: Some(mailbox), host: Some(host) });
    }

    fn finish(mut self) -> Vec<Address<'static>> {
        self.end_address();
        self.end_group();
        self.found
    }
}

/// Words with one space between those that were apart.
fn phrase(pieces: &[(Piece, bool)]) -> Vec<u8> {
    let mut words = Vec::new();
    for (piece, spaced) in pieces {
        if *spaced && !words.is_empty() {
            words.push(b' ');
        }
        append(piece, &mut words);
    }
    words
}

fn append(piece: &Piece, to: &mut Vec<u8>) {
    match piece {
        Piece::Atom(text) | Piece::Quoted(text) | Piece::Literal(text) => to.extend_from_slice(text),
        Piece::Special(byte) => to.push(*byte),
        Piece::Comment(_) => {}
    }
}

fn without_route(inside: &[(Piece, bool)]) -> &[(Piece, bool)] {
    if !matches!(inside.first(), Some((Piece::Special(b'@'), _))) {
        return inside;
    }
    match inside.iter().rposition(|(piece, _)| *piece == Piece::Special(b':')) {
        Some(colon) => &inside[colon + 1..],
        None => inside,
    }
}

/// Where the address begins in `Some Name user@host` written without brackets: at the word before `@`. All of it is
/// the address when there is no `@`.
fn spec_start(pieces: &[(Piece, bool)]) -> usize {
    let Some(at) = pieces.iter().rposition(|(piece, _)| *piece == Piece::Special(b'@')) else { return 0 };
    let mut start = at;
    while start > 0 {
        let (piece, spaced) = &pieces[start];
        let dotted = start == at || ends(piece, <[u8]>::first) || ends(&pieces[start - 1].0, <[u8]>::last);
        if *spaced && !dotted {
            break;
        }
        start -= 1;
    }
    start
}

/// Whether the piece's first or last byte is a dot: then white space beside it does not part words.
fn ends(piece: &Piece, side: fn(&[u8]) -> Option<&u8>) -> bool {
    matches!(piece, Piece::Atom(text) if side(text) == Some(&b'.'))
}

/// Local part and domain, parted at the last `@`.
fn addr_spec(pieces: &[(Piece, bool)]) -> (Text<'static>, Text<'static>) {
    let at = pieces.iter().rposition(|(piece, _)| *piece == Piece::Special(b'@'));
    let Some(at) = at else { return (Cow::Owned(phrase(pieces)), Cow::Borrowed(b"")) };
    let mut mailbox = Vec::new();
    pieces[..at].iter().for_each(|(piece, _)| append(piece, &mut mailbox));
    let mut host = Vec::new();
    pieces[at + 1..].iter().for_each(|(piece, _)| append(piece, &mut host));
    (Cow::Owned(mailbox), Cow::Owned(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name|mailbox|host` per address, `-` for what is absent.
    fn shown(value: &str) -> Vec<String> {
        let text = |text: &Option<Text>| {
            text.as_ref().map_or_else(|| "-".to_owned(), |text| String::from_utf8_lossy(text).into_owned())
        };
        let show = |a: &Address| format!("{}|{}|{}", text(&a.name), text(&a.mailbox), text(&a.host));
        parse(value.as_bytes()).iter().map(show).collect()
    }

    #[test]
    fn lists() {
        let check = |value: &str, expected: &[&str]| assert_eq!(shown(value), expected, "{value}");
        check("", &[]);
        check(" , ,", &[]);
        check("alice@example.test", &["-|alice|example.test"]);
        check("<alice@example.test>", &["-|alice|example.test"]);
        check("Alice Example <alice@example.test>", &["Alice Example|alice|example.test"]);
        check("Alice\t Q.  Example  <alice@example.test>", &["Alice Q. Example|alice|example.test"]);
        check("\"Example, Alice\" <a@b.test>, bob@c.test", &["Example, Alice|a|b.test", "-|bob|c.test"]);
        check("\"A \\\"B\\\" C\" <a@b.test>", &["A \"B\" C|a|b.test"]);
        check("a@b.test (Alice (the) Example)", &["Alice (the) Example|a|b.test"]);
        check("(first) a@b.test", &["first|a|b.test"]);
        check("Alice (hidden) <a@b.test>", &["Alice|a|b.test"]);
        check("<a@b.test> (Alice)", &["Alice|a|b.test"]);
        check("\"john doe\"@b.test", &["-|john doe|b.test"]);
        check("\"a@b\"@c.test", &["-|a@b|c.test"]);
        check("john . doe @ b . test", &["-|john.doe|b.test"]);
        check("user@[127.0.0.1]", &["-|user|[127.0.0.1]"]);
        check("user@[IPv6:2001:db8::1], x@y", &["-|user|[IPv6:2001:db8::1]", "-|x|y"]);
        check("[SPAM] Bob <b@c.test>", &["[SPAM] Bob|b|c.test"]);
        check("<@a.test,@b.test:user@c.test>, d@e", &["-|user|c.test", "-|d|e"]);
        check("=?utf-8?Q?Doe,_J=C3=B6rg?= <j@d.test>", &["=?utf-8?Q?Doe,_J=C3=B6rg?=|j|d.test"]);
        check("=?x <a@b>", &["=?x|a|b"]);
        check("Jörg <j@d.test>", &["Jörg|j|d.test"]);
    }

    #[test]
    fn groups() {
        let check = |value: &str, expected: &[&str]| assert_eq!(shown(value), expected, "{value}");
        check("undisclosed-recipients:;", &["-|undisclosed-recipients|-", "-|-|-"]);
        check("Team: a@b, C <c@d>;, e@f", &["-|Team|-", "-|a|b", "C|c|d", "-|-|-", "-|e|f"]);
        check("My \"Team 1\": a@b", &["-|My Team 1|-", "-|a|b", "-|-|-"]);
        check("A:;B:;", &["-|A|-", "-|-|-", "-|B|-", "-|-|-"]);
    }

    #[test]
    fn garbage() {
        let check = |value: &str, expected: &[&str]| assert_eq!(shown(value), expected, "{value}");
        check("alice", &["-|alice|"]);
        check("MAILER-DAEMON", &["-|MAILER-DAEMON|"]);
        check("<>", &["-||"]);
        check("Alice <>", &["Alice||"]);
        check("Alice Example alice@b.test", &["Alice Example|alice|b.test"]);
        check("a@b.test; c@d.test", &["-|a|b.test", "-|c|d.test"]);
        check("Alice <a@b.test, Bob <b@c.test>", &["Alice|a|b.test", "Bob|b|c.test"]);
        check("\"Alice <a@b.test>", &["Alice|a|b.test"]);
        check("(Alice <a@b.test>", &["Alice|a|b.test"]);
        check("a@b@c.test", &["-|a@b|c.test"]);
        check("@c.test", &["-||c.test"]);
        check("a@", &["-|a|"]);
        check("Alice <a@b> trailing words, c@d", &["Alice|a|b", "-|c|d"]);
        check("<<a@b>>", &["-|<a|b"]);
        check(">", &["-|>|"]);
    }

    #[test]
    fn a_list_without_end() {
        let value = "a@b,".repeat(ADDRESSES_MAX * 2);
        assert_eq!(parse(value.as_bytes()).len(), ADDRESSES_MAX);
        parse("\"\\\"".repeat(30_000).as_bytes());
        parse("(".repeat(30_000).as_bytes());
        parse("=?a?q?x <".repeat(3_000).as_bytes());
        parse("[".repeat(30_000).as_bytes());
    }
}
