//! Mailboxes and their messages.

use super::Store;
use crate::accept::Job;
use crate::mailbox::redo::{self, Change, Expunge, StoreFlags, Transfer};
use crate::*;

impl Store {
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
        let look = |transaction: &_| mailbox::look::open(transaction, mailbox);
        self.0.shared.look_at_mailbox(mailbox, look, |opened| &mut opened.mailbox.counters)
    }

    /// The counters alone.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn counters(&self, mailbox: MailboxId) -> Result<Counters> {
        let look = |transaction: &_| mailbox::look::counters(transaction, mailbox);
        self.0.shared.look_at_mailbox(mailbox, look, |counters| counters)
    }

    /// All new, changed and vanished messages since `since`.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn changes(&self, mailbox: MailboxId, since: Modseq) -> Result<Changes> {
        let look = |transaction: &_| mailbox::look::changes(transaction, mailbox, since);
        self.0.shared.look_at_mailbox(mailbox, look, |changes| &mut changes.counters)
    }

    /// Records of the UIDs in `uids` that exist, ascending, at most `limit`.
    pub fn records(&self, mailbox: MailboxId, uids: &UidSet, limit: usize) -> Result<Vec<Record>> {
        self.0.shared.look(|transaction| mailbox::look::records(transaction, mailbox, uids, limit))
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
        self.journal(StoreFlags { mailbox, uids, change, unchanged_since })
    }

    /// Removes messages: of `uids`, or of the whole mailbox, those with `\Deleted`, or whatever flags
    /// they have when `deleted_only` is false (POP3).
    ///
    /// # Errors
    /// `NotFound`.
    pub fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>, deleted_only: bool) -> Pending<Expunged> {
        self.journal(Expunge { mailbox, uids, deleted_only })
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
        self.journal(Transfer { from, uids, to, moved, kept, now })
    }

    /// Has a change written to the journal, and then made.
    fn journal<C: Change>(&self, change: C) -> Pending<C::Done> {
        let (promise, pending) = Pending::new();
        self.0.shared.accept.send(Job::Change(redo::asked(change, Vec::new(), promise)));
        pending
    }

    /// Notes that the messages below `uid` have been announced as recent. Rides along with the next
    /// commit.
    pub fn note_recent(&self, mailbox: MailboxId, uid: Uid) {
        self.0.shared.meta.note(|notes| {
            let noted = notes.recent.entry(mailbox).or_default();
            *noted = uid.max(*noted);
        });
    }
}
