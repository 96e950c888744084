//! The log's files: one for each kind and day, old ones removed.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::Kind;
use crate::clock::{Time, timestamp};

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// Files that are open for the current day.
pub(super) struct Files {
    directory: PathBuf,
    keep_days: u32,
    day: u64,
    open: HashMap<Kind, BufWriter<File>>,
}

impl Files {
    pub fn new(directory: PathBuf, keep_days: u32) -> Files {
        Files { directory, keep_days, day: 0, open: HashMap::new() }
    }

    /// Appends a line to the file of its kind and day. A file that cannot be written to is told of on
    /// standard error; the box goes on.
    pub fn write(&mut self, kind: Kind, at: Time, line: &str) {
        if at.0 / DAY != self.day {
            self.flush();
            self.open.clear();
            self.day = at.0 / DAY;
            self.remove_old();
        }
        let written = self.file(kind, at).and_then(|file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            self.open.remove(&kind);
            eprintln!("the log in {} cannot be written: {error}", self.directory.display());
        }
    }

    pub fn flush(&mut self) {
        for file in self.open.values_mut() {
            // A full disk shows at the next write too.
            let _ = file.flush();
        }
    }

    fn file(&mut self, kind: Kind, at: Time) -> std::io::Result<&mut BufWriter<File>> {
        if !self.open.contains_key(&kind) {
            fs::create_dir_all(&self.directory)?;
            let name = format!("{}-{}.jsonl", kind.name(), day_name(at.0));
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(self.directory.join(name))?;
            self.open.insert(kind, BufWriter::new(file));
        }
        self.open.get_mut(&kind).ok_or_else(|| std::io::Error::other("just opened"))
    }

    fn remove_old(&self) {
        let oldest = day_name((self.day + 1).saturating_sub(u64::from(self.keep_days)) * DAY);
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let day = name.strip_suffix(".jsonl").and_then(|stem| stem.split_once('-')).map(|(_, day)| day.to_string());
            if day.is_some_and(|day| day < oldest) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn day_name(millis: u64) -> String {
    timestamp(Time(millis)).strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_days_are_removed() {
        let directory = tempfile::tempdir().expect("directory");
        let mut files = Files::new(directory.path().into(), 2);
        for day in 0..4 {
            files.write(Kind::Smtp, Time(day * DAY), "line\n");
        }
        files.flush();
        let mut names: Vec<_> = fs::read_dir(directory.path())
            .expect("readable")
            .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["smtp-1970-01-03.jsonl", "smtp-1970-01-04.jsonl"]);
    }
}
