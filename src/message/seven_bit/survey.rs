//! Where a message has 8-bit bytes, by the parts of its outline.

use crate::message::{Kind, Outline, Part, Range};

/// Counts 8-bit bytes between the places where parts begin and end, piece by piece.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The places, in their order, and the 8-bit bytes before each of them.
    cuts: Vec<(u32, u32)>,
    /// The next of them.
    next: usize,
    at: u32,
    count: u32,
}

impl Survey {
    /// Of a message with this outline; its first `from` bytes are left out.
    pub fn new(outline: &Outline, from: u32) -> Survey {
        let mut cuts = Vec::new();
        add(&outline.root, &mut cuts);
        cuts.sort_unstable();
        cuts.dedup();
        let mut survey = Survey { cuts: cuts.into_iter().map(|cut| (cut, 0)).collect(), next: 0, at: from, count: 0 };
        survey.next = survey.cuts.partition_point(|(cut, _)| *cut <= from);
        survey
    }

    /// Looks at the next piece.
    pub fn push(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = self.cuts.get(self.next).map_or(usize::MAX, |(cut, _)| (*cut - self.at) as usize);
            let (now, rest) = piece.split_at(room.min(piece.len()));
            self.count += eight_bit(now);
            self.at += now.len() as u32;
            if now.len() == room {
                self.cuts[self.next].1 = self.count;
                self.next += 1;
            }
            piece = rest;
        }
    }

    /// The last piece was the last.
    pub fn finish(&mut self) {
        self.cuts[self.next..].iter_mut().for_each(|(_, before)| *before = self.count);
        self.next = self.cuts.len();
    }

    /// 8-bit bytes between two places of the outline.
    pub(super) fn count(&self, range: Range) -> u32 {
        self.before(range.end).saturating_sub(self.before(range.start))
    }

    fn before(&self, place: u32) -> u32 {
        match self.cuts.binary_search_by_key(&place, |(cut, _)| *cut) {
            Ok(found) => self.cuts[found].1,
            Err(after) => self.cuts.get(after).map_or(self.count, |(_, before)| *before),
        }
    }
}

fn add(part: &Part, cuts: &mut Vec<u32>) {
    cuts.extend([part.header.start, part.header.end, part.body.start, part.body.end]);
    match &part.kind {
        Kind::Leaf => {}
        Kind::Multipart(parts) => parts.iter().for_each(|part| add(part, cuts)),
        Kind::Message { root, .. } => add(root, cuts),
    }
}

fn eight_bit(bytes: &[u8]) -> u32 {
    if bytes.is_ascii() { 0 } else { bytes.iter().filter(|byte| !byte.is_ascii()).count() as u32 }
}
