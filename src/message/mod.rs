//! Mail bytes ↔ structure: headers, MIME, addresses, status notifications. Pure: no I/O, no clock.
//!
//! A message is parsed once, at intake, by the [`Outliner`]; the encoded [`Outline`] is stored beside
//! it, and nothing later parses the message again.

mod outline;

pub use outline::{Address, Disposition, Envelope, Kind, Outline, Outliner, Parameter, Part, Range, Text};
