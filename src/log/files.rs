//! The log's files: one for each kind and day. Old ones are packed and removed, and all together stay within a size:
//! a flood of lines cannot fill the disk.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::directory::{self, Day, LogFile};
use super::packed::{self, Packing};
use super::{Event, Kind, Level, format};
use crate::clock::Time;

/// Without room, it is looked for again after so many seconds.
const ROOM_SECONDS: u64 = 60;

/// What the files may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// A day's files are removed after so many days.
    pub keep_days: u32,
    /// Bytes of all files together.
    pub bytes_max: u64,
}

/// Files that are open for the current day.
pub(super) struct Files {
    directory: PathBuf,
    bounds: Bounds,
    day: Option<Day>,
    open: HashMap<Kind, BufWriter<File>>,
    /// Bytes of all files.
    bytes: u64,
    /// Until when no room is looked for.
    full_until: Option<Time>,
    /// Lines that found no room.
    lost: u64,
    /// Files of earlier days that are still to be packed.
    unpacked: Vec<LogFile>,
    packing: Option<Packing>,
}

impl Files {
    pub fn new(directory: PathBuf, bounds: Bounds) -> Files {
        Files {
            directory,
            bounds,
            day: None,
            open: HashMap::new(),
            bytes: 0,
            full_until: None,
            lost: 0,
            unpacked: Vec::new(),
            packing: None,
        }
    }

    /// Appends a line to the file of its kind and day. A file that cannot be written to is told of on standard error; the
    /// box goes on.
    pub fn write(&mut self, kind: Kind, at: Time, line: &str) {
        if self.day != Some(Day::of(at)) {
            self.begin_day(Day::of(at));
        }
        if !self.has_room(kind, at, line.len() as u64) {
            self.lost += 1;
            return;
        }
        if self.lost > 0 && self.full_until.is_none() {
            self.tell_lost(at);
        }
        self.append(kind, line);
    }

    pub fn flush(&mut self) {
        for file in self.open.values_mut() {
            // A full disk shows at the next write too.
            let _ = file.flush();
        }
    }

    /// Packs a piece of what is to be packed. False when there is nothing left to do.
    pub fn tidy(&mut self) -> bool {
        let Some(mut packing) = self.packing.take().or_else(|| self.next_to_pack()) else { return false };
        match packing.step() {
            Ok(false) => self.packing = Some(packing),
            Ok(true) => self.count(),
            Err(error) => self.complain("an old file cannot be packed", &error),
        }
        true
    }

    fn append(&mut self, kind: Kind, line: &str) {
        let written = self.file(kind).and_then(|file| file.write_all(line.as_bytes()));
        match written {
            Ok(()) => self.bytes += line.len() as u64,
            Err(error) => {
                self.open.remove(&kind);
                self.complain("it cannot be written", &error);
            }
        }
    }

    fn begin_day(&mut self, day: Day) {
        self.flush();
        self.open.clear();
        if self.day.is_none() {
            packed::remove_unfinished(&self.directory);
        }
        self.day = Some(day);
        self.full_until = None;
        let oldest = Day(day.0 + 1).minus(self.bounds.keep_days);
        self.remove(|file| file.day < oldest, 0);
        self.count();
        self.unpacked = self.list().into_iter().filter(|file| !file.packed && file.day < day).collect();
    }

    /// Is there room for a line? Acts of administrators always find some.
    fn has_room(&mut self, kind: Kind, at: Time, bytes: u64) -> bool {
        if self.bytes + bytes <= self.bounds.bytes_max || kind == Kind::Audit {
            return true;
        }
        if self.full_until.is_some_and(|until| at < until) {
            return false;
        }
        let (today, audit) = (self.day.unwrap_or(Day(0)), Kind::Audit);
        self.count();
        let excess = (self.bytes + bytes).saturating_sub(self.bounds.bytes_max);
        self.remove(|file| file.day < today && file.kind != audit, excess);
        self.count();
        let has_room = self.bytes + bytes <= self.bounds.bytes_max;
        self.full_until = (!has_room).then(|| at.plus_seconds(ROOM_SECONDS));
        if !has_room {
            let bytes_max = self.bounds.bytes_max;
            eprintln!("the log in {} is full ({bytes_max} bytes); lines are lost", self.directory.display());
        }
        has_room
    }

    fn tell_lost(&mut self, at: Time) {
        let lost = std::mem::take(&mut self.lost);
        let event = Event::new(Kind::System, Level::Warning, "log lines found no room").with("lines", lost);
        let mut line = String::new();
        format::json(at, &event, &mut line);
        self.append(Kind::System, &line);
    }

