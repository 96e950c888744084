//! The archive: a copy of every message that a rule covers, taken when the message is accepted.
//!
//! What is to be archived is decided when a message is accepted and stands in its journal row; the record is written in
//! the transaction that applies that row. So an acknowledged message that a rule covers is in the archive exactly once.
//! A record shares the message's bytes by a reference of its own: what becomes of the message elsewhere does not matter.
//!
//! Each domain has a *chain*: its records are numbered from 1 without gaps, and each carries the hash of the one before
//! it. Retention replaces a record by its hash, so that the chain stays provable; see `rows.rs` and `proof.rs`.
//!
//! Never does it decide that a record may go: who sweeps does, and names the records.

pub(crate) mod append;
pub(crate) mod filter;
pub(crate) mod look;
pub(crate) mod proof;
pub(crate) mod retention;
pub(crate) mod rows;
pub(crate) mod rules;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BlobId, Time};

/// Most rules that are kept, ended ones included.
pub const ARCHIVE_RULES_MAX: usize = 1000;
/// Most legal holds at once.
pub const ARCHIVE_HOLDS_MAX: usize = 1000;

/// Which way a message goes, seen from a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveDirection {
    /// To an address of the domain.
    Incoming,
    /// From a user of the domain.
    Outgoing,
    /// A rule: either of them. A record: from a user of the domain to an address of it.
    Both,
}

/// What is archived, and for how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveRule {
    /// Its number.
    pub id: u32,
    /// Mail of this domain; of all domains without.
    pub domain: Option<String>,
    /// Which of it.
    pub direction: ArchiveDirection,
    /// For how many days its records are kept; for ever without.
    pub keep_days: Option<u32>,
    /// When it was made.
    pub created: Time,
    /// Who made it.
    pub by: String,
    /// Since when it takes no more copies. What it took is still kept for as long as it says; when nothing of it is left,
    /// the rule goes too.
    #[serde(default)]
    pub ended: Option<Time>,
}

/// Records that are kept whatever their rules say, as long as this stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveHold {
    /// Its number.
    pub id: u32,
    /// Which records.
    pub criteria: ArchiveCriteria,
    /// Why.
    pub why: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub created: Time,
}

/// What is looked for in the archive; what is not said does not matter. Addresses are compared without regard to the case of
/// ASCII letters, all else without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveCriteria {
    /// Records of this domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Archived at this moment or later, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Archived before this moment, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Part of the sender's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Part of a recipient's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Part of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Words of the message's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A message in the archive of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRecord {
    /// Of which domain.
    pub domain: Arc<str>,
    /// Its number in the domain's chain, from 1.
    pub number: u64,
    /// When it was archived: when it was accepted, but never before the record that comes before it.
    pub archived: Time,
    /// Which way it went.
    pub direction: ArchiveDirection,
    /// The rules that it was archived for.
    pub rules: Vec<u32>,
    /// The message.
    pub blob: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// blake3 of its bytes.
    pub hash: [u8; 32],
    /// The reverse-path, empty for `<>`.
    pub sender: String,
    /// The envelope's recipients, those of Bcc among them.
    pub recipients: Vec<String>,
    /// The hash of the record before it.
    pub before: [u8; 32],
}

/// The chain of a domain's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveChain {
    /// The domain.
    pub domain: String,
    /// The number of the last record; as many were ever written.
    pub last: u64,
    /// The hash of the last record.
    pub head: [u8; 32],
    /// When the last record was written.
    pub archived: Time,
    /// The first number that may still be there.
    pub first: u64,
    /// Records that are still there.
    pub kept: u64,
}

/// Neighbouring records that have no filter yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveUnfiltered {
    /// Of which domain.
    pub domain: String,
    /// The number of the first of them.
    pub first: u64,
}

/// A place in the order of all records, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivePlace {
    /// When the record there was archived.
    pub archived: Time,
    /// The number of its chain, as [`ArchivePlace::of`] tells it.
    pub chain: u32,
    /// Its number.
    pub number: u64,
}

/// A hash that a chain had at a number, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveHead {
    /// The domain.
    pub domain: String,
    /// The number of its last record then.
    pub number: u64,
    /// The hash of that record.
    pub hash: [u8; 32],
}

/// Where a domain's chain is broken first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveBreak {
    /// The domain.
    pub domain: String,
    /// The record's number.
    pub number: u64,
    /// What differs, for a person.
    pub what: String,
}

/// What a proof of the archive came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveProof {
    /// Chains followed.
    pub chains: u64,
    /// Records whose hash and message were checked.
    pub records: u64,
    /// Bytes of messages that were hashed.
    pub bytes: u64,
    /// Published heads that were found again.
    pub heads: u64,
    /// The first break of each chain; empty when all is as it was written.
    pub breaks: Vec<ArchiveBreak>,
}

impl ArchiveDirection {
    /// Is this way among those that the rule takes?
    pub fn covers(self, way: ArchiveDirection) -> bool {
        self == ArchiveDirection::Both || way == ArchiveDirection::Both || self == way
    }

    fn plus(self, more: ArchiveDirection) -> ArchiveDirection {
        if self == more { self } else { ArchiveDirection::Both }
    }
}

impl ArchiveRule {
    /// Does it take copies of mail of this very domain?
    pub fn is_for(&self, domain: &str) -> bool {
        self.ended.is_none() && self.domain.as_deref() == Some(domain)
    }
}

impl ArchiveCriteria {
    /// Does what the record itself says fit? Nothing is said here of subject and text.
    pub fn fit(&self, record: &ArchiveRecord) -> bool {
        let is_in = |wanted: &Option<String>, found: &[&str]| {
            let Some(wanted) = wanted.as_deref().map(str::to_ascii_lowercase) else { return true };
            found.iter().any(|address| address.to_ascii_lowercase().contains(&wanted))
        };
        let recipients: Vec<&str> = record.recipients.iter().map(String::as_str).collect();
        self.domain.as_deref().is_none_or(|domain| *domain == *record.domain)
            && self.from.is_none_or(|from| record.archived.0 >= from)
            && self.until.is_none_or(|until| record.archived.0 < until)
            && is_in(&self.sender, &[&record.sender])
            && is_in(&self.recipient, &recipients)
    }
}
