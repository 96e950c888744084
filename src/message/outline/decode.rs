//! Reads the stored form; `stored` says what it looks like. Whatever the bytes, it neither panics nor keeps much more
//! than they hold.

use std::borrow::Cow;

use super::limits::DEPTH_MAX;
use super::stored::{Reader, VERSION, envelope_flag, part_flag};
use super::{Address, Disposition, Envelope, Kind, Outline, Parameter, Part, Range, Text};

/// Things for which room is made before they are read.
const RESERVED_MAX: usize = 16;

impl<'a> Outline<'a> {
    /// Reads the stored form, borrowing from it. `None` when it is not one this version knows.
    pub fn decode(stored: &'a [u8]) -> Option<Outline<'a>> {
        let mut reader = Reader(stored);
        let Head { references, sent, envelope } = reader.head()?;
        let root = reader.part(0, 0)?;
        reader.0.is_empty().then_some(Outline { envelope, references: references.map(Cow::Borrowed), sent, root })
    }
}

impl<'a> Envelope<'a> {
    /// Reads the envelope, and when the message was sent, of the stored form of an outline; what follows is not looked at.
    pub fn decode(stored: &'a [u8]) -> Option<(Envelope<'a>, Option<i64>)> {
        Reader(stored).head().map(|head| (head.envelope, head.sent))
    }

    /// Reads the date, the subject and who it is from, which stand first.
    pub fn decode_start(stored: &'a [u8]) -> Option<Envelope<'a>> {
        let mut reader = Reader(stored);
        reader.before_envelope()?;
        let Start { date, subject, from, .. } = reader.start()?;
        Some(Envelope { date, subject, from, ..Envelope::default() })
    }
}

/// What an envelope begins with.
struct Start<'a> {
    flags: u64,
    date: Option<Text<'a>>,
    subject: Option<Text<'a>>,
    from: Vec<Address<'a>>,
    /// Of the last address.
    host: Option<&'a [u8]>,
}

/// What stands before the parts.
struct Head<'a> {
    references: Option<&'a [u8]>,
    sent: Option<i64>,
    envelope: Envelope<'a>,
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

impl<'a> Reader<'a> {
    /// The references, and when it was sent.
    fn before_envelope(&mut self) -> Option<(Option<&'a [u8]>, Option<i64>)> {
        if self.byte()? != VERSION {
            return None;
        }
        Some((self.optional()?, self.number()?.checked_sub(1).map(unzigzag)))
    }

    fn head(&mut self) -> Option<Head<'a>> {
        let (references, sent) = self.before_envelope()?;
        let envelope = self.envelope(references.unwrap_or_default())?;
        Some(Head { references, sent, envelope })
    }

