//! The words of a command: atoms, strings, literals, numbers (RFC 3501 §9).

use std::borrow::Cow;

use super::utf7;

/// Longest mailbox name in bytes of UTF-8.
const MAILBOX_NAME_BYTES_MAX: usize = 1000;

/// A command that does not read as one, in a sentence for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax(pub &'static str);

/// What was read, or why it cannot be.
pub type Parsed<T> = Result<T, Syntax>;

/// Reads a command from its beginning on. Literals stand in the text as they were sent: `{5}`, CRLF,
/// then five bytes.
#[derive(Debug, Clone, Copy)]
pub struct Parser<'a> {
    rest: &'a [u8],
    utf8: bool,
}

impl<'a> Parser<'a> {
    /// At the beginning of `text`.
    pub fn new(text: &'a [u8]) -> Parser<'a> {
        Parser { rest: text, utf8: false }
    }

    /// Mailbox names are UTF-8 in it, not modified UTF-7, when `utf8` is true (RFC 6855 §3).
    pub fn with_names_in(self, utf8: bool) -> Parser<'a> {
        Parser { utf8, ..self }
    }

    /// What is not yet read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte, not taken.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next byte if it is this one.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Takes this byte.
    pub fn byte(&mut self, byte: u8, missing: &'static str) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(Syntax(missing)) }
    }

    /// Takes one space.
    pub fn space(&mut self) -> Parsed<()> {
        self.byte(b' ', "Missing argument")
    }

    /// Nothing may follow. Spaces are forgiven: some clients end their lines with one.
    pub fn end(&self) -> Parsed<()> {
        if self.rest.iter().all(|byte| *byte == b' ') { Ok(()) } else { Err(Syntax("Unexpected extra arguments")) }
    }

