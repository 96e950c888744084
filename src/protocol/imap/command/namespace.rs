//! NAMESPACE (RFC 2342).

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        say(desk.out, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
        Reply::ok("NAMESPACE completed")
    }))
}
