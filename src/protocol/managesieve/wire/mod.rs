//! What goes over the wire: words of commands, and responses. Pure.

mod response;
mod word;

pub(super) use response::{Code, bye, no, ok, ok_with, script, string};
pub(super) use word::{Word, literal_at_end, words};
