//! The maildrop: INBOX as it was at login (RFC 1939 §4). Messages are numbered by it and marked for
//! deletion in it; what comes in later does not show.

use mailstead_storage::{BlobId, Uid, UidSet};

/// One message, 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes.
    pub blob: BlobId,
    /// Its UID in INBOX.
    pub uid: Uid,
    /// Its size as stored, bytes.
    pub size: u32,
}

/// The messages of one session and the marks on them.
#[derive(Debug, Default)]
pub struct Maildrop {
    uid_validity: u32,
    entries: Vec<Entry>,
    /// One bit for each message; empty until the first DELE.
    marks: Vec<u64>,
    marked: usize,
    marked_bytes: u64,
    bytes: u64,
}

/// Why a message number names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// There is no such number.
    None,
    /// It is marked for deletion.
    Marked,
}

impl Maildrop {
    /// A maildrop of these messages, ascending by UID.
    pub fn new(uid_validity: u32, entries: Vec<Entry>) -> Maildrop {
        let bytes = entries.iter().map(|entry| u64::from(entry.size)).sum();
        Maildrop { uid_validity, entries, bytes, ..Maildrop::default() }
    }

    /// UIDVALIDITY of INBOX.
    pub(super) fn uid_validity(&self) -> u32 {
        self.uid_validity
    }

    /// Number of messages that are not marked.
    pub(super) fn count(&self) -> usize {
        self.entries.len() - self.marked
    }

    /// Their bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes - self.marked_bytes
    }

    /// The message of this number, from 1.
    pub(super) fn get(&self, number: usize) -> Result<Entry, Missing> {
        let index = number.checked_sub(1).ok_or(Missing::None)?;
        let entry = *self.entries.get(index).ok_or(Missing::None)?;
        if self.is_marked(index) { Err(Missing::Marked) } else { Ok(entry) }
    }

    /// Numbers and messages that are not marked, from number `first` on.
    pub(super) fn from(&self, first: usize) -> impl Iterator<Item = (usize, Entry)> + '_ {
        let skipped = first.saturating_sub(1);
        let entries = self.entries.iter().enumerate().skip(skipped);
        entries.filter(|(index, _)| !self.is_marked(*index)).map(|(index, entry)| (index + 1, *entry))
    }

    /// Marks a message for deletion.
    pub(super) fn mark(&mut self, number: usize) -> Result<(), Missing> {
        let entry = self.get(number)?;
        let index = number - 1;
        self.marks.resize(self.entries.len().div_ceil(64), 0);
        self.marks[index / 64] |= 1 << (index % 64);
        self.marked += 1;
        self.marked_bytes += u64::from(entry.size);
        Ok(())
    }

    /// Takes all marks away.
    pub(super) fn unmark_all(&mut self) {
        self.marks = Vec::new();
        self.marked = 0;
        self.marked_bytes = 0;
    }

    /// The UIDs that are marked.
    pub(super) fn marked(&self) -> UidSet {
        let mut uids = UidSet::default();
        let marked = self.entries.iter().enumerate().filter(|(index, _)| self.is_marked(*index));
        marked.for_each(|(_, entry)| uids.push(entry.uid));
        uids
    }

    fn is_marked(&self, index: usize) -> bool {
        self.marks.get(index / 64).is_some_and(|marks| marks & (1 << (index % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildrop(sizes: &[u32]) -> Maildrop {
        let entry = |(index, size): (usize, &u32)| {
            let uid = 10 + 2 * index as u32;
            Entry { blob: BlobId(u64::from(uid)), uid, size: *size }
        };
        Maildrop::new(7, sizes.iter().enumerate().map(entry).collect())
    }

    #[test]
    fn marks_hide_messages_and_keep_their_numbers() {
        let mut drop = maildrop(&[100, 20, 3]);
        assert_eq!((drop.count(), drop.bytes()), (3, 123));
        assert_eq!(drop.mark(2), Ok(()));
        assert_eq!(drop.mark(2), Err(Missing::Marked));
        assert_eq!((drop.mark(0), drop.mark(4)), (Err(Missing::None), Err(Missing::None)));
        assert_eq!((drop.count(), drop.bytes()), (2, 103));
        assert_eq!(drop.from(1).map(|(number, _)| number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(drop.from(2).map(|(number, entry)| (number, entry.uid)).collect::<Vec<_>>(), [(3, 14)]);
        assert_eq!(drop.marked().iter().collect::<Vec<_>>(), [12]);
        drop.unmark_all();
        assert_eq!((drop.count(), drop.bytes(), drop.marked().is_empty()), (3, 123, true));
    }

    #[test]
    fn a_mark_beyond_the_first_word() {
        let mut drop = maildrop(&[1; 130]);
        for number in [1, 64, 65, 130] {
            assert_eq!(drop.mark(number), Ok(()));
        }
        assert_eq!(drop.count(), 126);
        assert_eq!(drop.marked().iter().collect::<Vec<_>>(), [10, 136, 138, 268]);
        assert!(size_of::<Entry>() == 16);
    }
}
