//! Where events go.

use std::sync::Arc;

use super::Event;

/// The log. Cheap to clone; writing never waits for the disk.
#[derive(Clone, Default)]
pub struct Log(Arc<()>);

impl Log {
    /// A log that keeps nothing.
    pub fn none() -> Log {
        Log::default()
    }

    /// Writes an event, if its kind's level lets it through.
    pub fn write(&self, _event: Event) {}
}
