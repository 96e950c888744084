//! Which messages match a search (RFC 3501 §6.4.4). A search is compiled against the selected mailbox into
//! a [`Program`] whose cheap keys come first: flags, numbers, sizes and dates are decided on records,
//! addresses, subject and sent dates on outlines, and only what is left on the bytes.

use mailstead_storage::{Flags, Modseq, Record, UidSet};

use super::selected::Selected;
use super::wire::SearchKey;
use crate::message::Outline;

const DAY_SECONDS: i64 = 86_400;

/// A search ready to run.
#[derive(Debug, Clone, PartialEq)]
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
    /// `Date` field on or after this second.
    SentSince(i64),
    /// At least this modseq.
    Modseq(Modseq),
    /// A header field that contains the text.
    Header {
        /// The field.
        field: String,
        /// The text.
        needle: Needle,
    },
    /// The text somewhere in the body.
    Body(Needle),
    /// The text somewhere in the message.
    Text(Needle),
    /// Not this.
    Not(Box<Program>),
    /// One of these.
    Any(Vec<Program>),
    /// All of these.
    All(Vec<Program>),
}

/// What a program may ask of a message. Each answer is made when it is first asked for.
pub trait Message {
    /// Its record.
    fn record(&self) -> &Record;

    /// The moment of its `Date` field in seconds since 1970-01-01 UTC as written, its zone left out.
    fn sent(&mut self) -> Option<i64>;

    /// Does this header field contain the text?
    fn header(&mut self, field: &str, needle: &Needle) -> bool;

    /// Does the body contain the text?
    fn body(&mut self, needle: &Needle) -> bool;

    /// Does the message, its header included, contain the text?
    fn text(&mut self, needle: &Needle) -> bool;
}
