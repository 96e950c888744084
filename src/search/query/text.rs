//! Words to look for as the index has them.

use mailstead_storage::search::{Field, Query, Test};

use super::Words;
use crate::search::document::whole;
use crate::search::language::{self, Language};
use crate::search::words;

/// Fields that know addresses and ids as wholes.
const WHOLES: [Field; 6] = [Field::From, Field::To, Field::Cc, Field::Bcc, Field::List, Field::Header];
/// Fields of what people read.
const READ: [Field; 3] = [Field::Subject, Field::Body, Field::Attachment];
/// How much more a word itself counts than its other forms, and what stands in the subject than what does not.
const SELF_WEIGHT: f32 = 3.0;

/// What to look for in the index.
pub fn text(wanted: &Words) -> Query {
    let Words { fields, text, exact, unfinished } = wanted;
    let parts = parts(text);
    let words = match &parts[..] {
        [] => Query::All(Vec::new()),
        [one] => word(fields, one, *exact, *unfinished),
        many => together(fields, many, *unfinished),
    };
    let as_a_whole: Vec<Field> = fields.iter().copied().filter(|field| WHOLES.contains(field)).collect();
    let is_whole = text.contains(['@', '.', '-', '+', '_']) && !as_a_whole.is_empty();
    match whole(text) {
        whole if is_whole && !whole.is_empty() => {
            Query::Any(vec![Query::Word { fields: as_a_whole, word: whole }, words])
        }
        _ => words,
    }
}

/// What to look for when all words of a text are to be there in any form and order (IMAP's FUZZY, RFC 6203).
pub fn loosely(fields: &'static [Field], text: &str) -> Query {
    let words = text
        .split_whitespace()
        .map(|word| self::text(&Words { fields, text: word.to_owned(), exact: false, unfinished: false }));
    Query::All(words.collect())
}

/// One word of a query.
struct Part {
    lower: String,
    folded: String,
    is_piece: bool,
    has_forms: bool,
    end: usize,
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    words::each(text, |word| {
        // The last character of a run of pieces is in the piece before it.
        let said = word.is_piece && parts.last().is_some_and(|last| last.is_piece && last.end == word.end);
        if !said {
            let (lower, folded) = (word.lower.to_owned(), word.folded.to_owned());
            let (is_piece, has_forms, end) = (word.is_piece, word.has_forms(), word.end);
            parts.push(Part { lower, folded, is_piece, has_forms, end });
        }
    });
    parts
}

fn word(fields: &[Field], part: &Part, exact: bool, unfinished: bool) -> Query {
    let fields = fields.to_vec();
    let is_one_character = part.is_piece && part.folded.chars().count() == 1;
    if unfinished || is_one_character {
        return Query::Prefix { fields, prefix: part.folded.clone() };
    }
    let itself = Query::Word { fields: fields.clone(), word: part.folded.clone() };
    let (stem_field, fields) = match &fields[..] {
        [Field::Subject] => (Field::SubjectStem, fields),
        all if all.contains(&Field::Body) => {
            (Field::Stem, all.iter().copied().filter(|field| READ.contains(field)).collect())
        }
        _ => return itself,
    };
    if exact || !part.has_forms {
        return itself;
    }
    let mut any = vec![Query::Weighed(Box::new(itself), SELF_WEIGHT)];
    let stems = language::stems(&part.lower, &part.folded).into_iter().chain([part.folded.clone()]);
    any.extend(stems.map(|stem| Query::Word { fields: vec![stem_field], word: stem }));
    any.extend(Language::all().map(|language| forms(&fields, language, language.stem(&part.lower))));
    Query::Any(any)
}

/// Words of this language that are reduced to this stem.
fn forms(fields: &[Field], language: Language, stem: String) -> Query {
    let beginning = language::beginning(&stem).to_owned();
    if beginning.len() < language::BEGINNING_BYTES_MIN {
        return Query::Any(Vec::new());
    }
    let is_of = Query::Word { fields: vec![Field::Language], word: language.code().to_owned() };
    let test = Test::new(move |word| language.stem(word) == stem);
    Query::All(vec![is_of, Query::Tested { fields: fields.to_vec(), beginning, test }])
}

/// Words side by side. Where the index does not know their order, all of them.
fn together(fields: &[Field], parts: &[Part], unfinished: bool) -> Query {
    let (ordered, loose): (Vec<Field>, Vec<Field>) = fields.iter().partition(|field| **field != Field::Header);
    let mut any = Vec::new();
    if !ordered.is_empty() {
        let words = parts.iter().map(|part| part.folded.clone()).collect();
        any.push(Query::Phrase { fields: ordered, words, unfinished });
    }
    if !loose.is_empty() {
        let word = |part: &Part| Query::Word { fields: loose.clone(), word: part.folded.clone() };
        any.push(Query::All(parts.iter().map(word).collect()));
    }
    Query::Any(any)
}
