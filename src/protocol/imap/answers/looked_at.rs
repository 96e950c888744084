//! A message that a search looks at. What lies in its outline is read there, and nothing else of the message; its bytes are
//! read when its filter says that they may hold what is looked for.

use std::borrow::Cow;

use mailstead_storage::search::Query;
use mailstead_storage::{BlobId, Error, Record, Result, Store, Word};

use crate::message::search::{Needle, Scope, TextFilter, addresses_contain, contains, header_contains, text_contains};
use crate::message::{Envelope, Outline, Range, Text};
use crate::protocol::imap::fuzzy::Fuzzy;
use crate::protocol::imap::search::{Message, Outlined};
use crate::search::Bytes;

/// Most bytes of one header that are searched.
const HEADER_BYTES_MAX: u32 = 1024 * 1024;

/// Asks the index for the mailbox's owner: what is found, and how well it fits.
pub type Ask<'a> = dyn Fn(&Query) -> Result<Vec<(BlobId, u8)>> + 'a;

pub struct LookedAt<'a> {
    store: &'a Store,
    index: &'a Ask<'a>,
    record: Record,
    /// Read when it is needed, unless it was read with those of others.
    outline: Option<Cow<'a, [u8]>>,
    filter: Filter<'a>,
    failure: Option<Error>,
}

/// What tells quickly that a text is not in the message.
pub enum Filter<'a> {
    /// As it was kept.
    Kept(&'a [u8]),
    /// Made for this search; worth keeping.
    Made(Vec<u8>),
    /// It was not needed yet.
    None,
}

impl Filter<'_> {
    fn stored(&self) -> &[u8] {
        match self {
            Filter::Kept(stored) => stored,
            Filter::Made(stored) => stored,
            Filter::None => &[],
        }
    }
}

impl<'a> LookedAt<'a> {
    pub fn new(
        store: &'a Store,
        index: &'a Ask<'a>,
        record: Record,
        outline: Option<&'a [u8]>,
        filter: Option<&'a [u8]>,
    ) -> LookedAt<'a> {
        let (outline, filter) = (outline.map(Cow::Borrowed), filter.map_or(Filter::None, Filter::Kept));
        LookedAt { store, index, record, outline, filter, failure: None }
    }

    /// Says whether all that was needed could be read, and what filter was used.
    pub fn finish(self) -> Result<Filter<'a>> {
        self.failure.map_or(Ok(self.filter), Err)
    }

    /// The stored outline. A message that is gone by now has none.
    fn outline(&mut self) -> Option<&[u8]> {
        if self.outline.is_none() {
            match self.store.outlines(&[self.record.blob]) {
                Ok(read) => self.outline = read.get(0).map(|outline| Cow::Owned(outline.to_vec())),
                Err(failure) => self.failure = Some(failure),
            }
        }
        self.outline.as_deref()
    }

    /// Looks into the stored outline. `None` from `look` says that it cannot be read.
    fn look(&mut self, look: impl FnOnce(&[u8]) -> Option<Result<bool>>) -> bool {
        let blob = self.record.blob;
        let Some(stored) = self.outline() else { return false };
        let corrupt = || Err(Error::new(Word::Corrupt, format!("outline of {blob} cannot be read")));
        match look(stored).unwrap_or_else(corrupt) {
            Ok(found) => found,
            Err(failure) => {
                self.failure = Some(failure);
                false
            }
        }
    }

    /// Looks into the message's bytes.
    fn look_inside(&mut self, look: impl FnOnce(&Outline, &Bytes) -> Result<bool>) -> bool {
        let (store, blob) = (self.store, self.record.blob);
        self.look(|stored| {
            let outline = Outline::decode(stored)?;
            Some(Bytes::of(store, blob).and_then(|bytes| look(&outline, &bytes)))
        })
    }

    /// Does the filter that is kept exclude it from all texts and headers? To make one costs more than to read a header.
    fn is_excluded(&self, needle: &Needle) -> bool {
        TextFilter::of(self.filter.stored()).is_some_and(|filter| !filter.may_contain(needle))
    }

    /// Asks the filter, which is made when there is none.
    fn may_contain(&mut self, needle: &Needle) -> bool {
        if !needle.can_be_filtered() {
            return true;
        }
        if TextFilter::of(self.filter.stored()).is_none() {
            let mut made = None;
            self.look_inside(|outline, bytes| {
                made = Some(TextFilter::make(outline, |range| bytes.range(range))?);
                Ok(true)
            });
            self.filter = made.map_or(Filter::None, Filter::Made);
        }
        // What cannot be read is an error by now.
        TextFilter::of(self.filter.stored()).is_some_and(|filter| filter.may_contain(needle))
    }
}

