//! When which message of the spool is due, by the queue it waits in: the table `due` in memory, for whoever looks for
//! work. A queue whose destination takes nothing now is stepped over whole, however long it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable};

use crate::tables::{due_key, due_parts, meta};
use crate::{BlobId, Priority, Result, SpoolQueue, Time};

const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

/// All spool rows, by queue, priority and time.
#[derive(Default)]
pub(crate) struct Agenda {
    /// The keys of `due`, by queue.
    queues: BTreeMap<String, BTreeSet<u128>>,
    /// The queue that was served last: the next one comes first.
    served: String,
}

impl Agenda {
    /// The agenda as the file has it.
    pub(crate) fn read(transaction: &ReadTransaction) -> Result<Agenda> {
        let mut agenda = Agenda::default();
        for row in transaction.open_table(meta::DUE)?.iter()? {
            let (due, queue) = row?;
            agenda.insert(queue.value().to_owned(), due.value());
        }
        Ok(agenda)
    }

    /// A row with this key of `due` waits in this queue.
    pub(crate) fn insert(&mut self, queue: String, due: u128) {
        self.queues.entry(queue).or_default().insert(due);
    }

    pub(crate) fn remove(&mut self, queue: &str, due: u128) {
        if let Some(rows) = self.queues.get_mut(queue) {
            rows.remove(&due);
            if rows.is_empty() {
                self.queues.remove(queue);
            }
        }
    }

    /// Up to `max` messages that are due and not leased: by priority, the queues in turn. `room` says how many more
    /// messages a queue may have out.
    pub(crate) fn pick(
        &mut self,
        leased: &HashSet<BlobId>,
        max: usize,
        now: Time,
        room: &dyn Fn(&str) -> usize,
    ) -> Vec<BlobId> {
        let (mut picked, mut last) = (Vec::new(), None);
        let mut rooms: BTreeMap<&str, usize> = BTreeMap::new();
        for priority in PRIORITIES {
            if picked.len() == max {
                break;
            }
            let after = (Bound::Excluded(self.served.as_str()), Bound::Unbounded);
            let until = (Bound::Unbounded, Bound::Included(self.served.as_str()));
            for (name, queue) in self.queues.range::<str, _>(after).chain(self.queues.range::<str, _>(until)) {
                // Most queues have one priority only, and to see that is cheaper than to look for the others.
                let first = queue.first().map_or(u128::MAX, |key| key >> 120);
                if first > priority as u128 {
                    continue;
                }
                let mut due = due_in(queue, priority, Some(now)).filter(|(_, id)| !leased.contains(id)).peekable();
                if due.peek().is_none() {
                    continue;
                }
                let left = rooms.entry(name).or_insert_with(|| room(name));
                let before = picked.len();
                picked.extend(due.take((*left).min(max - before)).map(|(_, id)| id));
                *left -= picked.len() - before;
                if picked.len() > before {
                    last = Some(name.clone());
                }
                if picked.len() == max {
                    break;
                }
            }
        }
        if let Some(last) = last {
            self.served = last;
        }
        picked
    }

    /// The longest queues of other servers, the longest first.
    pub(crate) fn longest(&self, max: usize) -> Vec<SpoolQueue> {
        let others = self.queues.iter().filter(|(name, _)| !name.is_empty());
        let mut longest: Vec<(usize, &String)> = others.map(|(name, queue)| (queue.len(), name)).collect();
        longest.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let queue = |(messages, name): (usize, &String)| {
            let (_, first) = due_parts(*self.queues.get(name)?.first()?);
            Some(SpoolQueue { name: name.clone(), messages: messages as u64, first })
        };
        longest.into_iter().take(max).filter_map(queue).collect()
    }

