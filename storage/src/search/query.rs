//! What is looked for.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, InvertedIndexRangeQuery, Occur, PhrasePrefixQuery,
    PhraseQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{self, IndexRecordOption};
use tantivy::{Score, Searcher, Term};

use super::Field;
use super::fields::Columns;
use crate::{AccountId, Result};

/// Most words that the last, unfinished word of a phrase may stand for.
const PHRASE_EXPANSIONS_MAX: u32 = 1000;
/// Most words that are tested for one condition.
const TESTED_WORDS_MAX: usize = 5000;

/// A test of words.
#[derive(Clone)]
pub struct Test(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Test {
    /// Passes what this does.
    pub fn new(passes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Test {
        Test(Arc::new(passes))
    }

    /// Does this word pass?
    pub fn passes(&self, word: &str) -> bool {
        (self.0)(word)
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a test")
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is looked for among one owner's documents. Words are prepared as those of the documents were. There is no *not*:
/// what the index does not find, it may not have read yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Every document.
    Everything,
    /// Documents that have the word in one of the fields.
    Word {
        /// Where.
        fields: Vec<Field>,
        /// Which.
        word: String,
    },
    /// Documents that have a word with this beginning in one of the fields.
    Prefix {
        /// Where.
        fields: Vec<Field>,
        /// Which beginning.
        prefix: String,
    },
    /// Documents that have a word with this beginning in one of the fields that passes a test. Of very many words with
    /// the beginning, not all are tested.
    Tested {
        /// Where.
        fields: Vec<Field>,
        /// Which beginning.
        beginning: String,
        /// Which of them.
        test: Test,
    },
    /// Documents that have these words side by side in one of the fields; each field must keep the order of its words.
    Phrase {
        /// Where.
        fields: Vec<Field>,
        /// Which, two or more.
        words: Vec<String>,
        /// Is the last one only the beginning of a word?
        unfinished: bool,
    },
    /// Documents that all of these find.
    All(Vec<Query>),
    /// Documents that any of these finds.
    Any(Vec<Query>),
    /// What this finds, weighed so much more when hits are ranked.
    Weighed(Box<Query>, Score),
}

type Compiled = Box<dyn tantivy::query::Query>;

/// The index's own query for what is looked for among this owner's documents.
pub(super) fn compile(
    searcher: &Searcher,
    columns: &Columns,
    owner: AccountId,
    query: &Query,
    ranked: bool,
) -> Result<Compiled> {
    let mine = Term::from_field_u64(columns.owner, u64::from(owner.0));
    let mine: Compiled = Box::new(TermQuery::new(mine, IndexRecordOption::Basic));
    let compiler = Compiler { searcher, columns, ranked };
    let Some(wanted) = compiler.query(query)? else { return Ok(Box::new(EmptyQuery)) };
    let mine = ConstScoreQuery::new(mine, 0.0);
    Ok(Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(mine)), (Occur::Must, wanted)])))
}

struct Compiler<'c> {
    searcher: &'c Searcher,
    columns: &'c Columns,
    ranked: bool,
}

