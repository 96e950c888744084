//! Searching the log: over days and kinds, newest or oldest first, page by page. A search holds one block of each kind
//! in memory, parses only what it gives out, and ends when its page is full or its patience is over; the next page goes
//! on where it ended.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use mailstead_storage::{BlobId, Error, Word};

use super::blocks::{Blocks, Order};
use super::directory::{self, Day, LogFile};
use super::format;
use super::hits::{Filter, Hits};
use super::line::Line;
use super::needle::Needle;
use super::{Kind, Level};
use crate::clock::{Time, rfc3339};
use crate::people::sessions::SessionId;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// The kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
    /// Not before this moment.
    pub from: Option<Time>,
    /// Before this moment.
    pub until: Option<Time>,
    /// With this text, in any case of ASCII letters; empty for all lines.
    pub text: String,
    /// Of this level at least.
    pub level: Level,
    /// Of this session.
    pub session: Option<SessionId>,
    /// About this message.
    pub message: Option<BlobId>,
    /// In which order.
    pub order: Order,
}

/// How far one page goes.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Most lines.
    pub lines_max: usize,
    /// Most bytes of lines.
    pub bytes_max: usize,
    /// It ends after this time, with what was found until then.
    pub patience: Duration,
}

/// Where a page ended: in which day, and where in its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    day: Day,
    places: BTreeMap<Kind, u64>,
}

/// What one page has.
#[derive(Debug, Default)]
pub struct Page {
    /// The lines, in the order that was asked for.
    pub lines: Vec<Line>,
    /// Where to go on; `None` when all was looked through.
    pub next: Option<Position>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<String>,
}

/// Reads the log of a directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    directory: PathBuf,
}

impl Query {
    /// All lines of one day.
    pub fn day(day: Day) -> Query {
        Query {
            kinds: Vec::new(),
            first: day,
            last: day,
            from: None,
            until: None,
            text: String::new(),
            level: Level::Debug,
            session: None,
            message: None,
            order: Order::Newest,
        }
    }

    pub(super) fn filter(&self) -> Filter {
        let (session, message) = (self.session.map(|id| id.to_string()), self.message.map(|id| id.to_string()));
        // A text stands in the line as JSON has it.
        let text = format::quoted(&self.text);
        let needle = Needle::new(&text[1..text.len() - 1]);
        let head =
            |name: &str, id: &Option<String>| id.as_ref().and_then(|id| Needle::new(&format!(",\"{name}\":\"{id}\"")));
        let needle = needle.or_else(|| head("message", &message)).or_else(|| head("session", &session));
        let (from, until) = (self.from.map(rfc3339), self.until.map(rfc3339));
        Filter { needle, level: self.level, session, message, from, until }
    }

    fn wants(&self, file: &LogFile) -> bool {
        (self.first..=self.last).contains(&file.day) && (self.kinds.is_empty() || self.kinds.contains(&file.kind))
    }
}

impl Reader {
    /// Reads this directory.
    pub fn new(directory: PathBuf) -> Reader {
        Reader { directory }
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files that are there, oldest day first.
    ///
    /// # Errors
    /// What the system says.
    pub fn files(&self) -> io::Result<Vec<LogFile>> {
        directory::list(&self.directory)
    }

    /// The text of a file, in pieces of whole lines, from its beginning. Blocks.
    ///
    /// # Errors
    /// What the system says, and the first error of `hear`.
    pub fn text(&self, file: LogFile, mut hear: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let blocks = Blocks::open(&file.path(&self.directory), file.packed)?;
        let (mut at, mut lines) = (0, Vec::new());
        loop {
            let next = blocks.read(Order::Oldest, at, &mut lines)?;
            if next == at {
                return Ok(());
            }
            at = next;
            hear(&lines)?;
        }
    }

    /// One page of what is looked for. Blocks.
    ///
    /// # Errors
    /// What the system says of the directory; a file that cannot be read is told of in the page.
    pub fn search(&self, query: &Query, position: Option<&Position>, extent: &Extent) -> io::Result<Page> {
        let mut page = Filling { page: Page::default(), bytes: 0, extent, begun: Instant::now() };
        let filter = query.filter();
        for (day, files) in self.days(query, position.map(|position| position.day))? {
            let places = position.filter(|position| position.day == day).map(|position| &position.places);
            let mut hits = page.open(&self.directory, &files, query.order, places);
            if !page.fill(&mut hits, &filter, query.order) {
                let places = hits.iter().map(|hits| (hits.kind, hits.place())).collect();
                page.page.next = Some(Position { day, places });
                break;
            }
        }
        Ok(page.page)
    }

    /// The files of the days that are looked through, in order, from `begin` on.
    fn days(&self, query: &Query, begin: Option<Day>) -> io::Result<Vec<(Day, Vec<LogFile>)>> {
        let mut days: BTreeMap<Day, BTreeMap<Kind, LogFile>> = BTreeMap::new();
        for file in self.files()?.into_iter().filter(|file| query.wants(file)) {
            // Of one that is there twice, the packed one counts: it is whole.
            days.entry(file.day).or_default().insert(file.kind, file);
        }
        let mut days: Vec<_> = days.into_iter().map(|(day, files)| (day, files.into_values().collect())).collect();
        match query.order {
            Order::Newest => {
                days.reverse();
                days.retain(|(day, _)| begin.is_none_or(|begin| *day <= begin));
            }
            Order::Oldest => days.retain(|(day, _)| begin.is_none_or(|begin| *day >= begin)),
        }
        Ok(days)
    }
}

/// A page that is being filled.
struct Filling<'a> {
    page: Page,
    bytes: usize,
    extent: &'a Extent,
    begun: Instant,
}

