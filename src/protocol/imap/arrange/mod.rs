//! Messages in an order that the client asks for (SORT and THREAD, RFC 5256): what must be known of each message,
//! and what becomes of it. Pure.

mod sort;
mod subject;
mod thread;

use std::cmp::Ordering;

use mailstead_storage::{Record, Uid};

use sort::Value;
pub use sort::{Criterion, SortKey};
use thread::Letter;

use super::fuzzy::Scores;
use crate::message::Outline;

/// How messages are arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrangement {
    /// By these keys, the first before all. Messages fit what was searched for so well.
    Sort(Vec<SortKey>, Scores),
    /// Threads of one base subject (ORDEREDSUBJECT).
    Subjects,
    /// Threads of messages that refer to each other (REFERENCES).
    References,
}

/// What is known of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    uid: Uid,
    facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Facts {
    Values(Vec<Value>),
    Letter(Letter),
}

/// One word of an arrangement as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A thread, or a branch of one, begins.
    Open,
    /// It ends.
    Close,
    /// A message.
    Message(Uid),
}

impl Row {
    /// Whose it is.
    pub fn uid(&self) -> Uid {
        self.uid
    }
}

impl Arrangement {
    /// Takes in how well messages fit, where the order depends on it.
    pub fn score(&mut self, found: &Scores) {
        if let Arrangement::Sort(keys, scores) = self
            && keys.iter().any(|key| key.criterion == Criterion::Relevancy)
        {
            scores.clone_from(found);
        }
    }

    /// Is the outline needed for a [`Row`]?
    pub fn needs_outline(&self) -> bool {
        match self {
            Arrangement::Sort(keys, _) => keys.iter().any(|key| key.criterion.needs_outline()),
            _ => true,
        }
    }

    /// What must be known of a message.
    pub fn row(&self, record: &Record, outline: Option<&Outline<'_>>) -> Row {
        let facts = match self {
            Arrangement::Sort(keys, scores) => {
                let value = |key: &SortKey| match key.criterion {
                    // The highest first (RFC 6203 §6).
                    Criterion::Relevancy => Value::Number(-i64::from(scores.of(record.uid))),
                    criterion => criterion.value(record, outline),
                };
                Facts::Values(keys.iter().map(value).collect())
            }
            _ => Facts::Letter(Letter::new(record, outline)),
        };
        Row { uid: record.uid, facts }
    }

    /// Which of two messages comes first when they are sorted.
    pub fn compare(&self, left: &Row, right: &Row) -> Ordering {
        let by_uid = left.uid.cmp(&right.uid);
        let (Facts::Values(a), Facts::Values(b), Arrangement::Sort(keys, _)) = (&left.facts, &right.facts, self) else {
            return by_uid;
        };
        let orders = a.iter().zip(b).zip(keys).map(|((a, b), key)| if key.reverse { b.cmp(a) } else { a.cmp(b) });
        orders.fold(Ordering::Equal, Ordering::then).then(by_uid)
    }

    /// Arranges messages.
    pub fn arrange(&self, mut rows: Vec<Row>) -> Vec<Token> {
        match self {
            Arrangement::Sort(..) => {
                rows.sort_by(|left, right| self.compare(left, right));
                rows.iter().map(|row| Token::Message(row.uid)).collect()
            }
            Arrangement::Subjects => thread::by_subject(letters(rows)),
            Arrangement::References => thread::by_references(letters(rows)),
        }
    }
}

fn letters(rows: Vec<Row>) -> Vec<Letter> {
    let letter = |row: Row| if let Facts::Letter(letter) = row.facts { Some(letter) } else { None };
    rows.into_iter().filter_map(letter).collect()
}
