//! A message that a search looks at: its outline is decoded when it is first needed, and its bytes are read
//! in pieces.

use std::sync::Arc;

use mailstead_storage::search::Query;
use mailstead_storage::{BlobId, Error, Record, Result, Store, Word};

use crate::message::search::{Needle, Scope, addresses_contain, contains, header_contains, text_contains};
use crate::message::{Outline, Range};
use crate::protocol::imap::fuzzy::Fuzzy;
use crate::protocol::imap::search::Message;

/// Most bytes of one header that are searched.
const HEADER_BYTES_MAX: u32 = 1024 * 1024;

/// Asks the index for the mailbox's owner: what is found, and how well it fits.
pub type Ask<'a> = dyn Fn(&Query) -> Result<Vec<(BlobId, u8)>> + 'a;

pub struct LookedAt<'a> {
    store: &'a Store,
    index: &'a Ask<'a>,
    record: Record,
    outline: Option<Arc<[u8]>>,
    failure: Option<Error>,
}

impl<'a> LookedAt<'a> {
    pub fn new(store: &'a Store, index: &'a Ask<'a>, record: Record, outline: Option<Arc<[u8]>>) -> LookedAt<'a> {
        LookedAt { store, index, record, outline, failure: None }
    }

    /// Says whether all that was needed could be read.
    pub fn finish(self) -> Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Looks into the outline.
    fn look(
        &mut self,
        look: impl FnOnce(&Outline<'_>, &mut dyn FnMut(Range) -> Result<Vec<u8>>) -> Result<bool>,
    ) -> bool {
        let Some(stored) = self.outline.clone() else { return false };
        let Some(outline) = Outline::decode(&stored) else {
            self.failure = Some(Error::new(Word::Corrupt, format!("outline of {} cannot be read", self.record.blob)));
            return false;
        };
        let (store, blob) = (self.store, self.record.blob);
        let mut read = |range: Range| store.read(blob, u64::from(range.start), (range.end - range.start) as usize);
        look(&outline, &mut read).unwrap_or_else(|failure| {
            self.failure = Some(failure);
            false
        })
    }
}

impl Message for LookedAt<'_> {
    fn record(&self) -> &Record {
        &self.record
    }

    fn sent(&mut self) -> Option<i64> {
        let stored = self.outline.clone()?;
        let outline = Outline::decode(&stored)?;
        let zone = outline.envelope.date.as_deref().map_or(0, zone_seconds);
        outline.sent.map(|sent| sent + zone)
    }

    fn header(&mut self, field: &str, needle: &Needle) -> bool {
        self.look(|outline, read| {
            let envelope = &outline.envelope;
            // An empty text asks whether the field is there at all, which the outline does not tell.
            let field_name = if needle.is_empty() { String::new() } else { field.to_ascii_uppercase() };
            Ok(match field_name.as_str() {
                "FROM" => addresses_contain(&envelope.from, needle),
                "TO" => addresses_contain(&envelope.to, needle),
                "CC" => addresses_contain(&envelope.cc, needle),
                "BCC" => addresses_contain(&envelope.bcc, needle),
                "SUBJECT" => envelope.subject.as_deref().is_some_and(|text| text_contains(text, needle)),
                "MESSAGE-ID" => envelope.message_id.as_deref().is_some_and(|text| text_contains(text, needle)),
                "IN-REPLY-TO" => envelope.in_reply_to.as_deref().is_some_and(|text| text_contains(text, needle)),
                _ => {
                    let Range { start, end } = outline.root.header;
                    let block = read(Range { start, end: end.min(start.saturating_add(HEADER_BYTES_MAX)) })?;
                    header_contains(&block, field, needle)
                }
            })
        })
    }

    fn score(&mut self, fuzzy: &Fuzzy) -> u8 {
        fuzzy.score(self.record.blob, self.index).unwrap_or_else(|failure| {
            self.failure = Some(failure);
            0
        })
    }

    fn body(&mut self, needle: &Needle) -> bool {
        self.look(|outline, read| contains(outline, Scope::Body, needle, read))
    }

    fn text(&mut self, needle: &Needle) -> bool {
        self.look(|outline, read| contains(outline, Scope::Text, needle, read))
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
