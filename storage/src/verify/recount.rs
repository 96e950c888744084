//! All rows of `meta.redb` against each other, as of one moment.

use std::collections::{BTreeMap, HashMap, HashSet};

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::{Check, META};
use crate::rows::{self, BlobRow, MailboxRow, SegmentRow, SpoolRow};
use crate::segments::file_name;
use crate::tables::{due_key, meta, removed_parts};
use crate::{Account, Alias, BlobId, Domain, Flags, MailboxId, Result, Uid, Usage, archive};

/// What a look at all rows found.
#[derive(Default)]
struct Count {
    findings: Vec<(Option<BlobId>, String)>,
    mailboxes: u64,
    records: u64,
    /// One entry for each reference.
    references: Vec<u64>,
}

/// What the records of a mailbox add up to.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    exists: u32,
    unseen: u32,
    deleted: u32,
    bytes: u64,
}

/// Recounts everything.
pub(super) fn run(check: &mut Check) -> Result<()> {
    let count = check.shared.look(|transaction| {
        let mut count = Count::default();
        let mailboxes = count.mailboxes(transaction)?;
        count.messages(transaction, &mailboxes)?;
        count.usage(transaction, &mailboxes)?;
        count.sharing(transaction, &mailboxes)?;
        count.spool(transaction)?;
        count.archive(transaction)?;
        count.blobs(transaction)?;
        count.directory(transaction)?;
        Ok(count)
    })?;
    check.report.mailboxes = count.mailboxes;
    check.report.records = count.records;
    for (blob, what) in count.findings {
        check.find(META, blob, what);
    }
    check.step();
    Ok(())
}

impl Count {
    fn find(&mut self, what: impl Into<String>) {
        self.findings.push((None, what.into()));
    }

