//! Mail bytes ↔ structure: headers, MIME, addresses, status notifications. Pure: no I/O, no clock.
//!
//! A message is parsed once, at intake, by the [`Outliner`]; the encoded [`Outline`] is stored beside
//! it, and nothing later parses the message again.

pub mod casemap;
pub mod charset;
pub mod dsn;
pub mod headers;
mod outline;
pub mod search;
pub mod seven_bit;
mod syntax;
pub mod text;
pub mod transfer;
pub mod words;

pub use outline::{Address, Disposition, Envelope, Kind, Outline, Outliner, Parameter, Part, Range, Text, limits};
pub use syntax::{address::parse as parse_addresses, date::parse as parse_date};
