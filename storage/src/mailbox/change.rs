//! Messages in mailboxes: flagging, copying and removing them, and what adding them in any way has in common. Each
//! operation on a mailbox takes its next modseq.

use super::redo::Transfer;
use crate::directory;
use crate::rows::{self, MailboxRow};
use crate::tables::vanished_key;
use crate::write::Tables;
use crate::{
    Copied, Error, Expunged, FlagChange, FlagMode, Flags, IndexChange, MailboxId, Modseq, Record, Result, Stored, Time,
    Uid, UidRange, UidSet, Usage, Word,
};

/// Rows of expunged UIDs kept for each mailbox; past it the older half is forgotten.
const VANISHED_ROWS_MAX: u32 = 10_000;
/// Most bytes of a keyword.
const KEYWORD_BYTES_MAX: usize = 100;

/// A message on its way into a mailbox.
#[derive(Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) blob: crate::BlobId,
    pub(crate) size: u32,
    pub(crate) flags: Flags,
    pub(crate) internal_date: u32,
    pub(crate) save_date: u32,
}

/// A moment as records keep it.
pub(crate) fn date(time: Time) -> u32 {
    u32::try_from(time.seconds()).unwrap_or(u32::MAX)
}

/// # Errors
/// `Limit` when the mailbox has not that many UIDs left.
pub(crate) fn check_uids_left(row: &MailboxRow, count: usize) -> Result<()> {
    if (u32::MAX - row.counters.uid_next) as usize <= count {
        return Err(Error::new(Word::Limit, "the mailbox has used up its UIDs; make a new one"));
    }
    Ok(())
}

/// Adds a record with the mailbox's next UID. The caller has counted the reference, and writes the
/// mailbox's row.
pub(crate) fn add(
    tables: &mut Tables,
    mailbox: MailboxId,
    row: &mut MailboxRow,
    modseq: Modseq,
    incoming: Incoming,
) -> Result<Uid> {
    let Incoming { blob, size, flags, internal_date, save_date } = incoming;
    let uid = row.counters.uid_next;
    tables.push_record(mailbox, Record { uid, flags, modseq, blob, size, internal_date, save_date })?;
    tables.index_changes.push(IndexChange::Came { owner: row.account, blob });
    let counters = &mut row.counters;
    counters.uid_next += 1;
    counters.exists += 1;
    counters.unseen += u32::from(!flags.has(Flags::SEEN));
    counters.deleted += u32::from(flags.has(Flags::DELETED));
    counters.bytes += u64::from(size);
    counters.modseq = modseq;
    tables.change_usage(row.account, 1, i64::from(size))?;
    Ok(uid)
}

/// # Errors
/// `OverQuota`.
pub(super) fn check_quota(tables: &Tables, row: &MailboxRow, more: Usage) -> Result<()> {
    let quota = directory::rows::quota(tables, row.account)?;
    if !quota.is_unlimited() && !quota.allows(tables.usage(row.account)?.plus(more)) {
        return Err(Error::new(Word::OverQuota, "the account's quota would be exceeded"));
    }
    Ok(())
}

/// What records add to what an account holds.
pub(super) fn sum(records: &[Record]) -> Usage {
    Usage { bytes: records.iter().map(|record| u64::from(record.size)).sum(), messages: records.len() as u64 }
}

// ---- keywords ----------------------------------------------------------------------------

/// A mailbox's keywords while a job works with them.
pub(super) struct Keywords {
    all: Vec<String>,
    grown: bool,
}

impl Keywords {
    pub(super) fn of(tables: &Tables, mailbox: MailboxId) -> Result<Keywords> {
        let row = tables.keyword.get(mailbox.0)?;
        let all = row.map_or(Ok(Vec::new()), |row| rows::decode_keywords(row.value()))?;
        Ok(Keywords { all, grown: false })
    }

    /// The bit of a keyword, `None` when it is not known.
    fn find(&self, keyword: &str) -> Option<Flags> {
        let at = self.all.iter().position(|known| known.eq_ignore_ascii_case(keyword))?;
        Some(Flags(1 << (Flags::KEYWORD_FIRST as usize + at)))
    }