    /// Removes files, the oldest first, until so many bytes are gone; with none wanted, all of them.
    fn remove(&mut self, is_doomed: impl Fn(&LogFile) -> bool, bytes: u64) {
        let mut gone = 0;
        for file in self.list().into_iter().filter(is_doomed) {
            if bytes > 0 && gone >= bytes {
                return;
            }
            match fs::remove_file(file.path(&self.directory)) {
                Ok(()) => gone += file.bytes,
                Err(error) => self.complain("an old file cannot be removed", &error),
            }
        }
    }

    fn next_to_pack(&mut self) -> Option<Packing> {
        loop {
            let plain = self.unpacked.pop()?;
            let packed = LogFile { packed: true, ..plain };
            let (plain, packed) = (plain.path(&self.directory), packed.path(&self.directory));
            match Packing::begin(plain, packed) {
                Ok(packing) => return Some(packing),
                // It was too old, or there was no room for it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.complain("an old file cannot be packed", &error),
            }
        }
    }

    /// Counts the bytes anew.
    fn count(&mut self) {
        self.flush();
        self.bytes = self.list().iter().map(|file| file.bytes).sum();
    }

    fn list(&self) -> Vec<LogFile> {
        directory::list(&self.directory).unwrap_or_else(|error| {
            self.complain("it cannot be looked through", &error);
            Vec::new()
        })
    }

    fn file(&mut self, kind: Kind) -> io::Result<&mut BufWriter<File>> {
        if !self.open.contains_key(&kind) {
            fs::create_dir_all(&self.directory)?;
            let day = self.day.unwrap_or(Day(0));
            let file = LogFile { day, kind, packed: false, bytes: 0 };
            let mut file =
                OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(file.path(&self.directory))?;
            end_line(&mut file)?;
            self.open.insert(kind, BufWriter::new(file));
        }
        self.open.get_mut(&kind).ok_or_else(|| io::Error::other("just opened"))
    }

    fn complain(&self, what: &str, error: &io::Error) {
        eprintln!("the log in {}: {what}: {error}", self.directory.display());
    }
}

/// Ends a line that a crash has cut off.
fn end_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> Time {
        Day(number).begin()
    }

    fn files(directory: &std::path::Path, keep_days: u32, bytes_max: u64) -> Files {
        Files::new(directory.into(), Bounds { keep_days, bytes_max })
    }

    fn names(directory: &std::path::Path) -> Vec<String> {
        let files = directory::list(directory).expect("readable");
        let mut names: Vec<_> =
            files.iter().map(|file| file.path(std::path::Path::new("")).display().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn old_days_are_packed_and_removed() {
        let directory = tempfile::tempdir().expect("directory");
        let mut files = files(directory.path(), 3, u64::MAX);
        for number in 0..4 {
            files.write(Kind::Smtp, day(number), "line\n");
            while files.tidy() {}
        }
        files.flush();
        let expected = ["smtp-1970-01-02.jsonl.gz", "smtp-1970-01-03.jsonl.gz", "smtp-1970-01-04.jsonl"];
        assert_eq!(names(directory.path()), expected);
    }

    #[test]
    fn a_flood_takes_old_days_then_itself_but_no_acts() {
        let directory = tempfile::tempdir().expect("directory");
        let mut files = files(directory.path(), 30, 1000);
        let line = "x".repeat(99) + "\n";
        for (number, lines) in [(1, 4), (2, 4), (3, 30)] {
            for _ in 0..lines {
                files.write(Kind::Smtp, day(number), &line);
            }
            files.write(Kind::Audit, day(number), "act\n");
        }
        files.flush();
        let expected =
            ["audit-1970-01-02.jsonl", "audit-1970-01-03.jsonl", "audit-1970-01-04.jsonl", "smtp-1970-01-04.jsonl"];
        assert_eq!(names(directory.path()), expected);
        let bytes: u64 = directory::list(directory.path()).expect("readable").iter().map(|file| file.bytes).sum();
        assert!((900..=1012).contains(&bytes), "{bytes}");
        files.write(Kind::System, day(4), "new day\n");
        files.flush();
        let told = fs::read_to_string(directory.path().join("system-1970-01-05.jsonl")).expect("there");
        assert!(told.contains("\"what\":\"log lines found no room\",\"lines\":21"), "{told}");
    }

    #[test]
    fn a_line_that_was_cut_off_is_ended() {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join("smtp-1970-01-02.jsonl"), "whole\nhal").expect("written");
        let mut files = files(directory.path(), 30, u64::MAX);
        files.write(Kind::Smtp, day(1), "next\n");
        files.flush();
        let text = fs::read_to_string(directory.path().join("smtp-1970-01-02.jsonl")).expect("there");
        assert_eq!(text, "whole\nhal\nnext\n");
    }
}
