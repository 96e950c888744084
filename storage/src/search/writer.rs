//! Writing the index: documents are added and removed, and become visible together with how far the writer has come.

use std::collections::HashSet;
use std::mem;

use serde::{Deserialize, Serialize};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, IndexWriter, Searcher, TERMINATED, Term};

use super::segment::Draft;
use super::{Document, Index};
use crate::{AccountId, BlobId, MailboxId, Result, Uid};

/// What documents and this record are made of; an index of another number is made anew.
const FORMAT: u32 = 2;
/// Memory in which documents wait to be written out as a segment.
const DRAFT_BYTES_MAX: usize = 15 << 20;
/// Segments with no more documents are merged as if they had so many: merging all that is small with each message that
/// comes by itself would be most of the work.
const FEW_DOCUMENTS: u32 = 64;
/// Memory that tantivy may use for documents given to it, the least that it takes. It is given none, and uses none.
const TANTIVY_BYTES: usize = 15 << 20;

/// How far a writer has come, kept in the index with every commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    format: u32,
    /// The change log is followed up to here.
    pub log: u64,
    /// Owners of whom what they hold is still to be read, the first one being read now.
    pub owners: Vec<AccountId>,
    /// How much of the first one is read.
    pub place: Option<Place>,
}

/// A place in what an owner holds, in the order of the mailboxes' numbers and then of UIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The last UID that is read.
    pub uid: Uid,
}

impl Progress {
    /// The progress of an index that has everything to read.
    pub fn begin(log: u64, owners: Vec<AccountId>) -> Progress {
        Progress { format: FORMAT, log, owners, place: None }
    }

    /// Is it that of an index which this program made, and which can be gone on with?
    pub fn is_begun(&self) -> bool {
        self.format == FORMAT
    }
}

/// The one writer of an index.
pub struct Writer<'i> {
    index: &'i Index,
    writer: IndexWriter,
    /// As of the last commit.
    committed: Searcher,
    /// Added since.
    added: HashSet<(AccountId, BlobId)>,
    /// What is not written out yet of that.
    draft: Draft,
    /// Messages to be removed when the draft is written out, since some of theirs may be in it.
    removed: Vec<BlobId>,
}

impl Index {
    /// The right to write.
    ///
    /// # Errors
    /// `Locked` when somebody has it.
    pub fn writer(&self) -> Result<Writer<'_>> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(TANTIVY_BYTES)
            .build();
        let writer = self.index.writer_with_options(options)?;
        let mut merging = LogMergePolicy::default();
        merging.set_min_layer_size(FEW_DOCUMENTS);
        writer.set_merge_policy(Box::new(merging));
        self.reader.reload()?;
        let committed = self.reader.searcher();
        let draft = Draft::new(self.index.schema())?;
        Ok(Writer { index: self, writer, committed, added: HashSet::new(), draft, removed: Vec::new() })
    }
}

impl Writer<'_> {
    /// Is this message of this owner in the index, or added to it?
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn has(&self, owner: AccountId, blob: BlobId) -> Result<bool> {
        if self.added.contains(&(owner, blob)) {
            return Ok(true);
        }
        let term = Term::from_field_u64(self.index.columns.blob, blob.0);
        for segment in self.committed.segment_readers() {
            let inverted = segment.inverted_index(self.index.columns.blob)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let owners = segment.fast_fields().u64("owner")?;
            while postings.doc() != TERMINATED {
                let id = postings.doc();
                let lives = segment.alive_bitset().is_none_or(|alive| alive.is_alive(id));
                if lives && owners.first(id) == Some(u64::from(owner.0)) {
                    return Ok(true);
                }
                postings.advance();
            }
        }
        Ok(false)
    }

    /// Adds a message of an owner who does not have it yet.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn add(&mut self, owner: AccountId, blob: BlobId, document: &Document) -> Result<()> {
        self.draft.add(&self.index.columns, owner, blob, document)?;
        self.added.insert((owner, blob));
        if self.draft.memory() >= DRAFT_BYTES_MAX {
            self.write_draft()?;
        }
        Ok(())
    }

    /// Removes a message, whoever has it. It must not be added again before the next commit.
    pub fn remove(&mut self, blob: BlobId) {
        self.removed.push(blob);
    }

    /// Removes everything of an owner, of whom nothing must be added before the next commit.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn remove_owner(&mut self, owner: AccountId) -> Result<()> {
        self.write_draft()?;
        self.writer.delete_term(Term::from_field_u64(self.index.columns.owner, u64::from(owner.0)));
        self.added.retain(|(added, _)| *added != owner);
        Ok(())
    }

    /// Writes what waits. What tantivy removes is of the segments that it knows, and may be of later ones too.
    fn write_draft(&mut self) -> Result<()> {
        if !self.draft.is_empty() {
            let new = Draft::new(self.index.index.schema())?;
            mem::replace(&mut self.draft, new).write(&self.writer)?;
        }
        for blob in self.removed.drain(..) {
            self.writer.delete_term(Term::from_field_u64(self.index.columns.blob, blob.0));
        }
        Ok(())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_all(&mut self) -> Result<()> {
        self.writer.delete_all_documents()?;
        self.draft = Draft::new(self.index.index.schema())?;
        self.removed.clear();
        self.added.clear();
        Ok(())
    }

    /// Documents added since the last commit.
    pub fn waiting(&self) -> usize {
        self.added.len()
    }

    /// Makes everything durable and visible, and with it how far the writer has come.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn commit(&mut self, progress: &Progress) -> Result<()> {
        self.write_draft()?;
        let mut commit = self.writer.prepare_commit()?;
        let payload = serde_json::to_string(progress).map_err(|error| {
            crate::Error::new(crate::Word::Invalid, format!("the index's progress cannot be written: {error}"))
        })?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.index.reader.reload()?;
        self.committed = self.index.reader.searcher();
        self.added.clear();
        Ok(())
    }
}
