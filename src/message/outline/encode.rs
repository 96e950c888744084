//! Writes the stored form; `stored` says what it looks like.

use super::stored::{VERSION, Writer, envelope_flag, part_flag};
use super::{Address, Disposition, Envelope, Kind, Outline, Parameter, Part, Text};

impl Outline<'_> {
    /// The form that is stored: a version byte, then compact fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(512));
        writer.0.push(VERSION);
        writer.optional(self.references.as_deref());
        writer.number(self.sent.map_or(0, |sent| zigzag(sent).saturating_add(1)));
        writer.envelope(&self.envelope, self.references.as_deref().unwrap_or_default());
        writer.part(&self.root, 0);
        writer.0
    }
}

/// Small numbers of either sign as small ones.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

impl Writer {
    fn envelope(&mut self, envelope: &Envelope, references: &[u8]) {
        let flags = envelope_flags(envelope, references);
        let has = |flag: u64| flags & flag != 0;
        self.number(flags);
        for text in [&envelope.date, &envelope.subject].into_iter().flatten() {
            self.text(text);
        }
        let mut host = None;
        let lists = [
            (envelope_flag::FROM, &envelope.from),
            (envelope_flag::SENDER, &envelope.sender),
            (envelope_flag::REPLY_TO, &envelope.reply_to),
            (envelope_flag::TO, &envelope.to),
            (envelope_flag::CC, &envelope.cc),
            (envelope_flag::BCC, &envelope.bcc),
        ];
        for (_, list) in lists.into_iter().filter(|(flag, _)| has(*flag)) {
            self.addresses(list, &mut host);
        }
        if let Some(id) = &envelope.in_reply_to {
            if has(envelope_flag::IN_REPLY_TO_ENDS_REFERENCES) {
                self.number(id.len() as u64);
            } else {
                self.text(id);
            }
        }
        if let Some(id) = &envelope.message_id {
            self.text(id);
        }
    }

    /// `host` is that of the address before.
    fn addresses<'l>(&mut self, list: &'l [Address], host: &mut Option<&'l [u8]>) {
        self.number(list.len() as u64);
        for address in list {
            self.optional(address.name.as_deref());
            self.optional(address.mailbox.as_deref());
            match &address.host {
                None => self.number(0),
                Some(same) if *host == Some(same) => self.number(1),
                Some(other) => {
                    self.number(other.len() as u64 + 2);
                    self.0.extend_from_slice(other);
                    *host = Some(other);
                }
            }
        }
    }

    fn part(&mut self, part: &Part, cursor: u32) {
        self.0.push(part_flags(part));
        let (header, body) = (part.header, part.body);
        let ends =
            [(header.start, cursor), (header.end, header.start), (body.start, header.end), (body.end, body.start)];
        for (end, start) in ends {
            self.number(end.wrapping_sub(start).into());
        }
        self.number(part.lines.into());
        for text in [&part.media_type, &part.media_subtype, &part.encoding] {
            self.word(text);
        }
        self.parameters(&part.parameters);
        for text in [&part.id, &part.description, &part.md5].into_iter().flatten() {
            self.text(text);
        }
        if let Some(Disposition { kind, parameters }) = &part.disposition {
            self.word(kind);
            self.parameters(parameters);
        }
        if !part.language.is_empty() {
            self.number(part.language.len() as u64);
            part.language.iter().for_each(|tag| self.text(tag));
        }
        if let Some(location) = &part.location {
            self.text(location);
        }
        self.inside(&part.kind, body.start);
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        self.number(parameters.len() as u64);
        for parameter in parameters {
            self.word(&parameter.name);
            self.word(&parameter.value);
        }
    }

    fn inside(&mut self, kind: &Kind, mut cursor: u32) {
        match kind {
            Kind::Leaf => {}
            Kind::Multipart(parts) => {
                self.number(parts.len() as u64);
                for part in parts {
                    self.part(part, cursor);
                    cursor = part.body.end;
                }
            }
            Kind::Message { envelope, root } => {
                self.envelope(envelope, b"");
                self.part(root, cursor);
            }
        }
    }
}

fn envelope_flags(envelope: &Envelope, references: &[u8]) -> u64 {
    let text = |text: &Option<Text>, flag: u64| if text.is_some() { flag } else { 0 };
    let list = |list: &[Address], flag: u64| if list.is_empty() { 0 } else { flag };
    let or_from = |addresses: &[Address], flag: u64, is_from: u64| {
        if !addresses.is_empty() && addresses == envelope.from { is_from } else { list(addresses, flag) }
    };
    let ends_references = envelope.in_reply_to.as_deref().is_some_and(|id| references.ends_with(id));
    text(&envelope.date, envelope_flag::DATE)
        | text(&envelope.subject, envelope_flag::SUBJECT)
        | list(&envelope.from, envelope_flag::FROM)
        | or_from(&envelope.sender, envelope_flag::SENDER, envelope_flag::SENDER_IS_FROM)
        | or_from(&envelope.reply_to, envelope_flag::REPLY_TO, envelope_flag::REPLY_TO_IS_FROM)
        | list(&envelope.to, envelope_flag::TO)
        | list(&envelope.cc, envelope_flag::CC)
        | list(&envelope.bcc, envelope_flag::BCC)
        | text(&envelope.in_reply_to, envelope_flag::IN_REPLY_TO)
        | text(&envelope.message_id, envelope_flag::MESSAGE_ID)
        | if ends_references { envelope_flag::IN_REPLY_TO_ENDS_REFERENCES } else { 0 }
}

fn part_flags(part: &Part) -> u8 {
    let kind = match part.kind {
        Kind::Leaf => 0,
        Kind::Multipart(_) => part_flag::MULTIPART,
        Kind::Message { .. } => part_flag::MESSAGE,
    };
    let present = [
        (part.id.is_some(), part_flag::ID),
        (part.description.is_some(), part_flag::DESCRIPTION),
        (part.md5.is_some(), part_flag::MD5),
        (part.disposition.is_some(), part_flag::DISPOSITION),
        (!part.language.is_empty(), part_flag::LANGUAGE),
        (part.location.is_some(), part_flag::LOCATION),
    ];
    present.into_iter().filter(|(is, _)| *is).fold(kind, |flags, (_, flag)| flags | flag)
}
