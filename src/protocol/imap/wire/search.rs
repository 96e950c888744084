//! What SEARCH asks for (RFC 3501 §6.4.4).

use mailstead_storage::Flags;

use super::{Parsed, Parser, SequenceSet, Syntax, day};

/// Deepest nesting of NOT, OR and parentheses.
pub const DEPTH_MAX: usize = 32;

/// Most keys in one search.
const KEYS_MAX: usize = 4096;

/// Most of them that look for a text in the bytes of messages: each reads all of them.
const TEXTS_MAX: usize = 64;

const TOO_COMPLEX: Syntax = Syntax("Search is too complex");

/// One search key. Days are counted from 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchKey {
    /// `ALL`
    All,
    /// These flags are set.
    Has(Flags),
    /// One of these flags is not set.
    Lacks(Flags),
    /// `RECENT`
    Recent,
    /// `KEYWORD`
    Keyword(String),
    /// A sequence set.
    Numbers(SequenceSet),
    /// `UID`
    Uids(SequenceSet),
    /// `LARGER`
    Larger(u32),
    /// `SMALLER`
    Smaller(u32),
    /// INTERNALDATE before this day.
    Before(i32),
    /// INTERNALDATE on or after this day.
    Since(i32),
    /// `Date` field before this day.
    SentBefore(i32),
    /// `Date` field on or after this day.
    SentSince(i32),
    /// A header field (`FROM`, …, `HEADER`) that contains the text.
    Header(String, String),
    /// `BODY`
    Body(String),
    /// `TEXT`
    Text(String),
    /// The words of a text in any form (RFC 6203): in a header field, `BODY` or `TEXT`.
    Fuzzy(String, String),
    /// FUZZY before a key that is exact by nature: what matches fits wholly (RFC 6203 §3).
    Exact(Box<SearchKey>),
    /// `MODSEQ` (RFC 7162)
    Modseq(u64),
    /// INTERNALDATE at least so many seconds ago (RFC 5032).
    Older(u32),
    /// INTERNALDATE at most so many seconds ago (RFC 5032).
    Younger(u32),
    /// Came into the mailbox before this day (RFC 8514).
    SavedBefore(i32),
    /// Came into the mailbox on or after this day (RFC 8514).
    SavedSince(i32),
    /// `EMAILID` (RFC 8474)
    EmailId(String),
    /// `THREADID` (RFC 8474)
    ThreadId(String),
    /// `NOT`
    Not(Box<SearchKey>),
    /// `OR`
    Or(Box<SearchKey>, Box<SearchKey>),
    /// All of these.
    And(Vec<SearchKey>),
}

/// Reads the keys of SEARCH up to the end of the command.
pub fn search_keys(parser: &mut Parser<'_>) -> Parsed<SearchKey> {
    let mut keys = Keys { count: 0, texts: 0 };
    let mut all = vec![keys.key(parser, 0)?];
    while parser.eat(b' ') && parser.peek().is_some() {
        all.push(keys.key(parser, 0)?);
    }
    parser.end()?;
    Ok(one_or_all(all))
}

/// Counts what is read.
struct Keys {
    count: usize,
    texts: usize,
}

impl Keys {
    fn key(&mut self, parser: &mut Parser<'_>, depth: usize) -> Parsed<SearchKey> {
        self.count += 1;
        if depth > DEPTH_MAX || self.count > KEYS_MAX {
            return Err(TOO_COMPLEX);
        }
        match parser.peek() {
            Some(b'(') => parser.list(|parser| self.key(parser, depth + 1)).map(one_or_all),
            Some(b'0'..=b'9' | b'*' | b'$') => SequenceSet::parse(parser).map(SearchKey::Numbers),
            _ => self.named(parser, depth),
        }
    }

