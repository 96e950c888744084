//! One typed event and its sinks. Every line carries the session and the message it belongs to.
//! Never a password, never a message body.

mod event;
mod files;
mod format;
mod sink;

pub use event::{Event, Kind, Level, Value};
pub use sink::{Log, LogSettings};
