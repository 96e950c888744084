//! The lines of one file that are looked for, in order, block by block.

use std::io;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::blocks::{Blocks, Order};
use super::line::Head;
use super::needle::Needle;
use super::{Kind, Level};

/// Which lines are looked for.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    /// With this in it.
    pub needle: Option<Needle>,
    /// Of this level at least.
    pub level: Level,
    /// Of this session.
    pub session: Option<String>,
    /// About this message.
    pub message: Option<String>,
    /// Not before this moment (RFC 3339).
    pub from: Option<String>,
    /// Before this moment (RFC 3339).
    pub until: Option<String>,
}

/// The lines of one file that are looked for.
pub(super) struct Hits {
    /// The file's kind.
    pub kind: Kind,
    blocks: Blocks,
    order: Order,
    /// The lines on this side of it are done with, those of the block apart.
    at: u64,
    block: Vec<u8>,
    block_at: u64,
    /// Where in the block the lines are that are still to be given out, the next one last.
    found: Vec<Range<u32>>,
    begun: bool,
    over: bool,
}

impl Filter {
    /// Gives out where the lines are that are looked for.
    fn search(&self, block: &[u8], mut hit: impl FnMut(Range<u32>)) {
        let mut at = 0;
        while at < block.len() {
            let from = match &self.needle {
                None => at,
                Some(needle) => match needle.find(&block[at..]) {
                    None => return,
                    Some(found) => memrchr(b'\n', &block[at..at + found]).map_or(at, |end| at + end + 1),
                },
            };
            let end = memchr(b'\n', &block[from..]).map_or(block.len(), |end| from + end);
            if self.takes(&block[from..end]) {
                hit(from as u32..end as u32);
            }
            at = end + 1;
        }
    }

    fn takes(&self, line: &[u8]) -> bool {
        let Some(head) = Head::read(line) else { return false };
        let is = |wanted: &Option<String>, has: Option<&[u8]>| {
            wanted.as_deref().is_none_or(|wanted| has == Some(wanted.as_bytes()))
        };
        head.level >= self.level
            && is(&self.session, head.session)
            && is(&self.message, head.message)
            && self.from.as_deref().is_none_or(|from| head.at >= from.as_bytes())
            && self.until.as_deref().is_none_or(|until| head.at < until.as_bytes())
    }
}

impl Hits {
    /// Begins at a place in the file, or at its beginning in this order.
    pub fn new(kind: Kind, blocks: Blocks, order: Order, at: Option<u64>) -> Hits {
        let begin = if order == Order::Newest { blocks.bytes() } else { 0 };
        let at = at.unwrap_or(begin).min(blocks.bytes());
        Hits { kind, blocks, order, at, block: Vec::new(), block_at: 0, found: Vec::new(), begun: false, over: false }
    }

    /// The next line.
    pub fn front(&self) -> Option<&[u8]> {
        self.found.last().map(|range| &self.block[range.start as usize..range.end as usize])
    }

    /// What the next line is sorted by: its time, then its kind.
    pub fn key(&self) -> (&[u8], Kind) {
        (self.front().and_then(Head::read).map_or(&[], |head| head.at), self.kind)
    }

    /// Goes on behind the next line.
    pub fn pop(&mut self) {
        self.found.pop();
    }

    /// Was a block looked through? Each page comes so far, whatever its patience.
    pub fn is_begun(&self) -> bool {
        self.begun
    }

    /// Is there no line any more?
    pub fn is_over(&self) -> bool {
        self.over && self.found.is_empty()
    }

    /// Looks through one block more.
    pub fn scan(&mut self, filter: &Filter) -> io::Result<()> {
        let next = self.blocks.read(self.order, self.at, &mut self.block)?;
        (self.begun, self.over) = (true, next == self.at);
        self.block_at = next.min(self.at);
        self.at = next;
        filter.search(&self.block, |range| self.found.push(range));
        if self.order == Order::Oldest {
            self.found.reverse();
        }
        Ok(())
    }

    /// Where to begin so that what was not given out comes.
    pub fn place(&self) -> u64 {
        match (self.found.last(), self.order) {
            (None, _) => self.at,
            (Some(next), Order::Newest) => self.block_at + u64::from(next.end) + 1,
            (Some(next), Order::Oldest) => self.block_at + u64::from(next.start),
        }
    }
}
