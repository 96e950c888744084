//! A day's text in blocks of whole lines, from any place forwards or backwards, plain or packed alike. Memory is bounded
//! by one block.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::{memchr, memrchr};

use super::packed::{self, Member};

/// Bytes that are read at once. No line is longer.
const BLOCK_BYTES: u64 = 1 << 20;

/// In which order lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
}

/// The text of one file.
pub(super) struct Blocks {
    file: File,
    members: Option<Vec<Member>>,
    bytes: u64,
}

impl Blocks {
    /// Opens a file. What is being written at its end is left out: a line counts once it is whole.
    pub fn open(path: &Path, packed: bool) -> io::Result<Blocks> {
        let file = File::open(path)?;
        if packed {
            let members = packed::members(&file)?;
            let bytes = members.last().map_or(0, |last| last.text_at + u64::from(last.text_bytes));
            return Ok(Blocks { file, members: Some(members), bytes });
        }
        let bytes = whole_lines(&file)?;
        Ok(Blocks { file, members: None, bytes })
    }

    /// Bytes of the text.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the lines next to the place `at`, before or behind it, and says where they end on the other side. At the end
    /// of the text that is `at` itself.
    pub fn read(&self, order: Order, at: u64, lines: &mut Vec<u8>) -> io::Result<u64> {
        lines.clear();
        let at = at.min(self.bytes);
        match (order, &self.members) {
            (Order::Newest, _) if at == 0 => Ok(0),
            (Order::Oldest, _) if at == self.bytes => Ok(at),
            (Order::Newest, None) => self.before(at, lines),
            (Order::Oldest, None) => self.behind(at, lines),
            (_, Some(members)) => self.unpack(members, order, at, lines),
        }
    }

    fn before(&self, at: u64, lines: &mut Vec<u8>) -> io::Result<u64> {
        let begin = at.saturating_sub(BLOCK_BYTES);
        self.load(begin, at, lines)?;
        if begin == 0 {
            return Ok(0);
        }
        // The line that reaches into this block from the one before it comes with that.
        match memchr(b'\n', lines).filter(|end| end + 1 < lines.len()) {
            Some(end) => {
                lines.drain(..=end);
                Ok(begin + end as u64 + 1)
            }
            None => Ok(begin),
        }
    }

    fn behind(&self, at: u64, lines: &mut Vec<u8>) -> io::Result<u64> {
        let end = (at + BLOCK_BYTES).min(self.bytes);
        self.load(at, end, lines)?;
        if end < self.bytes
            && let Some(last) = memrchr(b'\n', lines)
        {
            lines.truncate(last + 1);
        }
        Ok(at + lines.len() as u64)
    }

    fn load(&self, begin: u64, end: u64, lines: &mut Vec<u8>) -> io::Result<()> {
        lines.resize((end - begin) as usize, 0);
        self.file.read_exact_at(lines, begin)
    }

    fn unpack(&self, members: &[Member], order: Order, at: u64, lines: &mut Vec<u8>) -> io::Result<u64> {
        let holds = match order {
            Order::Newest => members.partition_point(|member| member.text_at < at),
            Order::Oldest => members.partition_point(|member| member.text_at <= at),
        };
        let Some(member) = holds.checked_sub(1).and_then(|index| members.get(index)) else { return Ok(at) };
        packed::unpack(&self.file, member, lines)?;
        let within = ((at - member.text_at) as usize).min(lines.len());
        match order {
            Order::Newest => {
                lines.truncate(within);
                Ok(member.text_at)
            }
            Order::Oldest => {
                lines.drain(..within);
                Ok(member.text_at + u64::from(member.text_bytes))
            }
        }
    }
}

/// Bytes of the whole lines of a file that may be written to.
fn whole_lines(file: &File) -> io::Result<u64> {
    let end = file.metadata()?.len();
    let begin = end.saturating_sub(BLOCK_BYTES);
    let mut tail = vec![0; (end - begin) as usize];
    file.read_exact_at(&mut tail, begin)?;
    Ok(memrchr(b'\n', &tail).map_or(begin, |last| begin + last as u64 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::packed::Packing;

    fn read_all(blocks: &Blocks, order: Order) -> Vec<u8> {
        let (mut text, mut lines) = (Vec::new(), Vec::new());
        let mut at = if order == Order::Newest { blocks.bytes() } else { 0 };
        loop {
            let next = blocks.read(order, at, &mut lines).expect("readable");
            if next == at {
                return text;
            }
            assert!(lines.ends_with(b"\n") && next.abs_diff(at) == lines.len() as u64);
            match order {
                Order::Newest => text.splice(..0, lines.iter().copied()).for_each(drop),
                Order::Oldest => text.extend_from_slice(&lines),
            }
            at = next;
        }
    }

    #[test]
    fn all_lines_come_in_both_orders_plain_and_packed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a");
        let text: Vec<u8> = (0..250_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        std::fs::write(&path, [&text[..], b"unfinished"].concat()).expect("written");
        let plain = Blocks::open(&path, false).expect("opens");
        assert_eq!(plain.bytes(), text.len() as u64);
        std::fs::write(&path, &text).expect("written");
        let mut packing = Packing::begin(path.clone(), path.with_extension("gz")).expect("begins");
        while !packing.step().expect("packs") {}
        let packed = Blocks::open(&path.with_extension("gz"), true).expect("opens");
        for blocks in [&plain, &packed] {
            for order in [Order::Newest, Order::Oldest] {
                assert!(read_all(blocks, order) == text, "{order:?}");
            }
            // From a line in the middle.
            let middle = text.len() / 2;
            let at = (middle + memchr(b'\n', &text[middle..]).expect("a line") + 1) as u64;
            let mut lines = Vec::new();
            let begin = blocks.read(Order::Newest, at, &mut lines).expect("readable");
            assert!(lines == text[begin as usize..at as usize]);
            let end = blocks.read(Order::Oldest, at, &mut lines).expect("readable");
            assert!(lines == text[at as usize..end as usize]);
        }
    }

    #[test]
    fn a_file_without_a_line_is_empty() {
        let directory = tempfile::tempdir().expect("a directory");
        for text in ["", "half a line"] {
            let path = directory.path().join("a");
            std::fs::write(&path, text).expect("written");
            let blocks = Blocks::open(&path, false).expect("opens");
            let mut lines = Vec::new();
            assert_eq!((blocks.bytes(), blocks.read(Order::Newest, 9, &mut lines).expect("readable")), (0, 0));
        }
    }
}
