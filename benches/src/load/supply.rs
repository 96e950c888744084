//! Which message is sent next, and when there are enough. Shared by the sessions of a load.

use std::cell::Cell;

/// Numbers of messages, given out one by one.
pub struct Supply {
    next: Cell<u64>,
    end: u64,
    bytes: Cell<u64>,
    bytes_max: u64,
}

impl Supply {
    /// So many messages.
    pub fn of(messages: u64) -> Supply {
        Supply { next: Cell::new(0), end: messages, bytes: Cell::new(0), bytes_max: u64::MAX }
    }

    /// Messages from a number on, until they have so many bytes.
    pub fn of_bytes(first: u64, bytes_max: u64) -> Supply {
        Supply { next: Cell::new(first), end: u64::MAX, bytes: Cell::new(0), bytes_max }
    }

    /// The next one.
    pub fn take(&self) -> Option<u64> {
        let next = self.next.get();
        if next >= self.end || self.bytes.get() >= self.bytes_max {
            return None;
        }
        self.next.set(next + 1);
        Some(next)
    }

    /// A message of so many bytes is on its way.
    pub fn note(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes as u64);
    }

    /// The number of the next one.
    pub fn next(&self) -> u64 {
        self.next.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supply_ends_by_count_or_by_bytes() {
        let all =
            |supply: &Supply| std::iter::from_fn(|| supply.take().inspect(|_| supply.note(10))).collect::<Vec<_>>();
        assert_eq!(all(&Supply::of(3)), [0, 1, 2]);
        assert!(all(&Supply::of(0)).is_empty());
        let supply = Supply::of_bytes(7, 25);
        assert_eq!(all(&supply), [7, 8, 9]);
        assert_eq!(supply.next(), 10);
    }
}
