//! The store: opening, and every public read and write.

use std::path::PathBuf;
use std::sync::Arc;

use crate::*;

/// Bytes of each piece of a draft but the last: fills 32 redb pages exactly.
pub const PIECE_BYTES_MAX: usize = 4096 * 32 - 24;

/// Where the store is and how much it may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; made when it is not there.
    pub data: PathBuf,
    /// Cache of `meta.redb` in bytes.
    pub meta_cache_bytes: usize,
    /// Cache of the active segment in bytes.
    pub active_cache_bytes: usize,
    /// Cache of each sealed segment in bytes.
    pub sealed_cache_bytes: usize,
    /// Most sealed segments open at once.
    pub sealed_open_max: usize,
    /// A segment that has reached this size is sealed, bytes.
    pub segment_bytes_max: u64,
    /// Most messages of one accept commit.
    pub accept_batch_messages_max: usize,
    /// Most bytes of one accept commit.
    pub accept_batch_bytes_max: usize,
    /// New mail is refused when the disk has less than this free, bytes.
    pub disk_free_bytes_min: u64,
}

impl Options {
    /// The defaults, in this data directory.
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            data: data.into(),
            meta_cache_bytes: 256 << 20,
            active_cache_bytes: 32 << 20,
            sealed_cache_bytes: 8 << 20,
            sealed_open_max: 16,
            segment_bytes_max: 256 << 20,
            accept_batch_messages_max: 512,
            accept_batch_bytes_max: 16 << 20,
            disk_free_bytes_min: 256 << 20,
        }
    }
}

/// Everything that is kept. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(Arc<()>);

/// A message whose bytes are coming in. Dropped, it leaves nothing behind that counts.
pub struct Draft(());

/// A message was accepted: durable, and the spool's duty from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: BlobId,
    /// Its size in bytes.
    pub size: u64,
}

/// Bytes are durable in a segment, but nothing refers to them yet: give them to [`Store::append`].
#[derive(Debug, Clone)]
pub struct Kept {
    /// Their id.
    pub id: BlobId,
    /// Their number.
    pub size: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) segment: u32,
}

/// One thing that [`Store::verify`] found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file it is in, relative to the data directory.
    pub file: String,
    /// What is wrong, for a person.
    pub what: String,
    /// The message hit, when it is known.
    pub blob: Option<BlobId>,
    /// The mailboxes (address, mailbox name, UID) that show the message.
    pub seen_in: Vec<(String, String, Uid)>,
}

/// How far [`Store::verify`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Steps done.
    pub done: u64,
    /// Steps in all, as far as known.
    pub total: u64,
}

