//! What a session asks the house, and what it hears.

use std::sync::Arc;

use mailstead_storage::{
    AccessKey, AccountId, AppendedAll, BlobId, Changes, Copied, Expunged, FlagChange, Mailbox, MailboxId, Modseq,
    Opened, Record, ScramVerifier, SpecialUse, Stored, Time, Uid, UidSet,
};

use super::arrange::{Arrangement, Row, Token};
use super::search::Program;
use super::wire::{FlagList, Reply};
use crate::bell::Watch;
use crate::message::Range;
use crate::people::Login;

/// A question. Each has one kind of answer, named with it. It may hold a password, so it cannot be printed.
pub enum Question {
    /// Who is this? [`Answer::Login`]
    LogIn {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// How is SCRAM-SHA-256 checked for this user? [`Answer::Verifier`]
    Verifier(String),
    /// May this user, who has proven the password, come in? [`Answer::Login`]
    Admit(String),
    /// This user's proof was wrong. [`Answer::Login`]
    ProofWrong(String),
    /// Opens a mailbox. [`Answer::Opened`]
    Open {
        /// Whose.
        account: AccountId,
        /// Its name.
        name: String,
        /// Are its new messages recent for this session alone?
        takes_recent: bool,
        /// What has happened since the client knew it, when it is still the same (RFC 7162 §3.2.5)?
        known: Option<Known>,
    },
    /// What has happened since? [`Answer::Changes`]
    Changes {
        /// Where.
        mailbox: MailboxId,
        /// What the session knows.
        since: Modseq,
        /// As in `Open`.
        takes_recent: bool,
    },
    /// Records, and outlines when wanted. [`Answer::Fetched`]
    Fetch {
        /// Of this mailbox.
        mailbox: MailboxId,
        /// Of these messages.
        uids: UidSet,
        /// With their outlines?
        outlines: bool,
    },
    /// Bytes of messages. [`Answer::Bytes`]
    Read(Vec<Span>),
    /// Changes flags. [`Answer::Stored`]
    Store {
        /// Of this mailbox.
        mailbox: MailboxId,
        /// Of these messages.
        uids: UidSet,
        /// How.
        change: FlagChange,
        /// RFC 7162 UNCHANGEDSINCE.
        unchanged_since: Option<Modseq>,
    },
    /// Removes messages with `\Deleted`. [`Answer::Expunged`]
    Expunge {
        /// From this mailbox.
        mailbox: MailboxId,
        /// Of these messages, or of all.
        uids: Option<UidSet>,
    },
    /// Copies or moves messages. [`Answer::Copied`]
    Copy {
        /// From this mailbox.
        from: MailboxId,
        /// These messages.
        uids: UidSet,
        /// Into a mailbox of this account.
        account: AccountId,
        /// Its name.
        to: String,
        /// Do they leave the source?
        moved: bool,
    },
    /// Which of these messages match? [`Answer::Found`]
    Search {
        /// Of this mailbox.
        mailbox: MailboxId,
        /// Among these messages.
        uids: UidSet,
        /// What is looked for.
        program: Arc<Program>,
    },
    /// What must be known of these messages to arrange them? [`Answer::Rows`]
    Rows {
        /// Of this mailbox.
        mailbox: MailboxId,
        /// Of these messages.
        uids: UidSet,
        /// How they will be arranged.
        arrangement: Arc<Arrangement>,
    },
    /// Arranges messages. [`Answer::Arranged`]
    Arrange {
        /// All that is known of them.
        rows: Vec<Row>,
        /// How.
        arrangement: Arc<Arrangement>,
    },
    /// Makes a mailbox. [`Answer::Mailbox`]
    Create {
        /// Whose.
        account: AccountId,
        /// Its name.
        name: String,
        /// What it is for.
        special_use: Option<SpecialUse>,
    },
    /// Removes a mailbox. [`Answer::Mailbox`]
    Delete {
        /// Whose.
        account: AccountId,
        /// Its name.
        name: String,
    },
    /// Renames a mailbox. [`Answer::Done`]
    Rename {
        /// Whose.
        account: AccountId,
        /// Its name.
        from: String,
        /// Its name to be.
        to: String,
    },
    /// Subscribes to a name or ends that. [`Answer::Done`]
    Subscribe {
        /// Who.
        account: AccountId,
        /// Which name.
        name: String,
        /// Or unsubscribes?
        subscribed: bool,
    },
    /// All mailboxes and subscriptions. [`Answer::Listing`]
    List {
        /// Whose.
        account: AccountId,
        /// What is wanted of each beyond its counters.
        looks: Looks,
    },
    /// A mailbox's counters. [`Answer::Status`]
    Status {
        /// Whose.
        account: AccountId,
        /// Its name.
        name: String,
        /// What is wanted beyond the counters.
        looks: Looks,
    },
    /// What may an account hold, and what does it? [`Answer::Quota`]
    Quota {
        /// Whose.
        account: AccountId,
        /// A mailbox that must be there.
        mailbox: Option<String>,
    },
    /// May a message of that size be appended? [`Answer::Done`]
    AppendBegin {
        /// Whose.
        account: AccountId,
        /// The mailbox's name.
        name: String,
        /// The message's size in bytes.
        size: u64,
    },
    /// The next bytes of the message. [`Answer::Done`]
    AppendBytes(Vec<u8>),
    /// The message is complete; another one follows. [`Answer::Done`]
    AppendNext {
        /// Flags of the complete one.
        flags: FlagList,
        /// Its internal date, or now.
        date: Option<Time>,
        /// The next one's size in bytes.
        size: u64,
    },
    /// The message is complete, and the last: all are put into the mailbox. [`Answer::Appended`]
    AppendEnd {
        /// Its flags.
        flags: FlagList,
        /// Its internal date, or now.
        date: Option<Time>,
        /// The message that goes when they come.
        replaces: Option<(MailboxId, Uid)>,
    },
    /// The messages are not to be kept. [`Answer::Done`]
    AppendDrop,
    /// Where is the message that a URL names? [`Answer::Located`]
    Locate {
        /// Whose.
        owner: Owner,
        /// The mailbox's name.
        mailbox: String,
        /// The UIDVALIDITY that it must have.
        uid_validity: Option<u32>,
        /// The message.
        uid: Uid,
    },
    /// The mailbox's access key, made when there is none (RFC 4467). [`Answer::AccessKey`]
    AccessKey {
        /// Whose.
        account: AccountId,
        /// Its name.
        mailbox: String,
    },
    /// Tells of every change in this account from now on. [`Answer::Watch`]
    Watch(AccountId),
    /// Makes all URLs invalid that were authorized, of one mailbox or of all (RFC 4467 §5). [`Answer::Done`]
    ResetKeys {
        /// Whose.
        account: AccountId,
        /// Of this mailbox alone.
        mailbox: Option<String>,
    },
}

/// What a question is answered with; a refusal comes as the reply that tells it.
pub enum Answer {
    /// Who it is.
    Login(Result<Login, Reply>),
    /// How to check.
    Verifier(ScramVerifier),
    /// An open mailbox.
    Opened(Result<Box<OpenMailbox>, Reply>),
    /// What has happened.
    Changes(Result<Box<Changes>, Reply>),
    /// Records.
    Fetched(Result<Fetched, Reply>),
    /// Bytes of each span, in their order.
    Bytes(Result<Vec<Vec<u8>>, Reply>),
    /// Changed flags.
    Stored(Result<Box<Stored>, Reply>),
    /// Removed messages.
    Expunged(Result<Expunged, Reply>),
    /// Copied messages.
    Copied(Result<Copied, Reply>),
    /// Messages that match.
    Found(Result<Found, Reply>),
    /// What is known of messages.
    Rows(Result<Vec<Row>, Reply>),
    /// Messages in their order, or in threads.
    Arranged(Vec<Token>),
    /// It is done.
    Done(Result<(), Reply>),
    /// The mailbox is made, or gone.
    Mailbox(Result<MailboxId, Reply>),
    /// An account's quota, when it has one.
    Quota(Result<Option<Quota>, Reply>),
    /// Mailboxes and subscriptions.
    Listing(Result<Listing, Reply>),
    /// Counters.
    Status(Result<Box<MailboxStatus>, Reply>),
    /// Appended messages.
    Appended(Result<AppendedAll, Reply>),
    /// A message, when it is there.
    Located(Result<Option<Box<Located>>, Reply>),
    /// An access key.
    AccessKey(Result<AccessKey, Reply>),
    /// A watch.
    Watch(Watch),
}

/// Whose mailbox a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Of this account.
    Account(AccountId),
    /// Of the account with this address.
    Address(String),
}

