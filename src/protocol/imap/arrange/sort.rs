//! What messages are sorted by (RFC 5256 §3, RFC 5957).

use mailstead_storage::Record;

use super::subject;
use crate::message::casemap::folded;
use crate::message::{Address, Outline, words};

/// One sort criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// `ARRIVAL`: INTERNALDATE.
    Arrival,
    /// `CC`: local part of the first address.
    Cc,
    /// `DATE`: the `Date` field, or INTERNALDATE.
    Date,
    /// `DISPLAYFROM`: how the first address shows.
    DisplayFrom,
    /// `DISPLAYTO`: how the first address shows.
    DisplayTo,
    /// `FROM`: local part of the first address.
    From,
    /// `RELEVANCY`: how well it fits, the best first; known of what was found, not of a message by itself.
    Relevancy,
    /// `SIZE`: bytes.
    Size,
    /// `SUBJECT`: the base subject.
    Subject,
    /// `TO`: local part of the first address.
    To,
}

/// A criterion in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared.
    pub criterion: Criterion,
    /// The largest first?
    pub reverse: bool,
}

/// What is compared of one message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Number(i64),
    /// Without case.
    Text(String),
}

impl Criterion {
    /// The criterion of this name, in any case.
    pub fn by_name(name: &str) -> Option<Criterion> {
        use Criterion::{Arrival, Cc, Date, DisplayFrom, DisplayTo, From, Relevancy, Size, Subject, To};
        Some(match name.to_ascii_uppercase().as_str() {
            "ARRIVAL" => Arrival,
            "CC" => Cc,
            "DATE" => Date,
            "DISPLAYFROM" => DisplayFrom,
            "DISPLAYTO" => DisplayTo,
            "FROM" => From,
            "RELEVANCY" => Relevancy,
            "SIZE" => Size,
            "SUBJECT" => Subject,
            "TO" => To,
            _ => return None,
        })
    }

    /// Is it in the outline only?
    pub fn needs_outline(self) -> bool {
        !matches!(self, Criterion::Arrival | Criterion::Relevancy | Criterion::Size)
    }

    /// What is compared.
    pub fn value(self, record: &Record, outline: Option<&Outline<'_>>) -> Value {
        let Some(Outline { envelope, .. }) = outline else {
            return Value::Number(match self {
                Criterion::Size => record.size.into(),
                _ => record.internal_date.into(),
            });
        };
        let text = |text: String| Value::Text(folded(&text));
        match self {
            Criterion::Arrival | Criterion::Relevancy => Value::Number(record.internal_date.into()),
            Criterion::Size => Value::Number(record.size.into()),
            Criterion::Date => Value::Number(sent(record, outline)),
            Criterion::Cc => text(local_part(&envelope.cc)),
            Criterion::From => text(local_part(&envelope.from)),
            Criterion::To => text(local_part(&envelope.to)),
            Criterion::DisplayFrom => text(shown(&envelope.from)),
            Criterion::DisplayTo => text(shown(&envelope.to)),
            Criterion::Subject => Value::Text(subject::base_of(envelope.subject.as_deref()).text),
        }
    }
}

/// The moment of the `Date` field, or INTERNALDATE when there is none that can be read (RFC 5256 §2.2).
pub fn sent(record: &Record, outline: Option<&Outline<'_>>) -> i64 {
    outline.and_then(|outline| outline.sent).unwrap_or(i64::from(record.internal_date))
}

fn local_part(addresses: &[Address<'_>]) -> String {
    let mailbox = addresses.first().and_then(|address| address.mailbox.as_deref());
    mailbox.map(words::decode).unwrap_or_default()
}

/// The display name of the first address, or of its group, else the address itself (RFC 5957 §3).
fn shown(addresses: &[Address<'_>]) -> String {
    let Some(first) = addresses.first() else { return String::new() };
    let decoded = |text: &Option<_>| text.as_deref().map(words::decode).unwrap_or_default();
    match (decoded(&first.name), decoded(&first.mailbox), decoded(&first.host)) {
        (name, ..) if !name.is_empty() => name,
        (_, mailbox, host) if host.is_empty() => mailbox,
        (_, mailbox, host) => format!("{mailbox}@{host}"),
    }
}