    /// Takes `word` in any case, when it stands here and ends here.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let Some(head) = self.rest.get(..word.len()) else { return false };
        let ends = self.rest.get(word.len()).is_none_or(|byte| !is_atom(*byte));
        let found = ends && head.eq_ignore_ascii_case(word.as_bytes());
        if found {
            self.rest = &self.rest[word.len()..];
        }
        found
    }

    /// The longest run of bytes that `wanted` accepts, perhaps empty.
    pub fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (head, rest) = self.rest.split_at(end);
        self.rest = rest;
        head
    }

    /// `tag`
    pub fn tag(&mut self) -> Parsed<&'a str> {
        ascii(self.run(|byte| byte != b'+' && is_astring(byte)), "Missing or invalid tag")
    }

    /// `atom`
    pub fn atom(&mut self) -> Parsed<&'a str> {
        ascii(self.run(is_atom), "Expected an atom")
    }

    /// `number`, at most 32 bits.
    pub fn number(&mut self) -> Parsed<u32> {
        let number = self.number64()?;
        u32::try_from(number).map_err(|_| Syntax("Number is too large"))
    }

    /// A number of up to 63 bits (RFC 7162, RFC 9051).
    pub fn number64(&mut self) -> Parsed<u64> {
        let digits = ascii(self.run(|byte| byte.is_ascii_digit()), "Expected a number")?;
        match digits.parse::<u64>() {
            Ok(number) if number <= i64::MAX as u64 => Ok(number),
            _ => Err(Syntax("Number is too large")),
        }
    }

    /// `astring`
    pub fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => match self.run(is_astring) {
                [] => Err(Syntax("Expected a string")),
                atom => Ok(Cow::Borrowed(atom)),
            },
        }
    }

    /// `astring` that must be UTF-8.
    pub fn astring_text(&mut self) -> Parsed<String> {
        utf8(self.astring()?)
    }

    /// `string`
    pub fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => Err(Syntax("Expected a quoted string or a literal")),
        }
    }

    /// `string`, or `literal8`, which may hold NUL (RFC 3516 §7).
    pub fn string8(&mut self) -> Parsed<Cow<'a, [u8]>> {
        if self.eat(b'~') { self.counted().map(Cow::Borrowed) } else { self.string() }
    }

    /// `string` that must be UTF-8, or `NIL`.
    pub fn nstring_text(&mut self) -> Parsed<Option<String>> {
        if self.eat_word("NIL") { Ok(None) } else { self.string().and_then(utf8).map(Some) }
    }

    /// `quoted`. Raw 8-bit is forgiven.
    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        let body = &self.rest[1..];
        let plain = body.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0));
        match plain.map(|at| (at, body[at])) {
            Some((at, b'"')) => {
                self.rest = &body[at + 1..];
                Ok(Cow::Borrowed(&body[..at]))
            }
            Some((at, b'\\')) => self.quoted_with_escapes(&body[..at], &body[at..]),
            _ => Err(Syntax("Quoted string is not closed")),
        }
    }

    fn quoted_with_escapes(&mut self, plain: &[u8], escaped: &'a [u8]) -> Parsed<Cow<'a, [u8]>> {
        let mut text = plain.to_vec();
        let mut bytes = escaped.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = &escaped[at + 1..];
                    return Ok(Cow::Owned(text));
                }
                b'\\' => match bytes.next() {
                    Some((_, special @ (b'"' | b'\\'))) => text.push(*special),
                    _ => return Err(Syntax("Invalid escape in a quoted string")),
                },
                b'\r' | b'\n' | 0 => break,
                byte => text.push(*byte),
            }
        }
        Err(Syntax("Quoted string is not closed"))
    }

    /// `literal`, `literal8` apart.
    fn literal(&mut self) -> Parsed<&'a [u8]> {
        let literal = self.counted()?;
        if literal.contains(&0) { Err(Syntax("A literal must not contain NUL")) } else { Ok(literal) }
    }

    /// What stands in a literal, whatever it is.
    fn counted(&mut self) -> Parsed<&'a [u8]> {
        const WRONG: Syntax = Syntax("Invalid literal");
        self.byte(b'{', WRONG.0)?;
        let size = usize::try_from(self.number64()?).map_err(|_| WRONG)?;
        self.eat(b'+');
        self.byte(b'}', WRONG.0)?;
        self.eat(b'\r');
        self.byte(b'\n', WRONG.0)?;
        let Some((literal, rest)) = self.rest.split_at_checked(size) else { return Err(WRONG) };
        self.rest = rest;
        Ok(literal)
    }

    /// `mailbox`, as UTF-8. `INBOX` in any case becomes upper case, as the first level too.
    pub fn mailbox(&mut self) -> Parsed<String> {
        let name = self.astring()?;
        mailbox_text(&name, self.utf8)
    }

    /// `list-mailbox`: a name with wildcards, as UTF-8.
    pub fn list_mailbox(&mut self) -> Parsed<String> {
        let pattern = match self.peek() {
            Some(b'"' | b'{') => self.string()?,
            _ => match self.run(|byte| is_astring(byte) || matches!(byte, b'%' | b'*')) {
                [] => return Err(Syntax("Expected a mailbox pattern")),
                pattern => Cow::Borrowed(pattern),
            },
        };
        mailbox_text(&pattern, self.utf8)
    }

    /// A parenthesised list of what `item` reads, at least one.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Parser<'a>) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.byte(b'(', "Expected a parenthesised list")?;
        let mut items = vec![item(self)?];
        while !self.eat(b')') {
            self.byte(b' ', "Expected a space or the end of the list")?;
            items.push(item(self)?);
        }
        Ok(items)
    }
}

/// `ATOM-CHAR`
pub(super) fn is_atom(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`. Raw UTF-8 is forgiven: many clients send mailbox names so.
fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']' || byte >= 0x80
}

fn ascii<'a>(bytes: &'a [u8], missing: &'static str) -> Parsed<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.is_ascii() => Ok(text),
        _ => Err(Syntax(missing)),
    }
}

fn utf8(bytes: Cow<'_, [u8]>) -> Parsed<String> {
    String::from_utf8(bytes.into_owned()).map_err(|_| Syntax("String is not valid UTF-8"))
}

pub(super) fn mailbox_text(name: &[u8], utf8: bool) -> Parsed<String> {
    let text = std::str::from_utf8(name).map_err(|_| Syntax("Mailbox name is not valid UTF-8"))?;
    let mut text = match !utf8 && text.is_ascii() {
        true => utf7::decode(text).ok_or(Syntax("Mailbox name is not valid modified UTF-7"))?,
        false => text.to_string(),
    };
    if text.len() > MAILBOX_NAME_BYTES_MAX {
        return Err(Syntax("Mailbox name is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err(Syntax("Mailbox name has control characters"));
    }
    let first = text.find('/').unwrap_or(text.len());
    if text[..first].eq_ignore_ascii_case("INBOX") {
        text[..first].make_ascii_uppercase();
    }
    Ok(text)
}
