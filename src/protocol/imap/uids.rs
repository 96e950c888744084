//! The messages that a client knows of: sequence numbers ↔ UIDs. Kept as ranges, so a mailbox of
//! 100,000 messages costs what its gaps cost, and nothing is done for each message.

use mailstead_storage::{Uid, UidRange, UidSet};

use super::wire::Places;

/// UIDs in their order; a message's sequence number is its place, from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UidMap {
    ranges: Vec<UidRange>,
    /// Number of messages before each range.
    before: Vec<u32>,
}

impl UidMap {
    /// The map of these UIDs.
    pub fn new(uids: UidSet) -> UidMap {
        let mut map = UidMap { before: Vec::with_capacity(uids.0.len()), ranges: uids.0 };
        map.count_from(0);
        map
    }

    /// Number of messages.
    pub fn count(&self) -> u32 {
        match (self.ranges.last(), self.before.last()) {
            (Some(range), Some(before)) => before + (range.last - range.first) + 1,
            _ => 0,
        }
    }

    /// All UIDs.
    pub fn all(&self) -> UidSet {
        UidSet(self.ranges.clone())
    }

    /// The highest UID, 0 when there is none.
    pub fn last(&self) -> Uid {
        self.ranges.last().map_or(0, |range| range.last)
    }

    /// The message's sequence number.
    pub fn sequence_of(&self, uid: Uid) -> Option<u32> {
        let at = self.ranges.partition_point(|range| range.last < uid);
        let range = self.ranges.get(at).filter(|range| range.first <= uid)?;
        Some(self.before[at] + (uid - range.first) + 1)
    }

    /// The UID of the message with this sequence number.
    pub fn uid_of(&self, sequence: u32) -> Option<Uid> {
        let wanted = sequence.checked_sub(1).filter(|_| sequence <= self.count())?;
        let at = self.before.partition_point(|before| *before <= wanted) - 1;
        Some(self.ranges[at].first + (wanted - self.before[at]))
    }

    /// The UIDs of the messages with these sequence numbers; those beyond the end are left out.
    pub fn uids_of(&self, sequences: &UidSet) -> UidSet {
        let mut uids = Vec::new();
        for numbers in &sequences.0 {
            let last = numbers.last.min(self.count());
            let mut next = numbers.first;
            while next <= last {
                let at = self.before.partition_point(|before| *before < next) - 1;
                let first = self.ranges[at].first + (next - 1 - self.before[at]);
                let end = self.ranges[at].last.min(first + (last - next));
                uids.push(UidRange { first, last: end });
                next += end - first + 1;
            }
        }
        uids.into_iter().collect()
    }

    /// Those of `uids` that are known.
    pub fn known(&self, uids: &UidSet) -> UidSet {
        UidSet(intersection(&self.ranges, &uids.0))
    }

    /// Adds a message; its UID is higher than all before.
    pub fn push(&mut self, uid: Uid) {
        match self.ranges.last_mut() {
            Some(range) if range.last + 1 == uid => range.last = uid,
            _ => {
                self.before.push(self.count());
                self.ranges.push(UidRange { first: uid, last: uid });
            }
        }
    }

    /// Removes messages.
    pub fn remove(&mut self, uids: &UidSet) {
        self.ranges = difference(&self.ranges, &uids.0);
        self.count_from(0);
    }

    fn count_from(&mut self, mut count: u32) {
        self.before.clear();
        for range in &self.ranges {
            self.before.push(count);
            count += range.last - range.first + 1;
        }
    }
}

/// Takes the first `count` UIDs out of a set.
pub fn take_first(uids: &mut UidSet, count: usize) -> UidSet {
    let mut left = u32::try_from(count).unwrap_or(u32::MAX);
    let mut taken = Vec::new();
    let mut used = 0;
    for range in &mut uids.0 {
        if left == 0 {
            break;
        }
        let size = range.last - range.first + 1;
        if size > left {
            taken.push(UidRange { first: range.first, last: range.first + left - 1 });
            range.first += left;
            break;
        }
        taken.push(*range);
        left -= size;
        used += 1;
    }
    uids.0.drain(..used);
    UidSet(taken)
}

