//! Sliding windows: how much has happened, by key, within the last so many seconds. Exact to the second, bounded in
//! memory, told the time. Pure.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Most keys that are counted at once; the ones that were quiet for longest are forgotten first.
pub(super) const KEYS_MAX: usize = 20_000;

/// How much has happened, by key. What is kept beside each amount is a `T`.
pub(super) struct Windows<K, T = ()> {
    /// Keys that were counted since the last turn, and those that were only counted before it.
    fresh: HashMap<K, Window<T>>,
    stale: HashMap<K, Window<T>>,
    /// When the fresh became the stale, seconds.
    turned: u64,
}

/// What has happened of one key, oldest first.
#[derive(Debug)]
pub(super) struct Window<T> {
    entries: VecDeque<Entry<T>>,
    sum: u64,
}

#[derive(Debug)]
struct Entry<T> {
    second: u32,
    weight: u32,
    what: T,
}

/// How long a window is, and how much is too much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub seconds: u32,
    pub threshold: u32,
}

impl<K: Hash + Eq, T: PartialEq> Windows<K, T> {
    /// Adds to what has happened. Returns the window when it now holds too much.
    pub fn add(&mut self, key: K, weight: u32, what: T, second: u64, measure: Measure) -> Option<&Window<T>> {
        self.turn(second, measure);
        let known = self.stale.remove(&key);
        let window = self.fresh.entry(key).or_insert_with(|| known.unwrap_or_default());
        window.add(weight, what, second as u32, measure);
        (window.sum >= u64::from(measure.threshold)).then_some(window)
    }

    /// Forgets what has happened of a key.
    pub fn forget(&mut self, key: &K) {
        self.fresh.remove(key);
        self.stale.remove(key);
    }

    /// Forgets what cannot matter any more, and the longest quiet when there are too many.
    fn turn(&mut self, second: u64, measure: Measure) {
        let is_over = second.saturating_sub(self.turned) >= u64::from(measure.seconds);
        if is_over || self.fresh.len() >= KEYS_MAX / 2 {
            self.stale = std::mem::take(&mut self.fresh);
            self.turned = second;
        }
    }
}

impl<T: PartialEq> Window<T> {
    fn add(&mut self, weight: u32, what: T, second: u32, measure: Measure) {
        match self.entries.back_mut() {
            Some(last) if last.second == second && last.what == what => {
                last.weight = last.weight.saturating_add(weight)
            }
            _ => self.entries.push_back(Entry { second, weight, what }),
        }
        self.sum = self.sum.saturating_add(u64::from(weight));
        // What is beyond the threshold without the oldest stays so until that is over, too.
        while let Some(first) = self.entries.front()
            && (second.saturating_sub(first.second) >= measure.seconds
                || self.sum - u64::from(first.weight) >= u64::from(measure.threshold))
        {
            self.sum -= u64::from(first.weight);
            self.entries.pop_front();
        }
    }

    /// What is kept beside the amounts, oldest first.
    pub fn whats(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.what)
    }
}

impl<T> Default for Window<T> {
    fn default() -> Window<T> {
        Window { entries: VecDeque::new(), sum: 0 }
    }
}

impl<K, T> Default for Windows<K, T> {
    fn default() -> Windows<K, T> {
        Windows { fresh: HashMap::new(), stale: HashMap::new(), turned: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that has ever happened, looked through each time.
    #[derive(Default)]
    struct Naive(Vec<(u8, u32, u64)>);

    impl Naive {
        fn add(&mut self, key: u8, weight: u32, second: u64, measure: Measure) -> bool {
            self.0.push((key, weight, second));
            let since = (second + 1).saturating_sub(measure.seconds.into());
            let within = self.0.iter().filter(|(other, _, at)| *other == key && *at >= since);
            within.map(|(_, weight, _)| u64::from(*weight)).sum::<u64>() >= u64::from(measure.threshold)
        }
    }

    proptest! {
        #[test]
        fn as_a_naive_count(
            events in prop::collection::vec((0u8..4, 1u32..4, 0u64..5, prop::bool::weighted(0.03)), 1..400),
            seconds in 1u32..20,
            threshold in 1u32..15,
        ) {
            let measure = Measure { seconds, threshold };
            let (mut windows, mut naive, mut now) = (Windows::default(), Naive::default(), 1_700_000_000);
            for (key, weight, pause, forgets) in events {
                now += pause;
                if forgets {
                    windows.forget(&key);
                    naive.0.retain(|(other, ..)| *other != key);
                }
                let expected = naive.add(key, weight, now, measure);
                prop_assert_eq!(windows.add(key, weight, (), now, measure).is_some(), expected);
                let window = windows.fresh.get(&key).expect("just counted");
                prop_assert!(window.entries.len() <= threshold as usize);
            }
        }
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let (mut windows, measure) = (Windows::default(), Measure { seconds: 600, threshold: 10 });
        for key in 0..5 * KEYS_MAX {
            windows.add(key, 1, (), 1_700_000_000, measure);
        }
        assert!(windows.fresh.len() + windows.stale.len() <= KEYS_MAX);
        windows.add(0, 1, (), 1_700_000_600, measure);
        windows.add(0, 1, (), 1_700_001_200, measure);
        assert_eq!((windows.fresh.len(), windows.stale.len()), (1, 0));
    }

    #[test]
    fn who_did_it_is_kept() {
        let (mut windows, measure) = (Windows::default(), Measure { seconds: 600, threshold: 3 });
        assert!(windows.add("alice", 1, "a", 100, measure).is_none());
        assert!(windows.add("alice", 1, "b", 100, measure).is_none());
        let window = windows.add("alice", 1, "c", 101, measure).expect("too much");
        assert_eq!(window.whats().collect::<Vec<_>>(), [&"a", &"b", &"c"]);
        let window = windows.add("alice", 1, "d", 102, measure).expect("too much");
        assert_eq!(window.whats().collect::<Vec<_>>(), [&"b", &"c", &"d"]);
    }
}
