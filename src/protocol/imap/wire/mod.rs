//! Commands and responses as bytes (RFC 3501 §9): read and written, nothing decided. Pure.

mod date;
mod fetch;
mod flags;
mod metadata;
mod object_id;
mod parser;
mod print;
mod reply;
mod rights;
mod search;
mod section;
mod sequence;
mod structure;
mod url;
pub(super) mod utf7;

pub(super) use date::{date_time, day, print_date_time};
pub(super) use fetch::{FetchItem, fetch_items};
pub(super) use flags::{FlagList, flag_list, print_flags, store_flags};
pub(super) use metadata::{Depth, Wanted, changes as metadata_changes, print_entry, wanted as metadata_wanted};
pub(super) use object_id::{blob_of, email_id, mailbox_id};
pub use parser::{Parsed, Parser, Syntax};
pub(super) use print::{begin_extended, mailbox_name, number, quoted, string};
pub use reply::{Reply, Status};
pub(super) use rights::{letters, rights_change};
pub(super) use search::{SearchKey, search_keys};
pub(super) use section::{Partial, Section, SectionText};
pub(super) use sequence::{Places, SequenceSet, print_uids};
pub(super) use structure::{body_structure, decoded_before_extent, decoded_behind_extent, envelope};
pub(super) use url::Access;
pub use url::Url;

#[cfg(test)]
mod tests;
