//! Objects as they are written (ISO 32000-1 §7.3), and the words between them.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Deepest nesting of arrays and dictionaries; what is deeper is passed over.
const DEPTH_MAX: usize = 24;
/// Most objects inside one.
const INSIDE_MAX: usize = 100_000;

/// Entries by name.
pub(super) type Dictionary = BTreeMap<Vec<u8>, Object>;

/// One object, or a word that is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Number(f64),
    Name(Vec<u8>),
    String(Vec<u8>),
    Array(Rc<[Object]>),
    Dictionary(Rc<Dictionary>),
    /// Of an object of this number.
    Reference(u32),
    /// `true`, `obj`, `Tj`, …
    Word(Vec<u8>),
}

impl Object {
    pub(super) fn number(&self) -> Option<f64> {
        if let Object::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        if let Object::Name(name) = self { Some(name) } else { None }
    }

    pub(super) fn dictionary(&self) -> Option<&Rc<Dictionary>> {
        if let Object::Dictionary(dictionary) = self { Some(dictionary) } else { None }
    }
}

/// Reads objects one after the other. Every call takes at least a byte off, so that reading ends.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// Objects inside the last one, itself included.
    pub(super) inside: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Lexer<'a> {
        Lexer { bytes, at, inside: 0 }
    }

    /// The next object; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.inside = 0;
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.inside += 1;
        self.skip_blanks();
        let first = *self.bytes.get(self.at)?;
        match first {
            b'/' => Some(Object::Name(self.name())),
            b'(' => Some(Object::String(self.literal())),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                Some(self.dictionary(depth + 1))
            }
            b'<' => Some(Object::String(self.hexadecimal())),
            b'[' => {
                self.at += 1;
                Some(self.array(depth + 1))
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => Some(self.number_or_reference()),
            _ => Some(Object::Word(self.word())),
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'%' => {
                    let line = memchr::memchr2(b'\n', b'\r', &self.bytes[self.at..]);
                    self.at = line.map_or(self.bytes.len(), |end| self.at + end);
                }
                byte if is_blank(*byte) => self.at += 1,
                _ => break,
            }
        }
    }

    fn word(&mut self) -> Vec<u8> {
        let start = self.at;
        self.at += 1;
        if !is_delimiter(self.bytes[start]) {
            while self.bytes.get(self.at).is_some_and(|byte| !is_blank(*byte) && !is_delimiter(*byte)) {
                self.at += 1;
            }
        } else if self.bytes[start] == b'>' && self.bytes.get(self.at) == Some(&b'>') {
            self.at += 1;
        }
        self.bytes[start..self.at].to_vec()
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(byte) = self.bytes.get(self.at).filter(|byte| !is_blank(**byte) && !is_delimiter(**byte)) {
            let escaped = (*byte == b'#').then(|| self.hex_pair(self.at + 1)).flatten();
            name.push(escaped.unwrap_or(*byte));
            self.at += if escaped.is_some() { 3 } else { 1 };
        }
        name
    }

    fn hex_pair(&self, at: usize) -> Option<u8> {
        let digit = |at: usize| char::from(*self.bytes.get(at)?).to_digit(16);
        Some((digit(at)? * 16 + digit(at + 1)?) as u8)
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut string, mut open) = (Vec::new(), 1);
        while let Some(byte) = self.bytes.get(self.at).copied() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut string);
                    continue;
                }
                _ => {}
            }
            string.push(byte);
        }
        string
    }

    fn escape(&mut self, string: &mut Vec<u8>) {
        let Some(byte) = self.bytes.get(self.at).copied() else { return };
        self.at += 1;
        match byte {
            b'n' => string.push(b'\n'),
            b'r' => string.push(b'\r'),
            b't' => string.push(b'\t'),
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.bytes.get(self.at).filter(|byte| matches!(byte, b'0'..=b'7')) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                string.push(code as u8);
            }
            b'\r' | b'\n' => {}
            other => string.push(other),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut string, mut half) = (Vec::new(), None);
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            if *byte == b'>' {
                break;
            }
            let Some(digit) = char::from(*byte).to_digit(16) else { continue };
            match half.take() {
                None => half = Some(digit),
                Some(high) => string.push((high * 16 + digit) as u8),
            }
        }
        string.extend(half.map(|high| (high * 16) as u8));
        string
    }

    /// The next object inside an array or a dictionary.
    fn member(&mut self, depth: usize) -> Option<Object> {
        (depth <= DEPTH_MAX && self.inside < INSIDE_MAX).then(|| self.object(depth)).flatten()
    }

    fn array(&mut self, depth: usize) -> Object {
        let mut array = Vec::new();
        while let Some(object) = self.member(depth) {
            match object {
                Object::Word(word) if word == b"]" => break,
                // An array that does not end is cut at what cannot be in it.
                Object::Word(word) if word == b"endobj" || word == b">>" => break,
                object => array.push(object),
            }
        }
        Object::Array(array.into())
    }

    fn dictionary(&mut self, depth: usize) -> Object {
        let mut dictionary = Dictionary::new();
        while let Some(key) = self.member(depth) {
            match key {
                Object::Name(name) => {
                    let before = self.at;
                    let Some(value) = self.object(depth) else { break };
                    if value == Object::Word(b">>".to_vec()) {
                        self.at = before;
                        continue;
                    }
                    dictionary.insert(name, value);
                }
                Object::Word(word) if word == b">>" || word == b"endobj" || word == b"stream" => break,
                _ => {}
            }
        }
        Object::Dictionary(Rc::new(dictionary))
    }

    fn number_or_reference(&mut self) -> Object {
        let number = self.number();
        let after = self.at;
        if number >= 0.0
            && number.fract() == 0.0
            && number <= f64::from(u32::MAX)
            && self.is_generation()
            && self.is_word(b'R')
        {
            return Object::Reference(number as u32);
        }
        self.at = after;
        Object::Number(number)
    }

    fn number(&mut self) -> f64 {
        let start = self.at;
        self.at += 1;
        while self.bytes.get(self.at).is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        text.parse().ok().filter(|number: &f64| number.is_finite()).unwrap_or(0.0)
    }

    fn is_generation(&mut self) -> bool {
        self.skip_blanks();
        let start = self.at;
        while self.at < start + 5 && self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at > start && self.bytes.get(self.at).is_some_and(|byte| is_blank(*byte))
    }

    fn is_word(&mut self, word: u8) -> bool {
        self.skip_blanks();
        let ends = self.bytes.get(self.at + 1).is_none_or(|byte| is_blank(*byte) || is_delimiter(*byte));
        let is = self.bytes.get(self.at) == Some(&word) && ends;
        self.at += usize::from(is);
        is
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0c | 0)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}