impl Message for LookedAt<'_> {
    fn record(&self) -> &Record {
        &self.record
    }

    fn sent(&mut self) -> Option<i64> {
        let (envelope, sent) = Envelope::decode(self.outline()?)?;
        sent.map(|sent| sent + envelope.date.as_deref().map_or(0, zone_seconds))
    }

    fn header(&mut self, field: &str, needle: &Needle) -> bool {
        // An empty text asks whether the field is there at all, which the outline does not tell.
        let Some(outlined) = Outlined::of(field).filter(|_| !needle.is_empty()) else {
            return !self.is_excluded(needle)
                && self.look_inside(|outline, bytes| {
                    let Range { start, end } = outline.root.header;
                    let block = bytes.range(Range { start, end: end.min(start.saturating_add(HEADER_BYTES_MAX)) })?;
                    Ok(header_contains(&block, field, needle))
                });
        };
        self.look(|stored| {
            let envelope = match outlined {
                Outlined::From | Outlined::Subject => Envelope::decode_start(stored)?,
                _ => Envelope::decode(stored)?.0,
            };
            let contains = |text: &Option<Text>| text.as_deref().is_some_and(|text| text_contains(text, needle));
            Some(Ok(match outlined {
                Outlined::From => addresses_contain(&envelope.from, needle),
                Outlined::To => addresses_contain(&envelope.to, needle),
                Outlined::Cc => addresses_contain(&envelope.cc, needle),
                Outlined::Bcc => addresses_contain(&envelope.bcc, needle),
                Outlined::Subject => contains(&envelope.subject),
                Outlined::MessageId => contains(&envelope.message_id),
                Outlined::InReplyTo => contains(&envelope.in_reply_to),
            }))
        })
    }

    fn score(&mut self, fuzzy: &Fuzzy) -> u8 {
        fuzzy.score(self.record.blob, self.index).unwrap_or_else(|failure| {
            self.failure = Some(failure);
            0
        })
    }

    fn body(&mut self, needle: &Needle) -> bool {
        self.may_contain(needle)
            && self.look_inside(|outline, bytes| contains(outline, Scope::Body, needle, |range| bytes.range(range)))
    }

    fn text(&mut self, needle: &Needle) -> bool {
        self.may_contain(needle)
            && self.look_inside(|outline, bytes| contains(outline, Scope::Text, needle, |range| bytes.range(range)))
    }
}

/// The zone at the end of a `Date` field, in seconds east: SENTBEFORE and its like compare the date as
/// written (RFC 3501 §6.4.4).
fn zone_seconds(date: &[u8]) -> i64 {
    let zone = |word: &[u8]| match word {
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit) => {
            let number = |pair: &[u8]| i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0');
            let seconds = number(&digits[..2]) * 3600 + number(&digits[2..]) * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    };
    date.split(|byte| *byte == b' ').find_map(zone).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones() {
        for (date, seconds) in [
            ("Tue, 1 Jul 2003 10:52:37 +0200", 7200),
            ("Tue, 1 Jul 2003 10:52:37 -0330 (NST)", -12_600),
            ("1 Jul 2003 10:52:37 GMT", 0),
            ("1 Jul -2003", -(20 * 3600 + 3 * 60)),
            ("", 0),
        ] {
            assert_eq!(zone_seconds(date.as_bytes()), seconds, "{date}");
        }
    }
}
