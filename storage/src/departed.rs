//! Messages whose row has gone a moment ago: a session that is about to read one, because it was there when
//! the session looked, still finds its bytes (RFC 2180 §4.1.1) for as long as their segment is there. In
//! memory only, and only the last ones.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::BlobId;
use crate::base::lock;

/// Messages remembered at most.
const DEPARTED_MAX: usize = 65_536;

/// Where a message's bytes are: its segment, and its size.
pub(crate) type Place = (u32, u64);

/// The messages that went last.
#[derive(Default)]
pub(crate) struct Departed(Mutex<Known>);

#[derive(Default)]
struct Known {
    order: VecDeque<BlobId>,
    places: HashMap<BlobId, Place>,
}

impl Departed {
    /// Remembers where these are. They go in a transaction that is not committed yet, so that no reader ever finds
    /// neither the row nor this.
    pub(crate) fn note(&self, gone: Vec<(BlobId, Place)>) {
        if gone.is_empty() {
            return;
        }
        let mut known = lock(&self.0);
        for (id, place) in gone {
            if known.places.insert(id, place).is_none() {
                known.order.push_back(id);
            }
        }
        while known.order.len() > DEPARTED_MAX {
            if let Some(oldest) = known.order.pop_front() {
                known.places.remove(&oldest);
            }
        }
    }

    /// Where this one was.
    pub(crate) fn place(&self, id: BlobId) -> Option<Place> {
        lock(&self.0).places.get(&id).copied()
    }

    /// A segment is no longer there.
    pub(crate) fn forget_segment(&self, number: u32) {
        let mut known = lock(&self.0);
        known.places.retain(|_, (segment, _)| *segment != number);
        let Known { order, places } = &mut *known;
        order.retain(|id| places.contains_key(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known_while_their_segment_is_there() {
        let departed = Departed::default();
        let all = DEPARTED_MAX as u64 + 2;
        departed.note((1..=all).map(|id| (BlobId(id), (id as u32 % 2, id))).collect());
        assert_eq!(departed.place(BlobId(1)), None);
        assert_eq!(departed.place(BlobId(2)), None);
        assert_eq!(departed.place(BlobId(3)), Some((1, 3)));
        departed.forget_segment(1);
        assert_eq!(departed.place(BlobId(3)), None);
        assert_eq!(departed.place(BlobId(4)), Some((0, 4)));
        assert_eq!(lock(&departed.0).order.len(), DEPARTED_MAX / 2);
    }
}