    /// The bit of a keyword, a new one when it is not known.
    pub(super) fn find_or_add(&mut self, keyword: &str) -> Result<Flags> {
        if let Some(flag) = self.find(keyword) {
            return Ok(flag);
        }
        if keyword.is_empty() || keyword.len() > KEYWORD_BYTES_MAX || keyword.chars().any(char::is_control) {
            return Err(Error::new(Word::Invalid, "that keyword is not allowed"));
        }
        if self.all.len() == Flags::KEYWORDS_MAX {
            let most = Flags::KEYWORDS_MAX;
            return Err(Error::new(Word::Limit, format!("a mailbox can have {most} keywords at most")));
        }
        self.all.push(keyword.to_owned());
        self.grown = true;
        Ok(Flags(1 << (Flags::KEYWORD_FIRST as usize + self.all.len() - 1)))
    }

    pub(super) fn write(&self, tables: &mut Tables, mailbox: MailboxId) -> Result<()> {
        if self.grown {
            tables.begin_writing();
            tables.keyword.insert(mailbox.0, rows::encode_keywords(&self.all).as_slice())?;
        }
        Ok(())
    }
}

/// The flags without keyword bits.
pub(crate) fn system(flags: Flags) -> Flags {
    Flags(flags.0 & ((1 << Flags::KEYWORD_FIRST) - 1))
}

/// System flags, with the keywords that the mailbox has room for.
pub(crate) fn with_keywords(tables: &mut Tables, mailbox: MailboxId, flags: Flags, names: &[String]) -> Result<Flags> {
    let mut flags = system(flags);
    if !names.is_empty() {
        let mut keywords = Keywords::of(tables, mailbox)?;
        for flag in names.iter().filter_map(|name| keywords.find_or_add(name).ok()) {
            flags = flags.with(flag);
        }
        keywords.write(tables, mailbox)?;
    }
    Ok(flags)
}

/// # Errors
/// `Invalid` when keyword bits are set: keywords are given by name.
pub(super) fn check_system(flags: Flags) -> Result<()> {
    if system(flags) == flags {
        return Ok(());
    }
    Err(Error::new(Word::Invalid, "keywords are given by name"))
}

// ---- STORE -------------------------------------------------------------------------------

/// Keys of the rows that hold any of these UIDs.
fn keys_of(tables: &mut Tables, mailbox: MailboxId, uids: &UidSet) -> Result<Vec<u64>> {
    tables.flush_tail(mailbox)?;
    let mut keys: Vec<u64> = Vec::new();
    for range in &uids.0 {
        let found = tables.block_keys(mailbox, range.first, range.last)?;
        keys.extend(found.into_iter().filter(|key| keys.last().is_none_or(|last| last < key)).collect::<Vec<_>>());
    }
    Ok(keys)
}

pub(super) fn store_flags(
    tables: &mut Tables,
    mailbox: MailboxId,
    uids: &UidSet,
    change: &FlagChange,
    unchanged_since: Option<Modseq>,
) -> Result<Stored> {
    let mut row = tables.mailbox(mailbox)?;
    check_system(change.system)?;
    let mut keywords = Keywords::of(tables, mailbox)?;
    let mut flags = change.system;
    for keyword in &change.keywords {
        match change.mode {
            FlagMode::Remove => flags = flags.with(keywords.find(keyword).unwrap_or_default()),
            _ => flags = flags.with(keywords.find_or_add(keyword)?),
        }
    }
    keywords.write(tables, mailbox)?;
    let modseq = row.counters.modseq + 1;
    let (mut records, mut before, mut modified) = (Vec::new(), Vec::new(), UidSet::default());
    for key in keys_of(tables, mailbox, uids)? {
        let mut block = tables.block(key)?;
        let mut changed = false;
        for record in block.0.iter_mut().filter(|record| uids.contains(record.uid)) {
            if unchanged_since.is_some_and(|since| record.modseq > since) {
                modified.push(record.uid);
                continue;
            }
            let new = match change.mode {
                FlagMode::Replace => flags,
                FlagMode::ReplaceWithin(within) => record.flags.without(within).with(flags),
                FlagMode::Add => record.flags.with(flags),
                FlagMode::Remove => record.flags.without(flags),
            };
            before.push(record.modseq);
            if new != record.flags {
                count_change(&mut row, record.flags, new);
                (record.flags, record.modseq, changed) = (new, modseq, true);
                row.counters.modseq = modseq;
            }
            records.push(*record);
        }
        if changed {
            tables.put_block(key, &block)?;
        }
    }
    if row.counters.modseq == modseq || keywords.grown {
        tables.put_mailbox(mailbox, row);
    }
    Ok(Stored { records, before, modified, keywords: keywords.all })
}

