//! The tables of `meta.redb` inside one write transaction, and what is held back until its end: each
//! mailbox's row and last block, each account's usage, each message's count of references is
//! written once however often a batch changes it.

mod lazy;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use redb::WriteTransaction;

use lazy::{LazyTable, Opener};

use crate::archive::append::{self, Tails};
use crate::departed::Place;
use crate::directory;
use crate::index_log;
use crate::mailbox::{metadata, sharing};
use crate::meta::Notes;
use crate::queue::Change;
use crate::rows::{self, BlobRow, Block, MailboxRow, SegmentRow, SpoolRow};
use crate::tables::{due_key, message_key, message_keys, meta, vanished_key};
use crate::traffic;
use crate::{AccountId, BlobId, Error, IndexChange, MailboxId, News, Record, Result, Uid, Usage, Word};

/// Rows of a removed mailbox that one transaction gives back at most.
const RECLAIM_ROWS_MAX: usize = 64;

/// All tables.
pub(crate) struct Tables<'t> {
    pub(crate) state: LazyTable<'t, &'static str, u64>,
    pub(crate) applied: LazyTable<'t, u64, ()>,
    blob: LazyTable<'t, u64, &'static [u8]>,
    outline: LazyTable<'t, u64, &'static [u8]>,
    text_filter: LazyTable<'t, u64, &'static [u8]>,
    segment: LazyTable<'t, u32, &'static [u8]>,
    mailbox: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) mailbox_name: LazyTable<'t, (u32, &'static str), u32>,
    pub(crate) acl: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) shared: LazyTable<'t, (&'static str, u32), ()>,
    pub(crate) metadata: LazyTable<'t, (u32, u32, &'static str), &'static [u8]>,
    pub(crate) subscription: LazyTable<'t, (u32, &'static str), ()>,
    pub(crate) keyword: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) access_key: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) message: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) vanished: LazyTable<'t, u128, &'static [u8]>,
    doomed_mailbox: LazyTable<'t, u32, ()>,
    pub(crate) spool: LazyTable<'t, u64, &'static [u8]>,
    due: LazyTable<'t, u128, &'static str>,
    pub(crate) doomed_message: LazyTable<'t, u64, ()>,
    pub(crate) removed: LazyTable<'t, u128, &'static [u8]>,
    pub(crate) account: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) account_address: LazyTable<'t, &'static str, u32>,
    usage: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) login: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) domain: LazyTable<'t, &'static str, &'static [u8]>,
    pub(crate) alias: LazyTable<'t, &'static str, &'static [u8]>,
    pub(crate) tally: LazyTable<'t, (u32, &'static str), &'static [u8]>,
    pub(crate) report: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) script: LazyTable<'t, (u32, &'static str), &'static [u8]>,
    pub(crate) memory: LazyTable<'t, (u32, u128), &'static [u8]>,
    pub(crate) memory_end: LazyTable<'t, (u64, u32, u128), ()>,
    pub(crate) mta_sts: LazyTable<'t, &'static str, &'static [u8]>,
    pub(crate) setting: LazyTable<'t, &'static str, &'static str>,
    pub(crate) web_session: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) api_token: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) credential_use: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) traffic: LazyTable<'t, (u8, u32), &'static [u8]>,
    pub(crate) index_log: LazyTable<'t, u64, &'static [u8]>,
    /// What goes into the index log at the end.
    pub(crate) index_changes: Vec<IndexChange>,
    pub(crate) login_from: LazyTable<'t, (u32, &'static str), &'static [u8]>,
    pub(crate) block: LazyTable<'t, (&'static str, &'static str), &'static [u8]>,
    pub(crate) listed: LazyTable<'t, (&'static str, &'static str), &'static [u8]>,
    pub(crate) hold: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) password: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) mailing: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) mailing_draft: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) archive: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) archive_chain: LazyTable<'t, &'static str, &'static [u8]>,
    pub(crate) archive_filter: LazyTable<'t, u64, &'static [u8]>,
    pub(crate) archive_rule: LazyTable<'t, u32, &'static [u8]>,
    pub(crate) archive_hold: LazyTable<'t, u32, &'static [u8]>,
    /// The chains' ends, written at the end.
    pub(crate) archive_tails: Tails,
    held: Held,
    pub(crate) news: News,
    spool_changes: Vec<Change>,
    departed: Vec<(BlobId, Place)>,
    wrote: bool,
}

