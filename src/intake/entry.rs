//! The lines that a message's way through the box begins with in the log: by which door it entered the spool, from whom,
//! to whom, and what its header calls it. Never what it contains.

use std::borrow::Cow;

use mailstead_storage::{Accepted, Envelope, Provenance};

use super::Acceptance;
use crate::log::{Event, Kind, Level, Log};
use crate::message::Outline;
use crate::message::words;

/// Recipients that one line names; further ones have lines of their own.
const RECIPIENTS_PER_LINE: usize = 50;

/// Bytes of a subject that are logged.
const SUBJECT_BYTES_MAX: usize = 400;

/// What a message is logged with once it is durable.
pub(super) struct Entry {
    reverse_path: String,
    recipients: Vec<String>,
    provenance: Provenance,
    titles: Titles,
}

/// What the header calls a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Titles {
    /// `Subject`, as people read it.
    pub subject: String,
    /// `Message-ID`.
    pub message_id: String,
}

impl Titles {
    /// Those of this message.
    pub fn of(outline: &Outline<'_>) -> Titles {
        let envelope = &outline.envelope;
        let subject = envelope.subject.as_deref().map(words::decode).unwrap_or_default();
        let subject = subject[..subject.floor_char_boundary(SUBJECT_BYTES_MAX)].to_owned();
        let message_id = envelope.message_id.as_deref().map(String::from_utf8_lossy).map(Cow::into_owned);
        Titles { subject, message_id: message_id.unwrap_or_default() }
    }
}

impl Entry {
    /// Does anybody want to know?
    pub fn is_wanted(log: &Log) -> bool {
        log.lets_through(Kind::Delivery, Level::Info)
    }

    /// What is known before the message is there.
    pub fn of(acceptance: &Acceptance) -> Entry {
        let Acceptance { envelope: Envelope { reverse_path, recipients, .. }, provenance, .. } = acceptance;
        let recipients = recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let (reverse_path, provenance) = (reverse_path.clone(), provenance.clone());
        Entry { reverse_path, recipients, provenance, titles: Titles::default() }
    }

    /// With what the header calls it.
    pub fn called(self, titles: Titles) -> Entry {
        Entry { titles, ..self }
    }

    /// Writes the lines.
    pub fn write(self, accepted: &Accepted, log: &Log) {
        let Entry { reverse_path, recipients, provenance, titles } = self;
        let mut lines = recipients.chunks(RECIPIENTS_PER_LINE).map(|some| some.join(", "));
        let event = |what| Event::new(Kind::Delivery, Level::Info, what).message(accepted.id);
        let first = event("entered the spool").with("from", reverse_path).with("to", lines.next().unwrap_or_default());
        let first = first.with("recipients", recipients.len() as u64).with("size", accepted.size);
        let first = first.with("subject", titles.subject).with("message_id", titles.message_id);
        let (by, about) = match provenance {
            Provenance::Received => ("another server", None),
            Provenance::Submitted(_) => ("a user", None),
            Provenance::Notification(about) => ("notice", Some((about, "its sender is told"))),
            Provenance::Errand(about) => ("rules", Some((about, "rules sent a message"))),
            Provenance::Box => ("the box", None),
            Provenance::Letter { .. } => ("mass message", None),
        };
        log.write(first.with("by", by));
        // Who follows the other message finds this one.
        if let Some((about, what)) = about {
            log.write(Event::new(Kind::Delivery, Level::Info, what).message(about).with("as", accepted.id.to_string()));
        }
        for line in lines {
            log.write(event("more recipients").with("to", line));
        }
    }
}
