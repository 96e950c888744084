//! What a session asks the house, and what it hears.

use std::sync::Arc;

use mailstead_storage::{
    AccessKey, AccountId, Annotation, Appended, BlobId, Changes, Copied, Expunged, FlagChange, Mailbox, MailboxId,
    Modseq, Opened, Quota as Limits, Record, Rights, RightsChange, ScramVerifier, SpecialUse, Stored, Time, Uid,
    UidSet, Usage,
};

use super::arrange::{Arrangement, Row, Token};
use super::fuzzy::Scores;
use super::search::Program;
use super::wire::{FlagList, Reply, Wanted};
use crate::bell::Watch;
use crate::message::Range;
use crate::people::Login;

/// A question. Each has one kind of answer, named with it. `account` is who asks; names of mailboxes are as that user
/// sees them, and only what the user's rights allow is done (RFC 4314). It may hold a password or
/// a token, so it cannot be printed.
pub enum Question {
    /// Who is this? [`Answer::Login`]
    LogIn {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// Whose token is this? [`Answer::Login`]
    Token {
        /// Who the client says it is, when it says so.
        user: Option<String>,
        /// The token.
        token: String,
    },
    /// How is SCRAM-SHA-256 checked for this user? [`Answer::Verifier`]
    Verifier(String),
    /// May this user, who has proven the password, come in? [`Answer::Login`]
    Admit(String),
    /// This user's proof was wrong. [`Answer::Login`]
    ProofWrong(String),
    /// Opens a mailbox. [`Answer::Opened`]
    Open {
        /// Who asks.
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
        /// These bytes of the message, when it is one alone: they will be wanted next.
        ahead: Option<Range>,
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
        /// Who asks.
        account: AccountId,
        /// Into the mailbox of this name.
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
        /// Who asks.
        account: AccountId,
        /// Its name.
        name: String,
        /// What it is for.
        special_use: Option<SpecialUse>,
    },
    /// Removes a mailbox. [`Answer::Mailbox`]
    Delete {
        /// Who asks.
        account: AccountId,
        /// Its name.
        name: String,
    },
    /// Renames a mailbox. [`Answer::Done`]
    Rename {
        /// Who asks.
        account: AccountId,
        /// Its name.
        from: String,
        /// Its name to be.
        to: String,
    },
    /// Subscribes to a name or ends that. [`Answer::Done`]
    Subscribe {
        /// Who asks.
        account: AccountId,
        /// Which name.
        name: String,
        /// Or unsubscribes?
        subscribed: bool,
    },
    /// All mailboxes and subscriptions. [`Answer::Listing`]
    List {
        /// Who asks.
        account: AccountId,
        /// What is wanted of each beyond its counters.
        looks: Looks,
    },
    /// A mailbox's counters. [`Answer::Status`]
    Status {
        /// Who asks.
        account: AccountId,
        /// Its name.
        name: String,
        /// What is wanted beyond the counters.
        looks: Looks,
    },
    /// What may a root hold, and what does it? [`Answer::Quota`]
    Quota {
        /// Who asks.
        account: AccountId,
        /// Which root.
        of: QuotaOf,
    },
    /// Sets what a root may hold. [`Answer::Quota`]
    SetQuota {
        /// Who asks.
        account: AccountId,
        /// The root's name.
        root: String,
        /// What it may hold from now on.
        limits: Limits,
    },
    /// What may this user do with a mailbox that was opened before? [`Answer::Rights`]
    Rights {
        /// Who asks.
        account: AccountId,
        /// Which mailbox.
        mailbox: MailboxId,
    },
    /// What may this user do with a mailbox? [`Answer::Rights`]
    MyRights {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name.
        name: String,
    },
    /// Which rights has an identifier always? [`Answer::Rights`]
    RequiredRights {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name.
        name: String,
        /// As the client says it.
        identifier: String,
    },
    /// Who may do what with a mailbox? [`Answer::Acl`]
    Acl {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name.
        name: String,
    },
    /// Gives or takes rights. [`Answer::Done`]
    SetRights {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name.
        name: String,
        /// As the client says it.
        identifier: String,
        /// How its rights change.
        change: RightsChange,
    },
    /// Annotations of a mailbox. [`Answer::Metadata`]
    Metadata {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name, empty for the server.
        name: String,
        /// Which.
        wanted: Wanted,
    },
    /// Annotations of mailboxes that LIST tells. [`Answer::ListedMetadata`]
    ListedMetadata {
        /// Who asks.
        account: AccountId,
        /// The mailboxes, and what the user may do there.
        mailboxes: Vec<(MailboxId, Rights)>,
        /// Which annotations.
        wanted: Wanted,
    },
    /// Sets annotations, or removes those without a value. [`Answer::Done`]
    SetMetadata {
        /// Who asks.
        account: AccountId,
        /// The mailbox's name, empty for the server.
        name: String,
        /// Entries in lower case, and values.
        changes: Vec<(String, Option<Vec<u8>>)>,
    },
    /// May a message of that size be appended? [`Answer::Done`]
    AppendBegin {
        /// Who asks.
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
    /// Tells of every change in these accounts from now on. [`Answer::Watch`]
    Watch(Vec<AccountId>),
    /// By what is it seen that annotations change? [`Answer::Marks`]
    Marks {
        /// Who asks.
        account: AccountId,
        /// Those of these mailboxes, with what the user may do there.
        mailboxes: Vec<(MailboxId, Rights)>,
        /// And those of the server?
        server: bool,
    },
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
    /// A quota, when there is one.
    Quota(Result<Option<Quota>, Reply>),
    /// Annotations, by name.
    Metadata(Result<Vec<Annotation>, Reply>),
    /// Annotations of each mailbox, none where they may not be read.
    ListedMetadata(Result<Vec<Option<Vec<Annotation>>>, Reply>),
    /// What may be done.
    Rights(Result<Rights, Reply>),
    /// Identifiers and their rights.
    Acl(Result<Vec<(String, Rights)>, Reply>),
    /// Mailboxes and subscriptions.
    Listing(Result<Listing, Reply>),
    /// Counters.
    Status(Result<Box<MailboxStatus>, Reply>),
    /// Appended messages.
    Appended(Result<Appended, Reply>),
    /// A message, when it is there.
    Located(Result<Option<Box<Located>>, Reply>),
    /// An access key.
    AccessKey(Result<AccessKey, Reply>),
    /// A watch.
    Watch(Watch),
    /// Annotations.
    Marks(Result<Vec<Mark>, Reply>),
}

/// An annotation as it is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Of this mailbox, or of the server.
    pub mailbox: Option<MailboxId>,
    /// Its name.
    pub entry: String,
    /// Differs when its value does.
    pub value_hash: u64,
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
    /// What it holds; the mailbox's name is that by which the user sees it.
    pub opened: Opened,
    /// What the user may do there.
    pub rights: Rights,
    /// Is it the user's own? The rights on others' may change while it is open.
    pub owned: bool,
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
    /// The bytes that were asked for ahead, as far as the message has them.
    pub ahead: Option<Vec<u8>>,
}

/// What a search has found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The messages.
    pub uids: UidSet,
    /// Their highest modseq.
    pub modseq: Modseq,
    /// How well they fit, when the index was asked.
    pub scores: Scores,
}

/// The mailboxes that a user sees.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The user's own, then those of others, by the names by which the user sees them.
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
    /// What the user may do with it.
    pub rights: bool,
}

/// The answers to [`Looks`], 0 where nothing was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Messages that no session has been told of.
    pub recent: u32,
    /// Bytes of messages with `\Deleted`.
    pub deleted_bytes: u64,
    /// What the user may do with it.
    pub rights: Rights,
}

/// A quota root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaOf {
    /// That of the mailbox with this name.
    Mailbox(String),
    /// That of this name.
    Root(String),
}

/// What a root may hold, and holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The root's name.
    pub root: String,
    /// What is held.
    pub used: Usage,
    /// What may be.
    pub limits: Limits,
}