impl Filling<'_> {
    fn open(
        &mut self,
        directory: &Path,
        files: &[LogFile],
        order: Order,
        places: Option<&BTreeMap<Kind, u64>>,
    ) -> Vec<Hits> {
        let mut hits = Vec::new();
        for file in files {
            let path = file.path(directory);
            // A kind that is over, or that had no file when the page before this one was made, has no place.
            let place = match places.map(|places| places.get(&file.kind)) {
                Some(None) => continue,
                place => place.flatten().copied(),
            };
            match Blocks::open(&path, file.packed) {
                Ok(blocks) => hits.push(Hits::new(file.kind, blocks, order, place)),
                Err(error) => self.page.unreadable.push(format!("{}: {error}", path.display())),
            }
        }
        hits
    }

    /// Merges the lines of a day's files by their time. False when the page is full, or its patience over.
    fn fill(&mut self, hits: &mut Vec<Hits>, filter: &Filter, order: Order) -> bool {
        loop {
            if !self.refill(hits, filter) {
                return false;
            }
            let next = match order {
                Order::Newest => (0..hits.len()).max_by_key(|index| hits[*index].key()),
                Order::Oldest => (0..hits.len()).min_by_key(|index| hits[*index].key()),
            };
            let Some(next) = next else { return true };
            let line = hits[next].front().unwrap_or_default();
            let is_full =
                self.page.lines.len() >= self.extent.lines_max || self.bytes + line.len() > self.extent.bytes_max;
            if is_full && !self.page.lines.is_empty() {
                return false;
            }
            self.bytes += line.len();
            self.page.lines.extend(Line::read(line));
            hits[next].pop();
        }
    }

    /// Sees to it that of each file the next line is known. False when the patience is over.
    fn refill(&mut self, hits: &mut Vec<Hits>, filter: &Filter) -> bool {
        while let Some(index) = hits.iter().position(|hits| hits.front().is_none()) {
            if hits[index].is_over() {
                hits.swap_remove(index);
            } else if hits[index].is_begun() && self.begun.elapsed() >= self.extent.patience {
                return false;
            } else if let Err(error) = hits[index].scan(filter) {
                let kind = hits.swap_remove(index).kind;
                self.page.unreadable.push(format!("{}: {error}", kind.name()));
            }
        }
        true
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.day)?;
        self.places.iter().try_for_each(|(kind, place)| write!(f, ".{}-{place}", kind.name()))
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Position, Error> {
        let wrong = || Error::new(Word::Invalid, format!("{text:?} is no place in the log"));
        let mut parts = text.split('.');
        let day = parts.next().and_then(Day::by_name).ok_or_else(wrong)?;
        let place = |part: &str| {
            let (kind, place) = part.split_once('-')?;
            Some((Kind::by_name(kind)?, place.parse().ok()?))
        };
        let places = parts.map(place).collect::<Option<_>>().ok_or_else(wrong)?;
        Ok(Position { day, places })
    }
}
