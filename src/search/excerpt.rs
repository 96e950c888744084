//! What a result looks like: who wrote it about what, and where in its text the words stand.

use std::collections::HashSet;

use mailstead_storage::{BlobId, Error, Store, Word};
use serde::{Deserialize, Serialize};

use super::language::Language;
use super::query::{Term, Wanted};
use super::{language, source, words};
use crate::message::text::texts;
use crate::message::{Address, words as encoded};

/// Most places of a text that are shown.
pub const PIECES_MAX: usize = 2;
/// Characters before and after a word that are shown.
const AROUND_CHARACTERS: usize = 70;
/// Bytes of a text in which words are looked for.
const TEXT_BYTES_MAX: usize = 200_000;

/// What a message looks like in a list of results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Excerpt {
    /// The subject.
    pub subject: String,
    /// Who wrote it: a name, or else an address.
    pub from: String,
    /// The names of its attachments.
    pub attachments: Vec<String>,
    /// Pieces of its text; those that are `true` are words that were looked for.
    pub text: Vec<(String, bool)>,
}

/// The words that a query looks for.
pub(super) struct Words {
    /// As they are compared.
    whole: HashSet<String>,
    beginnings: Vec<String>,
}

impl Words {
    pub(super) fn of(wanted: &Wanted) -> Words {
        let mut words = Words { whole: HashSet::new(), beginnings: Vec::new() };
        words.collect(wanted);
        words
    }

    fn collect(&mut self, wanted: &Wanted) {
        match wanted {
            Wanted::All(all) | Wanted::Any(all) => all.iter().for_each(|one| self.collect(one)),
            Wanted::Term(Term::Text(text)) => words::each(&text.text, |word| {
                if text.unfinished {
                    self.beginnings.push(word.folded.to_owned());
                } else {
                    if !text.exact && !word.is_piece {
                        self.whole.extend(language::stems(word.lower, word.folded));
                    }
                    self.whole.insert(word.folded.to_owned());
                }
            }),
            Wanted::Not(_) | Wanted::Term(_) => {}
        }
    }

    fn has(&self, word: words::Word, languages: &[Language]) -> bool {
        self.whole.contains(word.folded)
            || self.beginnings.iter().any(|beginning| word.folded.starts_with(beginning))
            || (self.may_have_form(word)
                && languages.iter().any(|language| self.whole.contains(&language.stem(word.lower))))
    }

    /// Forms of a word begin alike: what does not is not reduced, which takes time.
    fn may_have_form(&self, word: words::Word) -> bool {
        let first = word.folded.chars().next();
        !word.is_piece && self.whole.iter().any(|wanted| wanted.chars().next() == first)
    }
}

/// The excerpt of a message; an empty one when it is gone.
///
/// # Errors
/// `Io`, `Corrupt`.
pub(super) fn of(store: &Store, blob: BlobId, words: &Words) -> Result<Excerpt, Error> {
    let made = source::with(store, blob, |outline, bytes| {
        let texts = texts(outline, |range| bytes.range(range))?;
        let mut text = around(&texts.body, words);
        if !text.iter().any(|(_, is_hit)| *is_hit) {
            let attached = around(&texts.attached, words);
            if attached.iter().any(|(_, is_hit)| *is_hit) {
                text = attached;
            }
        }
        let subject = outline.envelope.subject.as_deref().map(encoded::decode).unwrap_or_default();
        let from = outline.envelope.from.first().map(shown).unwrap_or_default();
        Ok(Excerpt { subject, from, attachments: texts.names, text })
    });
    match made {
        Err(error) if error.word == Word::NotFound => Ok(Excerpt::default()),
        made => made,
    }
}

fn shown(address: &Address) -> String {
    let decoded = |part: &Option<_>| part.as_deref().map(encoded::decode).unwrap_or_default();
    match decoded(&address.name) {
        name if name.is_empty() => format!("{}@{}", decoded(&address.mailbox), decoded(&address.host)),
        name => name,
    }
}

/// The first places where words stand, or the text's beginning.
fn around(text: &str, wanted: &Words) -> Vec<(String, bool)> {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let languages = Language::of(text);
    let mut hits: Vec<(usize, usize)> = Vec::new();
    let mut end_of_last = 0;
    words::each(text, |word| {
        let is_near = hits.last().is_some_and(|(_, end)| word.start - end.min(&word.start) < AROUND_CHARACTERS);
        if (hits.len() < PIECES_MAX || (is_near && hits.len() < 8 * PIECES_MAX))
            && word.start >= end_of_last
            && wanted.has(word, &languages)
        {
            hits.push((word.start, word.end));
            end_of_last = word.end;
        }
    });
    let Some((first, _)) = hits.first() else {
        let beginning: String = text.chars().take(2 * AROUND_CHARACTERS).collect();
        return vec![(tidy(&beginning), false)];
    };
    let mut pieces = Vec::new();
    let mut at = before(text, *first);
    for (number, (start, end)) in hits.iter().enumerate() {
        let gap_start = before(text, *start);
        if number > 0 && gap_start > after(text, at) {
            pieces.push((tidy(&text[at..after(text, at)]), false));
            pieces.push((" … ".to_owned(), false));
            at = gap_start;
        }
        pieces.push((tidy(&text[at..*start]), false));
        pieces.push((text[*start..*end].to_owned(), true));
        at = *end;
    }
    pieces.push((tidy(&text[at..after(text, at)]), false));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

fn before(text: &str, at: usize) -> usize {
    text[..at].char_indices().rev().nth(AROUND_CHARACTERS - 1).map_or(0, |(index, _)| index)
}

fn after(text: &str, at: usize) -> usize {
    text[at..].char_indices().nth(AROUND_CHARACTERS).map_or(text.len(), |(index, _)| at + index)
}

/// Runs of white space as one space.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for character in text.chars() {
        let blank = character.is_whitespace() || character.is_control();
        if !blank {
            tidy.push(character);
        } else if !tidy.ends_with(' ') {
            tidy.push(' ');
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::parse;

    #[test]
    fn places() {
        let check = |query: &str, text: &str, expected: &str| {
            let wanted = parse(query, mailstead_storage::Time(0)).expect("a query");
            let pieces = around(text, &Words::of(&wanted));
            let shown: String =
                pieces.iter().map(|(piece, hit)| if *hit { format!("[{piece}]") } else { piece.clone() }).collect();
            assert_eq!(shown, expected, "{query}");
        };
        check("house", "The  Houses\nstand", "The [Houses] stand");
        check("\"house\"", "The houses stand", "The houses stand");
        check("hou* -stand", "The houses stand", "The [houses] stand");
        check("grusse", "Viele Grüße!", "Viele [Grüße]!");
        check("日本語", "これは日本語です", "これは[日本]語です");
        let long = format!("{} one {} two", "x ".repeat(200), "y ".repeat(200));
        let pieces = around(&long, &Words::of(&parse("one two", mailstead_storage::Time(0)).expect("a query")));
        let length: usize = pieces.iter().map(|(piece, _)| piece.len()).sum();
        assert!(pieces.iter().filter(|(_, hit)| *hit).count() == 2 && length < 400, "{pieces:?}");
    }
}
