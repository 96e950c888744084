//! Text → tokens (RFC 5228 §8.1).

use super::fault::{Fault, Position};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `fileinto`, in lower case.
    Word(String),
    /// `:contains`, in lower case, without its colon.
    Tag(String),
    /// `100K`
    Number(u64),
    /// A quoted or multi-line string, its quoting undone.
    Text(String),
    /// One of `( ) [ ] { } , ;`
    Mark(char),
    /// The end of the script.
    End,
}

/// Cuts a script into tokens.
pub(super) struct Lexer<'s> {
    rest: &'s str,
    at: Position,
}

impl<'s> Lexer<'s> {
    /// At the start of a script.
    pub(super) fn new(script: &'s str) -> Lexer<'s> {
        Lexer { rest: script.strip_prefix('\u{feff}').unwrap_or(script), at: Position { line: 1, column: 1 } }
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token, Position), Fault> {
        self.skip_white_space()?;
        let at = self.at;
        let Some(first) = self.rest.chars().next() else { return Ok((Token::End, at)) };
        let token = match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' => {
                self.take(1);
                Token::Mark(first)
            }
            '"' => self.quoted()?,
            ':' => {
                self.take(1);
                Token::Tag(self.word().ok_or_else(|| Fault::new(at, "a word is missing after the colon"))?)
            }
            '0'..='9' => self.number()?,
            _ => self.word_or_text(at, first)?,
        };
        Ok((token, at))
    }

    /// Goes on by so many bytes.
    fn take(&mut self, bytes: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(bytes);
        for char in taken.chars() {
            if char == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn skip_white_space(&mut self) -> Result<(), Fault> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.take(blank);
            if self.rest.starts_with('#') {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                let end = self.rest.find("*/").ok_or_else(|| Fault::new(self.at, "this comment has no end"))?;
                self.take(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let is_inner = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let length = self.rest.find(|char| !is_inner(char)).unwrap_or(self.rest.len());
        let begins = self.rest.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        begins.then(|| self.take(length).to_ascii_lowercase())
    }

    fn word_or_text(&mut self, at: Position, first: char) -> Result<Token, Fault> {
        let Some(word) = self.word() else {
            return Err(Fault::new(at, format!("{first:?} means nothing here")));
        };
        if word == "text" && self.rest.starts_with(':') { self.multi_line(at) } else { Ok(Token::Word(word)) }
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let at = self.at;
        let too_big = || Fault::new(at, "this number is too big");
        let digits = self.rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(self.rest.len());
        let number: u64 = self.take(digits).parse().map_err(|_| too_big())?;
        let shift = match self.rest.chars().next().map(|char| char.to_ascii_uppercase()) {
            Some('K') => 10,
            Some('M') => 20,
            Some('G') => 30,
            _ => return Ok(Token::Number(number)),
        };
        self.take(1);
        number.checked_mul(1 << shift).map(Token::Number).ok_or_else(too_big)
    }

    fn quoted(&mut self) -> Result<Token, Fault> {
        let at = self.at;
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((index, char)) = chars.next() {
            match char {
                '"' => {
                    self.take(index + 1);
                    return Ok(Token::Text(text));
                }
                '\\' => text.extend(chars.next().map(|(_, char)| char)),
                '\0' => break,
                _ => text.push(char),
            }
        }
        Err(Fault::new(at, "this string has no closing quote"))
    }

    /// After `text:`: the lines up to one with a lone dot (RFC 5228 §2.4.2).
    fn multi_line(&mut self, at: Position) -> Result<Token, Fault> {
        self.take(1);
        let head = self.rest.find('\n').ok_or_else(|| Fault::new(at, "the text should begin on the next line"))?;
        let after = self.rest[..head].trim_matches([' ', '\t', '\r']);
        if !after.is_empty() && !after.starts_with('#') {
            return Err(Fault::new(self.at, "the text should begin on the next line"));
        }
        self.take(head + 1);
        let mut text = String::new();
        while !self.rest.is_empty() {
            let line = self.take(self.rest.find('\n').map_or(self.rest.len(), |end| end + 1));
            if line.trim_end_matches(['\r', '\n']) == "." {
                return Ok(Token::Text(text));
            }
            text.push_str(if line.starts_with("..") { &line[1..] } else { line });
        }
        Err(Fault::new(at, "this text has no end: a line with a lone dot"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(script: &str) -> Result<Vec<Token>, String> {
        let (mut lexer, mut found) = (Lexer::new(script), Vec::new());
        loop {
            match lexer.next() {
                Ok((Token::End, _)) => return Ok(found),
                Ok((token, _)) => found.push(token),
                Err(fault) => return Err(fault.to_string()),
            }
        }
    }

    #[test]
    fn tokens_of_all_kinds() {
        let word = |text: &str| Token::Word(text.into());
        let text = |text: &str| Token::Text(text.into());
        let check = |script: &str, expected: &[Token]| assert_eq!(tokens(script).as_deref(), Ok(expected), "{script}");
        check("", &[]);
        check("Keep;", &[word("keep"), Token::Mark(';')]);
        check("# a\r\nstop /* b\n */ ; ", &[word("stop"), Token::Mark(';')]);
        check(":OVER 100k", &[Token::Tag("over".into()), Token::Number(102_400)]);
        check(
            "[\"a\\\"\\\\b\", \"\"]",
            &[Token::Mark('['), text("a\"\\b"), Token::Mark(','), text(""), Token::Mark(']')],
        );
        check("text: # note\r\none\r\n..two\r\n.\r\n;", &[text("one\r\n.two\r\n"), Token::Mark(';')]);
        check("text:\n.\n", &[text("")]);
    }

    #[test]
    fn what_is_no_token() {
        let check = |script: &str, expected: &str| assert_eq!(tokens(script), Err(expected.to_owned()), "{script}");
        check("keep;\n  ?", "line 2, column 3: '?' means nothing here");
        check("\"abc", "line 1, column 1: this string has no closing quote");
        check("/* x", "line 1, column 1: this comment has no end");
        check(": ", "line 1, column 1: a word is missing after the colon");
        check("99999999999999999999", "line 1, column 1: this number is too big");
        check("20000000000G", "line 1, column 1: this number is too big");
        check("text:\nabc", "line 1, column 1: this text has no end: a line with a lone dot");
        check("text: x\n.\n", "line 1, column 6: the text should begin on the next line");
    }
}