    fn named(&mut self, parser: &mut Parser<'_>, depth: usize) -> Parsed<SearchKey> {
        let name = parser.atom()?.to_ascii_uppercase();
        if let Some(key) = flag(&name) {
            return Ok(key);
        }
        parser.space()?;
        match name.as_str() {
            "NOT" => Ok(not(self.key(parser, depth + 1)?)),
            "FUZZY" => Ok(fuzzy(self.key(parser, depth + 1)?)),
            "OR" => {
                let left = self.key(parser, depth + 1)?;
                parser.space()?;
                Ok(SearchKey::Or(Box::new(left), Box::new(self.key(parser, depth + 1)?)))
            }
            _ => {
                self.texts += usize::from(matches!(name.as_str(), "BODY" | "TEXT"));
                if self.texts > TEXTS_MAX { Err(TOO_COMPLEX) } else { argument(&name, parser) }
            }
        }
    }
}

/// The keys without arguments.
fn flag(name: &str) -> Option<SearchKey> {
    use SearchKey::{All, And, Has, Lacks, Recent};
    Some(match name {
        // When a message came into its mailbox is known of each.
        "ALL" | "SAVEDATESUPPORTED" => All,
        "ANSWERED" => Has(Flags::ANSWERED),
        "DELETED" => Has(Flags::DELETED),
        "DRAFT" => Has(Flags::DRAFT),
        "FLAGGED" => Has(Flags::FLAGGED),
        "SEEN" => Has(Flags::SEEN),
        "UNANSWERED" => Lacks(Flags::ANSWERED),
        "UNDELETED" => Lacks(Flags::DELETED),
        "UNDRAFT" => Lacks(Flags::DRAFT),
        "UNFLAGGED" => Lacks(Flags::FLAGGED),
        "UNSEEN" => Lacks(Flags::SEEN),
        "RECENT" => Recent,
        "NEW" => And(vec![Recent, Lacks(Flags::SEEN)]),
        "OLD" => not(Recent),
        _ => return None,
    })
}

/// The keys with one or two arguments.
fn argument(name: &str, parser: &mut Parser<'_>) -> Parsed<SearchKey> {
    use SearchKey::{
        And, Before, Body, EmailId, Header, Keyword, Larger, Older, SavedBefore, SavedSince, SentBefore, SentSince,
        Since, Smaller, Text, ThreadId, Uids, Younger,
    };
    Ok(match name {
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Header(name.to_string(), parser.astring_text()?),
        "HEADER" => {
            let field = parser.astring_text()?;
            parser.space()?;
            Header(field, parser.astring_text()?)
        }
        "BODY" => Body(parser.astring_text()?),
        "TEXT" => Text(parser.astring_text()?),
        "KEYWORD" => Keyword(parser.atom()?.to_string()),
        "UNKEYWORD" => not(Keyword(parser.atom()?.to_string())),
        "LARGER" => Larger(parser.number()?),
        "SMALLER" => Smaller(parser.number()?),
        "UID" => Uids(SequenceSet::parse(parser)?),
        "BEFORE" => Before(day(parser)?),
        "SINCE" => Since(day(parser)?),
        "ON" => on(day(parser)?, Since, Before),
        "SENTBEFORE" => SentBefore(day(parser)?),
        "SENTSINCE" => SentSince(day(parser)?),
        "SENTON" => on(day(parser)?, SentSince, SentBefore),
        "SAVEDBEFORE" => SavedBefore(day(parser)?),
        "SAVEDSINCE" => SavedSince(day(parser)?),
        "SAVEDON" => on(day(parser)?, SavedSince, SavedBefore),
        "OLDER" => Older(interval(parser)?),
        "YOUNGER" => Younger(interval(parser)?),
        "EMAILID" => EmailId(parser.atom()?.to_string()),
        "THREADID" => ThreadId(parser.atom()?.to_string()),
        "MODSEQ" => modseq(parser)?,
        _ => return Err(Syntax("Unknown search key")),
    })
    .map(|key| if let And(keys) = key { one_or_all(keys) } else { key })
}

fn on(day: i32, since: fn(i32) -> SearchKey, before: fn(i32) -> SearchKey) -> SearchKey {
    SearchKey::And(vec![since(day), before(day + 1)])
}

/// Seconds, at least one (RFC 5032 §4).
fn interval(parser: &mut Parser<'_>) -> Parsed<u32> {
    match parser.number()? {
        0 => Err(Syntax("Intervals begin at 1")),
        seconds => Ok(seconds),
    }
}

