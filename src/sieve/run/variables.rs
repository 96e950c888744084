//! Variables, what wildcards stood for, and the strings they are put into (RFC 5229).

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::limits::{TEXT_BYTES_MAX, VARIABLE_BYTES_MAX, VARIABLES_MAX};
use super::super::tree::{Modifier, Piece, Text};

/// The values of one run.
#[derive(Default)]
pub(super) struct Variables {
    values: HashMap<String, String>,
    matches: Vec<String>,
}

impl Variables {
    /// What a string says now.
    pub(super) fn fill<'t>(&'t self, text: &'t Text) -> Cow<'t, str> {
        if let Some(constant) = text.constant() {
            return Cow::Borrowed(constant);
        }
        let mut filled = String::new();
        for piece in &text.0 {
            let part = match piece {
                Piece::Literal(text) => text,
                Piece::Variable(name) => self.get(name),
                Piece::Match(index) => self.matches.get(*index).map_or("", String::as_str),
            };
            filled.push_str(beginning(part, TEXT_BYTES_MAX - filled.len()));
        }
        Cow::Owned(filled)
    }

    /// What strings say now.
    pub(super) fn fill_all<'t>(&'t self, texts: &'t [Text]) -> Vec<Cow<'t, str>> {
        texts.iter().map(|text| self.fill(text)).collect()
    }

    /// The value of a variable, empty when it was never set.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Sets a variable. False when there are too many.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        if !self.values.contains_key(name) && self.values.len() >= VARIABLES_MAX {
            return false;
        }
        self.values.insert(name.to_owned(), beginning(value, VARIABLE_BYTES_MAX).to_owned());
        true
    }

    /// Notes what a `:matches` has found; nothing is noted for other match types.
    pub(super) fn note(&mut self, matches: Vec<String>) {
        if !matches.is_empty() {
            self.matches = matches;
        }
    }
}

/// The longest beginning of so many bytes at most.
fn beginning(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// A value after one modifier (RFC 5229 §4.1).
pub(super) fn modified(value: &str, modifier: Modifier) -> String {
    let first = |change: fn(&char) -> char| {
        let mut chars = value.chars();
        let first = chars.next().map(|char| change(&char));
        first.into_iter().chain(chars).collect()
    };
    match modifier {
        Modifier::Lower => value.to_ascii_lowercase(),
        Modifier::Upper => value.to_ascii_uppercase(),
        Modifier::LowerFirst => first(char::to_ascii_lowercase),
        Modifier::UpperFirst => first(char::to_ascii_uppercase),
        Modifier::QuoteWildcard => {
            let mut quoted = String::with_capacity(value.len());
            for char in value.chars() {
                if matches!(char, '*' | '?' | '\\') {
                    quoted.push('\\');
                }
                quoted.push(char);
            }
            quoted
        }
        Modifier::Length => value.chars().count().to_string(),
    }
}

/// Flags of several strings, each of which may hold several, without repetitions (RFC 5232 §2).
pub(super) fn flags<'f>(texts: impl IntoIterator<Item = &'f str>) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    for flag in texts.into_iter().flat_map(str::split_ascii_whitespace) {
        if !flags.iter().any(|known| known.eq_ignore_ascii_case(flag)) {
            flags.push(flag.to_owned());
        }
    }
    flags
}
