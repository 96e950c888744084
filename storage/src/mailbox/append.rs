//! APPEND (RFC 9051 §6.3.12), of one message or several (RFC 3502), or in the place of another (RFC 8508): its row in
//! the journal, which is durable with the message's bytes, and what it does to the mailbox.

use super::change::{self, Incoming, Keywords, date};
use super::redo::Change;
use crate::codec::{Reader, Writer};
use crate::rows::BlobRow;
use crate::segments::Pin;
use crate::write::Tables;
use crate::{
    Append, Appended, Attributes, BlobId, Error, Flags, Kept, MailboxId, NewMessage, Record, Result, Time, Uid, UidSet,
    Usage, Word,
};

/// What the first byte of a journal row is when it is an APPEND's, and no other's.
pub(crate) const VERSION: u8 = 2;

/// An APPEND whose messages' bytes are all there.
#[derive(Debug)]
pub(crate) struct Appending {
    mailbox: MailboxId,
    replaces: Option<(MailboxId, Uid)>,
    now: Time,
    messages: Vec<Message>,
}

/// One of its messages.
#[derive(Debug)]
struct Message {
    id: BlobId,
    blob: BlobRow,
    attributes: Attributes,
}

impl Appending {
    /// The messages before the last, and that one, which is not in a segment yet. The pins keep the segments of the
    /// others.
    pub(crate) fn new(append: Append, id: BlobId, size: u64, hash: [u8; 32]) -> (Appending, Vec<Pin>) {
        let Append { mailbox, before, attributes, replaces, now } = append;
        let mut messages = Vec::with_capacity(before.len() + 1);
        let mut pins = Vec::with_capacity(before.len());
        for NewMessage { kept: Kept { id, size, hash, segment, _pin }, attributes } in before {
            messages.push(Message { id, blob: BlobRow { segment, size, references: 1, hash }, attributes });
            pins.push(_pin);
        }
        messages.push(Message { id, blob: BlobRow { segment: 0, size, references: 1, hash }, attributes });
        (Appending { mailbox, replaces, now, messages }, pins)
    }

    /// A row of the journal in this segment.
    pub(crate) fn decode(bytes: &[u8], segment: u32) -> Result<Appending> {
        let mut row = Reader::new("journal", VERSION, bytes)?;
        let (mailbox, now) = (MailboxId(row.u32()?), Time(row.u64()?));
        let (from, uid) = (MailboxId(row.u32()?), row.u32()?);
        let count = row.count()?;
        let messages = (0..count).map(|_| Message::decode(&mut row)).collect::<Result<_>>()?;
        let mut appending = Appending { mailbox, replaces: (uid > 0).then_some((from, uid)), now, messages };
        appending.is_in(segment);
        Ok(appending)
    }

    /// What it adds to what the account holds.
    fn usage(&self) -> Usage {
        let bytes = self.messages.iter().map(|message| message.blob.size).sum();
        Usage { bytes, messages: self.messages.len() as u64 }
    }
}

impl Change for Appending {
    type Done = Appended;

    /// The last message's segment is not in it.
    fn encode(&self) -> Vec<u8> {
        let bytes = self.messages.iter().map(|message| 96 + message.attributes.outline.len()).sum::<usize>();
        let mut row = Writer::new(VERSION, 32 + bytes);
        row.raw(&self.mailbox.0.to_le_bytes());
        row.raw(&self.now.0.to_le_bytes());
        let (from, uid) = self.replaces.unwrap_or((MailboxId(0), 0));
        row.raw(&from.0.to_le_bytes());
        row.raw(&uid.to_le_bytes());
        row.number(self.messages.len() as u64);
        self.messages.iter().for_each(|message| message.encode(&mut row));
        row.0
    }

    /// So is the last message.
    fn is_in(&mut self, segment: u32) {
        if let Some(last) = self.messages.last_mut() {
            last.blob.segment = segment;
        }
    }

