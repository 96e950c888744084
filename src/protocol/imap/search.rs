//! Which messages match a search (RFC 3501 §6.4.4). A search is compiled against the selected mailbox into
//! a [`Program`] whose cheap keys come first: flags, numbers, sizes and dates are decided on records,
//! addresses, subject and sent dates on outlines, and only what is left on the bytes. Pure.

use mailstead_storage::{BlobId, Flags, Modseq, Record, Time, UidSet};

use super::fuzzy::Fuzzy;
use super::selected::Selected;
use super::uids::intersection;
use super::wire::{SearchKey, blob_of};
use crate::message::search::Needle;

const DAY_SECONDS: i64 = 86_400;

/// The relevancy of what matches exactly (RFC 6203 §4).
const FITS_WHOLLY: u8 = 100;

/// A search ready to run.
#[derive(Debug, Clone)]
pub enum Program {
    /// Every message, or none.
    Always(bool),
    /// All of these flags are set.
    Has(Flags),
    /// Its UID is in this set.
    Uids(UidSet),
    /// More bytes than this.
    Larger(u32),
    /// Fewer bytes than this.
    Smaller(u32),
    /// INTERNALDATE on or after this second.
    Since(i64),
    /// Came into the mailbox on or after this second.
    SavedSince(i64),
    /// These bytes.
    Blob(BlobId),
    /// At least this modseq.
    Modseq(Modseq),
    /// `Date` field on or after this second, its zone left out. A message without one is on no side.
    SentSince(i64),
    /// `Date` field before this second.
    SentBefore(i64),
    /// A header field that contains the text.
    Header(String, Needle),
    /// The text somewhere in the body.
    Body(Needle),
    /// The text somewhere in the message.
    Text(Needle),
    /// Words in any form, as the index finds them.
    Fuzzy(Fuzzy),
    /// This; what matches fits wholly.
    Exact(Box<Program>),
    /// Not this.
    Not(Box<Program>),
    /// One of these.
    Any(Vec<Program>),
    /// All of these.
    All(Vec<Program>),
}

/// What a key needs to be decided, the cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The record.
    Record,
    /// The outline.
    Outline,
    /// The message's bytes.
    Bytes,
}

/// A message that is looked at. What it needs is read when it is first asked for.
pub trait Message {
    /// Its record.
    fn record(&self) -> &Record;

    /// The moment of its `Date` field as written, seconds since 1970-01-01, its zone left out.
    fn sent(&mut self) -> Option<i64>;

    /// Does this header field contain the text?
    fn header(&mut self, field: &str, needle: &Needle) -> bool;

    /// How well does it fit what the index looks for, from 1 to 100? 0 when it does not.
    fn score(&mut self, fuzzy: &Fuzzy) -> u8;

    /// Does the body contain the text?
    fn body(&mut self, needle: &Needle) -> bool;

    /// Does the message, its header included, contain the text?
    fn text(&mut self, needle: &Needle) -> bool;
}

impl Program {
    /// The program of these keys in this mailbox, where sequence numbers and keywords have a meaning.
    pub fn compile(key: &SearchKey, mailbox: &Selected, now: Time) -> Program {
        match key {
            SearchKey::All => Program::Always(true),
            SearchKey::Has(flags) => Program::Has(*flags),
            SearchKey::Lacks(flags) => not(Program::Has(*flags)),
            SearchKey::Recent => Program::Uids(mailbox.recent.clone()),
            SearchKey::Keyword(name) => mailbox.keyword(name).map_or(Program::Always(false), Program::Has),
            SearchKey::Numbers(set) => Program::Uids(mailbox.by_number(set)),
            SearchKey::Uids(set) => Program::Uids(mailbox.by_uid(set)),
            SearchKey::Larger(size) => Program::Larger(*size),
            SearchKey::Smaller(size) => Program::Smaller(*size),
            SearchKey::Since(day) => Program::Since(seconds(*day)),
            SearchKey::Before(day) => not(Program::Since(seconds(*day))),
            SearchKey::Younger(age) => Program::Since(now.seconds() as i64 - i64::from(*age)),
            SearchKey::Older(age) => not(Program::Since(now.seconds() as i64 - i64::from(*age) + 1)),
            SearchKey::SavedSince(day) => Program::SavedSince(seconds(*day)),
            SearchKey::SavedBefore(day) => not(Program::SavedSince(seconds(*day))),
            SearchKey::EmailId(id) => blob_of(id).map_or(Program::Always(false), Program::Blob),
            SearchKey::ThreadId(_) => Program::Always(false),
            SearchKey::SentSince(day) => Program::SentSince(seconds(*day)),
            SearchKey::SentBefore(day) => Program::SentBefore(seconds(*day)),
            SearchKey::Modseq(modseq) => Program::Modseq(*modseq),
            SearchKey::Header(field, text) => Program::Header(field.clone(), Needle::new(text)),
            SearchKey::Body(text) => Program::Body(Needle::new(text)),
            SearchKey::Text(text) => Program::Text(Needle::new(text)),
            SearchKey::Fuzzy(place, text) => Program::Fuzzy(Fuzzy::new(place, text)),
            SearchKey::Exact(key) => Program::Exact(Box::new(Program::compile(key, mailbox, now))),
            SearchKey::Not(key) => not(Program::compile(key, mailbox, now)),
            SearchKey::Or(left, right) => {
                Program::Any(cheapest_first([left.as_ref(), right.as_ref()].into_iter(), mailbox, now))
            }
            SearchKey::And(keys) => Program::All(cheapest_first(keys.iter(), mailbox, now)),
        }
    }

