//! Writes delivery status notifications (RFC 3461, 3464, 6522; RFC 6533 where an address is not ASCII).
//!
//! A report has three parts: words for people, fields for machines, and the message or its header. Whoever is told
//! must be the reverse-path of a message that had one; that is for the caller to see to (RFC 3461 §6.1).

mod advice;
mod human;
mod line;
mod machine;
mod report;
#[cfg(test)]
mod tests;

use crate::clock::Time;

/// Bytes of a message that is returned whole; of a longer one only the header is returned.
pub const RETURNED_BYTES_MAX: usize = 1024 * 1024;

/// All that a notification says. Texts may hold anything: control characters are taken out, length is bounded.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Name of this host.
    pub host: &'a str,
    /// `Message-ID` of the notification, in its angle brackets.
    pub message_id: &'a str,
    /// Now.
    pub at: Time,
    /// Who is told: the reverse-path of the message.
    pub to: &'a str,
    /// ENVID, decoded from xtext.
    pub envelope_id: Option<&'a str>,
    /// When the message came.
    pub arrived: Option<Time>,
    /// The recipients there is something to say about, at least one.
    pub recipients: &'a [Recipient<'a>],
    /// The message: all of it, or at least its header.
    pub original: &'a [u8],
    /// Whether the sender wants all of it back (RET=FULL). It is returned only with a failure, and only if short enough.
    pub return_whole: bool,
}

/// What became of one recipient.
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    /// The address delivery was tried to.
    pub address: &'a str,
    /// ORCPT as `type;address`, decoded from xtext.
    pub original: Option<&'a str>,
    /// What became of it.
    pub action: Action,
    /// Enhanced status code, such as `5.1.1` (RFC 3463).
    pub status: &'a str,
    /// Why, in the words of whoever decided.
    pub diagnostic: Option<Diagnostic<'a>>,
    /// When delivery was last tried.
    pub last_attempt: Option<Time>,
}

/// What became of a recipient (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Given up.
    Failed,
    /// Still tried, until that time if it is known.
    Delayed {
        /// When it will be given up.
        until: Option<Time>,
    },
    /// In the mailbox.
    Delivered,
    /// Handed to a server that gives no notifications.
    Relayed,
    /// Handed on to several addresses.
    Expanded,
}

/// Who said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagnostic<'a> {
    /// Another server.
    Remote {
        /// Its name.
        host: &'a str,
        /// Its SMTP reply.
        reply: &'a str,
    },
    /// We.
    Local(&'a str),
}

impl Report<'_> {
    /// The notification: a whole message with CRLF line ends. It has 8-bit bytes only if what is returned, an
    /// address or an answer has.
    pub fn write(&self) -> Vec<u8> {
        report::write(self)
    }

    fn has_failed(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.action == Action::Failed)
    }

    /// Whether addresses need RFC 6533.
    fn is_international(&self) -> bool {
        let beyond = |text: Option<&str>| text.is_some_and(|text| !text.is_ascii());
        self.recipients.iter().any(|recipient| beyond(Some(recipient.address)) || beyond(recipient.original))
    }
}
