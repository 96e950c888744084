//! The store: opening, and every public read and write.

mod sharing;

use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use crate::disk::{DataDirectory, Disk};
use crate::mailbox::change::{Append, Transfer};
use crate::rows::{self, BlobRow};
use crate::segments::Pin;
use crate::shared::Owner;
use crate::tables::meta;
use crate::write::Tables;
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
            meta_cache_bytes: 48 << 20,
            active_cache_bytes: 8 << 20,
            sealed_cache_bytes: 2 << 20,
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
pub struct Store(Arc<Owner>);

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
    pub(crate) _pin: Pin,
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

impl Store {
    // ---- opening and closing -------------------------------------------------------------

    /// Opens the store in `options.data`, makes it when it is not there, runs migrations, and takes
    /// journal rows that were not yet applied back as fresh messages.
    ///
    /// # Errors
    /// `Locked` when another process has it open, `Newer` when a newer version wrote it, `Corrupt`,
    /// `Io`.
    pub fn open(options: Options, bell: Arc<dyn Bell>) -> Result<Store> {
        let disk = DataDirectory::open(options.data.clone())?;
        Store::open_on(options, Arc::new(disk), bell)
    }

    /// As [`open`](Store::open), on another disk than `options.data`; for tests.
    ///
    /// # Errors
    /// As [`open`](Store::open).
    pub fn open_on(options: Options, disk: Arc<dyn Disk>, bell: Arc<dyn Bell>) -> Result<Store> {
        Ok(Store(Arc::new(opening::open(options, disk, bell)?)))
    }

