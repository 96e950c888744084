//! Object ids (RFC 8474 §4): a message is known by its bytes, so copies have one EMAILID; a mailbox keeps its
//! MAILBOXID when it is renamed.

use mailstead_storage::{BlobId, MailboxId};

/// The EMAILID of the message with these bytes.
pub fn email_id(blob: BlobId) -> String {
    format!("M{blob}")
}

/// The bytes of the message with this EMAILID, in exactly the form in which it was told.
pub fn blob_of(email_id: &str) -> Option<BlobId> {
    let blob = email_id.strip_prefix('M')?.parse().ok()?;
    (self::email_id(blob) == email_id).then_some(blob)
}

/// The MAILBOXID of a mailbox.
pub fn mailbox_id(mailbox: MailboxId) -> String {
    format!("F{mailbox}")
}
