//! What people look for, in the language in which they write it:
//! `from:anna subject:"offer 2026" has:attachment before:2026-03 larger:5m -is:unread`.
//!
//! All conditions must hold; `OR` between two asks for one of them, parentheses group, `-` turns a condition around. A
//! word finds its other forms too, `invoi*` all words that begin so, and what is in quotes only itself. What is no
//! condition is a word: nothing but a condition that cannot be understood is an error.

mod parse;
mod text;

pub use parse::{Fault, parse};
pub use text::{loosely, text};

use mailstead_storage::search::Field;

/// A tree of conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// All of these.
    All(Vec<Wanted>),
    /// Any of these.
    Any(Vec<Wanted>),
    /// Not this.
    Not(Box<Wanted>),
    /// One condition.
    Term(Term),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// Words in these fields.
    Text(Words),
    /// A thing of this kind in the message: `attachment`, `pdf`, …
    Has(String),
    /// In the mailbox of this name, or one below it.
    In(String),
    /// A state.
    Is(State),
    /// Received before this moment, seconds since 1970 in UTC.
    Before(i64),
    /// Received then or later, seconds since 1970 in UTC.
    Since(i64),
    /// Of more bytes.
    Larger(u64),
    /// Of fewer bytes.
    Smaller(u64),
}

/// Words to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// Where.
    pub fields: &'static [Field],
    /// What was written, without quotes and asterisk.
    pub text: String,
    /// As it stands, or in other forms of the word too?
    pub exact: bool,
    /// Is the last word only the beginning of one?
    pub unfinished: bool,
}

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum State {
    Unread,
    Read,
    Flagged,
    Answered,
    Draft,
    Deleted,
}

/// Where a word that says nothing of it is looked for.
pub const EVERYWHERE: &[Field] = &[
    Field::Subject,
    Field::Body,
    Field::From,
    Field::To,
    Field::Cc,
    Field::Bcc,
    Field::Attachment,
    Field::Name,
    Field::List,
    Field::Header,
];
