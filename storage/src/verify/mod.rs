//! Checking the whole store: that each file is whole, that each row's references lead somewhere,
//! that what is counted was counted right, and that every message's bytes are those that came.
//! Changes nothing.
//!
//! The rows are looked at in one read transaction, so that they are of one moment; the bytes, which
//! take long, in one for each message.

mod bytes;
mod recount;

use crate::shared::Shared;
use crate::tables::meta;
use crate::{BlobId, Error, Finding, Result, VerifyProgress, VerifyReport};

use redb::ReadableTableMetadata;

/// A check under way.
pub(crate) struct Check<'c> {
    shared: &'c Shared,
    report: VerifyReport,
    progress: &'c mut dyn FnMut(VerifyProgress),
    done: u64,
    total: u64,
}

impl Check<'_> {
    fn find(&mut self, file: &str, blob: Option<BlobId>, what: impl Into<String>) {
        let (file, what) = (file.to_owned(), what.into());
        self.report.findings.push(Finding { file, what, blob, seen_in: Vec::new() });
    }

    fn step(&mut self) {
        self.done += 1;
        self.total = self.total.max(self.done);
        (self.progress)(VerifyProgress { done: self.done, total: self.total });
    }
}

/// Name of the file that is not a segment.
const META: &str = "meta.redb";

/// Checks everything.
///
/// # Errors
/// Only `Closed`, and those of reading what cannot be gone around; all else is a finding.
pub(crate) fn run(shared: &Shared, progress: &mut dyn FnMut(VerifyProgress)) -> Result<VerifyReport> {
    shared.check_open()?;
    let mut check = Check { shared, report: VerifyReport::default(), progress, done: 0, total: 1 };
    check_files(&mut check);
    check.total = check.done + shared.look(|transaction| Ok(transaction.open_table(meta::BLOB)?.len()?)).unwrap_or(0);
    if let Err(error) = recount::run(&mut check) {
        check.find(META, None, error.detail);
    }
    if let Err(error) = bytes::run(&mut check) {
        check.find(META, None, error.detail);
    }
    if check.report.findings.iter().any(|finding| finding.blob.is_some())
        && let Err(error) = bytes::say_where(&mut check)
    {
        check.find(META, None, error.detail);
    }
    Ok(check.report)
}

/// Has redb check the pages of the files that are written to. Sealed segments hold nothing but
/// messages' bytes, which have checksums of their own.
fn check_files(check: &mut Check) {
    let shared = check.shared;
    match shared.base.check() {
        Ok(true) => {}
        Ok(false) => check.find(META, None, "pages do not match their checksums"),
        Err(Error { detail, .. }) => check.find(META, None, detail),
    }
    // Its readers may have met the state before a repair.
    shared.look_again();
    check.step();
    for number in shared.segments.numbers() {
        let Ok(segment) = shared.segments.get(number) else { continue };
        if segment.base.is_sealed() {
            continue;
        }
        match segment.base.check() {
            Ok(true) => {}
            Ok(false) => check.find(segment.base.name(), None, "pages do not match their checksums"),
            Err(Error { detail, .. }) => check.find(segment.base.name(), None, detail),
        }
        check.step();
    }
}
