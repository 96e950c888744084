//! The senders of the spool's rows, in memory: finds the messages of those that contain a text, without reading a row.

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use redb::{ReadTransaction, ReadableTable};

use super::glance::Addresses;
use crate::rows::SpoolHead;
use crate::tables::meta;
use crate::{BlobId, Result};

/// Ids that share a block, as a power of two.
const BLOCK_BITS: u32 = 12;

/// No sender holds it, so that what is found lies in one.
const END: u8 = b'\n';

/// A sender, or a part of one, as they are compared.
pub(crate) fn folded(sender: &str) -> String {
    sender.to_lowercase()
}

/// As [`folded`], into a text that is used again: most senders are ASCII and need no memory of their own.
pub(crate) fn fold_into<'b>(sender: &str, buffer: &'b mut String) -> &'b str {
    buffer.clear();
    match sender.is_ascii() {
        true => {
            buffer.push_str(sender);
            buffer.make_ascii_lowercase();
        }
        false => buffer.push_str(&folded(sender)),
    }
    buffer
}

/// The senders of all rows, in the order of their ids.
#[derive(Default)]
pub(crate) struct Senders(BTreeMap<u64, Block>);

impl Senders {
    /// The senders as the file has them.
    pub(crate) fn read(transaction: &ReadTransaction) -> Result<Senders> {
        let mut senders = Senders::default();
        for row in transaction.open_table(meta::SPOOL)?.iter()? {
            let (id, row) = row?;
            let (_, arrival, _) = SpoolHead::read(row.value())?;
            senders.put(BlobId(id.value()), Addresses::Row(arrival).sender()?);
        }
        Ok(senders)
    }

    /// The message has this sender, whatever it had before.
    pub(crate) fn put(&mut self, id: BlobId, sender: &str) {
        self.remove(id);
        let (number, place) = number_and_place(id);
        if !self.0.contains_key(&number) {
            // Ids rise: the block before is complete.
            self.0.values_mut().next_back().into_iter().for_each(Block::shrink);
        }
        self.0.entry(number).or_default().insert(place, sender);
    }

    pub(crate) fn remove(&mut self, id: BlobId) {
        let (number, place) = number_and_place(id);
        let Some(block) = self.0.get_mut(&number) else { return };
        block.remove(place);
        if block.places.is_empty() {
            self.0.remove(&number);
        }
    }

    /// The first messages of the senders that contain `wanted`, from the id `first` on.
    pub(crate) fn find(&self, wanted: &str, first: BlobId, limit: usize) -> Vec<BlobId> {
        let wanted = folded(wanted);
        let finder = Finder::new(wanted.as_bytes());
        let (first_number, first_place) = number_and_place(first);
        let blocks = self.0.range(first_number..);
        let found = blocks.flat_map(|(&number, block)| {
            let first = if number == first_number { first_place } else { 0 };
            block.find(&finder, first).map(move |place| BlobId(number << BLOCK_BITS | u64::from(place)))
        });
        found.take(limit).collect()
    }
}

/// The block of an id, and its place in there.
fn number_and_place(id: BlobId) -> (u64, u16) {
    (id.0 >> BLOCK_BITS, (id.0 & ((1 << BLOCK_BITS) - 1)) as u16)
}

/// Some of the senders, in one text: to search it is the quicker the longer it is.
#[derive(Default)]
struct Block {
    /// Rising.
    places: Vec<u16>,
    /// Where the sender of each ends in `text`, with its [`END`].
    ends: Vec<u32>,
    text: Vec<u8>,
}

impl Block {
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    fn insert(&mut self, place: u16, sender: &str) {
        let at = self.places.partition_point(|other| *other < place);
        let start = self.start(at);
        let sender = folded(sender);
        self.text.splice(start..start, sender.bytes().chain([END]));
        self.places.insert(at, place);
        self.ends.insert(at, start as u32);
        self.ends[at..].iter_mut().for_each(|end| *end += sender.len() as u32 + 1);
    }

    fn remove(&mut self, place: u16) {
        let Ok(at) = self.places.binary_search(&place) else { return };
        let gone = self.start(at)..self.ends[at] as usize;
        self.places.remove(at);
        self.ends.remove(at);
        self.ends[at..].iter_mut().for_each(|end| *end -= gone.len() as u32);
        self.text.drain(gone);
    }

    /// Takes no more memory than it needs.
    fn shrink(&mut self) {
        self.places.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    fn find(&self, finder: &Finder, first: u16) -> impl Iterator<Item = u16> {
        let mut from = self.start(self.places.partition_point(|place| *place < first));
        std::iter::from_fn(move || {
            let rest = self.text.get(from..).filter(|rest| !rest.is_empty())?;
            let found = from + finder.find(rest)?;
            let at = self.ends.partition_point(|end| *end as usize <= found);
            from = self.ends[at] as usize;
            Some(self.places[at])
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_a_look_at_each_finds(
            changes in proptest::collection::vec((0..12_000u64, proptest::option::of("[abAB@]{0,4}")), 0..60),
            wanted in "[abA@]{0,2}",
            first in 0..12_000u64,
            limit in 0..9usize,
        ) {
            let (mut senders, mut model) = (Senders::default(), BTreeMap::new());
            for (id, sender) in changes {
                match sender {
                    Some(sender) => {
                        senders.put(BlobId(id), &sender);
                        model.insert(BlobId(id), folded(&sender));
                    }
                    // One of those that are there, so that there is something to remove.
                    None => if let Some(id) = model.range(BlobId(id)..).next().map(|(id, _)| *id) {
                        senders.remove(id);
                        model.remove(&id);
                    }
                }
            }
            let has = |sender: &String| sender.contains(&folded(&wanted));
            let expected = model.range(BlobId(first)..).filter(|(_, sender)| has(sender)).map(|(id, _)| *id);
            prop_assert_eq!(senders.find(&wanted, BlobId(first), limit), expected.take(limit).collect::<Vec<_>>());
            model.keys().for_each(|id| senders.remove(*id));
            prop_assert!(senders.0.is_empty());
        }
    }
}
