//! RENAME (RFC 3501 §6.3.5).

use super::{Run, once};
use crate::protocol::imap::question::Question;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser};

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let from = parser.mailbox()?;
    parser.space()?;
    let to = parser.mailbox()?;
    parser.end()?;
    let to = to.strip_suffix('/').unwrap_or(&to).to_string();
    Ok(once(Question::Rename { account: core.account(), from, to }, "RENAME completed"))
}
