//! One message as people read it, opened from a list of results.

use mailstead_storage::{AccountId, BlobId, Error, MailboxId, Record, Uid, Word};
use serde::{Deserialize, Serialize};

use super::{Search, source};
use crate::message::text::texts;
use crate::message::{Address, words as encoded};

/// Most bytes of a text that are shown.
const TEXT_BYTES_MAX: usize = 500_000;

/// A message as people read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Opened {
    /// The subject.
    pub subject: String,
    /// Who wrote it.
    pub from: Vec<String>,
    /// To whom.
    pub to: Vec<String>,
    /// To whom in copy.
    pub cc: Vec<String>,
    /// Its text; HTML without its markup.
    pub text: String,
    /// The names of its attachments.
    pub attachments: Vec<String>,
}

impl Search {
    /// The row of a message in one of an owner's mailboxes. Blocks for the disk.
    ///
    /// # Errors
    /// `NotFound`, also when the mailbox is somebody else's.
    pub fn record(&self, owner: AccountId, mailbox: MailboxId, uid: Uid) -> Result<Record, Error> {
        let store = &self.0.parts.store;
        let missing = || Error::new(Word::NotFound, "there is no such message");
        if store.acl(mailbox).map_err(|_| missing())?.0.account != owner {
            return Err(missing());
        }
        store.records(mailbox, &[uid].into_iter().collect(), 1)?.pop().ok_or_else(missing)
    }

    /// What people read in a message. Blocks for the disk.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn open_message(&self, blob: BlobId) -> Result<Opened, Error> {
        source::with(&self.0.parts.store, blob, |outline, bytes| {
            let texts = texts(outline, |range| bytes.range(range))?;
            let envelope = &outline.envelope;
            let mut text = if texts.body.is_empty() { texts.attached } else { texts.body };
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
            Ok(Opened {
                subject: envelope.subject.as_deref().map(encoded::decode).unwrap_or_default(),
                from: envelope.from.iter().map(written).collect(),
                to: envelope.to.iter().map(written).collect(),
                cc: envelope.cc.iter().map(written).collect(),
                text,
                attachments: texts.names,
            })
        })
    }
}

/// An address as people write it.
fn written(address: &Address) -> String {
    let decoded = |part: &Option<_>| part.as_deref().map(encoded::decode).unwrap_or_default();
    let (name, mailbox, host) = (decoded(&address.name), decoded(&address.mailbox), decoded(&address.host));
    match (name.is_empty(), host.is_empty()) {
        (_, true) => mailbox,
        (true, false) => format!("{mailbox}@{host}"),
        (false, false) => format!("{name} <{mailbox}@{host}>"),
    }
}