    fn write<T: Send + 'static>(&self, job: impl FnOnce(&mut Tables) -> Result<T> + Send + 'static) -> Pending<T> {
        self.0.shared.meta.write(job)
    }

    /// Finishes what is queued, seals cleanly and closes all files. Later calls return `Closed`.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }

    // ---- the way in ----------------------------------------------------------------------

    /// Begins a message. Costs no I/O.
    ///
    /// # Errors
    /// `DiskFull` when the disk's reserve is reached.
    pub fn draft(&self) -> Result<Draft> {
        let shared = &self.0.shared;
        shared.check_open()?;
        if self.disk_room_bytes() == 0 {
            return Err(Error::new(Word::DiskFull, "the disk has less free space than the reserve"));
        }
        Ok(Draft::new(shared.clone(), BlobId(shared.next_blob.fetch_add(1, Relaxed))))
    }

    /// Free bytes of the disk above the reserve (0 when it is reached); asked at most once a second.
    pub fn disk_room_bytes(&self) -> u64 {
        self.0.shared.room.bytes(&*self.0.shared.disk, self.0.shared.options.disk_free_bytes_min)
    }

    // ---- message bytes -------------------------------------------------------------------

    /// Bytes `from .. from + length` of a message, fewer at its end.
    pub fn read(&self, blob: BlobId, from: u64, length: usize) -> Result<Vec<u8>> {
        self.0.shared.read_bytes(blob, from, length)
    }

    /// The outline that was stored with a message.
    pub fn outline(&self, blob: BlobId) -> Result<Arc<[u8]>> {
        let mut outlines = self.outlines(&[blob])?;
        outlines.pop().ok_or_else(|| missing_message(blob))
    }

    /// Outlines of many messages, in their order (one read transaction).
    pub fn outlines(&self, blobs: &[BlobId]) -> Result<Vec<Arc<[u8]>>> {
        let shared = &self.0.shared;
        let fresh: Vec<_> = blobs.iter().map(|blob| shared.queue.fresh(*blob)).collect();
        let stored = shared.look(|transaction| mailbox::look::outlines(transaction, blobs))?;
        let found = stored.into_iter().zip(fresh).zip(blobs).map(|((stored, fresh), blob)| {
            let fresh = fresh.map(|fresh| fresh.arrival.outline.clone());
            stored.or(fresh).ok_or_else(|| missing_message(*blob))
        });
        found.collect()
    }

    // ---- the spool -----------------------------------------------------------------------

    /// Leases up to `max` messages to work on: fresh ones in the order of acceptance, then those due
    /// at `now` by priority, the queues in turn.
    pub fn lease(&self, max: usize, now: Time) -> Result<Vec<Leased>> {
        self.lease_from(max, now, &|_| usize::MAX)
    }

    /// As [`lease`](Store::lease), but of each queue only as many as there is `room` for, which is asked by the queue's
    /// name and must neither wait nor call the store.
    pub fn lease_from(&self, max: usize, now: Time, room: &dyn Fn(&str) -> usize) -> Result<Vec<Leased>> {
        let fresh = self.lease_fresh(max)?;
        match self.lease_due(max - fresh.len(), now, room) {
            Ok(due) => Ok(fresh.into_iter().chain(due).collect()),
            Err(error) => {
                // Nobody gets them now, so nobody would ever give them back.
                self.unlease(&fresh.iter().map(|leased| leased.id).collect::<Vec<_>>());
                Err(error)
            }
        }
    }

    fn lease_due(&self, max: usize, now: Time, room: &dyn Fn(&str) -> usize) -> Result<Vec<Leased>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let shared = &self.0.shared;
        let ours = shared.queue.lease_due(max, now, room);
        let rows = shared.look(|transaction| spool::look::leased(transaction, &ours, now));
        let kept = rows.as_ref().map(Vec::as_slice).unwrap_or_default();
        let others = ours.iter().filter(|id| !kept.iter().any(|leased| leased.id == **id));
        self.unlease(&others.copied().collect::<Vec<_>>());
        rows
    }

    /// Leases fresh messages only (what a stopped spool does, to write their spool rows).
    pub fn lease_fresh(&self, max: usize) -> Result<Vec<Leased>> {
        self.0.shared.check_open()?;
        Ok(self.0.shared.queue.lease_fresh(max).into_iter().map(spool::look::leased_fresh).collect())
    }

    /// Gives leases back unused.
    pub fn unlease(&self, ids: &[BlobId]) {
        let doomed = self.0.shared.queue.release(ids.iter().copied());
        if !doomed.is_empty() {
            drop(self.spool_delete(doomed));
        }
    }

    /// Writes what came of the attempts, all in one transaction, and frees the leases. Fresh messages
    /// must be settled in the order they were leased. Returns, in the same order, whether each
    /// message is out of the spool.
    pub fn settle(&self, settlements: Vec<Settlement>) -> Pending<Vec<bool>> {
        let shared = self.0.shared.clone();
        let ids: Vec<BlobId> = settlements.iter().map(|settlement| settlement.id).collect();
        let queue = shared.queue.clone();
        let batch = settlements.into_iter().map(|settlement| {
            let fresh = queue.fresh(settlement.id);
            (settlement, fresh)
        });
        let batch = batch.collect();
        let meta = shared.clone();
        meta.meta.write_then(
            move |tables| spool::settle::settle(tables, batch, Time::now()),
            move |result| {
                let doomed = if result.is_ok() { shared.queue.forget(&ids) } else { shared.queue.release(ids) };
                if !doomed.is_empty() {
                    shared.delete_messages(doomed, |_| ());
                }
            },
        )
    }

    /// Writes how far an attempt has come whose message stays leased. Says whether the message is still in the spool.
    /// It must have its spool row.
    pub fn progress(&self, settlement: Settlement) -> Pending<bool> {
        self.write(move |tables| {
            let gone = spool::settle::settle(tables, vec![(settlement, None)], Time::now())?;
            Ok(!gone.contains(&true))
        })
    }

    /// When the next message that is not leased becomes due, of the queues that are `open`, which is asked by the
    /// queue's name and must neither wait nor call the store.
    pub fn next_due(&self, open: &dyn Fn(&str) -> bool) -> Result<Option<Time>> {
        let shared = &self.0.shared;
        shared.check_open()?;
        Ok(shared.queue.first_free().into_iter().chain(shared.queue.next_due(open)).min())
    }

    /// Number of messages in the spool, fresh ones included.
    pub fn spool_depth(&self) -> Result<u64> {
        let fresh = self.0.shared.queue.fresh_count() as u64;
        Ok(fresh + self.0.shared.look(spool::look::depth)?)
    }

    /// Messages in the order of creation.
    pub fn spool(&self, filter: &SpoolFilter) -> Result<Vec<SpoolEntry>> {
        let shared = &self.0.shared;
        let fresh = shared.queue.list_fresh(filter);
        shared.look(|transaction| spool::look::list(transaction, &shared.queue, &fresh, filter))
    }

    /// One message of the spool.
    pub fn spool_entry(&self, id: BlobId) -> Result<Option<SpoolEntry>> {
        let shared = &self.0.shared;
        if let Some(fresh) = shared.queue.fresh(id) {
            return Ok(Some(spool::look::fresh_entry(fresh, shared.queue.is_leased(id))));
        }
        shared.look(|transaction| spool::look::one(transaction, &shared.queue, id))
    }

    /// Next attempt now. Returns how many of them are in the spool.
    pub fn spool_force(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::force(tables, &queue, &ids, Time::now()))
    }

    /// Sets the priority. Returns how many of them are in the spool.
    pub fn spool_priority(&self, ids: Vec<BlobId>, priority: Priority) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::set_priority(tables, &queue, &ids, priority))
    }

    /// Has the delivery of messages start over: no attempt made, due now, all the time of the calendar
    /// left. Returns how many of them are in the spool.
    pub fn spool_reset(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let queue = self.0.shared.queue.clone();
        self.write(move |tables| spool::steer::reset(tables, &queue, &ids, Time::now()))
    }

    /// Puts messages back that were taken out within [`crate::UNDO_SECONDS`]. Returns how many of them could be.
    pub fn spool_restore(&self, ids: Vec<BlobId>) -> Pending<usize> {
        self.write(move |tables| spool::steer::restore(tables, &ids, undone_since(Time::now())))
    }

    /// Messages that can be put back, the latest first.
    pub fn spool_removed(&self, limit: usize) -> Result<Vec<RemovedEntry>> {
        let since = undone_since(Time::now());
        self.0.shared.look(|transaction| spool::look::removed(transaction, since, limit))
    }

    /// Takes messages out of the spool; they can be put back for [`crate::UNDO_SECONDS`]. A leased one
    /// goes when its attempt ends. Returns how many there were.
    pub fn spool_delete(&self, ids: Vec<BlobId>) -> Pending<usize> {
        let (promise, pending) = Pending::new();
        self.0.shared.delete_messages(ids, |result| promise.keep(result));
        pending
    }

    // ---- mailboxes -----------------------------------------------------------------------

    /// All mailboxes of an account, by name.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>> {
        self.0.shared.look(|transaction| mailbox::look::all(transaction, account))
    }

    /// The mailbox of that exact name (`INBOX` in any case).
    pub fn mailbox(&self, account: AccountId, name: &str) -> Result<Option<Mailbox>> {
        let Ok(name) = mailbox::names::normal(name) else { return Ok(None) };
        self.0.shared.look(|transaction| mailbox::look::by_name(transaction, account, &name))
    }

    /// The account's mailbox for that use.
    pub fn mailbox_for(&self, account: AccountId, special_use: SpecialUse) -> Result<Option<Mailbox>> {
        let all = self.mailboxes(account)?;
        Ok(all.into_iter().find(|mailbox| mailbox.special_use == Some(special_use)))
    }

    /// Makes a mailbox and those above it that are missing.
    ///
    /// # Errors
    /// `Exists`, `Invalid`, `Limit`.
    pub fn create_mailbox(&self, account: AccountId, name: &str, special_use: Option<SpecialUse>) -> Pending<Mailbox> {
        let name = name.to_owned();
        self.write(move |tables| mailbox::names::create(tables, account, &name, special_use))
    }

    /// Removes a mailbox and its messages, not those below it.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed` (INBOX).
    pub fn delete_mailbox(&self, account: AccountId, name: &str) -> Pending<MailboxId> {
        let name = name.to_owned();
        self.write(move |tables| mailbox::names::delete(tables, account, &name))
    }

    /// Renames a mailbox and all below it. Renaming INBOX moves its messages to a new mailbox
    /// (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// `NotFound`, `Exists`, `Invalid`.
    pub fn rename_mailbox(&self, account: AccountId, from: &str, to: &str) -> Pending<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.write(move |tables| mailbox::names::rename(tables, account, &from, &to))
    }

    /// Subscribes or unsubscribes a name, which need not exist.
    pub fn subscribe(&self, account: AccountId, name: &str, subscribed: bool) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| mailbox::names::subscribe(tables, account, &name, subscribed))
    }

    /// The names subscribed to, sorted.
    pub fn subscriptions(&self, account: AccountId) -> Result<Vec<String>> {
        self.0.shared.look(|transaction| mailbox::look::subscriptions(transaction, account))
    }

    /// The mailbox's access key, when it has one.
    pub fn access_key(&self, mailbox: MailboxId) -> Result<Option<AccessKey>> {
        self.0.shared.look(|transaction| mailbox::access_key::read(transaction, mailbox))
    }

    /// Gives the mailbox this access key, unless it has one. Returns the one that it has now.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn give_access_key(&self, mailbox: MailboxId, key: AccessKey) -> Pending<AccessKey> {
        self.write(move |tables| mailbox::access_key::give(tables, mailbox, &key))
    }

    /// Takes the access keys of these mailboxes: what was authorized with them is so no longer.
    pub fn take_access_keys(&self, mailboxes: Vec<MailboxId>) -> Pending<()> {
        self.write(move |tables| mailbox::access_key::take(tables, &mailboxes))
    }

    /// All that a session needs to select a mailbox.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn open_mailbox(&self, mailbox: MailboxId) -> Result<Opened> {
        let mut opened = self.0.shared.look(|transaction| mailbox::look::open(transaction, mailbox))?;
        self.0.shared.overlay_recent(mailbox, &mut opened.mailbox.counters);
        Ok(opened)
    }

    /// The counters alone.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn counters(&self, mailbox: MailboxId) -> Result<Counters> {
        let mut counters = self.0.shared.look(|transaction| mailbox::look::counters(transaction, mailbox))?;
        self.0.shared.overlay_recent(mailbox, &mut counters);
        Ok(counters)
    }

    /// All new, changed and vanished messages since `since`.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn changes(&self, mailbox: MailboxId, since: Modseq) -> Result<Changes> {
        let mut changes = self.0.shared.look(|transaction| mailbox::look::changes(transaction, mailbox, since))?;
        self.0.shared.overlay_recent(mailbox, &mut changes.counters);
        Ok(changes)
    }

    /// Records of the UIDs in `uids` that exist, ascending, at most `limit`.
    pub fn records(&self, mailbox: MailboxId, uids: &UidSet, limit: usize) -> Result<Vec<Record>> {
        self.0.shared.look(|transaction| mailbox::look::records(transaction, mailbox, uids, limit))
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
        let (append, pin) = append(NewMessage { kept, outline, flags, keywords, internal_date }, now);
        let add = move |tables: &mut Tables| {
            let AppendedAll { uid_validity, uids, modseq } = mailbox::change::append(tables, mailbox, &[append], None)?;
            Ok(Appended { uid_validity, uid: uids.iter().next().unwrap_or_default(), modseq })
        };
        // The pin is held until the message has its row.
        self.0.shared.meta.write_then(add, move |_| drop(pin))
    }

    /// Adds messages whose bytes are kept, in one transaction; with `replaces`, this message goes in the same
    /// (RFC 3502, RFC 8508).
    ///
    /// # Errors
    /// As [`append`](Store::append), and `NotAllowed` when the message that is replaced is gone.
    pub fn append_all(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        replaces: Option<(MailboxId, Uid)>,
        now: Time,
    ) -> Pending<AppendedAll> {
        let (appends, pins): (Vec<_>, Vec<_>) = messages.into_iter().map(|message| append(message, now)).unzip();
        let add = move |tables: &mut Tables| mailbox::change::append(tables, mailbox, &appends, replaces);
        self.0.shared.meta.write_then(add, move |_| drop(pins))
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
        self.write(move |tables| mailbox::change::store_flags(tables, mailbox, &uids, &change, unchanged_since))
    }

    /// Removes messages: of `uids`, or of the whole mailbox, those with `\Deleted`, or whatever flags
    /// they have when `deleted_only` is false (POP3).
    ///
    /// # Errors
    /// `NotFound`.
    pub fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>, deleted_only: bool) -> Pending<Expunged> {
        self.write(move |tables| mailbox::change::expunge(tables, mailbox, uids.as_ref(), deleted_only))
    }

    /// Copies messages with their flags and internal date. No bytes are copied.
    ///
    /// # Errors
    /// `NotFound`, `OverQuota`, `Limit` (keywords).
    pub fn copy(&self, from: MailboxId, uids: UidSet, to: MailboxId, now: Time) -> Pending<Copied> {
        self.transfer(from, uids, to, false, Flags(u64::MAX), now)
    }

    /// Moves messages in one transaction.
    ///
    /// # Errors
    /// As [`copy`](Store::copy).
    pub fn move_messages(&self, from: MailboxId, uids: UidSet, to: MailboxId, now: Time) -> Pending<Copied> {
        self.transfer(from, uids, to, true, Flags(u64::MAX), now)
    }

    /// Copies or moves messages; of their flags and keywords, only those in `kept` go along (keywords by the bits
    /// that they have in `from`).
    ///
    /// # Errors
    /// As [`copy`](Store::copy).
    pub fn transfer(
        &self,
        from: MailboxId,
        uids: UidSet,
        to: MailboxId,
        moved: bool,
        kept: Flags,
        now: Time,
    ) -> Pending<Copied> {
        let change = if moved { mailbox::change::move_messages } else { mailbox::change::copy };
        self.write(move |tables| change(tables, from, &uids, to, Transfer { kept, now }))
    }

    /// Notes that the messages below `uid` have been announced as recent. Rides along with the next
    /// commit.
    pub fn note_recent(&self, mailbox: MailboxId, uid: Uid) {
        self.0.shared.meta.note(|notes| {
            let noted = notes.recent.entry(mailbox).or_default();
            *noted = uid.max(*noted);
        });
    }

    // ---- people --------------------------------------------------------------------------

    /// Everyone, as of now. Costs no read.
    pub fn directory(&self) -> Arc<Directory> {
        self.0.shared.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// `Exists`.
    pub fn add_domain(&self, name: &str, now: Time) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| directory::rows::add_domain(tables, name, now))
    }

    /// Changes a domain's row.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_domain(&self, domain: Domain) -> Pending<()> {
        self.write(move |tables| directory::rows::update_domain(tables, &domain))
    }

    /// Removes a domain that has neither accounts nor aliases nor shared mailboxes.
    ///
    /// # Errors
    /// `NotFound`, `NotAllowed`.
    pub fn remove_domain(&self, name: &str) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| directory::rows::remove_domain(tables, &name))
    }

    /// Adds an account with INBOX and the special-use mailboxes Drafts, Sent, Junk, Trash and
    /// Archive, all subscribed.
    ///
    /// # Errors
    /// `Exists`, `NotFound` (the domain).
    pub fn add_account(&self, account: NewAccount, now: Time) -> Pending<AccountId> {
        self.write(move |tables| directory::rows::add_account(tables, account, now))
    }

    /// Changes an account's row; `id` and `address` must be those of the row.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub fn update_account(&self, account: Account) -> Pending<()> {
        self.write(move |tables| directory::rows::update_account(tables, &account))
    }

    /// Removes an account with all its mailboxes and messages.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_account(&self, account: AccountId) -> Pending<()> {
        self.write(move |tables| directory::rows::remove_account(tables, account))
    }

    /// Adds an alias, or replaces the targets of one that is there.
    ///
    /// # Errors
    /// `Exists` when an account has the address, `NotFound` (the domain).
    pub fn put_alias(&self, address: &str, targets: Vec<String>, now: Time) -> Pending<()> {
        let address = address.to_owned();
        self.write(move |tables| directory::rows::put_alias(tables, address, targets, now))
    }

    /// Removes an alias.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove_alias(&self, address: &str) -> Pending<()> {
        let address = address.to_owned();
        self.write(move |tables| directory::rows::remove_alias(tables, &address))
    }

    /// What an account holds.
    pub fn usage(&self, account: AccountId) -> Result<Usage> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::USAGE)?.get(account.0)?;
            row.map_or(Ok(Usage::default()), |row| rows::decode_usage(row.value()))
        })
    }

    /// Notes a login; rides along with the next commit and never causes a sync of its own.
    pub fn note_login(&self, account: AccountId, login: LastLogin) {
        self.0.shared.meta.note(|notes| {
            notes.logins.insert(account, login);
        });
    }

    /// The last login of an account, one not yet durable included.
    pub fn last_login(&self, account: AccountId) -> Result<Option<LastLogin>> {
        if let Some(login) = self.0.shared.meta.noted(|notes| notes.logins.get(&account).cloned()) {
            return Ok(Some(login));
        }
        self.0.shared.look(|transaction| directory::rows::last_login(transaction, account))
    }

    // ---- reports -------------------------------------------------------------------------

    /// Adds to what is counted for reports to other servers.
    pub fn count(&self, tallies: Vec<Tally>) -> Pending<()> {
        self.write(move |tables| report::count(tables, &tallies))
    }

    /// Up to `max` of what was counted on days before `before`, by day and text, from the one after
    /// `after` on.
    pub fn counted(&self, before: u32, after: Option<(u32, String)>, max: usize) -> Result<Vec<Tally>> {
        self.0.shared.look(|transaction| report::counted(transaction, before, after.as_ref(), max))
    }

    /// Forgets what was counted on days before `before`.
    pub fn forget_counted(&self, before: u32) -> Pending<()> {
        self.write(move |tables| report::forget(tables, before))
    }

    /// Keeps a report from another server; the oldest of very many makes room for it.
    pub fn keep_report(&self, report: Report) -> Pending<()> {
        self.write(move |tables| report::keep(tables, &report))
    }

    /// The newest reports from other servers, newest first.
    pub fn reports(&self, max: usize) -> Result<Vec<Report>> {
        self.0.shared.look(|transaction| report::list(transaction, max))
    }

    // ---- settings that change at run time ------------------------------------------------

    /// A value by name.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::SETTING)?.get(name)?;
            Ok(row.map(|row| row.value().to_owned()))
        })
    }

    /// Sets or removes a value.
    pub fn set_setting(&self, name: &str, value: Option<String>) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| {
            tables.begin_writing();
            match value {
                Some(value) => drop(tables.setting.insert(name.as_str(), value.as_str())?),
                None => drop(tables.setting.remove(name.as_str())?),
            }
            Ok(())
        })
    }

    /// The TLS policy kept for a domain.
    pub fn sts_policy(&self, domain: &str) -> Result<Option<StsPolicy>> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::MTA_STS)?.get(domain)?;
            row.map(|row| rows::decode_json("mta_sts", row.value())).transpose()
        })
    }

    /// Keeps or forgets a domain's TLS policy.
    pub fn set_sts_policy(&self, domain: &str, policy: Option<StsPolicy>) -> Pending<()> {
        let domain = domain.to_owned();
        self.write(move |tables| {
            tables.begin_writing();
            match policy {
                Some(policy) => drop(tables.mta_sts.insert(domain.as_str(), rows::encode_json(&policy).as_slice())?),
                None => drop(tables.mta_sts.remove(domain.as_str())?),
            }
            Ok(())
        })
    }

    // ---- care ----------------------------------------------------------------------------

    /// Checks everything: each row's references, the bytes' checksums, the counters.
    pub fn verify(&self, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport> {
        verify::run(&self.0.shared, progress)
    }

    /// Forgets messages that can no longer be put back into the spool, copies what lives out of the
    /// emptiest sealed segment and unlinks it, when it is under half full. Returns the bytes given back.
    pub fn sweep(&self) -> Result<u64> {
        let before = undone_since(Time::now());
        while self.write(move |tables| spool::steer::forget(tables, before)).wait()? == spool::steer::ROWS_MAX {}
        sweep::run(&self.0.shared)
    }
}

fn append(message: NewMessage, now: Time) -> (Append, Pin) {
    let NewMessage { kept, outline, flags, keywords, internal_date } = message;
    let Kept { id, size, hash, segment, _pin } = kept;
    let blob = BlobRow { segment, size, references: 1, hash };
    (Append { id, blob, outline, flags, keywords, internal_date, now }, _pin)
}

/// What was removed since then can be put back at `now`.
fn undone_since(now: Time) -> Time {
    Time(now.0.saturating_sub(UNDO_SECONDS * 1000))
}

fn missing_message(id: BlobId) -> Error {
    Error::new(Word::NotFound, format!("there is no message {id}"))
}