impl Compiler<'_> {
    /// Nothing for what no document has.
    fn query(&self, query: &Query) -> Result<Option<Compiled>> {
        Ok(match query {
            Query::Everything => Some(Box::new(AllQuery)),
            Query::Word { fields, word } => self.word(fields, word)?,
            Query::Prefix { fields, prefix } => any_of(self.in_each(fields, |field| prefixed(field, prefix))),
            Query::Tested { fields, beginning, test } => self.tested(fields, beginning, test)?,
            Query::Phrase { fields, words, unfinished } => {
                any_of(self.in_each(fields, |field| phrase(field, words, *unfinished)))
            }
            Query::All(all) => self.all(all)?,
            Query::Any(any) => {
                let compiled = any.iter().map(|one| self.query(one)).collect::<Result<Vec<_>>>()?;
                any_of(compiled.into_iter().flatten().collect())
            }
            Query::Weighed(query, weight) => self
                .query(query)?
                .map(|compiled| -> Compiled { Box::new(tantivy::query::BoostQuery::new(compiled, *weight)) }),
        })
    }

    fn all(&self, all: &[Query]) -> Result<Option<Compiled>> {
        let mut compiled = Vec::with_capacity(all.len());
        for one in all {
            let Some(one) = self.query(one)? else { return Ok(None) };
            compiled.push(one);
        }
        Ok(Some(match compiled.len() {
            0 => Box::new(AllQuery),
            1 => compiled.remove(0),
            _ => Box::new(BooleanQuery::intersection(compiled)),
        }))
    }

    fn in_each(&self, fields: &[Field], one: impl Fn(schema::Field) -> Compiled) -> Vec<Compiled> {
        fields.iter().map(|field| one(self.columns.text(*field))).collect()
    }

    fn word(&self, fields: &[Field], word: &str) -> Result<Option<Compiled>> {
        let record = if self.ranked { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
        let mut any: Vec<Compiled> = Vec::new();
        for field in fields {
            let term = Term::from_field_text(self.columns.text(*field), word);
            if self.searcher.doc_freq(&term)? > 0 {
                any.push(Box::new(TermQuery::new(term, record)));
            }
        }
        Ok(any_of(any))
    }

    fn tested(&self, fields: &[Field], beginning: &str, test: &Test) -> Result<Option<Compiled>> {
        let words = self.words(fields, beginning)?;
        let words: Vec<&String> = words.iter().filter(|word| test.passes(word)).collect();
        let terms = |field: &Field| {
            let field = self.columns.text(*field);
            words.iter().map(move |word| Term::from_field_text(field, word))
        };
        let has_words = !words.is_empty();
        Ok(has_words.then(|| -> Compiled { Box::new(TermSetQuery::new(fields.iter().flat_map(terms))) }))
    }

    /// The words of these fields that have this beginning.
    fn words(&self, fields: &[Field], beginning: &str) -> Result<BTreeSet<String>> {
        let (from, end) = (beginning.as_bytes(), end_of(beginning));
        let mut words = BTreeSet::new();
        for segment in self.searcher.segment_readers() {
            for field in fields {
                let inverted = segment.inverted_index(self.columns.text(*field))?;
                let mut stream = inverted.terms().range().ge(from).lt(&end).into_stream()?;
                while words.len() < TESTED_WORDS_MAX && stream.advance() {
                    words.extend(std::str::from_utf8(stream.key()).map(str::to_owned));
                }
            }
        }
        Ok(words)
    }
}

fn any_of(mut any: Vec<Compiled>) -> Option<Compiled> {
    match any.len() {
        0 => None,
        1 => any.pop(),
        _ => Some(Box::new(BooleanQuery::union(any))),
    }
}

/// What comes after all words with this beginning: no byte of UTF-8 is greater.
fn end_of(beginning: &str) -> Vec<u8> {
    let mut end = beginning.as_bytes().to_vec();
    end.push(0xff);
    end
}

fn prefixed(field: schema::Field, prefix: &str) -> Compiled {
    let first = Term::from_field_text(field, prefix);
    let mut last = Term::from_field_text(field, "");
    last.append_bytes(&end_of(prefix));
    Box::new(InvertedIndexRangeQuery::new(Bound::Included(first), Bound::Excluded(last)))
}

fn phrase(field: schema::Field, words: &[String], unfinished: bool) -> Compiled {
    let terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    match (terms.len(), unfinished) {
        (0, _) => Box::new(EmptyQuery),
        (1, false) => Box::new(TermQuery::new(terms[0].clone(), IndexRecordOption::Basic)),
        (1, true) => prefixed(field, &words[0]),
        (_, false) => Box::new(PhraseQuery::new(terms)),
        (_, true) => {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(PHRASE_EXPANSIONS_MAX);
            Box::new(query)
        }
    }
}
