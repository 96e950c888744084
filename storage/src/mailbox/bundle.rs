//! Rows that were copied out together.

use std::ops::Range;

/// Byte strings in one piece of memory; in place of some, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    bytes: Vec<u8>,
    places: Vec<Option<Range<usize>>>,
}

impl Bundle {
    /// Adds one, or that there is none.
    pub(crate) fn push(&mut self, row: Option<&[u8]>) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(row.unwrap_or_default());
        self.places.push(row.map(|_| begin..self.bytes.len()));
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
        let rows: [Option<&[u8]>; 5] = [Some(b"one"), None, Some(b""), Some(b"two"), None];
        let mut bundle = Bundle::default();
        rows.into_iter().for_each(|row| bundle.push(row));
        assert_eq!(bundle.iter().collect::<Vec<_>>(), rows);
        assert_eq!((bundle.get(3), bundle.get(5)), (rows[3], None));
    }
}