    /// Adds the messages, and removes the one that they replace: all of it or nothing.
    fn make(&self, tables: &mut Tables) -> Result<Appended> {
        let Appending { mailbox, replaces, ref messages, .. } = *self;
        let mut row = tables.mailbox(mailbox)?;
        let replaced = replaces.map(|(from, uid)| replaced(tables, from, uid)).transpose()?;
        change::check_uids_left(&row, messages.len())?;
        let is_freed = |(from, _)| Ok::<bool, Error>(tables.mailbox(from)?.account == row.account);
        let freed = if replaces.map_or(Ok(false), is_freed)? { replaced.as_slice() } else { &[] };
        change::check_quota(tables, &row, self.usage().minus(change::sum(freed)))?;
        let mut keywords = Keywords::of(tables, mailbox)?;
        let incoming = messages.iter().map(|message| message.incoming(&mut keywords, self.now));
        let incoming = incoming.collect::<Result<Vec<_>>>()?;
        // From here on it is written.
        keywords.write(tables, mailbox)?;
        let modseq = row.counters.modseq + 1;
        let mut uids = UidSet::default();
        for (message, incoming) in messages.iter().zip(incoming) {
            match tables.blob(message.id)? {
                Some(_) => tables.change_references(message.id, 1)?,
                None => tables.add_blob(message.id, message.blob, &message.attributes.outline)?,
            }
            uids.push(change::add(tables, mailbox, &mut row, modseq, incoming)?);
        }
        let uid_validity = row.counters.uid_validity;
        tables.put_mailbox(mailbox, row);
        if let Some((from, uid)) = replaces {
            change::remove(tables, from, &[uid].into_iter().collect(), false)?;
        }
        Ok(Appended { uid_validity, uids, modseq })
    }
}

impl Message {
    fn encode(&self, row: &mut Writer) {
        let Message { id, blob, attributes } = self;
        row.raw(&id.0.to_le_bytes());
        row.raw(&blob.segment.to_le_bytes());
        row.raw(&blob.size.to_le_bytes());
        row.raw(&blob.hash);
        row.raw(&attributes.flags.0.to_le_bytes());
        row.raw(&attributes.internal_date.0.to_le_bytes());
        row.number(attributes.keywords.len() as u64);
        attributes.keywords.iter().for_each(|keyword| row.text(keyword));
        row.bytes(&attributes.outline);
    }

    fn decode(row: &mut Reader) -> Result<Message> {
        let id = BlobId(row.u64()?);
        let blob = BlobRow { segment: row.u32()?, size: row.u64()?, references: 1, hash: row.hash()? };
        let (flags, internal_date) = (Flags(row.u64()?), Time(row.u64()?));
        let count = row.count()?;
        let keywords = (0..count).map(|_| row.text()).collect::<Result<_>>()?;
        let outline = row.bytes()?.into();
        Ok(Message { id, blob, attributes: Attributes { outline, flags, keywords, internal_date } })
    }

    fn incoming(&self, keywords: &mut Keywords, now: Time) -> Result<Incoming> {
        let Message { id, blob, attributes } = self;
        change::check_system(attributes.flags)?;
        let size = u32::try_from(blob.size).map_err(|_| Error::new(Word::Invalid, "the message is too big"))?;
        let mut flags = attributes.flags;
        for keyword in &attributes.keywords {
            flags = flags.with(keywords.find_or_add(keyword)?);
        }
        Ok(Incoming { blob: *id, size, flags, internal_date: date(attributes.internal_date), save_date: date(now) })
    }
}

/// # Errors
/// `NotAllowed` when the message is gone.
fn replaced(tables: &mut Tables, from: MailboxId, uid: Uid) -> Result<Record> {
    let found = change::records_of(tables, from, &[uid].into_iter().collect())?;
    found.first().copied().ok_or_else(|| Error::new(Word::NotAllowed, "the message to be replaced is gone"))
}
