//! CREATE (RFC 3501 §6.3.3). A delimiter at the end says that names below will follow.

use super::{Run, once};
use crate::protocol::imap::question::Question;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser};

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    let name = name.strip_suffix('/').unwrap_or(&name).to_string();
    Ok(once(Question::Create { account: core.account(), name }, "CREATE completed"))
}
