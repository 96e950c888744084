//! UNSELECT (RFC 3691).

use super::{Run, now};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        desk.core.selected = None;
        Reply::ok("UNSELECT completed")
    }))
}