/// What is written at the end of the transaction.
#[derive(Default)]
struct Held {
    mailboxes: HashMap<MailboxId, MailboxRow>,
    tails: HashMap<MailboxId, (u64, Block)>,
    usages: HashMap<AccountId, Usage>,
    blobs: BTreeMap<BlobId, BlobRow>,
    live: HashMap<u32, i64>,
    touched: BTreeSet<MailboxId>,
    touched_accounts: BTreeSet<AccountId>,
}

/// What a transaction came to.
pub(crate) struct Outcome {
    pub(crate) news: News,
    pub(crate) spool_changes: Vec<Change>,
    /// Messages that have lost their row, and where their bytes are.
    pub(crate) departed: Vec<(BlobId, Place)>,
}

impl<'t> Tables<'t> {
    pub(crate) fn open(transaction: &'t WriteTransaction) -> Result<Tables<'t>> {
        Tables::of(&Opener { transaction, now: false })
    }

    /// As [`open`](Tables::open); those that are missing are made, as who only reads needs them.
    pub(crate) fn make(transaction: &'t WriteTransaction) -> Result<Tables<'t>> {
        Tables::of(&Opener { transaction, now: true })
    }

    fn of(opener: &Opener<'t>) -> Result<Tables<'t>> {
        Ok(Tables {
            state: opener.table(meta::STATE)?,
            applied: opener.table(meta::APPLIED)?,
            blob: opener.table(meta::BLOB)?,
            outline: opener.table(meta::OUTLINE)?,
            text_filter: opener.table(meta::TEXT_FILTER)?,
            segment: opener.table(meta::SEGMENT)?,
            mailbox: opener.table(meta::MAILBOX)?,
            mailbox_name: opener.table(meta::MAILBOX_NAME)?,
            acl: opener.table(meta::ACL)?,
            shared: opener.table(meta::SHARED)?,
            metadata: opener.table(meta::METADATA)?,
            subscription: opener.table(meta::SUBSCRIPTION)?,
            keyword: opener.table(meta::KEYWORD)?,
            access_key: opener.table(meta::ACCESS_KEY)?,
            message: opener.table(meta::MESSAGE)?,
            vanished: opener.table(meta::VANISHED)?,
            doomed_mailbox: opener.table(meta::DOOMED_MAILBOX)?,
            spool: opener.table(meta::SPOOL)?,
            due: opener.table(meta::DUE)?,
            doomed_message: opener.table(meta::DOOMED_MESSAGE)?,
            removed: opener.table(meta::REMOVED)?,
            account: opener.table(meta::ACCOUNT)?,
            account_address: opener.table(meta::ACCOUNT_ADDRESS)?,
            usage: opener.table(meta::USAGE)?,
            login: opener.table(meta::LOGIN)?,
            domain: opener.table(meta::DOMAIN)?,
            alias: opener.table(meta::ALIAS)?,
            tally: opener.table(meta::TALLY)?,
            report: opener.table(meta::REPORT)?,
            script: opener.table(meta::SCRIPT)?,
            memory: opener.table(meta::MEMORY)?,
            memory_end: opener.table(meta::MEMORY_END)?,
            mta_sts: opener.table(meta::MTA_STS)?,
            setting: opener.table(meta::SETTING)?,
            web_session: opener.table(meta::WEB_SESSION)?,
            api_token: opener.table(meta::API_TOKEN)?,
            credential_use: opener.table(meta::CREDENTIAL_USE)?,
            traffic: opener.table(meta::TRAFFIC)?,
            index_log: opener.table(meta::INDEX_LOG)?,
            index_changes: Vec::new(),
            login_from: opener.table(meta::LOGIN_FROM)?,
            block: opener.table(meta::BLOCK)?,
            listed: opener.table(meta::LISTED)?,
            hold: opener.table(meta::HOLD)?,
            password: opener.table(meta::PASSWORD)?,
            mailing: opener.table(meta::MAILING)?,
            mailing_draft: opener.table(meta::MAILING_DRAFT)?,
            archive: opener.table(meta::ARCHIVE)?,
            archive_chain: opener.table(meta::ARCHIVE_CHAIN)?,
            archive_filter: opener.table(meta::ARCHIVE_FILTER)?,
            archive_rule: opener.table(meta::ARCHIVE_RULE)?,
            archive_hold: opener.table(meta::ARCHIVE_HOLD)?,
            archive_tails: Tails::default(),
            held: Held::default(),
            news: News::default(),
            spool_changes: Vec::new(),
            departed: Vec::new(),
            wrote: false,
        })
    }

    // ---- jobs ----------------------------------------------------------------------------

    /// A job begins: nothing of it is written yet.
    pub(crate) fn begin_job(&mut self) {
        self.wrote = false;
    }

    /// A job has checked everything and writes from here on.
    pub(crate) fn begin_writing(&mut self) {
        self.wrote = true;
    }

    pub(crate) fn has_written(&self) -> bool {
        self.wrote
    }

    // ---- single numbers ------------------------------------------------------------------

    pub(crate) fn state(&self, name: &str) -> Result<u64> {
        Ok(self.state.get(name)?.map_or(0, |value| value.value()))
    }

    pub(crate) fn set_state(&mut self, name: &str, value: u64) -> Result<()> {
        self.begin_writing();
        self.state.insert(name, value)?;
        Ok(())
    }

    /// Gives the number of that name and adds one to it; the first is 1.
    pub(crate) fn next_id(&mut self, name: &str) -> Result<u32> {
        let next = self.state(name)?.max(1);
        self.set_state(name, next + 1)?;
        u32::try_from(next).map_err(|_| Error::new(Word::Limit, format!("all numbers of {name} are used up")))
    }

    // ---- the spool -----------------------------------------------------------------------

    pub(crate) fn put_spool_row(&mut self, id: BlobId, row: &SpoolRow) -> Result<()> {
        self.begin_writing();
        self.spool.insert(id.0, row.encode().as_slice())?;
        let due = due_key(row.priority, row.next_attempt, id);
        self.due.insert(due, row.queue.as_str())?;
        let (queue, sender) = (row.queue.clone(), row.arrival.envelope.reverse_path.clone());
        self.spool_changes.push(Change::Comes { queue, due, sender });
        Ok(())
    }

    pub(crate) fn take_spool_row(&mut self, id: BlobId, row: &SpoolRow) -> Result<()> {
        self.begin_writing();
        self.spool.remove(id.0)?;
        let due = due_key(row.priority, row.next_attempt, id);
        self.due.remove(due)?;
        self.spool_changes.push(Change::Goes { queue: row.queue.clone(), due });
        Ok(())
    }

    // ---- messages' bytes -----------------------------------------------------------------

    pub(crate) fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        if let Some(row) = self.held.blobs.get(&id) {
            return Ok((row.references > 0).then_some(*row));
        }
        self.blob.get(id.0)?.map(|row| BlobRow::decode(row.value())).transpose()
    }

    /// A message gets its row, with the first references.
    pub(crate) fn add_blob(&mut self, id: BlobId, row: BlobRow, outline: &[u8]) -> Result<()> {
        self.begin_writing();
        self.outline.insert(id.0, outline)?;
        *self.held.live.entry(row.segment).or_default() += row.size as i64;
        self.held.blobs.insert(id, row);
        Ok(())
    }

    /// Keeps a message's filter, if the message is still there.
    pub(crate) fn put_text_filter(&mut self, id: BlobId, filter: &[u8]) -> Result<()> {
        if self.blob(id)?.is_some() {
            self.begin_writing();
            self.text_filter.insert(id.0, filter)?;
        }
        Ok(())
    }

    /// Adds to or takes from a message's references.
    pub(crate) fn change_references(&mut self, id: BlobId, change: i64) -> Result<()> {
        self.begin_writing();
        let mut row = self.blob(id)?.ok_or_else(|| Error::new(Word::Corrupt, format!("message {id} has no row")))?;
        let references = i64::from(row.references) + change;
        row.references = u32::try_from(references)
            .map_err(|_| Error::new(Word::Corrupt, format!("message {id} has a wrong count of references")))?;
        self.held.blobs.insert(id, row);
        if references == 0 {
            // Gone at once: a later job of this batch must not find it.
            self.flush_blob(id, row)?;
            self.held.blobs.remove(&id);
        }
        Ok(())
    }

    fn flush_blob(&mut self, id: BlobId, row: BlobRow) -> Result<()> {
        if row.references > 0 {
            self.blob.insert(id.0, row.encode().as_slice())?;
            return Ok(());
        }
        self.blob.remove(id.0)?;
        self.outline.remove(id.0)?;
        self.text_filter.remove(id.0)?;
        self.index_changes.push(IndexChange::Gone(id));
        self.departed.push((id, (row.segment, row.size)));
        *self.held.live.entry(row.segment).or_default() -= row.size as i64;
        Ok(())
    }

    /// The message's bytes were copied to another segment.
    pub(crate) fn move_blob(&mut self, id: BlobId, from: u32, to: u32) -> Result<()> {
        if let Some(mut row) = self.blob(id)?.filter(|row| row.segment == from) {
            self.begin_writing();
            row.segment = to;
            *self.held.live.entry(from).or_default() -= row.size as i64;
            *self.held.live.entry(to).or_default() += row.size as i64;
            self.held.blobs.insert(id, row);
        }
        Ok(())
    }

    // ---- segments ------------------------------------------------------------------------

    fn segment_row(&self, number: u32) -> Result<SegmentRow> {
        self.segment.get(number)?.map_or(Ok(SegmentRow::default()), |row| SegmentRow::decode(row.value()))
    }

    pub(crate) fn note_segment(&mut self, number: u32, sealed: bool, written: u64, last_sequence: u64) -> Result<()> {
        self.begin_writing();
        let row = SegmentRow { sealed, written, last_sequence, ..self.segment_row(number)? };
        self.segment.insert(number, row.encode().as_slice())?;
        Ok(())
    }

    pub(crate) fn remove_segment(&mut self, number: u32) -> Result<()> {
        self.begin_writing();
        self.held.live.remove(&number);
        self.segment.remove(number)?;
        Ok(())
    }

    // ---- mailboxes -----------------------------------------------------------------------

    pub(crate) fn find_mailbox(&self, id: MailboxId) -> Result<Option<MailboxRow>> {
        if let Some(row) = self.held.mailboxes.get(&id) {
            return Ok(Some(row.clone()));
        }
        self.mailbox.get(id.0)?.map(|row| MailboxRow::decode(row.value())).transpose()
    }

    /// # Errors
    /// `NotFound`.
    pub(crate) fn mailbox(&self, id: MailboxId) -> Result<MailboxRow> {
        self.find_mailbox(id)?.ok_or_else(|| Error::new(Word::NotFound, "the mailbox does not exist"))
    }

    /// Writes a mailbox's row and has its watchers told.
    pub(crate) fn put_mailbox(&mut self, id: MailboxId, row: MailboxRow) {
        self.begin_writing();
        self.held.touched.insert(id);
        self.touch_account(row.account);
        self.held.mailboxes.insert(id, row);
    }

    /// Has the account's watchers told.
    pub(crate) fn touch_account(&mut self, account: AccountId) {
        self.held.touched_accounts.insert(account);
    }

    /// Takes a mailbox out of sight; its messages are given back bit by bit.
    pub(crate) fn doom_mailbox(&mut self, id: MailboxId) -> Result<()> {
        let row = self.mailbox(id)?;
        self.flush_tail(id)?;
        self.begin_writing();
        sharing::forget(self, id)?;
        metadata::forget(self, id)?;
        self.change_usage(row.account, -i64::from(row.counters.exists), -(row.counters.bytes as i64))?;
        self.mailbox_name.remove((row.account.0, row.name.as_str()))?;
        self.mailbox.remove(id.0)?;
        self.access_key.remove(id.0)?;
        self.held.mailboxes.remove(&id);
        self.doomed_mailbox.insert(id.0, ())?;
        self.held.touched.insert(id);
        self.touch_account(row.account);
        Ok(())
    }

    /// Adds a record at the end of its mailbox.
    pub(crate) fn push_record(&mut self, mailbox: MailboxId, record: Record) -> Result<()> {
        self.begin_writing();
        let key = message_key(mailbox, record.uid);
        if let Some((tail, block)) = self.held.tails.get_mut(&mailbox)
            && *tail == key
        {
            block.0.push(record);
            return Ok(());
        }
        self.flush_tail(mailbox)?;
        let mut block = self.block(key)?;
        block.0.push(record);
        self.held.tails.insert(mailbox, (key, block));
        Ok(())
    }

    pub(crate) fn block(&self, key: u64) -> Result<Block> {
        self.message.get(key)?.map_or(Ok(Block::default()), |row| Block::decode(row.value()))
    }

    /// Writes a block, or removes it when it is empty.
    pub(crate) fn put_block(&mut self, key: u64, block: &Block) -> Result<()> {
        self.begin_writing();
        self.write_block(key, block)
    }

    fn write_block(&mut self, key: u64, block: &Block) -> Result<()> {
        if block.0.is_empty() {
            self.message.remove(key)?;
        } else {
            self.message.insert(key, block.encode().as_slice())?;
        }
        Ok(())
    }

    /// Writes the block that earlier jobs held back: before anything looks at a mailbox's records.
    pub(crate) fn flush_tail(&mut self, mailbox: MailboxId) -> Result<()> {
        match self.held.tails.remove(&mailbox) {
            Some((key, block)) => self.write_block(key, &block),
            None => Ok(()),
        }
    }

    /// Keys of the mailbox's rows that may hold UIDs from `first` to `last`.
    pub(crate) fn block_keys(&self, mailbox: MailboxId, first: Uid, last: Uid) -> Result<Vec<u64>> {
        let range = message_key(mailbox, first)..=message_key(mailbox, last);
        self.message.range(range)?.map(|row| Ok(row?.0.value())).collect()
    }

    // ---- usage ---------------------------------------------------------------------------

    pub(crate) fn usage(&self, account: AccountId) -> Result<Usage> {
        if let Some(usage) = self.held.usages.get(&account) {
            return Ok(*usage);
        }
        self.usage.get(account.0)?.map_or(Ok(Usage::default()), |row| rows::decode_usage(row.value()))
    }

    pub(crate) fn change_usage(&mut self, account: AccountId, messages: i64, bytes: i64) -> Result<()> {
        self.begin_writing();
        let usage = self.usage(account)?;
        let usage = Usage {
            bytes: usage.bytes.saturating_add_signed(bytes),
            messages: usage.messages.saturating_add_signed(messages),
        };
        self.held.usages.insert(account, usage);
        Ok(())
    }

    pub(crate) fn remove_usage(&mut self, account: AccountId) -> Result<()> {
        self.held.usages.remove(&account);
        self.usage.remove(account.0)?;
        Ok(())
    }

    // ---- the end -------------------------------------------------------------------------

    pub(crate) fn write_notes(&mut self, notes: &Notes) -> Result<()> {
        for (account, login) in &notes.logins {
            if self.account.get(account.0)?.is_some() {
                self.login.insert(account.0, rows::encode_json(login).as_slice())?;
            }
        }
        for (id, used) in &notes.uses {
            self.credential_use.insert(id.0, rows::encode_json(used).as_slice())?;
        }
        traffic::write(self, &notes.traffic)?;
        for ((account, _), login) in &notes.sources {
            directory::rows::note_source(self, *account, login)?;
        }
        for (mailbox, uid) in &notes.recent {
            if let Some(mut row) = self.find_mailbox(*mailbox)?
                && row.counters.recent_from < *uid
            {
                row.counters.recent_from = *uid;
                self.held.mailboxes.insert(*mailbox, row);
            }
        }
        Ok(())
    }

    /// Gives back a part of the rows of removed mailboxes; true when there is more to do.
    pub(crate) fn reclaim(&mut self) -> Result<bool> {
        let Some(id) = self.doomed_mailbox.first()?.map(|(id, _)| MailboxId(id.value())) else {
            return Ok(false);
        };
        let range = self.message.range(message_keys(id))?.take(RECLAIM_ROWS_MAX);
        let keys: Vec<u64> = range.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?;
        for key in &keys {
            for record in self.block(*key)?.0 {
                self.change_references(record.blob, -1)?;
            }
            self.message.remove(*key)?;
        }
        if keys.len() == RECLAIM_ROWS_MAX {
            return Ok(true);
        }
        self.vanished.retain_in(vanished_key(id, 0)..=vanished_key(id, u64::MAX), |_, _| false)?;
        self.keyword.remove(id.0)?;
        self.doomed_mailbox.remove(id.0)?;
        Ok(self.doomed_mailbox.first()?.is_some())
    }

    /// Writes all that was held back.
    pub(crate) fn finish(mut self) -> Result<Outcome> {
        let tails: Vec<MailboxId> = self.held.tails.keys().copied().collect();
        for mailbox in tails {
            self.flush_tail(mailbox)?;
        }
        let Held { mailboxes, usages, blobs, touched, touched_accounts, live, .. } = std::mem::take(&mut self.held);
        self.held.live = live;
        for (id, row) in mailboxes {
            self.mailbox.insert(id.0, row.encode().as_slice())?;
        }
        for (account, usage) in usages {
            self.usage.insert(account.0, rows::encode_usage(usage).as_slice())?;
        }
        for (id, row) in blobs {
            self.flush_blob(id, row)?;
        }
        for (number, change) in std::mem::take(&mut self.held.live) {
            let mut row = self.segment_row(number)?;
            row.live = row.live.saturating_add_signed(change);
            self.segment.insert(number, row.encode().as_slice())?;
        }
        append::flush(&mut self)?;
        index_log::write(&mut self)?;
        let mut news = self.news;
        news.mailboxes = touched.into_iter().collect();
        news.accounts = touched_accounts.into_iter().collect();
        Ok(Outcome { news, spool_changes: self.spool_changes, departed: self.departed })
    }
}
