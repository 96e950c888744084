//! The spool's index by sender: finds the messages of the senders that contain a text, without reading
//! the spool's rows.

use std::collections::BinaryHeap;

use memchr::memmem::Finder;
use redb::ReadTransaction;

use crate::tables::meta;
use crate::{BlobId, Result};

/// Rows of a sender that are stepped over one by one; beyond, a search of the tree is cheaper.
const STEPS_MAX: u32 = 16;

/// A sender, or a part of one, as the index has it.
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

/// The first messages, in the order of creation, of the senders that contain `wanted`, from the id `first`
/// on.
pub(crate) fn find(transaction: &ReadTransaction, wanted: &str, first: u64, limit: usize) -> Result<Vec<BlobId>> {
    let wanted = folded(wanted);
    let index = transaction.open_table(meta::SPOOL_SENDER)?;
    // Made once: with many senders most of the time went into making it anew for each.
    let finder = Finder::new(wanted.as_bytes());
    let mut lowest = Lowest { ids: BinaryHeap::new(), limit };
    let (mut sender, mut is_wanted, mut steps) = (String::new(), wanted.is_empty(), 0);
    let mut rows = index.range(("", 0)..)?;
    while let Some(row) = rows.next() {
        let row = row?;
        let (name, id) = row.0.value();
        if name != sender {
            sender.clear();
            sender.push_str(name);
            (is_wanted, steps) = (finder.find(name.as_bytes()).is_some(), 0);
        }
        steps += 1;
        if is_wanted && id < first {
            rows = index.range((sender.as_str(), first)..)?;
        } else if is_wanted && lowest.has_room_for(id) {
            lowest.put(id);
        } else if is_wanted || steps == STEPS_MAX {
            rows = index.range((sender.as_str(), u64::MAX)..)?;
        }
    }
    Ok(lowest.ids.into_sorted_vec().into_iter().map(BlobId).collect())
}

/// The lowest ids of those that were put in.
struct Lowest {
    ids: BinaryHeap<u64>,
    limit: usize,
}

impl Lowest {
    fn has_room_for(&self, id: u64) -> bool {
        self.ids.len() < self.limit || self.ids.peek().is_some_and(|highest| id < *highest)
    }

    fn put(&mut self, id: u64) {
        self.ids.push(id);
        if self.ids.len() > self.limit {
            self.ids.pop();
        }
    }
}
