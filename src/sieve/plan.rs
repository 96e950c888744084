//! What comes of a run: nothing is done here, everything is said.

use serde::{Deserialize, Serialize};

use super::edit::Edit;

/// What is to be done with a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Where it is filed, each place once. With none of all the others it is discarded.
    pub filings: Vec<Filing>,
    /// Where it is sent on to.
    pub redirects: Vec<Redirect>,
    /// Why it is refused (RFC 5429); nothing else is done with it then.
    pub rejection: Option<String>,
    /// An answer to its sender, if the sender may be answered.
    pub vacation: Option<Vacation>,
    /// All changes to its header, in their order.
    pub edits: Vec<Edit>,
    /// What is to be remembered of it.
    pub memories: Vec<Memory>,
}

/// A place that gets the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// Which.
    pub place: Place,
    /// Its flags: system flags as `\Seen`, and keywords.
    pub flags: Vec<String>,
    /// How many of the plan's first edits it gets.
    pub edits: usize,
}

/// Where a message is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Where it would go without rules.
    Keep,
    /// A mailbox by name.
    Mailbox {
        /// Its name.
        name: String,
        /// Make it when it does not exist.
        create: bool,
        /// Rather the mailbox of this special use, if there is one (RFC 8579), with its backslash.
        special_use: Option<String>,
    },
}

/// A place elsewhere that gets the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The address.
    pub address: String,
    /// How many of the plan's first edits it gets.
    pub edits: usize,
}

/// An answer while its owner is away (RFC 5230).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Vacation {
    /// What it says; with `mime`, a whole MIME entity.
    pub reason: String,
    /// Its subject, if it shall not be made of the message's.
    pub subject: Option<String>,
    /// Whom it is from, if not the recipient.
    pub from: Option<String>,
    /// More addresses of the recipient.
    pub addresses: Vec<String>,
    /// Answers of the same handle are one.
    pub handle: String,
    /// Is `reason` a MIME entity?
    pub mime: bool,
    /// How long the same sender is not answered again; `None` is the default.
    pub seconds: Option<u64>,
}

/// Something to be remembered once the message is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// What.
    pub key: String,
    /// How long; `None` is the default.
    pub seconds: Option<u64>,
}
