//! Mailboxes and their messages. The names are those of IMAP (RFC 9051, 7162).

pub(crate) mod access_key;
pub(crate) mod append;
pub(crate) mod bundle;
pub(crate) mod change;
pub(crate) mod look;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod redo;
pub(crate) mod sharing;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AccountId, BlobId, Kept, MailboxId, Modseq, Time, Uid};

/// The secret that URLs of a mailbox's messages are authorized with (RFC 4467 §1.2).
pub type AccessKey = [u8; 32];

/// What a mailbox is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum SpecialUse {
    /// `\Drafts`
    Drafts = 1,
    /// `\Sent`
    Sent = 2,
    /// `\Junk`
    Junk = 3,
    /// `\Trash`
    Trash = 4,
    /// `\Archive`
    Archive = 5,
    /// `\Flagged`
    Flagged = 6,
    /// `\All`
    All = 7,
}

/// A message's flags in one mailbox: bit 0 to 4 are the system flags, bit 5 and up the mailbox's
/// keywords in the order of [`Opened::keywords`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags(pub u64);

impl Flags {
    /// `\Seen`
    pub const SEEN: Flags = Flags(1);
    /// `\Answered`
    pub const ANSWERED: Flags = Flags(2);
    /// `\Flagged`
    pub const FLAGGED: Flags = Flags(4);
    /// `\Deleted`
    pub const DELETED: Flags = Flags(8);
    /// `\Draft`
    pub const DRAFT: Flags = Flags(16);
    /// Number of the first bit that is a keyword's.
    pub const KEYWORD_FIRST: u32 = 5;
    /// Most keywords that one mailbox can have.
    pub const KEYWORDS_MAX: usize = 59;

    /// Are all of `other` set?
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those.
    pub fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// These without those.
    pub fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

/// What `STATUS` and `SELECT` tell of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// UIDVALIDITY
    pub uid_validity: u32,
    /// UIDNEXT
    pub uid_next: Uid,
    /// Number of messages.
    pub exists: u32,
    /// Messages without `\Seen`.
    pub unseen: u32,
    /// Messages with `\Deleted`.
    pub deleted: u32,
    /// First UID that no session has been told of as `\Recent`.
    pub recent_from: Uid,
    /// Bytes of all messages.
    pub bytes: u64,
    /// HIGHESTMODSEQ
    pub modseq: Modseq,
    /// Highest modseq whose expunged UIDs are no longer known: asked from before it, a client must
    /// be told all that is there.
    pub vanished_floor: Modseq,
}

/// A mailbox as `LIST` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Its number.
    pub id: MailboxId,
    /// Whose it is: an account's, or a domain's ([`crate::Domain::mailboxes`]).
    pub account: AccountId,
    /// Its full name in UTF-8, levels parted by `/`. `INBOX` is upper case.
    pub name: String,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Its counters.
    pub counters: Counters,
}

/// One message in one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its UID.
    pub uid: Uid,
    /// Its flags.
    pub flags: Flags,
    /// Modseq of its last change.
    pub modseq: Modseq,
    /// Its bytes.
    pub blob: BlobId,
    /// Size in bytes (RFC822.SIZE).
    pub size: u32,
    /// INTERNALDATE in seconds since 1970-01-01 UTC.
    pub internal_date: u32,
    /// When it came into this mailbox (SAVEDATE, RFC 8514), seconds since 1970-01-01 UTC.
    pub save_date: u32,
}

/// UIDs from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UidRange {
    /// The lowest.
    pub first: Uid,
    /// The highest, not below `first`.
    pub last: Uid,
}

/// UIDs as sorted ranges that neither touch nor overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UidSet(pub Vec<UidRange>);

/// A mailbox opened: all from one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The mailbox and its counters.
    pub mailbox: Mailbox,
    /// Its keywords: the n-th is bit `5 + n` of [`Flags`].
    pub keywords: Vec<String>,
    /// The UIDs that exist.
    pub uids: UidSet,
    /// The lowest UID without `\Seen`.
    pub first_unseen: Option<Uid>,
}

/// What happened in a mailbox since a modseq: all from one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The counters now.
    pub counters: Counters,
    /// The keywords now.
    pub keywords: Vec<String>,
    /// Records that are new or changed, by UID.
    pub records: Vec<Record>,
    /// UIDs that are gone.
    pub vanished: UidSet,
}

