//! A value that may be exchanged while the box runs: whoever holds it sees the new one at the next look.

use std::sync::{Arc, PoisonError, RwLock};

/// Such a value. Cheap to clone; all clones are the same one.
#[derive(Debug, Default)]
pub struct Live<T>(Arc<RwLock<Arc<T>>>);

impl<T> Live<T> {
    /// It begins with this value.
    pub fn new(value: T) -> Live<T> {
        Live(Arc::new(RwLock::new(Arc::new(value))))
    }

    /// As it is now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Exchanges it, for whoever looks from now on.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Live<T> {
        Live(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Live<T> {
    fn from(value: T) -> Live<T> {
        Live::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clones_see_what_is_set() {
        let (one, other) = (Live::new(1), Live::new(7));
        let clone = one.clone();
        let before = clone.get();
        one.set(2);
        assert_eq!((*before, *clone.get(), *other.get()), (1, 2, 7));
    }
}
