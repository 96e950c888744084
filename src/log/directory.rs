//! The log's directory: which file holds which kind of which day.

use std::io;
use std::path::{Path, PathBuf};

use super::Kind;
use crate::clock::{Time, rfc3339};

/// Milliseconds of a day.
const MILLIS: u64 = 86_400_000;

/// What a file's name ends in while it is written to.
const PLAIN: &str = ".jsonl";

/// What it ends in once its day is over and it is packed.
const PACKED: &str = ".jsonl.gz";

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

/// A file of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFile {
    /// Its day.
    pub day: Day,
    /// Its kind.
    pub kind: Kind,
    /// Is it packed?
    pub packed: bool,
    /// Its size on disk.
    pub bytes: u64,
}

impl Day {
    /// The day of a moment.
    pub fn of(at: Time) -> Day {
        Day(u32::try_from(at.0 / MILLIS).unwrap_or(u32::MAX))
    }

    /// By its name, as `2003-07-01`.
    pub fn by_name(name: &str) -> Option<Day> {
        let begin: jiff::Timestamp = format!("{name}T00:00:00Z").parse().ok()?;
        let day = Day::of(Time(u64::try_from(begin.as_millisecond()).ok()?));
        (day.to_string() == name).then_some(day)
    }

    /// Its first moment.
    pub fn begin(self) -> Time {
        Time(u64::from(self.0) * MILLIS)
    }

    /// So many days earlier.
    pub fn minus(self, days: u32) -> Day {
        Day(self.0.saturating_sub(days))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(rfc3339(self.begin()).split('T').next().unwrap_or_default())
    }
}

impl LogFile {
    /// Where it is.
    pub fn path(&self, directory: &Path) -> PathBuf {
        let end = if self.packed { PACKED } else { PLAIN };
        directory.join(format!("{}-{}{end}", self.kind.name(), self.day))
    }

    fn by_name(name: &str, bytes: u64) -> Option<LogFile> {
        let (stem, packed) = match name.strip_suffix(PACKED) {
            Some(stem) => (stem, true),
            None => (name.strip_suffix(PLAIN)?, false),
        };
        let (kind, day) = stem.split_once('-')?;
        Some(LogFile { day: Day::by_name(day)?, kind: Kind::by_name(kind)?, packed, bytes })
    }
}

/// The files that are there, oldest day first; of a day that is there both plain and packed, the packed file stands
/// last. A directory that does not exist has none.
///
/// # Errors
/// What the system says.
pub fn list(directory: &Path) -> io::Result<Vec<LogFile>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(bytes) = entry.metadata().map(|metadata| metadata.len()) else { continue };
        files.extend(entry.file_name().to_str().and_then(|name| LogFile::by_name(name, bytes)));
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_none() {
        for (kind, day, packed) in [(Kind::Smtp, 0, false), (Kind::Audit, 20_000, true)] {
            let file = LogFile { day: Day(day), kind, packed, bytes: 7 };
            let path = file.path(Path::new(""));
            assert_eq!(LogFile::by_name(path.to_str().expect("text"), 7), Some(file));
        }
        for name in ["smtp-2003-07-01", "smpt-2003-07-01.jsonl", "smtp-2003-7-1.jsonl", "smtp-2003-02-30.jsonl", "x"] {
            assert_eq!(LogFile::by_name(name, 0), None, "{name}");
        }
    }
}
