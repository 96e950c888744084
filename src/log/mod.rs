//! One typed event and its sinks. Every line carries the session and the message it belongs to.
//! Never a password, never a message body.
//!
//! Written by one thread ([`Log`]), which whoever logs never waits for; read ([`Reader`]) from the files, in bounded
//! memory whatever their size, or followed as it is written ([`Log::follow`]).

mod blocks;
mod directory;
mod event;
mod files;
mod format;
mod hits;
mod line;
mod needle;
mod packed;
mod related;
mod search;
mod sink;
#[cfg(test)]
mod tests;
mod trace;

pub use blocks::Order;
pub use directory::{Day, LogFile};
pub use event::{Event, Kind, Level, Value};
pub use line::Line;
pub use related::{Ids, Related};
pub use search::{Extent, Page, Position, Query, Reader};
pub use sink::{Log, LogSettings, Tail};
pub use trace::{Clues, Traced, Way};
