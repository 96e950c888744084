//! Cuts the message into lines and passes over those that do not matter.

use memchr::{memchr, memchr_iter, memmem};

use super::limits::FIELD_BYTES_MAX;
use super::tree::{Mark, Place, Tree};
use crate::message::Outline;

/// Reads a message piece by piece, in bounded memory, and makes its [`Outline`].
///
/// The result does not depend on where the pieces are cut. Bytes past 4 GiB are not heard. It never looks into encoded
/// content and keeps no body bytes.
pub struct Outliner {
    tree: Tree,
    /// Where the next byte stands.
    at: Mark,
    /// The last two bytes heard.
    last: [u8; 2],
    state: State,
    /// The start of the line that is collected; its end is not known yet.
    place: Place,
    /// Bytes of that line, when it is cut by the end of a piece.
    kept: Vec<u8>,
    /// Whether the line has more bytes than are kept.
    cut: bool,
    delimiter: memmem::Finder<'static>,
}

enum State {
    LineStart,
    /// In a line that the tree wants to hear.
    Collecting,
    /// In content, looking for a line that begins with a hyphen.
    Skipping,
}

impl Outliner {
    /// At the first byte.
    pub fn new() -> Outliner {
        Outliner {
            tree: Tree::new(),
            at: Mark::default(),
            last: [0; 2],
            state: State::LineStart,
            place: Place::default(),
            kept: Vec::new(),
            cut: false,
            delimiter: memmem::Finder::new(b"\n-"),
        }
    }

    /// Hears the next bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        let room = (u32::MAX - self.at.offset) as usize;
        let mut rest = &bytes[..bytes.len().min(room)];
        while !rest.is_empty() {
            let taken = match self.state {
                State::LineStart => self.start_line(rest[0]),
                State::Collecting => self.collect(rest),
                State::Skipping => self.skip(rest),
            };
            rest = &rest[taken..];
        }
    }

    /// The outline of what was heard. Never fails: whatever is broken becomes plain text.
    pub fn finish(mut self) -> Outline<'static> {
        if matches!(self.state, State::Collecting) {
            let line = std::mem::take(&mut self.kept);
            self.end_line(&line);
        }
        self.tree.finish(self.at)
    }

    /// Decides what to do with the line that starts with this byte; takes nothing.
    fn start_line(&mut self, first: u8) -> usize {
        if self.tree.in_header() || (first == b'-' && self.tree.has_boundaries()) {
            self.place.start = self.at;
            self.place.before = self.before_break();
            self.state = State::Collecting;
        } else {
            self.state = State::Skipping;
        }
        0
    }

    /// Where the line before ended, without its line break.
    fn before_break(&self) -> Mark {
        match self.last {
            [b'\r', b'\n'] => Mark { offset: self.at.offset - 2, lines: self.at.lines - 1 },
            [_, b'\n'] => Mark { offset: self.at.offset - 1, lines: self.at.lines - 1 },
            _ => self.at,
        }
    }

    fn collect(&mut self, bytes: &[u8]) -> usize {
        let end = memchr(b'\n', bytes);
        let taken = end.map_or(bytes.len(), |end| end + 1);
        let line = &bytes[..taken];
        self.advance(line, u32::from(end.is_some()));
        if end.is_some() && self.kept.is_empty() {
            self.cut = line.len() > FIELD_BYTES_MAX;
            self.end_line(&line[..line.len().min(FIELD_BYTES_MAX)]);
            return taken;
        }
        let room = FIELD_BYTES_MAX - self.kept.len();
        self.cut |= line.len() > room;
        self.kept.extend_from_slice(&line[..line.len().min(room)]);
        if end.is_some() {
            let mut line = std::mem::take(&mut self.kept);
            self.end_line(&line);
            line.clear();
            self.kept = line;
        }
        taken
    }

    fn end_line(&mut self, line: &[u8]) {
        self.place.end = self.at;
        self.tree.line(line, self.cut, self.place);
        self.cut = false;
        self.state = State::LineStart;
    }

    fn skip(&mut self, bytes: &[u8]) -> usize {
        let found = if self.tree.has_boundaries() { self.delimiter.find(bytes) } else { None };
        let taken = found.map_or(bytes.len(), |at| at + 1);
        let skipped = &bytes[..taken];
        self.advance(skipped, memchr_iter(b'\n', skipped).count() as u32);
        if skipped.ends_with(b"\n") {
            self.state = State::LineStart;
        }
        taken
    }

    fn advance(&mut self, bytes: &[u8], lines: u32) {
        self.at.offset += bytes.len() as u32;
        self.at.lines += lines;
        self.last = match bytes {
            [.., before, last] => [*before, *last],
            [last] => [self.last[1], *last],
            [] => self.last,
        };
    }
}

impl Outline<'_> {
    /// The outline of a message that is wholly in memory.
    pub fn of(message: &[u8]) -> Outline<'static> {
        let mut outliner = Outliner::new();
        outliner.feed(message);
        outliner.finish()
    }
}

impl Default for Outliner {
    fn default() -> Outliner {
        Outliner::new()
    }
}
