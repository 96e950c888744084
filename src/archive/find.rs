//! Searching the archive, the newest records first. A search gives back what it has when its page is full or its time is
//! over, with the place to go on from: memory does not grow with the archive, and nobody waits for long.

use std::time::{Duration, Instant};

use mailstead_storage::{
    ArchiveCriteria, ArchiveLook, ArchivePlace, ArchiveRecord, ArchiveSlice, BlobId, Result, Store, Time,
};

use super::filters;
use super::judge::{Judge, subject_of};
use crate::message::{Outline, words};

/// Records read at a time.
const LOOK_RECORDS: usize = 512;

/// What is searched for, and where.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// What is looked for.
    pub criteria: ArchiveCriteria,
    /// Only in the archives of these domains; in all without.
    pub domains: Option<Vec<String>>,
    /// Only after this place.
    pub after: Option<ArchivePlace>,
    /// Most records of a page.
    pub records_max: usize,
}

/// A record, and what its message says of itself.
#[derive(Debug, Clone)]
pub struct Found {
    /// The record.
    pub record: ArchiveRecord,
    /// Its place in the order.
    pub place: ArchivePlace,
    /// The subject, encoded words decoded.
    pub subject: String,
    /// The Date field, as it stands.
    pub date: String,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Page {
    /// The newest first.
    pub found: Vec<Found>,
    /// Records that were looked at.
    pub looked_at: u64,
    /// Where to go on; nothing when all was looked at.
    pub next: Option<ArchivePlace>,
}

/// Searches until the page is full or `patience` is over.
///
/// # Errors
/// Those of reading.
pub fn find(store: &Store, query: &Query, patience: Duration) -> Result<Page> {
    let begun = Instant::now();
    let judge = Judge::new(query.criteria.clone());
    let mut slice = slice(query);
    let mut page = Page::default();
    loop {
        let ArchiveLook { records, passed, next } = store.archive_newest(&slice, LOOK_RECORDS)?;
        let looked_at = page.looked_at + passed;
        let blobs: Vec<BlobId> = records.iter().map(|(_, record)| record.blob).collect();
        // One that the record itself excludes costs no look at its message.
        let wanted: Vec<bool> = records.iter().map(|(_, record)| !judge.excludes(record)).collect();
        let asked: Vec<BlobId> = blobs.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(id, _)| *id).collect();
        let outlines = store.outlines(&asked)?;
        let mut outlines = outlines.iter();
        for ((place, record), wanted) in records.into_iter().zip(wanted) {
            slice.after = Some(place);
            page.looked_at += 1;
            let outline = if wanted { outlines.next().flatten() } else { None };
            if wanted && judge.fits(store, &record, outline)? {
                page.found.push(Found::new(place, record, outline));
            }
            if page.found.len() >= query.records_max.max(1) || begun.elapsed() > patience {
                page.next = slice.after;
                return Ok(page);
            }
        }
        page.looked_at = looked_at;
        match next {
            Some(_) if begun.elapsed() <= patience => slice.after = next,
            _ => {
                page.next = next;
                return Ok(page);
            }
        }
    }
}

fn slice(query: &Query) -> ArchiveSlice {
    let criteria = &query.criteria;
    let domains = match (&criteria.domain, &query.domains) {
        (Some(domain), Some(scope)) => Some(scope.iter().filter(|in_scope| *in_scope == domain).cloned().collect()),
        (Some(domain), None) => Some(vec![domain.clone()]),
        (None, scope) => scope.clone(),
    };
    let parts = criteria.sender.iter().chain(&criteria.recipient).cloned().collect();
    let texts = filters::asked(criteria);
    let (from, until, after) = (criteria.from.map(Time), criteria.until.map(Time), query.after);
    ArchiveSlice { domains, from, until, after, parts, texts }
}

impl Found {
    /// A record with what its stored outline says.
    pub fn new(place: ArchivePlace, record: ArchiveRecord, outline: Option<&[u8]>) -> Found {
        let outline = outline.and_then(Outline::decode);
        let subject = outline.as_ref().map(subject_of).unwrap_or_default();
        let date = outline.and_then(|outline| outline.envelope.date.as_deref().map(words::decode)).unwrap_or_default();
        Found { record, place, subject, date }
    }
}
