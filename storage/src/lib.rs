//! What Mailstead keeps: messages, mailboxes, the spool, the directory of
//! people, settings. Everything lives in redb files in one data directory:
//! message bytes in capped *segment* files, all else in `meta.redb`.
//!
//! This crate never parses mail, never waits on the network and knows no async
//! runtime. Every public write is one transaction; the [`Pending`] it returns
//! resolves only when what was written is durable. Every read is one short
//! transaction whose result is copied out.

mod accept;
mod agenda;
mod archive;
mod base;
mod bell;
mod codec;
mod credentials;
mod departed;
mod directory;
mod disk;
mod draft;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod ids;
mod index_log;
mod lane;
mod mailbox;
mod mailing;
mod meta;
mod migration;
mod opening;
mod password;
mod pending;
mod pieces;
mod queue;
mod report;
mod rows;
mod rules;
pub mod search;
mod segments;
mod shared;
mod sharing;
mod spool;
mod store;
mod sweep;
mod tables;
mod traffic;
mod verify;
mod write;

pub use archive::filter::{ARCHIVE_FILTER_RECORDS, ArchiveFilter};
pub use archive::look::{ArchiveLook, ArchiveSlice};
pub use archive::{
    ARCHIVE_HOLDS_MAX, ARCHIVE_RULES_MAX, ArchiveBreak, ArchiveChain, ArchiveCriteria, ArchiveDirection, ArchiveHead,
    ArchiveHold, ArchivePlace, ArchiveProof, ArchiveRecord, ArchiveRule, ArchiveUnfiltered,
};
pub use bell::{Bell, News, Silent};
pub use credentials::{
    API_TOKENS_MAX, ApiToken, AppPassword, CredentialId, SecondFactor, Use, WEB_SESSIONS_MAX, WebSession,
};
pub use directory::{
    Account, Alias, Away, Directory, Domain, KeyAlgorithm, KeyState, LastLogin, NewAccount, Owner, Quota, Recipient,
    Role, ScramVerifier, SigningKey, Usage,
};
pub use disk::{Access, Disk};
pub use draft::Draft;
pub use error::{Error, Result, Word};
pub use guard::{BlockedNetwork, Hold, LOGINS_MAX, ListedNetwork, NetworkList};
pub use ids::{AccountId, BlobId, MailboxId, Modseq, Time, Uid};
pub use index_log::{IndexChange, IndexLog};
pub use mailbox::bundle::Bundle;
pub use mailbox::metadata::{Annotation, METADATA_ENTRY_BYTES_MAX, METADATA_VALUE_BYTES_MAX};
pub use mailbox::{
    AccessKey, Append, Appended, Attributes, Changes, Copied, Counters, Expunged, FlagChange, FlagMode, Flags, Mailbox,
    NewMessage, Opened, Record, SpecialUse, Stored, UidRange, UidSet,
};
pub use mailing::{MAILINGS_MAX, Mailing, MailingState, NewMailing};
pub use password::PasswordRecord;
pub use pending::Pending;
pub use report::{Report, ReportKind, Tally};
pub use rules::{
    ActiveScript, MEMORIES_MAX, Memory, SCRIPT_BYTES_MAX, SCRIPT_NAME_BYTES_MAX, SCRIPTS_MAX, ScriptEntry,
};
pub use sharing::{ANYONE, Acl, OTHER_USERS, Rights, RightsChange, SHARED};
pub use spool::{
    Arrival, BodyKind, Envelope, EnvelopeRecipient, Leased, LocalDelivery, Notify, Priority, Provenance,
    RecipientState, RemovedEntry, Ret, Settlement, SpoolEntry, SpoolFilter, SpoolOrder, SpoolPlace, SpoolQueue, State,
    StsPolicy, Told, UNDO_SECONDS, Verdict,
};
pub use store::{
    Accepted, Finding, Kept, Options, PIECE_BYTES_MAX, Store, TEXT_FILTERS_AT_ONCE, VerifyProgress, VerifyReport,
};
pub use traffic::{Meter, Span, Traffic};