/// `MODSEQ ["/flags/\\Seen" all] 123`: we keep one modseq for all of a message's flags.
fn modseq(parser: &mut Parser<'_>) -> Parsed<SearchKey> {
    if parser.peek() == Some(b'"') {
        parser.string()?;
        parser.space()?;
        parser.atom()?;
        parser.space()?;
    }
    parser.number64().map(SearchKey::Modseq)
}

/// The key with its texts looked for in any form of their words; keys that are exact by nature stay so (RFC 6203 §3).
fn fuzzy(key: SearchKey) -> SearchKey {
    let inner = |key: Box<SearchKey>| Box::new(fuzzy(*key));
    match key {
        SearchKey::Header(field, text) if FUZZY_FIELDS.contains(&field.as_str()) => SearchKey::Fuzzy(field, text),
        SearchKey::Body(text) => SearchKey::Fuzzy("BODY".into(), text),
        SearchKey::Text(text) => SearchKey::Fuzzy("TEXT".into(), text),
        SearchKey::Not(key) => SearchKey::Exact(Box::new(SearchKey::Not(inner(key)))),
        SearchKey::Or(left, right) => SearchKey::Or(inner(left), inner(right)),
        SearchKey::And(keys) => SearchKey::And(keys.into_iter().map(fuzzy).collect()),
        already @ (SearchKey::Fuzzy(..) | SearchKey::Exact(_)) => already,
        exact => SearchKey::Exact(Box::new(exact)),
    }
}

/// The header fields that have keys of their own.
const FUZZY_FIELDS: [&str; 5] = ["BCC", "CC", "FROM", "SUBJECT", "TO"];

fn not(key: SearchKey) -> SearchKey {
    SearchKey::Not(Box::new(key))
}

fn one_or_all(mut keys: Vec<SearchKey>) -> SearchKey {
    match keys.len() {
        1 => keys.remove(0),
        _ => SearchKey::And(keys),
    }
}

impl SearchKey {
    /// The same search, with UIDs for all that depends on the moment: sequence numbers, and `$`.
    pub fn with_numbers(self, uids_of: &impl Fn(&SequenceSet) -> SequenceSet) -> SearchKey {
        let inner = |key: Box<SearchKey>| Box::new(key.with_numbers(uids_of));
        match self {
            SearchKey::Numbers(set) => SearchKey::Uids(uids_of(&set)),
            SearchKey::Uids(SequenceSet::Saved) => SearchKey::Uids(uids_of(&SequenceSet::Saved)),
            SearchKey::Not(key) => SearchKey::Not(inner(key)),
            SearchKey::Exact(key) => SearchKey::Exact(inner(key)),
            SearchKey::Or(left, right) => SearchKey::Or(inner(left), inner(right)),
            SearchKey::And(keys) => SearchKey::And(keys.into_iter().map(|key| key.with_numbers(uids_of)).collect()),
            other => other,
        }
    }

    /// Is a modseq asked for?
    pub fn names_modseq(&self) -> bool {
        self.any(&|key| matches!(key, SearchKey::Modseq(_)))
    }

    /// Does it have sequence numbers in it? `$` stands for none (RFC 5182).
    pub fn names_numbers(&self) -> bool {
        self.any(&|key| matches!(key, SearchKey::Numbers(set) if *set != SequenceSet::Saved))
    }

    /// Is FUZZY said of a key in it?
    pub fn names_fuzzy(&self) -> bool {
        self.any(&|key| matches!(key, SearchKey::Fuzzy(..) | SearchKey::Exact(_)))
    }

    /// Does it depend on what `$` stands for?
    pub fn names_saved(&self) -> bool {
        self.any(&|key| matches!(key, SearchKey::Numbers(SequenceSet::Saved) | SearchKey::Uids(SequenceSet::Saved)))
    }

    /// Is there such a key in it?
    fn any(&self, wanted: &dyn Fn(&SearchKey) -> bool) -> bool {
        wanted(self)
            || match self {
                SearchKey::Not(key) | SearchKey::Exact(key) => key.any(wanted),
                SearchKey::Or(left, right) => left.any(wanted) || right.any(wanted),
                SearchKey::And(keys) => keys.iter().any(|key| key.any(wanted)),
                _ => false,
            }
    }
}
