//! The structured values of header fields: addresses, dates, media types and their parameters.
//!
//! Every reader here takes the unfolded value and never fails: what is broken yields what can be saved of it.

pub mod address;
pub mod date;
pub mod media;
pub mod parameter;
mod scan;
pub mod word;
