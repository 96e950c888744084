//! Rows that were copied out together.

use std::ops::Range;

/// Byte strings in one piece of memory; in place of some, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    bytes: Vec<u8>,
    places: Vec<Option<Range<usize>>>,
}

impl Bundle {
    /// So many places, with nothing in them.
    pub(crate) fn new(places: usize) -> Bundle {
        Bundle { bytes: Vec::new(), places: vec![None; places] }
    }

    /// Puts one at this place, for what was there before.
    pub(crate) fn put(&mut self, index: usize, row: &[u8]) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(row);
        self.places[index] = Some(begin..self.bytes.len());
    }

    /// The one at this place; `None` when there is none.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.places.get(index)?.clone().map(|place| &self.bytes[place])
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.places.len()).map(|index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut bundle = Bundle::new(5);
        for (index, row) in [(3, "one"), (0, "two"), (2, ""), (3, "three")] {
            bundle.put(index, row.as_bytes());
        }
        let rows: [Option<&[u8]>; 5] = [Some(b"two"), None, Some(b""), Some(b"three"), None];
        assert_eq!(bundle.iter().collect::<Vec<_>>(), rows);
        assert_eq!((bundle.get(3), bundle.get(5)), (rows[3], None));
    }
}
