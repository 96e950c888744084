//! What is looked for.

use std::ops::Bound;

use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, InvertedIndexRangeQuery, Occur, PhrasePrefixQuery,
    PhraseQuery, TermQuery,
};
use tantivy::schema::{self, IndexRecordOption};
use tantivy::{Score, Term};

use super::Field;
use super::fields::Columns;
use crate::AccountId;

/// Most words that the last, unfinished word of a phrase may stand for.
const PHRASE_EXPANSIONS_MAX: u32 = 1000;

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
pub(super) fn compile(columns: &Columns, owner: AccountId, query: &Query, ranked: bool) -> Compiled {
    let mine = Term::from_field_u64(columns.owner, u64::from(owner.0));
    let mine: Compiled = Box::new(TermQuery::new(mine, IndexRecordOption::Basic));
    let compiler = Compiler { columns, ranked };
    let wanted = compiler.query(query);
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(ConstScoreQuery::new(mine, 0.0))), (Occur::Must, wanted)]))
}

struct Compiler<'c> {
    columns: &'c Columns,
    ranked: bool,
}

impl Compiler<'_> {
    fn query(&self, query: &Query) -> Compiled {
        match query {
            Query::Everything => Box::new(AllQuery),
            Query::Word { fields, word } => self.in_any(fields, |field| {
                let record = if self.ranked { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
                Box::new(TermQuery::new(Term::from_field_text(field, word), record))
            }),
            Query::Prefix { fields, prefix } => self.in_any(fields, |field| prefixed(field, prefix)),
            Query::Phrase { fields, words, unfinished } => {
                self.in_any(fields, |field| phrase(field, words, *unfinished))
            }
            Query::All(all) => self.combined(Occur::Must, all),
            Query::Any(any) => self.combined(Occur::Should, any),
            Query::Weighed(query, weight) => Box::new(tantivy::query::BoostQuery::new(self.query(query), *weight)),
        }
    }

    fn in_any(&self, fields: &[Field], one: impl Fn(schema::Field) -> Compiled) -> Compiled {
        let mut all: Vec<Compiled> = fields.iter().map(|field| one(self.columns.text(*field))).collect();
        match all.len() {
            1 => all.remove(0),
            _ => Box::new(BooleanQuery::union(all)),
        }
    }

    fn combined(&self, occur: Occur, all: &[Query]) -> Compiled {
        match all {
            [] if occur == Occur::Must => Box::new(AllQuery),
            [] => Box::new(EmptyQuery),
            [one] => self.query(one),
            all => Box::new(BooleanQuery::new(all.iter().map(|query| (occur, self.query(query))).collect())),
        }
    }
}

fn prefixed(field: schema::Field, prefix: &str) -> Compiled {
    let first = Term::from_field_text(field, prefix);
    // No byte of UTF-8 is greater.
    let mut end = prefix.as_bytes().to_vec();
    end.push(0xff);
    let mut last = Term::from_field_text(field, "");
    last.append_bytes(&end);
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