/// Those at these places in the set.
pub fn at_places(uids: UidSet, places: Places) -> UidSet {
    let map = UidMap::new(uids);
    map.uids_of(&places.of(map.count()))
}

/// Those in both.
pub fn intersection(left: &[UidRange], right: &[UidRange]) -> Vec<UidRange> {
    let mut both = Vec::new();
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let (first, last) = (a.first.max(b.first), a.last.min(b.last));
        if first <= last {
            both.push(UidRange { first, last });
        }
        if a.last < b.last {
            left.next();
        } else {
            right.next();
        }
    }
    both
}

/// Those of `from` that are not in `without`.
pub fn difference(from: &[UidRange], without: &[UidRange]) -> Vec<UidRange> {
    let mut rest = Vec::new();
    let mut without = without.iter().peekable();
    for range in from {
        let mut first = range.first;
        let mut done = false;
        while let Some(hole) = without.peek().filter(|hole| hole.first <= range.last) {
            if hole.last >= first {
                if hole.first > first {
                    rest.push(UidRange { first, last: hole.first - 1 });
                }
                if hole.last >= range.last {
                    done = true;
                    break;
                }
                first = hole.last + 1;
            }
            without.next();
        }
        if !done {
            rest.push(UidRange { first, last: range.last });
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(uids: &BTreeSet<u32>) -> UidSet {
        uids.iter().copied().collect()
    }

    proptest! {
        #[test]
        fn the_map_is_a_sorted_list(
            start in prop::collection::btree_set(1u32..200, 0..100),
            gone in prop::collection::btree_set(1u32..220, 0..60),
            come in 0u32..5,
            asked in prop::collection::btree_set(1u32..220, 0..60),
            count in 0usize..80,
        ) {
            let mut model: Vec<u32> = start.iter().copied().collect();
            let mut map = UidMap::new(set(&start));
            model.retain(|uid| !gone.contains(uid));
            map.remove(&set(&gone));
            for next in 300..300 + come {
                model.push(next);
                map.push(next);
            }
            prop_assert_eq!(map.count() as usize, model.len());
            prop_assert_eq!(map.last(), model.last().copied().unwrap_or(0));
            for uid in 0..310 {
                let expected = model.iter().position(|known| *known == uid).map(|at| at as u32 + 1);
                prop_assert_eq!(map.sequence_of(uid), expected);
                prop_assert_eq!(map.uid_of(uid), (uid as usize).checked_sub(1).and_then(|at| model.get(at).copied()));
            }
            let by_number: UidSet =
                asked.iter().filter_map(|number| model.get(*number as usize - 1).copied()).collect();
            prop_assert_eq!(map.uids_of(&set(&asked)), by_number);
            let known: UidSet = asked.iter().copied().filter(|uid| model.contains(uid)).collect();
            prop_assert_eq!(map.known(&set(&asked)), known);
            let mut rest = set(&asked);
            let taken = take_first(&mut rest, count);
            let all: Vec<u32> = asked.iter().copied().collect();
            let (head, tail) = all.split_at(count.min(all.len()));
            prop_assert_eq!(taken.iter().collect::<Vec<_>>(), head);
            prop_assert_eq!(rest.iter().collect::<Vec<_>>(), tail);
        }
    }

    #[test]
    fn a_large_mailbox_is_one_range() {
        let map = UidMap::new(UidSet(vec![UidRange { first: 1, last: 100_000 }]));
        assert_eq!((map.count(), map.ranges.len()), (100_000, 1));
        assert_eq!(map.uids_of(&UidSet(vec![UidRange { first: 1, last: u32::MAX }])).0.len(), 1);
    }
}