/// How flags change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagMode {
    /// `FLAGS`: these and no others.
    Replace,
    /// As `Replace`, but of these flags alone; the others stay.
    ReplaceWithin(Flags),
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// A change of flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChange {
    /// How.
    pub mode: FlagMode,
    /// System flags; keyword bits must be clear.
    pub system: Flags,
    /// Keywords by name; unknown ones are made (compared without case).
    pub keywords: Vec<String>,
}

/// What `STORE` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The records as they are now, of the UIDs that exist and were allowed to change, changed or not.
    pub records: Vec<Record>,
    /// The modseq of each of them before: whoever knows an older one does not know all of its flags.
    pub before: Vec<Modseq>,
    /// UIDs that `UNCHANGEDSINCE` kept from changing (RFC 7162 MODIFIED).
    pub modified: UidSet,
    /// The keywords now.
    pub keywords: Vec<String>,
}

/// What `APPEND` says of a message.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// Its outline.
    pub outline: Arc<[u8]>,
    /// Its system flags.
    pub flags: Flags,
    /// Its keywords by name; unknown ones are made.
    pub keywords: Vec<String>,
    /// INTERNALDATE
    pub internal_date: Time,
}

/// A message whose bytes are kept, on its way into a mailbox.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its bytes.
    pub kept: Kept,
    /// What is said of it.
    pub attributes: Attributes,
}

/// An `APPEND`: what becomes of a message once its last bytes are there ([`crate::Draft::append`]).
#[derive(Debug, Clone)]
pub struct Append {
    /// Where it goes.
    pub mailbox: MailboxId,
    /// The messages that come before it in the same command (RFC 3502).
    pub before: Vec<NewMessage>,
    /// What is said of it.
    pub attributes: Attributes,
    /// The message that goes as they come (RFC 8508).
    pub replaces: Option<(MailboxId, Uid)>,
    /// SAVEDATE
    pub now: Time,
}

/// What `APPEND` made (RFC 4315 APPENDUID).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// UIDVALIDITY of the mailbox.
    pub uid_validity: u32,
    /// UIDs of the new messages, in their order.
    pub uids: UidSet,
    /// The mailbox's modseq now.
    pub modseq: Modseq,
}

/// What `COPY` or `MOVE` made (RFC 4315 COPYUID).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// UIDVALIDITY of the target.
    pub uid_validity: u32,
    /// UID in the source and UID in the target, in the order of the source.
    pub uids: Vec<(Uid, Uid)>,
    /// The source's modseq now (it changes with `MOVE`).
    pub modseq: Modseq,
}

/// What `EXPUNGE` removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expunged {
    /// The UIDs that are gone.
    pub uids: UidSet,
    /// The mailbox's modseq now.
    pub modseq: Modseq,
}

impl UidSet {
    /// Number of UIDs.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| u64::from(range.last - range.first) + 1).sum()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does it hold this UID?
    pub fn contains(&self, uid: Uid) -> bool {
        let after = self.0.partition_point(|range| range.first <= uid);
        after > 0 && self.0[after - 1].last >= uid
    }

    /// Adds a UID that is higher than all in the set.
    pub fn push(&mut self, uid: Uid) {
        match self.0.last_mut() {
            Some(range) if range.last + 1 == uid => range.last = uid,
            _ => self.0.push(UidRange { first: uid, last: uid }),
        }
    }

    /// All UIDs, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Uid> + '_ {
        self.0.iter().flat_map(|range| range.first..=range.last)
    }
}

impl FromIterator<UidRange> for UidSet {
    /// Ranges in any order, touching or overlapping.
    fn from_iter<I: IntoIterator<Item = UidRange>>(ranges: I) -> UidSet {
        let mut sorted: Vec<UidRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut set = UidSet::default();
        for range in sorted {
            match set.0.last_mut() {
                Some(last) if range.first <= last.last.saturating_add(1) => last.last = last.last.max(range.last),
                _ => set.0.push(range),
            }
        }
        set
    }
}

impl FromIterator<Uid> for UidSet {
    /// UIDs in any order.
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> UidSet {
        uids.into_iter().map(|uid| UidRange { first: uid, last: uid }).collect()
    }
}
