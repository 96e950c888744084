//! Related traffic: all lines of every session and message that some lines belong to, of every kind.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::time::Instant;

use memchr::memchr;

use super::blocks::{Blocks, Order};
use super::directory::{Day, LogFile};
use super::line::{Head, Line};
use super::search::{Extent, Reader};

/// Sessions and messages.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    /// Sessions.
    pub sessions: HashSet<String>,
    /// Messages.
    pub messages: HashSet<String>,
}

/// What is related to some lines.
#[derive(Debug, Default)]
pub struct Related {
    /// The lines, in the order of time.
    pub lines: Vec<Line>,
    /// Are they all?
    pub complete: bool,
}

impl Ids {
    /// Those that these lines belong to.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Ids {
        let mut ids = Ids::default();
        for line in lines {
            ids.sessions.extend(line.session.clone());
            ids.messages.extend(line.message.clone());
        }
        ids
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.messages.is_empty()
    }

    fn take(&self, head: &Head<'_>) -> bool {
        let has = |ids: &HashSet<String>, id: Option<&[u8]>| {
            id.and_then(|id| std::str::from_utf8(id).ok()).is_some_and(|id| ids.contains(id))
        };
        has(&self.sessions, head.session) || has(&self.messages, head.message)
    }
}

impl Reader {
    /// The lines of these sessions and messages between two days. The days nearest to `near` are looked through first, in
    /// case the page is full, or its patience over, before all are. Blocks.
    ///
    /// # Errors
    /// What the system says of the directory. A file that cannot be read makes the answer incomplete.
    pub fn related(
        &self,
        ids: &Ids,
        (first, last): (Day, Day),
        near: &BTreeSet<Day>,
        extent: &Extent,
    ) -> io::Result<Related> {
        let mut gathering =
            Gathering { ids, lines: Vec::new(), bytes: 0, complete: true, extent, begun: Instant::now() };
        let mut days: BTreeMap<Day, BTreeMap<_, LogFile>> = BTreeMap::new();
        for file in self.files()?.into_iter().filter(|file| (first..=last).contains(&file.day)) {
            days.entry(file.day).or_default().insert(file.kind, file);
        }
        let mut days: Vec<_> = days.into_iter().collect();
        let distance = |day: Day| near.iter().map(|near| near.0.abs_diff(day.0)).min().unwrap_or(0);
        days.sort_by_key(|(day, _)| (distance(*day), Reverse(*day)));
        let files = days.into_iter().filter(|_| !ids.is_empty()).flat_map(|(_, files)| files.into_values());
        for file in files {
            let goes_on =
                Blocks::open(&file.path(self.directory()), file.packed).and_then(|blocks| gathering.look(&blocks));
            match goes_on {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => gathering.complete = false,
            }
        }
        let Gathering { mut lines, complete, .. } = gathering;
        lines.sort_by(|one, other| one.at.cmp(&other.at));
        Ok(Related { lines, complete })
    }
}

/// Lines that are being gathered.
struct Gathering<'a> {
    ids: &'a Ids,
    lines: Vec<Line>,
    bytes: usize,
    complete: bool,
    extent: &'a Extent,
    begun: Instant,
}

impl Gathering<'_> {
    /// Looks through a file. False when there is no room or no patience any more.
    fn look(&mut self, blocks: &Blocks) -> io::Result<bool> {
        let (mut at, mut block) = (0, Vec::new());
        loop {
            let next = blocks.read(Order::Oldest, at, &mut block)?;
            if next == at {
                return Ok(true);
            }
            at = next;
            if !self.gather(&block) || self.begun.elapsed() >= self.extent.patience {
                self.complete = false;
                return Ok(false);
            }
        }
    }

    /// False when there is no room any more.
    fn gather(&mut self, mut block: &[u8]) -> bool {
        while !block.is_empty() {
            let end = memchr(b'\n', block).unwrap_or(block.len());
            let line = &block[..end];
            if Head::read(line).is_some_and(|head| self.ids.take(&head)) {
                if self.bytes + line.len() > self.extent.bytes_max || self.lines.len() >= self.extent.lines_max {
                    return false;
                }
                self.bytes += line.len();
                self.lines.extend(Line::read(line));
            }
            block = &block[(end + 1).min(block.len())..];
        }
        true
    }
}
