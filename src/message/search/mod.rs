//! Does a message contain this text? (RFC 3501 and RFC 9051, §6.4.4: the keys BODY, TEXT, HEADER, SUBJECT, FROM, …)
//!
//! Case does not matter, in any script, nor how a letter's accents are written ([`casemap`](super::casemap)). Text is
//! compared as people read it: transfer encodings, charsets and encoded words are undone. Markup of HTML is text like any other; white space counts. Nothing here reads a store: bytes come from
//! the caller, asked for in small ranges.

mod content;
mod filter;
mod header;
mod needle;

pub use content::{Scope, contains};
pub use filter::TextFilter;
pub use header::{addresses_contain, header_contains, text_contains};
pub use needle::Needle;