    fn text_if(&mut self, present: bool) -> Option<Option<Text<'a>>> {
        if present { self.text().map(|text| Some(Cow::Borrowed(text))) } else { Some(None) }
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        let mut list = Vec::with_capacity(count.min(RESERVED_MAX));
        for _ in 0..count {
            list.push(one(self)?);
        }
        Some(list)
    }

    fn start(&mut self) -> Option<Start<'a>> {
        let flags = self.number()?;
        let has = |flag: u64| flags & flag != 0;
        let date = self.text_if(has(envelope_flag::DATE))?;
        let subject = self.text_if(has(envelope_flag::SUBJECT))?;
        let mut host = None;
        let from = if has(envelope_flag::FROM) { self.addresses(&mut host)? } else { Vec::new() };
        Some(Start { flags, date, subject, from, host })
    }

    fn envelope(&mut self, references: &'a [u8]) -> Option<Envelope<'a>> {
        let Start { flags, date, subject, from, mut host } = self.start()?;
        let has = |flag: u64| flags & flag != 0;
        let mut list = |flag: u64| if has(flag) { self.addresses(&mut host) } else { Some(Vec::new()) };
        let mut sender = list(envelope_flag::SENDER)?;
        let mut reply_to = list(envelope_flag::REPLY_TO)?;
        let to = list(envelope_flag::TO)?;
        let cc = list(envelope_flag::CC)?;
        let bcc = list(envelope_flag::BCC)?;
        if has(envelope_flag::SENDER_IS_FROM) {
            sender.clone_from(&from);
        }
        if has(envelope_flag::REPLY_TO_IS_FROM) {
            reply_to.clone_from(&from);
        }
        let in_reply_to = if has(envelope_flag::IN_REPLY_TO_ENDS_REFERENCES) {
            let start = references.len().checked_sub(usize::try_from(self.number()?).ok()?)?;
            Some(Cow::Borrowed(&references[start..]))
        } else {
            self.text_if(has(envelope_flag::IN_REPLY_TO))?
        };
        let message_id = self.text_if(has(envelope_flag::MESSAGE_ID))?;
        Some(Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id })
    }

    /// `host` is that of the address before.
    fn addresses(&mut self, host: &mut Option<&'a [u8]>) -> Option<Vec<Address<'a>>> {
        self.list(|reader| {
            let name = reader.optional()?.map(Cow::Borrowed);
            let mailbox = reader.optional()?.map(Cow::Borrowed);
            let host = match reader.number()? {
                0 => None,
                1 => Some(Cow::Borrowed((*host)?)),
                length => {
                    *host = Some(reader.bytes(length - 2)?);
                    host.map(Cow::Borrowed)
                }
            };
            Some(Address { name, mailbox, host })
        })
    }

    fn part(&mut self, cursor: u32, depth: usize) -> Option<Part<'a>> {
        if depth > DEPTH_MAX {
            return None;
        }
        let flags = self.byte()?;
        let has = |flag: u8| flags & flag != 0;
        let header = self.range(cursor)?;
        let body = self.range(header.end)?;
        let lines = self.number_u32()?;
        let media_type = Cow::Borrowed(self.word()?);
        let media_subtype = Cow::Borrowed(self.word()?);
        let encoding = Cow::Borrowed(self.word()?);
        let parameters = self.parameters()?;
        let id = self.text_if(has(part_flag::ID))?;
        let description = self.text_if(has(part_flag::DESCRIPTION))?;
        let md5 = self.text_if(has(part_flag::MD5))?;
        let disposition = if has(part_flag::DISPOSITION) { Some(self.disposition()?) } else { None };
        let language =
            if has(part_flag::LANGUAGE) { self.list(|reader| reader.text().map(Cow::Borrowed))? } else { Vec::new() };
        let location = self.text_if(has(part_flag::LOCATION))?;
        let kind = self.inside(flags, body.start, depth)?;
        #[rustfmt::skip]
        let part = Part {
            header, body, lines, media_type, media_subtype, parameters, id, description, encoding, md5, disposition,
            language, location, kind,
        };
        Some(part)
    }

    fn range(&mut self, cursor: u32) -> Option<Range> {
        let start = cursor.wrapping_add(self.number_u32()?);
        let end = start.wrapping_add(self.number_u32()?);
        (start <= end).then_some(Range { start, end })
    }

    fn parameters(&mut self) -> Option<Vec<Parameter<'a>>> {
        self.list(|reader| {
            let name = Cow::Borrowed(reader.word()?);
            let value = Cow::Borrowed(reader.word()?);
            Some(Parameter { name, value })
        })
    }

    fn disposition(&mut self) -> Option<Disposition<'a>> {
        let kind = Cow::Borrowed(self.word()?);
        Some(Disposition { kind, parameters: self.parameters()? })
    }

    fn inside(&mut self, flags: u8, body_start: u32, depth: usize) -> Option<Kind<'a>> {
        match flags & (part_flag::MULTIPART | part_flag::MESSAGE) {
            0 => Some(Kind::Leaf),
            part_flag::MULTIPART => {
                let mut cursor = body_start;
                let parts = self.list(|reader| {
                    let part = reader.part(cursor, depth + 1)?;
                    cursor = part.body.end;
                    Some(part)
                })?;
                (!parts.is_empty()).then_some(Kind::Multipart(parts))
            }
            part_flag::MESSAGE => {
                let envelope = Box::new(self.envelope(b"")?);
                let root = Box::new(self.part(body_start, depth + 1)?);
                Some(Kind::Message { envelope, root })
            }
            _ => None,
        }
    }
}