    /// Decodes a row, or notes that it cannot be.
    fn decoded<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.find(error.detail)).ok()
    }

    fn mailboxes(&mut self, transaction: &ReadTransaction) -> Result<HashMap<MailboxId, MailboxRow>> {
        let names = transaction.open_table(meta::MAILBOX_NAME)?;
        let owners = self.owners(transaction)?;
        let mut mailboxes = HashMap::new();
        for row in transaction.open_table(meta::MAILBOX)?.iter()? {
            let (id, row) = row?;
            let id = MailboxId(id.value());
            let Some(row) = self.decoded(MailboxRow::decode(row.value())) else { continue };
            let named = names.get((row.account.0, row.name.as_str()))?.map(|id| id.value());
            if named != Some(id.0) {
                self.find(format!("mailbox {id} ({:?}) is not found by its name", row.name));
            }
            if !owners.contains(&row.account.0) {
                self.find(format!("mailbox {id} ({:?}) belongs to no account", row.name));
            }
            mailboxes.insert(id, row);
        }
        for row in names.iter()? {
            let (name, id) = row?;
            if !mailboxes.contains_key(&MailboxId(id.value())) {
                self.find(format!("the mailbox name {:?} leads nowhere", name.value().1));
            }
        }
        for row in transaction.open_table(meta::KEYWORD)?.iter()? {
            self.decoded(rows::decode_keywords(row?.1.value()));
        }
        self.mailboxes = mailboxes.len() as u64;
        Ok(mailboxes)
    }

    /// Who can have mailboxes.
    fn owners(&mut self, transaction: &ReadTransaction) -> Result<HashSet<u32>> {
        let mut owners = HashSet::new();
        for row in transaction.open_table(meta::ACCOUNT)?.iter()? {
            owners.insert(row?.0.value());
        }
        for row in transaction.open_table(meta::DOMAIN)?.iter()? {
            // `directory` tells of rows that do not decode.
            if let Ok(domain) = rows::decode_json::<Domain>("domain", row?.1.value()) {
                owners.insert(domain.mailboxes.0);
            }
        }
        Ok(owners)
    }

    /// Lists of rights and annotations, and the index of the former.
    fn sharing(&mut self, transaction: &ReadTransaction, mailboxes: &HashMap<MailboxId, MailboxRow>) -> Result<()> {
        let index = transaction.open_table(meta::SHARED)?;
        let mut entries = 0;
        for row in transaction.open_table(meta::ACL)?.iter()? {
            let (id, row) = row?;
            let id = MailboxId(id.value());
            let Some(acl) = self.decoded(rows::decode_acl(row.value())) else { continue };
            if !mailboxes.contains_key(&id) {
                self.find(format!("rights on mailbox {id}, which does not exist"));
            }
            for (identifier, _) in acl.entries() {
                entries += 1;
                if index.get((identifier, id.0))?.is_none() {
                    self.find(format!("{identifier:?} is not led to mailbox {id}"));
                }
            }
        }
        if index.len()? != entries {
            self.find("the index of rights does not match the lists");
        }
        for row in transaction.open_table(meta::METADATA)?.iter()? {
            let (key, row) = row?;
            let mailbox = MailboxId(key.value().0);
            self.decoded(rows::decode_annotation(row.value()));
            if mailbox.0 != 0 && !mailboxes.contains_key(&mailbox) {
                self.find(format!("annotations of mailbox {mailbox}, which does not exist"));
            }
        }
        Ok(())
    }

    fn messages(&mut self, transaction: &ReadTransaction, mailboxes: &HashMap<MailboxId, MailboxRow>) -> Result<()> {
        let doomed = transaction.open_table(meta::DOOMED_MAILBOX)?;
        let doomed: HashSet<u32> = doomed.iter()?.map(|row| Ok(row?.0.value())).collect::<Result<_>>()?;
        let mut sums: HashMap<MailboxId, Sum> = HashMap::new();
        for row in transaction.open_table(meta::MESSAGE)?.iter()? {
            let (key, row) = row?;
            let (mailbox, first) = (MailboxId((key.value() >> 32) as u32), key.value() as Uid);
            let known = mailboxes.get(&mailbox);
            if known.is_none() && !doomed.contains(&mailbox.0) {
                self.find(format!("messages of mailbox {mailbox}, which does not exist"));
            }
            let Some(block) = self.decoded(rows::Block::decode(row.value())) else { continue };
            let sum = sums.entry(mailbox).or_default();
            let (mut last, mut top) = (None, 0);
            for record in block.0 {
                self.records += 1;
                self.references.push(record.blob.0);
                sum.exists += 1;
                sum.unseen += u32::from(!record.flags.has(Flags::SEEN));
                sum.deleted += u32::from(record.flags.has(Flags::DELETED));
                sum.bytes += u64::from(record.size);
                top = top.max(record.modseq);
                let in_place = record.uid & !63 == first && last.is_none_or(|last| last < record.uid);
                last = Some(record.uid);
                let counters = known.map(|row| row.counters);
                let counted =
                    counters.is_none_or(|counters| record.uid < counters.uid_next && record.modseq <= counters.modseq);
                if !in_place || !counted {
                    let what = format!("uid {} of mailbox {mailbox} is out of place", record.uid);
                    self.findings.push((Some(record.blob), what));
                }
            }
            if rows::block_modseq(row.value())? != top {
                self.find(format!("the modseq of a message row of mailbox {mailbox} is wrong"));
            }
        }
        for (id, row) in mailboxes {
            let counters = row.counters;
            let counted = Sum {
                exists: counters.exists,
                unseen: counters.unseen,
                deleted: counters.deleted,
                bytes: counters.bytes,
            };
            if counted != sums.remove(id).unwrap_or_default() {
                self.find(format!("the counters of mailbox {id} ({:?}) are wrong", row.name));
            }
        }
        self.vanished(transaction, mailboxes, &doomed)
    }

    fn vanished(
        &mut self,
        transaction: &ReadTransaction,
        mailboxes: &HashMap<MailboxId, MailboxRow>,
        doomed: &HashSet<u32>,
    ) -> Result<()> {
        let mut counts: HashMap<MailboxId, u32> = HashMap::new();
        for row in transaction.open_table(meta::VANISHED)?.iter()? {
            let (key, row) = row?;
            let mailbox = MailboxId((key.value() >> 64) as u32);
            *counts.entry(mailbox).or_default() += 1;
            self.decoded(rows::decode_uids(row.value()));
        }
        for (id, row) in mailboxes {
            if counts.remove(id).unwrap_or(0) != row.vanished_rows {
                self.find(format!("the count of vanished rows of mailbox {id} is wrong"));
            }
        }
        if counts.keys().any(|id| !doomed.contains(&id.0)) {
            self.find("vanished rows of a mailbox that does not exist");
        }
        Ok(())
    }

    fn usage(&mut self, transaction: &ReadTransaction, mailboxes: &HashMap<MailboxId, MailboxRow>) -> Result<()> {
        let mut sums: HashMap<u32, Usage> = HashMap::new();
        for row in mailboxes.values() {
            let sum = sums.entry(row.account.0).or_default();
            sum.bytes += row.counters.bytes;
            sum.messages += u64::from(row.counters.exists);
        }
        for row in transaction.open_table(meta::USAGE)?.iter()? {
            let (account, row) = row?;
            let Some(usage) = self.decoded(rows::decode_usage(row.value())) else { continue };
            if sums.remove(&account.value()).unwrap_or_default() != usage {
                self.find(format!("the usage of account {} is wrong", account.value()));
            }
        }
        if sums.values().any(|sum| *sum != Usage::default()) {
            self.find("an account's usage is missing");
        }
        Ok(())
    }

    fn spool(&mut self, transaction: &ReadTransaction) -> Result<()> {
        let due = transaction.open_table(meta::DUE)?;
        let spool = transaction.open_table(meta::SPOOL)?;
        for row in spool.iter()? {
            let (id, row) = row?;
            let id = BlobId(id.value());
            self.references.push(id.0);
            let Some(row) = self.decoded(SpoolRow::decode(row.value())) else { continue };
            let queue = due.get(due_key(row.priority, row.next_attempt, id))?;
            if queue.is_none_or(|queue| queue.value() != row.queue) {
                self.findings.push((Some(id), format!("message {id} of the spool never becomes due")));
            }
            if row.recipients.len() != row.arrival.envelope.recipients.len() {
                self.findings.push((Some(id), format!("message {id} has a wrong number of recipients' states")));
            }
        }
        if due.len()? != spool.len()? {
            self.find("the times of the spool do not match its messages");
        }
        for row in transaction.open_table(meta::REMOVED)?.iter()? {
            let (key, row) = row?;
            self.references.push(removed_parts(key.value()).1.0);
            self.decoded(SpoolRow::decode(row.value()));
        }
        Ok(())
    }

    /// The archive's records; `archive/proof.rs` looks at their chains.
    fn archive(&mut self, transaction: &ReadTransaction) -> Result<()> {
        let mut kept: HashMap<u32, u64> = HashMap::new();
        for row in transaction.open_table(meta::ARCHIVE)?.iter()? {
            let (key, row) = row?;
            let (chain, blobs) = archive::rows::blobs(key.value(), row.value());
            let Some(blobs) = self.decoded(blobs) else { continue };
            *kept.entry(chain).or_default() += blobs.len() as u64;
            self.references.extend(blobs.into_iter().map(|blob| blob.0));
        }
        for row in transaction.open_table(meta::ARCHIVE_CHAIN)?.iter()? {
            let (domain, row) = row?;
            let Some(row) = self.decoded(archive::rows::ChainRow::decode(row.value())) else { continue };
            if kept.remove(&row.number).unwrap_or(0) != row.kept {
                self.find(format!("the count of archived messages of {} is wrong", domain.value()));
            }
        }
        if kept.values().any(|kept| *kept > 0) {
            self.find("archived messages of no domain");
        }
        Ok(())
    }

    fn blobs(&mut self, transaction: &ReadTransaction) -> Result<()> {
        self.references.sort_unstable();
        let references = std::mem::take(&mut self.references);
        let mut counted = references.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).peekable();
        let outlines = transaction.open_table(meta::OUTLINE)?;
        let blobs = transaction.open_table(meta::BLOB)?;
        let mut live: BTreeMap<u32, u64> = BTreeMap::new();
        for row in blobs.iter()? {
            let (id, row) = row?;
            let id = BlobId(id.value());
            while let Some((missing, _)) = counted.next_if(|(counted, _)| *counted < id.0) {
                self.lost(BlobId(missing));
            }
            let count = counted.next_if(|(counted, _)| *counted == id.0).map_or(0, |(_, count)| count);
            // `bytes` tells of rows that do not decode.
            let Ok(row) = BlobRow::decode(row.value()) else { continue };
            *live.entry(row.segment).or_default() += row.size;
            if u64::from(row.references) != count {
                let what = format!("message {id} counts {} references and has {count}", row.references);
                self.findings.push((Some(id), what));
            }
            if outlines.get(id.0)?.is_none() {
                self.findings.push((Some(id), format!("message {id} has no outline")));
            }
        }
        let missing: Vec<u64> = counted.map(|(missing, _)| missing).collect();
        missing.into_iter().for_each(|missing| self.lost(BlobId(missing)));
        if outlines.len()? != blobs.len()? {
            self.find("there are outlines without a message");
        }
        for row in transaction.open_table(meta::TEXT_FILTER)?.iter()? {
            let id = row?.0.value();
            if blobs.get(id)?.is_none() {
                self.find(format!("there is a text filter of message {id}, but no such message"));
            }
        }
        for row in transaction.open_table(meta::SEGMENT)?.iter()? {
            let (number, row) = row?;
            let Some(row) = self.decoded(SegmentRow::decode(row.value())) else { continue };
            if live.remove(&number.value()).unwrap_or(0) != row.live {
                self.find(format!("the live bytes of {} are wrong", file_name(number.value())));
            }
        }
        for number in live.into_keys() {
            self.find(format!("{} has no row", file_name(number)));
        }
        Ok(())
    }

    fn lost(&mut self, id: BlobId) {
        self.findings.push((Some(id), format!("message {id} is referred to but not there")));
    }

    /// Accounts, and the index by address.
    fn accounts(&mut self, transaction: &ReadTransaction) -> Result<()> {
        let index = transaction.open_table(meta::ACCOUNT_ADDRESS)?;
        let accounts = transaction.open_table(meta::ACCOUNT)?;
        for row in accounts.iter()? {
            let (id, row) = row?;
            let Some(account) = self.decoded(rows::decode_json::<Account>("account", row.value())) else { continue };
            if index.get(account.address.as_str())?.map(|found| found.value()) != Some(id.value()) {
                self.find(format!("{:?} is not led to its account", account.address));
            }
        }
        if index.len()? != accounts.len()? {
            self.find(format!("{} addresses lead to {} accounts", index.len()?, accounts.len()?));
        }
        Ok(())
    }

    fn directory(&mut self, transaction: &ReadTransaction) -> Result<()> {
        for row in transaction.open_table(meta::DOMAIN)?.iter()? {
            self.decoded(rows::decode_json::<Domain>("domain", row?.1.value()));
        }
        self.accounts(transaction)?;
        for row in transaction.open_table(meta::ALIAS)?.iter()? {
            self.decoded(rows::decode_json::<Alias>("alias", row?.1.value()));
        }
        Ok(())
    }
}