/// The message that a URL names.
#[derive(Debug, Clone)]
pub struct Located {
    /// The key of its mailbox, when it has one.
    pub access_key: Option<AccessKey>,
    /// Its record.
    pub record: Record,
    /// Its outline as stored.
    pub outline: Arc<[u8]>,
}

/// Bytes of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which message.
    pub blob: BlobId,
    /// Which bytes.
    pub range: Range,
}

/// The state of a mailbox that a client remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// Its modseq.
    pub modseq: Modseq,
}

/// A mailbox opened.
pub struct OpenMailbox {
    /// What it holds.
    pub opened: Opened,
    /// What has happened since the client knew it, when that was asked and can be told.
    pub missed: Option<Changes>,
    /// Tells of every change since then.
    pub watch: Watch,
}

/// Records and, in the same order, outlines (none when they were not wanted).
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// Records of the messages that exist, by UID.
    pub records: Vec<Record>,
    /// Their outlines as stored.
    pub outlines: Vec<Arc<[u8]>>,
    /// Messages that were not read, because the others are large enough for once.
    pub rest: UidSet,
}

/// What a search has found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The messages.
    pub uids: UidSet,
    /// Their highest modseq.
    pub modseq: Modseq,
}

/// An account's mailboxes.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// By name.
    pub mailboxes: Vec<Mailbox>,
    /// For each mailbox what was looked at, when asked.
    pub looked: Vec<Looked>,
    /// Names subscribed to, sorted.
    pub subscriptions: Vec<String>,
}

/// What STATUS tells.
#[derive(Debug, Clone)]
pub struct MailboxStatus {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// What was looked at, when asked.
    pub looked: Looked,
}

/// What STATUS may ask for that costs more than reading the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    /// The number of recent messages.
    pub recent: bool,
    /// The bytes of messages with `\Deleted`.
    pub deleted_bytes: bool,
}

/// The answers to [`Looks`], 0 where nothing was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Messages that no session has been told of.
    pub recent: u32,
    /// Bytes of messages with `\Deleted`.
    pub deleted_bytes: u64,
}

/// What an account may hold, and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes held.
    pub used_bytes: u64,
    /// Bytes at most.
    pub limit_bytes: u64,
}