/// What [`Store::verify`] looked at and found.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Messages' bytes read and hashed.
    pub blobs: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Mailboxes counted.
    pub mailboxes: u64,
    /// Message records followed.
    pub records: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl Store {
    // ---- opening and closing -------------------------------------------------------------

    /// Opens the store in `options.data`, makes it when it is not there, runs migrations, and takes
    /// journal rows that were not yet applied back as fresh messages.
    ///
    /// # Errors
    /// `Locked` when another process has it open, `Newer` when a newer version wrote it, `Corrupt`,
    /// `Io`.
    pub fn open(options: Options, bell: Arc<dyn Bell>) -> Result<Store> {
        todo!()
    }

    /// Finishes what is queued, seals cleanly and closes all files. Later calls return `Closed`.
    pub fn close(&self) -> Result<()> {
        todo!()
    }

    // ---- the way in ----------------------------------------------------------------------

    /// Begins a message. Costs no I/O.
    ///
    /// # Errors
    /// `DiskFull` when the disk's reserve is reached.
    pub fn draft(&self) -> Result<Draft> {
        todo!()
    }

    /// Free bytes of the disk above the reserve (0 when it is reached); asked at most once a second.
    pub fn disk_room_bytes(&self) -> u64 {
        todo!()
    }

    // ---- message bytes -------------------------------------------------------------------

    /// Bytes `from .. from + length` of a message, fewer at its end.
    pub fn read(&self, blob: BlobId, from: u64, length: usize) -> Result<Vec<u8>> {
        todo!()
    }

    /// The outline that was stored with a message.
    pub fn outline(&self, blob: BlobId) -> Result<Arc<[u8]>> {
        todo!()
    }

    /// Outlines of many messages, in their order (one read transaction).
    pub fn outlines(&self, blobs: &[BlobId]) -> Result<Vec<Arc<[u8]>>> {
        todo!()
    }

    // ---- the spool -----------------------------------------------------------------------

    /// Leases up to `max` messages to work on: fresh ones in the order of acceptance, then those due
    /// at `now` by priority and due time.
    pub fn lease(&self, max: usize, now: Time) -> Result<Vec<Leased>> {
        todo!()
    }

    /// Leases fresh messages only (what a stopped spool does, to write their spool rows).
    pub fn lease_fresh(&self, max: usize) -> Result<Vec<Leased>> {
        todo!()
    }

    /// Gives leases back unused.
    pub fn unlease(&self, ids: &[BlobId]) {
        todo!()
    }

    /// Writes what came of the attempts, all in one transaction, and frees the leases. Fresh messages
    /// must be settled in the order they were leased. Returns, in the same order, whether each
    /// message is out of the spool.
    pub fn settle(&self, settlements: Vec<Settlement>) -> Pending<Vec<bool>> {
        todo!()
    }

    /// When the next message that is not leased becomes due.
    pub fn next_due(&self) -> Result<Option<Time>> {
        todo!()
    }

    /// Number of messages in the spool, fresh ones included.
    pub fn spool_depth(&self) -> Result<u64> {
        todo!()
    }

    /// Messages in the order of creation.
    pub fn spool(&self, filter: &SpoolFilter) -> Result<Vec<SpoolEntry>> {
        todo!()
    }

    /// One message of the spool.
    pub fn spool_entry(&self, id: BlobId) -> Result<Option<SpoolEntry>> {
        todo!()
    }

    /// Next attempt now. Returns how many of them are in the spool.
    pub fn spool_force(&self, ids: Vec<BlobId>) -> Pending<usize> {
        todo!()
    }

    /// Sets the priority. Returns how many of them are in the spool.
    pub fn spool_priority(&self, ids: Vec<BlobId>, priority: Priority) -> Pending<usize> {
        todo!()
    }

    /// Takes messages out of the spool. A leased one goes when its attempt ends. Returns how many there were.
    pub fn spool_delete(&self, ids: Vec<BlobId>) -> Pending<usize> {
        todo!()
    }

    // ---- mailboxes -----------------------------------------------------------------------

    /// All mailboxes of an account, by name.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>> {
        todo!()
    }

    /// The mailbox of that exact name (`INBOX` in any case).
    pub fn mailbox(&self, account: AccountId, name: &str) -> Result<Option<Mailbox>> {
        todo!()
    }

    /// The account's mailbox for that use.
    pub fn mailbox_for(&self, account: AccountId, special_use: SpecialUse) -> Result<Option<Mailbox>> {
        todo!()
    }

    /// Makes a mailbox and those above it that are missing.
    ///
    /// # Errors
    /// `Exists`, `Invalid`, `Limit`.
    pub fn create_mailbox(&self, account: AccountId, name: &str, special_use: Option<SpecialUse>) -> Pending<Mailbox> {
        todo!()
    }

    /// Removes a mailbox and its messages, not those below it.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed` (INBOX).
    pub fn delete_mailbox(&self, account: AccountId, name: &str) -> Pending<MailboxId> {
        todo!()
    }

    /// Renames a mailbox and all below it. Renaming INBOX moves its messages to a new mailbox
    /// (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// `NotFound`, `Exists`, `Invalid`.
    pub fn rename_mailbox(&self, account: AccountId, from: &str, to: &str) -> Pending<()> {
        todo!()
    }

    /// Subscribes or unsubscribes a name, which need not exist.
    pub fn subscribe(&self, account: AccountId, name: &str, subscribed: bool) -> Pending<()> {
        todo!()
    }

    /// The names subscribed to, sorted.
    pub fn subscriptions(&self, account: AccountId) -> Result<Vec<String>> {
        todo!()
    }

    /// All that a session needs to select a mailbox.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn open_mailbox(&self, mailbox: MailboxId) -> Result<Opened> {
        todo!()
    }

    /// The counters alone.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn counters(&self, mailbox: MailboxId) -> Result<Counters> {
        todo!()
    }

    /// All new, changed and vanished messages since `since`.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn changes(&self, mailbox: MailboxId, since: Modseq) -> Result<Changes> {
        todo!()
    }

    /// Records of the UIDs in `uids` that exist, ascending, at most `limit`.
    pub fn records(&self, mailbox: MailboxId, uids: &UidSet, limit: usize) -> Result<Vec<Record>> {
        todo!()
    }

    /// Adds a message whose bytes are kept.
    ///
    /// # Errors
    /// `NotFound`, `OverQuota`, `Limit` (keywords).
    #[expect(clippy::too_many_arguments)]
    pub fn append(
        &self,
        mailbox: MailboxId,
        kept: Kept,
        outline: Arc<[u8]>,
        flags: Flags,
        keywords: Vec<String>,
        internal_date: Time,
        now: Time,
    ) -> Pending<Appended> {
        todo!()
    }

    /// Changes flags. `unchanged_since` is RFC 7162's UNCHANGEDSINCE.
    ///
    /// # Errors
    /// `NotFound`, `Limit` (keywords).
    pub fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Option<Modseq>,
    ) -> Pending<Stored> {
        todo!()
    }

    /// Removes messages: of `uids`, or of the whole mailbox, those with `\Deleted`, or whatever flags
    /// they have when `deleted_only` is false (POP3).
    ///
    /// # Errors
    /// `NotFound`.
    pub fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>, deleted_only: bool) -> Pending<Expunged> {
        todo!()
    }

    /// Copies messages with their flags and internal date. No bytes are copied.
    ///
    /// # Errors
    /// `NotFound`, `OverQuota`, `Limit` (keywords).
    pub fn copy(&self, from: MailboxId, uids: UidSet, to: MailboxId, now: Time) -> Pending<Copied> {
        todo!()
    }

    /// Moves messages in one transaction.
    ///
    /// # Errors
    /// As [`copy`](Store::copy).
    pub fn move_messages(&self, from: MailboxId, uids: UidSet, to: MailboxId, now: Time) -> Pending<Copied> {
        todo!()
    }

    /// Notes that the messages below `uid` have been announced as recent. Rides along with the next
    /// commit.
    pub fn note_recent(&self, mailbox: MailboxId, uid: Uid) {
        todo!()
    }

    // ---- people --------------------------------------------------------------------------

    /// Everyone, as of now. Costs no read.
    pub fn directory(&self) -> Arc<Directory> {
        todo!()
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// `Exists`.
    pub fn add_domain(&self, name: &str, now: Time) -> Pending<()> {
        todo!()
    }

    /// Changes a domain's row.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_domain(&self, domain: Domain) -> Pending<()> {
        todo!()
    }

    /// Removes a domain that has neither accounts nor aliases.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed`.
    pub fn remove_domain(&self, name: &str) -> Pending<()> {
        todo!()
    }

    /// Adds an account with INBOX and the special-use mailboxes Drafts, Sent, Junk, Trash and
    /// Archive, all subscribed.
    ///
    /// # Errors
    /// `Exists`, `NotFound` (the domain).
    pub fn add_account(&self, account: NewAccount, now: Time) -> Pending<AccountId> {
        todo!()
    }

    /// Changes an account's row; `id` and `address` must be those of the row.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn update_account(&self, account: Account) -> Pending<()> {
        todo!()
    }

    /// Removes an account with all its mailboxes and messages.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_account(&self, account: AccountId) -> Pending<()> {
        todo!()
    }

    /// Adds an alias, or replaces the targets of one that is there.
    ///
    /// # Errors
    /// `Exists` when an account has the address, `NotFound` (the domain).
    pub fn put_alias(&self, address: &str, targets: Vec<String>, now: Time) -> Pending<()> {
        todo!()
    }

    /// Removes an alias.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_alias(&self, address: &str) -> Pending<()> {
        todo!()
    }

    /// What an account holds.
    pub fn usage(&self, account: AccountId) -> Result<Usage> {
        todo!()
    }

    /// Notes a login; rides along with the next commit and never causes a sync of its own.
    pub fn note_login(&self, account: AccountId, login: LastLogin) {
        todo!()
    }

    /// The last login of an account, one not yet durable included.
    pub fn last_login(&self, account: AccountId) -> Result<Option<LastLogin>> {
        todo!()
    }

    // ---- settings that change at run time ------------------------------------------------

    /// A value by name.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        todo!()
    }

    /// Sets or removes a value.
    pub fn set_setting(&self, name: &str, value: Option<String>) -> Pending<()> {
        todo!()
    }

    // ---- care ----------------------------------------------------------------------------

    /// Checks everything: each row's references, the bytes' checksums, the counters.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport> {
        todo!()
    }

    /// Copies what lives out of the emptiest sealed segment and unlinks it, when it is under half
    /// full. Returns the bytes given back.
    pub fn sweep(&self) -> Result<u64> {
        todo!()
    }
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl Draft {
    /// The message's id.
    pub fn id(&self) -> BlobId {
        todo!()
    }

    /// Bytes pushed so far.
    pub fn size(&self) -> u64 {
        todo!()
    }

    /// Writes the next [`PIECE_BYTES_MAX`] bytes, exactly so many. Not durable by itself. Await it
    /// before the next push: that bounds the memory.
    pub fn push(&mut self, piece: Vec<u8>) -> Pending<()> {
        todo!()
    }

    /// Ends the message with its last bytes (0 to [`PIECE_BYTES_MAX`], or a whole short message) and
    /// hands it to the spool: when this resolves it is durable and will be delivered.
    pub fn accept(self, tail: Vec<u8>, arrival: Arrival) -> Pending<Accepted> {
        todo!()
    }

    /// Ends the message with its last bytes and makes the bytes durable, for [`Store::append`].
    pub fn keep(self, tail: Vec<u8>) -> Pending<Kept> {
        todo!()
    }
}