fn count_change(row: &mut MailboxRow, old: Flags, new: Flags) {
    let change = |flag| i32::from(new.has(flag)) - i32::from(old.has(flag));
    let counters = &mut row.counters;
    counters.unseen = counters.unseen.saturating_add_signed(-change(Flags::SEEN));
    counters.deleted = counters.deleted.saturating_add_signed(change(Flags::DELETED));
}

// ---- EXPUNGE -----------------------------------------------------------------------------

pub(super) fn expunge(
    tables: &mut Tables,
    mailbox: MailboxId,
    uids: Option<&UidSet>,
    deleted_only: bool,
) -> Result<Expunged> {
    let row = tables.mailbox(mailbox)?;
    let everything = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    if uids.is_none() && deleted_only && row.counters.deleted == 0 {
        return Ok(Expunged { uids: UidSet::default(), modseq: row.counters.modseq });
    }
    remove(tables, mailbox, uids.unwrap_or(&everything), deleted_only)
}

/// Removes the messages of `uids` that exist, or those of them with `\Deleted`.
pub(super) fn remove(tables: &mut Tables, mailbox: MailboxId, uids: &UidSet, deleted_only: bool) -> Result<Expunged> {
    let mut row = tables.mailbox(mailbox)?;
    let modseq = row.counters.modseq + 1;
    let (mut gone, mut bytes) = (UidSet::default(), 0);
    for key in keys_of(tables, mailbox, uids)? {
        let mut block = tables.block(key)?;
        let goes = |record: &Record| uids.contains(record.uid) && (!deleted_only || record.flags.has(Flags::DELETED));
        let removed: Vec<Record> = block.0.extract_if(.., |record| goes(record)).collect();
        if removed.is_empty() {
            continue;
        }
        tables.put_block(key, &block)?;
        for record in removed {
            tables.change_references(record.blob, -1)?;
            gone.push(record.uid);
            bytes += u64::from(record.size);
            let counters = &mut row.counters;
            counters.exists = counters.exists.saturating_sub(1);
            counters.unseen = counters.unseen.saturating_sub(u32::from(!record.flags.has(Flags::SEEN)));
            counters.deleted = counters.deleted.saturating_sub(u32::from(record.flags.has(Flags::DELETED)));
        }
    }
    if gone.is_empty() {
        return Ok(Expunged { uids: gone, modseq: row.counters.modseq });
    }
    row.counters.bytes = row.counters.bytes.saturating_sub(bytes);
    row.counters.modseq = modseq;
    tables.change_usage(row.account, -(gone.count() as i64), -(bytes as i64))?;
    tables.vanished.insert(vanished_key(mailbox, modseq), rows::encode_uids(&gone).as_slice())?;
    row.vanished_rows += 1;
    if row.vanished_rows > VANISHED_ROWS_MAX {
        forget_vanished(tables, mailbox, &mut row)?;
    }
    tables.put_mailbox(mailbox, row);
    Ok(Expunged { uids: gone, modseq })
}