    /// The messages that may match.
    pub fn candidates(&self, mailbox: &Selected) -> UidSet {
        let all = mailbox.uids.all();
        match self {
            Program::Uids(uids) => UidSet(intersection(&all.0, &uids.0)),
            Program::Always(false) => UidSet::default(),
            Program::Exact(program) => program.candidates(mailbox),
            Program::All(programs) => programs.iter().fold(all, |left, program| match program {
                Program::Uids(uids) => UidSet(intersection(&left.0, &uids.0)),
                _ => left,
            }),
            _ => all,
        }
    }

    /// Is there a key in it that needs just this?
    pub fn has(&self, needs: Needs) -> bool {
        match self {
            Program::Exact(program) | Program::Not(program) => program.has(needs),
            Program::Any(programs) | Program::All(programs) => programs.iter().any(|program| program.has(needs)),
            // An empty text asks whether the field is there at all, which an outline cannot always tell.
            Program::Header(field, needle) if Outlined::of(field).is_some() && !needle.is_empty() => {
                needs == Needs::Outline
            }
            Program::SentSince(_) | Program::SentBefore(_) => needs == Needs::Outline,
            Program::Header(..) | Program::Body(_) | Program::Text(_) => needs == Needs::Bytes,
            _ => needs == Needs::Record,
        }
    }

    /// The most that is needed to decide it.
    pub fn needs(&self) -> Needs {
        [Needs::Bytes, Needs::Outline].into_iter().find(|needs| self.has(*needs)).unwrap_or(Needs::Record)
    }

    /// How many messages are looked at before other sessions get their turn.
    pub fn chunk_messages(&self) -> usize {
        match self.needs() {
            Needs::Record => 16 * 1024,
            Needs::Outline => 1024,
            Needs::Bytes => 128,
        }
    }

    /// Does this message match?
    pub fn matches(&self, message: &mut dyn Message) -> bool {
        let record = message.record();
        match self {
            Program::Always(always) => *always,
            Program::Has(flags) => record.flags.has(*flags),
            Program::Uids(uids) => uids.contains(record.uid),
            Program::Larger(size) => record.size > *size,
            Program::Smaller(size) => record.size < *size,
            Program::Since(moment) => i64::from(record.internal_date) >= *moment,
            Program::SavedSince(moment) => i64::from(record.save_date) >= *moment,
            Program::Blob(blob) => record.blob == *blob,
            Program::Modseq(modseq) => record.modseq >= *modseq,
            Program::SentSince(moment) => message.sent().is_some_and(|sent| sent >= *moment),
            Program::SentBefore(moment) => message.sent().is_some_and(|sent| sent < *moment),
            Program::Header(field, needle) => message.header(field, needle),
            Program::Body(needle) => message.body(needle),
            Program::Text(needle) => message.text(needle),
            Program::Fuzzy(fuzzy) => message.score(fuzzy) > 0,
            Program::Exact(program) => program.matches(message),
            Program::Not(program) => !program.matches(message),
            Program::Any(programs) => programs.iter().any(|program| program.matches(message)),
            Program::All(programs) => programs.iter().all(|program| program.matches(message)),
        }
    }

    /// Is it asked how well messages fit?
    pub fn is_fuzzy(&self) -> bool {
        match self {
            Program::Fuzzy(_) | Program::Exact(_) => true,
            Program::Not(program) => program.is_fuzzy(),
            Program::Any(programs) | Program::All(programs) => programs.iter().any(Program::is_fuzzy),
            _ => false,
        }
    }

    /// How well does this message fit, from 1 to 100? What all of several ask for counts on average, what one of several
    /// asks for as the best of them; 0 when nothing is asked for with FUZZY.
    pub fn relevancy(&self, message: &mut dyn Message) -> u8 {
        match self {
            Program::Fuzzy(fuzzy) => message.score(fuzzy),
            Program::Exact(program) if program.matches(message) => FITS_WHOLLY,
            Program::Any(programs) => programs.iter().map(|program| program.relevancy(message)).max().unwrap_or(0),
            Program::All(programs) => {
                let scores = programs.iter().map(|program| u32::from(program.relevancy(message)));
                let (sum, count) =
                    scores.filter(|score| *score > 0).fold((0, 0), |(sum, n), score| (sum + score, n + 1));
                sum.checked_div(count).unwrap_or(0) as u8
            }
            _ => 0,
        }
    }
}

/// A header field that is in the outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlined {
    From,
    To,
    Cc,
    Bcc,
    Subject,
    MessageId,
    InReplyTo,
}

impl Outlined {
    /// The field of this name, if it is in the outline.
    pub fn of(field: &str) -> Option<Outlined> {
        Some(match field.to_ascii_uppercase().as_str() {
            "FROM" => Outlined::From,
            "TO" => Outlined::To,
            "CC" => Outlined::Cc,
            "BCC" => Outlined::Bcc,
            "SUBJECT" => Outlined::Subject,
            "MESSAGE-ID" => Outlined::MessageId,
            "IN-REPLY-TO" => Outlined::InReplyTo,
            _ => return None,
        })
    }
}

fn not(program: Program) -> Program {
    Program::Not(Box::new(program))
}

fn cheapest_first<'a>(keys: impl Iterator<Item = &'a SearchKey>, mailbox: &Selected, now: Time) -> Vec<Program> {
    let mut programs: Vec<Program> = keys.map(|key| Program::compile(key, mailbox, now)).collect();
    programs.sort_by_key(Program::needs);
    programs
}

fn seconds(day: i32) -> i64 {
    i64::from(day) * DAY_SECONDS
}