    /// When the first message that is not leased becomes due, in the queues that are `open`.
    pub(crate) fn next_due(&self, leased: &HashSet<BlobId>, open: &dyn Fn(&str) -> bool) -> Option<Time> {
        let first = |queue: &BTreeSet<u128>| {
            let firsts = PRIORITIES.into_iter().filter_map(|priority| {
                due_in(queue, priority, None).find(|(_, id)| !leased.contains(id)).map(|(due, _)| due)
            });
            firsts.min()
        };
        self.queues.iter().filter(|(name, _)| open(name)).filter_map(|(_, queue)| first(queue)).min()
    }
}

/// The messages of one priority, up to those that are due at `now`.
fn due_in(queue: &BTreeSet<u128>, priority: Priority, now: Option<Time>) -> impl Iterator<Item = (Time, BlobId)> + '_ {
    let until = now.unwrap_or(Time(u64::MAX));
    let range = due_key(priority, Time(0), BlobId(0))..=due_key(priority, until, BlobId(u64::MAX));
    queue.range(range).map(|key| due_parts(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_000);

    fn agenda(entries: &[(&str, Priority, u64, u64)]) -> Agenda {
        let mut agenda = Agenda::default();
        for (queue, priority, due, id) in entries {
            let due = due_key(*priority, Time(*due), BlobId(*id));
            agenda.insert((*queue).into(), due);
        }
        agenda
    }

    fn pick(agenda: &mut Agenda, leased: &[u64], max: usize, room: impl Fn(&str) -> usize) -> Vec<u64> {
        let leased = leased.iter().copied().map(BlobId).collect();
        agenda.pick(&leased, max, NOW, &room).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn by_priority_then_the_queues_in_turn() {
        use Priority::{High, Low, Normal};
        let mut agenda = agenda(&[
            ("a", Normal, 5, 1),
            ("a", Normal, 4, 2),
            ("a", Low, 1, 3),
            ("b", Normal, 9, 4),
            ("b", High, 999, 5),
            ("b", High, 1001, 6),
            ("c", Normal, 1, 7),
        ]);
        let all = |_: &str| usize::MAX;
        assert_eq!(pick(&mut agenda, &[], 9, all), [5, 2, 1, 4, 7, 3]);
        assert_eq!(pick(&mut agenda, &[5, 2], 2, all), [4, 7], "after a comes b");
        assert_eq!(pick(&mut agenda, &[], 9, |queue| usize::from(queue != "b")), [2, 7]);
        assert_eq!(pick(&mut agenda, &[], 9, |queue| if queue == "a" { 2 } else { 0 }), [2, 1]);
    }

    #[test]
    fn the_next_is_found_in_open_queues() {
        let agenda = agenda(&[("a", Priority::Normal, 5, 1), ("b", Priority::Low, 7, 2), ("b", Priority::High, 9, 3)]);
        let next = |leased: &[u64], open: &str| {
            let leased = leased.iter().copied().map(BlobId).collect();
            agenda.next_due(&leased, &|queue| open.contains(queue)).map(|due| due.0)
        };
        assert_eq!(next(&[], "ab"), Some(5));
        assert_eq!(next(&[1], "ab"), Some(7));
        assert_eq!(next(&[2], "b"), Some(9));
        assert_eq!(next(&[], ""), None);
    }

    #[test]
    fn what_went_is_gone() {
        let mut agenda = agenda(&[("a", Priority::Normal, 5, 1)]);
        agenda.remove("a", due_key(Priority::Normal, Time(5), BlobId(1)));
        assert!(agenda.queues.is_empty());
    }

    #[test]
    fn dead_queues_cost_little() {
        let mut agenda = Agenda::default();
        for id in 0..100_000_u64 {
            let due = due_key(Priority::Normal, Time(id % 997), BlobId(id));
            agenda.insert(format!("destination-{}.example", id % 1000), due);
        }
        let room = |queue: &str| usize::from(!queue.starts_with("destination-1"));
        let (leased, start) = (HashSet::new(), std::time::Instant::now());
        for _ in 0..100 {
            assert_eq!(agenda.pick(&leased, 1, NOW, &room).len(), 1);
        }
        // Far above what it takes, for a machine that has other things to do.
        assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    }
}