fn forget_vanished(tables: &mut Tables, mailbox: MailboxId, row: &mut MailboxRow) -> Result<()> {
    let all = vanished_key(mailbox, 0)..=vanished_key(mailbox, Modseq::MAX);
    let count = row.vanished_rows / 2;
    let last = tables.vanished.range(all)?.nth(count as usize - 1).transpose()?.map(|(key, _)| key.value());
    if let Some(last) = last {
        tables.vanished.retain_in(vanished_key(mailbox, 0)..=last, |_, _| false)?;
        row.counters.vanished_floor = last as Modseq;
        row.vanished_rows -= count;
    }
    Ok(())
}

// ---- COPY and MOVE -----------------------------------------------------------------------

pub(super) fn copy(tables: &mut Tables, transfer: &Transfer) -> Result<Copied> {
    let source = tables.mailbox(transfer.from)?;
    let target = tables.mailbox(transfer.to)?;
    let records = records_of(tables, transfer.from, &transfer.uids)?;
    check_uids_left(&target, records.len())?;
    check_quota(tables, &target, sum(&records))?;
    let uids = add_all(tables, &records, transfer)?;
    Ok(Copied { uid_validity: target.counters.uid_validity, uids, modseq: source.counters.modseq })
}

pub(super) fn move_messages(tables: &mut Tables, transfer: &Transfer) -> Result<Copied> {
    let from = transfer.from;
    let (source, target) = (tables.mailbox(from)?, tables.mailbox(transfer.to)?);
    let records = records_of(tables, from, &transfer.uids)?;
    check_uids_left(&target, records.len())?;
    if source.account != target.account {
        check_quota(tables, &target, sum(&records))?;
    }
    let moved = add_all(tables, &records, transfer)?;
    let old: UidSet = records.iter().map(|record| record.uid).collect();
    let modseq = remove(tables, from, &old, false)?.modseq;
    Ok(Copied { uid_validity: target.counters.uid_validity, uids: moved, modseq })
}

/// Moves all messages of a mailbox.
pub(crate) fn move_all(tables: &mut Tables, from: MailboxId, to: MailboxId, now: Time) -> Result<()> {
    let uids = [UidRange { first: 1, last: u32::MAX }].into_iter().collect();
    move_messages(tables, &Transfer { from, uids, to, moved: true, kept: Flags(u64::MAX), now }).map(drop)
}

pub(super) fn records_of(tables: &mut Tables, mailbox: MailboxId, uids: &UidSet) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for key in keys_of(tables, mailbox, uids)? {
        records.extend(tables.block(key)?.0.into_iter().filter(|record| uids.contains(record.uid)));
    }
    Ok(records)
}

/// Adds records of one mailbox to another; keywords go along by name.
fn add_all(tables: &mut Tables, records: &[Record], transfer: &Transfer) -> Result<Vec<(Uid, Uid)>> {
    let Transfer { from, to, kept, now, .. } = *transfer;
    let mut row = tables.mailbox(to)?;
    let source = Keywords::of(tables, from)?;
    let mut target = Keywords::of(tables, to)?;
    let used = (records.iter().fold(0, |used, record| used | record.flags.0) & kept.0) >> Flags::KEYWORD_FIRST;
    let mut translation = Vec::new();
    for (at, keyword) in source.all.iter().enumerate().filter(|(at, _)| used >> at & 1 == 1) {
        translation.push((Flags(1 << (Flags::KEYWORD_FIRST as usize + at)), target.find_or_add(keyword)?));
    }
    target.write(tables, to)?;
    let modseq = row.counters.modseq + 1;
    let mut uids = Vec::with_capacity(records.len());
    for record in records {
        let translated = translation.iter().filter(|(old, _)| record.flags.has(*old));
        let flags = translated.fold(system(Flags(record.flags.0 & kept.0)), |flags, (_, new)| flags.with(*new));
        tables.change_references(record.blob, 1)?;
        let Record { blob, size, internal_date, .. } = *record;
        let incoming = Incoming { blob, size, flags, internal_date, save_date: date(now) };
        uids.push((record.uid, add(tables, to, &mut row, modseq, incoming)?));
    }
    if !uids.is_empty() {
        tables.put_mailbox(to, row);
    }
    Ok(uids)
}
